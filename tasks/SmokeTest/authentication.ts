import type { Agent } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';
import type { ArmAnswer } from '../../lib/azure/arm';
import type { Azure } from '../../lib/azure/azure';
import { at, isRecord, textAt } from '../../lib/agent/json';
import { mlApiVersion } from '../../lib/azure/workspace';
import type { SmokeTestEvidence } from '../../lib/evidence/types';

/** Where and how requests are sent. */
export interface Service {
  scoringUri: string;
  authentication: SmokeTestEvidence['authentication'];
  headers: Record<string, string>;
  /** Audience whose token the HTTP layer adds, for endpoints with Entra ID. */
  resource?: string;
}

/**
 * Finds an online endpoint's address and gets what it asks for: its key (OnlineEndpoints_ListKeys), a token
 * (OnlineEndpoints_GetToken), or the identity's own token for Azure Machine Learning. Keys and tokens are masked before
 * they are used and go to the endpoint's own address only.
 *
 * @throws TaskError for an endpoint or deployment that is not there or not ready
 */
export async function openEndpoint(
  azure: Azure,
  agent: Agent,
  endpoint: string,
  deployment: string | undefined,
): Promise<Service> {
  const path = `${azure.workspace.id}/onlineEndpoints/${encodeURIComponent(endpoint)}`;
  const body = await azure.arm.getIfExists(path, mlApiVersion);
  if (body === undefined) throw await missingEndpoint(azure, endpoint);
  const scoringUri = textAt(body, 'properties', 'scoringUri');
  if (scoringUri === undefined || !URL.canParse(scoringUri) || new URL(scoringUri).protocol !== 'https:') {
    throw new TaskError(`The endpoint ${endpoint} has no https scoring address.`, 'Is it still being created?');
  }
  if (deployment === undefined) requireTraffic(body, endpoint);
  else await requireDeployment(azure, path, endpoint, deployment);
  const headers: Record<string, string> = deployment === undefined ? {} : { 'azureml-model-deployment': deployment };
  const mode = textAt(body, 'properties', 'authMode') ?? '';
  const ask = (what: string): Promise<ArmAnswer> =>
    azure.arm.post(`${path}/${what}`, mlApiVersion, undefined, { idempotent: true });
  switch (mode.toLowerCase()) {
    case 'key': {
      const key = textAt((await ask('listKeys')).body, 'primaryKey');
      return { scoringUri, authentication: 'key', headers: { ...headers, ...bearer(agent, endpoint, key) } };
    }
    case 'amltoken': {
      const token = textAt((await ask('token')).body, 'accessToken');
      return { scoringUri, authentication: 'amlToken', headers: { ...headers, ...bearer(agent, endpoint, token) } };
    }
    case 'aadtoken':
      return { scoringUri, authentication: 'aadToken', headers, resource: azure.cloud.resources.machineLearning };
    default:
      throw new TaskError(
        `The endpoint ${endpoint} has the unknown authentication mode "${mode}".`,
        'Use Key, AMLToken or AADToken.',
      );
  }
}

function bearer(agent: Agent, endpoint: string, secret: string | undefined): Record<string, string> {
  if (secret === undefined) {
    throw new TaskError(
      `Azure gave no key or token for the endpoint ${endpoint}.`,
      'Look at the endpoint in the studio.',
    );
  }
  agent.secret(secret);
  return { Authorization: `Bearer ${secret}` };
}

function requireTraffic(body: unknown, endpoint: string): void {
  const traffic = at(body, 'properties', 'traffic');
  if (isRecord(traffic) && Object.values(traffic).some((percent) => typeof percent === 'number' && percent > 0)) return;
  throw new TaskError(
    `The endpoint ${endpoint} sends traffic to no deployment.`,
    'Give deploymentName to test a deployment that has no traffic yet.',
  );
}

async function requireDeployment(azure: Azure, path: string, endpoint: string, deployment: string): Promise<void> {
  const body = await azure.arm.getIfExists(`${path}/deployments/${encodeURIComponent(deployment)}`, mlApiVersion);
  if (body !== undefined) {
    const state = textAt(body, 'properties', 'provisioningState') ?? 'Succeeded';
    if (!/^(failed|canceled|deleting)$/i.test(state)) return;
    throw new TaskError(`The deployment ${deployment} of ${endpoint} is ${state}.`, 'Deploy it again.');
  }
  const there: string[] = [];
  for await (const item of azure.arm.list(`${path}/deployments`, mlApiVersion)) {
    const name = textAt(item, 'name');
    if (name !== undefined) there.push(name);
  }
  throw new TaskError(
    `The endpoint ${endpoint} has no deployment ${deployment}.`,
    there.length === 0 ? 'It has no deployment at all.' : `Its deployments: ${there.join(', ')}.`,
  );
}

async function missingEndpoint(azure: Azure, endpoint: string): Promise<TaskError> {
  const there: string[] = [];
  for await (const item of azure.arm.list(`${azure.workspace.id}/onlineEndpoints`, mlApiVersion)) {
    const name = textAt(item, 'name');
    if (name !== undefined && there.length < 20) there.push(name);
  }
  return new TaskError(
    `There is no online endpoint ${endpoint} in the workspace ${azure.workspace.name}.`,
    there.length === 0 ? 'The workspace has no online endpoint.' : `Its endpoints: ${there.join(', ')}.`,
  );
}
