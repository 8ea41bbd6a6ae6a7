import { open, type FileHandle } from 'node:fs/promises';
import type { Agent } from '../agent/agent';
import { markedFile, type LocalFile } from '../assets/folder';
import { checkUnchanged, readOnly, unreadable } from '../assets/read-files';
import type { Azure } from './azure';
import { AzureError } from './errors';
import type { Http } from './http';

/** Blob service version: bearer tokens need one (Put Blob, Put Block). */
const blobVersion = '2023-11-03';

/** Files up to this size go in one Put Blob; larger ones in blocks of this size, each sent again by itself. */
const blockSize = 8 * 1024 * 1024;

const parallelUploads = 4;

/** Where blobs are put: a container or a folder in it, by SAS or by the identity's own token. */
export interface BlobTarget {
  /** `https://account.blob…/container[/folder]`, with the SAS as its query where there is one. */
  url: string;
  /** Audience of a bearer token; none when `url` carries a SAS. */
  resource?: string;
}

/** Metadata that the Azure ML clients leave on the first file once an upload is complete. */
export interface UploadMark {
  name: string;
  version: string;
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

/**
 * Uploads a file's or a buffer's content as one block blob. Blocks of 8 MiB for larger files.
 *
 * @param url the blob's address, with its SAS if there is one
 * @throws AzureError as the blob service answered
 */
export async function putBlob(
  http: Http,
  url: string,
  content: Buffer | LocalFile,
  options: { resource?: string; metadata?: Record<string, string>; contentType?: string } = {},
): Promise<void> {
  const headers = {
    'x-ms-version': blobVersion,
    'content-type': options.contentType ?? 'application/octet-stream',
    ...Object.fromEntries(Object.entries(options.metadata ?? {}).map(([key, value]) => [`x-ms-meta-${key}`, value])),
  };
  const put = async (address: string, body: Buffer | string, extra: Record<string, string>): Promise<void> => {
    await http.send({
      method: 'PUT',
      url: address,
      headers: { ...headers, ...extra },
      body,
      resource: options.resource,
      as: 'text',
    });
  };
  if (Buffer.isBuffer(content)) {
    await put(url, content, { 'x-ms-blob-type': 'BlockBlob' });
    return;
  }
  const file = await openListed(content);
  try {
    if (content.size <= blockSize) {
      const bytes = await file.readFile();
      checkUnchanged(content);
      await put(url, bytes, { 'x-ms-blob-type': 'BlockBlob' });
      return;
    }
    const ids: string[] = [];
    for await (const chunk of file.createReadStream({ highWaterMark: blockSize })) {
      const id = Buffer.from(String(ids.length).padStart(8, '0')).toString('base64');
      ids.push(id);
      await put(withQuery(url, `comp=block&blockid=${encodeURIComponent(id)}`), chunk as Buffer, {});
    }
    // Blocks are no blob yet: what changed meanwhile never becomes one under the name of what it was.
    checkUnchanged(content);
    const list = ids.map((id) => `<Latest>${id}</Latest>`).join('');
    await put(
      withQuery(url, 'comp=blocklist'),
      `<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`,
      {
        'content-type': 'application/xml',
        'x-ms-blob-content-type': headers['content-type'],
      },
    );
  } finally {
    await file.close();
  }
}

async function openListed(content: LocalFile): Promise<FileHandle> {
  try {
    return await open(content.file, readOnly);
  } catch (error) {
    throw unreadable(content, error);
  }
}

/** The headers of a blob (metadata as `x-ms-meta-…`); `undefined` when it does not exist. Operation: Get Blob Properties. */
export async function blobHead(
  http: Http,
  url: string,
  resource?: string,
): Promise<Record<string, string> | undefined> {
  const request = {
    method: 'HEAD',
    url,
    headers: { 'x-ms-version': blobVersion },
    resource,
    accept: [404],
    as: 'text',
  } as const;
  const answer = await http.send(request);
  return answer.status === 404 ? undefined : answer.headers;
}

/**
 * Uploads files below `prefix` of a target. The marked file goes last: it is there only when the whole upload is. Where the storage account allows no shared keys, and so no SAS, the identity's own token is used.
 */
export async function uploadFiles(
  azure: Azure,
  target: BlobTarget,
  prefix: string,
  files: readonly LocalFile[],
  mark: UploadMark,
): Promise<void> {
  const send = (file: LocalFile, where: BlobTarget, metadata?: Record<string, string>): Promise<void> =>
    putBlob(azure.http, blobUrl(where.url, prefix + file.path), file, { resource: where.resource, metadata });
  const marked = markedFile(files);
  if (!marked) return;
  const rest = files.filter((file) => file !== marked);
  const complete = { name: mark.name, version: mark.version, upload_status: 'completed' };
  const all = async (where: BlobTarget): Promise<void> => {
    await eachOf(rest, parallelUploads, (file) => send(file, where));
    // The mark says that all is there as it was hashed.
    files.forEach(checkUnchanged);
    await send(marked, where, complete);
  };
  try {
    await all(target);
  } catch (error) {
    if (target.resource !== undefined || !forbidsKeys(error)) throw error;
    await all({ url: splitQuery(target.url)[0], resource: azure.cloud.resources.storage });
  }
}

/** The blob service says its code in a header; its body is XML. */
function forbidsKeys(error: unknown): boolean {
  const code = 'KeyBasedAuthenticationNotPermitted';
  return error instanceof AzureError && (error.is(code) || error.headers['x-ms-error-code'] === code);
}

/** Runs `work` over `items`, at most `limit` at a time; the first error stops the rest. */
async function eachOf<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  let failed = false;
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined && !failed; item = queue.shift()) {
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}

function splitQuery(url: string): [string, string | undefined] {
  const at = url.indexOf('?');
  return at < 0 ? [url, undefined] : [url.slice(0, at), url.slice(at + 1)];
}

function withQuery(url: string, query: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${query}`;
}
