import { isObject, asObject, asString, asStrings, type JsonObject } from './json';
import { groupPath, names } from './seed';
import { ArmFault, type Answer, type Call, type Core, type Route } from './service';
import { notFound } from './resources';

/** Types of which only the document is kept, because a workspace names them. Storage is the one account there is. */
const types = [
  'Microsoft.Storage/storageAccounts',
  'Microsoft.KeyVault/vaults',
  'Microsoft.Insights/components',
  'Microsoft.OperationalInsights/workspaces',
];

/** Names of the resources that the workspace from the start stands on. */
const seeded: Record<string, string> = {
  'Microsoft.Storage/storageAccounts': names.account,
  'Microsoft.KeyVault/vaults': 'kv-mlops',
  'Microsoft.Insights/components': 'appi-mlops',
};

/** Makes a resource of a type: what a template's deployment and a `PUT` have in common. @throws ArmFault */
export interface ResourceMaker {
  type: string;
  make: (id: string, body: JsonObject, createdBy: string) => void | Promise<void>;
}

/** The resources beside a workspace, as documents without anything behind them. */
export function plainResources(core: Core): { routes: Route[]; makers: ResourceMaker[] } {
  const makers = types.map((type): ResourceMaker => ({ type, make: (id, body) => keep(core, type, id, body) }));
  return { makers, routes: makers.flatMap((maker) => routesOf(core, maker)) };
}

function routesOf(core: Core, { type, make }: ResourceMaker): Route[] {
  const path = `/subscriptions/{subscription}/resourceGroups/{group}/providers/${type}/{resource}`;
  const idOf = (call: Call): string => `${groupPath}/providers/${type}/${call.params['resource'] ?? ''}`;
  const find = (call: Call): JsonObject => {
    const found = core.store.get(idOf(call));
    if (isObject(found)) return found;
    throw notFound(type, call.params['resource'] ?? '');
  };
  const put = async (call: Call): Promise<Answer> => {
    const isNew = core.store.get(idOf(call)) === undefined;
    await make(idOf(call), asObject(call.json()), call.caller.objectId);
    return { status: isNew ? 201 : 200, body: find(call) };
  };
  const remove = (call: Call): Answer => {
    if (core.store.get(idOf(call)) === undefined) return { status: 204 };
    core.store.delete(idOf(call));
    return { status: 200 };
  };
  const arm = (method: Route['method'], handle: Route['handle']): Route => ({ method, path, token: 'arm', handle });
  const reading =
    type === 'Microsoft.Storage/storageAccounts' ? [] : [arm('GET', (call) => ({ status: 200, body: find(call) }))];
  return [arm('PUT', put), arm('DELETE', remove), ...reading];
}

function keep(core: Core, type: string, id: string, body: JsonObject): void {
  const name = id.split('/').pop() ?? '';
  if (!/^[A-Za-z0-9][\w-]{1,127}$/.test(name))
    throw new ArmFault(400, 'InvalidResourceName', `'${name}' is not the name of a resource of type ${type}.`);
  if (seeded[type]?.toLowerCase() === name.toLowerCase())
    throw new ArmFault(409, 'ResourceInUse', `${type} '${name}' belongs to the workspace ${names.workspace}.`);
  const { kind, sku } = body;
  core.store.set(id, {
    id,
    name,
    type,
    location: asString(body['location']) ?? names.location,
    tags: asStrings(body['tags']),
    ...(kind === undefined ? {} : { kind }),
    ...(sku === undefined ? {} : { sku }),
    properties: { ...asObject(body['properties']), provisioningState: 'Succeeded' },
  });
}

/** Whether there is a resource that a workspace may stand on. */
export function resourceExists(core: Core, id: string): boolean {
  const isSeeded = Object.entries(seeded).some(
    ([type, name]) => `${groupPath}/providers/${type}/${name}`.toLowerCase() === id.toLowerCase(),
  );
  return isSeeded || core.store.get(id) !== undefined;
}
