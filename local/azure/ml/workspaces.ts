import { randomUUID } from 'node:crypto';
import { asString } from '../json';
import { groupPath, names, workspacePath, type Directory } from '../seed';
import type { Answer, Call, Core, Route } from '../service';
import { userError } from './versioned';
import { workspaceRoute } from './workspace-path';

const subscriptionRoute = '/subscriptions/{subscription}';
const provider = 'providers/Microsoft.MachineLearningServices';

/** The workspace, its compute, usages, and the discovery document of its data plane. */
export function workspaceRoutes(core: Core, directory: Directory): Route[] {
  const created = createdAt(core);
  const show = (): unknown => workspace(core, directory, created);
  const arm = (path: string, handle: (call: Call) => Answer): Route => ({ method: 'GET', path, token: 'arm', handle });
  return [
    arm(workspaceRoute, () => ({ status: 200, body: show() })),
    arm(`${subscriptionRoute}/resourceGroups/{group}/${provider}/workspaces`, () => ({
      status: 200,
      body: { value: [show()] },
    })),
    // Lists over a subscription show what the caller may see.
    {
      ...arm(`${subscriptionRoute}/${provider}/workspaces`, () => ({ status: 200, body: { value: [show()] } })),
      action: '',
    },
    arm(`${workspaceRoute}/computes`, () => ({ status: 200, body: { value: [compute(created)] } })),
    arm(`${workspaceRoute}/computes/{name}`, (call) => oneCompute(call, created)),
    arm(`${subscriptionRoute}/${provider}/locations/{location}/usages`, () => ({
      status: 200,
      body: { value: usages() },
    })),
    // Clients ask for it without a token.
    { method: 'GET', path: '/discovery', token: 'none', handle: () => ({ status: 200, body: discovery(core.url) }) },
    {
      method: 'GET',
      path: '/discovery/workspaces/{id}',
      token: 'none',
      handle: () => ({ status: 200, body: discovery(core.url) }),
    },
  ];
}

function createdAt(core: Core): string {
  const kept = asString(core.store.get('workspace-created'));
  const created = kept ?? new Date().toISOString();
  if (kept === undefined) core.store.set('workspace-created', created);
  return created;
}

/** Fields as recorded in 2026 (`workspace_get`), with the addresses of this machine. */
function workspace(core: Core, directory: Directory, created: string): unknown {
  const host = new URL(core.url).host;
  const of = (type: string, name: string): string => `${groupPath}/providers/${type}/${name}`;
  return {
    id: workspacePath,
    name: names.workspace,
    type: 'Microsoft.MachineLearningServices/workspaces',
    location: names.location,
    tags: {},
    etag: null,
    properties: {
      friendlyName: names.workspace,
      description: '',
      storageAccount: of('Microsoft.Storage/storageAccounts', names.account),
      keyVault: of('Microsoft.Keyvault/vaults', 'kv-mlops'),
      applicationInsights: of('Microsoft.insights/components', 'appi-mlops'),
      containerRegistry: of('Microsoft.ContainerRegistry/registries', names.registry),
      hbiWorkspace: false,
      tenantId: names.tenantId,
      imageBuildCompute: null,
      provisioningState: 'Succeeded',
      managedNetwork: {
        changeableIsolationModes: ['AllowInternetOutbound', 'AllowOnlyApprovedOutbound'],
        isolationMode: 'Disabled',
        enableNetworkMonitor: false,
        enableFirewallLog: false,
      },
      allowRoleAssignmentOnRG: true,
      v1LegacyMode: false,
      softDeleteEnabled: false,
      creationTime: created,
      storageHnsEnabled: false,
      workspaceId: names.workspaceId,
      linkedModelInventoryArmId: null,
      privateLinkCount: 0,
      publicNetworkAccess: 'Enabled',
      ipAllowlist: [],
      networkAcls: { defaultAction: 'Allow', bypass: '', ipRules: [], resourceAccessRules: [] },
      discoveryUrl: `${core.url}/discovery`,
      mlFlowTrackingUri: `azureml://${host}/mlflow/v1.0${workspacePath}`,
      serverlessComputeSettings: null,
      enableDataIsolation: false,
      systemDatastoresAuthMode: 'accesskey',
      enableServiceSideCMKEncryption: false,
    },
    identity: { type: 'SystemAssigned', principalId: directory.workspaceIdentity.objectId, tenantId: names.tenantId },
    kind: 'Default',
    sku: { name: 'Basic', tier: 'Basic' },
    systemData: {
      createdAt: created,
      createdBy: directory.servicePrincipal.clientId,
      createdByType: 'Application',
      lastModifiedAt: created,
      lastModifiedBy: directory.servicePrincipal.clientId,
      lastModifiedByType: 'Application',
    },
  };
}

function compute(created: string): Record<string, unknown> {
  return {
    id: `${workspacePath}/computes/${names.compute}`,
    name: names.compute,
    type: 'Microsoft.MachineLearningServices/workspaces/computes',
    location: names.location,
    tags: {},
    properties: {
      computeType: 'AmlCompute',
      computeLocation: names.location,
      description: 'Jobs run as processes of this machine.',
      createdOn: created,
      modifiedOn: created,
      disableLocalAuth: true,
      isAttachedCompute: false,
      provisioningErrors: null,
      provisioningState: 'Succeeded',
      resourceId: null,
      properties: {
        allocationState: 'Steady',
        allocationStateTransitionTime: created,
        currentNodeCount: 1,
        targetNodeCount: 1,
        nodeStateCounts: {
          idleNodeCount: 1,
          leavingNodeCount: 0,
          preemptedNodeCount: 0,
          preparingNodeCount: 0,
          runningNodeCount: 0,
          unusableNodeCount: 0,
        },
        scaleSettings: { maxNodeCount: 1, minNodeCount: 0, nodeIdleTimeBeforeScaleDown: 'PT120S' },
        osType: 'Linux',
        vmPriority: 'Dedicated',
        vmSize: 'STANDARD_DS3_V2',
        enableNodePublicIp: true,
        isolatedNetwork: false,
        remoteLoginPortPublicAccess: 'Disabled',
        errors: null,
      },
    },
  };
}

function oneCompute(call: Call, created: string): Answer {
  const name = call.params['name'] ?? '';
  if (name.toLowerCase() === names.compute) return { status: 200, body: compute(created) };
  throw userError(404, 'ComputeNotFound', `Compute with name: ${name} not found.`);
}

function usages(): unknown[] {
  const usage = (value: string, localizedValue: string, currentValue: number, limit: number): unknown => ({
    id: `/subscriptions/${names.subscriptionId}/providers/Microsoft.MachineLearningServices/locations/${names.location}/usages/${value}`,
    type: 'Microsoft.MachineLearningServices/usages',
    unit: 'Count',
    currentValue,
    limit,
    name: { value, localizedValue },
  });
  return [
    usage('totalDedicatedCores', 'Total Cluster Dedicated Regional vCPUs', 4, 100),
    usage('standardDSv2Family', 'Standard DSv2 Family Cluster Dedicated vCPUs', 4, 100),
  ];
}

function discovery(url: string): unknown {
  const services = [
    'api',
    'catalog',
    'execution',
    'experimentation',
    'history',
    'hyperdrive',
    'inferencing',
    'metric',
    'modelmanagement',
    'pipelines',
  ];
  return {
    ...Object.fromEntries(services.map((name) => [name, url])),
    studio: 'https://ml.azure.com',
    requestId: randomUUID(),
  };
}
