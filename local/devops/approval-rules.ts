import type { Collection } from './collection';
import { ServiceError } from './errors';
import type { Approval, ApprovalStep } from './model';

/** The rules of the Approval check: who may decide, and when enough have decided. No input or output here. */

export interface Decision {
  status: 'approved' | 'rejected' | 'deferred';
  comment: string;
  /** When the approval takes effect, for `deferred`. */
  deferredTo?: string;
  /** Which step, when the caller may decide several. */
  assignedApprover?: string;
}

/** The step the person may decide now, or `undefined`. */
export function stepOf(
  approval: Approval,
  person: string,
  collection: Collection,
  assigned?: string,
): ApprovalStep | undefined {
  if (isBlocked(approval, person, collection)) return undefined;
  return approval.steps.find(
    (step) =>
      step.status === 'pending' &&
      (assigned === undefined || step.assignedApprover === assigned) &&
      collection.isMember(person, step.assignedApprover),
  );
}

/** Records the decision in the step and settles the approval when that was enough. */
export function decide(approval: Approval, decision: Decision, by: string, collection: Collection): void {
  if (approval.status !== 'pending' && approval.status !== 'deferred') {
    throw refused(`Approval ${approval.id} is not pending any more: it is ${approval.status}.`);
  }
  const step = stepOf(approval, by, collection, decision.assignedApprover);
  if (!step) throw notAllowed(approval, by, collection);
  const now = new Date();
  if (decision.status === 'deferred') step.deferredTo = momentOf(decision.deferredTo, now);
  step.status = decision.status;
  step.actualApprover = by;
  step.comment = decision.comment;
  step.lastModifiedBy = by;
  step.lastModifiedOn = now.toISOString();
  approval.lastModifiedOn = now.toISOString();
  settle(approval, now);
}

export interface Reassignment {
  /** The approver whose step it is; the caller's own when absent. */
  from?: string;
  to: string;
  comment: string;
  by: string;
  /** Whether the caller may pass on the steps of others: an administrator of the environment. */
  anyStep: boolean;
}

/** Passes a step that waits to somebody else, and keeps who did so. Who was blocked stays blocked. */
export function reassign(approval: Approval, change: Reassignment, collection: Collection): void {
  const { from, by } = change;
  const waiting = approval.steps.filter((step) => step.status === 'pending' || step.status === 'uninitiated');
  const step =
    stepOf(approval, by, collection, from) ??
    (change.anyStep ? waiting.find((one) => from === undefined || one.assignedApprover === from) : undefined);
  if (!step) throw notAllowed(approval, by, collection);
  const to = collection.identity(change.to).id;
  if (approval.steps.some((one) => one !== step && one.assignedApprover === to))
    throw refused(`${collection.identity(to).displayName} is an approver of ${approval.id} already.`);
  const now = new Date().toISOString();
  step.history.push({ assignedTo: step.assignedApprover, createdBy: by, createdOn: now, comment: change.comment });
  step.assignedApprover = to;
  step.lastModifiedBy = by;
  step.lastModifiedOn = now;
  approval.lastModifiedOn = now;
}

/** Brings the approval's status in line with its steps: one rejection ends it, enough approvals pass it. */
export function settle(approval: Approval, now: Date): void {
  if (approval.status !== 'pending' && approval.status !== 'deferred') return;
  for (const step of approval.steps) {
    if (step.status === 'deferred' && step.deferredTo !== undefined && Date.parse(step.deferredTo) <= now.getTime()) {
      step.status = 'approved';
      step.lastModifiedOn = now.toISOString();
    }
  }
  const count = (status: ApprovalStep['status']): number =>
    approval.steps.filter((step) => step.status === status).length;
  const needed = approval.minRequiredApprovers > 0 ? approval.minRequiredApprovers : approval.steps.length;
  if (count('rejected') > 0) end(approval, 'rejected', now);
  else if (count('approved') >= Math.min(needed, approval.steps.length)) end(approval, 'approved', now);
  else {
    approval.status = count('deferred') > 0 && count('pending') === 0 ? 'deferred' : 'pending';
    if (approval.executionOrder === 'inSequence') startNext(approval, now);
  }
}

export function isBlocked(approval: Approval, person: string, collection: Collection): boolean {
  return approval.blockedApprovers.some((blocked) => collection.isMember(person, blocked));
}

function end(approval: Approval, status: 'approved' | 'rejected', now: Date): void {
  approval.status = status;
  approval.lastModifiedOn = now.toISOString();
  for (const step of approval.steps) {
    if (step.status === 'pending' || step.status === 'uninitiated') step.status = 'skipped';
  }
}

function startNext(approval: Approval, now: Date): void {
  if (approval.steps.some((step) => step.status === 'pending' || step.status === 'deferred')) return;
  const next = approval.steps.find((step) => step.status === 'uninitiated');
  if (!next) return;
  next.status = 'pending';
  next.initiatedOn = now.toISOString();
}

function momentOf(text: string | undefined, now: Date): string {
  const moment = Date.parse(text ?? '');
  if (Number.isNaN(moment)) throw refused("A deferred approval needs 'deferredTo', the time at which it takes effect.");
  if (moment <= now.getTime()) throw refused(`'deferredTo' must be in the future; ${text ?? ''} is not.`);
  return new Date(moment).toISOString();
}

function refused(message: string): ServiceError {
  return new ServiceError(400, 'ApprovalUpdateException', message);
}

function notAllowed(approval: Approval, by: string, collection: Collection): ServiceError {
  const who = collection.identity(by).displayName;
  const open = approval.steps.filter((step) => step.status === 'pending');
  const names = open.map((step) => collection.identity(step.assignedApprover).displayName).join(', ');
  const reason = isBlocked(approval, by, collection)
    ? 'is blocked from approving this run (the requester of a run cannot approve it)'
    : `is not among its approvers (${names})`;
  return new ServiceError(
    403,
    'ApprovalUnauthorizedException',
    `${who} ${reason}; approval ${approval.id} was not changed.`,
  );
}
