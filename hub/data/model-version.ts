import { useEffect, useMemo } from 'react';
import { runTag } from '../../lib/evidence/index-entry';
import type { EvidenceKind } from '../../lib/evidence/evidence';
import { eventsOf } from './deployment-events';
import { newestFirst, versionsOf } from './registrations';
import type { ModelVersionResult } from './results';
import { evidenceKinds } from './run-index';
import { useRunList, type IndexedRun } from './run-list';
import { useRunEvidence } from './runs';
import type { Indexed } from './types';

/** 2,000 runs of one model: beyond that the search says that it did not find the version. */
const furthestPage = 40;

/**
 * A version and what became of it, out of the runs of its model. Runs come newest first and what is made of a version comes after
 * its registration, so that all of it is known once the registration is found.
 */
export function useModelVersion(model: string | undefined, version: string | undefined): ModelVersionResult {
  const enabled = model !== undefined && version !== undefined;
  const list = useRunList({ tags: [runTag], model, kinds: evidenceKinds, enabled });
  const { runs, loadMore, isLoadingMore, pages, isFetching } = list;
  const versions = useMemo(() => (enabled ? versionsOf(runs, model) : []), [runs, model, enabled]);
  const registrations = useMemo(() => versions.filter((each) => each.version === version), [versions, version]);
  const [found] = registrations;
  const goesOn = enabled && found === undefined && loadMore !== undefined && pages < furthestPage;
  useEffect(() => {
    if (goesOn && !isFetching && list.problem === undefined) loadMore();
  }, [goesOn, isFetching, loadMore, list.problem]);
  const evidence = useRunEvidence(found?.run.id);
  const events = useMemo(() => (enabled ? eventsOf(runs, model) : []), [runs, model, enabled]);
  const deployments = useMemo(() => events.filter(({ entry }) => entry.version === version), [events, version]);
  const packages = useMemo(
    () => entriesOf(runs, 'mlops.package.v1').filter(({ entry }) => entry.model === model && entry.version === version),
    [runs, model, version],
  );
  const smokeTests = useMemo(() => {
    const deployed = new Set(deployments.map(({ run }) => run.id));
    return entriesOf(runs, 'mlops.smoke.v1').filter(({ run }) => deployed.has(run.id));
  }, [runs, deployments]);
  const isLoading = list.isLoading || (found === undefined && (isLoadingMore || goesOn) && list.problem === undefined);
  return {
    version: found,
    registrations,
    isMissing: enabled && !isLoading && list.problem === undefined && found === undefined,
    evidence: evidence.evidence,
    evidenceProblem: evidence.problem,
    packages,
    deployments,
    smokeTests,
    modelDeployments: events,
    siblings: useMemo(() => versions.filter((each) => each.version !== version), [versions, version]),
    isLoading,
    isFetching: isFetching || evidence.isFetching,
    problem: list.problem,
    refresh: () => {
      list.refresh();
      if (found) evidence.refresh();
    },
  };
}

function entriesOf<K extends EvidenceKind>(runs: readonly IndexedRun[], kind: K): Indexed<K>[] {
  return runs
    .flatMap(({ run, index }) => index.entries[kind].map((entry): Indexed<K> => ({ run, entry })))
    .sort((left, right) => newestFirst(left.entry, right.entry));
}
