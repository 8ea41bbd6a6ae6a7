import { useMemo } from 'react';
import { kindTags, runTag, type EntryOfAnyKind } from '../../lib/evidence/index-entry';
import type { Registrations } from './results';
import { useRunList, type IndexedRun } from './run-list';
import type { ModelVersion } from './types';

const registration = 'mlops.model-version.v1';

/** Registered versions, of one model or of all that the viewer may see, the run queued last first. */
export function useRegistrations({ model }: { model?: string } = {}): Registrations {
  const { runs, ...list } = useRunList({
    tags: [runTag, kindTags[registration]],
    model,
    kinds: [registration, 'mlops.evaluation.v1', 'mlops.data-sanity.v1'],
  });
  const versions = useMemo(() => versionsOf(runs, model), [runs, model]);
  return { ...list, versions };
}

/** @param model only of this one: its tag is a digest cut short, which another model may share */
export function versionsOf(runs: readonly IndexedRun[], model?: string): ModelVersion[] {
  return runs.flatMap(({ run, index: { entries } }) =>
    entries[registration]
      .filter((entry) => model === undefined || entry.model === model)
      .sort(newestFirst)
      .map((entry) => ({
        model: entry.model,
        version: entry.version,
        run,
        registration: entry,
        evaluation: beside(entry, entries['mlops.evaluation.v1']),
        dataSanity: beside(entry, entries['mlops.data-sanity.v1']),
      })),
  );
}

/** A run may do a step several times: the one of the same stage belongs to the version, else the newest. */
function beside<E extends EntryOfAnyKind>(entry: EntryOfAnyKind, others: readonly E[]): E | undefined {
  const sorted = [...others].sort(newestFirst);
  return sorted.find(({ stage }) => stage === entry.stage) ?? sorted[0];
}

export function newestFirst(left: EntryOfAnyKind, right: EntryOfAnyKind): number {
  return Date.parse(right.at) - Date.parse(left.at);
}
