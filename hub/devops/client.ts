import { apiUrl, type Connection, type Query } from './connection';
import { exchange, type Exchange, type Fetch } from './exchange';
import { RequestProblem, type Problem } from './problems';
import { Queue } from './queue';
import { ShapeError } from './read';
import { Throttle } from './throttle';

/** One request below `_apis/`. `read` checks the answer and gives it its type. */
export interface Call<T> {
  method?: 'GET' | 'POST' | 'PATCH';
  path: string;
  scope?: 'project' | 'organization';
  query?: Query;
  apiVersion: string;
  body?: unknown;
  /** For a POST that only asks: it may be sent twice. A GET always may. */
  repeatable?: boolean;
  read(value: unknown): T;
  signal?: AbortSignal;
}

export interface BytesCall {
  url: URL;
  apiVersion: string;
  limitBytes: number;
  signal?: AbortSignal;
}

export interface Answer<T> {
  value: T;
  /** Where the service says that there is more and the browser may read it. */
  continuationToken?: string;
}

export interface Client {
  readonly connection: Connection;
  readonly throttle: Throttle;
  /** @throws RequestProblem; an aborted request rejects with the signal's reason */
  send<T>(call: Call<T>): Promise<Answer<T>>;
  /** The bytes behind a link that `ownLink` let pass. @throws RequestProblem, `tooLarge` included */
  bytes(call: BytesCall): Promise<Uint8Array<ArrayBuffer>>;
}

export interface ClientOptions {
  fetch?: Fetch;
  now?: () => number;
  sleep?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  timeoutMs?: number;
  /** How long all waiting for a throttling service may last for one request, in seconds. */
  patienceSeconds?: number;
  isOnline?: () => boolean;
}

const jsonLimitBytes = 16 * 1024 * 1024;
/** More at once would count against the viewer's own rate limit, which the whole product shares. */
const concurrency = 6;
const pauseBeforeRepeatMs = 300;
/** Cross-origin answers seldom let `Retry-After` be read. */
const defaultRetryAfterSeconds = 5;

/** A client for the REST API of Azure DevOps that acts as the viewer and nobody else. */
export function createClient(connection: Connection, options: ClientOptions = {}): Client {
  const {
    fetch = browserFetch,
    now = Date.now,
    sleep = pause,
    timeoutMs = 30_000,
    patienceSeconds = 60,
    isOnline = () => typeof navigator === 'undefined' || navigator.onLine,
  } = options;
  const queue = new Queue(concurrency);
  const throttle = new Throttle();

  async function once(request: Raw, fresh: boolean): Promise<Exchange> {
    request.signal?.throwIfAborted();
    const token = await connection.token({ fresh }).catch(() => {
      throw new RequestProblem({ kind: 'unauthorized' });
    });
    const headers = { ...request.headers, Authorization: `Bearer ${token}` };
    return exchange({ ...request, headers, fetch, timeoutMs, isOnline });
  }

  async function patiently(request: Raw): Promise<Exchange> {
    let fresh = false;
    let repeats = request.repeatable ? 1 : 0;
    let waited = 0;
    for (;;) {
      try {
        return await once(request, fresh);
      } catch (error) {
        if (!(error instanceof RequestProblem)) throw error;
        const { problem } = error;
        if (problem.kind === 'throttled') {
          const seconds = problem.retryAfterSeconds ?? defaultRetryAfterSeconds;
          if (waited + seconds > patienceSeconds) throw error;
          waited += seconds;
          await throttle.during(now() + seconds * 1000, sleep(seconds * 1000, request.signal));
        } else if (problem.kind === 'unauthorized' && !fresh) {
          fresh = true;
        } else if (isPassing(problem) && repeats > 0) {
          repeats -= 1;
          await sleep(pauseBeforeRepeatMs, request.signal);
        } else throw error;
      }
    }
  }

  return {
    connection,
    throttle,
    async send(call) {
      const request = rawRequest(connection, call);
      const { body, headers } = await queue.run(() => patiently(request));
      const continuationToken = headers.get('x-ms-continuationtoken') ?? undefined;
      return { value: readJson(body, headers, call), continuationToken };
    },
    async bytes({ apiVersion, ...call }) {
      const headers = { ...suppress, Accept: `application/octet-stream;api-version=${apiVersion}` };
      const request: Raw = { ...call, method: 'GET', headers, repeatable: true };
      return (await queue.run(() => patiently(request))).body;
    },
  };
}

/** Looked up at each request and called without a receiver, as browsers demand. */
const browserFetch: Fetch = (input, init) => globalThis.fetch(input, init);

interface Raw {
  url: URL;
  method: string;
  headers: Record<string, string>;
  content?: string;
  limitBytes: number;
  repeatable: boolean;
  signal?: AbortSignal;
}

/** Makes a failed sign-in an answer with status 401 instead of a redirect to a page. */
const suppress = { 'X-VSS-ReauthenticationAction': 'Suppress', 'X-TFS-FedAuthRedirect': 'Suppress' };

function rawRequest<T>(connection: Connection, call: Call<T>): Raw {
  const method = call.method ?? 'GET';
  return {
    url: apiUrl(connection, call.path, call.query, call.scope),
    method,
    headers: {
      ...suppress,
      Accept: `application/json;api-version=${call.apiVersion}`,
      ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    content: call.body === undefined ? undefined : JSON.stringify(call.body),
    limitBytes: jsonLimitBytes,
    repeatable: method === 'GET' || call.repeatable === true,
    signal: call.signal,
  };
}

function readJson<T>(body: Uint8Array, headers: Headers, call: Call<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new RequestProblem({ kind: 'notJson', contentType: (headers.get('content-type') ?? '').slice(0, 80) });
  }
  try {
    return call.read(value);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new RequestProblem({ kind: 'unexpectedShape', where: error.where, expected: error.expected });
  }
}

function isPassing(problem: Problem): boolean {
  if (problem.kind === 'missingScopeOrOffline') return !problem.offline;
  return problem.kind === 'serverError';
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
