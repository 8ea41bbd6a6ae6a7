import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { networkInterfaces } from 'node:os';
import { audienceOf, unknownResource } from './audiences';
import { enact, type Faults } from './faults';
import { tap, type Recorder } from './recorder';
import { groupPath, names, type Principal } from './seed';
import { listen, send } from './server';
import type { Answer } from './service';
import type { Tokens } from './tokens';

interface Options {
  port: number;
  /** A further address to listen on (port 80), for a test in a network of its own. */
  host?: string;
  /** Base URL of the cloud, which is an audience too. */
  url: string;
  identityHeader: string;
  identities: Principal[];
  /** The name of a task as it is written, from one of any case. */
  taskName: (given: string) => string;
  tokens: Tokens;
  faults: Faults;
  recorder: Recorder;
}

/** Managed identities' tokens last a day. */
const lifetimeSeconds = 86_400;

/**
 * The instance metadata service: managed identity tokens in the form of a virtual machine and in that of App Service, plain
 * http. A path may begin with `/task/<name>`: the tokens then carry that task's name.
 */
export class MetadataService {
  private readonly servers: { server: Server; port: number; host: string }[];

  constructor(private readonly options: Options) {
    const open = (): Server => createServer((request, response) => void this.serve(request, response));
    this.servers = [{ server: open(), port: options.port, host: '127.0.0.1' }];
    if (options.host !== undefined) {
      requireLoopback(options.host);
      this.servers.push({ server: open(), port: 80, host: options.host });
    }
  }

  async start(): Promise<void> {
    for (const { server, port, host } of this.servers) await listen(server, port, host);
  }

  async stop(): Promise<void> {
    for (const { server } of this.servers) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    }
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = Date.now();
    const method = request.method ?? 'GET';
    const url = new URL(request.url ?? '/', `http://127.0.0.1:${this.options.port}`);
    const [, given, path] = /^(?:\/task\/(\w+))?(\/.*)$/.exec(url.pathname) ?? [];
    const task = given === undefined ? undefined : this.options.taskName(given);
    const { recorder } = this.options;
    const copy = recorder.records ? tap(request, response) : undefined;
    response.on('close', () => {
      const status = response.headersSent ? response.statusCode : 0;
      const line = { time: new Date(started).toISOString(), method, url: url.href, status, ms: Date.now() - started };
      recorder.log({ ...line, task });
      if (copy === undefined) return;
      const headers = { requestHeaders: request.headers, responseHeaders: response.getHeaders() };
      recorder.record({ ...line, ...headers, requestBody: copy.request(), responseBody: copy.response() });
    });
    request.resume();
    if (await this.misbehave(method, url, request, response)) return;
    await send(method, response, this.answer(method, path ?? '/', url.searchParams, request, task), {
      server: 'IMDS/150.870.65.1854',
    });
  }

  private answer(
    method: string,
    path: string,
    query: URLSearchParams,
    request: IncomingMessage,
    task: string | undefined,
  ): Answer {
    if (method !== 'GET') return { status: 405, body: { error: 'method_not_allowed' } };
    const plain = path.replace(/\/+$/, '').toLowerCase();
    if (plain === '/metadata/identity/oauth2/token') return this.machineToken(query, request, task);
    if (plain === '/msi/token' || plain === '/msi') return this.appServiceToken(query, request, task);
    if (plain === '/metadata/instance') return metadataProblem(request) ?? instance();
    return { status: 404, body: { error: 'Not found' } };
  }

  /** https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token */
  private machineToken(query: URLSearchParams, request: IncomingMessage, task: string | undefined): Answer {
    const problem = metadataProblem(request);
    if (problem !== undefined) return problem;
    if (!query.has('api-version')) return badRequest('Required api-version parameter not specified');
    const resource = query.get('resource');
    if (resource === null || resource === '') return badRequest('Required audience parameter not specified');
    const wanted = ['client_id', 'object_id', 'msi_res_id', 'mi_res_id'];
    const chosen = this.choose(firstOf(query, wanted));
    if (typeof chosen === 'string') return badRequest(chosen);
    const audience = audienceOf(resource, this.options.url);
    if (audience === undefined)
      return { status: 400, body: { error: 'invalid_resource', error_description: unknownResource(resource) } };
    const issued = this.issue(chosen, audience, task);
    return {
      status: 200,
      body: {
        access_token: issued.token,
        client_id: chosen.clientId,
        expires_in: String(issued.lifetime - 1),
        expires_on: String(issued.expires),
        ext_expires_in: String(issued.lifetime - 1),
        not_before: String(issued.expires - issued.lifetime - 300),
        resource,
        token_type: 'Bearer',
      },
    };
  }

  /** https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference */
  private appServiceToken(query: URLSearchParams, request: IncomingMessage, task: string | undefined): Answer {
    if (request.headers['x-identity-header'] !== this.options.identityHeader) {
      return { status: 403, body: { statusCode: 403, message: 'The X-IDENTITY-HEADER is missing or wrong.' } };
    }
    const refuse = (message: string): Answer => ({ status: 400, body: { statusCode: 400, message } });
    if (query.get('api-version') !== '2019-08-01')
      return refuse(`Unsupported api-version: ${query.get('api-version') ?? '(none)'}.`);
    const resource = query.get('resource');
    if (resource === null || resource === '') return refuse('The resource parameter is required.');
    const wanted = ['client_id', 'principal_id', 'object_id', 'mi_res_id', 'msi_res_id'];
    const chosen = this.choose(firstOf(query, wanted));
    if (typeof chosen === 'string')
      return refuse(
        'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.',
      );
    const audience = audienceOf(resource, this.options.url);
    if (audience === undefined) return refuse(unknownResource(resource));
    const issued = this.issue(chosen, audience, task);
    return {
      status: 200,
      body: {
        access_token: issued.token,
        client_id: chosen.clientId,
        expires_on: String(issued.expires),
        resource,
        token_type: 'Bearer',
      },
    };
  }

  /** The identity that was asked for, or the sentence that says why there is none. */
  private choose(wanted: string | undefined): Principal | string {
    const { identities } = this.options;
    if (wanted !== undefined) {
      const id = wanted.toLowerCase();
      const found = identities.find((one) => [one.clientId, one.objectId, one.resourceId?.toLowerCase()].includes(id));
      return found ?? 'Identity not found';
    }
    const system = identities.find((one) => one.kind === 'systemAssigned');
    if (system !== undefined) return system;
    const [first, second] = identities;
    if (first === undefined) return 'Identity not found';
    if (second === undefined) return first;
    return 'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request';
  }

  private issue(
    who: Principal,
    audience: string,
    task: string | undefined,
  ): { token: string; lifetime: number; expires: number } {
    const lifetime = this.options.faults.tokenLifetimeSeconds ?? lifetimeSeconds;
    const token = this.options.tokens.mint({ ...who, audience, task, lifetimeSeconds: lifetime });
    return { token, lifetime, expires: Math.floor(Date.now() / 1000) + lifetime };
  }

  private async misbehave(
    method: string,
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<boolean> {
    const fault = this.options.faults.take('metadata', method, url.pathname + url.search);
    if (fault === undefined) return false;
    const answer = await enact(fault, request);
    if (answer === 'none') return true;
    if (answer === 'ordinary') return false;
    await send(method, response, answer);
    return true;
  }
}

/** The value of the first of these parameters that says something. */
function firstOf(query: URLSearchParams, parameters: string[]): string | undefined {
  return parameters.map((name) => query.get(name) ?? '').find((value) => value !== '');
}

function metadataProblem(request: IncomingMessage): Answer | undefined {
  // A proxy's mark: the service must only be reached from the machine itself.
  if (request.headers['x-forwarded-for'] !== undefined)
    return badRequest('Requests with an X-Forwarded-For header are not allowed');
  if (request.headers['metadata']?.toString().toLowerCase() !== 'true')
    return badRequest('Required metadata header not specified');
  return undefined;
}

function badRequest(description: string): Answer {
  return { status: 400, body: { error: 'invalid_request', error_description: description } };
}

function instance(): Answer {
  const compute = {
    azEnvironment: 'AzurePublicCloud',
    location: names.location,
    name: 'vm-mlops-agent',
    osType: 'Linux',
    provider: 'Microsoft.Compute',
    resourceGroupName: names.resourceGroup,
    resourceId: `${groupPath}/providers/Microsoft.Compute/virtualMachines/vm-mlops-agent`,
    subscriptionId: names.subscriptionId,
  };
  return { status: 200, body: { compute, network: { interface: [] } } };
}

/**
 * The real metadata address of a machine in Azure must never be shadowed: an address is accepted only when the loopback
 * interface holds it, which is so only where somebody put it there on purpose (a network namespace of a test's own).
 */
function requireLoopback(host: string): void {
  const loopback = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter((one) => one.internal)
    .map((one) => one.address);
  if (!loopback.includes(host))
    throw new Error(`The metadata service can listen on ${host} only where the loopback interface holds that address.`);
}
