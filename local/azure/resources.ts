import { asObject, asString, isObject } from './json';
import { groupPath, names, workspacePath, type Directory } from './seed';
import { ArmFault, type Answer, type Call, type Core, type Route, type Service } from './service';

const subscriptionPath = `/subscriptions/${names.subscriptionId}`;

/**
 * What lies above the services in Resource Manager: tenants, subscriptions, resource groups, lists of resources,
 * providers, and the description of the cloud (`/metadata/endpoints`).
 */
export function createResources(core: Core, directory: Directory): Service {
  // Lists show what the caller may see; here that is all there is.
  const list = (path: string, handle: (call: Call) => Answer): Route => ({
    method: 'GET',
    path,
    token: 'arm',
    action: '',
    handle,
  });
  return {
    routes: [
      { method: 'GET', path: '/metadata/endpoints', token: 'none', handle: (call) => cloudDescription(call, core.url) },
      list('/tenants', () => values([tenant()])),
      list('/subscriptions', () => values([subscription()])),
      list('/subscriptions/{subscription}', () => ({ status: 200, body: subscription() })),
      list('/subscriptions/{subscription}/locations', () => values([location()])),
      list('/subscriptions/{subscription}/resourceGroups', () => values([group()])),
      list('/subscriptions/{subscription}/resources', (call) => values(filtered(call, resources(core, directory)))),
      list('/subscriptions/{subscription}/providers', () => values(providers.map(provider))),
      list('/subscriptions/{subscription}/providers/{namespace}', oneProvider),
      {
        method: 'GET',
        path: '/subscriptions/{subscription}/resourceGroups/{group}',
        token: 'arm',
        handle: () => ({ status: 200, body: group() }),
      },
      {
        method: 'HEAD',
        path: '/subscriptions/{subscription}/resourceGroups/{group}',
        token: 'arm',
        handle: () => ({ status: 204 }),
      },
      {
        method: 'GET',
        path: '/subscriptions/{subscription}/resourceGroups/{group}/resources',
        token: 'arm',
        handle: (call) => values(filtered(call, resources(core, directory))),
      },
      {
        method: 'GET',
        path: '/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{account}',
        token: 'arm',
        handle: (call) => storageAccount(call, core),
      },
      {
        method: 'GET',
        path: '/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}',
        token: 'arm',
        handle: (call) => userAssignedIdentity(call, directory),
      },
    ],
  };
}

/** What a workspace that was made here holds; what runs is to be had in the one from the start. */
const heldByMade = new Set([
  ...['computes', 'connections', 'datastores', 'codes', 'environments', 'components', 'models', 'data'],
  'serverlessendpoints',
]);

/**
 * Throws the 404 that Azure gives for a path whose subscription, resource group or workspace does not exist. A path of the
 * workspace itself passes: it may be there to make one.
 */
export function requireParents(path: string, exists: (id: string) => boolean): void {
  const found =
    /^\/subscriptions\/([^/]+)(?:\/resourceGroups\/([^/]+))?(?:\/providers\/Microsoft\.MachineLearningServices\/workspaces\/([^/]+)(\/.*)?)?/i.exec(
      path,
    );
  if (found === null) return;
  const [, subscriptionId, groupName, workspace, below] = found;
  if (!same(subscriptionId, names.subscriptionId)) {
    throw new ArmFault(404, 'SubscriptionNotFound', `The subscription '${subscriptionId ?? ''}' could not be found.`);
  }
  if (groupName === undefined) return;
  if (!same(groupName, names.resourceGroup)) {
    throw new ArmFault(404, 'ResourceGroupNotFound', `Resource group '${groupName}' could not be found.`);
  }
  if (workspace === undefined || below === undefined || below === '/' || same(workspace, names.workspace)) return;
  if (!exists(`${groupPath}/providers/Microsoft.MachineLearningServices/workspaces/${workspace}`))
    throw new ArmFault(
      404,
      'ParentResourceNotFound',
      `Can not perform requested operation on nested resource. Parent resource '${workspace}' not found.`,
    );
  const [, type = ''] = below.split('/');
  if (!heldByMade.has(type.toLowerCase()))
    throw new ArmFault(
      400,
      'NotSupported',
      `The workspace '${workspace}' was made here and holds no ${type}: what runs is to be had in '${names.workspace}' only.`,
    );
}

export function notFound(type: string, name: string): ArmFault {
  return new ArmFault(
    404,
    'ResourceNotFound',
    `The Resource '${type}/${name}' under resource group '${names.resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}

/** Lists in the form that older clients read, one object in the form of 2022-09-01 and later. */
function cloudDescription(call: Call, url: string): Answer {
  // The default port is no part of a URL's text.
  const port = new URL(url).port === '' ? '443' : new URL(url).port;
  const description = {
    portal: 'https://portal.azure.com',
    authentication: {
      // By number: a client that cuts `https://` off reads `localhost:PORT` as a scheme called localhost.
      loginEndpoint: url.replace('localhost', '127.0.0.1'),
      audiences: ['https://management.core.windows.net/', 'https://management.azure.com/', url],
      tenant: 'common',
      identityProvider: 'AAD',
    },
    media: 'https://rest.media.azure.net',
    graphAudience: 'https://graph.windows.net/',
    graph: 'https://graph.windows.net/',
    name: 'Local',
    suffixes: {
      azureDataLakeStoreFileSystem: 'azuredatalakestore.net',
      acrLoginServer: `azurecr.localhost:${port}`,
      sqlServerHostname: 'database.windows.net',
      azureDataLakeAnalyticsCatalogAndJob: 'azuredatalakeanalytics.net',
      keyVaultDns: 'vault.azure.net',
      storage: `core.localhost:${port}`,
      azureFrontDoorEndpointSuffix: 'azurefd.net',
    },
    batch: 'https://batch.core.windows.net/',
    resourceManager: url,
    vmImageAliasDoc:
      'https://raw.githubusercontent.com/Azure/azure-rest-api-specs/master/arm-compute/quickstart-templates/aliases.json',
    activeDirectoryDataLake: 'https://datalake.azure.net/',
    sqlManagement: 'https://management.core.windows.net:8443/',
    microsoftGraphResourceId: 'https://graph.microsoft.com/',
    gallery: 'https://gallery.azure.com/',
  };
  const version = call.query.get('api-version') ?? '';
  return { status: 200, body: version >= '2022-09-01' ? description : [description] };
}

function values(value: unknown[]): Answer {
  return { status: 200, body: { value } };
}

function tenant(): unknown {
  return {
    id: `/tenants/${names.tenantId}`,
    tenantId: names.tenantId,
    countryCode: 'NL',
    displayName: 'mlops local',
    domains: ['mlops.localhost'],
    tenantCategory: 'Home',
  };
}

function subscription(): unknown {
  return {
    id: subscriptionPath,
    authorizationSource: 'RoleBased',
    managedByTenants: [],
    subscriptionId: names.subscriptionId,
    tenantId: names.tenantId,
    displayName: 'mlops local',
    state: 'Enabled',
    subscriptionPolicies: {
      locationPlacementId: 'Public_2014-09-01',
      quotaId: 'PayAsYouGo_2014-09-01',
      spendingLimit: 'Off',
    },
  };
}

function location(): unknown {
  return {
    id: `${subscriptionPath}/locations/${names.location}`,
    name: names.location,
    type: 'Region',
    displayName: 'West Europe',
    regionalDisplayName: '(Europe) West Europe',
    metadata: { regionType: 'Physical', regionCategory: 'Recommended', geography: 'Europe', geographyGroup: 'Europe' },
  };
}

function group(): unknown {
  return {
    id: groupPath,
    name: names.resourceGroup,
    type: 'Microsoft.Resources/resourceGroups',
    location: names.location,
    properties: { provisioningState: 'Succeeded' },
  };
}

const resourceTypes: Record<string, string> = {
  'microsoft.machinelearningservices/workspaces': 'Microsoft.MachineLearningServices/workspaces',
  'microsoft.containerregistry/registries': 'Microsoft.ContainerRegistry/registries',
  'microsoft.containerservice/managedclusters': 'Microsoft.ContainerService/managedClusters',
  'microsoft.containerinstance/containergroups': 'Microsoft.ContainerInstance/containerGroups',
  'microsoft.storage/storageaccounts': 'Microsoft.Storage/storageAccounts',
  'microsoft.keyvault/vaults': 'Microsoft.KeyVault/vaults',
  'microsoft.insights/components': 'Microsoft.Insights/components',
  'microsoft.operationalinsights/workspaces': 'Microsoft.OperationalInsights/workspaces',
};

/** Top-level resources: what the services keep, and what is only named. */
function resources(core: Core, directory: Directory): Record<string, unknown>[] {
  const kept = core.store.keys(`${groupPath}/providers/`).flatMap((id) => {
    const [namespace = '', type = '', name, ...below] = id.slice(`${groupPath}/providers/`.length).split('/');
    const known = resourceTypes[`${namespace}/${type}`.toLowerCase()];
    return known === undefined || name === undefined || below.length > 0
      ? []
      : [{ id, name, type: known, location: names.location }];
  });
  const fixed = [
    {
      id: workspacePath,
      name: names.workspace,
      type: 'Microsoft.MachineLearningServices/workspaces',
      location: names.location,
    },
    {
      id: `${groupPath}/providers/Microsoft.ContainerRegistry/registries/${names.registry}`,
      name: names.registry,
      type: 'Microsoft.ContainerRegistry/registries',
      location: names.location,
    },
    {
      id: `${groupPath}/providers/Microsoft.Storage/storageAccounts/${names.account}`,
      name: names.account,
      type: 'Microsoft.Storage/storageAccounts',
      location: names.location,
    },
    ...directory.agentIdentities
      .filter((one) => one.kind === 'userAssigned')
      .map((one) => ({
        id: one.resourceId ?? '',
        name: one.name,
        type: 'Microsoft.ManagedIdentity/userAssignedIdentities',
        location: names.location,
      })),
  ];
  const seen = new Set<string>();
  return [...fixed, ...kept].filter(({ id }) => !seen.has(id.toLowerCase()) && seen.add(id.toLowerCase()));
}

/** `$filter` with terms `resourceType eq 'x'` and `name eq 'y'`, joined by `and`. */
function filtered(call: Call, all: Record<string, unknown>[]): unknown[] {
  const filter = call.query.get('$filter');
  if (filter === null) return all;
  return filter.split(/\s+and\s+/i).reduce((left, term) => {
    const [, field, value] = /^\s*(resourceType|name)\s+eq\s+'([^']*)'\s*$/i.exec(term) ?? [];
    if (field === undefined)
      throw new ArmFault(
        400,
        'InvalidFilterInQueryString',
        `Invalid $filter '${filter}' specified in the query string.`,
      );
    const key = field.toLowerCase() === 'name' ? 'name' : 'type';
    return left.filter((one) => same(asString(asObject(one)[key]), value ?? ''));
  }, all);
}

const providers = [
  'Microsoft.MachineLearningServices',
  'Microsoft.ContainerRegistry',
  'Microsoft.ContainerInstance',
  'Microsoft.ContainerService',
  'Microsoft.Storage',
  'Microsoft.ManagedIdentity',
  'Microsoft.Resources',
];

function provider(namespace: string): unknown {
  return {
    id: `${subscriptionPath}/providers/${namespace}`,
    namespace,
    registrationPolicy: 'RegistrationRequired',
    registrationState: 'Registered',
    resourceTypes: [],
  };
}

function oneProvider(call: Call): Answer {
  const namespace = providers.find((one) => same(one, call.params['namespace'] ?? ''));
  if (namespace === undefined) {
    throw new ArmFault(
      404,
      'InvalidResourceNamespace',
      `The resource namespace '${call.params['namespace'] ?? ''}' is invalid.`,
    );
  }
  return { status: 200, body: provider(namespace) };
}

function storageAccount(call: Call, core: Core): Answer {
  const name = call.params['account'] ?? '';
  const made = core.store.get(`${groupPath}/providers/Microsoft.Storage/storageAccounts/${name}`);
  if (isObject(made)) return { status: 200, body: made };
  if (!same(name, names.account)) throw notFound('Microsoft.Storage/storageAccounts', name);
  return {
    status: 200,
    body: {
      id: `${groupPath}/providers/Microsoft.Storage/storageAccounts/${names.account}`,
      name: names.account,
      type: 'Microsoft.Storage/storageAccounts',
      location: names.location,
      kind: 'StorageV2',
      sku: { name: 'Standard_LRS', tier: 'Standard' },
      properties: {
        provisioningState: 'Succeeded',
        allowSharedKeyAccess: true,
        supportsHttpsTrafficOnly: true,
        primaryEndpoints: { blob: `https://${names.account}.blob.${core.blobs.endpointSuffix}/` },
      },
    },
  };
}

function userAssignedIdentity(call: Call, directory: Directory): Answer {
  const name = call.params['name'] ?? '';
  const found = directory.agentIdentities.find((one) => one.kind === 'userAssigned' && same(one.name, name));
  if (found === undefined) throw notFound('Microsoft.ManagedIdentity/userAssignedIdentities', name);
  return {
    status: 200,
    body: {
      id: found.resourceId,
      name: found.name,
      type: 'Microsoft.ManagedIdentity/userAssignedIdentities',
      location: names.location,
      properties: { tenantId: names.tenantId, principalId: found.objectId, clientId: found.clientId },
    },
  };
}

function same(a: string | undefined, b: string): boolean {
  return a?.toLowerCase() === b.toLowerCase();
}
