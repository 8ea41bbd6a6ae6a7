import { randomUUID } from 'node:crypto';
import { resourceExists } from '../plain-resources';
import { groupPath, names, workspacePath, type Directory } from '../seed';
import type { Core } from '../service';
import { invalid, isObject, object, optionalObject, optionalText, provider, text, textMap, type Json } from './wire';

/** What is kept of a workspace; the rest of its document follows from where this cloud runs. */
export interface Kept {
  id: string;
  workspaceId: string;
  location: string;
  tags: Record<string, string>;
  identity: Json;
  created: string;
  createdBy: string;
  modified: string;
  /** Members of `properties` that the caller decides. */
  properties: Json;
  provisioningState: string;
}

/** Members of `properties` that can be given anew after the creation. */
const changeable = [
  'friendlyName',
  'description',
  'imageBuildCompute',
  'publicNetworkAccess',
  'applicationInsights',
  'containerRegistry',
  'v1LegacyMode',
  'serverlessComputeSettings',
  'systemDatastoresAuthMode',
  'enableDataIsolation',
];

/** The resources that a workspace stands on. */
const dependent: Record<string, RegExp> = {
  storageAccount: /\/providers\/Microsoft\.Storage\/storageAccounts\/[^/]+$/i,
  keyVault: /\/providers\/Microsoft\.KeyVault\/vaults\/[^/]+$/i,
  applicationInsights: /\/providers\/Microsoft\.Insights\/components\/[^/]+$/i,
};

/** The workspace that there is from the start. */
export function seededWorkspace(directory: Directory, created: string): Kept {
  const of = (type: string, name: string): string => `${groupPath}/providers/${type}/${name}`;
  return {
    id: workspacePath,
    workspaceId: names.workspaceId,
    location: names.location,
    tags: {},
    identity: { type: 'SystemAssigned', principalId: directory.workspaceIdentity.objectId, tenantId: names.tenantId },
    created,
    createdBy: directory.servicePrincipal.clientId,
    modified: created,
    properties: {
      storageAccount: of('Microsoft.Storage/storageAccounts', names.account),
      keyVault: of('Microsoft.Keyvault/vaults', 'kv-mlops'),
      applicationInsights: of('Microsoft.insights/components', 'appi-mlops'),
      containerRegistry: of('Microsoft.ContainerRegistry/registries', names.registry),
    },
    provisioningState: 'Succeeded',
  };
}

/** Checks a request for a workspace. Without the resources it stands on the service refuses it. @throws ArmFault 400 */
export function newWorkspace(core: Core, id: string, body: unknown, before: Kept | undefined, by: string): Kept {
  const request = object(body, 'body');
  const name = id.split('/').pop() ?? '';
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}$/.test(name))
    throw invalid(
      `The workspace name '${name}' must have 3 to 33 letters, digits, dashes and underscores, and start with a letter or digit.`,
      'InvalidName',
      'name',
    );
  const kind = optionalText(request, 'kind', 'body') ?? 'Default';
  if (kind.toLowerCase() !== 'default')
    throw invalid(`This local Azure has workspaces of kind Default only, not '${kind}'.`, 'NotSupported', 'kind');
  const asked = optionalObject(request['properties'], 'properties');
  const now = new Date().toISOString();
  return {
    id,
    workspaceId: before?.workspaceId ?? randomUUID(),
    location: before?.location ?? text(request, 'location', 'body'),
    tags: textMap(request['tags'], 'tags'),
    identity: before?.identity ?? identity(core, request['identity']),
    created: before?.created ?? now,
    createdBy: before?.createdBy ?? by,
    modified: now,
    properties: {
      ...before?.properties,
      ...checkDependent(core, asked, before?.properties ?? {}),
      ...chosen(asked),
      hbiWorkspace: before?.properties['hbiWorkspace'] ?? String(asked['hbiWorkspace']) === 'true',
    },
    provisioningState: before?.provisioningState === 'Succeeded' ? 'Succeeded' : 'Creating',
  };
}

/** Tags and what can be changed of a workspace. @throws ArmFault 400 */
export function changedWorkspace(kept: Kept, body: unknown): Kept {
  const request = object(body, 'body');
  const asked = optionalObject(request['properties'], 'properties');
  return {
    ...kept,
    tags: request['tags'] === undefined ? kept.tags : textMap(request['tags'], 'tags'),
    properties: { ...kept.properties, ...chosen(asked) },
    modified: new Date().toISOString(),
  };
}

function chosen(asked: Json): Json {
  const given = changeable.filter((key) => asked[key] !== undefined && asked[key] !== null && asked[key] !== '');
  return Object.fromEntries(given.map((key) => [key, asked[key]]));
}

function checkDependent(core: Core, asked: Json, former: Json): Json {
  const keys = Object.keys(dependent);
  const missing = keys.filter((key) => (optionalText(asked, key, 'properties') ?? former[key]) === undefined);
  if (missing.length > 0)
    throw invalid(
      `Missing dependent resources in workspace json: ${missing.join(', ')}.`,
      'ValidationError',
      `properties.${missing[0] ?? ''}`,
    );
  for (const key of keys) {
    const id = optionalText(asked, key, 'properties');
    if (id === undefined) continue;
    const old = former[key];
    if (key !== 'applicationInsights' && typeof old === 'string' && old.toLowerCase() !== id.toLowerCase())
      throw invalid(`The ${key} of a workspace cannot be changed.`, 'ValidationError', `properties.${key}`);
    if (dependent[key]?.test(id) !== true)
      throw invalid(`'${id}' is not the id of a ${key}.`, 'ValidationError', `properties.${key}`);
    if (!resourceExists(core, id))
      throw invalid(`The ${key} '${id}' was not found.`, 'DependentResourceNotFound', `properties.${key}`);
  }
  return Object.fromEntries(keys.map((key) => [key, optionalText(asked, key, 'properties') ?? former[key]]));
}

/** All workspaces act as the one identity that this cloud has for them. */
function identity(core: Core, value: unknown): Json {
  const asked = optionalObject(value, 'identity');
  const type = optionalText(asked, 'type', 'identity') ?? 'SystemAssigned';
  const users = isObject(asked['userAssignedIdentities'])
    ? { userAssignedIdentities: asked['userAssignedIdentities'] }
    : {};
  if (type === 'None')
    throw invalid('A workspace needs an identity: SystemAssigned or UserAssigned.', 'ValidationError', 'identity.type');
  return { type, principalId: core.workspaceIdentity.objectId, tenantId: core.tenantId, ...users };
}

/** Fields as recorded in 2026 (`workspace_get`), with the addresses of this machine. */
export function showWorkspace(core: Core, kept: Kept): Json {
  const host = new URL(core.url).host;
  const name = kept.id.split('/').pop() ?? '';
  return {
    id: kept.id,
    name,
    type: `${provider}/workspaces`,
    location: kept.location,
    tags: kept.tags,
    etag: null,
    properties: {
      friendlyName: name,
      description: '',
      hbiWorkspace: false,
      tenantId: core.tenantId,
      imageBuildCompute: null,
      managedNetwork: {
        changeableIsolationModes: ['AllowInternetOutbound', 'AllowOnlyApprovedOutbound'],
        isolationMode: 'Disabled',
        enableNetworkMonitor: false,
        enableFirewallLog: false,
      },
      allowRoleAssignmentOnRG: true,
      v1LegacyMode: false,
      softDeleteEnabled: false,
      creationTime: kept.created,
      storageHnsEnabled: false,
      workspaceId: kept.workspaceId,
      linkedModelInventoryArmId: null,
      privateLinkCount: 0,
      publicNetworkAccess: 'Enabled',
      ipAllowlist: [],
      networkAcls: { defaultAction: 'Allow', bypass: '', ipRules: [], resourceAccessRules: [] },
      discoveryUrl: `${core.url}/discovery`,
      mlFlowTrackingUri: `azureml://${host}/mlflow/v1.0${kept.id}`,
      serverlessComputeSettings: null,
      enableDataIsolation: false,
      systemDatastoresAuthMode: 'accesskey',
      enableServiceSideCMKEncryption: false,
      ...kept.properties,
      provisioningState: kept.provisioningState,
    },
    identity: kept.identity,
    kind: 'Default',
    sku: { name: 'Basic', tier: 'Basic' },
    systemData: {
      createdAt: kept.created,
      createdBy: kept.createdBy,
      createdByType: 'Application',
      lastModifiedAt: kept.modified,
      lastModifiedBy: kept.createdBy,
      lastModifiedByType: 'Application',
    },
  };
}

/** A workspace as it is kept, `undefined` for anything else. */
export function readKept(value: unknown): Kept | undefined {
  if (!isObject(value) || !isObject(value['properties']) || !isObject(value['identity'])) return undefined;
  const field = (key: string): string => optionalText(value, key, 'workspace') ?? '';
  return {
    id: field('id'),
    workspaceId: field('workspaceId'),
    location: field('location'),
    tags: textMap(value['tags'], 'tags'),
    identity: value['identity'],
    created: field('created'),
    createdBy: field('createdBy'),
    modified: field('modified'),
    properties: value['properties'],
    provisioningState: field('provisioningState'),
  };
}
