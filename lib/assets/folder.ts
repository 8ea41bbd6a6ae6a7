import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { lstatSync, readdirSync } from 'node:fs';
import type { Stats } from 'node:fs';
import path from 'node:path';
import { TaskError, errorText } from '../agent/errors';
import { rulesOf, type IgnoreRules } from './ignore-file';
import { contentsOf, type LocalFile } from './read-files';

export type { LocalFile };

/** A folder or a single file that becomes code, data or a build context. */
export interface LocalAsset {
  /** Absolute path. */
  root: string;
  /** Last part of `root`. */
  name: string;
  isFolder: boolean;
  /** In order of the lower-cased path, as the content hash wants it. */
  files: LocalFile[];
  /** What names it, for errors: `file:line:column: key`. */
  namedAt?: string;
}

/** A folder with more files is no code, and no build context: listing it alone would take minutes. */
export const mostFiles = 99_999;

/**
 * Lists a folder or file to upload. `.amlignore` in the folder, else its `.gitignore`, leaves files out.
 *
 * @throws TaskError when nothing is there, nothing is left, or something is neither file nor folder: a symbolic link
 * could carry a file of the agent's machine from outside the folder into the cloud.
 */
export function listAsset(root: string, what: string, leaveOut: readonly string[] = [], most = mostFiles): LocalAsset {
  return listed(what, root, () => ({ ...list(root, what, leaveOut, most), namedAt: what }));
}

/** What the file system refuses while a folder is listed (no rights, a name that is no text) is told like everything else. */
export function listed<T>(what: string, root: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TaskError) throw error;
    throw new TaskError(
      `${what}: ${root} cannot be listed: ${errorText(error)}`,
      'Check the rights of the agent on it.',
      {
        cause: error,
      },
    );
  }
}

function list(root: string, what: string, leaveOut: readonly string[], most: number): LocalAsset {
  const stats = lstatSync(root, { throwIfNoEntry: false });
  if (!stats)
    throw new TaskError(`${what}: ${root} does not exist.`, 'Paths in a YAML file are relative to that file.');
  const name = path.basename(root);
  if (stats.isFile()) return { root, name, isFolder: false, files: [localFile(name, root, stats)] };
  if (!stats.isDirectory()) throw notAFile(what, root, stats);
  const { files } = new Walk(root, rulesOf(root, leaveOut), what, most).folder('');
  if (files.length === 0)
    throw new TaskError(`${what}: ${root} holds no file to upload.`, 'Check the folder and its .amlignore.');
  return { root, name, isFolder: true, files: inUploadOrder(files) };
}

/** The order of an asset's files: by lower-cased path. */
export function inUploadOrder(files: readonly LocalFile[]): LocalFile[] {
  return byLowerCase(files, (file) => file.path);
}

/** The file that carries an upload's mark: the first by code point, where the other clients look for it too. */
export function markedFile(files: readonly LocalFile[]): LocalFile | undefined {
  return [...files].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))[0];
}

/** Collects the files below a folder. */
class Walk {
  readonly files: LocalFile[] = [];

  constructor(
    private readonly root: string,
    private readonly rules: IgnoreRules,
    private readonly what: string,
    private readonly most: number,
  ) {}

  folder(below: string): this {
    for (const name of readdirSync(path.join(this.root, below))) this.entry(below === '' ? name : `${below}/${name}`);
    return this;
  }

  private entry(relative: string): void {
    const file = path.join(this.root, relative);
    const stats = lstatSync(file);
    const left = this.rules.excludes(stats.isDirectory() ? `${relative}/` : relative);
    if (stats.isDirectory()) {
      if (!left || this.rules.canReinclude) this.folder(relative);
    } else if (!left) {
      if (!stats.isFile()) throw notAFile(this.what, file, stats);
      if (this.files.length === this.most) throw tooMany(this.what, this.root, this.most);
      this.files.push(localFile(relative, file, stats));
    }
  }
}

/** @param name path in the asset */
export function localFile(name: string, file: string, { size, mtimeMs }: Stats): LocalFile {
  return { path: name, file, size, modifiedMs: mtimeMs };
}

export function tooMany(what: string, root: string, most = mostFiles): TaskError {
  return new TaskError(
    `${what}: ${root} holds more than ${most} files.`,
    'Leave files out in .amlignore, or pack them into archives.',
  );
}

/** A link could carry a file of the agent's machine from outside the folder into the cloud. */
export function notAFile(what: string, file: string, stats: Stats): TaskError {
  const kind = stats.isSymbolicLink() ? 'a symbolic link' : 'neither a file nor a folder';
  return new TaskError(
    `${what}: ${file} is ${kind}; it is not uploaded.`,
    'Replace it by the file it stands for, or leave it out in .amlignore.',
  );
}

/** Python sorts text by code point; JavaScript by UTF-16 unit, which differs where there are surrogates. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  if (/[\ud800-\udfff]/.test(a + b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}

/** In order of the lower-cased text that each item has. */
export function byLowerCase<T>(items: readonly T[], text: (item: T) => string): T[] {
  return items
    .map((item) => ({ item, text: text(item), lower: text(item).toLowerCase() }))
    .sort((a, b) => compareText(a.lower, b.lower) || compareText(a.text, b.text))
    .map(({ item }) => item);
}

/**
 * Content hash of a code asset, version 202208: sha256 over the number of files, then `#path#size` of each in order, then
 * their contents in the same order. It is what `codes/{name}/versions?hash=` looks for.
 */
export function contentHash(asset: LocalAsset): Promise<string> {
  return atItsPlace(asset, () => contentHashOf(asset));
}

async function contentHashOf(asset: LocalAsset): Promise<string> {
  const hash = createHash('sha256').update(String(asset.files.length));
  for (const file of asset.files) hash.update(`#${file.path}#${file.size}`);
  for await (const piece of contentsOf(asset.files)) hash.update(piece);
  return hash.digest('hex');
}

/**
 * Object hash of data, local models and build contexts: where a datastore keeps an upload (`LocalUpload/{hash}/…`).
 * sha256 over a fixed first text, then entry by entry in order of the lower-cased name: a file's name and content, a
 * folder's name and its entries likewise. A single file counts with its content alone.
 */
export function objectHash(asset: LocalAsset): Promise<string> {
  return atItsPlace(asset, () => objectHashOf(asset));
}

/** Reading an asset fails (a file has changed, or may not be read) long after the file that names it was read. */
export async function atItsPlace<T>({ namedAt }: LocalAsset, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (namedAt === undefined || !(error instanceof TaskError) || error.message.startsWith(namedAt)) throw error;
    throw new TaskError(`${namedAt}: ${error.message}`, error.advice, { cause: error });
  }
}

async function objectHashOf(asset: LocalAsset): Promise<string> {
  const hash = createHash('sha256').update('Initialize for october 2021 AML CLI version');
  const entries = asset.isFolder ? inOrder(treeOf(asset.files)) : asset.files.map((file) => ({ names: '', file }));
  const contents = contentsOf(entries.map(({ file }) => file));
  for (const { names, file } of entries) {
    hash.update(names);
    await addContent(hash, contents, file.size);
  }
  await contents.next();
  return hash.digest('hex');
}

/** sha256 of each file, in the order of the asset. */
export async function fileHashes({ files }: LocalAsset): Promise<string[]> {
  const contents = contentsOf(files);
  const hashes: string[] = [];
  for (const { size } of files) {
    const hash = createHash('sha256');
    await addContent(hash, contents, size);
    hashes.push(hash.digest('hex'));
  }
  await contents.next();
  return hashes;
}

/** A folder: its entries by name. */
type Tree = Map<string, Tree | LocalFile>;

function treeOf(files: readonly LocalFile[]): Tree {
  const root: Tree = new Map();
  for (const file of files) {
    const names = file.path.split('/');
    const own = names.pop() ?? '';
    let folder = root;
    for (const name of names) {
      const known = folder.get(name);
      const inner: Tree = known instanceof Map ? known : new Map<string, Tree | LocalFile>();
      if (inner !== known) folder.set(name, inner);
      folder = inner;
    }
    folder.set(own, file);
  }
  return root;
}

/** The files in the order of the hash, each with what is hashed before its content: names of folders that begin, its own. */
function inOrder(folder: Tree, before = '', into: { names: string; file: LocalFile }[] = []): typeof into {
  let names = before;
  for (const [name, entry] of byLowerCase([...folder], ([name]) => name)) {
    names += name;
    if (entry instanceof Map) inOrder(entry, names, into);
    else into.push({ names, file: entry });
    names = '';
  }
  return into;
}

/** Takes one file's bytes from the contents of all: an empty file is one empty piece. */
async function addContent(hash: Hash, contents: AsyncGenerator<Buffer>, size: number): Promise<void> {
  for (let left = size, isFirst = true; isFirst || left > 0; isFirst = false) {
    const piece = await contents.next();
    if (piece.done) return;
    hash.update(piece.value);
    left -= piece.value.length;
  }
}
