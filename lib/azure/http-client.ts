import type { AxiosResponse } from 'axios';
import type { Agent } from '../agent/agent';
import { TaskError, errorText } from '../agent/errors';
import { audiblePause } from '../agent/poll';
import { azureError } from './errors';
import type { Http, HttpAnswer, HttpRequest } from './http';
import type { Network } from './network';
import { parseJson, retryAfterMs, withoutQuery } from './wire';
import type { Tokens } from './credential';

/** What one call may cost in all, waits included. */
const budgetMs = 10 * 60_000;
/** `Retry-After` is honoured up to this. */
const longestRetryAfterMs = 5 * 60_000;
const transient = new Set([408, 429, 500, 502, 503, 504]);

export interface HttpOptions {
  tokens: Tokens;
  network: Network;
  agent: Agent;
  userAgent: string;
  /** Whether the token of `resource` may be sent to `url`: a bearer token never leaves the hosts it is for. */
  maySend: (resource: string, url: URL) => boolean;
}

/**
 * The one HTTP layer. GET, HEAD, PUT and DELETE are sent again after network errors, 408, 429 and 5xx; POST after 429,
 * and after the rest when it is marked idempotent. Waits: `Retry-After`, else full jitter over 1, 2, 4 … 64 s
 * (AWS Architecture Blog, "Exponential Backoff And Jitter"). A 401 renews the token once. Redirects are not followed.
 */
export function createHttp(options: HttpOptions): Http {
  return { send: (request) => sendWithRetries(options, request) };
}

async function sendWithRetries(options: HttpOptions, request: HttpRequest): Promise<HttpAnswer> {
  const started = Date.now();
  let renewed = false;
  for (let attempt = 1; ; attempt++) {
    const result = await sendOnce(options, request, attempt > 1 && renewed);
    if ('answer' in result) {
      const { answer } = result;
      if (isAccepted(request, answer.status)) return answer;
      if (answer.status === 401 && request.resource !== undefined && !renewed) {
        renewed = true;
        continue;
      }
      if (!mayRepeat(request, answer.status)) throw azureError(describe(request), await readable(answer));
    } else if (!mayRepeat(request, undefined) || certificateProblem(result.error)) {
      throw unreachable(request, result.error);
    }
    const delay = nextDelay(attempt, 'answer' in result ? result.answer.headers : {});
    if (attempt >= (request.attempts ?? Infinity) || Date.now() - started + delay > budgetMs) {
      if ('answer' in result) throw azureError(describe(request), await readable(result.answer));
      throw unreachable(request, result.error);
    }
    const why = 'answer' in result ? `answered ${result.answer.status}` : brief(result.error);
    if (delay >= 2_000)
      options.agent.print(`${describe(request)} ${why}; trying again in ${Math.round(delay / 1000)} s.`);
    await audiblePause(delay, options.agent, `Waiting to repeat ${describe(request)}`);
  }
}

type Attempt = { answer: HttpAnswer } | { error: unknown };

async function sendOnce(options: HttpOptions, request: HttpRequest, renewToken: boolean): Promise<Attempt> {
  const headers = await headersOf(options, request, renewToken);
  const { default: axios } = await import('axios');
  try {
    const response: AxiosResponse<unknown> = await axios.request({
      method: request.method,
      url: request.url,
      headers,
      data: request.body ?? (request.method === 'POST' ? '' : undefined),
      responseType: responseType(request),
      timeout: request.timeoutMs ?? 60_000,
      maxRedirects: 0,
      maxBodyLength: Infinity,
      maxContentLength: Infinity,
      proxy: false,
      httpsAgent: await options.network.agentFor(request.url),
      validateStatus: () => true,
      transformResponse: (data: unknown) => data,
    });
    return { answer: toAnswer(request, response) };
  } catch (error) {
    return { error };
  }
}

async function headersOf(
  options: HttpOptions,
  request: HttpRequest,
  renewToken: boolean,
): Promise<Record<string, string>> {
  const headers: Record<string, string> = {
    'User-Agent': options.userAgent,
    Accept: 'application/json',
    ...request.headers,
  };
  if (request.resource === undefined) return headers;
  const url = new URL(request.url);
  if (url.protocol !== 'https:' || !options.maySend(request.resource, url)) {
    throw new TaskError(
      `A token for ${request.resource} would be sent to ${url.origin}, which is not a host of that service.`,
      'The address came from an answer or an input: check it.',
    );
  }
  headers['Authorization'] = `Bearer ${await options.tokens.get(request.resource, renewToken)}`;
  return headers;
}

function responseType(request: HttpRequest): 'stream' | 'arraybuffer' | 'text' {
  if (request.as === 'stream') return 'stream';
  return request.as === 'buffer' ? 'arraybuffer' : 'text';
}

function toAnswer(request: HttpRequest, response: AxiosResponse<unknown>): HttpAnswer {
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  const { data, status } = response;
  const isJson = (request.as ?? 'json') === 'json' && typeof data === 'string';
  return { status, headers, body: isJson ? parseJson(data) : data };
}

/** An error answer to a buffer or stream request, as text. */
async function readable(answer: HttpAnswer): Promise<HttpAnswer> {
  if (Buffer.isBuffer(answer.body)) return { ...answer, body: answer.body.toString('utf8', 0, 65_536) };
  const { Readable } = await import('node:stream');
  if (!(answer.body instanceof Readable)) return answer;
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) chunks.push(Buffer.from(chunk as Uint8Array));
  return { ...answer, body: Buffer.concat(chunks).toString('utf8', 0, 65_536) };
}

function isAccepted(request: HttpRequest, status: number): boolean {
  return (status >= 200 && status < 300) || (request.accept?.includes(status) ?? false);
}

/** @param status `undefined` for a network error */
function mayRepeat(request: HttpRequest, status: number | undefined): boolean {
  if (isStream(request.body)) return false;
  if (status !== undefined && !transient.has(status)) return false;
  if (request.method !== 'POST' && request.method !== 'PATCH') return true;
  return status === 429 || request.idempotent === true;
}

function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'pipe' in body;
}

function nextDelay(attempt: number, headers: Record<string, string>): number {
  const asked = retryAfterMs(headers);
  if (asked !== undefined) return Math.min(asked, longestRetryAfterMs);
  return Math.random() * Math.min(64_000, 1_000 * 2 ** (attempt - 1));
}

function describe(request: HttpRequest): string {
  return `${request.method} ${withoutQuery(request.url)}`;
}

function unreachable(request: HttpRequest, error: unknown): TaskError {
  const { hostname } = new URL(request.url);
  return new TaskError(
    `${describe(request)} failed: ${brief(error)}`,
    certificateProblem(error)
      ? `The agent does not trust the certificate of ${hostname}: give the agent your certificate authority (--sslcacert, or NODE_EXTRA_CA_CERTS in its environment).`
      : `The agent cannot reach ${hostname}: check DNS (private endpoint), firewall and the agent's proxy.`,
    { cause: error },
  );
}

function certificateProblem(error: unknown): boolean {
  return /certificate|self.signed|CERT_|UNABLE_TO_VERIFY/i.test(brief(error));
}

function brief(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  const said = errorText(error);
  return said.includes(code) ? said : `${code} ${said}`.trim();
}
