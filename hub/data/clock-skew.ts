import type { EvidenceKind } from '../../lib/evidence/evidence';
import type { EntryOfAnyKind } from '../../lib/evidence/index-entry';
import { stageName } from '../devops/timeline';
import { fields } from '../devops/read';
import type { HashedAttachment } from './attachment';
import { evidenceKinds, type RunIndex } from './run-index';
import type { EvidenceProblem, Run } from './types';

/** Clocks of agents and of the service differ by seconds; by more, one of them is wrong. */
const toleranceMs = 5 * 60_000;

/**
 * Times that cannot be: in the future, before the run was queued, or after the step that wrote them had ended. They come from
 * agents' and jobs' clocks or from an index that anybody may edit, and a page that says what served on a date rests on them.
 */
export function clockProblems(
  run: Run,
  attachments: readonly HashedAttachment[],
  index: RunIndex | undefined,
  now: number,
): EvidenceProblem[] {
  const ended = { at: run.finishedAt, what: 'run' };
  const tell = (
    at: string,
    { queued, end }: Bounds,
    where: Omit<EvidenceProblem, 'kind' | 'detail'>,
  ): EvidenceProblem[] => {
    const detail = impossible(at, { queued, end }, now);
    return detail === undefined ? [] : [{ kind: 'clockSkew', ...where, detail }];
  };
  const ofIndex = evidenceKinds.flatMap((kind) =>
    (index?.entries[kind] ?? []).flatMap((entry) => {
      const finished = stepEnd(kind, entry, attachments);
      const end = finished === undefined ? ended : { at: finished, what: 'step' };
      return tell(entry.at, { queued: run.queuedAt, end }, { type: kind, name: entry.name, stage: entry.stage });
    }),
  );
  const ofRecords = attachments.flatMap(({ kind, name, stage, record }) =>
    timesIn(record).flatMap((at) => tell(at, { end: ended }, { type: kind, name, stage: stage && stageName(stage) })),
  );
  return [...ofIndex, ...ofRecords];
}

interface Bounds {
  /** Jobs that a run only waits for may have begun before it. */
  queued?: string;
  end: { at?: string; what: string };
}

function impossible(at: string, { queued, end }: Bounds, now: number): string | undefined {
  const time = Date.parse(at);
  if (time > now + toleranceMs) return `${at} is in the future`;
  if (end.at !== undefined && time > Date.parse(end.at) + toleranceMs)
    return `${at} is after the ${end.what} had ended (${end.at})`;
  if (queued !== undefined && time < Date.parse(queued) - toleranceMs)
    return `${at} is before the run was queued (${queued})`;
  return undefined;
}

/** When the step ended that an entry speaks of: of several that left the same bytes the last, as the index keeps the last. */
function stepEnd(
  kind: EvidenceKind,
  entry: EntryOfAnyKind,
  attachments: readonly HashedAttachment[],
): string | undefined {
  const there = attachments.filter(
    (each) =>
      each.kind === kind && each.name === entry.name && (each.stage ? stageName(each.stage) : '') === entry.stage,
  );
  const same = there.filter(({ sha256 }) => sha256 === entry.sha256);
  const steps = (same.length > 0 ? same : there).map(({ step }) => step?.finishTime);
  // One of them still runs, or says nothing: the entry may be its.
  if (steps.includes(undefined)) return undefined;
  return steps
    .flatMap((time) => time ?? [])
    .sort((one, other) => Date.parse(one) - Date.parse(other))
    .at(-1);
}

/** Only records of training carry times, of the job's own clock. */
function timesIn(record: HashedAttachment['record']): string[] {
  if (record?.kind !== 'mlops.training.v1') return [];
  const training = fields(record, record.kind);
  return ['startTime', 'endTime'].flatMap((name) => training.maybeText(name) ?? []);
}
