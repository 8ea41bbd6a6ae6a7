import { queryOptions, useQuery } from '@tanstack/react-query';
import { getBuild } from '../devops/builds';
import { getChanges, getChangesBetween } from '../devops/changes';
import type { Client } from '../devops/client';
import { RequestProblem } from '../devops/problems';
import { useClient } from './context';
import { collectEvidence, type CollectedEvidence } from './evidence';
import { keys } from './keys';
import { finishedFor, forGood, loadingOf, once } from './loading';
import type { Changes, RunEvidenceResult, RunResult } from './results';
import type { Run } from './types';

/** @throws RequestProblem, `notFound` also for a run that was deleted or that the viewer may not see */
export async function readRun(client: Client, runId: number, signal?: AbortSignal): Promise<Run> {
  const { run, deleted } = await getBuild(client, runId, signal);
  if (deleted) throw new RequestProblem({ kind: 'notFound', message: `Run ${run.number} was deleted`, deleted: true });
  return run;
}

export async function readEvidence(client: Client, runId: number, signal?: AbortSignal): Promise<CollectedEvidence> {
  return collectEvidence(client, await readRun(client, runId, signal), Date.now(), signal);
}

export function useRun(runId: number | undefined): RunResult {
  const client = useClient();
  const query = useQuery({
    queryKey: keys.run(runId ?? 0),
    queryFn: ({ signal }) => readRun(client, runId ?? 0, signal),
    enabled: runId !== undefined,
    staleTime: ({ state }) => finishedFor(state.data),
    ...once,
  });
  return { ...loadingOf(query), run: query.data };
}

/** Records of a run: read and hashed here, compared with its index. A finished run is read once. */
export function useRunEvidence(runId: number | undefined): RunEvidenceResult {
  const client = useClient();
  const query = useQuery(evidenceQuery(client, runId));
  return { ...loadingOf(query), evidence: query.data };
}

export function evidenceQuery(client: Client, runId: number | undefined) {
  return queryOptions({
    queryKey: keys.evidence(runId ?? 0),
    queryFn: ({ signal }) => readEvidence(client, runId ?? 0, signal),
    enabled: runId !== undefined,
    staleTime: ({ state }) => finishedFor(state.data?.run),
    ...once,
  });
}

/** Commits of a run: since another run of its pipeline, else since the run before it as the service reckons. */
export function useChanges(runId: number | undefined, sinceRunId?: number): Changes {
  const client = useClient();
  const query = useQuery({
    queryKey: keys.changes(runId ?? 0, sinceRunId),
    queryFn: ({ signal }) =>
      sinceRunId === undefined
        ? getChanges(client, runId ?? 0, signal)
        : getChangesBetween(client, sinceRunId, runId ?? 0, signal),
    enabled: runId !== undefined,
    ...forGood,
  });
  return { ...loadingOf(query), changes: query.data ?? [] };
}
