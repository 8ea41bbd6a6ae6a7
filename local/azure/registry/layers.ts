import { createHash, type Hash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  createWriteStream,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  statSync,
} from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile, chmod } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { extract, pack, type Pack } from 'tar-stream';
import type { Layer } from './image';
import type { RegistryStorage } from './storage';

/** One path of a layer: where its content is on this machine, and where it goes in the image. */
export interface LayerEntry {
  /** Path in the image, without leading slash, `/` as separator. */
  path: string;
  kind: 'file' | 'directory' | 'link' | 'whiteout';
  /** File to read (kind `file`), or target (kind `link`). */
  source: string;
  mode: number;
  uid: number;
  gid: number;
}

const whiteout = '.wh.';
/** One time for all entries: the same content always gives the same layer. */
const mtime = new Date(0);

/** All entries below a folder, as they would lie below `prefix` in the image; parent folders come first. */
export function entriesOf(folder: string, prefix: string, owner: { uid: number; gid: number }): LayerEntry[] {
  const found: LayerEntry[] = [];
  const visit = (source: string, path: string): void => {
    const info = lstatSync(source);
    const common = { path, ...owner };
    if (info.isSymbolicLink()) found.push({ ...common, kind: 'link', source: readlinkSync(source), mode: 0o777 });
    else if (info.isDirectory()) {
      found.push({ ...common, kind: 'directory', source, mode: 0o755 });
      for (const name of readdirSync(source).sort()) visit(join(source, name), path === '' ? name : `${path}/${name}`);
    } else if (info.isFile()) found.push({ ...common, kind: 'file', source, mode: info.mode & 0o111 ? 0o755 : 0o644 });
  };
  visit(folder, prefix);
  return found.filter(({ path }) => path !== '');
}

/** Writes a layer to the registry's blobs: a deterministic tar (sorted paths, one time, plain owners), gzipped. */
export async function writeLayer(storage: RegistryStorage, entries: LayerEntry[]): Promise<Layer> {
  const tar = pack();
  const file = storage.temporaryFile();
  const plain = createHash('sha256');
  const packed = createHash('sha256');
  // Level 1: layers of Python packages are large and stay on this machine.
  const written = pipeline(tar, hashing(plain), createGzip({ level: 1 }), hashing(packed), createWriteStream(file));
  await Promise.all([fill(tar, withParents(entries)), written]);
  const digest = `sha256:${packed.digest('hex')}`;
  const size = statSync(file).size;
  storage.adopt(file, digest);
  return { digest, size, diffId: `sha256:${plain.digest('hex')}` };
}

async function fill(tar: Pack, entries: LayerEntry[]): Promise<void> {
  for (const entry of entries) {
    const header = { name: entry.path, mode: entry.mode, uid: entry.uid, gid: entry.gid, mtime };
    if (entry.kind === 'directory') await add(tar, { ...header, name: `${entry.path}/`, type: 'directory' });
    else if (entry.kind === 'link') await add(tar, { ...header, type: 'symlink', linkname: entry.source });
    else if (entry.kind === 'whiteout')
      await add(tar, { ...header, name: whiteoutPath(entry.path), mode: 0o644 }, Buffer.alloc(0));
    else await addFile(tar, header, entry.source);
  }
  tar.finalize();
}

type Header = Parameters<Pack['entry']>[0];

function add(tar: Pack, header: Header, content?: Buffer): Promise<void> {
  return new Promise((done, fail) => {
    const finished = (error?: Error | null): void => (error instanceof Error ? fail(error) : done());
    if (content === undefined) tar.entry(header, finished);
    else tar.entry(header, content, finished);
  });
}

/** Small files in one piece, large ones (models) as a stream. */
async function addFile(tar: Pack, header: Header, source: string): Promise<void> {
  const { size } = statSync(source);
  if (size < 16 * 1024 * 1024) return add(tar, header, await readFile(source));
  await new Promise<void>((done, fail) => {
    const entry = tar.entry({ ...header, size }, (error) => (error instanceof Error ? fail(error) : done()));
    pipeline(createReadStream(source), entry).catch(fail);
  });
}

function hashing(hash: Hash): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
}

function whiteoutPath(path: string): string {
  const slash = path.lastIndexOf('/');
  return `${path.slice(0, slash + 1)}${whiteout}${path.slice(slash + 1)}`;
}

/** Sorted, each path once (the last wins), with the folders that lead to it. */
function withParents(entries: LayerEntry[]): LayerEntry[] {
  const byPath = new Map<string, LayerEntry>();
  for (const entry of entries) {
    for (let slash = entry.path.indexOf('/'); slash > 0; slash = entry.path.indexOf('/', slash + 1)) {
      const path = entry.path.slice(0, slash);
      if (!byPath.has(path)) byPath.set(path, { path, kind: 'directory', source: '', mode: 0o755, uid: 0, gid: 0 });
    }
    byPath.set(entry.path, entry);
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What an unpacked layer removes from the layers below. */
export interface Removals {
  paths: string[];
  /** Folders whose whole former content is hidden. */
  opaque: string[];
}

/**
 * Unpacks one layer into an empty folder. Whiteouts become the returned removals.
 * @throws Error for entries that would leave the folder, and for hard links to something outside the layer.
 */
export async function unpackLayer(blob: string, folder: string): Promise<Removals> {
  const removals: Removals = { paths: [], opaque: [] };
  const unpack = extract();
  await mkdir(folder, { recursive: true });
  const work = (async (): Promise<void> => {
    for await (const entry of unpack) {
      const { name, type, linkname, mode } = entry.header;
      const path = name.replace(/^(\.?\/)+/, '').replace(/\/+$/, '');
      const base = path.split('/').at(-1) ?? '';
      if (path !== '' && path !== '.' && !takeWhiteout(path, base, removals)) {
        const target = below(folder, path);
        if (type === 'directory') await mkdir(target, { recursive: true });
        else {
          await mkdir(dirname(target), { recursive: true });
          await rm(target, { recursive: true, force: true });
          if (type === 'symlink') await symlink(linkname, target);
          else if (type === 'link') await writeFile(target, await readFile(below(folder, linkname)));
          else if (type === 'file' || type === 'contiguous-file') {
            await pipeline(entry, createWriteStream(target));
            await chmod(target, (mode & 0o755) | 0o600);
            continue;
          }
        }
      }
      entry.resume();
    }
  })();
  const gzip = isGzip(blob);
  await Promise.all([
    work,
    gzip ? pipeline(createReadStream(blob), createGunzip(), unpack) : pipeline(createReadStream(blob), unpack),
  ]);
  return removals;
}

function takeWhiteout(path: string, base: string, removals: Removals): boolean {
  if (!base.startsWith(whiteout)) return false;
  const parent = path.slice(0, Math.max(path.length - base.length - 1, 0));
  if (base === '.wh..wh..opq') removals.opaque.push(parent);
  else removals.paths.push(parent === '' ? base.slice(whiteout.length) : `${parent}/${base.slice(whiteout.length)}`);
  return true;
}

/** A path of a layer on this machine; nothing of it may be a link that leads out of the folder. */
function below(folder: string, path: string): string {
  const target = resolve(folder, path.replace(/^(\.?\/)+/, ''));
  if (!target.startsWith(resolve(folder) + sep))
    throw new Error(`The layer holds "${path}", which lies outside of it.`);
  const parts = target.slice(resolve(folder).length + 1).split(sep);
  for (let count = 1; count < parts.length; count++) {
    const parent = join(folder, ...parts.slice(0, count));
    const info = lstatSync(parent, { throwIfNoEntry: false });
    if (info === undefined) break;
    if (info.isSymbolicLink()) throw new Error(`The layer holds "${path}", which lies behind a link.`);
  }
  return target;
}

export function isGzip(file: string): boolean {
  const handle = openSync(file, 'r');
  try {
    const start = Buffer.alloc(2);
    readSync(handle, start, 0, 2, 0);
    return start[0] === 0x1f && start[1] === 0x8b;
  } finally {
    closeSync(handle);
  }
}
