import { useEffect, useMemo } from 'react';
import { kindTags, runTag } from '../../lib/evidence/index-entry';
import type { EvidenceKind } from '../../lib/evidence/evidence';
import { eventsOf } from './deployment-events';
import { newestFirst, versionsOf } from './registrations';
import type { ModelVersionResult } from './results';
import { evidenceKinds } from './run-index';
import { useRunList, type IndexedRun } from './run-list';
import { useRunEvidence } from './runs';
import { placeKey } from './serving';
import { useRunGates } from './stage-gates';
import type { DeploymentEvent, Indexed } from './types';
import { homesOf, isSameWorkspace, workspacesOf, type Made } from './workspaces';

const deployment = 'mlops.deployment.v1';

/** 2,000 runs of one model: beyond that the search says that it did not find the version. */
const furthestPage = 40;

/**
 * A version and what became of it, out of the runs of its model. Runs come newest first and what is made of a version comes after
 * its registration, so that all of it is known once the registration is found.
 */
export function useModelVersion(
  model: string | undefined,
  version: string | undefined,
  /** Names and versions are unique in one workspace only; absent where nobody says which is meant. */
  workspace?: string,
): ModelVersionResult {
  const enabled = model !== undefined && version !== undefined;
  const list = useRunList({ tags: [runTag], model, kinds: evidenceKinds, enabled });
  const { runs, loadMore, isLoadingMore, pages, isFetching } = list;
  const ofName = useMemo(() => (enabled ? versionsOf(runs, model) : []), [runs, model, enabled]);
  const registrations = useMemo(
    () =>
      ofName.filter(
        (each) =>
          each.version === version &&
          (workspace === undefined || isSameWorkspace(each.registration.workspace, workspace)),
      ),
    [ofName, version, workspace],
  );
  const [found] = registrations;
  // Of several workspaces' models of this name, the rest is about the one that is shown.
  const home = workspace ?? found?.registration.workspace;
  const isOurs = useMemo(() => {
    const homes = homesOf(ofName);
    return (made: Made): boolean =>
      home === undefined || workspacesOf(homes, made).some((one) => isSameWorkspace(one, home));
  }, [ofName, home]);
  const goesOn = enabled && found === undefined && loadMore !== undefined && pages < furthestPage;
  useEffect(() => {
    if (goesOn && !isFetching && list.problem === undefined) loadMore();
  }, [goesOn, isFetching, loadMore, list.problem]);
  const evidence = useRunEvidence(found?.run.id);
  const hasDeployed = evidence.evidence?.records.some(({ kind }) => kind === deployment) ?? false;
  const gates = useRunGates(hasDeployed ? found?.run.id : undefined);
  const events = useMemo(
    () => (enabled ? eventsOf(runs, model).filter((event) => isOurs(deployedOf(event))) : []),
    [runs, model, enabled, isOurs],
  );
  const all = useDeploymentsSince(events, enabled);
  const modelDeployments = useMemo(
    () =>
      united(eventsOf(runs), all.events).filter((event) => event.entry.model !== model || isOurs(deployedOf(event))),
    [runs, all.events, model, isOurs],
  );
  const deployments = useMemo(() => events.filter(({ entry }) => entry.version === version), [events, version]);
  const packages = useMemo(
    () =>
      entriesOf(runs, 'mlops.package.v1').filter(
        ({ run, entry }) => entry.model === model && entry.version === version && isOurs({ run, model }),
      ),
    [runs, model, version, isOurs],
  );
  const smokeTests = useMemo(() => smokesOf(runs, deployments), [runs, deployments]);
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
    gates: gates.gates,
    gatesProblem: gates.problem,
    modelDeployments,
    siblings: useMemo(
      () =>
        ofName.filter(
          (each) =>
            each.version !== version && (home === undefined || isSameWorkspace(each.registration.workspace, home)),
        ),
      [ofName, version, home],
    ),
    hasOlder: loadMore !== undefined,
    isLoading,
    isFetching: isFetching || evidence.isFetching || gates.isFetching || all.isFetching,
    // Without a version nothing rests on what else was deployed.
    problem: list.problem ?? (found === undefined ? undefined : all.problem),
    refresh: () => {
      list.refresh();
      all.refresh();
      if (found) evidence.refresh();
      if (found && hasDeployed) gates.refresh();
    },
  };
}

/** Of a run that deployed other things too, those of their stages or environments alone are not this version's. */
function smokesOf(runs: readonly IndexedRun[], own: readonly DeploymentEvent[]): Indexed<'mlops.smoke.v1'>[] {
  const others = eventsOf(runs).filter(
    (event) => !own.some(({ run, entry }) => run === event.run && entry === event.entry),
  );
  return entriesOf(runs, 'mlops.smoke.v1').filter((smoke) => {
    const isOfRun = ({ run }: DeploymentEvent): boolean => run.id === smoke.run.id;
    const isTested = ({ environment, entry }: DeploymentEvent): boolean =>
      entry.stage === smoke.entry.stage || environment === smoke.entry.environment;
    const [mine, theirs] = [own.filter(isOfRun), others.filter(isOfRun)];
    return mine.length > 0 && (mine.some(isTested) || !theirs.some(isTested));
  });
}

function deployedOf({ run, entry }: DeploymentEvent): Made {
  return { run, model: entry.model, workspace: entry.workspace, place: entry.place };
}

/**
 * Deployments of every model, as far back as this one's steps that may serve still: what replaced a version often has another
 * model, whose runs carry no tag of this one.
 */
function useDeploymentsSince(own: readonly DeploymentEvent[], enabled: boolean) {
  const list = useRunList({ tags: [runTag, kindTags[deployment]], kinds: [deployment], enabled });
  const { runs, loadMore, loadedSince, pages, isFetching, problem } = list;
  const since = useMemo(() => oldestOpen(own), [own]);
  const goesOn =
    loadMore !== undefined && loadedSince !== undefined && pages < furthestPage && Date.parse(loadedSince) >= since;
  useEffect(() => {
    if (goesOn && !isFetching && problem === undefined) loadMore();
  }, [goesOn, isFetching, loadMore, problem]);
  const events = useMemo(() => eventsOf(runs), [runs]);
  return { ...list, events };
}

/** When the oldest run was queued whose step is the newest of its model in its place; `Infinity` without any. */
function oldestOpen(own: readonly DeploymentEvent[]): number {
  const places = new Map<string, number>();
  for (const event of own) {
    const place = placeKey(event);
    if (!places.has(place)) places.set(place, Date.parse(event.run.queuedAt));
  }
  return Math.min(...places.values());
}

/** Each step once: the same run may stand in both lists. */
export function united(...lists: readonly (readonly DeploymentEvent[])[]): DeploymentEvent[] {
  const events = new Map<string, DeploymentEvent>();
  for (const event of lists.flat()) {
    const { name, stage, sha256, attempt = 1 } = event.entry;
    events.set(JSON.stringify([event.run.id, stage, name, sha256, attempt]), event);
  }
  return [...events.values()].sort((left, right) => newestFirst(left.entry, right.entry));
}

function entriesOf<K extends EvidenceKind>(runs: readonly IndexedRun[], kind: K): Indexed<K>[] {
  return runs
    .flatMap(({ run, index }) => index.entries[kind].map((entry): Indexed<K> => ({ run, entry })))
    .sort((left, right) => newestFirst(left.entry, right.entry));
}
