import { useMemo, useState } from 'react';
import { useHost } from '../../app/providers';
import { useUrlState } from '../../app/url-state';
import { LoadMore } from '../../components/LoadMore';
import { ProblemMessage } from '../../components/ProblemMessage';
import { SkeletonRows } from '../../components/SkeletonRows';
import { useDeploymentEvents, useRegistrations, useWaitingByRun } from '../../data/queries';
import { filterChoices, filterRows, modelRows, sortRows } from '../../data/registry';
import type { DeploymentEvents } from '../../data/results';
import { servingAt } from '../../data/serving';
import { ReadApprovals, type RunApprovals } from './Approvals';
import { Filters } from './Filters';
import { filterOf, sortOf } from './address';
import { ModelTable } from './ModelTable';
import { NoModels, NothingMatches } from './NoModels';
import type { Deployed } from './ProductionCell';
import { Unreadable } from './Unreadable';

/** All models of the project that the viewer may see: what is newest, what serves, and whether the newest is better. */
export default function ModelsPage() {
  const host = useHost();
  const { params } = useUrlState();
  const registrations = useRegistrations();
  const deployments = useDeploymentEvents();
  const waiting = useWaitingByRun();
  const [newest, setNewest] = useState<RunApprovals['newest']>(new Map());
  const serving = useMemo(() => servingAt(deployments.events, new Date()), [deployments.events]);
  const rows = useMemo(() => modelRows(registrations.versions, serving), [registrations.versions, serving]);
  const filter = filterOf(params, host.user.id);
  const shown = sortRows(filterRows(rows, filter), sortOf(params));
  const environments = [...new Set(serving.map(({ environment }) => environment))].sort();
  const lists = [registrations, deployments];
  const isFirstPainted =
    rows.length > 0 && !deployments.isLoading && !waiting.isLoading && waiting.problem === undefined;

  return (
    <>
      <ProblemMessage what="The models" problem={registrations.problem} onRetry={registrations.refresh} />
      <ProblemMessage
        what="What serves in production"
        severity="warning"
        problem={deployments.problem}
        onRetry={deployments.refresh}
      />
      <ProblemMessage
        what="Approvals that wait for you"
        severity="warning"
        problem={waiting.problem}
        onRetry={waiting.refresh}
      />
      {isFirstPainted && <ReadApprovals onRead={setNewest} />}
      {registrations.isLoading && <SkeletonRows rows={8} label="Loading models" />}
      {!registrations.isLoading && rows.length === 0 && registrations.problem === undefined && <NoModels />}
      {rows.length > 0 && (
        <>
          <Filters choices={{ ...filterChoices(rows), environments }} />
          {shown.length === 0 ? (
            <NothingMatches isComplete={registrations.loadMore === undefined} />
          ) : (
            <ModelTable
              rows={shown}
              approvals={{ waiting: waiting.byRun, newest }}
              deployed={deployedOf(deployments)}
            />
          )}
        </>
      )}
      <Unreadable entries={[...registrations.unreadable, ...deployments.unreadable]} />
      {registrations.versions.length > 0 && (
        <LoadMore
          shown={registrations.versions.length}
          noun="registrations"
          hasMore={lists.some(({ loadMore }) => loadMore !== undefined)}
          busy={lists.some(({ isLoadingMore }) => isLoadingMore)}
          // What serves may have been deployed as long ago as what was registered.
          onMore={() => {
            for (const { loadMore } of lists) loadMore?.();
          }}
        />
      )}
    </>
  );
}

function deployedOf({ isLoading, problem, loadMore }: DeploymentEvents): Deployed {
  if (isLoading) return 'loading';
  if (problem !== undefined) return 'unknown';
  return loadMore === undefined ? 'all' : 'some';
}
