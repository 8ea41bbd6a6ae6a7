import { RequestProblem, type Problem } from './problems';
import { isRecord } from './read';

export type Fetch = (input: URL, init: RequestInit) => Promise<Response>;

/** An answer with a status of success, its body read whole. */
export interface Exchange {
  headers: Headers;
  body: Uint8Array<ArrayBuffer>;
}

export interface ExchangeRequest {
  url: URL;
  method: string;
  headers: Record<string, string>;
  content?: string;
  limitBytes: number;
  signal?: AbortSignal;
  fetch: Fetch;
  timeoutMs: number;
  isOnline: () => boolean;
}

/**
 * Sends a request once and reads the answer within a time and a size. Redirects are not followed: the token is for this
 * host, and the only redirect that the service makes leads to a sign-in page.
 *
 * @throws RequestProblem; rejects with the signal's reason when the caller gave up
 */
export async function exchange(request: ExchangeRequest): Promise<Exchange> {
  const { url, method, headers, content, signal, timeoutMs } = request;
  const controller = new AbortController();
  const giveUp = (): void => controller.abort(signal?.reason);
  signal?.addEventListener('abort', giveUp, { once: true });
  const late = { is: false };
  const timer = setTimeout(() => {
    late.is = true;
    controller.abort();
  }, timeoutMs);
  try {
    const response = await request.fetch(url, {
      method,
      headers,
      body: content,
      signal: controller.signal,
      redirect: 'manual',
      credentials: 'omit',
      cache: 'no-store',
      mode: 'cors',
      referrerPolicy: 'no-referrer',
    });
    return await readResponse(response, request.limitBytes);
  } catch (error) {
    if (error instanceof RequestProblem) throw error;
    signal?.throwIfAborted();
    if (late.is) throw new RequestProblem({ kind: 'timeout', seconds: Math.round(timeoutMs / 1000) });
    // The browser says no more than "failed to fetch", also when the service answered without CORS headers.
    throw new RequestProblem({ kind: 'missingScopeOrOffline', offline: !request.isOnline() });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

async function readResponse(response: Response, limitBytes: number): Promise<Exchange> {
  const { status, headers } = response;
  // 203 and redirects are how the service sends somebody to sign in.
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400) || status === 203) {
    throw new RequestProblem({ kind: 'unauthorized' });
  }
  if (response.ok) return { headers, body: await readBody(response, limitBytes) };
  throw new RequestProblem(problemOfStatus(status, headers, errorMessage(await readBody(response, 64 * 1024))));
}

async function readBody(response: Response, limitBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  if (response.body === null) return new Uint8Array(0);
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > limitBytes) {
      await reader.cancel();
      throw new RequestProblem({ kind: 'tooLarge', limitBytes });
    }
    chunks.push(value);
  }
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
}

function problemOfStatus(status: number, headers: Headers, message: string): Problem {
  switch (status) {
    case 401:
      return { kind: 'unauthorized' };
    case 403:
      return { kind: 'forbidden', message };
    case 404:
      return { kind: 'notFound', message, deleted: /\bdeleted\b/i.test(message) };
    case 410:
      return { kind: 'notFound', message, deleted: true };
    case 409:
      return { kind: 'conflict', message };
    case 429:
      return { kind: 'throttled', retryAfterSeconds: retryAfter(headers) };
    default:
      if (status < 500) return { kind: 'badRequest', status, message };
      return { kind: 'serverError', status, message, activityId: activityId(headers) };
  }
}

function errorMessage(body: Uint8Array): string {
  const text = new TextDecoder().decode(body);
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value) && typeof value['message'] === 'string') return value['message'].slice(0, 500);
  } catch {
    // Proxies answer with pages of their own; their text helps nobody.
  }
  return 'no further message';
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const seconds = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(seconds, 1) : undefined;
}

function activityId(headers: Headers): string | undefined {
  const id = headers.get('activityid') ?? headers.get('x-vss-e2eid') ?? '';
  return /^[0-9a-f-]{8,64}$/i.test(id) ? id : undefined;
}
