import { setTimeout as sleep } from 'node:timers/promises';
import { armRoute, ArmFault, type Answer, type Call, type Core, type Route } from '../service';
import { checkName, operationHeaders, putHeaders, refuseBusy, stateOf, withOperation } from './deployments';
import { page } from './versioned';
import {
  invalid,
  isObject,
  notFound,
  object,
  optionalObject,
  optionalText,
  param,
  provider,
  text,
  textMap,
  workspaceId,
  workspacePath,
  type Json,
} from './wire';

export const batchEndpointPath = `${workspacePath}/batchEndpoints/{endpoint}`;

/** Batch endpoints (swagger: `BatchEndpoints_*`). They accept tokens of Microsoft Entra ID only. */
export class BatchEndpoints {
  constructor(private readonly core: Core) {}

  routes(): Route[] {
    return [
      armRoute('PUT', batchEndpointPath, (call) => this.put(call)),
      armRoute('GET', batchEndpointPath, (call) => ({ status: 200, body: this.find(call) })),
      armRoute('PATCH', batchEndpointPath, (call) => this.patch(call)),
      armRoute('DELETE', batchEndpointPath, (call) => this.delete(call)),
      armRoute('GET', `${workspacePath}/batchEndpoints`, (call) => this.list(call)),
      // As recorded for online endpoints without keys.
      armRoute('POST', `${batchEndpointPath}/listkeys`, (call) => {
        this.find(call);
        return { status: 200, body: { primaryKey: null, secondaryKey: null } };
      }),
    ];
  }

  /** What was under way when an earlier life of this server ended has failed. */
  settleLeftovers(): void {
    for (const key of this.core.store.keys('/subscriptions/')) {
      if (!/\/batchEndpoints\/[^/]+(\/deployments\/[^/]+)?$/i.test(key)) continue;
      if (['Creating', 'Updating', 'Deleting'].includes(stateOf(this.core.store.get(key))))
        setState(this.core, key, 'Failed');
    }
  }

  private put(call: Call): Answer {
    const id = batchEndpointId(call);
    const name = param(call, 'endpoint');
    checkName(name, 'endpoint');
    const owner = this.core.store.get(`batch-inference/${name}`);
    if (typeof owner === 'string' && owner.toLowerCase() !== id.toLowerCase())
      throw invalid(`The endpoint name '${name}' is taken in this region.`, 'EndpointNameTaken', 'name');
    const existing = this.core.store.get(id);
    refuseBusy(existing, id);
    const document = this.document(id, object(call.json(), 'body'), existing, call.caller.objectId);
    this.core.store.set(id, document);
    this.core.store.set(`batch-inference/${name}`, id);
    const work = (): Promise<void> => this.settle(id);
    const started = this.core.operations.start('be', `${this.core.url}${id}`, work, stateOf(document));
    this.core.store.set(id, withOperation(document, started.asyncOperationUrl));
    const headers = { 'azure-asyncoperation': started.asyncOperationUrl, location: call.url.href, ...putHeaders };
    return { status: existing === undefined ? 201 : 200, headers, body: this.core.store.get(id) };
  }

  private async settle(id: string): Promise<void> {
    await sleep(100);
    setState(this.core, id, 'Succeeded');
  }

  private document(id: string, body: Json, existing: unknown, createdBy: string): Json {
    const asked = object(body['properties'], 'properties');
    const mode = text(asked, 'authMode', 'properties');
    if (mode.toLowerCase() !== 'aadtoken')
      throw invalid(
        `Batch endpoints support authMode AADToken only, not '${mode}'.`,
        'ValidationError',
        'properties.authMode',
      );
    const before = isObject(existing) ? existing : undefined;
    const own = textMap(optionalObject(before?.['properties'], 'properties')['properties'], 'properties.properties');
    const name = id.split('/').pop() ?? '';
    const now = new Date().toISOString();
    return {
      id,
      name,
      type: `${provider}/workspaces/batchEndpoints`,
      location: text(body, 'location', 'body'),
      tags: textMap(body['tags'], 'tags'),
      kind: optionalText(body, 'kind', 'body') ?? null,
      identity: {
        type: 'SystemAssigned',
        ...optionalObject(body['identity'], 'identity'),
        principalId: this.core.workspaceIdentity.objectId,
        tenantId: this.core.tenantId,
      },
      properties: {
        description: optionalText(asked, 'description', 'properties') ?? null,
        properties: { ...own, ...textMap(asked['properties'], 'properties.properties') },
        authMode: 'AADToken',
        defaults: this.defaults(id, asked['defaults']),
        scoringUri: `${this.core.url}/inference/${name}/jobs`,
        swaggerUri: null,
        provisioningState: before === undefined ? 'Creating' : 'Updating',
      },
      systemData: {
        ...(before === undefined ? { createdAt: now, createdBy } : optionalObject(before['systemData'], 'systemData')),
        lastModifiedAt: now,
      },
    };
  }

  /** The default deployment must be one of the endpoint. */
  private defaults(id: string, value: unknown): Json {
    const name = optionalText(optionalObject(value, 'properties.defaults'), 'deploymentName', 'properties.defaults');
    if (name === undefined || name === '') return { deploymentName: null };
    if (isObject(this.core.store.get(`${id}/deployments/${name}`))) return { deploymentName: name };
    throw invalid(
      `The default deployment '${name}' is not one of the endpoint.`,
      'DeploymentNotFound',
      'properties.defaults.deploymentName',
    );
  }

  /** Tags and identity are all that can be patched. */
  private patch(call: Call): Answer {
    const id = batchEndpointId(call);
    const document = this.find(call);
    refuseBusy(document, id);
    const body = object(call.json(), 'body');
    const tags = body['tags'] === undefined ? document['tags'] : textMap(body['tags'], 'tags');
    const identity = {
      ...optionalObject(document['identity'], 'identity'),
      ...optionalObject(body['identity'], 'identity'),
    };
    this.core.store.set(id, { ...document, tags, identity });
    setState(this.core, id, 'Updating');
    return accepted(this.core, 'be', id, 'Updating', () => this.settle(id), null);
  }

  /** Deleting an endpoint deletes its deployments; jobs stay. */
  private delete(call: Call): Answer {
    const id = batchEndpointId(call);
    const document = this.core.store.get(id);
    if (!isObject(document)) return { status: 204 };
    refuseBusy(document, id);
    setState(this.core, id, 'Deleting');
    const work = (): Promise<void> => {
      for (const key of this.core.store.keys(`${id}/deployments/`)) this.core.store.delete(key);
      this.core.store.delete(`batch-inference/${param(call, 'endpoint')}`);
      this.core.store.delete(id);
      return Promise.resolve();
    };
    return accepted(this.core, 'be', id, 'Deleting', work, undefined);
  }

  private list(call: Call): Answer {
    const prefix = `${workspaceId(call)}/batchEndpoints/`;
    const keys = this.core.store.keys(prefix).filter((key) => !key.slice(prefix.length).includes('/'));
    return page(call, keys.map((key) => this.core.store.get(key)).filter(isObject));
  }

  private find(call: Call): Json {
    const found = this.core.store.get(batchEndpointId(call));
    if (isObject(found)) return found;
    throw notFound('BatchEndpointNotFound', `The batch endpoint '${param(call, 'endpoint')}' was not found.`);
  }
}

export function batchEndpointId(call: Call): string {
  return `${workspaceId(call)}/batchEndpoints/${param(call, 'endpoint')}`;
}

/** The answer to a PATCH or DELETE that goes on in the background. */
export function accepted(
  core: Core,
  kind: string,
  id: string,
  word: string,
  work: () => Promise<void>,
  body: unknown,
): Answer {
  const started = core.operations.start(kind, `${core.url}${id}`, work, word);
  return { status: 202, headers: { location: started.resultUrl, ...operationHeaders }, body };
}

export function setState(core: Core, id: string, provisioningState: string): void {
  const document = core.store.get(id);
  if (!isObject(document)) return;
  const properties = { ...optionalObject(document['properties'], 'properties'), provisioningState };
  const data = { ...optionalObject(document['systemData'], 'systemData'), lastModifiedAt: new Date().toISOString() };
  core.store.set(id, { ...document, properties, systemData: data });
}

/** The endpoint above a deployment, as Resource Manager misses it. */
export function requireBatchEndpoint(core: Core, call: Call): Json {
  const found = core.store.get(batchEndpointId(call));
  if (isObject(found)) return found;
  throw new ArmFault(
    404,
    'ParentResourceNotFound',
    `Can not perform requested operation on nested resource. Parent resource '${param(call, 'workspace')}/${param(call, 'endpoint')}' not found.`,
  );
}
