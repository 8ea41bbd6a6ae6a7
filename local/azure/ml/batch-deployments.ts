import { setTimeout as sleep } from 'node:timers/promises';
import { armRoute, type Answer, type Call, type Core, type Route } from '../service';
import { newBatchDeployment } from './batch-deployment-document';
import { accepted, batchEndpointId, batchEndpointPath, requireBatchEndpoint, setState } from './batch-endpoints';
import { noCodeEnvironment } from './batch-no-code';
import { checkName, putHeaders, refuseBusy, stateOf, withOperation } from './deployments';
import { page } from './versioned';
import {
  isObject,
  notFound,
  object,
  optionalObject,
  optionalText,
  param,
  textMap,
  workspaceId,
  type Json,
} from './wire';

const deploymentPath = `${batchEndpointPath}/deployments/{deployment}`;

/** Batch deployments (swagger: `BatchDeployments_*`). Nothing runs until the endpoint is invoked. */
export class BatchDeployments {
  constructor(private readonly core: Core) {}

  routes(): Route[] {
    return [
      armRoute('PUT', deploymentPath, (call) => this.put(call)),
      armRoute('GET', deploymentPath, (call) => ({ status: 200, body: this.find(call) })),
      armRoute('PATCH', deploymentPath, (call) => this.patch(call)),
      armRoute('DELETE', deploymentPath, (call) => this.delete(call)),
      armRoute('GET', `${batchEndpointPath}/deployments`, (call) => this.list(call)),
    ];
  }

  private put(call: Call): Answer {
    const id = deploymentId(call);
    const endpoint = requireBatchEndpoint(this.core, call);
    checkName(param(call, 'deployment'), 'deployment');
    const existing = this.core.store.get(id);
    refuseBusy(existing, id);
    refuseBusy(endpoint, batchEndpointId(call));
    const where = { core: this.core, workspace: workspaceId(call), id };
    const document = newBatchDeployment(where, call.json(), existing, call.caller.objectId);
    this.core.store.set(id, document);
    const work = (): Promise<void> => this.deploy(where.workspace, id);
    const started = this.core.operations.start('bd', `${this.core.url}${id}`, work, stateOf(document));
    this.core.store.set(id, withOperation(document, started.asyncOperationUrl));
    const headers = { 'azure-asyncoperation': started.asyncOperationUrl, location: call.url.href, ...putHeaders };
    return { status: existing === undefined ? 201 : 200, headers, body: this.core.store.get(id) };
  }

  /** An MLflow model without environment gets one from its own list of packages. */
  private async deploy(workspace: string, id: string): Promise<void> {
    // The first answer shows the deployment as it is before anything has happened.
    await sleep(100);
    try {
      const properties = propertiesOf(this.core.store.get(id));
      const model = optionalText(optionalObject(properties['model'], 'model'), 'assetId', 'model');
      if (model !== undefined && properties['environmentId'] === null) {
        const environmentId = await noCodeEnvironment(this.core, workspace, model);
        const document = this.core.store.get(id);
        if (isObject(document))
          this.core.store.set(id, { ...document, properties: { ...propertiesOf(document), environmentId } });
      }
      setState(this.core, id, 'Succeeded');
    } catch (error) {
      setState(this.core, id, 'Failed');
      throw error;
    }
  }

  /** Tags and the description are all that can be patched. */
  private patch(call: Call): Answer {
    const id = deploymentId(call);
    const document = this.find(call);
    refuseBusy(document, id);
    const body = object(call.json(), 'body');
    const properties = propertiesOf(document);
    const description = optionalText(optionalObject(body['properties'], 'properties'), 'description', 'properties');
    const tags = body['tags'] === undefined ? document['tags'] : textMap(body['tags'], 'tags');
    this.core.store.set(id, {
      ...document,
      tags,
      properties: { ...properties, ...(description === undefined ? {} : { description }) },
    });
    setState(this.core, id, 'Updating');
    const work = (): Promise<void> => {
      setState(this.core, id, 'Succeeded');
      return Promise.resolve();
    };
    return accepted(this.core, 'bd', id, 'Updating', work, null);
  }

  /** An endpoint whose default deployment goes has none any more. */
  private delete(call: Call): Answer {
    const id = deploymentId(call);
    const document = this.core.store.get(id);
    if (!isObject(document)) return { status: 204 };
    refuseBusy(document, id);
    setState(this.core, id, 'Deleting');
    const work = (): Promise<void> => {
      const endpoint = this.core.store.get(batchEndpointId(call));
      const properties = propertiesOf(endpoint);
      const chosen = optionalText(optionalObject(properties['defaults'], 'defaults'), 'deploymentName', 'defaults');
      if (isObject(endpoint) && chosen?.toLowerCase() === param(call, 'deployment').toLowerCase())
        this.core.store.set(batchEndpointId(call), {
          ...endpoint,
          properties: { ...properties, defaults: { deploymentName: null } },
        });
      this.core.store.delete(id);
      return Promise.resolve();
    };
    return accepted(this.core, 'bd', id, 'Deleting', work, undefined);
  }

  private list(call: Call): Answer {
    requireBatchEndpoint(this.core, call);
    const keys = this.core.store.keys(`${batchEndpointId(call)}/deployments/`);
    return page(call, keys.map((key) => this.core.store.get(key)).filter(isObject));
  }

  private find(call: Call): Json {
    requireBatchEndpoint(this.core, call);
    const found = this.core.store.get(deploymentId(call));
    if (isObject(found)) return found;
    throw notFound(
      'DeploymentNotFound',
      `The deployment '${param(call, 'deployment')}' of the endpoint '${param(call, 'endpoint')}' was not found.`,
    );
  }
}

function deploymentId(call: Call): string {
  return `${batchEndpointId(call)}/deployments/${param(call, 'deployment')}`;
}

/** `properties` of a stored resource. */
export function propertiesOf(document: unknown): Json {
  return isObject(document) ? optionalObject(document['properties'], 'properties') : {};
}
