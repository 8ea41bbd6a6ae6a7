import type { EvidenceKind } from '../../lib/evidence/evidence';
import type { EntryOfAnyKind } from '../../lib/evidence/index-entry';
import { stageName, type TimelineRecord } from '../devops/timeline';
import { fields } from '../devops/read';
import type { HashedAttachment } from './attachment';
import type { Attempts } from './index-check';
import { evidenceKinds, type RunIndex } from './run-index';
import type { EvidenceProblem, Run } from './types';

/** Clocks of agents and of the service differ by seconds; by more, one of them is wrong. */
const toleranceMs = 5 * 60_000;

/** What the times of a run can be held against. */
export interface Clocked {
  run: Run;
  attachments: readonly HashedAttachment[];
  index: RunIndex | undefined;
  stages: Attempts;
}

/**
 * Times that cannot be: in the future, before the step that wrote them began (where that is not known, before the run was
 * queued), or after it had ended. They come from agents' and jobs' clocks or from an index that anybody may edit, and a page that
 * says what served on a date rests on them.
 */
export function clockProblems({ run, attachments, index, stages }: Clocked, now: number): EvidenceProblem[] {
  const ended = { at: run.finishedAt, what: 'the run' };
  const tell = (at: string, bounds: Bounds, where: Omit<EvidenceProblem, 'kind' | 'detail'>): EvidenceProblem[] => {
    const detail = impossible(at, bounds, now);
    return detail === undefined ? [] : [{ kind: 'clockSkew', ...where, detail }];
  };
  const ofIndex = evidenceKinds.flatMap((kind) =>
    (index?.entries[kind] ?? []).flatMap((entry) => {
      const steps = stepsOf(kind, entry, attachments);
      const end = latest(steps.map((step) => step?.finishTime));
      const isOld = kind === 'mlops.deployment.v1' && (entry.attempt ?? 1) < (stages.get(entry.stage) ?? 1);
      const begin = isOld ? undefined : earliest(steps.map((step) => step?.startTime));
      const bounds = {
        begin:
          begin === undefined
            ? { at: run.queuedAt, what: 'the run was queued' }
            : { at: begin, what: 'the step began' },
        end: end === undefined ? ended : { at: end, what: 'the step' },
      };
      return tell(entry.at, bounds, { type: kind, name: entry.name, stage: entry.stage });
    }),
  );
  const ofRecords = attachments.flatMap(({ kind, name, stage, record }) =>
    timesIn(record).flatMap((at) => tell(at, { end: ended }, { type: kind, name, stage: stage && stageName(stage) })),
  );
  return [...ofIndex, ...ofRecords];
}

interface Bounds {
  /** Jobs that a run only waits for may have begun before it. */
  begin?: { at: string; what: string };
  end: { at?: string; what: string };
}

function impossible(at: string, { begin, end }: Bounds, now: number): string | undefined {
  const time = Date.parse(at);
  if (time > now + toleranceMs) return `${at} is in the future`;
  if (end.at !== undefined && time > Date.parse(end.at) + toleranceMs)
    return `${at} is after ${end.what} had ended (${end.at})`;
  if (begin !== undefined && time < Date.parse(begin.at) - toleranceMs)
    return `${at} is before ${begin.what} (${begin.at})`;
  return undefined;
}

/** The steps that may have written an entry: those that left its bytes, else those that left its name. */
function stepsOf(
  kind: EvidenceKind,
  entry: EntryOfAnyKind,
  attachments: readonly HashedAttachment[],
): (TimelineRecord | undefined)[] {
  const there = attachments.filter(
    (each) =>
      each.kind === kind && each.name === entry.name && (each.stage ? stageName(each.stage) : '') === entry.stage,
  );
  const same = there.filter(({ sha256 }) => sha256 === entry.sha256);
  return (same.length > 0 ? same : there).map(({ step }) => step);
}

/** One of several steps that still runs, or says nothing, may be the one: then nothing is known. */
function sorted(times: readonly (string | undefined)[]): string[] {
  if (times.includes(undefined)) return [];
  return times.flatMap((time) => time ?? []).sort((one, other) => Date.parse(one) - Date.parse(other));
}

function earliest(times: readonly (string | undefined)[]): string | undefined {
  return sorted(times)[0];
}

function latest(times: readonly (string | undefined)[]): string | undefined {
  return sorted(times).at(-1);
}

/** Only records of training carry times, of the job's own clock. */
function timesIn(record: HashedAttachment['record']): string[] {
  if (record?.kind !== 'mlops.training.v1') return [];
  const training = fields(record, record.kind);
  return ['startTime', 'endTime'].flatMap((name) => training.maybeText(name) ?? []);
}
