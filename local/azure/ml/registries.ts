import { notFound } from '../resources';
import { armRoute, type Answer, type Call, type Core, type Route } from '../service';
import { page } from './versioned';
import {
  invalid,
  isObject,
  object,
  optionalObject,
  optionalText,
  param,
  provider,
  text,
  textMap,
  type Json,
} from './wire';

const all = `/subscriptions/{subscription}/resourceGroups/{group}/providers/${provider}/registries`;
const one = `${all}/{registry}`;

/** Registries of Azure Machine Learning (swagger: `Registries_*`), as documents: assets of registries are refused. */
export function registryRoutes(core: Core): Route[] {
  const find = (call: Call): Json => {
    const found = core.store.get(idOf(call));
    if (isObject(found)) return found;
    throw notFound(`${provider}/registries`, param(call, 'registry'));
  };
  const refuse = (call: Call): never => {
    find(call);
    throw invalid('This local Azure keeps registries without assets: use those of the workspace.', 'NotSupported');
  };
  const methods: Route['method'][] = ['GET', 'PUT', 'POST', 'DELETE'];
  return [
    armRoute('PUT', one, (call) => put(core, call)),
    armRoute('GET', one, (call) => ({ status: 200, body: find(call) })),
    armRoute('GET', all, (call) => page(call, list(core, call))),
    armRoute('DELETE', one, (call) => {
      const status = core.store.get(idOf(call)) === undefined ? 204 : 200;
      core.store.delete(idOf(call));
      return { status };
    }),
    ...methods.map((method) => armRoute(method, `${one}/{rest+}`, refuse)),
  ];
}

function put(core: Core, call: Call): Answer {
  const id = idOf(call);
  const name = param(call, 'registry');
  if (!/^[A-Za-z0-9][\w-]{2,32}$/.test(name))
    throw invalid(
      `The registry name '${name}' must have 3 to 33 letters, digits, dashes and underscores.`,
      'InvalidName',
      'name',
    );
  const request = object(call.json(), 'body');
  const asked = object(request['properties'], 'properties');
  const regions = asked['regionDetails'];
  if (!Array.isArray(regions) || regions.length === 0)
    throw invalid('A registry needs regionDetails.', 'ValidationError', 'properties.regionDetails');
  for (const [index, region] of regions.entries()) {
    const where = `properties.regionDetails[${index}]`;
    text(object(region, where), 'location', where);
  }
  const existing = core.store.get(id);
  const now = new Date().toISOString();
  const before = isObject(existing) ? optionalObject(existing['systemData'], 'systemData') : undefined;
  const host = new URL(core.url).host;
  core.store.set(id, {
    id,
    name,
    type: `${provider}/registries`,
    location: text(request, 'location', 'body'),
    tags: textMap(request['tags'], 'tags'),
    identity: {
      type: optionalText(optionalObject(request['identity'], 'identity'), 'type', 'identity') ?? 'SystemAssigned',
      principalId: core.workspaceIdentity.objectId,
      tenantId: core.tenantId,
    },
    properties: {
      publicNetworkAccess: 'Enabled',
      ...asked,
      discoveryUrl: `${core.url}/discovery`,
      mlFlowRegistryUri: `azureml://${host}/mlflow/v1.0${id}`,
    },
    systemData: {
      ...(before ?? { createdAt: now, createdBy: call.caller.objectId, createdByType: 'Application' }),
      lastModifiedAt: now,
    },
  });
  return { status: existing === undefined ? 201 : 200, body: core.store.get(id) };
}

function list(core: Core, call: Call): Json[] {
  const start = idOf({ ...call, params: { ...call.params, registry: '' } });
  return core.store
    .keys(start)
    .map((key) => core.store.get(key))
    .filter(isObject);
}

function idOf(call: Call): string {
  return `/subscriptions/${param(call, 'subscription')}/resourceGroups/${param(call, 'group')}/providers/${provider}/registries/${param(call, 'registry')}`;
}
