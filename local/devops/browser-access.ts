import type { IncomingHttpHeaders } from 'node:http';

/**
 * What the service lets a page of another origin do. A page proves itself by its token alone: there are no cookies here, so
 * every origin may call, as with the service.
 */

const methods = 'OPTIONS,GET,POST,PATCH,PUT,DELETE';
const requestHeaders = [
  'authorization',
  'content-type',
  'accept',
  'x-tfs-fedauthredirect',
  'x-vss-reauthenticationaction',
  'x-tfs-session',
];
/** All that a page may read of the answer's headers, as recorded; the continuation token is not among them. */
const recordedHeaders = ['Request-Context'];
const moreHeaders = [
  'x-ms-continuationtoken',
  'ActivityId',
  'Retry-After',
  'X-RateLimit-Resource',
  'X-RateLimit-Delay',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
];

/** A browser's question before the request, not the service's own `OPTIONS` (which lists its locations). */
export function isPreflight(method: string | undefined, headers: IncomingHttpHeaders): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

/**
 * Headers that answer a preflight. No `Access-Control-Max-Age`: none is recorded, so that a browser keeps the answer for its
 * own default of a few seconds.
 */
export function preflightHeaders(origin: string): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': methods,
    'access-control-allow-headers': requestHeaders.join(','),
    vary: 'Origin',
  };
}

/** Headers that let the page read an answer; `expose` shows it what the service may keep from it. */
export function answerHeaders(origin: string, expose: boolean): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': [...recordedHeaders, ...(expose ? moreHeaders : [])].join(','),
    vary: 'Origin',
  };
}
