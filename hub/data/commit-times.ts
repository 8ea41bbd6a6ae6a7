import { useQueries } from '@tanstack/react-query';
import { getChanges, type SourceChange } from '../devops/changes';
import { useClient } from './context';
import { keys } from './keys';
import { forGood } from './loading';
import type { Run } from './types';

/** One request a run: beyond that many, lead times begin when the run was queued. */
const mostRuns = 50;

/** When the commit of each run was made, by run id, where the service tells. */
export function useCommitTimes(runs: readonly Run[]): ReadonlyMap<number, string> {
  const client = useClient();
  return useQueries({
    queries: runs.slice(0, mostRuns).map((run) => ({
      queryKey: keys.changes(run.id, undefined),
      queryFn: ({ signal }: { signal: AbortSignal }) => getChanges(client, run.id, signal),
      ...forGood,
    })),
    combine: (results) =>
      new Map(
        results.flatMap(({ data }, index) => {
          const run = runs[index];
          const at = run === undefined || data === undefined ? undefined : commitTime(run, data);
          return run === undefined || at === undefined ? [] : [[run.id, at] as const];
        }),
      ),
  });
}

/** Of the commit that was built, where it is listed; else of the newest one. */
export function commitTime({ commit }: Pick<Run, 'commit'>, changes: readonly SourceChange[]): string | undefined {
  const built = changes.find(({ id, at }) => id === commit && at !== undefined);
  if (built !== undefined) return built.at;
  const times = changes.flatMap(({ at }) => (at === undefined ? [] : [at]));
  return times.sort((one, other) => Date.parse(other) - Date.parse(one))[0];
}
