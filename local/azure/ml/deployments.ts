import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { armRoute, ArmFault, type Answer, type Call, type Core, type Route } from '../service';
import { newDeployment, readDeployment } from './deployment-document';
import { page } from './versioned';
import { endLeftover } from './process-group';
import { PythonEnvironments } from './python';
import { ScoringServer } from './serving';
import {
  errorMessage,
  invalid,
  isObject,
  notFound,
  object,
  optionalObject,
  optionalText,
  param,
  textMap,
  workspaceId,
  workspacePath,
  type Json,
} from './wire';

export const deploymentPath = `${workspacePath}/onlineEndpoints/{endpoint}/deployments/{deployment}`;

/** Every answer that begins an operation says how long it may take. */
export const operationHeaders = { 'x-ms-async-operation-timeout': 'PT30M' };

/**
 * The service sends no Retry-After, and its clients then wait 30 s between polls; an operation takes seconds here. Answers
 * with 202 stay without: their document allows no value below 10.
 */
export const putHeaders = { ...operationHeaders, 'retry-after': '1' };

/** Resource states in which an operation is under way: a second one is refused. */
const busy = ['Creating', 'Updating', 'Deleting', 'Scaling'];

/** Managed online deployments (swagger: `OnlineDeployments_*`); each is served by a process of this machine. */
export class Deployments {
  private readonly servers = new Map<string, ScoringServer>();
  private readonly environments = new PythonEnvironments();

  constructor(private readonly core: Core) {}

  routes(): Route[] {
    return [
      armRoute('PUT', deploymentPath, (call) => this.put(call)),
      armRoute('GET', deploymentPath, (call) => ({ status: 200, body: this.find(call) })),
      armRoute('PATCH', deploymentPath, (call) => this.patch(call)),
      armRoute('DELETE', deploymentPath, (call) => this.delete(call)),
      armRoute('GET', `${workspacePath}/onlineEndpoints/{endpoint}/deployments`, (call) => this.list(call)),
      armRoute('POST', `${deploymentPath}/getLogs`, (call) => this.getLogs(call)),
      armRoute('GET', `${deploymentPath}/skus`, (call) => this.skus(call)),
    ];
  }

  /** The server of a deployment that has been brought up, whether it answers at the moment or not. */
  server(id: string): ScoringServer | undefined {
    return this.servers.get(id.toLowerCase());
  }

  /** Documents of an endpoint's deployments, by name. */
  of(endpoint: string): Record<string, Json> {
    const found = this.core.store
      .keys(`${endpoint}/deployments/`)
      .map((key) => this.core.store.get(key))
      .filter(isObject);
    return Object.fromEntries(found.map((document) => [optionalText(document, 'name', 'deployment') ?? '', document]));
  }

  /** Serves again what was deployed; what was in the middle of an operation has failed. */
  async resume(): Promise<void> {
    for (const key of this.core.store.keys('serving-process/')) await this.endProcess(key);
    for (const key of this.core.store.keys('/subscriptions/')) {
      if (!/\/onlineEndpoints\/[^/]+\/deployments\/[^/]+$/i.test(key)) continue;
      const state = stateOf(this.core.store.get(key));
      if (state === 'Deleting') this.core.store.delete(key);
      else if (busy.includes(state)) this.setState(key, 'Failed');
      else if (state === 'Succeeded')
        void this.bringUp(key).catch((error: unknown) =>
          this.core.log(`${key} could not be served again: ${errorMessage(error)}`),
        );
    }
  }

  async stop(): Promise<void> {
    const servers = [...this.servers.values()];
    this.servers.clear();
    await Promise.all(servers.map((server) => server.stop()));
  }

  private async endProcess(key: string): Promise<void> {
    const left = this.core.store.get(key);
    if (!isObject(left)) return;
    if (typeof left['pid'] === 'number')
      await endLeftover({ pid: left['pid'], mark: typeof left['mark'] === 'string' ? left['mark'] : undefined });
    if (typeof left['folder'] === 'string' && existsSync(left['folder']))
      await rm(left['folder'], { recursive: true, force: true });
    this.core.store.delete(key);
  }

  private put(call: Call): Answer {
    const id = deploymentId(call);
    const endpoint = this.requireEndpoint(call);
    checkName(param(call, 'deployment'), 'deployment');
    const existing = this.core.store.get(id);
    refuseBusy(existing, id);
    refuseBusy(endpoint, endpointId(call));
    const document = newDeployment(this.core, workspaceId(call), id, call.json(), existing, call.caller.objectId);
    readDeployment(document);
    this.core.store.set(id, document);
    const state = stateOf(document);
    const started = this.core.operations.start('od', `${this.core.url}${id}`, () => this.deploy(id), state);
    this.core.store.set(id, withOperation(document, started.asyncOperationUrl));
    const headers = {
      'azure-asyncoperation': started.asyncOperationUrl,
      location: call.url.href,
      ...putHeaders,
    };
    return { status: 201, headers, body: this.core.store.get(id) };
  }

  /** Brings up the new server beside the old one, which serves until the new one answers. */
  private async deploy(id: string): Promise<void> {
    try {
      await this.bringUp(id);
      this.setState(id, 'Succeeded');
    } catch (error) {
      this.setState(id, 'Failed');
      throw error;
    }
  }

  private async bringUp(id: string): Promise<void> {
    const key = id.toLowerCase();
    const before = this.servers.get(key);
    const server = new ScoringServer(this.core, this.environments, readDeployment(this.core.store.get(id)));
    // A new deployment's log can be read while it starts; an update must not take the place of what serves.
    if (before === undefined) this.servers.set(key, server);
    await server.start().catch(async (error: unknown) => {
      // The failed server stays for its log, unless another one serves.
      if (before !== undefined) await server.stop();
      throw error;
    });
    if (this.core.store.get(id) === undefined) return server.stop();
    this.servers.set(key, server);
    await before?.stop();
  }

  /** Tags and sku are all that can be patched. Answers 202 with the literal `null`, as the service does. */
  private patch(call: Call): Answer {
    const id = deploymentId(call);
    const document = this.find(call);
    refuseBusy(document, id);
    const body = object(call.json(), 'body');
    const sku = { ...optionalObject(document['sku'], 'sku'), ...optionalObject(body['sku'], 'sku') };
    const tags = body['tags'] === undefined ? document['tags'] : textMap(body['tags'], 'tags');
    this.core.store.set(id, { ...document, sku, tags });
    this.setState(id, 'Updating');
    const work = async (): Promise<void> => {
      await Promise.resolve();
      this.setState(id, 'Succeeded');
    };
    const started = this.core.operations.start('od', `${this.core.url}${id}`, work, 'Updating');
    return {
      status: 202,
      headers: { location: started.resultUrl, ...operationHeaders },
      body: null,
    };
  }

  private delete(call: Call): Answer {
    const id = deploymentId(call);
    const document = this.core.store.get(id);
    if (!isObject(document)) return { status: 204 };
    refuseBusy(document, id);
    const name = optionalText(document, 'name', 'deployment') ?? '';
    const weight = trafficOf(this.core.store.get(endpointId(call)))[name] ?? 0;
    if (weight > 0)
      throw invalid(
        `The deployment '${name}' takes ${weight} % of the endpoint's live traffic and cannot be deleted. Set its traffic to 0 first.`,
        'DeploymentHasTraffic',
      );
    this.setState(id, 'Deleting');
    const started = this.core.operations.start('od', `${this.core.url}${id}`, () => this.remove(id), 'Deleting');
    return { status: 202, headers: { location: started.resultUrl, ...operationHeaders } };
  }

  /** Ends the process and forgets the deployment. */
  async remove(id: string): Promise<void> {
    const server = this.servers.get(id.toLowerCase());
    this.servers.delete(id.toLowerCase());
    await server?.stop();
    this.core.store.delete(id);
  }

  private find(call: Call): Json {
    this.requireEndpoint(call);
    const found = this.core.store.get(deploymentId(call));
    if (isObject(found)) return found;
    throw notFound(
      'DeploymentNotFound',
      `The deployment '${param(call, 'deployment')}' of the endpoint '${param(call, 'endpoint')}' was not found.`,
    );
  }

  private list(call: Call): Answer {
    this.requireEndpoint(call);
    return page(call, Object.values(this.of(endpointId(call))));
  }

  private requireEndpoint(call: Call): Json {
    const found = this.core.store.get(endpointId(call));
    if (isObject(found)) return found;
    throw new ArmFault(
      404,
      'ParentResourceNotFound',
      `Can not perform requested operation on nested resource. Parent resource '${param(call, 'workspace')}/${param(call, 'endpoint')}' not found.`,
    );
  }

  private async getLogs(call: Call): Promise<Answer> {
    this.find(call);
    const body = optionalObject(call.body.length === 0 ? {} : call.json(), 'body');
    const container = optionalText(body, 'containerType', 'body') ?? 'InferenceServer';
    if (container !== 'InferenceServer' && container !== 'StorageInitializer')
      throw invalid(`'${container}' is not a container of a deployment.`, 'ValidationError', 'containerType');
    const tail = body['tail'];
    const server = this.server(deploymentId(call));
    const content = await server?.logs(container, typeof tail === 'number' ? tail : undefined);
    return { status: 200, body: { content: content ?? '' } };
  }

  private skus(call: Call): Answer {
    this.find(call);
    const capacity = { default: 1, minimum: 1, maximum: 1, scaleType: 'Manual' };
    const resourceType = 'Microsoft.MachineLearning.Services/endpoints/deployments';
    return { status: 200, body: { value: [{ capacity, resourceType, sku: { name: 'Default', tier: 'Standard' } }] } };
  }

  private setState(id: string, provisioningState: string): void {
    const document = this.core.store.get(id);
    if (!isObject(document)) return;
    const data = optionalObject(document['systemData'], 'systemData');
    const properties = { ...optionalObject(document['properties'], 'properties'), provisioningState };
    this.core.store.set(id, {
      ...document,
      properties,
      systemData: { ...data, lastModifiedAt: new Date().toISOString() },
    });
  }
}

export function endpointId(call: Call): string {
  return `${workspaceId(call)}/onlineEndpoints/${param(call, 'endpoint')}`;
}

function deploymentId(call: Call): string {
  return `${endpointId(call)}/deployments/${param(call, 'deployment')}`;
}

/** `provisioningState` of a stored endpoint or deployment. */
export function stateOf(document: unknown): string {
  if (!isObject(document)) return '';
  return optionalText(optionalObject(document['properties'], 'properties'), 'provisioningState', 'properties') ?? '';
}

/** Live traffic of a stored endpoint: percent by deployment. */
export function trafficOf(endpoint: unknown): Record<string, number> {
  if (!isObject(endpoint)) return {};
  const traffic = optionalObject(optionalObject(endpoint['properties'], 'properties')['traffic'], 'traffic');
  return Object.fromEntries(
    Object.entries(traffic).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

/** 409 while an operation on the same resource is under way. */
export function refuseBusy(document: unknown, id: string): void {
  const state = stateOf(document);
  if (!busy.includes(state)) return;
  throw new ArmFault(
    409,
    'Conflict',
    `An operation is already in progress on '${id}' (provisioning state ${state}). Please retry when it has completed.`,
  );
}

/** Names of endpoints and deployments: 3 to 32 characters, a letter first, no dash at the end or twice. */
export function checkName(name: string, what: string): void {
  if (/^[A-Za-z](?!.*--)[A-Za-z0-9-]{1,30}[A-Za-z0-9]$/.test(name)) return;
  throw invalid(
    `The ${what} name '${name}' must have 3 to 32 letters, digits and single dashes, start with a letter and end with a letter or digit.`,
    'InvalidName',
    'name',
  );
}

/** A resource with the URL of its latest operation, which clients may poll from there. */
export function withOperation(document: Json, asyncOperationUrl: string): Json {
  const properties = optionalObject(document['properties'], 'properties');
  const own = { ...optionalObject(properties['properties'], 'properties'), AzureAsyncOperationUri: asyncOperationUrl };
  return { ...document, properties: { ...properties, properties: own } };
}
