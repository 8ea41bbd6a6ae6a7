import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { ArmClient } from '../../lib/azure/arm-client';
import type { Azure } from '../../lib/azure/azure';
import type { Cloud } from '../../lib/azure/cloud';
import { azureError } from '../../lib/azure/errors';
import type { Http, HttpAnswer, HttpRequest } from '../../lib/azure/http';
import type { Agent } from '../../lib/agent/agent';

/** A request as the fake saw it. */
export interface Seen {
  method: string;
  /** Without host; decoded. */
  path: string;
  host: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: unknown;
  /** Audience of the token that would be sent. */
  resource?: string;
  /** What was answered. */
  status?: number;
  /** What was answered. */
  answer?: unknown;
  request: HttpRequest;
}

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

type Handler = (seen: Seen, match: RegExpExecArray) => Answer | undefined | Promise<Answer | undefined>;

const subscriptionId = '00000000-0000-0000-0000-000000000000';
export const resourceGroupId = `/subscriptions/${subscriptionId}/resourceGroups/resource-group`;
export const workspaceId = `${resourceGroupId}/providers/Microsoft.MachineLearningServices/workspaces/workspace`;

/** An ARM error body as Azure Machine Learning words it. */
export function armFault(status: number, code: string, message: string): Answer {
  return {
    status,
    body: { error: { code: 'UserError', message: 'The request is invalid.', details: [{ code, message }] } },
  };
}

/**
 * A scripted Azure in memory: the real ARM client over an HTTP layer that looks up handlers by method and path. Later
 * handlers win; a handler that returns `undefined` passes on. A request that nobody expects fails the test.
 */
export class FakeAzure {
  readonly seen: Seen[] = [];
  readonly azure: Azure;
  private readonly routes: { method: string; pattern: RegExp; handler: Handler }[] = [];

  constructor(agent: Agent) {
    const cloud: Cloud = {
      name: 'AzureCloud',
      arm: 'https://management.azure.com',
      authority: 'https://login.microsoftonline.com',
      resources: { arm: 'arm', machineLearning: 'ml', storage: 'storage', kubernetes: 'kubernetes' },
    };
    const http: Http = { send: (request) => this.send(request) };
    const api = 'https://westeurope.api.azureml.ms';
    this.azure = {
      cloud,
      http,
      arm: new ArmClient(http, cloud, agent),
      tokens: { get: (resource) => Promise.resolve(`token-for-${resource}`) },
      subscriptionId,
      resourceGroup: 'resource-group',
      resourceGroupId,
      workspace: {
        id: workspaceId,
        name: 'workspace',
        location: 'westeurope',
        historyUrl: `${api}/history/v1.0${workspaceId}`,
        artifactUrl: `${api}/artifact/v2.0${workspaceId}`,
        mlflowUrl: `${api}/mlflow/v2.0${workspaceId}/api/2.0/mlflow`,
      },
    };
  }

  /** @param path pattern on the decoded path; `{ws}` stands for the workspace's id */
  on(method: string, path: string, handler: Handler): this {
    const source = path.replaceAll('{ws}', workspaceId.replaceAll('.', '\\.'));
    this.routes.unshift({ method, pattern: new RegExp(`^${source}$`, 'i'), handler });
    return this;
  }

  /** The requests with this method and path pattern. */
  calls(method: string, path: string): Seen[] {
    const pattern = new RegExp(`^${path.replaceAll('{ws}', workspaceId.replaceAll('.', '\\.'))}$`, 'i');
    return this.seen.filter((seen) => seen.method === method && pattern.test(seen.path));
  }

  private async send(request: HttpRequest): Promise<HttpAnswer> {
    const url = new URL(request.url);
    const seen: Seen = {
      method: request.method,
      host: url.host,
      path: decodeURIComponent(url.pathname),
      query: Object.fromEntries(url.searchParams),
      headers: request.headers ?? {},
      // What goes over the wire: members that are undefined do not.
      body:
        Buffer.isBuffer(request.body) || typeof request.body === 'string' || request.body === undefined
          ? request.body
          : (JSON.parse(JSON.stringify(request.body)) as unknown),
      resource: request.resource,
      request,
    };
    this.seen.push(seen);
    const answer = await this.answer(seen);
    seen.status = answer.status ?? 200;
    seen.answer = answer.body;
    const found: HttpAnswer = { status: seen.status, headers: answer.headers ?? {}, body: answer.body };
    if (found.status >= 300 && !request.accept?.includes(found.status)) {
      throw azureError(`${request.method} ${url.origin}${url.pathname}`, found);
    }
    return { ...found, body: inForm(request, found.body) };
  }

  private async answer(seen: Seen): Promise<Answer> {
    for (const { method, pattern, handler } of this.routes) {
      const match = method === seen.method ? pattern.exec(seen.path) : null;
      const answer = match && (await handler(seen, match));
      if (answer) return answer;
    }
    throw new Error(`unexpected request: ${seen.method} https://${seen.host}${seen.path}`);
  }
}

function inForm(request: HttpRequest, body: unknown): unknown {
  if (request.as === 'buffer' || request.as === 'stream') {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : '');
    return request.as === 'stream' ? Readable.from([bytes]) : bytes;
  }
  return Buffer.isBuffer(body) ? body.toString() : body;
}

/** A blob that was put. */
export interface PutBlob {
  path: string;
  bytes: number;
  sha256: string;
  metadata: Record<string, string>;
}

/**
 * The part of a workspace that uploads and registrations need: codes, environments, data, datastore, blobs. Every asset
 * that is asked for exists in version 1; nothing was uploaded before.
 */
export class FakeAssets {
  readonly blobs = new Map<string, PutBlob>();
  /** Bodies of codes/{name}/versions/1 by name. */
  readonly codes = new Map<string, unknown>();

  constructor(readonly fake: FakeAzure) {
    const version = `{ws}/(environments|codes|models|data|components)/([^/]+)/versions/([^/]+)`;
    fake.on('GET', `{ws}/codes/([^/]+)/versions`, (_seen, [, name = '']) => {
      const body = this.codes.get(name);
      return body
        ? { body: { value: [{ id: `${workspaceId}/codes/${name}/versions/1`, ...body }] } }
        : armFault(404, 'CodeNotFound', name);
    });
    fake.on('POST', `{ws}/codes/([^/]+)/versions/1/startPendingUpload`, (_seen, [, name = '']) => {
      const blobUri = `https://account.blob.core.windows.net/upload-${name.slice(0, 8)}`;
      return {
        body: {
          pendingUploadId: 'p',
          pendingUploadType: 'TemporaryBlobReference',
          blobReferenceForConsumption: {
            blobUri,
            credential: { credentialType: 'SAS', sasUri: `${blobUri}?sv=2023&sig=c2lnbmF0dXJl&sp=rwl` },
          },
        },
      };
    });
    fake.on('PUT', version, (seen, [path = '', kind = '', name = '', number = '']) => {
      if (kind === 'codes') this.codes.set(name, seen.body);
      return { status: 201, body: { id: path, name: number, ...(seen.body as object) } };
    });
    fake.on('GET', `{ws}/(environments|data|models)/([^/]+)`, (_seen, [path = '', , name = '']) => ({
      body: { id: path, name, properties: { latestVersion: '1', nextVersion: '2' } },
    }));
    fake.on('GET', '{ws}/datastores/workspaceblobstore', () => ({
      body: {
        properties: {
          datastoreType: 'AzureBlob',
          accountName: 'account',
          containerName: 'blobstore',
          endpoint: 'core.windows.net',
          protocol: 'https',
        },
      },
    }));
    // Put whole or not at all: nothing is left of uploads that were cut off.
    fake.on('GET', '/blobstore', ({ query }) =>
      query['comp'] === 'list'
        ? { body: '<EnumerationResults><Blobs /><NextMarker /></EnumerationResults>' }
        : undefined,
    );
    fake.on('GET', '/blobstore/.+', ({ query }) => (query['comp'] === 'blocklist' ? { status: 404 } : undefined));
    fake.on('HEAD', '/blobstore/(.*)', ({ path }) => {
      const blob = this.blobs.get(path);
      return blob
        ? {
            headers: Object.fromEntries(
              Object.entries(blob.metadata).map(([key, value]) => [`x-ms-meta-${key}`, value]),
            ),
          }
        : { status: 404 };
    });
    fake.on('PUT', '/(?:blobstore|upload-[0-9a-f]+)/.*', ({ path, headers, body, query }) => {
      if (query['comp'] !== undefined) return { status: 201 };
      const bytes = Buffer.isBuffer(body) ? body : Buffer.from('');
      this.blobs.set(path, {
        path,
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        metadata: Object.fromEntries(
          Object.entries(headers).flatMap(([key, value]) =>
            key.startsWith('x-ms-meta-') ? [[key.slice(10), value]] : [],
          ),
        ),
      });
      return { status: 201 };
    });
  }
}
