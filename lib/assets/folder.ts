import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { createReadStream, existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import type { Stats } from 'node:fs';
import path from 'node:path';
import ignore from 'ignore';
import { TaskError } from '../agent/errors';

/** A file of a local asset. */
export interface LocalFile {
  /** Path below the asset's folder, with `/`; a single file's own name. */
  path: string;
  /** Absolute path on this machine. */
  file: string;
  /** Bytes. */
  size: number;
}

/** A folder or a single file that becomes code, data or a build context. */
export interface LocalAsset {
  /** Absolute path. */
  root: string;
  /** Last part of `root`. */
  name: string;
  isFolder: boolean;
  /** In order of the lower-cased path, as the content hash wants it. */
  files: LocalFile[];
}

/** Says of a path (with `/`, folders with a trailing one) whether an ignore file leaves it out. */
interface IgnoreRules {
  excludes(relative: string): boolean;
  /** Without `!` rules a folder that is left out need not be looked into. */
  canReinclude: boolean;
}

const noRules: IgnoreRules = { excludes: () => false, canReinclude: false };

/**
 * Lists a folder or file to upload. `.amlignore` in the folder, else its `.gitignore`, leaves files out.
 *
 * @throws TaskError when nothing is there, nothing is left, or something is neither file nor folder: a symbolic link
 * could carry a file of the agent's machine from outside the folder into the cloud.
 */
export function listAsset(root: string, what: string, leaveOut: readonly string[] = []): LocalAsset {
  const stats = lstatIfExists(root);
  if (!stats)
    throw new TaskError(`${what}: ${root} does not exist.`, 'Paths in a YAML file are relative to that file.');
  const name = path.basename(root);
  if (stats.isFile()) return { root, name, isFolder: false, files: [{ path: name, file: root, size: stats.size }] };
  if (!stats.isDirectory()) throw notAFile(what, root, stats);
  const files = walk(root, '', readRules(root, leaveOut), what).sort(byLowerCase);
  if (files.length === 0)
    throw new TaskError(`${what}: ${root} holds no file to upload.`, 'Check the folder and its .amlignore.');
  return { root, name, isFolder: true, files };
}

/** The file that carries an upload's mark: the first by code point, where the other clients look for it too. */
export function markedFile(files: readonly LocalFile[]): LocalFile | undefined {
  return [...files].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))[0];
}

function walk(root: string, below: string, rules: IgnoreRules, what: string): LocalFile[] {
  return readdirSync(path.join(root, below)).flatMap((name) => {
    const relative = below === '' ? name : `${below}/${name}`;
    const file = path.join(root, relative);
    const stats = lstatSync(file);
    const left = rules.excludes(stats.isDirectory() ? `${relative}/` : relative);
    if (stats.isDirectory()) return left && !rules.canReinclude ? [] : walk(root, relative, rules, what);
    if (left) return [];
    if (!stats.isFile()) throw notAFile(what, file, stats);
    return [{ path: relative, file, size: stats.size }];
  });
}

function notAFile(what: string, file: string, stats: Stats): TaskError {
  const kind = stats.isSymbolicLink() ? 'a symbolic link' : 'neither a file nor a folder';
  return new TaskError(
    `${what}: ${file} is ${kind}; it is not uploaded.`,
    'Replace it by the file it stands for, or leave it out in .amlignore.',
  );
}

/**
 * Each rule is judged by itself and the last one that matches decides, as the Python SDK's `pathspec` does: unlike git,
 * `!folder/file` brings a file of an excluded folder back.
 */
function readRules(root: string, leaveOut: readonly string[]): IgnoreRules {
  const file = ['.amlignore', '.gitignore'].map((name) => path.join(root, name)).find((name) => existsSync(name));
  const lines = file === undefined ? [] : readFileSync(file, 'utf8').split(/\r?\n/);
  const rules = [...leaveOut, ...lines]
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const negated = line.startsWith('!');
      return { negated, matcher: ignore({ ignorecase: false }).add(negated ? line.slice(1) : line) };
    });
  if (rules.length === 0) return noRules;
  return {
    excludes: (relative) => rules.findLast(({ matcher }) => matcher.ignores(relative))?.negated === false,
    canReinclude: rules.some(({ negated }) => negated),
  };
}

function lstatIfExists(file: string): Stats | undefined {
  return lstatSync(file, { throwIfNoEntry: false });
}

/** Python sorts text by code point; JavaScript by UTF-16 unit. The order of UTF-8 bytes is the order of code points. */
function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function byLowerCase(a: LocalFile, b: LocalFile): number {
  return compareText(a.path.toLowerCase(), b.path.toLowerCase()) || compareText(a.path, b.path);
}

/**
 * Content hash of a code asset, version 202208: sha256 over the number of files, then `#path#size` of each in order, then
 * their contents in the same order. It is what `codes/{name}/versions?hash=` looks for.
 */
export async function contentHash(asset: LocalAsset): Promise<string> {
  const hash = createHash('sha256').update(String(asset.files.length));
  for (const file of asset.files) hash.update(`#${file.path}#${file.size}`);
  for (const file of asset.files) await addContent(hash, file);
  return hash.digest('hex');
}

/**
 * Object hash of data, local models and build contexts: where a datastore keeps an upload (`LocalUpload/{hash}/…`).
 * sha256 over a fixed first text, then entry by entry in order of the lower-cased name: a file's name and content, a
 * folder's name and its entries likewise. A single file counts with its content alone.
 */
export async function objectHash(asset: LocalAsset): Promise<string> {
  const hash = createHash('sha256').update('Initialize for october 2021 AML CLI version');
  if (asset.isFolder) await addFolder(hash, asset.files, '');
  else for (const file of asset.files) await addContent(hash, file);
  return hash.digest('hex');
}

async function addFolder(hash: Hash, files: readonly LocalFile[], prefix: string): Promise<void> {
  const names = new Set(files.map((file) => file.path.slice(prefix.length).split('/')[0] ?? ''));
  const ordered = [...names].sort((a, b) => compareText(a.toLowerCase(), b.toLowerCase()) || compareText(a, b));
  for (const name of ordered) {
    hash.update(name);
    const file = files.find((entry) => entry.path === prefix + name);
    if (file) await addContent(hash, file);
    else {
      const inner = `${prefix}${name}/`;
      await addFolder(
        hash,
        files.filter((entry) => entry.path.startsWith(inner)),
        inner,
      );
    }
  }
}

async function addContent(hash: Hash, file: LocalFile): Promise<void> {
  for await (const chunk of createReadStream(file.file)) hash.update(chunk as Buffer);
}
