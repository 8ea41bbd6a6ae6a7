import { isOpen } from '../approvals';
import { stepOf } from '../approval-rules';
import type { Context } from '../context';
import { ServiceError } from '../errors';
import { listed, type Call, type Route } from '../http';
import { locations } from '../locations';
import type { Approval, ApprovalStep } from '../model';
import { allows, bits, demandPerson } from '../permissions';
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
        if (approvalId !== undefined) return { json: approvalDocument(context, approvals.get(approvalId), call) };
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
          if (update.reassignTo) return approvals.reassign(update.approvalId, from, update.reassignTo.id, comment, by);
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
  const state = check(oneOf(...states), call.option('state') ?? (ids ? 'all' : 'pending'), 'state');
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
  return context.approvals
    .all()
    .filter((approval) => !ids || ids.includes(approval.id))
    .filter((approval) => inState(approval, state))
    .filter((approval) => !people || people.some((person) => assigned(approval, person.id)))
    .sort((a, b) => b.createdOn.localeCompare(a.createdOn))
    .slice(0, top === undefined ? undefined : integer(top, 'top'));
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
  const { collection } = context;
  const { caller } = call;
  const person = caller.runId === undefined;
  const flags = ['view'];
  if (person && isOpen(approval) && stepOf(approval, caller.identity.id, collection)) flags.push('update', 'reassign');
  if (person && allows(collection, caller, 'environment', bits.environment.administer, approval.environment.id))
    flags.push('resourceAdmin');
  if (person && allows(collection, caller, 'build', bits.build.queue)) flags.push('queueBuild');
  return flags.join(', ');
}
