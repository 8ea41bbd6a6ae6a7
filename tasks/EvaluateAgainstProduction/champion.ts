import type { Agent } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';
import type { Azure } from '../../lib/azure/azure';
import { at, isRecord, number, textAt } from '../../lib/agent/json';
import { mlApiVersion } from '../../lib/azure/workspace';
import type { ModelReference } from '../../lib/evidence/types';

/** The model version that serves production's traffic, and the job it came from. */
export interface Champion {
  model: ModelReference;
  endpoint: string;
  deployment: string;
  /** Percent of the endpoint's traffic. */
  traffic: number;
  job: string;
}

interface Serving {
  endpoint: string;
  deployment: string;
  traffic: number;
  model: ModelReference;
}

/**
 * The champion by what really serves: never "the latest registered version". The endpoint's traffic map names the
 * deployment (OnlineEndpoints_Get), the deployment its model (OnlineDeployments_Get), the model version its job
 * (ModelVersions_Get).
 *
 * @returns `undefined` when nothing serves: no such endpoint, no traffic, no deployment of the model
 * @throws TaskError when production is ambiguous or serves another model
 */
export async function findChampion(
  azure: Azure,
  agent: Agent,
  { endpoint, modelName }: { endpoint?: string; modelName?: string },
): Promise<Champion | undefined> {
  const serving =
    endpoint === undefined
      ? await findByModel(azure, agent, modelName ?? '')
      : await findByEndpoint(azure, agent, endpoint);
  if (!serving) return undefined;
  if (modelName !== undefined && serving.model.name !== modelName) {
    throw new TaskError(
      `The endpoint ${serving.endpoint} serves the model ${serving.model.name}, not ${modelName}.`,
      'Correct the input endpoint or modelName: two different models must not be compared.',
    );
  }
  const { endpoint: name, deployment, traffic, model } = serving;
  return { model, endpoint: name, deployment, traffic, job: await jobOf(azure, model) };
}

async function findByEndpoint(azure: Azure, agent: Agent, name: string): Promise<Serving | undefined> {
  const body = await azure.arm.getIfExists(endpointPath(azure, name), mlApiVersion);
  if (body === undefined) {
    agent.print(`There is no endpoint ${name} yet.`);
    return undefined;
  }
  const [largest, ...others] = trafficOf(body);
  if (!largest) {
    agent.print(`The endpoint ${name} sends traffic to no deployment.`);
    return undefined;
  }
  if (others.length > 0) {
    agent.warn(
      `The endpoint ${name} splits its traffic (${[largest, ...others].map(share).join(', ')}): the champion is what ${largest.deployment} serves.`,
    );
  }
  const model = await modelOf(azure, name, largest.deployment);
  if (!model) {
    throw new TaskError(
      `The deployment ${largest.deployment} of the endpoint ${name} names no registered model.`,
      'Deploy a registered model version, so that its predictions can be found.',
    );
  }
  return { endpoint: name, ...largest, model };
}

/** Every endpoint of the workspace that sends traffic to a version of the model. */
async function findByModel(azure: Azure, agent: Agent, modelName: string): Promise<Serving | undefined> {
  const found: Serving[] = [];
  for await (const endpoint of azure.arm.list(`${azure.workspace.id}/onlineEndpoints`, mlApiVersion)) {
    const name = textAt(endpoint, 'name');
    if (name === undefined) continue;
    for (const entry of trafficOf(endpoint)) {
      const model = await modelOf(azure, name, entry.deployment);
      if (model?.name === modelName) found.push({ endpoint: name, ...entry, model });
    }
  }
  const endpoints = [...new Set(found.map((serving) => serving.endpoint))].sort();
  if (endpoints.length > 1) {
    throw new TaskError(
      `The model ${modelName} gets traffic from ${endpoints.length} endpoints: ${endpoints.join(', ')}.`,
      'Say with the input endpoint which one is production.',
    );
  }
  const [largest, ...others] = found;
  if (!largest) agent.print(`No endpoint of the workspace sends traffic to the model ${modelName}.`);
  else if (others.length > 0) {
    agent.warn(
      `The endpoint ${largest.endpoint} splits its traffic (${found.map(share).join(', ')}): the champion is what ${largest.deployment} serves.`,
    );
  }
  return largest;
}

interface Share {
  deployment: string;
  traffic: number;
}

/** Deployments with traffic, the largest share first; equal shares by name. */
function trafficOf(endpoint: unknown): Share[] {
  const traffic = at(endpoint, 'properties', 'traffic');
  if (!isRecord(traffic)) return [];
  return Object.entries(traffic)
    .map(([deployment, percent]) => ({ deployment, traffic: number(percent) ?? 0 }))
    .filter((entry) => entry.traffic > 0)
    .sort((left, right) => right.traffic - left.traffic || (left.deployment < right.deployment ? -1 : 1));
}

function share({ deployment, traffic }: Share): string {
  return `${deployment} ${traffic} %`;
}

/** `properties.model`: an ARM id, or `azureml://registries/{r}/models/{m}/versions/{v}`, or the short `azureml:{m}:{v}`. */
async function modelOf(azure: Azure, endpoint: string, deployment: string): Promise<ModelReference | undefined> {
  const path = `${endpointPath(azure, endpoint)}/deployments/${encodeURIComponent(deployment)}`;
  const id = textAt(await azure.arm.get(path, mlApiVersion), 'properties', 'model');
  const found = /\/models\/([^/]+)\/versions\/([^/]+)$/i.exec(id ?? '') ?? /^azureml:([^:/]+):([^:/]+)$/.exec(id ?? '');
  const [, name, version] = found ?? [];
  return name === undefined || version === undefined ? undefined : { name, version, id };
}

/** The job that made a model version: its `jobName`, what RegisterModel noted, or the job in its address. */
async function jobOf(azure: Azure, model: ModelReference): Promise<string> {
  if (model.id !== undefined && /registries\//i.test(model.id)) {
    throw new TaskError(
      `Production serves ${model.name}:${model.version} of a registry, whose job is in another workspace.`,
      'Deploy the workspace version of the model.',
    );
  }
  const path = `${azure.workspace.id}/models/${encodeURIComponent(model.name)}/versions/${encodeURIComponent(model.version)}`;
  const body = await azure.arm.getIfExists(path, mlApiVersion);
  if (body === undefined) {
    throw new TaskError(
      `Production serves ${model.name}:${model.version}, which is no longer registered in the workspace.`,
      'Register it again from its job, or deploy a registered version.',
    );
  }
  const job =
    textAt(body, 'properties', 'jobName') ??
    textAt(body, 'properties', 'properties', 'mlops.job') ??
    textAt(body, 'properties', 'tags', 'mlops.job') ??
    /^azureml:\/\/jobs\/([^/]+)\//.exec(textAt(body, 'properties', 'modelUri') ?? '')?.[1];
  if (job !== undefined) return job;
  throw new TaskError(
    `The model version ${model.name}:${model.version} does not say which job made it.`,
    'Register models with the task RegisterModel: the comparison needs the hold-out predictions of that job.',
  );
}

function endpointPath(azure: Azure, name: string): string {
  return `${azure.workspace.id}/onlineEndpoints/${encodeURIComponent(name)}`;
}
