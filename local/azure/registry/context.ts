import { createReadStream, mkdirSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import picomatch from 'picomatch';
import { extract } from 'tar-stream';
import { BuildError } from './dockerfile';
import { isGzip } from './layers';

/** A context may hold a model, but not fill the disk. */
const mostBytes = 4 * 1024 ** 3;
const mostEntries = 200_000;

/**
 * Unpacks a build context (tar, gzipped or not) into a folder. Entries that would leave the folder are refused: absolute
 * paths, `..`, and links that point outside.
 * @throws BuildError naming the entry.
 */
export async function unpackContext(file: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const unpack = extract();
  let bytes = 0;
  let entries = 0;
  const done = (async (): Promise<void> => {
    for await (const entry of unpack) {
      const { name, type, size, mode } = entry.header;
      bytes += size;
      entries += 1;
      if (bytes > mostBytes || entries > mostEntries) throw new BuildError('the build context is too large');
      // azure-cli packs the context's root as an entry without a name, which reads as `/`.
      const path = type === 'directory' && /^\/*$/.test(name) ? folder : inside(folder, name);
      if (type === 'directory') await mkdir(path, { recursive: true });
      else if (type === 'file' || type === 'contiguous-file') {
        const chunks: Buffer[] = [];
        for await (const chunk of entry) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, Buffer.concat(chunks));
        await chmod(path, mode & 0o777);
        continue;
      } else
        throw new BuildError(
          `the build context holds "${name}", a ${type} entry: links and special files are not supported here`,
        );
      entry.resume();
    }
  })();
  await Promise.all([
    done,
    isGzip(file) ? pipeline(createReadStream(file), createGunzip(), unpack) : pipeline(createReadStream(file), unpack),
  ]);
}

/** The place of `path` below `folder`. */
export function inside(folder: string, path: string): string {
  const target = resolve(folder, path);
  if (
    path.startsWith('/') ||
    path.includes('\0') ||
    (target !== resolve(folder) && !target.startsWith(resolve(folder) + sep))
  ) {
    throw new BuildError(`the build context holds "${path}", which lies outside of it`);
  }
  return target;
}

/** Removes what `.dockerignore` names; the last matching line wins, as in the reference. */
export async function applyDockerignore(folder: string, dockerfile: string): Promise<void> {
  const text = await readFile(join(folder, '.dockerignore'), 'utf8').catch(() => '');
  const rules = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ keep: line.startsWith('!'), matches: matcher(line.replace(/^!/, '').trim()) }));
  if (rules.length === 0) return;
  for (const path of await filesBelow(folder)) {
    const last = rules.filter((rule) => rule.matches(path)).at(-1);
    if (last?.keep === false && path !== dockerfile && path !== '.dockerignore') await rm(join(folder, path));
  }
}

function matcher(pattern: string): (path: string) => boolean {
  const clean = pattern.replace(/^\.?\/+/, '').replace(/\/+$/, '');
  const match = picomatch([clean, `${clean}/**`], { dot: true });
  return (path) => match(path);
}

/** Paths of all files below a folder, with `/`, sorted. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/** One source of a COPY. */
export interface Source {
  /** Absolute path in the context. */
  path: string;
  /** Its name, for a copy into a folder. */
  name: string;
  isFolder: boolean;
}

/**
 * Finds what a COPY's source means in the context: a path, or a glob as Go's `filepath.Match` has it.
 * @throws BuildError when nothing is found.
 */
export async function findSources(folder: string, source: string, line: number): Promise<Source[]> {
  const clean = source.replace(/^\.?\/+/, '').replace(/\/+$/, '') || '.';
  if (clean.split('/').includes('..')) {
    throw new BuildError(`dockerfile line ${line}: COPY failed: forbidden path outside the build context: ${source}`);
  }
  const paths = /[*?[]/.test(clean) ? await globbed(folder, clean) : [clean];
  const found: Source[] = [];
  for (const path of paths) {
    const absolute = inside(folder, path);
    const info = await stat(absolute).catch(() => undefined);
    if (info !== undefined)
      found.push({ path: absolute, name: path.split('/').at(-1) ?? path, isFolder: info.isDirectory() });
  }
  if (found.length === 0) {
    throw new BuildError(
      `dockerfile line ${line}: COPY failed: file not found in build context or excluded by .dockerignore: stat ${source}: file does not exist`,
    );
  }
  return found;
}

async function globbed(folder: string, pattern: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  const match = picomatch(pattern, { dot: true, nobrace: true, noext: true, noglobstar: true });
  return entries
    .map((entry) => entry.split(sep).join('/'))
    .filter((entry) => match(entry))
    .sort();
}
