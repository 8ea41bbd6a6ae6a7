import { useMemo } from 'react';
import { kindTags, runTag } from '../../lib/evidence/index-entry';
import { isProductionName } from './production-name';
import { newestFirst } from './registrations';
import type { DeploymentEvents, UnreadableEntry } from './results';
import { useRunList, type IndexedRun } from './run-list';
import type { DeploymentEvent } from './types';

const deployment = 'mlops.deployment.v1';

/** Deployment steps, of one model or of all that the viewer may see, newest first. */
export function useDeploymentEvents({ model }: { model?: string } = {}): DeploymentEvents {
  const { runs, unreadable, ...list } = useRunList({
    tags: [runTag, kindTags[deployment]],
    model,
    kinds: [deployment],
  });
  const events = useMemo(() => eventsOf(runs, model), [runs, model]);
  const told = useMemo(() => [...unreadable, ...silentRuns(runs)], [unreadable, runs]);
  return { ...list, events, unreadable: told };
}

/** Whoever may edit runs can empty an index, and a task that may not write it leaves none: the tag says what is missing. */
export function silentRuns(runs: readonly IndexedRun[]): UnreadableEntry[] {
  return runs
    .filter(({ run, index }) => run.tags.includes(kindTags[deployment]) && index.entries[deployment].length === 0)
    .filter(({ index }) => !index.problems.some(({ kind }) => kind === deployment))
    .map(({ run }) => ({
      run,
      kind: deployment,
      problem: 'it names no deployment although the tag of the run says that there is one',
    }));
}

/**
 * A run may wait days at a gate: the order is that of the steps, not of the runs. Steps of one second stay in the order of their
 * index.
 */
export function eventsOf(runs: readonly IndexedRun[], model?: string): DeploymentEvent[] {
  return runs
    .flatMap(({ run, index }) => index.entries[deployment].map((entry) => ({ run, entry })))
    .filter(({ entry }) => model === undefined || entry.model === model)
    .sort((left, right) => newestFirst(left.entry, right.entry))
    .map(({ run, entry }) => {
      const environment = entry.environment ?? entry.stage;
      return { run, entry, environment, isProduction: isProductionName(environment), at: entry.at };
    });
}
