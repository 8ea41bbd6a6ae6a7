import { timingSafeEqual } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { Answer, Call, Core, Route } from '../service';
import { stateOf, trafficOf, type Deployments } from './deployments';
import type { ScoringServer } from './serving';
import { TrafficSplit } from './traffic';
import { errorMessage, isObject, optionalObject, optionalText, param, type Json } from './wire';

const scoreAction = 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action';

/** Audience of the tokens that an endpoint with authMode AMLToken gives. */
export function tokenAudience(endpoint: string): string {
  return `azureml:${endpoint.toLowerCase()}`;
}

/** Headers of a caller that reach the model; authentication does not. */
const passedIn = ['content-type', 'accept', 'x-ms-client-request-id', 'x-request-id', 'traceparent'];
/** Headers of the model's answer that belong to one connection only. */
const connectionOnly = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date', 'server']);

/** The scoring URL: `/inference/{endpoint}/score`, with the routing, authentication and status codes of managed endpoints. */
export class Scoring {
  private readonly splits = new Map<string, TrafficSplit>();

  constructor(
    private readonly core: Core,
    private readonly deployments: Deployments,
  ) {}

  routes(): Route[] {
    const methods: Route['method'][] = ['GET', 'POST', 'OPTIONS'];
    const paths = ['/inference/{endpoint}', '/inference/{endpoint}/{rest+}'];
    return methods.flatMap((method) =>
      paths.map((path): Route => ({ method, path, token: 'none', handle: (call) => this.handle(call) })),
    );
  }

  private async handle(call: Call): Promise<Answer> {
    const id = this.core.store.get(`inference/${param(call, 'endpoint')}`);
    const endpoint = typeof id === 'string' ? this.core.store.get(id) : undefined;
    if (typeof id !== 'string' || !isObject(endpoint))
      return refusal(404, 'NotFound', `There is no endpoint '${param(call, 'endpoint')}'.`);
    const denied = this.authenticate(call, id, endpoint);
    if (denied !== undefined) return denied;
    const name = this.choose(call, id, endpoint);
    if (typeof name !== 'string') return name;
    const server = this.deployments.server(`${id}/deployments/${name}`);
    if (server === undefined)
      return refusal(503, 'ServiceUnavailable', `The deployment '${name}' has no ready replica.`);
    return this.forward(call, server, name);
  }

  /** The answer to a caller who may not score, or `undefined`. */
  private authenticate(call: Call, id: string, endpoint: Json): Answer | undefined {
    const given = /^Bearer\s+(.+)$/i.exec(call.headers.authorization ?? '')?.[1]?.trim();
    if (given === undefined)
      return refusal(
        401,
        'Unauthorized',
        'The request has no Authorization header of the form "Bearer <key or token>".',
      );
    const mode = optionalText(optionalObject(endpoint['properties'], 'properties'), 'authMode', 'properties');
    if (mode === 'Key')
      return this.isKey(id, given) ? undefined : refusal(401, 'Unauthorized', 'The key is not one of the endpoint.');
    const caller = this.core.verifyToken(given);
    if (caller === undefined) return refusal(401, 'Unauthorized', 'The token is not valid or has expired.');
    if (mode === 'AMLToken')
      return caller.audience === tokenAudience(id)
        ? undefined
        : refusal(401, 'Unauthorized', 'The token was not made for this endpoint.');
    if (caller.audience.replace(/\/$/, '') !== 'https://ml.azure.com')
      return refusal(
        401,
        'Unauthorized',
        `The token has the audience '${caller.audience}'; the endpoint accepts https://ml.azure.com.`,
      );
    return this.core.allows(caller, scoreAction, id)
      ? undefined
      : refusal(403, 'Forbidden', `The client '${caller.clientId}' may not perform '${scoreAction}' over '${id}'.`);
  }

  private isKey(id: string, given: string): boolean {
    const keys = this.core.store.get(`endpoint-keys/${id}`);
    if (!isObject(keys)) return false;
    return [keys['primaryKey'], keys['secondaryKey']].some((key) => typeof key === 'string' && equal(key, given));
  }

  /** The deployment that the header names, else the next by traffic. */
  private choose(call: Call, id: string, endpoint: Json): string | Answer {
    const header = call.headers['azureml-model-deployment'];
    if (typeof header === 'string' && header !== '') {
      const document = this.core.store.get(`${id}/deployments/${header}`);
      return isObject(document) && stateOf(document) !== 'Failed'
        ? header
        : refusal(404, 'NotFound', `The endpoint has no deployment '${header}' that serves.`);
    }
    const split = this.splits.get(id) ?? new TrafficSplit();
    this.splits.set(id, split);
    return (
      split.next(trafficOf(endpoint)) ??
      refusal(404, 'NotFound', "The endpoint doesn't have any valid deployment with positive weight.")
    );
  }

  private async forward(call: Call, server: ScoringServer, name: string): Promise<Answer> {
    const { spec } = server;
    const limit = 2 * spec.concurrent * spec.instances;
    const marked = { 'azureml-model-deployment': name };
    if (server.active >= limit)
      return refusal(429, 'TooManyRequests', `The deployment has more than ${limit} requests under way.`, {
        ...marked,
        'retry-after': '1',
      });
    server.active += 1;
    try {
      // After a restart of this server or a crash of the model, the first requests wait for the container.
      await server.ready();
      const answer = await send(call, server.port, spec.requestTimeoutMs);
      if (answer === 'timeout')
        return refusal(408, 'RequestTimeout', `The model did not answer within ${spec.requestTimeoutMs} ms.`, marked);
      const scored = !answer.path.endsWith('swagger.json') && answer.path !== '/';
      if (answer.status === 200 || !scored)
        return { status: answer.status, headers: { ...answer.headers, ...marked }, body: answer.body };
      const why = {
        'ms-azureml-model-error-statuscode': String(answer.status),
        'ms-azureml-model-error-reason': 'model_error',
      };
      return { status: 424, headers: { ...answer.headers, ...marked, ...why }, body: answer.body };
    } catch (error) {
      this.core.log(`Scoring by ${spec.id}: ${errorMessage(error)}`);
      return refusal(502, 'BadGateway', 'The model ended its connection without an answer.', marked);
    } finally {
      server.active -= 1;
    }
  }
}

interface Scored {
  path: string;
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** Passes a request on to the scoring server. */
function send(call: Call, port: number, timeoutMs: number): Promise<Scored | 'timeout'> {
  const path = `/${call.params['rest'] ?? ''}`;
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port,
        method: call.method,
        path: path + call.url.search,
        headers: { ...inbound(call.headers), 'content-length': call.body.length },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          clearTimeout(timer);
          resolve({
            path,
            status: response.statusCode ?? 0,
            headers: outbound(response.headers),
            body: Buffer.concat(chunks),
          });
        });
      },
    );
    const timer = setTimeout(() => {
      resolve('timeout');
      request.destroy();
    }, timeoutMs);
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    request.end(call.body);
  });
}

function inbound(headers: IncomingHttpHeaders): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of passedIn) {
    const value = headers[name];
    if (typeof value === 'string') passed[name] = value;
  }
  return passed;
}

function outbound(headers: IncomingHttpHeaders): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (typeof value === 'string' && !connectionOnly.has(name)) passed[name] = value;
  return passed;
}

function refusal(status: number, code: string, message: string, headers: Record<string, string> = {}): Answer {
  const more: Record<string, string> = status === 401 ? { 'www-authenticate': 'Bearer' } : {};
  return { status, headers: { ...headers, ...more }, body: { error: { code, message } } };
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
