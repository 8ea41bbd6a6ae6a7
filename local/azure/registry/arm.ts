import { ArmFault, type Answer, type Call, type Core, type Route } from '../service';

export const registryName = 'crmlops';

/** The registry as Resource Manager shows it (`Registries_Get`, `Registries_List…`). It exists from the start and cannot be changed. */
export function registryRoutes(core: Core): Route[] {
  const provider = 'providers/Microsoft.ContainerRegistry';
  const group = '/subscriptions/{subscription}/resourceGroups/{group}';
  const one = `${group}/${provider}/registries/{registry}`;
  const list = (call: Call): Answer => ({
    status: 200,
    body: { value: [registry(core, call.params['group'] ?? 'rg-mlops')] },
  });
  const refused = (): never => {
    // The admin user is disabled, so it has no credentials to list.
    throw new ArmFault(
      400,
      'UnAuthorizedForCredentialOperations',
      `Cannot perform credential operations for ${registryName} as admin user is disabled. Kindly enable admin user as per docs: https://docs.microsoft.com/en-us/azure/container-registry/container-registry-authentication#admin-account`,
    );
  };
  const usages = [{ name: 'Size', limit: 107374182400, currentValue: 0, unit: 'Bytes' }];
  return [
    { method: 'GET', path: `/subscriptions/{subscription}/${provider}/registries`, token: 'arm', handle: list },
    { method: 'GET', path: `${group}/${provider}/registries`, token: 'arm', handle: list },
    {
      method: 'GET',
      path: one,
      token: 'arm',
      handle: (call) => ({ status: 200, body: registry(core, checked(call)) }),
    },
    {
      method: 'GET',
      path: `${one}/listUsages`,
      token: 'arm',
      handle: (call) => (checked(call), { status: 200, body: { value: usages } }),
    },
    { method: 'POST', path: `${one}/listCredentials`, token: 'arm', handle: (call) => (checked(call), refused()) },
  ];
}

/** The resource group of a call, after checking that the registry it names is ours. */
function checked(call: Call): string {
  const group = call.params['group'] ?? '';
  const name = call.params['registry'] ?? '';
  if (name.toLowerCase() === registryName) return group;
  const id = `Microsoft.ContainerRegistry/registries/${name}`;
  throw new ArmFault(
    404,
    'ResourceNotFound',
    `The Resource '${id}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}

/** Wraps routes below a registry so that a registry of another name is not found. */
export function ofThisRegistry(routes: Route[]): Route[] {
  return routes.map((route) => ({
    ...route,
    handle: (call: Call): Answer | Promise<Answer> => {
      checked(call);
      return route.handle(call);
    },
  }));
}

export function registryId(core: Core): string {
  return `/subscriptions/${core.subscriptionId}/resourceGroups/rg-mlops/providers/Microsoft.ContainerRegistry/registries/${registryName}`;
}

function registry(core: Core, group: string): unknown {
  return {
    sku: { name: 'Standard', tier: 'Standard' },
    type: 'Microsoft.ContainerRegistry/registries',
    id: registryId(core).replace('rg-mlops', group),
    name: registryName,
    location: core.location,
    tags: {},
    properties: {
      loginServer: new URL(core.url).host,
      creationDate: '2026-01-01T00:00:00.0000000Z',
      provisioningState: 'Succeeded',
      adminUserEnabled: false,
      policies: {
        quarantinePolicy: { status: 'disabled' },
        trustPolicy: { type: 'Notary', status: 'disabled' },
        retentionPolicy: { days: 7, status: 'disabled' },
        exportPolicy: { status: 'enabled' },
      },
      encryption: { status: 'disabled' },
      dataEndpointEnabled: false,
      dataEndpointHostNames: [],
      privateEndpointConnections: [],
      publicNetworkAccess: 'Enabled',
      networkRuleBypassOptions: 'AzureServices',
      zoneRedundancy: 'Disabled',
    },
  };
}
