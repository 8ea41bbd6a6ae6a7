import { Readable } from 'node:stream';
import type { Agent } from '../agent/agent';
import { TaskError } from '../agent/errors';
import { AzureError } from './errors';
import type { Http } from './http';

/** Blob service version: bearer tokens need one (Put Blob, Put Block). */
export const blobVersion = '2023-11-03';

/** A piece of a file goes in one request: on a line that takes longer for it nothing would ever arrive. */
const putTimeoutMs = 300_000;
const openTimeoutMs = 600_000;

/** Where blobs are put: a container or a folder in it, by SAS or by the identity's own token. */
export interface BlobTarget {
  /** `https://account.blob…/container[/folder]`, with the SAS as its query where there is one. */
  url: string;
  /** Audience of a bearer token; none when `url` carries a SAS. */
  resource?: string;
}

/** The address of `path` below a container or folder: the path goes before the SAS. */
export function blobUrl(containerUrl: string, path: string): string {
  const [base, query] = splitQuery(containerUrl);
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  const joined = `${base.replace(/\/+$/, '')}/${encoded}`;
  return query === undefined ? joined : `${joined}?${query}`;
}

/** Registers a SAS as a secret of this run: whoever holds its signature holds the storage. */
export function protectSas(agent: Agent, url: string): void {
  const signature = new URL(url).searchParams.get('sig');
  if (signature) agent.secret(signature);
}

/** One PUT to the blob service: Put Blob, Put Block or Put Block List, by `query` and headers. */
export async function putBlob(
  http: Http,
  { url, resource }: BlobTarget,
  body: Buffer | string,
  { query, headers }: { query?: string; headers?: Record<string, string> },
): Promise<void> {
  await http.send({
    method: 'PUT',
    url: query === undefined ? url : withQuery(url, query),
    headers: { 'x-ms-version': blobVersion, 'content-type': 'application/octet-stream', ...headers },
    body,
    resource,
    as: 'text',
    timeoutMs: putTimeoutMs,
  });
}

/** The headers of a blob (metadata as `x-ms-meta-…`); `undefined` when it does not exist. Operation: Get Blob Properties. */
export async function blobHead(http: Http, { url, resource }: BlobTarget): Promise<Record<string, string> | undefined> {
  const headers = { 'x-ms-version': blobVersion };
  const answer = await http.send({ method: 'HEAD', url, headers, resource, accept: [404], as: 'text' });
  return answer.status === 404 ? undefined : answer.headers;
}

/** What the blob service says of a place in XML (List Blobs, Get Block List); '' for a status of `accept`. */
export async function blobText(
  http: Http,
  { url, resource }: BlobTarget,
  query: string,
  accept: readonly number[] = [],
): Promise<string> {
  const headers = { 'x-ms-version': blobVersion };
  const answer = await http.send({ method: 'GET', url: withQuery(url, query), headers, resource, accept, as: 'text' });
  return accept.includes(answer.status) ? '' : String(answer.body);
}

/** The content of a blob. Operation: Get Blob. */
export async function openBlob(http: Http, { url, resource }: BlobTarget): Promise<Readable> {
  const headers = { 'x-ms-version': blobVersion };
  const { body } = await http.send({ method: 'GET', url, headers, resource, as: 'stream', timeoutMs: openTimeoutMs });
  if (body instanceof Readable) return body;
  throw new TaskError(`The blob ${splitQuery(url)[0]} came without content.`);
}

/** The blob service says its code in a header; its body is XML. */
export function isBlobError(error: unknown, code: string): boolean {
  return error instanceof AzureError && (error.is(code) || error.headers['x-ms-error-code'] === code);
}

export function splitQuery(url: string): [string, string | undefined] {
  const at = url.indexOf('?');
  return at < 0 ? [url, undefined] : [url.slice(0, at), url.slice(at + 1)];
}

function withQuery(url: string, query: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${query}`;
}
