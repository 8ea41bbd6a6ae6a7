import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { armRoute, type Answer, type Call, type Core, type Route, type Service } from '../service';
import {
  checkName,
  Deployments,
  endpointId,
  operationHeaders,
  putHeaders,
  refuseBusy,
  stateOf,
  trafficOf,
  withOperation,
} from './deployments';
import { page } from './versioned';
import { Scoring, tokenAudience } from './scoring';
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
  workspacePath,
  type Json,
} from './wire';

const endpointPath = `${workspacePath}/onlineEndpoints/{endpoint}`;
const authModes = ['Key', 'AMLToken', 'AADToken'];

/** Managed online endpoints and deployments of a workspace, and the scoring URL behind which they answer. */
export function createEndpoints(core: Core): Service {
  const deployments = new Deployments(core);
  const endpoints = new Endpoints(core, deployments);
  const scoring = new Scoring(core, deployments);
  return {
    routes: [...endpoints.routes(), ...deployments.routes(), ...scoring.routes()],
    async start() {
      endpoints.settleLeftovers();
      await deployments.resume();
    },
    stop: () => deployments.stop(),
  };
}

/** Online endpoints (swagger: `OnlineEndpoints_*`). */
class Endpoints {
  constructor(
    private readonly core: Core,
    private readonly deployments: Deployments,
  ) {}

  routes(): Route[] {
    return [
      armRoute('PUT', endpointPath, (call) => this.put(call)),
      armRoute('GET', endpointPath, (call) => ({ status: 200, body: this.find(call) })),
      armRoute('PATCH', endpointPath, (call) => this.patch(call)),
      armRoute('DELETE', endpointPath, (call) => this.delete(call)),
      armRoute('GET', `${workspacePath}/onlineEndpoints`, (call) => this.list(call)),
      armRoute('POST', `${endpointPath}/listKeys`, (call) => ({ status: 200, body: this.listKeys(call) })),
      armRoute('POST', `${endpointPath}/regenerateKeys`, (call) => this.regenerateKeys(call)),
      armRoute('POST', `${endpointPath}/token`, (call) => ({ status: 200, body: this.token(call) })),
    ];
  }

  settleLeftovers(): void {
    for (const key of this.core.store.keys('/subscriptions/')) {
      if (!/\/onlineEndpoints\/[^/]+$/i.test(key)) continue;
      const state = stateOf(this.core.store.get(key));
      if (state === 'Creating' || state === 'Updating' || state === 'Deleting') this.finish(key, 'Failed', undefined);
    }
  }

  private put(call: Call): Answer {
    const id = endpointId(call);
    const name = param(call, 'endpoint');
    checkName(name, 'endpoint');
    const existing = this.core.store.get(id);
    refuseBusy(existing, id);
    const body = object(call.json(), 'body');
    const asked = object(body['properties'], 'properties');
    const document = this.document(id, name, body, asked, existing, call.caller.objectId);
    const traffic = this.checkTraffic(id, asked['traffic']);
    this.keepKeys(id, optionalObject(asked['keys'], 'properties.keys'));
    this.core.store.set(id, document);
    this.core.store.set(`inference/${name}`, id);
    const state = stateOf(document);
    const started = this.core.operations.start('oe', `${this.core.url}${id}`, () => this.settle(id, traffic), state);
    this.core.store.set(id, withOperation(document, started.asyncOperationUrl));
    const headers = {
      'azure-asyncoperation': started.asyncOperationUrl,
      location: call.url.href,
      ...putHeaders,
    };
    return { status: existing === undefined ? 201 : 200, headers, body: this.core.store.get(id) };
  }

  /** The end of a create or update: only now is the new traffic in force. */
  private async settle(id: string, traffic: Record<string, number> | undefined): Promise<void> {
    await sleep(200);
    this.finish(id, 'Succeeded', traffic);
  }

  private finish(id: string, provisioningState: string, traffic: Record<string, number> | undefined): void {
    const document = this.core.store.get(id);
    if (!isObject(document)) return;
    const name = optionalText(document, 'name', 'endpoint') ?? '';
    const properties = {
      ...optionalObject(document['properties'], 'properties'),
      provisioningState,
      scoringUri: `${this.core.url}/inference/${name}/score`,
      swaggerUri: `${this.core.url}/inference/${name}/swagger.json`,
      ...(traffic === undefined ? {} : { traffic }),
    };
    this.core.store.set(id, { ...document, properties });
  }

  private document(id: string, name: string, body: Json, asked: Json, existing: unknown, caller: string): Json {
    const authMode = text(asked, 'authMode', 'properties');
    if (!authModes.includes(authMode))
      throw invalid(
        `'${authMode}' is not an authMode; there are ${authModes.join(', ')}.`,
        'ValidationError',
        'properties.authMode',
      );
    if (optionalText(asked, 'compute', 'properties') !== undefined)
      throw invalid(
        'This local workspace does not support endpoints on Kubernetes (compute).',
        'NotSupported',
        'properties.compute',
      );
    if (Object.keys(optionalObject(asked['mirrorTraffic'], 'properties.mirrorTraffic')).length > 0)
      throw invalid(
        'This local workspace does not support mirrored traffic.',
        'NotSupported',
        'properties.mirrorTraffic',
      );
    const before = isObject(existing) ? existing : undefined;
    const properties = before === undefined ? undefined : optionalObject(before['properties'], 'properties');
    const now = new Date().toISOString();
    const identity = { ...optionalObject(body['identity'], 'identity') };
    return {
      id,
      name,
      type: `${provider}/workspaces/onlineEndpoints`,
      properties: {
        description: optionalText(asked, 'description', 'properties') ?? null,
        properties: {
          ...textMap(properties?.['properties'], 'properties.properties'),
          ...textMap(asked['properties'], 'properties.properties'),
          'azureml.onlineendpointid': id.toLowerCase(),
        },
        scoringUri: properties?.['scoringUri'] ?? null,
        swaggerUri: properties?.['swaggerUri'] ?? null,
        authMode,
        provisioningState: before === undefined ? 'Creating' : 'Updating',
        compute: null,
        traffic: trafficOf(before),
        mirrorTraffic: {},
        publicNetworkAccess: optionalText(asked, 'publicNetworkAccess', 'properties') ?? 'Enabled',
      },
      systemData: {
        ...(before === undefined
          ? { createdAt: now, createdBy: caller }
          : optionalObject(before['systemData'], 'systemData')),
        lastModifiedAt: now,
      },
      tags: textMap(body['tags'], 'tags'),
      location: text(body, 'location', 'body'),
      kind: 'Managed',
      identity: {
        type: 'SystemAssigned',
        ...identity,
        principalId: this.core.workspaceIdentity.objectId,
        tenantId: this.core.tenantId,
      },
    };
  }

  /** Traffic goes to deployments that are up, and adds up to 0 or 100. `undefined` when the request does not speak of it. */
  private checkTraffic(id: string, value: unknown): Record<string, number> | undefined {
    if (value === undefined || value === null) return undefined;
    const traffic: Record<string, number> = {};
    const deployments = this.deployments.of(id);
    for (const [name, weight] of Object.entries(object(value, 'properties.traffic'))) {
      if (typeof weight !== 'number' || !Number.isInteger(weight) || weight < 0 || weight > 100)
        throw invalid(
          `The traffic of '${name}' must be a whole number from 0 to 100.`,
          'ValidationError',
          'properties.traffic',
        );
      const deployment = deployments[name];
      if (deployment === undefined)
        throw invalid(
          `Traffic names the deployment '${name}', which the endpoint does not have.`,
          'DeploymentNotFound',
          'properties.traffic',
        );
      if (weight > 0 && stateOf(deployment) !== 'Succeeded')
        throw invalid(
          `The deployment '${name}' cannot take traffic: its provisioning state is ${stateOf(deployment)}.`,
          'DeploymentNotReady',
          'properties.traffic',
        );
      traffic[name] = weight;
    }
    const sum = Object.values(traffic).reduce((total, weight) => total + weight, 0);
    if (sum !== 0 && sum !== 100)
      throw invalid(
        `The traffic of all deployments must add up to 0 or 100, not ${sum}.`,
        'ValidationError',
        'properties.traffic',
      );
    return traffic;
  }

  /** Tags and identity are all that can be patched; traffic is not. */
  private patch(call: Call): Answer {
    const id = endpointId(call);
    const document = this.find(call);
    refuseBusy(document, id);
    const body = object(call.json(), 'body');
    const tags = body['tags'] === undefined ? document['tags'] : textMap(body['tags'], 'tags');
    const properties = { ...optionalObject(document['properties'], 'properties'), provisioningState: 'Updating' };
    this.core.store.set(id, { ...document, tags, properties });
    return this.accepted(id, 'Updating', () => this.settle(id, undefined), null);
  }

  /** Deleting an endpoint deletes its deployments, whatever traffic they take. */
  private delete(call: Call): Answer {
    const id = endpointId(call);
    const document = this.core.store.get(id);
    if (!isObject(document)) return { status: 204 };
    refuseBusy(document, id);
    this.core.store.set(id, {
      ...document,
      properties: { ...optionalObject(document['properties'], 'properties'), provisioningState: 'Deleting' },
    });
    const work = async (): Promise<void> => {
      for (const key of this.core.store.keys(`${id}/deployments/`)) await this.deployments.remove(key);
      this.core.store.delete(`inference/${param(call, 'endpoint')}`);
      this.core.store.delete(keysOf(id));
      this.core.store.delete(id);
    };
    return this.accepted(id, 'Deleting', work, undefined);
  }

  private accepted(id: string, word: string, work: () => Promise<void>, body: unknown): Answer {
    const started = this.core.operations.start('oe', `${this.core.url}${id}`, work, word);
    return { status: 202, headers: { location: started.resultUrl, ...operationHeaders }, body };
  }

  private find(call: Call): Json {
    const found = this.core.store.get(endpointId(call));
    if (isObject(found)) return found;
    throw notFound('OnlineEndpointNotFound', `The online endpoint '${param(call, 'endpoint')}' was not found.`);
  }

  private list(call: Call): Answer {
    const prefix = endpointId({ ...call, params: { ...call.params, endpoint: '' } });
    const keys = this.core.store.keys(prefix).filter((key) => !key.slice(prefix.length).includes('/'));
    return page(call, keys.map((key) => this.core.store.get(key)).filter(isObject));
  }

  private keepKeys(id: string, given: Json): void {
    const stored = this.core.store.get(keysOf(id));
    const before = isObject(stored) ? stored : {};
    this.core.store.set(keysOf(id), {
      primaryKey: optionalText(given, 'primaryKey', 'keys') ?? before['primaryKey'] ?? newKey(),
      secondaryKey: optionalText(given, 'secondaryKey', 'keys') ?? before['secondaryKey'] ?? newKey(),
    });
  }

  /** Keys of an endpoint with key authentication; nulls for the others, as recorded. */
  private listKeys(call: Call): unknown {
    const mode = authModeOf(this.find(call));
    return mode === 'Key' ? this.core.store.get(keysOf(endpointId(call))) : { primaryKey: null, secondaryKey: null };
  }

  private regenerateKeys(call: Call): Answer {
    const id = endpointId(call);
    if (authModeOf(this.find(call)) !== 'Key')
      throw invalid('Only endpoints with authMode Key have keys.', 'AuthModeMismatch');
    const body = object(call.json(), 'body');
    const type = text(body, 'keyType', 'body');
    if (type !== 'Primary' && type !== 'Secondary')
      throw invalid(`'${type}' is not a keyType; there are Primary and Secondary.`, 'ValidationError', 'keyType');
    const stored = this.core.store.get(keysOf(id));
    const value = optionalText(body, 'keyValue', 'body') ?? newKey();
    this.core.store.set(keysOf(id), {
      ...(isObject(stored) ? stored : {}),
      [type === 'Primary' ? 'primaryKey' : 'secondaryKey']: value,
    });
    return this.accepted(id, 'Updating', () => Promise.resolve(), null);
  }

  private token(call: Call): Json {
    const mode = authModeOf(this.find(call));
    if (mode !== 'AMLToken') throw invalid(`The endpoint has authMode ${mode}: it gives no token.`, 'AuthModeMismatch');
    const now = Math.floor(Date.now() / 1000);
    const lifetimeSeconds = 12 * 3600;
    const { objectId, clientId } = call.caller;
    return {
      accessToken: this.core.mintToken({
        objectId,
        clientId,
        audience: tokenAudience(endpointId(call)),
        lifetimeSeconds,
      }),
      expiryTimeUtc: now + lifetimeSeconds,
      refreshAfterTimeUtc: now + lifetimeSeconds / 2,
      tokenType: 'Bearer',
    };
  }
}

export function keysOf(id: string): string {
  return `endpoint-keys/${id}`;
}

function authModeOf(document: Json): string {
  return text(optionalObject(document['properties'], 'properties'), 'authMode', 'properties');
}

function newKey(): string {
  return randomBytes(24).toString('base64url');
}
