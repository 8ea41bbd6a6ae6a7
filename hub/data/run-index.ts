import { indexProperty, type EntryOfAnyKind, type IndexEntry, type IndexFacts } from '../../lib/evidence/index-entry';
import type { EvidenceKind } from '../../lib/evidence/evidence';
import { evidenceSchemas, isEvidenceKind } from '../../lib/evidence/schemas/all';
import { fields, id, isRecord, ShapeError, text, time, type Fields, type Reader } from '../devops/read';

export const evidenceKinds: readonly EvidenceKind[] = Object.keys(evidenceSchemas).filter(isEvidenceKind);

/** The index of a run, as far as it can be read. Anybody who may edit builds can write it. */
export interface RunIndex {
  entries: { [K in EvidenceKind]: IndexEntry<K>[] };
  problems: { kind: EvidenceKind; problem: string }[];
  /** Properties of ours in a version that is not known here: `mlops.v2.evaluation`. */
  unknown: string[];
}

/** @param properties texts of the run's build properties */
export function readRunIndex(properties: Readonly<Record<string, string>>): RunIndex {
  const index: RunIndex = {
    entries: {
      'mlops.data-sanity.v1': [],
      'mlops.training.v1': [],
      'mlops.evaluation.v1': [],
      'mlops.model-version.v1': [],
      'mlops.package.v1': [],
      'mlops.deployment.v1': [],
      'mlops.smoke.v1': [],
    },
    problems: [],
    unknown: Object.keys(properties).filter((name) => /^mlops\.v(?!1\.)\d+\./.test(name)),
  };
  for (const kind of evidenceKinds) {
    const value = properties[indexProperty(kind)];
    if (value === undefined) continue;
    index.problems.push(...readInto(kind, value, index.entries[kind]).map((problem) => ({ kind, problem })));
  }
  return index;
}

function readInto<K extends EvidenceKind>(kind: K, value: string, entries: IndexEntry<K>[]): string[] {
  const read = readEntries(kind, value);
  entries.push(...read.entries);
  return read.problems;
}

/** Far above what tasks write; a longer text is no index of theirs. */
const longestValue = 64 * 1024;

/** Reads the value of one property. A bad entry is told and left out; the others stay. */
export function readEntries<K extends EvidenceKind>(
  kind: K,
  value: string,
): { entries: IndexEntry<K>[]; problems: string[] } {
  const name = indexProperty(kind);
  if (value.length > longestValue) return { entries: [], problems: [`${name} is longer than any index`] };
  let list: unknown;
  try {
    list = JSON.parse(value);
  } catch {
    return { entries: [], problems: [`${name} is not JSON`] };
  }
  if (!Array.isArray(list)) return { entries: [], problems: [`${name} should be a list`] };
  const entries: IndexEntry<K>[] = [];
  const problems: string[] = [];
  list.forEach((item: unknown, position) => {
    try {
      entries.push(readEntry(kind, item, `${name}[${position}]`));
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      problems.push(error.message);
    }
  });
  return { entries, problems };
}

function readEntry<K extends EvidenceKind>(kind: K, value: unknown, where: string): IndexEntry<K> {
  const entry = fields(value, where);
  const base: EntryOfAnyKind = {
    name: entry.required('name', word),
    sha256: entry.required('sha256', sha256),
    stage: entry.required('stage', word),
    at: entry.required('at', time),
    attempt: entry.maybe('attempt', id),
  };
  return { ...base, ...factReaders[kind](entry) };
}

const factReaders: { readonly [K in EvidenceKind]: (entry: Fields) => IndexFacts[K] } = {
  'mlops.data-sanity.v1': (entry) => ({
    verdict: entry.required('verdict', word),
    failed: entry.required('failed', id),
    rows: entry.required('rows', id),
  }),
  'mlops.training.v1': (entry) => ({ job: entry.required('job', word), status: entry.required('status', word) }),
  'mlops.evaluation.v1': (entry) => ({
    decision: entry.required('decision', word),
    metric: entry.required('metric', word),
    orientation: entry.required('orientation', word),
    candidate: entry.maybe('candidate', metric),
    champion: entry.maybe('champion', metric),
    championVersion: entry.maybe('championVersion', word),
  }),
  'mlops.model-version.v1': (entry) => ({
    model: entry.required('model', word),
    version: entry.required('version', word),
    workspace: entry.required('workspace', word),
    metrics: entry.maybe('metrics', metrics) ?? {},
    created: entry.maybeFlag('created'),
  }),
  'mlops.package.v1': (entry) => ({
    model: entry.required('model', word),
    version: entry.required('version', word),
    image: entry.required('image', word),
  }),
  'mlops.deployment.v1': (entry) => ({
    target: entry.required('target', word),
    service: entry.required('service', word),
    place: entry.maybe('place', word),
    deployment: entry.maybe('deployment', word),
    model: entry.maybe('model', word),
    version: entry.maybe('version', word),
    workspace: entry.maybe('workspace', word),
    image: entry.maybe('image', word),
    trafficBefore: entry.maybe('trafficBefore', metrics),
    traffic: entry.maybe('traffic', metrics),
    environment: entry.maybe('environment', word),
    approval: entry.maybe('approval', word),
  }),
  'mlops.smoke.v1': (entry) => ({
    verdict: entry.required('verdict', word),
    environment: entry.maybe('environment', word),
    p95: entry.maybe('p95', metric),
  }),
};

const word: Reader<string> = (value, where) => {
  const read = wellFormed(text(value, where));
  if (read.length > 1024) throw new ShapeError(where, 'at most 1,024 characters');
  return read;
};

/** Half of a character has no UTF-8: digests, addresses and files for auditors could not be made of it. */
function wellFormed(read: string): string {
  return read.replace(/\p{Surrogate}/gu, '\ufffd');
}

const sha256: Reader<string> = (value, where) => {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw new ShapeError(where, '64 hexadecimal digits');
  return value;
};

/** Numbers that JSON cannot carry are written as texts. They are no value to compare or draw: as good as absent. */
const metric: Reader<number | undefined> = (value, where) => {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return undefined;
  throw new ShapeError(where, 'a number');
};

const metrics: Reader<Record<string, number>> = (value, where) => {
  if (!isRecord(value)) throw new ShapeError(where, 'an object');
  const read: [string, number][] = [];
  for (const [name, member] of Object.entries(value)) {
    const finite = metric(member, `${where}.${name.slice(0, 80)}`);
    if (finite !== undefined) read.push([wellFormed(name), finite]);
  }
  return Object.fromEntries(read);
};
