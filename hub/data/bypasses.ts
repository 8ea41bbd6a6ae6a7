import { useQuery } from '@tanstack/react-query';
import { getApprovals, type ServiceApproval } from '../devops/approvals';
import { getCheckRuns, type CheckRun } from '../devops/checks';
import type { Client } from '../devops/client';
import { problemOf } from '../devops/problems';
import { ancestor, byId, getTimeline, stageName, type TimelineRecord } from '../devops/timeline';
import { useClient } from './context';
import { keys } from './keys';
import { loadingOf, once } from './loading';
import type { Bypass, Bypasses } from './results';

/** Checks of a run's stages that were passed without their decision: administrators of an environment may do that. */
export function useBypasses(runId: number | undefined): Bypasses {
  const client = useClient();
  const query = useQuery({
    queryKey: keys.bypasses(runId ?? 0),
    queryFn: ({ signal }) => readBypasses(client, runId ?? 0, signal),
    enabled: runId !== undefined,
    staleTime: 30_000,
    ...once,
  });
  return { ...loadingOf(query), bypasses: query.data?.bypasses ?? [], unread: query.data?.unread ?? [] };
}

export interface BypassesRead {
  bypasses: Bypass[];
  /** Stages that have checks of which the service shows nothing: only of their approvals can be said whether they were passed. */
  unread: string[];
}

/** @throws RequestProblem */
export async function readBypasses(client: Client, runId: number, signal?: AbortSignal): Promise<BypassesRead> {
  const timeline = await getTimeline(client, runId, signal);
  const ids = timeline.filter(({ type }) => type === 'Checkpoint.Approval').map(({ id }) => id);
  const checkpoints = timeline.filter(({ type }) => type === 'Checkpoint');
  const [approvals, suites] = await Promise.all([
    getApprovals(client, ids, signal),
    Promise.all(checkpoints.map(({ id }) => checkRunsOf(client, id, signal))),
  ]);
  const told = checkpoints.flatMap((checkpoint, position) =>
    bypassedChecks(timeline, checkpoint, suites[position] ?? []),
  );
  const seen = new Set(told.map(({ stage, check }) => JSON.stringify([stage, check])));
  const passed = passedApprovals(timeline, approvals).filter(
    ({ stage, check }) => !seen.has(JSON.stringify([stage, check])),
  );
  const unread = checkpoints.filter(
    ({ id }, position) => suites[position] === undefined && timeline.some(({ parentId }) => parentId === id),
  );
  return { bypasses: [...told, ...passed], unread: unread.map((each) => stageOf(timeline, each)) };
}

/** That a suite has the id of its checkpoint is not documented: one that is not found says nothing, approvals still do. */
export async function checkRunsOf(
  client: Client,
  suiteId: string,
  signal?: AbortSignal,
): Promise<CheckRun[] | undefined> {
  try {
    return await getCheckRuns(client, suiteId, signal);
  } catch (error) {
    if (problemOf(error)?.kind === 'notFound') return undefined;
    throw error;
  }
}

function bypassedChecks(
  timeline: readonly TimelineRecord[],
  checkpoint: TimelineRecord,
  checks: readonly CheckRun[],
): Bypass[] {
  return checks
    .filter(({ status, message }) => /\bbypass/i.test(`${status} ${message}`))
    .map(({ typeName, message }) => ({
      stage: stageOf(timeline, checkpoint),
      check: typeName,
      message: message || 'The check was bypassed.',
    }));
}

function stageOf(timeline: readonly TimelineRecord[], checkpoint: TimelineRecord): string {
  const stage = ancestor(byId(timeline), checkpoint, 'Stage');
  return stage ? stageName(stage) : checkpoint.name;
}

/** Approvals whose stage ran although nobody approved. */
export function passedApprovals(timeline: readonly TimelineRecord[], approvals: readonly ServiceApproval[]): Bypass[] {
  const records = byId(timeline);
  const known = new Map(approvals.map((approval) => [approval.id, approval]));
  return timeline
    .filter(({ type }) => type === 'Checkpoint.Approval')
    .flatMap((record): Bypass[] => {
      const stage = ancestor(records, record, 'Stage');
      const approval = known.get(record.id);
      if (stage === undefined || approval?.status === 'approved' || !hasWorked(timeline, records, stage)) return [];
      const message =
        approval === undefined
          ? 'The stage ran, and its approval cannot be read.'
          : `The stage ran although its approval is ${approval.status}.`;
      return [{ stage: stageName(stage), check: 'Approval', approvalId: record.id, message }];
    });
}

/** A stage that waits has a state of its own, not documented for every case; a job that started is beyond doubt. */
function hasWorked(
  timeline: readonly TimelineRecord[],
  records: ReadonlyMap<string, TimelineRecord>,
  stage: TimelineRecord,
): boolean {
  return timeline.some(
    (record) =>
      record.type === 'Job' &&
      record.startTime !== undefined &&
      record.result !== 'skipped' &&
      ancestor(records, record, 'Stage') === stage,
  );
}
