import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeClientCertificate } from './certificates';

/** What exists from the start. */
export const names = {
  subscriptionId: '11111111-1111-4111-8111-111111111111',
  tenantId: '22222222-2222-4222-8222-222222222222',
  location: 'westeurope',
  resourceGroup: 'rg-mlops',
  workspace: 'mlw-mlops',
  workspaceId: '0f5d5a10-4c0e-4c1e-9d6e-3b6f6c1d7a01',
  registry: 'crmlops',
  account: 'stmlops',
  compute: 'cpu-cluster',
} as const;

export const groupPath = `/subscriptions/${names.subscriptionId}/resourceGroups/${names.resourceGroup}`;
export const workspacePath = `${groupPath}/providers/Microsoft.MachineLearningServices/workspaces/${names.workspace}`;
export const accountPath = `${groupPath}/providers/Microsoft.Storage/storageAccounts/${names.account}`;

/** Who can hold a token here. */
export interface Principal {
  name: string;
  kind: 'systemAssigned' | 'userAssigned' | 'servicePrincipal' | 'workspace';
  objectId: string;
  clientId: string;
  /** ARM id of a managed identity. */
  resourceId?: string;
  /** `owner`: everything in the subscription; `tasks`: what any task's permissions.json lists. */
  role: 'owner' | 'tasks';
}

/** Which managed identities the agent's machine has. */
export interface AgentIdentities {
  /** Defaults to true. */
  systemAssigned?: boolean;
  /** Names of user-assigned identities; defaults to one, `id-mlops-agent`. */
  userAssigned?: string[];
}

export interface ServicePrincipal extends Principal {
  secret: string;
  /** PEM texts, and the SHA-1 thumbprint in upper-case hex. */
  certificate: string;
  key: string;
  thumbprint: string;
}

export interface Directory {
  principals: Principal[];
  servicePrincipal: ServicePrincipal;
  /** The identity of the workspace itself: its jobs and endpoints act with it. */
  workspaceIdentity: Principal;
  /** The managed identities of the agent's machine. */
  agentIdentities: Principal[];
}

/** Opens the directory of principals; the secrets of the service principal are made once and kept. */
export async function openDirectory(folder: string, identities: AgentIdentities = {}): Promise<Directory> {
  const workspaceIdentity: Principal = {
    name: names.workspace,
    kind: 'workspace',
    objectId: '77777777-7777-4777-8777-777777777701',
    clientId: '77777777-7777-4777-8777-777777777702',
    resourceId: workspacePath,
    role: 'owner',
  };
  const agentIdentities = [
    ...(identities.systemAssigned === false ? [] : [systemAssigned()]),
    ...(identities.userAssigned ?? ['id-mlops-agent']).map(userAssigned),
  ];
  const servicePrincipal = await openServicePrincipal(folder);
  return {
    principals: [servicePrincipal, workspaceIdentity, ...agentIdentities],
    servicePrincipal,
    workspaceIdentity,
    agentIdentities,
  };
}

function systemAssigned(): Principal {
  return {
    name: 'vm-mlops-agent',
    kind: 'systemAssigned',
    objectId: '33333333-3333-4333-8333-333333333301',
    clientId: '33333333-3333-4333-8333-333333333302',
    resourceId: `${groupPath}/providers/Microsoft.Compute/virtualMachines/vm-mlops-agent`,
    role: 'tasks',
  };
}

function userAssigned(name: string, index: number): Principal {
  const digits = String(index + 1).padStart(2, '0');
  return {
    name,
    kind: 'userAssigned',
    objectId: `44444444-4444-4444-8444-4444444444${digits}`,
    clientId: `44444444-4444-4444-8444-4444444445${digits}`,
    resourceId: `${groupPath}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
    role: 'tasks',
  };
}

async function openServicePrincipal(folder: string): Promise<ServicePrincipal> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = (name: string): string => join(folder, name);
  if (!existsSync(file('client.thumbprint'))) {
    const made = await makeClientCertificate('sp-mlops-owner');
    writeFileSync(file('client.secret'), randomBytes(30).toString('base64url'), { mode: 0o600 });
    writeFileSync(file('client.pem'), made.certificate);
    writeFileSync(file('client.key'), made.key, { mode: 0o600 });
    writeFileSync(file('client.thumbprint'), made.thumbprint);
  }
  const read = (name: string): string => readFileSync(file(name), 'utf8');
  return {
    name: 'sp-mlops-owner',
    kind: 'servicePrincipal',
    objectId: '66666666-6666-4666-8666-666666666666',
    clientId: '55555555-5555-4555-8555-555555555555',
    role: 'owner',
    secret: read('client.secret'),
    certificate: read('client.pem'),
    key: read('client.key'),
    thumbprint: read('client.thumbprint'),
  };
}
