import { useQuery } from '@tanstack/react-query';
import { getApprovals } from '../devops/approvals';
import type { Client } from '../devops/client';
import { checkRunsOf } from './bypasses';
import { problemOf } from '../devops/problems';
import { ancestor, byId, stageAttempts, stageName, type TimelineRecord } from '../devops/timeline';
import { useClient } from './context';
import type { CollectedEvidence } from './evidence';
import { bind, type RunGates, type StageGate } from './gate';
import { keys } from './keys';
import { loadingOf, once } from './loading';
import type { Loading } from './results';
import { evidenceQuery } from './runs';
import type { RunEvidence } from './types';

/** Evidence and gates of a run; each has a problem of its own. */
export interface RunGatesResult extends Loading {
  evidence?: RunEvidence;
  evidenceProblem?: Loading['problem'];
  gates?: RunGates;
}

export function useRunGates(runId: number | undefined): RunGatesResult {
  const client = useClient();
  const evidence = useQuery(evidenceQuery(client, runId));
  const read = evidence.data;
  const gates = useQuery({
    // What was bound belongs to what was read: with new evidence the digests are computed again.
    queryKey: [...keys.gates(runId ?? 0), evidence.dataUpdatedAt],
    queryFn: ({ signal }) => (read === undefined ? noGates : readGates(client, read, signal)),
    enabled: read !== undefined,
    staleTime: 30_000,
    ...once,
  });
  return {
    ...loadingOf(evidence, gates),
    evidence: read,
    evidenceProblem: loadingOf(evidence).problem,
    gates: gates.data,
  };
}

const noGates: RunGates = { stages: [], gates: [] };

/** @throws RequestProblem */
export async function readGates(client: Client, evidence: CollectedEvidence, signal?: AbortSignal): Promise<RunGates> {
  const { timeline } = evidence;
  const records = byId(timeline);
  const asked = timeline
    .filter(({ type }) => type === 'Checkpoint.Approval')
    .map((record) => ({ approvalId: record.id, stage: ancestor(records, record, 'Stage') }));
  const ids = asked.map(({ approvalId }) => approvalId);
  const [read, resources] = await Promise.all([
    getApprovals(client, ids, signal),
    resourcesOf(client, timeline, ids, signal),
  ]);
  const approvals = new Map(read.map((each) => [each.id, each]));
  const gates = await Promise.all(
    asked.map(async ({ approvalId, stage }): Promise<StageGate> => {
      const { environment, elsewhere } = resources.get(approvalId.toLowerCase()) ?? {};
      const gate = {
        approvalId,
        stage: stage ? stageName(stage) : '',
        ...(environment === undefined ? {} : { environment }),
        ...(elsewhere === undefined ? {} : { elsewhere }),
      };
      const approval = approvals.get(approvalId);
      return approval === undefined ? gate : { ...gate, approval, ...(await bind(evidence, approval)) };
    }),
  );
  const stages = timeline.filter(({ type }) => type === 'Stage');
  const attempts = Object.fromEntries([...stageAttempts(timeline)].filter(([, attempt]) => attempt > 1));
  return { stages: stages.map(stageName), attempts, gates };
}

/** What each approval stands before: a check run has the id of its approval. What is not shown is not known, and no reason to fail. */
async function resourcesOf(
  client: Client,
  timeline: readonly TimelineRecord[],
  approvalIds: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, Pick<StageGate, 'environment' | 'elsewhere'>>> {
  const above = timeline.filter(({ id }) => approvalIds.includes(id)).flatMap(({ parentId }) => parentId ?? []);
  const suites = timeline.filter(({ type, id }) => type === 'Checkpoint' && above.includes(id));
  const runs = await Promise.all(suites.map(({ id }) => checkRunsOf(client, id, signal).catch(unlessDefect)));
  return new Map(
    runs.flatMap((each) => each ?? []).map(({ id, environment, elsewhere }) => [id, { environment, elsewhere }]),
  );
}

function unlessDefect(error: unknown): undefined {
  if (problemOf(error) === undefined) throw error;
}
