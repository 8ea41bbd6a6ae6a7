import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { ArmFault, type Answer, type Call, type Caller, type Core, type Route } from '../service';
import type { Access } from './access';
import { serverApplication } from './access';

export const clusterName = 'aks-mlops';

export function clusterId(core: Core): string {
  return `/subscriptions/${core.subscriptionId}/resourceGroups/rg-mlops/providers/Microsoft.ContainerService/managedClusters/${clusterName}`;
}

export function clusterUrl(core: Core): string {
  return `${core.url}/kubernetes/${clusterName}`;
}

/** The cluster as Resource Manager shows it (managedClusters 2024-09-01), and its kubeconfig. */
export function clusterRoutes(core: Core, access: Access): Route[] {
  const provider = 'providers/Microsoft.ContainerService';
  const group = '/subscriptions/{subscription}/resourceGroups/{group}';
  const one = `${group}/${provider}/managedClusters/{cluster}`;
  const list = (): Answer => ({ status: 200, body: { value: [cluster(core)] } });
  const credentials = (call: Call): Answer => {
    checked(call);
    const value = Buffer.from(kubeconfig(core, access, call.caller)).toString('base64');
    const name = call.url.pathname.toLowerCase().includes('admin') ? 'clusterAdmin' : 'clusterUser';
    return { status: 200, body: { kubeconfigs: [{ name, value }] } };
  };
  return [
    { method: 'GET', path: `/subscriptions/{subscription}/${provider}/managedClusters`, token: 'arm', handle: list },
    { method: 'GET', path: `${group}/${provider}/managedClusters`, token: 'arm', handle: list },
    {
      method: 'GET',
      path: one,
      token: 'arm',
      handle: (call) => {
        checked(call);
        return { status: 200, body: cluster(core) };
      },
    },
    { method: 'POST', path: `${one}/listClusterUserCredential`, token: 'arm', handle: credentials },
    { method: 'POST', path: `${one}/listClusterAdminCredential`, token: 'arm', handle: credentials },
  ];
}

/** A kubeconfig that needs no further program: its token acts as the caller. */
export function kubeconfig(core: Core, access: Access, caller: Caller): string {
  const user = `clusterUser_rg-mlops_${clusterName}`;
  const authority = readFileSync(core.caFile).toString('base64');
  return stringify({
    apiVersion: 'v1',
    clusters: [{ cluster: { 'certificate-authority-data': authority, server: clusterUrl(core) }, name: clusterName }],
    contexts: [{ context: { cluster: clusterName, user }, name: clusterName }],
    'current-context': clusterName,
    kind: 'Config',
    preferences: {},
    users: [{ name: user, user: { token: access.kubeconfigToken(caller) } }],
  });
}

export function checked(call: Call): void {
  const name = call.params['cluster'] ?? '';
  if (name.toLowerCase() === clusterName) return;
  const id = `Microsoft.ContainerService/managedClusters/${name}`;
  const message = `The Resource '${id}' under resource group '${call.params['group'] ?? ''}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`;
  throw new ArmFault(404, 'ResourceNotFound', message);
}

function cluster(core: Core): unknown {
  const { hostname } = new URL(core.url);
  return {
    id: clusterId(core),
    location: core.location,
    name: clusterName,
    type: 'Microsoft.ContainerService/managedClusters',
    sku: { name: 'Base', tier: 'Free' },
    identity: { type: 'SystemAssigned', tenantId: core.tenantId },
    properties: {
      provisioningState: 'Succeeded',
      powerState: { code: 'Running' },
      kubernetesVersion: '1.32',
      currentKubernetesVersion: '1.32.0',
      dnsPrefix: clusterName,
      fqdn: hostname,
      agentPoolProfiles: [
        {
          name: 'nodepool1', count: 1, vmSize: 'Standard_DS2_v2', osType: 'Linux', mode: 'System', type: 'VirtualMachineScaleSets',
          provisioningState: 'Succeeded', powerState: { code: 'Running' },
        },
      ],
      nodeResourceGroup: `MC_rg-mlops_${clusterName}_${core.location}`,
      enableRBAC: true,
      disableLocalAccounts: false,
      aadProfile: { managed: true, enableAzureRBAC: true, tenantID: core.tenantId, serverAppID: serverApplication },
      networkProfile: { networkPlugin: 'azure', loadBalancerSku: 'standard', serviceCidr: '10.0.0.0/16', dnsServiceIP: '10.0.0.10' },
    },
  }; // prettier-ignore
}
