import type { Agent } from '../agent/agent';
import { TaskError } from '../agent/errors';
import { readJobConnection, readServiceConnection, type ServiceConnection } from '../agent/service-connection';
import { ArmClient } from './arm-client';
import type { Azure } from './azure';
import { readCloud } from './cloud';
import { createTokens } from './credential';
import { createHttp } from './http-client';
import { textAt } from '../agent/json';
import { readNetwork, type Network } from './network';
import { mlApiVersion, readWorkspace } from './workspace';

/** Name and version of the product, set by the build; the User-Agent of every request. */
declare const __PRODUCT__: string | undefined;

/** Azure as seen from a resource group: the workspace may be missing, or be made by the step itself. */
export interface Subscription extends Omit<Azure, 'workspace'> {
  /** ARM id of the workspace that the inputs name. */
  workspaceId: string;
  /** The workspace as its GET or PUT answered: its hosts are trusted from then on. @throws TaskError when it is no use */
  enter(workspace: unknown): Azure;
}

/**
 * Opens Azure from a task's common inputs: service connection, resource group, workspace. One GET of the workspace shows
 * early whether it exists and may be read, and gives the hosts of its region.
 *
 * @throws TaskError for a missing input or an unusable service connection; AzureError when the workspace cannot be read.
 */
export async function openAzure(agent: Agent): Promise<Azure> {
  const subscription = openSubscription(agent);
  return subscription.enter(await subscription.arm.get(subscription.workspaceId, mlApiVersion));
}

/**
 * Like `openAzure`, but asks for nothing yet.
 *
 * @throws TaskError for a missing input or an unusable service connection
 */
export function openSubscription(agent: Agent): Subscription {
  const resourceGroup = agent.requiredInput('resourceGroup');
  const workspaceName = agent.requiredInput('workspace');
  const network = readNetwork();
  const connection = readServiceConnection(agent, 'azureSubscription', agent.input('managedIdentityClientId'), (id) =>
    requestOidcToken(agent, network, id),
  );
  const cloud = readCloud(connection);
  const trusted = new Set<string>([new URL(cloud.arm).host]);
  const tokens = createTokens(connection.authentication, cloud, network, agent);
  const http = createHttp({
    tokens,
    network,
    agent,
    userAgent: userAgent(),
    maySend: (resource, url) => resource !== cloud.resources.arm || isTrusted(trusted, url.host),
  });
  const { subscriptionId } = connection;
  const resourceGroupId = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
  const azure = {
    cloud,
    http,
    arm: new ArmClient(http, cloud, agent),
    tokens,
    subscriptionId,
    resourceGroup,
    resourceGroupId,
  };
  return {
    ...azure,
    workspaceId: `${resourceGroupId}/providers/Microsoft.MachineLearningServices/workspaces/${workspaceName}`,
    enter(body) {
      const workspace = readWorkspace(body);
      trusted.add(new URL(workspace.historyUrl).host);
      agent.print(
        `Workspace ${workspace.name} in ${workspace.location}, subscription ${subscriptionId} (${scheme(connection)}).`,
      );
      return { ...azure, workspace };
    },
  };
}

/** Resource Manager's own hosts, its regional ones, and the workspace's. */
function isTrusted(hosts: ReadonlySet<string>, host: string): boolean {
  return [...hosts].some((known) => host === known || host.endsWith(`.${known}`));
}

function scheme(connection: ServiceConnection): string {
  return {
    managedIdentity: 'managed identity',
    workloadIdentity: 'workload identity federation',
    secret: 'service principal',
    certificate: 'service principal',
  }[connection.authentication.scheme];
}

function userAgent(): string {
  const product = typeof __PRODUCT__ === 'string' ? __PRODUCT__ : 'mlops-azure-ml/dev';
  return `${product} node/${process.versions.node}`;
}

/** Is it an address of the Azure DevOps that the agent is connected to? The cloud's own has several hosts. */
function isOfService(address: string, collectionUrl: string): boolean {
  if (!URL.canParse(address)) return false;
  const [found, own] = [new URL(address), new URL(collectionUrl)];
  const isCloud = ({ protocol, hostname }: URL): boolean =>
    protocol === 'https:' && /(?:^|\.)(?:dev\.azure\.com|visualstudio\.com)$/.test(hostname);
  return found.origin === own.origin || (isCloud(found) && isCloud(own));
}

/**
 * A token that proves this job to Microsoft Entra ID. It lives ten minutes and is therefore fetched for each use
 * (azure-pipelines-tasks, AADSTS700024).
 */
async function requestOidcToken(agent: Agent, network: Network, serviceConnectionId: string): Promise<string> {
  const uri = agent.variable('System.OidcRequestUri');
  if (!uri)
    throw new TaskError(
      'The agent offers no token for workload identity federation.',
      'Update Azure DevOps, or use another type of service connection.',
    );
  const { accessToken, collectionUrl } = readJobConnection(agent);
  // Any step of the job can set the variable by a line of its output, and would get the job's token.
  if (!isOfService(uri, collectionUrl)) {
    throw new TaskError(
      `System.OidcRequestUri is ${uri}, which is no address of ${collectionUrl}, where the job's token is for.`,
      'Find the step or the variable group that sets it.',
    );
  }
  const http = createHttp({
    tokens: { get: () => Promise.reject(new Error('no token is needed here')) },
    network,
    agent,
    userAgent: userAgent(),
    maySend: () => false,
  });
  const answer = await http.send({
    method: 'POST',
    url: `${uri}?api-version=7.1&serviceConnectionId=${encodeURIComponent(serviceConnectionId)}`,
    headers: {
      Authorization: `Bearer ${accessToken}`,
      'Content-Type': 'application/json',
      'X-TFS-FedAuthRedirect': 'Suppress',
    },
    idempotent: true,
    attempts: 4,
  });
  const token = textAt(answer.body, 'oidcToken');
  if (!token)
    throw new TaskError(
      'Azure DevOps gave no token for workload identity federation.',
      'Save the service connection again.',
    );
  agent.secret(token);
  return token;
}
