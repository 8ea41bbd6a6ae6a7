import { isOpen } from '../approvals';
import { stepOf } from '../approval-rules';
import type { Context } from '../context';
import { ServiceError } from '../errors';
import { listed, type Call, type Route } from '../http';
import { locations } from '../locations';
import type { Approval, ApprovalStep } from '../model';
import { allows, bits, buildToken, demandPerson, mayViewEnvironment } from '../permissions';
import { check, list, oneOf, optional, shape, text } from '../shape';
import { integer } from './values';

const states = [
  'undefined',
  'uninitiated',
  'pending',
  'approved',
  'rejected',
  'skipped',
  'canceled',
  'timedOut',
  'deferred',
  'failed',
  'completed',
  'all',
] as const;

const updates = list(
  shape({
    approvalId: text,
    status: optional(oneOf('approved', 'rejected', 'deferred')),
    comment: optional(text),
    deferredTo: optional(text),
    assignedApprover: optional(shape({ id: text })),
    reassignTo: optional(shape({ id: text })),
  }),
);

/** Approvals: query, one, decide. */
export function approvalRoutes(context: Context): Route[] {
  const { approvals } = context;
  return [
    {
      location: locations.approvals,
      method: 'GET',
      handle: (call) => {
        const { approvalId } = call.params;
        if (approvalId !== undefined)
          return { json: approvalDocument(context, visible(context, call, approvalId), call) };
        return listed(query(context, call).map((approval) => approvalDocument(context, approval, call)));
      },
    },
    {
      location: locations.approvals,
      method: 'PATCH',
      handle: (call) => {
        demandPerson(call.caller, 'decide an approval');
        const changed = check(updates, call.json()).map((update) => {
          const by = call.caller.identity.id;
          const from = update.assignedApprover?.id;
          const comment = update.comment ?? '';
          const { environment } = visible(context, call, update.approvalId);
          if (update.reassignTo) {
            const anyStep = administers(context, call, environment.id);
            return approvals.reassign(update.approvalId, { from, to: update.reassignTo.id, comment, anyStep }, by);
          }
          if (update.status === undefined)
            throw new ServiceError(
              400,
              'ApprovalUpdateException',
              `The update of approval ${update.approvalId} has no status.`,
            );
          const { approvalId, status, deferredTo } = update;
          return approvals.decide({ approvalId, status, comment, deferredTo, assignedApprover: from }, by);
        });
        return listed(changed.map((approval) => approvalDocument(context, approval, call, true)));
      },
    },
  ];
}

function query(context: Context, call: Call): Approval[] {
  const { collection } = context;
  const ids = call
    .option('approvalIds')
    ?.toLowerCase()
    .split(',')
    .map((id) => id.trim());
  const state = check(oneOf(...states), call.option('state') ?? 'all', 'state');
  // 7.1 says userIds, 7.2 says assignedTo.
  const people = (call.option('assignedTo') ?? call.option('userIds'))?.split(',').map((name) => {
    if (name.trim().toLowerCase() === 'me') return call.caller.identity;
    const found = collection.findIdentity(name);
    if (!found) throw new ServiceError(404, 'IdentityNotFoundException', `The identity '${name}' could not be found.`);
    return found;
  });
  const assigned = (approval: Approval, person: string): boolean =>
    approval.steps.some((step) => collection.isMember(person, step.assignedApprover));
  const top = call.option('top');
  const most = top === undefined ? undefined : integer(top, 'top');
  if (most !== undefined && most < 1) throw new ServiceError(400, 'ArgumentException', "'top' must be at least 1.");
  return context.approvals
    .all()
    .filter((approval) => mayViewApproval(context, call, approval))
    .filter((approval) => !ids || ids.includes(approval.id))
    .filter((approval) => inState(approval, state))
    .filter((approval) => !people || people.some((person) => assigned(approval, person.id)))
    .sort((a, b) => b.createdOn.localeCompare(a.createdOn))
    .slice(0, most);
}

/**
 * An approval shows to whoever may view its environment, is or was asked for it, or runs as its job. Nothing says that the service
 * hides one whose run the caller may not see, so it does not: the run's number and pipeline are in it then.
 */
export function mayViewApproval({ collection }: Context, { caller }: Call, approval: Approval): boolean {
  if (mayViewEnvironment(collection, caller, approval.environment.id)) return true;
  if (caller.runId === approval.runId) return true;
  return approval.steps.some(
    (step) =>
      collection.isMember(caller.identity.id, step.assignedApprover) || step.actualApprover === caller.identity.id,
  );
}

function visible(context: Context, call: Call, id: string): Approval {
  const approval = context.approvals.get(id);
  if (mayViewApproval(context, call, approval)) return approval;
  throw context.approvals.notFound(id);
}

function administers({ collection }: Context, { caller }: Call, environmentId: number): boolean {
  return (
    caller.runId === undefined && allows(collection, caller, 'environment', bits.environment.administer, environmentId)
  );
}

function inState(approval: Approval, state: (typeof states)[number]): boolean {
  if (state === 'all' || state === 'undefined') return true;
  if (state === 'completed') return !isOpen(approval);
  return approval.status === state;
}

export function approvalDocument(
  context: Context,
  approval: Approval,
  call: Call,
  steps = false,
): Record<string, unknown> {
  const { collection, documents, runs } = context;
  const expand = (call.option('$expand') ?? '')
    .toLowerCase()
    .split(',')
    .map((word) => word.trim());
  const withPermissions = expand.includes('permissions');
  const withSteps = steps || withPermissions || expand.includes('steps');
  const run = runs.get(approval.runId);
  const definition = collection.definition(run.definitionId);
  return {
    id: approval.id,
    steps: withSteps ? approval.steps.map((step) => stepDocument(context, approval, step, call, withPermissions)) : [],
    status: approval.status,
    createdOn: approval.createdOn,
    lastModifiedOn: approval.lastModifiedOn,
    executionOrder: approval.executionOrder,
    minRequiredApprovers: approval.minRequiredApprovers,
    blockedApprovers: approval.blockedApprovers.map((id) => documents.identity(id)),
    instructions: approval.instructions,
    ...(withPermissions ? { permissions: permissionsOf(context, approval, call) } : {}),
    _links: { self: { href: `${collection.projectUrl}/_apis/pipelines/approvals/${approval.id}` } },
    pipeline: {
      owner: {
        _links: {
          web: { href: runs.webUrl(run) },
          self: { href: `${collection.projectUrl}/_apis/build/Builds/${run.id}` },
        },
        id: run.id,
        name: run.number,
      },
      id: String(definition.id),
      name: definition.name,
    },
  };
}

function stepDocument(
  context: Context,
  approval: Approval,
  step: ApprovalStep,
  call: Call,
  withPermissions: boolean,
): Record<string, unknown> {
  const { documents, collection } = context;
  const mine =
    stepOf(approval, call.caller.identity.id, collection, step.assignedApprover) === step && isOpen(approval);
  return {
    assignedApprover: documents.identity(step.assignedApprover),
    actualApprover: step.actualApprover === undefined ? null : documents.identity(step.actualApprover),
    status: step.status,
    comment: step.comment,
    order: step.order,
    initiatedOn: step.initiatedOn ?? null,
    lastModifiedOn: step.lastModifiedOn,
    lastModifiedBy: documents.identity(step.lastModifiedBy),
    deferredTo: step.deferredTo ?? null,
    history: step.history.map((one) => ({
      assignedTo: documents.identity(one.assignedTo),
      createdBy: documents.identity(one.createdBy),
      createdOn: one.createdOn,
      comment: one.comment,
    })),
    ...(withPermissions ? { permissions: mine && call.caller.runId === undefined ? 'view, update' : 'view' } : {}),
  };
}

/** What the caller may do with the approval, as the service's flags: `update` shows the buttons. */
function permissionsOf(context: Context, approval: Approval, call: Call): string {
  const { collection, runs } = context;
  const { caller } = call;
  const person = caller.runId === undefined;
  const flags = ['view'];
  if (person && isOpen(approval) && stepOf(approval, caller.identity.id, collection)) flags.push('update', 'reassign');
  if (administers(context, call, approval.environment.id)) flags.push('resourceAdmin');
  const definition = collection.definition(runs.get(approval.runId).definitionId);
  if (person && allows(collection, caller, 'build', bits.build.queue, buildToken(collection, definition)))
    flags.push('queueBuild');
  return flags.join(', ');
}
