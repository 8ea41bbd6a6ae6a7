import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { Admission } from './admission';
import { armHeaders, denied, errorAnswer, mlHeaders, unknownPath } from './answers';
import { armAction, type Authorization } from './authorization';
import type { BlobStorage } from './blobs';
import { admitToBlobs } from './blob-admission';
import { enact, type Faults } from './faults';
import { requestApiVersion } from './operations';
import { tap, type Exchange, type Recorder } from './recorder';
import { Router, type Match } from './router';
import { ArmFault, type Answer, type Call, type Caller, type Route } from './service';
import type { Tokens } from './tokens';

interface Options {
  url: string;
  tenantId: string;
  port: number;
  certificate: string;
  key: string;
  tokens: Tokens;
  authorization: Authorization;
  blobs: BlobStorage;
  faults: Faults;
  recorder: Recorder;
  log: (text: string) => void;
  /** Checks that what a path lies in exists (subscription, group, workspace); throws the 404. */
  requireParents: (path: string) => void;
}

const nobody: Caller = { objectId: '', clientId: '', tenantId: '', audience: '' };

/** The https door: finds the route, checks token, api-version and permission, and turns answers and errors into HTTP. */
export class AzureServer {
  private readonly server: HttpServer;
  private readonly admission: Admission;
  private readonly listeners = new Set<(exchange: Exchange) => void>();
  private router = new Router([]);

  constructor(private readonly options: Options) {
    this.admission = new Admission(options.tokens, options.url, options.tenantId);
    this.server = createServer({ cert: options.certificate, key: options.key }, (request, response) => {
      void this.serve(request, response);
    });
    // Uploads, log streams and watches take as long as they take; a kept connection must outlive clients' pauses.
    this.server.requestTimeout = 0;
    this.server.keepAliveTimeout = 65_000;
    this.server.headersTimeout = 66_000;
  }

  use(routes: Route[]): void {
    this.router = new Router(routes);
  }

  /** Calls a listener with every exchange, unredacted; the returned function ends that. */
  onExchange(listener: (exchange: Exchange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async start(): Promise<void> {
    await listen(this.server, this.options.port, '127.0.0.1');
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = Date.now();
    const method = request.method ?? 'GET';
    // Clients that join paths to a base with a trailing slash send `//…`, which a URL would take for a host.
    const url = new URL((request.url ?? '/').replace(/^\/{2,}/, '/'), this.options.url);
    const seen: { caller?: Caller; note?: string; planned?: boolean } = {};
    const copy = this.listeners.size > 0 || this.options.recorder.records ? tap(request, response) : undefined;
    response.on('close', () => this.finish(request, response, { method, url, started, copy, ...seen }));
    try {
      seen.planned = await this.misbehave(method, url, request, response);
      if (seen.planned) return;
      if (this.options.blobs.owns(hostName(request), url.pathname)) {
        const refusal = admitToBlobs(request, url, this.options, seen);
        if (refusal === undefined) this.options.blobs.forward(request, response);
        else await send(method, response, refusal, {});
        return;
      }
      const answer = await this.answer(method, url, request, seen);
      await send(method, response, answer, armHeaders(method, request.headers), mlHeaders(url.pathname, started));
    } catch (error) {
      // The connection broke while the answer was under way; there is nobody left to tell.
      this.options.log(`${method} ${url.pathname}: ${String(error)}`);
      response.destroy();
    }
  }

  private async answer(
    method: string,
    url: URL,
    request: IncomingMessage,
    seen: { caller?: Caller; note?: string },
  ): Promise<Answer> {
    try {
      const body = await readBody(request);
      const match = this.match(method, url, seen);
      const caller = this.admit(match.route, method, url, request);
      if (caller !== nobody) seen.caller = caller;
      const version = url.searchParams.get('api-version') ?? undefined;
      const call = makeCall(method, url, request, body, match, caller);
      if (version === undefined) return await match.route.handle(call);
      return await requestApiVersion.run(version, async () => match.route.handle(call));
    } catch (error) {
      if (error instanceof ArmFault) return errorAnswer(url.pathname, error);
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.options.log(`${method} ${url.pathname} failed: ${text}`);
      seen.note = 'internal error';
      return errorAnswer(
        url.pathname,
        new ArmFault(500, 'InternalServerError', `The local Azure failed: ${String(error)}`),
      );
    }
  }

  private match(method: string, url: URL, seen: { note?: string }): Match {
    const found = this.router.find(method, url.pathname);
    if ('route' in found) return found;
    seen.note = 'no such route';
    this.options.log(`no route for ${method} ${url.pathname}`);
    if (found.methods.length > 0) {
      const allow = { headers: { allow: found.methods.join(', ') } };
      throw new ArmFault(
        405,
        'MethodNotAllowed',
        `The requested resource does not support http method '${method}'.`,
        allow,
      );
    }
    throw unknownPath(url.pathname, url.searchParams.get('api-version') ?? '');
  }

  private admit(route: Route, method: string, url: URL, request: IncomingMessage): Caller {
    if (route.token === 'none') return nobody;
    const caller = this.admission.require(request.headers, route.token);
    if (route.token === 'arm' && !url.searchParams.has('api-version')) {
      throw new ArmFault(
        400,
        'MissingApiVersionParameter',
        'The api-version query parameter (?api-version=) is required for all requests.',
      );
    }
    // Data-plane paths carry the workspace's ARM id behind their own prefix.
    const armPath = url.pathname.slice(Math.max(0, url.pathname.toLowerCase().indexOf('/subscriptions/')));
    const derived = armAction(method, armPath);
    const action = route.action ?? (route.token === 'arm' ? derived.action : '');
    if (!this.options.authorization.allows(caller, action, derived.scope)) throw denied(caller, action, derived.scope);
    this.options.requireParents(armPath);
    return caller;
  }

  /** Does what a planned fault says; true when that was the answer. */
  private async misbehave(
    method: string,
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<boolean> {
    const fault = this.options.faults.take('azure', method, url.pathname + url.search);
    if (fault === undefined) return false;
    const answer = await enact(fault, request);
    if (answer === 'none') return true;
    if (answer === 'ordinary') return false;
    await readBody(request);
    await send(method, response, answer, armHeaders(method, request.headers));
    return true;
  }

  private finish(
    request: IncomingMessage,
    response: ServerResponse,
    what: {
      method: string;
      url: URL;
      started: number;
      copy?: ReturnType<typeof tap>;
      caller?: Caller;
      note?: string;
      planned?: boolean;
    },
  ): void {
    const { method, url, started, copy, caller } = what;
    const time = new Date(started).toISOString();
    const ms = Date.now() - started;
    const status = response.headersSent ? response.statusCode : 0;
    const name =
      caller === undefined
        ? undefined
        : (this.options.authorization.principal(caller.objectId)?.name ?? caller.objectId);
    this.options.recorder.log({
      time,
      method,
      url: url.href,
      status,
      ms,
      task: caller?.task,
      caller: name,
      note: what.note,
    });
    if (copy === undefined) return;
    const exchange: Exchange = {
      time,
      ms,
      method,
      url: url.href,
      requestHeaders: request.headers,
      requestBody: copy.request(),
      status,
      responseHeaders: response.getHeaders(),
      responseBody: copy.response(),
      ...(caller === undefined ? {} : { caller }),
      ...(what.planned === true ? { planned: true } : {}),
    };
    this.options.recorder.record(exchange);
    for (const listener of this.listeners) listener(exchange);
  }
}

/** Listens, or fails with one sentence that says which port is taken. */
export async function listen(server: HttpServer, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} on ${host} is in use by another program; stop it or choose another port.`)
          : error,
      );
    };
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

/** Sends an answer; `defaults` are headers it does not name itself. */
export async function send(
  method: string,
  response: ServerResponse,
  answer: Answer,
  ...defaults: Record<string, string>[]
): Promise<void> {
  const headers = new Headers();
  for (const set of [...defaults, answer.headers ?? {}]) {
    for (const [name, value] of Object.entries(set)) headers.set(name, value);
  }
  response.statusCode = answer.status;
  const { body } = answer;
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  if (body !== undefined && !raw && !headers.has('content-type'))
    headers.set('content-type', 'application/json; charset=utf-8');
  for (const [name, value] of headers) response.setHeader(name, value);
  if (answer.stream !== undefined) {
    response.flushHeaders();
    await pipeline(answer.stream, response);
    return;
  }
  const bytes = body === undefined ? Buffer.alloc(0) : raw ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
  // The length that a HEAD names is that of the body it leaves out.
  if (answer.status !== 204 && answer.status !== 304 && !headers.has('content-length'))
    response.setHeader('content-length', bytes.length);
  response.end(method === 'HEAD' ? undefined : bytes);
}

function makeCall(
  method: string,
  url: URL,
  request: IncomingMessage,
  body: Buffer,
  match: Match,
  caller: Caller,
): Call {
  const json = (): unknown => {
    try {
      return JSON.parse(body.toString('utf8'));
    } catch (error) {
      throw new ArmFault(
        400,
        'InvalidRequestContent',
        `The request content was invalid and could not be deserialized: '${String(error)}'.`,
      );
    }
  };
  return { method, url, params: match.params, query: url.searchParams, headers: request.headers, body, json, caller };
}

function hostName(request: IncomingMessage): string {
  return (request.headers.host ?? '').replace(/:\d+$/, '');
}
