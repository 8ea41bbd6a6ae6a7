import http from 'node:http';
import https from 'node:https';
import { readFileSync } from 'node:fs';

/** Answers above this are not of our own services. */
const largestAnswer = 256 * 1024 * 1024;

export interface Request {
  method?: string;
  url: string;
  headers?: Record<string, string>;
  /** Sent as JSON unless it is a string. */
  body?: unknown;
  /** Certificate of the private authority that signed the server's. */
  caFile?: string;
  timeoutMs?: number;
}

export interface Response {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
  ms: number;
}

/** One HTTP call to a service on this machine. Rejects when there is no answer. */
export function send(request: Request): Promise<Response> {
  const { url, method = 'GET', body, timeoutMs = 30_000 } = request;
  const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const headers: Record<string, string> = { accept: 'application/json', ...request.headers };
  if (payload !== undefined) {
    headers['content-type'] ??= 'application/json';
    headers['content-length'] = String(Buffer.byteLength(payload));
  }
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const options = { method, headers, timeout: timeoutMs, agent: false };
    const ca = request.caFile === undefined ? undefined : readFileSync(request.caFile);
    const receive = (answer: http.IncomingMessage): void => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > largestAnswer) answer.destroy(new Error(`The answer of ${new URL(url).host} is too large.`));
      });
      answer.on('error', reject);
      answer.on('end', () => {
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(chunks),
          ms: performance.now() - begun,
        });
      });
    };
    const sent = url.startsWith('https:')
      ? https.request(url, { ...options, ca }, receive)
      : http.request(url, options, receive);
    sent.on('timeout', () =>
      sent.destroy(new Error(`${new URL(url).host} did not answer within ${timeoutMs / 1000} s.`)),
    );
    sent.on('error', reject);
    sent.end(payload);
  });
}
