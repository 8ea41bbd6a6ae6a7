import type { EvidenceKind, Evidence } from '../../lib/evidence/evidence';
import { workspaceOf, type IndexEntry } from '../../lib/evidence/index-entry';
import { fields, isRecord, type Fields } from '../devops/read';

/** The facts of an entry that its record contradicts: `decision: the index says better, the record notBetter`. */
export function contradictions<K extends EvidenceKind>(entry: IndexEntry<K>, record: Evidence<EvidenceKind>): string[] {
  const told: Record<string, unknown> = { ...entry };
  // A registration counts as one unless the index says otherwise: silence is a claim.
  if (record.kind === 'mlops.model-version.v1') told['created'] ??= true;
  const read = fields(record, record.kind);
  const isWhole = record.kind === 'mlops.deployment.v1' && !read.has('omitted');
  return Object.entries(factsIn[record.kind](read)).flatMap(([name, fact]) => {
    // Entries of before it was written say nothing of the model's workspace.
    const agrees = isWhole && name !== 'workspace' ? isSame(told[name], fact) : agree(told[name], fact);
    return agrees ? [] : [`${name}: the index says ${show(told[name])}, the record ${show(fact)}`];
  });
}

/**
 * What records say themselves; the workspace of a registration stands in none. Of a deployment both sides say all of it: where it
 * went and who let it in are what somebody would forge by leaving it out or making it up.
 */
const factsIn: Record<EvidenceKind, (record: Fields) => Record<string, unknown>> = {
  'mlops.data-sanity.v1': (record) => ({
    verdict: record.value('verdict'),
    rows: record.value('rowCount'),
    // A record that left checks out keeps the failed ones first, but says no more how many there were.
    failed: record.has('omitted') ? undefined : failedChecks(record),
  }),
  'mlops.training.v1': (record) => ({ job: record.value('jobName'), status: record.value('status') }),
  'mlops.evaluation.v1': (record) => {
    const metric = record.text('metric');
    const champion = record.maybeFields('champion');
    return {
      decision: record.value('decision'),
      metric,
      orientation: record.value('orientation'),
      candidate: record.maybeFields('candidate')?.maybeFields('metrics')?.value(metric),
      champion: champion?.maybeFields('metrics')?.value(metric),
      championVersion: champion?.maybeFields('model')?.value('version'),
    };
  },
  'mlops.model-version.v1': (record) => ({
    ...modelIn(record),
    metrics: record.value('metrics'),
    created: record.value('created'),
  }),
  'mlops.package.v1': (record) => ({ ...modelIn(record), image: record.value('image') }),
  'mlops.deployment.v1': (record) => ({
    ...modelIn(record),
    workspace: workspaceOf(record.maybeFields('model')?.maybeText('id')),
    target: record.value('target'),
    service: record.value('name'),
    place: record.value('place'),
    deployment: record.value('deployment'),
    image: record.value('image'),
    trafficBefore: record.value('trafficBefore'),
    traffic: record.value('traffic'),
    environment: record.value('environment'),
    approval: record.maybeFields('approval')?.value('id'),
  }),
  'mlops.smoke.v1': (record) => ({ verdict: record.value('verdict'), p95: record.value('p95LatencyMs') }),
};

function modelIn(record: Fields): Record<string, unknown> {
  const model = record.maybeFields('model');
  return { model: model?.value('name'), version: model?.value('version') };
}

function failedChecks(record: Fields): number {
  return record.list('checks', (check, where) => fields(check, where).value('passed') === false).filter(Boolean).length;
}

/** The index may leave facts out, and round; it may not say something else. */
function agree(told: unknown, fact: unknown): boolean {
  if (told === undefined || fact === undefined) return true;
  if (typeof told === 'number' && typeof fact === 'number') {
    return Math.abs(told - fact) <= 1e-4 * Math.max(Math.abs(told), Math.abs(fact));
  }
  if (isRecord(told) && isRecord(fact)) {
    return Object.entries(told).every(([name, value]) => Object.hasOwn(fact, name) && agree(value, fact[name]));
  }
  return told === fact;
}

/** The same to the last member, but for rounding. */
function isSame(told: unknown, fact: unknown): boolean {
  if ((told === undefined) !== (fact === undefined)) return false;
  return agree(told, fact) && agree(fact, told);
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const characters = Array.from(text);
  return characters.length > 80 ? `${characters.slice(0, 79).join('')}…` : text;
}
