import type { ServiceConnection } from '../../agent/server';
import type { Context } from '../context';
import { ServiceError } from '../errors';
import { listed, type Route } from '../http';
import { locations } from '../locations';
import type { StoredVariableGroup } from '../model';
import { bits, demand, demandPerson } from '../permissions';
import { check, flag, map, optional, shape, text } from '../shape';
import { integer } from './values';

const groupBody = shape({
  name: text,
  description: optional(text),
  type: optional(text),
  variables: map(shape({ value: optional(text), isSecret: optional(flag) })),
});

/** Authorization parameters that are no secrets; every other one is answered as null. */
const publicParameters = [
  'tenantid',
  'serviceprincipalid',
  'authenticationtype',
  'scope',
  'role',
  'workloadidentityfederationissuer',
  'workloadidentityfederationsubject',
  'serviceprincipalobjectid',
];

/** Variable groups, service connections, and the tokens for workload identity federation. */
export function libraryRoutes(context: Context): Route[] {
  return [...variableGroupRoutes(context), ...endpointRoutes(context), oidcRoute(context)];
}

function variableGroupRoutes(context: Context): Route[] {
  const { collection } = context;
  const { state } = collection;
  const location = locations.variableGroups;
  const find = (id: string | undefined): StoredVariableGroup => {
    const found = state.variableGroups.find((one) => one.id === integer(id, 'groupId'));
    if (!found)
      throw new ServiceError(
        404,
        'VariableGroupDoesNotExistException',
        `Variable group with ID ${id ?? ''} does not exist.`,
      );
    return found;
  };
  return [
    {
      location,
      method: 'GET',
      handle: (call) => {
        if (call.params.groupId !== undefined) return { json: group(context, find(call.params.groupId)) };
        const ids = call
          .option('groupIds')
          ?.split(',')
          .map((id) => integer(id.trim(), 'groupIds'));
        const name = call.option('groupName')?.toLowerCase();
        const found = state.variableGroups
          .filter((one) => !ids || ids.includes(one.id))
          .filter(
            (one) =>
              name === undefined ||
              (name.endsWith('*')
                ? one.name.toLowerCase().startsWith(name.slice(0, -1))
                : one.name.toLowerCase() === name),
          )
          .sort((a, b) => (call.option('queryOrder')?.toLowerCase() === 'iddescending' ? b.id - a.id : a.id - b.id));
        const top = call.option('$top');
        return listed(
          found.slice(0, top === undefined ? undefined : integer(top, '$top')).map((one) => group(context, one)),
        );
      },
    },
    {
      location,
      method: 'POST',
      handle: (call) => {
        demandPerson(call.caller, 'change variable groups');
        demand(collection, call.caller, 'library', bits.library.create, 'Create library item');
        const body = check(groupBody, call.json());
        return { json: group(context, saveVariableGroup(context, body, undefined, call.caller.identity.id)) };
      },
    },
    {
      location,
      method: 'PUT',
      handle: (call) => {
        demandPerson(call.caller, 'change variable groups');
        const found = find(call.params.groupId);
        if (found.createdBy !== call.caller.identity.id)
          demand(collection, call.caller, 'library', bits.library.administer, 'Administer library item');
        const body = check(groupBody, call.json());
        return { json: group(context, saveVariableGroup(context, body, found, call.caller.identity.id)) };
      },
    },
    {
      location,
      method: 'DELETE',
      handle: (call) => {
        demandPerson(call.caller, 'change variable groups');
        const found = find(call.params.groupId);
        if (found.createdBy !== call.caller.identity.id)
          demand(collection, call.caller, 'library', bits.library.administer, 'Administer library item');
        state.variableGroups = state.variableGroups.filter((one) => one !== found);
        collection.save();
        return { status: 204 };
      },
    },
  ];
}

/** Creates or replaces a group. A secret that is sent without a value keeps the one it had. */
export function saveVariableGroup(
  { collection }: Pick<Context, 'collection'>,
  body: ReturnType<typeof groupBody>,
  known: StoredVariableGroup | undefined,
  by: string,
): StoredVariableGroup {
  const { state } = collection;
  if (state.variableGroups.some((one) => one !== known && one.name.toLowerCase() === body.name.toLowerCase())) {
    throw new ServiceError(
      409,
      'VariableGroupExistsException',
      `A variable group with name ${body.name} already exists.`,
    );
  }
  const now = new Date().toISOString();
  const variables = Object.fromEntries(
    Object.entries(body.variables).map(([name, { value, isSecret = false }]) => [
      name,
      { value: value ?? (isSecret ? known?.variables[name]?.value : undefined) ?? '', isSecret },
    ]),
  );
  const saved: StoredVariableGroup = {
    id: known?.id ?? collection.nextId('variableGroup'),
    name: body.name,
    description: body.description ?? '',
    type: body.type ?? 'Vsts',
    variables,
    createdBy: known?.createdBy ?? by,
    createdOn: known?.createdOn ?? now,
    modifiedBy: by,
    modifiedOn: now,
  };
  state.variableGroups = [...state.variableGroups.filter((one) => one !== known), saved];
  collection.save();
  return saved;
}

function group(context: Context, one: StoredVariableGroup): Record<string, unknown> {
  const { projectId, projectName } = context.collection.state;
  const variables = Object.fromEntries(
    Object.entries(one.variables).map(([name, { value, isSecret }]) => [
      name,
      isSecret ? { value: null, isSecret } : { value },
    ]),
  );
  return {
    variables,
    id: one.id,
    type: one.type,
    name: one.name,
    description: one.description,
    createdBy: context.documents.identity(one.createdBy),
    createdOn: one.createdOn,
    modifiedBy: context.documents.identity(one.modifiedBy),
    modifiedOn: one.modifiedOn,
    isShared: false,
    variableGroupProjectReferences: [
      { projectReference: { id: projectId, name: projectName }, name: one.name, description: one.description },
    ],
  };
}

function endpointRoutes(context: Context): Route[] {
  const { connections } = context;
  return [
    {
      location: locations.endpoints,
      method: 'GET',
      handle: (call) => {
        const { endpointId } = call.params;
        if (endpointId !== undefined) {
          const found = connections.find((one) => one.id.toLowerCase() === endpointId.toLowerCase());
          // The service answers null, not 404, for an endpoint that is not there.
          return { json: found ? endpoint(context, found) : null };
        }
        const names = call.option('endpointNames')?.toLowerCase().split(',');
        const ids = call.option('endpointIds')?.toLowerCase().split(',');
        const type = call.option('type')?.toLowerCase();
        return listed(
          connections
            .filter((one) => !names || names.includes(one.name.toLowerCase()))
            .filter((one) => !ids || ids.includes(one.id.toLowerCase()))
            .filter((one) => type === undefined || one.type.toLowerCase() === type)
            .map((one) => endpoint(context, one)),
        );
      },
    },
  ];
}

function endpoint(context: Context, one: ServiceConnection): Record<string, unknown> {
  const { projectId, projectName } = context.collection.state;
  const parameters = Object.fromEntries(
    Object.entries(one.authorization.parameters).map(([name, value]) => [
      name,
      publicParameters.includes(name.toLowerCase()) ? value : null,
    ]),
  );
  const owner = context.collection.shared.identities.find((identity) => identity.kind === 'user');
  return {
    data: one.data,
    id: one.id,
    name: one.name,
    type: one.type,
    url: one.url,
    createdBy: owner ? context.documents.identity(owner.id) : null,
    description: '',
    authorization: { parameters, scheme: one.authorization.scheme },
    isShared: false,
    isOutdated: false,
    isReady: true,
    owner: 'Library',
    serviceEndpointProjectReferences: [
      { projectReference: { id: projectId, name: projectName }, name: one.name, description: '' },
    ],
  };
}

function oidcRoute(context: Context): Route {
  return {
    location: locations.oidcToken,
    method: 'POST',
    handle: (call) => {
      const { planId = '' } = call.params;
      const run = context.runs.byPlan(planId);
      if (!run)
        throw new ServiceError(
          404,
          'TaskOrchestrationPlanNotFoundException',
          `No plan found for identifier ${planId}.`,
        );
      if (call.caller.runId !== run.id) {
        throw new ServiceError(
          403,
          'AccessDeniedException',
          `Access denied. Only the job of plan ${planId} itself may ask for its token.`,
        );
      }
      const id = call.option('serviceConnectionId');
      const connection = context.connections.find((one) => one.id.toLowerCase() === id?.toLowerCase());
      if (id !== undefined && !connection) {
        throw new ServiceError(
          404,
          'ServiceEndpointNotFoundException',
          `Service connection with ID ${id} does not exist in project ${context.collection.state.projectName}.`,
        );
      }
      return { json: { oidcToken: context.oidc.token(run, connection?.name) } };
    },
  };
}
