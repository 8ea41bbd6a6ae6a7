import { isOpen } from '../approvals';
import { approvalCheckType } from '../check-kinds';
import type { Context } from '../context';
import { ServiceError } from '../errors';
import type { Call, Route } from '../http';
import { locations } from '../locations';
import type { Approval } from '../model';
import { bits, demand, demandPerson, mayView } from '../permissions';
import { check, oneOf, optional, shape, text } from '../shape';
import { mayViewApproval } from './approvals';

const change = shape({ action: oneOf('bypass', 'rerun'), checkId: optional(text) });

/** The suites of check runs that stages wait for: one a checkpoint, its id the checkpoint record's. */
export function checkRunRoutes(context: Context): Route[] {
  return [
    {
      location: locations.checkRuns,
      method: 'GET',
      handle: (call) => ({ json: suite(context, suiteOf(context, call), call) }),
    },
    { location: locations.checkRuns, method: 'PATCH', handle: (call) => ({ json: bypass(context, call) }) },
  ];
}

/** Only an administrator of the environment lets a stage pass without its approval, and it stays visible that they did. */
function bypass(context: Context, call: Call): Record<string, unknown> {
  const { collection, approvals } = context;
  demandPerson(call.caller, 'bypass a check');
  const { action, checkId } = check(change, call.json());
  const known = suiteOf(context, call);
  if (action === 'rerun')
    throw new ServiceError(400, 'CheckSuiteUpdateException', 'An approval cannot be run again here; queue a new run.');
  const chosen = known.filter((one) => checkId === undefined || one.id === checkId.toLowerCase());
  if (chosen.length === 0)
    throw new ServiceError(404, 'CheckRunNotFoundException', `The check suite has no check run ${checkId ?? ''}.`);
  for (const { environment } of chosen)
    demand(
      collection,
      call.caller,
      'environment',
      bits.environment.administer,
      'Administer environment',
      environment.id,
    );
  const open = chosen.filter(isOpen);
  if (open.length === 0)
    throw new ServiceError(400, 'CheckSuiteUpdateException', 'The check is not running any more; nothing to bypass.');
  for (const { id } of open) approvals.bypass(id, call.caller.identity.id);
  return suite(context, known, call);
}

function suiteOf(context: Context, call: Call): Approval[] {
  const { collection, approvals, runs } = context;
  const id = call.params.checkSuiteId;
  const found = approvals.all().filter((one) => one.checkpointId === id?.toLowerCase());
  const visible = found.some(
    (one) => mayViewApproval(context, call, one) || mayView(collection, call.caller, runs.get(one.runId)),
  );
  if (!visible)
    throw new ServiceError(404, 'CheckSuiteNotFoundException', `Check suite with ID ${id ?? ''} does not exist.`);
  return found;
}

function suite(context: Context, approvals: Approval[], call: Call): Record<string, unknown> {
  const first = approvals[0];
  const statuses = approvals.map(statusOf);
  const order = ['rejected', 'timedOut', 'canceled', 'running'];
  const resources = (call.option('$expand') ?? '').toLowerCase().includes('resources');
  return {
    id: first?.checkpointId,
    context: {
      Pipeline: { Owner: { Id: first?.runId } },
      GraphNode: { Name: first?.stage.name, Attempt: first?.stage.attempt },
    },
    status: order.find((status) => statuses.includes(status)) ?? 'approved',
    completedDate: statuses.includes('running') ? null : first?.lastModifiedOn,
    message: approvals.map((one) => messageOf(context, one)).find((one) => one !== '') ?? '',
    checkRuns: approvals.map((one) => ({
      id: one.id,
      status: statusOf(one),
      resultMessage: messageOf(context, one),
      createdDate: one.createdOn,
      completedDate: isOpen(one) ? null : one.lastModifiedOn,
      checkConfigurationRef: {
        id: one.configurationId,
        type: approvalCheckType,
        ...(resources
          ? { resource: { type: 'environment', id: String(one.environment.id), name: one.environment.name } }
          : {}),
      },
    })),
  };
}

/** A status of its own for a bypass is in no published definition: it counts as approved, and its message says what it was. */
function statusOf(approval: Approval): string {
  if (approval.bypassed) return 'approved';
  return isOpen(approval) ? 'running' : approval.status;
}

function messageOf({ collection }: Context, approval: Approval): string {
  if (!approval.bypassed) return '';
  const by = approval.bypassedBy === undefined ? undefined : collection.identity(approval.bypassedBy);
  return by ? `The check was bypassed by ${by.displayName} (${by.uniqueName}).` : 'The check was bypassed.';
}
