import { stageName } from '../devops/timeline';
import { fields } from '../devops/read';
import type { HashedAttachment } from './evidence';
import { evidenceKinds, type RunIndex } from './run-index';
import type { EvidenceProblem, Run } from './types';

/** Clocks of agents and of the service differ by seconds; by more, one of them is wrong. */
const toleranceMs = 5 * 60_000;

/**
 * Times that cannot be: in the future, or after the run had ended. They come from agents' and jobs' clocks, and a page that says
 * what served on a date rests on them.
 */
export function clockProblems(
  run: Run,
  attachments: readonly HashedAttachment[],
  index: RunIndex | undefined,
  now: number,
): EvidenceProblem[] {
  const end = run.finishedAt === undefined ? Infinity : Date.parse(run.finishedAt);
  const tell = (at: string, where: Omit<EvidenceProblem, 'kind' | 'detail'>): EvidenceProblem[] => {
    const time = Date.parse(at);
    if (time > now + toleranceMs) return [{ kind: 'clockSkew', ...where, detail: `${at} is in the future` }];
    if (time <= end + toleranceMs) return [];
    return [{ kind: 'clockSkew', ...where, detail: `${at} is after the run had ended (${run.finishedAt ?? ''})` }];
  };
  const ofIndex = evidenceKinds.flatMap((kind) =>
    (index?.entries[kind] ?? []).flatMap(({ at, name, stage }) => tell(at, { type: kind, name, stage })),
  );
  const ofRecords = attachments.flatMap(({ kind, name, stage, record }) =>
    timesIn(record).flatMap((at) => tell(at, { type: kind, name, stage: stage && stageName(stage) })),
  );
  return [...ofIndex, ...ofRecords];
}

/** Only records of training carry times, of the job's own clock. */
function timesIn(record: HashedAttachment['record']): string[] {
  if (record?.kind !== 'mlops.training.v1') return [];
  const training = fields(record, record.kind);
  return ['startTime', 'endTime'].flatMap((name) => training.maybeText(name) ?? []);
}
