import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { getApprovals, queryApprovals, type ServiceApproval } from '../devops/approvals';
import { buildsByIds } from '../devops/builds';
import type { Client } from '../devops/client';
import { RequestProblem } from '../devops/problems';
import { useClient } from './context';
import { indexProperty, runTag } from '../../lib/evidence/index-entry';
import { isSamePerson, type Identified } from '../../lib/evidence/person';
import { keys } from './keys';
import { loadingOf, once } from './loading';
import type { ApprovalResult, Approvals, ApprovalScope, WaitingByRun } from './results';
import { indexed, useIndexOf, type IndexedRun } from './run-list';
import { readRun } from './runs';
import type { Approval, NamedVersion, Run } from './types';

/** Approvals change without us; more often than this the service would rather not be asked. */
const pollMs = 60_000;
const largestList = 100;
/** Kinds whose entries say what a run is about: a rollback registers nothing. */
const naming = ['mlops.model-version.v1', 'mlops.package.v1', 'mlops.deployment.v1'] as const;

/**
 * Approvals of runs that the viewer may see and in which one of our tasks ran, newest first: by when they were asked for, in the
 * history by their last change. Of any other approval, nothing is shown, not even that it exists.
 */
export function useApprovals(scope: ApprovalScope): Approvals {
  const client = useClient();
  const query = useQuery(listQuery(client, scope));
  const listed = query.data?.approvals;
  const runIds = useMemo(() => [...new Set(listed?.flatMap(({ runId }) => runId ?? []))].sort(), [listed]);
  const runs = useQuery({
    queryKey: keys.runsOf(runIds),
    queryFn: ({ signal }) => buildsByIds(client, runIds, naming.map(indexProperty), signal),
    enabled: runIds.length > 0,
    staleTime: pollMs,
    ...once,
  });
  const visible = useMemo(
    () => (runs.data ?? []).filter(({ run }) => run.tags.includes(runTag)).map(indexed),
    [runs.data],
  );
  // Names are a hint: no reason to wait for them, or to fail.
  const { runs: asked } = useIndexOf(visible, naming);
  const approvals = useMemo(() => {
    const known = visible.map((each) => asked.get(each.run.id) ?? each);
    return joined(listed ?? [], known, client.connection.userId, scope);
  }, [listed, visible, asked, client, scope]);
  return { ...loadingOf(query, runs), approvals, isCut: query.data?.isCut ?? false };
}

/** Approvals that wait for the viewer, by run: for pages that show runs anyway, so that one request is enough. */
export function useWaitingByRun(): WaitingByRun {
  const query = useQuery(listQuery(useClient(), 'mine'));
  const byRun = useMemo(() => {
    const waiting = new Map<number, string[]>();
    for (const { id, runId } of query.data?.approvals ?? []) {
      if (runId !== undefined) waiting.set(runId, [...(waiting.get(runId) ?? []), id]);
    }
    return waiting;
  }, [query.data]);
  return { ...loadingOf(query), byRun };
}

/** One approval with its run. */
export function useApproval(approvalId: string | undefined): ApprovalResult {
  const client = useClient();
  const query = useQuery({
    queryKey: keys.approval(approvalId ?? ''),
    queryFn: ({ signal }) => readApproval(client, approvalId ?? '', signal),
    enabled: approvalId !== undefined,
    staleTime: 30_000,
    ...once,
  });
  return { ...loadingOf(query), approval: query.data };
}

/** @throws RequestProblem: an approval whose run the viewer may not see is as good as none */
export async function readApproval(client: Client, approvalId: string, signal?: AbortSignal): Promise<Approval> {
  const [approval] = await getApprovals(client, [approvalId], signal);
  if (approval?.runId === undefined) {
    throw new RequestProblem({ kind: 'notFound', message: 'There is no such approval', deleted: false });
  }
  const run = await readRun(client, approval.runId, signal);
  // Where the service does not say what the viewer may do, it says so when they try.
  return withRun(approval, run, client.connection.userId, true);
}

interface ListedApprovals {
  approvals: ServiceApproval[];
  /** The answer was full: the service may know more. */
  isCut: boolean;
}

function listQuery(client: Client, scope: ApprovalScope) {
  return {
    queryKey: keys.approvals(scope),
    queryFn: async ({ signal }: { signal: AbortSignal }): Promise<ListedApprovals> => {
      const assignedTo = scope === 'mine' ? client.connection.userId : undefined;
      const state = scope === 'history' ? undefined : 'pending';
      const approvals = await queryApprovals(client, { state, assignedTo, top: largestList }, signal);
      const wanted = scope === 'history' ? approvals.filter(({ status }) => !isOpen(status)) : approvals;
      return { approvals: wanted, isCut: approvals.length >= largestList };
    },
    staleTime: 30_000,
    // Not while the page is hidden: that is the default, and coming back asks again.
    refetchInterval: scope === 'history' ? (false as const) : pollMs,
    refetchOnWindowFocus: true,
    ...once,
  };
}

function isOpen(status: string): boolean {
  return status === 'pending' || status === 'uninitiated' || status === 'undefined';
}

function joined(
  approvals: readonly ServiceApproval[],
  visible: readonly IndexedRun[],
  viewer: string,
  scope: ApprovalScope,
): Approval[] {
  const byId = new Map(visible.map((each) => [each.run.id, each]));
  const timeOf = ({ createdAt, changedAt }: Approval): number =>
    Date.parse(scope === 'history' ? changedAt : createdAt);
  return approvals
    .flatMap((approval) => {
      const found = approval.runId === undefined ? undefined : byId.get(approval.runId);
      if (found === undefined) return [];
      return [{ ...withRun(approval, found.run, viewer, scope === 'mine'), named: namedIn(found) }];
    })
    .sort((left, right) => timeOf(right) - timeOf(left));
}

/** Model versions that the run's index names, each once. What was registered comes first: only that names the workspace. */
function namedIn({ index: { entries } }: IndexedRun): NamedVersion[] {
  const named = new Map<string, NamedVersion>();
  const of = ({ model, version, workspace }: Partial<NamedVersion>): string =>
    JSON.stringify([model, version, workspace?.toLowerCase()]);
  const registered = new Set<string>();
  for (const { model, version, workspace } of entries['mlops.model-version.v1']) {
    named.set(of({ model, version, workspace }), { model, version, workspace });
    registered.add(of({ model, version }));
  }
  for (const { model, version } of [...entries['mlops.package.v1'], ...entries['mlops.deployment.v1']]) {
    if (model === undefined || version === undefined || registered.has(of({ model, version }))) continue;
    named.set(of({ model, version }), { model, version });
  }
  return [...named.values()];
}

/** @param isAssigned whether the service was asked for the viewer's own approvals, groups included */
export function withRun(
  { permissions, ...approval }: ServiceApproval,
  run: Run,
  viewer: string,
  isAssigned: boolean,
): Approval {
  const blocked = approval.blocked.some(({ id }) => sameId(id, viewer));
  const assigned = isAssigned || approval.steps.some(({ assigned: { id } }) => sameId(id, viewer));
  const may = permissions?.includes('update') ?? assigned;
  return { ...approval, run, mayDecide: may && !blocked && approval.status === 'pending' };
}

/** Whoever queued a run and whoever it was queued for are both its requester: neither may let it in. */
export function isRequester({ requestedFor, requestedBy }: Requested, person: Identified): boolean {
  return isSamePerson(requestedFor, person) || (requestedBy !== undefined && isSamePerson(requestedBy, person));
}

type Requested = Pick<Run, 'requestedFor' | 'requestedBy'>;

/** Ids are written in either case. */
export function sameId(left: string, right: string): boolean {
  return left !== '' && left.toLowerCase() === right.toLowerCase();
}
