import { ArmFault, type Answer, type Call, type Caller, type Core, type Route, type Service } from '../service';
import { BatchDeployments, propertiesOf } from './batch-deployments';
import { batchEndpointPath, BatchEndpoints, requireBatchEndpoint } from './batch-endpoints';
import { batchJobBody, batchJobName, deploymentProperty, endpointProperty } from './batch-jobs';
import { readRequest, refused, wireKind } from './batch-request';
import { stateOf } from './deployments';
import { jobService } from './job-service';
import { page } from './versioned';
import {
  isObject,
  object,
  optionalObject,
  optionalText,
  param,
  provider,
  text,
  textMap,
  workspaceId,
  type Json,
} from './wire';

const invokeAction = 'Microsoft.MachineLearningServices/workspaces/batchEndpoints/jobs/write';
const readAction = 'Microsoft.MachineLearningServices/workspaces/batchEndpoints/jobs/read';

/** Starts a job of a batch endpoint as its `jobs` address does. Gives the stored job. @throws ArmFault */
export type InvokeBatch = (
  endpoint: string,
  deployment: string | undefined,
  body: unknown,
  caller: Caller,
) => Promise<Json>;

/** Batch endpoints, their deployments, the address at which they are invoked, and the lists of their jobs. */
export function createBatch(core: Core): Service & { invoke: InvokeBatch } {
  const endpoints = new BatchEndpoints(core);
  const invocations = new BatchInvocations(core);
  return {
    routes: [...endpoints.routes(), ...new BatchDeployments(core).routes(), ...invocations.routes()],
    start: () => {
      endpoints.settleLeftovers();
      return Promise.resolve();
    },
    invoke: (endpoint, deployment, body, caller) => invocations.invoke(endpoint, deployment, body, caller),
  };
}

/** The data plane of batch endpoints: the SDK's `batch_endpoints.invoke` and `list_jobs`, api-version 2020-09-01-dataplanepreview. */
class BatchInvocations {
  constructor(private readonly core: Core) {}

  routes(): Route[] {
    const frontend = `/mferp/managementfrontend${batchEndpointPath}`;
    const list = (path: string): Route => ({
      method: 'GET',
      path,
      token: 'ml',
      action: readAction,
      handle: (call) => this.list(call),
    });
    return [
      { method: 'POST', path: '/inference/{endpoint}/jobs', token: 'none', handle: (call) => this.post(call) },
      list(`${frontend}/jobs`),
      list(`${frontend}/deployments/{deployment}/jobs`),
    ];
  }

  private async post(call: Call): Promise<Answer> {
    const id = this.core.store.get(`batch-inference/${param(call, 'endpoint')}`);
    if (typeof id !== 'string')
      throw refused(`There is no batch endpoint '${param(call, 'endpoint')}'.`, 404, 'NotFound');
    const caller = this.authenticate(call, id);
    const header = call.headers['azureml-model-deployment'];
    const chosen = typeof header === 'string' && header !== '' ? header : undefined;
    const job = await this.invoke(id, chosen, call.json(), caller);
    return { status: 201, body: batchJob(id, job) };
  }

  async invoke(id: string, chosen: string | undefined, body: unknown, caller: Caller): Promise<Json> {
    const request = readRequest(body);
    const deployment = chosen ?? this.defaultOf(id);
    const document = this.core.store.get(`${id}/deployments/${deployment}`);
    if (!isObject(document))
      throw refused(`The endpoint has no deployment '${deployment}'.`, 404, 'DeploymentNotFound');
    if (stateOf(document) !== 'Succeeded')
      throw refused(
        `The deployment '${deployment}' is not ready: its provisioning state is ${stateOf(document)}.`,
        409,
        'DeploymentNotReady',
      );
    const [workspace = '', endpoint = ''] = id.split(/\/batchEndpoints\//i);
    const name = text(document, 'name', 'deployment');
    const jobName = batchJobName(request);
    if (this.core.store.get(`${workspace}/jobs/${jobName}`) !== undefined)
      throw refused(`There is a job '${jobName}' already.`, 409, 'Conflict');
    const job = await batchJobBody({ core: this.core, workspace, endpoint, deployment: name, document }, request);
    try {
      return jobService(this.core).submit(workspace, jobName, job, caller.objectId);
    } catch (error) {
      throw error instanceof ArmFault ? plain(error) : error;
    }
  }

  private defaultOf(id: string): string {
    const defaults = optionalObject(propertiesOf(this.core.store.get(id))['defaults'], 'defaults');
    const name = optionalText(defaults, 'deploymentName', 'defaults');
    if (name !== undefined) return name;
    throw refused(
      'The endpoint has no default deployment: set defaults.deploymentName, or name one in the header azureml-model-deployment.',
      404,
      'DeploymentNotFound',
    );
  }

  /** Only tokens for Azure Machine Learning pass, as for online endpoints with Microsoft Entra ID. */
  private authenticate(call: Call, id: string): Caller {
    const given = /^Bearer\s+(.+)$/i.exec(call.headers.authorization ?? '')?.[1]?.trim();
    const caller = given === undefined ? undefined : this.core.verifyToken(given);
    if (caller === undefined)
      throw refused('The request has no valid token: "Authorization: Bearer <token>".', 401, 'Unauthorized');
    if (caller.audience.replace(/\/$/, '') !== 'https://ml.azure.com')
      throw refused(
        `The token has the audience '${caller.audience}'; the endpoint accepts https://ml.azure.com.`,
        401,
        'Unauthorized',
      );
    if (this.core.allows(caller, invokeAction, id)) return caller;
    throw refused(
      `The client '${caller.clientId}' may not perform '${invokeAction}' over '${id}'.`,
      403,
      'AuthorizationFailed',
    );
  }

  /** Jobs of an endpoint or of one deployment, newest first. */
  private list(call: Call): Answer {
    requireBatchEndpoint(this.core, call);
    const workspace = workspaceId(call);
    const endpoint = param(call, 'endpoint');
    const deployment = call.params['deployment'];
    const jobs = this.core.store
      .keys(`${workspace}/jobs/`)
      .map((key) => this.core.store.get(key))
      .filter(isObject)
      .filter((job) => {
        const own = textMap(propertiesOf(job)['properties'], 'properties');
        const isOf = (key: string, name: string): boolean => own[key]?.toLowerCase() === name.toLowerCase();
        return isOf(endpointProperty, endpoint) && (deployment === undefined || isOf(deploymentProperty, deployment));
      });
    const created = (job: Json): string =>
      optionalText(optionalObject(job['systemData'], 'systemData'), 'createdAt', 'systemData') ?? '';
    const sorted = jobs.sort((a, b) => created(b).localeCompare(created(a)));
    return page(
      call,
      sorted.map((job) => batchJob(`${workspace}/batchEndpoints/${endpoint}`, job)),
    );
  }
}

/** A job as the endpoint shows it. */
function batchJob(endpoint: string, job: Json): Json {
  const properties = propertiesOf(job);
  const name = text(job, 'name', 'job');
  const services = Object.entries(optionalObject(properties['services'], 'services'));
  const show = (ports: unknown, discriminator: string): Json =>
    Object.fromEntries(
      Object.entries(optionalObject(ports, discriminator))
        .filter(([key]) => key !== 'default')
        .map(([key, value]) => {
          const port = object(value, key);
          return [key, { ...port, [discriminator]: wireKind(text(port, discriminator, key)) }];
        }),
    );
  return {
    id: `${endpoint}/jobs/${name}`,
    name,
    type: `${provider}/workspaces/batchEndpoints/jobs`,
    properties: {
      name,
      status: properties['status'],
      provisioningState: 'Succeeded',
      experimentName: properties['experimentName'],
      tags: properties['tags'] ?? {},
      properties: properties['properties'] ?? {},
      inputData: show(properties['inputs'], 'jobInputType'),
      outputData: show(properties['outputs'], 'jobOutputType'),
      interactionEndpoints: Object.fromEntries(services),
    },
    systemData: job['systemData'],
  };
}

/** The reason itself, which is the detail of what Resource Manager answers. */
function plain(fault: ArmFault): ArmFault {
  const detail = fault.more.details?.[0];
  return detail === undefined ? fault : refused(detail.message, fault.status, detail.code);
}
