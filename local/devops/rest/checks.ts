import { approvalCheckType, isOpen } from '../approvals';
import type { Context } from '../context';
import { ServiceError } from '../errors';
import { listed, type Call, type Route } from '../http';
import { locations } from '../locations';
import { approvalSettingsShape, type Approval, type ApprovalSettings, type CheckConfiguration } from '../model';
import { bits, demand, demandPerson } from '../permissions';
import { anything, check, flag, list, number, oneOf, optional, shape, text } from '../shape';
import { integer } from './values';

/** The longest a check may wait: 30 days, in minutes. */
const longestTimeout = 43_200;

const configurationBody = shape({
  type: shape({ id: optional(text), name: optional(text) }),
  settings: anything,
  resource: shape({ type: text, id: text, name: optional(text) }),
  timeout: optional(number),
  isDisabled: optional(flag),
  version: optional(number),
});

/** Checks on environments: their configurations, and the suites of check runs that stages wait for. */
export function checkRoutes(context: Context): Route[] {
  const { collection } = context;
  const { state } = collection;
  const find = (id: string | undefined): CheckConfiguration => {
    const found = state.checks.find((one) => one.id === integer(id, 'id'));
    if (!found)
      throw new ServiceError(
        404,
        'CheckConfigurationNotFoundException',
        `Check configuration with ID ${id ?? ''} does not exist.`,
      );
    return found;
  };
  const administer = (call: Call, environmentId: string): void => {
    demandPerson(call.caller, 'change checks');
    const id = integer(environmentId, 'resource.id');
    collection.environment(id);
    demand(collection, call.caller, 'environment', bits.environment.administer, 'Administer environment', id);
  };
  return [
    {
      location: locations.checkConfigurations,
      method: 'GET',
      handle: (call) => {
        if (call.params.id !== undefined) return { json: document(context, find(call.params.id), call) };
        const [type, id] = [call.option('resourceType'), call.option('resourceId')];
        if (type === undefined || id === undefined)
          throw new ServiceError(400, 'ArgumentNullException', "'resourceType' and 'resourceId' are required.");
        return listed(on(state.checks, type, id).map((one) => document(context, one, call)));
      },
    },
    {
      location: locations.checkConfigurations,
      method: 'POST',
      handle: (call) => {
        const body = check(configurationBody, call.json());
        const { resource, settings } = accepted(context, body);
        administer(call, resource.id);
        const now = new Date().toISOString();
        const by = call.caller.identity.id;
        const created: CheckConfiguration = {
          id: collection.nextId('check'),
          version: 1,
          type: approvalCheckType,
          resource,
          settings,
          timeout: timeoutOf(body.timeout),
          isDisabled: body.isDisabled ?? false,
          createdBy: by,
          createdOn: now,
          modifiedBy: by,
          modifiedOn: now,
        };
        state.checks.push(created);
        collection.save();
        return { json: document(context, created, call, true) };
      },
    },
    {
      location: locations.checkConfigurations,
      method: 'PATCH',
      handle: (call) => {
        const found = find(call.params.id);
        const body = check(configurationBody, call.json());
        const { resource, settings } = accepted(context, body);
        administer(call, found.resource.id);
        if (resource.id !== found.resource.id)
          throw new ServiceError(400, 'InvalidCheckConfigurationException', 'A check cannot move to another resource.');
        if (body.version !== undefined && body.version !== found.version) {
          throw new ServiceError(
            409,
            'CheckConfigurationVersionMismatchException',
            `Check configuration ${found.id} has version ${found.version} by now, not ${body.version}. Read it again.`,
          );
        }
        found.settings = settings;
        found.timeout = timeoutOf(body.timeout ?? found.timeout);
        found.isDisabled = body.isDisabled ?? found.isDisabled;
        found.version += 1;
        found.modifiedBy = call.caller.identity.id;
        found.modifiedOn = new Date().toISOString();
        collection.save();
        return { json: document(context, found, call, true) };
      },
    },
    {
      location: locations.checkConfigurations,
      method: 'DELETE',
      handle: (call) => {
        const found = find(call.params.id);
        administer(call, found.resource.id);
        state.checks = state.checks.filter((one) => one !== found);
        collection.save();
        return { status: 204 };
      },
    },
    {
      location: locations.checkQuery,
      method: 'POST',
      handle: (call) => {
        const wanted = check(list(shape({ type: text, id: text, name: optional(text) })), call.json());
        const found = wanted.flatMap(({ type, id }) => on(state.checks, type, id));
        return listed(found.map((one) => document(context, one, call)));
      },
    },
    {
      location: locations.checkRuns,
      method: 'GET',
      handle: (call) => ({ json: suite(suiteOf(context, call.params.checkSuiteId), call) }),
    },
    {
      location: locations.checkRuns,
      method: 'PATCH',
      handle: (call) => {
        demandPerson(call.caller, 'bypass a check');
        const { action, checkId } = check(
          shape({ action: oneOf('bypass', 'rerun'), checkId: optional(text) }),
          call.json(),
        );
        const approvals = suiteOf(context, call.params.checkSuiteId);
        if (action === 'rerun')
          throw new ServiceError(
            400,
            'CheckSuiteUpdateException',
            'An approval cannot be run again here; queue a new run.',
          );
        const chosen = approvals.filter((one) => checkId === undefined || one.id === checkId.toLowerCase());
        if (chosen.length === 0)
          throw new ServiceError(
            404,
            'CheckRunNotFoundException',
            `The check suite has no check run ${checkId ?? ''}.`,
          );
        for (const one of chosen) {
          demand(
            collection,
            call.caller,
            'environment',
            bits.environment.administer,
            'Administer environment',
            one.environment.id,
          );
        }
        for (const one of chosen) if (isOpen(one)) context.approvals.bypass(one.id, call.caller.identity.id);
        return { json: suite(approvals, call) };
      },
    },
    {
      location: locations.pipelinePermissions,
      method: 'GET',
      handle: (call) => {
        const { resourceType = '', resourceId = '' } = call.params;
        const pipelines = state.definitions.map((one) => ({ id: one.id, authorized: true }));
        // Every pipeline of the project may use every resource here.
        return {
          json: { resource: { type: resourceType, id: resourceId }, allPipelines: { authorized: true }, pipelines },
        };
      },
    },
  ];
}

function on(checks: CheckConfiguration[], type: string, id: string): CheckConfiguration[] {
  return checks.filter((one) => one.resource.type === type.toLowerCase() && one.resource.id === id);
}

/** Only approvals on environments are evaluated here; everything else is refused by its name instead of being ignored. */
function accepted(
  context: Context,
  body: ReturnType<typeof configurationBody>,
): { resource: CheckConfiguration['resource']; settings: ApprovalSettings } {
  const { type, resource } = body;
  const refuse = (message: string): ServiceError =>
    new ServiceError(400, 'InvalidCheckConfigurationException', message);
  const isApproval =
    type.id?.toLowerCase() === approvalCheckType.id || (type.id === undefined && type.name === approvalCheckType.name);
  if (!isApproval)
    throw refuse(
      `Checks of type '${type.name ?? type.id ?? ''}' are not evaluated here; only '${approvalCheckType.name}' is.`,
    );
  if (resource.type.toLowerCase() !== 'environment')
    throw refuse(`Checks on a resource of type '${resource.type}' are not evaluated here; only on an environment.`);
  const settings = check(approvalSettingsShape, body.settings, '$.settings');
  if (settings.approvers.length === 0) throw refuse('An approval needs at least one approver.');
  for (const one of [...settings.approvers, ...(settings.blockedApprovers ?? [])]) context.collection.identity(one.id);
  const needed = settings.minRequiredApprovers ?? 0;
  if (!Number.isInteger(needed) || needed < 0 || needed > settings.approvers.length) {
    throw refuse(
      `'minRequiredApprovers' is ${needed}, but there are ${settings.approvers.length} approvers. A group counts as one.`,
    );
  }
  const environment = context.collection.environment(integer(resource.id, 'resource.id'));
  return { settings, resource: { type: 'environment', id: resource.id, name: environment.name } };
}

function timeoutOf(minutes = longestTimeout): number {
  if (minutes <= 0 || minutes > longestTimeout) {
    throw new ServiceError(
      400,
      'InvalidCheckConfigurationException',
      `'timeout' must be between 1 and ${longestTimeout} minutes.`,
    );
  }
  return minutes;
}

function document(
  context: Context,
  one: CheckConfiguration,
  call: Call,
  withSettings = false,
): Record<string, unknown> {
  const url = `${context.collection.projectUrl}/_apis/pipelines/checks/configurations/${one.id}`;
  const expand = (call.option('$expand') ?? '').toLowerCase();
  return {
    ...(withSettings || expand.includes('settings') ? { settings: one.settings } : {}),
    createdBy: context.documents.identity(one.createdBy),
    createdOn: one.createdOn,
    modifiedBy: context.documents.identity(one.modifiedBy),
    modifiedOn: one.modifiedOn,
    timeout: one.timeout,
    isDisabled: one.isDisabled ?? false,
    _links: { self: { href: url } },
    id: one.id,
    version: one.version,
    type: one.type,
    url,
    resource: one.resource,
  };
}

function suiteOf(context: Context, id: string | undefined): Approval[] {
  const found = context.approvals.all().filter((one) => one.checkpointId === id?.toLowerCase());
  if (found.length === 0)
    throw new ServiceError(404, 'CheckSuiteNotFoundException', `Check suite with ID ${id ?? ''} does not exist.`);
  return found;
}

function suite(approvals: Approval[], call: Call): Record<string, unknown> {
  const first = approvals[0];
  const statuses = approvals.map(checkStatus);
  const order = ['rejected', 'timedOut', 'canceled', 'running'];
  const expand = (call.option('$expand') ?? '').toLowerCase();
  return {
    id: first?.checkpointId,
    context: {
      Pipeline: { Owner: { Id: first?.runId } },
      GraphNode: { Name: first?.stage.name, Attempt: first?.stage.attempt },
    },
    status: order.find((status) => statuses.includes(status)) ?? 'approved',
    completedDate: statuses.includes('running') ? null : first?.lastModifiedOn,
    message: '',
    checkRuns: approvals.map((one) => ({
      id: one.id,
      status: checkStatus(one),
      resultMessage: one.bypassed ? 'The check was bypassed.' : '',
      createdDate: one.createdOn,
      completedDate: isOpen(one) ? null : one.lastModifiedOn,
      checkConfigurationRef: {
        id: one.configurationId,
        type: approvalCheckType,
        ...(expand.includes('resources')
          ? { resource: { type: 'environment', id: String(one.environment.id), name: one.environment.name } }
          : {}),
      },
    })),
  };
}

function checkStatus(approval: Approval): string {
  return isOpen(approval) ? 'running' : approval.status;
}
