import { approvalSettings, checkSettings, checkType, isApproval } from '../check-kinds';
import type { Context } from '../context';
import { ServiceError } from '../errors';
import { listed, type Call, type Route } from '../http';
import { locations } from '../locations';
import type { ApprovalSettings, CheckConfiguration } from '../model';
import { bits, demand, demandPerson, mayViewDefinition, mayViewEnvironment, visibleEnvironment } from '../permissions';
import { anything, check, flag, list, number, optional, shape, text } from '../shape';
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

/** Checks on environments: their configurations, and which pipelines may use a resource. */
export function checkRoutes(context: Context): Route[] {
  const { collection } = context;
  const { state } = collection;
  const visibleTo = ({ caller }: Call): CheckConfiguration[] =>
    state.checks.filter((one) => mayViewEnvironment(collection, caller, Number(one.resource.id)));
  const find = (call: Call): CheckConfiguration => {
    const { id } = call.params;
    const found = visibleTo(call).find((one) => one.id === integer(id, 'id'));
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
    const { id } = visibleEnvironment(collection, call.caller, integer(environmentId, 'resource.id'));
    demand(collection, call.caller, 'environment', bits.environment.administer, 'Administer environment', id);
  };
  return [
    {
      location: locations.checkConfigurations,
      method: 'GET',
      handle: (call) => {
        if (call.params.id !== undefined) return { json: document(context, find(call), call) };
        const [type, id] = [call.option('resourceType'), call.option('resourceId')];
        if (type === undefined || id === undefined)
          throw new ServiceError(400, 'ArgumentNullException', "'resourceType' and 'resourceId' are required.");
        return listed(on(visibleTo(call), type, id).map((one) => document(context, one, call)));
      },
    },
    {
      location: locations.checkConfigurations,
      method: 'POST',
      handle: (call) => {
        const body = check(configurationBody, call.json());
        administer(call, body.resource.id);
        const { type, resource, settings } = accepted(context, body);
        const now = new Date().toISOString();
        const by = call.caller.identity.id;
        const created: CheckConfiguration = {
          id: collection.nextId('check'),
          version: 1,
          type,
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
        const found = find(call);
        const body = check(configurationBody, call.json());
        administer(call, found.resource.id);
        const { type, resource, settings } = accepted(context, body);
        if (type.id !== found.type.id) throw refusal('A check cannot become one of another type.');
        if (resource.id !== found.resource.id) throw refusal('A check cannot move to another resource.');
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
        const found = find(call);
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
        const found = wanted.flatMap(({ type, id }) => on(visibleTo(call), type, id));
        return listed(found.map((one) => document(context, one, call)));
      },
    },
    {
      location: locations.pipelinePermissions,
      method: 'GET',
      handle: (call) => {
        const { resourceType = '', resourceId = '' } = call.params;
        const visible = state.definitions.filter((one) => mayViewDefinition(collection, call.caller, one));
        const pipelines = visible.map((one) => ({ id: one.id, authorized: true }));
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

/** Any check of the service on an environment; on other resources nothing would ask for it here, so they are refused by name. */
function accepted(
  context: Context,
  body: ReturnType<typeof configurationBody>,
): Pick<CheckConfiguration, 'type' | 'resource' | 'settings'> {
  const type = checkType(body.type);
  if (body.resource.type.toLowerCase() !== 'environment')
    throw refusal(
      `Checks on a resource of type '${body.resource.type}' are not evaluated here; only on an environment.`,
    );
  const settings = checkSettings(type, body.settings);
  if (isApproval({ type })) refuseImpossible(context, approvalSettings({ settings }));
  const environment = context.collection.environment(integer(body.resource.id, 'resource.id'));
  return { type, settings, resource: { type: 'environment', id: String(environment.id), name: environment.name } };
}

function refuseImpossible({ collection }: Context, settings: ApprovalSettings): void {
  if (settings.approvers.length === 0) throw refusal('An approval needs at least one approver.');
  for (const one of [...settings.approvers, ...(settings.blockedApprovers ?? [])]) collection.identity(one.id);
  const needed = settings.minRequiredApprovers ?? 0;
  if (!Number.isInteger(needed) || needed < 0 || needed > settings.approvers.length)
    throw refusal(
      `'minRequiredApprovers' is ${needed}, but there are ${settings.approvers.length} approvers. A group counts as one.`,
    );
}

function refusal(message: string): ServiceError {
  return new ServiceError(400, 'InvalidCheckConfigurationException', message);
}

function timeoutOf(minutes = longestTimeout): number {
  if (minutes <= 0 || minutes > longestTimeout) {
    throw refusal(`'timeout' must be between 1 and ${longestTimeout} minutes.`);
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
