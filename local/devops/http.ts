import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Readable } from 'node:stream';

import { authenticate } from './authentication';
import { answerHeaders, isPreflight, preflightHeaders } from './browser-access';
import type { Collection } from './collection';
import { ServiceError } from './errors';
import { Disconnect, lose, refusalOf, type Behaviours, type Fault } from './faults';
import { locations, type Location } from './locations';
import type { Oidc } from './oidc';
import type { Caller } from './caller';
import { collectionName } from './organization';
import { placeOf, type Project } from './projects';
import { readBody } from './request-body';
import { RequestLog, type RequestRecord } from './request-log';
import { Router, type Match, type Method } from './router';
import { buildNotFound, type Runs } from './runs';
import { demandScope, ScopeError } from './scopes';
import type { Sessions } from './sessions';
import { ShapeError } from './shape';
import { negotiate, requestedVersion } from './versions';

export interface Call {
  params: Record<string, string>;
  query: URLSearchParams;
  /** First value of a query parameter, whose name is compared ignoring case. */
  option(name: string): string | undefined;
  accept: string;
  caller: Caller;
  /** The body as JSON. */
  json(): unknown;
}

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  json?: unknown;
  text?: string;
  file?: string;
  stream?: Readable;
}

interface Sent extends Answer {
  version?: string;
  /** A page of another origin may not read it. */
  hidden?: boolean;
}

/** What the server stands on. */
export interface Ground {
  /** The first one first: what is asked of no project in particular is answered by its routes. */
  projects: readonly [Served, ...Served[]];
  oidc: Oidc;
  sessions: Sessions;
  behaviours: Behaviours;
  /** Origin of the pages for people, once there are any. */
  pages?: string;
}

/** A project with what is served below its name. */
export interface Served extends Project {
  routes: Route[];
}

export interface Route {
  location: Location;
  method: Method;
  handle(call: Call): Answer | Promise<Answer>;
}

const largestBody = 4 * 1024 * 1024;

/** A list as the service wraps it. */
export function listed(value: unknown[], headers?: Record<string, string>): Answer {
  return { json: { count: value.length, value }, headers };
}

export class RestServer {
  readonly log = new RequestLog();
  private readonly routers: Map<Served, Router<Route>>;
  private readonly http: HttpServer;
  private readonly collection: Collection;

  constructor(private readonly ground: Ground) {
    this.collection = ground.projects[0].collection;
    this.routers = new Map(ground.projects.map((one) => [one, new Router(one.routes)]));
    this.http = createServer((request, response) => void this.serve(request, response));
  }

  /** Listens on loopback: at `port` when given (a busy one is an error), else at the port of the last start, else at any. */
  async start(port: number | undefined): Promise<void> {
    const last = this.collection.shared.port;
    const taken = await this.tryListen(port ?? last ?? 0);
    if (taken && port === undefined && last !== undefined && this.canMove()) await this.tryListen(0, true);
    else if (taken) throw taken;
    const address = this.http.address();
    if (typeof address !== 'object' || address === null) throw new Error('The server has no address.');
    this.collection.listensAt(address.port);
  }

  async stop(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.http.close(() => resolve());
    });
  }

  /** Nothing refers to the old port yet. */
  private canMove(): boolean {
    return this.ground.projects.every(({ runs }) => runs.count === 0);
  }

  private tryListen(port: number, must = false): Promise<Error | undefined> {
    return new Promise((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => {
        const reason =
          error.code === 'EADDRINUSE'
            ? new Error(
                `Port ${port} is in use by another program; Azure DevOps cannot listen there. Stop it, or choose another port.`,
              )
            : error;
        if (must) reject(reason);
        else resolve(reason);
      };
      this.http.once('error', failed);
      this.http.listen(port, '127.0.0.1', () => {
        this.http.off('error', failed);
        resolve(undefined);
      });
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { latencyMs, exposeHeaders } = this.ground.behaviours.now;
    const { origin } = request.headers;
    const preflight = isPreflight(request.method, request.headers);
    const record = this.log.begin(request, response, preflight);
    if (latencyMs > 0) await delay(latencyMs);
    const activity = randomUUID();
    response.setHeader('activityid', activity);
    response.setHeader('x-vss-e2eid', activity);
    response.setHeader('cache-control', 'no-cache, no-store, must-revalidate');
    response.setHeader('x-content-type-options', 'nosniff');
    let sent: Sent;
    try {
      sent =
        preflight && origin !== undefined
          ? this.preflight(request, origin)
          : await this.answer(request, record, response);
    } catch (error) {
      if (error instanceof Disconnect) return void response.destroy();
      sent = errorAnswer(error);
    }
    try {
      if (origin !== undefined && !preflight && sent.hidden !== true) {
        for (const [name, value] of Object.entries(answerHeaders(origin, exposeHeaders)))
          response.setHeader(name, value);
      }
      await send(response, sent);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else await send(response, errorAnswer(error));
    }
  }

  private preflight(request: IncomingMessage, origin: string): Answer {
    this.refuseForeignHost(request);
    return { status: 200, headers: preflightHeaders(origin) };
  }

  private async answer(request: IncomingMessage, record: RequestRecord, response: ServerResponse): Promise<Sent> {
    this.refuseForeignHost(request);
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const path = url.pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decoded);
    const method = request.method ?? 'GET';
    const known = this.wellKnown(method, path);
    if (known) return known;
    if (path.shift()?.toLowerCase() !== collectionName) throw notFound(request);
    if (method === 'OPTIONS') return optionsOf(path);
    const page = this.page(method, path, url);
    if (page) return page;
    const caller = authenticate(request, this.ground.projects, this.ground.sessions);
    record.user = caller.identity.id;
    record.extension = caller.session?.extension;
    record.session = caller.session?.id;
    const place = placeOf(this.ground.projects, path, caller);
    const match = this.match(request, method, place.path, place.project);
    const { location } = match.route;
    if (caller.session) demandScope(caller.session.scopes, location, match.route.method, caller.identity.displayName);
    const fault = this.ground.behaviours.take(method, request.url ?? '/', location.resourceName);
    const body = await readBody(request, largestBody, tooLarge);
    if (fault) await suffer(fault, caller, response);
    const version = negotiate(location, method, requestedVersion(url.searchParams, request.headers));
    const work = async (): Promise<Answer> => {
      refuseDeleted(place.project.runs, match.params);
      return match.route.handle({
        params: match.params,
        query: url.searchParams,
        option: (name) => optionOf(url.searchParams, name),
        accept: request.headers.accept ?? '',
        caller,
        json: () => parsed(body),
      });
    };
    const answer = await (fault?.status === 'lost' ? lose(work) : work());
    const headers = { ...this.ground.behaviours.headers(), ...answer.headers };
    return { ...answer, headers, version, hidden: fault?.status === 'cors' };
  }

  /** The service has its pages at the address of REST, and links to them there; here they have an origin of their own. */
  private page(method: string, path: string[], { pathname, search }: URL): Answer | undefined {
    const { pages } = this.ground;
    if (pages === undefined || method !== 'GET' || path.some((part) => part.toLowerCase() === '_apis'))
      return undefined;
    return { status: 302, headers: { location: `${pages}${pathname}${search}` } };
  }

  private match(request: IncomingMessage, method: string, path: string[], project: Served): Match<Route> {
    const matches = this.routers.get(project)?.find(path) ?? [];
    if (matches.length === 0) throw notFound(request);
    const match = matches.find((one) => one.route.method === method);
    if (match) return match;
    const allow = matches.map((one) => one.route.method).join(', ');
    throw new ServiceError(
      405,
      'VssMethodNotAllowedException',
      `The requested resource does not support http method '${method}'.`,
      { allow },
    );
  }

  /** Only our own names for loopback: a page of another site must not reach this server by a name of its own. */
  private refuseForeignHost(request: IncomingMessage): void {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
    if (!['127.0.0.1', 'localhost', '[::1]'].includes(host)) {
      throw new ServiceError(400, 'VssInvalidHostException', `The host '${host}' is not served here.`);
    }
  }

  private wellKnown(method: string, path: string[]): Answer | undefined {
    if (method !== 'GET' || path[0] !== this.collection.shared.collectionId || path[1] !== '.well-known')
      return undefined;
    if (path[2] === 'openid-configuration') return { json: this.ground.oidc.discovery() };
    if (path[2] === 'jwks') return { json: this.ground.oidc.jwks };
    return undefined;
  }
}

function optionOf(query: URLSearchParams, name: string): string | undefined {
  for (const [key, value] of query) if (key.toLowerCase() === name.toLowerCase() && value !== '') return value;
  return undefined;
}

/** `OPTIONS _apis` lists every location, `OPTIONS _apis/{area}` those of one area. */
function optionsOf(path: string[]): Answer {
  const area = path[1]?.toLowerCase();
  const all: Location[] = Object.values(locations);
  return listed(all.filter((one) => area === undefined || one.area.toLowerCase() === area));
}

function tooLarge(): ServiceError {
  return new ServiceError(413, 'RequestContentTooLargeException', 'The request is larger than 4 MiB.');
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new ServiceError(400, 'VssPropertyValidationException', 'The body of the request is not valid JSON.');
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ServiceError(400, 'VssInvalidPathException', `'${part}' is not a valid part of a URL.`);
  }
}

function notFound(request: IncomingMessage): ServiceError {
  return new ServiceError(
    404,
    'VssResourceNotFoundException',
    `The controller for path '${new URL(request.url ?? '/', 'http://127.0.0.1').pathname}' was not found or does not implement IController.`,
  );
}

/** A page of another origin learns nothing of a token that is not accepted, or that lacks the scope. */
function errorAnswer(error: unknown): Sent {
  if (error instanceof ServiceError) {
    const hidden = error.status === 401 || error instanceof ScopeError;
    return { status: error.status, json: error.document(), headers: error.headers, hidden };
  }
  if (error instanceof ShapeError)
    return errorAnswer(new ServiceError(400, 'VssPropertyValidationException', error.message));
  const message = error instanceof Error ? error.message : String(error);
  return { status: 500, json: new ServiceError(500, 'VssServiceException', message).document() };
}

/** Carries out the part of a fault that comes before the request is carried out. */
async function suffer(fault: Fault, caller: Caller, response: ServerResponse): Promise<void> {
  if (fault.status === 'hang') {
    await new Promise((resolve) => response.once('close', resolve));
    throw new Disconnect();
  }
  const refusal = refusalOf(fault, caller.identity.displayName);
  if (refusal) throw refusal;
}

/** Of a deleted run the list still knows, on request; nothing else does. */
function refuseDeleted(runs: Runs, { buildId, pipelineId, runId }: Record<string, string>): void {
  const id = buildId ?? (pipelineId === undefined ? undefined : runId);
  if (id !== undefined && runs.isDeleted(Number(id))) throw buildNotFound(id);
}

async function send(response: ServerResponse, answer: Sent): Promise<void> {
  const suffix = answer.version === undefined ? '' : `; api-version=${answer.version}`;
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  if (answer.json !== undefined) {
    response.setHeader('content-type', `application/json; charset=utf-8${suffix}`);
    response.writeHead(answer.status ?? 200).end(JSON.stringify(answer.json));
  } else if (answer.text !== undefined) {
    if (!response.hasHeader('content-type')) response.setHeader('content-type', `text/plain; charset=utf-8${suffix}`);
    response.writeHead(answer.status ?? 200).end(answer.text);
  } else if (answer.file !== undefined || answer.stream) {
    if (!response.hasHeader('content-type')) response.setHeader('content-type', `application/octet-stream${suffix}`);
    response.writeHead(answer.status ?? 200);
    await pipeline(answer.stream ?? createReadStream(answer.file ?? ''), response);
  } else response.writeHead(answer.status ?? 204).end();
}
