import type { ApprovalStep, Person } from '../data/types';
import { digestsIn } from '../../lib/evidence/manifest';
import type { Client } from './client';
import { person, plainPerson } from './person';
import { RequestProblem } from './problems';
import { envelope, fields, id, time, type Reader } from './read';

const apiVersion = '7.2-preview.2';

/** An approval as the service keeps it, before it is joined with its run. */
export interface ServiceApproval {
  id: string;
  status: string;
  /** Absent on old servers. */
  runId?: number;
  instructions: string;
  createdAt: string;
  changedAt: string;
  minRequiredApprovers: number;
  inSequence: boolean;
  steps: ApprovalStep[];
  blocked: Person[];
  /** What the viewer may do: `view`, `update`, …; absent when the service did not say. */
  permissions?: string[];
}

export interface ApprovalQuery {
  state?: 'pending';
  assignedTo?: string;
  top: number;
}

export async function queryApprovals(
  client: Client,
  query: ApprovalQuery,
  signal?: AbortSignal,
): Promise<ServiceApproval[]> {
  const answer = await client.send({
    path: 'pipelines/approvals',
    query: { state: query.state, assignedTo: query.assignedTo, top: query.top, $expand: 'steps' },
    apiVersion,
    read: envelope(approval, 'approvals'),
    signal,
  });
  return answer.value;
}

/**
 * Approvals by id, steps and the viewer's permissions included. The service expands one of the two at a time, and is not
 * documented to give the other besides: the second request is made only when it did not.
 */
export async function getApprovals(
  client: Client,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<ServiceApproval[]> {
  if (ids.length === 0) return [];
  const ask = async (expand: 'steps' | 'permissions'): Promise<ServiceApproval[]> => {
    const query = { approvalIds: ids.join(), $expand: expand };
    const read = envelope(approval, 'approvals');
    return (await client.send({ path: 'pipelines/approvals', query, apiVersion, read, signal })).value;
  };
  const approvals = await ask('steps');
  if (approvals.every(({ permissions }) => permissions !== undefined)) return approvals;
  const permissions = new Map((await ask('permissions')).map((each) => [each.id, each.permissions]));
  return approvals.map((each) => ({ ...each, permissions: each.permissions ?? permissions.get(each.id) }));
}

export interface ApprovalUpdate {
  approvalId: string;
  status: 'approved' | 'rejected' | 'deferred';
  comment: string;
  /** ISO 8601; approved, but taking effect then. */
  deferredTo?: string;
}

/** Decides as the viewer. Sent once: whether a lost answer took effect is for the reader of the approval to see. */
export async function decideApproval(client: Client, update: ApprovalUpdate): Promise<ServiceApproval> {
  const answer = await client.send({
    method: 'PATCH',
    path: 'pipelines/approvals',
    apiVersion,
    body: [update],
    read: envelope(approval, 'approvals'),
  });
  const decided = answer.value.find((each) => each.id === update.approvalId);
  if (decided === undefined) throw new RequestProblem({ kind: 'refused', reason: 'notRecorded' });
  return decided;
}

const approval: Reader<ServiceApproval> = (value, where) => {
  const read = fields(value, where);
  const createdAt = read.required('createdOn', time);
  const steps = read.list('steps', step);
  return {
    id: read.text('id').toLowerCase(),
    status: read.text('status'),
    runId: read.maybeFields('pipeline')?.maybeFields('owner')?.maybe('id', id),
    instructions: read.maybeText('instructions') ?? '',
    createdAt,
    changedAt: read.maybe('lastModifiedOn', time) ?? createdAt,
    // None required means all of them.
    minRequiredApprovers: read.maybeNumber('minRequiredApprovers') || steps.length,
    inSequence: read.maybeText('executionOrder') === 'inSequence',
    steps,
    blocked: read.list('blockedApprovers', plainPerson),
    permissions: read.maybeText('permissions')?.split(/\s*,\s*/),
  };
};

const step: Reader<ApprovalStep> = (value, where) => {
  const read = fields(value, where);
  const comment = read.maybeText('comment') ?? '';
  return {
    assigned: read.maybe('assignedApprover', person) ?? { id: '', displayName: 'unknown', isGroup: false },
    actual: read.maybe('actualApprover', plainPerson),
    status: read.maybeText('status') ?? '',
    comment,
    order: read.maybeNumber('order') ?? 1,
    changedAt: read.maybe('lastModifiedOn', time),
    deferredTo: read.maybe('deferredTo', time),
    evidenceSha256: digestsIn(comment).at(-1),
  };
};
