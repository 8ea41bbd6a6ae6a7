import { createReadStream, existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { Readable } from 'node:stream';
import { crc32, deflateRawSync } from 'node:zlib';

/** Files above this are stored, not deflated, and read in pieces. */
const largestInMemory = 8 * 1024 * 1024;
const zip32Limit = 0xffffffff;

/**
 * A folder as a zip archive whose entries begin with `root/`, in the order of their names (APPNOTE 6.3.3, no zip64: an archive
 * of 4 GiB or more is refused by an error on the stream).
 */
export function zipOf(folder: string, root: string): Readable {
  return Readable.from(parts(folder, root));
}

async function* parts(folder: string, root: string): AsyncGenerator<Buffer> {
  const directory: Buffer[] = [];
  let offset = 0;
  for (const file of await filesOf(folder)) {
    const name = Buffer.from(`${root}/${relative(folder, file).split(sep).join('/')}`);
    const entry = await contentOf(file);
    const head = Buffer.concat([localHeader(entry, name), name]);
    if (offset + head.length + entry.stored > zip32Limit)
      throw new Error('The artifact is too large for a zip archive.');
    directory.push(centralHeader(entry, name, offset), name);
    yield head;
    yield* entry.chunks();
    offset += head.length + entry.stored;
  }
  const central = Buffer.concat(directory);
  yield central;
  yield endRecord(directory.length / 2, central.length, offset);
}

interface Entry {
  method: 0 | 8;
  crc: number;
  size: number;
  stored: number;
  modified: Date;
  chunks(): AsyncIterable<Buffer> | Iterable<Buffer>;
}

async function contentOf(file: string): Promise<Entry> {
  const { size, mtime } = await stat(file);
  if (size > largestInMemory) {
    let crc = 0;
    for await (const chunk of readPieces(file)) crc = crc32(chunk, crc);
    return { method: 0, crc, size, stored: size, modified: mtime, chunks: () => readPieces(file) };
  }
  const content = await readFile(file);
  const packed = deflateRawSync(content);
  return {
    method: 8,
    crc: crc32(content),
    size: content.length,
    stored: packed.length,
    modified: mtime,
    chunks: () => [packed],
  };
}

async function* readPieces(file: string): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(file)) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
}

async function filesOf(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The fields that local and central headers share: version, flags (UTF-8 names), method, time, sums and lengths. */
function common(entry: Entry, name: Buffer): Buffer {
  const { time, date } = dosTime(entry.modified);
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(0x0800, 2);
  fields.writeUInt16LE(entry.method, 4);
  fields.writeUInt16LE(time, 6);
  fields.writeUInt16LE(date, 8);
  fields.writeUInt32LE(entry.crc, 10);
  fields.writeUInt32LE(entry.stored, 14);
  fields.writeUInt32LE(entry.size, 18);
  fields.writeUInt16LE(name.length, 22);
  return fields;
}

function localHeader(entry: Entry, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common(entry, name)]);
}

function centralHeader(entry: Entry, name: Buffer, offset: number): Buffer {
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(offset, 10);
  return Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common(entry, name), tail]);
}

function endRecord(count: number, size: number, offset: number): Buffer {
  const record = Buffer.alloc(22);
  record.write('PK\x05\x06', 0, 'latin1');
  record.writeUInt16LE(count, 8);
  record.writeUInt16LE(count, 10);
  record.writeUInt32LE(size, 12);
  record.writeUInt32LE(offset, 16);
  return record;
}

function dosTime(moment: Date): { time: number; date: number } {
  const year = Math.max(1980, moment.getUTCFullYear());
  return {
    time: (moment.getUTCHours() << 11) | (moment.getUTCMinutes() << 5) | (moment.getUTCSeconds() >> 1),
    date: ((year - 1980) << 9) | ((moment.getUTCMonth() + 1) << 5) | moment.getUTCDate(),
  };
}
