import { createHash } from 'node:crypto';
import { closeSync } from 'node:fs';
import { eachOf } from '../agent/each-of';
import { changed, checkUnchanged, openFile, readAll, type LocalFile } from '../assets/read-files';
import { blobText, isBlobError, putBlob, type BlobTarget } from './blob';
import type { Http } from './http';

const mebi = 1024 * 1024;

/** Files up to this size go in one Put Blob, larger ones in blocks of it: each is sent again by itself. */
export const blockSize = 8 * mebi;
/** A blob has no more blocks than that (Put Block, remarks). */
const mostBlocks = 50_000;
/** Of one file at a time: what is in memory is this many blocks. */
const parallelBlocks = 4;

export interface PutFileOptions {
  metadata?: Record<string, string>;
  /** The place may hold what an earlier upload left: `md5` (base64) of the blob there, blocks that are no blob yet. That is not sent again. */
  resumes?: { md5?: string };
  /** Called with the bytes of each piece that is there now. */
  arrived?: (bytes: number) => void;
}

/**
 * Uploads a file as one block blob, in blocks where it is large. A block's id is its content's hash: what an upload that was cut off
 * has sent, and what a whole one had committed, is recognised by the content alone.
 *
 * @param target the blob's address
 * @throws TaskError when the file is not as it was listed; AzureError as the blob service answered
 */
export async function putFile(
  http: Http,
  target: BlobTarget,
  file: LocalFile,
  options: PutFileOptions = {},
): Promise<void> {
  const descriptor = openFile(file);
  try {
    if (file.size > blockSize) await putBlocks(http, target, { file, descriptor }, options);
    else await putWhole(http, target, { file, descriptor }, options);
  } finally {
    closeSync(descriptor);
  }
}

interface OpenFile {
  file: LocalFile;
  descriptor: number;
}

async function putWhole(http: Http, target: BlobTarget, open: OpenFile, options: PutFileOptions): Promise<void> {
  const bytes = await readPiece(open, { start: 0, length: open.file.size });
  checkUnchanged(open.file);
  const there = options.resumes?.md5;
  if (there === undefined || there !== createHash('md5').update(bytes).digest('base64'))
    await putBlob(http, target, bytes, { headers: { 'x-ms-blob-type': 'BlockBlob', ...metadataOf(options) } });
  options.arrived?.(bytes.length);
}

async function putBlocks(http: Http, target: BlobTarget, open: OpenFile, options: PutFileOptions): Promise<void> {
  const known = options.resumes ? await knownBlocks(http, target) : new Set<string>();
  try {
    await sendBlocks(http, target, open, options, known);
  } catch (error) {
    if (!isBlobError(error, 'InvalidBlockList')) throw error;
    // Another client wrote this blob meanwhile: the service dropped every block that its list does not have.
    await sendBlocks(http, target, open, { ...options, arrived: undefined }, new Set());
  }
}

async function sendBlocks(
  http: Http,
  target: BlobTarget,
  open: OpenFile,
  options: PutFileOptions,
  known: ReadonlySet<string>,
): Promise<void> {
  const blocks = blocksOf(open.file.size);
  const ids: string[] = [];
  await eachOf([...blocks.entries()], parallelBlocks, async ([index, block]) => {
    const bytes = await readPiece(open, block);
    const id = blockId(bytes, index);
    ids[index] = id;
    if (!known.has(id)) await putBlob(http, target, bytes, { query: `comp=block&blockid=${encodeURIComponent(id)}` });
    options.arrived?.(bytes.length);
  });
  // Blocks are no blob yet: what changed meanwhile never becomes one under the name of what it was.
  checkUnchanged(open.file);
  const list = ids.map((id) => `<Latest>${id}</Latest>`).join('');
  await putBlob(http, target, `<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`, {
    query: 'comp=blocklist',
    headers: {
      'content-type': 'application/xml',
      'x-ms-blob-content-type': 'application/octet-stream',
      ...metadataOf(options),
    },
  });
}

/** A part of a file, in bytes. */
interface Piece {
  start: number;
  length: number;
}

/** Where a file of this size (bytes) is cut. */
export function blocksOf(size: number): Piece[] {
  const piece = Math.max(blockSize, Math.ceil(size / mostBlocks / mebi) * mebi);
  return Array.from({ length: Math.ceil(size / piece) }, (_, index) => {
    const start = index * piece;
    return { start, length: Math.min(piece, size - start) };
  });
}

/**
 * 48 bytes, as many as the ids of the storage SDKs have: all blocks of a blob that are not committed yet need ids of one length, and another
 * client may have left some. The place is part of it, since no id may stand for two blocks of a list.
 */
function blockId(bytes: Buffer, index: number): string {
  const hash = createHash('sha256').update(bytes).digest();
  return Buffer.concat([hash, Buffer.from(String(index).padStart(16, '0'))]).toString('base64');
}

/** The ids of the blocks of a blob, committed or not. Operation: Get Block List. */
async function knownBlocks(http: Http, target: BlobTarget): Promise<Set<string>> {
  const xml = await blobText(http, target, 'comp=blocklist&blocklisttype=all', [404]);
  return new Set([...xml.matchAll(/<Name>([^<]+)<\/Name>/g)].map(([, id = '']) => id));
}

async function readPiece({ file, descriptor }: OpenFile, { start, length }: Piece): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  if ((await readAll(descriptor, bytes, length, start)) < length) throw changed(file);
  return bytes;
}

function metadataOf({ metadata = {} }: PutFileOptions): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [`x-ms-meta-${key}`, value]));
}
