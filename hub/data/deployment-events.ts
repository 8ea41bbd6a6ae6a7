import { useMemo } from 'react';
import { kindTags, runTag } from '../../lib/evidence/index-entry';
import { isProductionName } from './production-name';
import { newestFirst } from './registrations';
import type { DeploymentEvents } from './results';
import { useRunList, type IndexedRun } from './run-list';
import type { DeploymentEvent } from './types';

const deployment = 'mlops.deployment.v1';

/** Deployment steps, of one model or of all that the viewer may see, newest first. */
export function useDeploymentEvents({ model }: { model?: string } = {}): DeploymentEvents {
  const { runs, ...list } = useRunList({ tags: [runTag, kindTags[deployment]], model, kinds: [deployment] });
  const events = useMemo(() => eventsOf(runs, model), [runs, model]);
  return { ...list, events };
}

/** A run may wait days at a gate: the order is that of the steps, not of the runs. */
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
