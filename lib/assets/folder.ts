import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import path from 'node:path';
import { TaskError, errorText } from '../agent/errors';
import { ignoreFileOf, rulesIn, type IgnoreRules } from './ignore-file';
import { absence, isBelow, realPath } from './project';
import { withSlashes } from '../agent/files';
import { contentsOf, type LocalFile } from './read-files';

export type { LocalFile };

/** A folder or a single file that becomes code, data or a build context. */
export interface LocalAsset {
  /** Absolute path; where a link led, when that is what was named. */
  root: string;
  /** Last part of `root`. */
  name: string;
  isFolder: boolean;
  /** In order of the lower-cased path, as the content hash wants it. */
  files: LocalFile[];
  /** Folders below it that none of the files is in, but whose names the object hash has. */
  bare?: string[];
  /** What names it, for errors: `file:line:column: key`. */
  namedAt?: string;
}

/** A folder with more files is no code, and no build context: listing it alone would take minutes. */
export const mostFiles = 99_999;

export interface Listing {
  /** Rules besides those of the ignore file. */
  leaveOut?: readonly string[];
  /** Folder that links may lead to; without it, the one that is listed. */
  project?: string;
  most?: number;
}

/**
 * Lists a folder or file to upload. `.amlignore` in the folder, else its `.gitignore`, leaves files out. Links stand for what
 * they lead to.
 *
 * @throws TaskError when nothing is there, nothing is left, something is neither file nor folder, or a link leads nowhere,
 * out of the project (it could carry a file of the agent's machine into the cloud) or in a circle.
 */
export function listAsset(root: string, what: string, listing: Listing = {}): LocalAsset {
  return listed(what, root, () => ({ ...list(root, what, listing), namedAt: what }));
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

function list(named: string, what: string, { leaveOut, project, most = mostFiles }: Listing): LocalAsset {
  if (!lstatSync(named, { throwIfNoEntry: false }))
    throw new TaskError(`${what}: ${absence(named)}.`, 'Paths in a YAML file are relative to that file.');
  const bounds = boundsOf(what, project, named);
  const { file: root, stats } = followed(named, bounds);
  const name = path.basename(root);
  if (stats.isFile()) return { root, name, isFolder: false, files: [localFile(name, root, stats)] };
  if (!stats.isDirectory()) throw notAFile(what, root);
  const ignoring = ignoreFileOf(root);
  // To the Python SDK the rules of an ignore file that is a link count from where it leads, but for components.
  const linked = leaveOut || ignoring === undefined ? undefined : realPath(ignoring);
  const base = linked === undefined ? root : path.dirname(linked);
  const { files, bare } = new Walk(root, base, rulesIn(ignoring, leaveOut), bounds, most).all();
  if (files.length === 0)
    throw new TaskError(`${what}: ${root} holds no file to upload.`, 'Check the folder and its .amlignore.');
  return { root, name, isFolder: true, files: inUploadOrder(files), bare };
}

/** The order of an asset's files: by lower-cased path. */
export function inUploadOrder(files: readonly LocalFile[]): LocalFile[] {
  return byLowerCase(files, (file) => file.path);
}

/** The file that carries an upload's mark: the first by code point, where the other clients look for it too. */
export function markedFile(files: readonly LocalFile[]): LocalFile | undefined {
  const order = (file: LocalFile): Buffer => Buffer.from(`${file.source ?? ''}\0${file.path}`);
  return [...files].sort((a, b) => Buffer.compare(order(a), order(b)))[0];
}

/** Where links may lead, and the place that names what is listed. */
export interface Bounds {
  what: string;
  /** Without links in it. */
  project: string;
}

/** @param named where nothing is known of a project, links stay in it */
export function boundsOf(what: string, project: string | undefined, named: string): Bounds {
  return { what, project: realPath(project ?? named) ?? named };
}

/**
 * What is at a path, whatever links lead there.
 *
 * @param above folders that links have been followed from: none may lead back to where it would be met again
 */
export function followed(named: string, bounds: Bounds, above: readonly string[] = []): { file: string; stats: Stats } {
  const file = realPath(named);
  const { what, project } = bounds;
  const refused = (problem: string): TaskError =>
    new TaskError(
      `${what}: ${problem}.`,
      'A link may lead to what else the repository holds. Mend it, copy what it stands for, or leave it out in .amlignore.',
    );
  if (file === undefined) throw refused(absence(named));
  if (!isBelow(project, file)) throw refused(`${named} is a link that leads out of ${project}, to ${file}`);
  if (above.some((folder) => isBelow(file, folder)))
    throw refused(`${named} is a link to ${file}, which would contain itself`);
  return { file, stats: lstatSync(file) };
}

/** Collects the files below a folder. */
class Walk {
  private files: LocalFile[] = [];
  private readonly bare: string[] = [];
  private count = 0;
  private hasLinks = false;
  /** Folders around the place that rules leave out by name: object hashes do not look into them. */
  private outer = 0;
  private hashed = 0;

  constructor(
    private readonly root: string,
    private readonly base: string,
    private readonly rules: IgnoreRules,
    private readonly bounds: Bounds,
    private readonly most: number,
  ) {}

  all(): Pick<LocalAsset, 'files' | 'bare'> {
    this.folder('', this.root, []);
    // With links, the other clients go by where the files are, not by where they appear.
    if (this.hasLinks) this.files = this.files.map((file) => ({ ...file, source: withSlashes(file.file) }));
    return { files: this.files, bare: this.bare };
  }

  /** @param above folders that links were followed from, to get here */
  private folder(below: string, folder: string, above: readonly string[]): void {
    for (const name of readdirSync(folder)) {
      this.entry(below === '' ? name : `${below}/${name}`, path.join(folder, name), above);
    }
  }

  private entry(relative: string, found: string, above: readonly string[]): void {
    const own = lstatSync(found);
    // Behind a link, rules judge the path that leads from the root to the file itself, as they do in the Python SDK.
    const isPlain = above.length === 0 && this.base === this.root;
    const ruled = isPlain ? relative : withSlashes(path.relative(this.base, found));
    const isFolderHere = isFolder(found, own);
    const left = this.rules.excludes(isFolderHere ? `${ruled}/` : ruled);
    const before = this.hashed;
    // A rule that ends with a slash leaves out what is in a folder, not the folder.
    const isOut = isFolderHere && this.rules.excludes(ruled);
    if (isOut) this.outer++;
    if (!left || (own.isDirectory() && this.rules.canReinclude)) this.take(relative, found, own, above);
    if (isFolderHere && this.outer === 0 && before === this.hashed) this.bare.push(relative);
    if (isOut) this.outer--;
  }

  private take(relative: string, found: string, own: Stats, above: readonly string[]): void {
    if (own.isSymbolicLink()) this.link(relative, found, [...above, path.dirname(found)]);
    else if (own.isDirectory()) this.folder(relative, found, above);
    else this.file(relative, found, own);
  }

  private link(relative: string, found: string, above: readonly string[]): void {
    const { file, stats } = followed(found, this.bounds, above);
    this.hasLinks = true;
    if (stats.isDirectory()) {
      // A few links can stand for very many folders.
      this.countOne();
      this.folder(relative, file, above);
    } else this.file(relative, file, stats);
  }

  private file(relative: string, file: string, stats: Stats): void {
    if (!stats.isFile()) throw notAFile(this.bounds.what, file);
    this.countOne();
    const isBroughtBack = this.outer > 0;
    if (!isBroughtBack) this.hashed++;
    this.files.push({ ...localFile(relative, file, stats), ...(isBroughtBack ? { isBroughtBack } : {}) });
  }

  private countOne(): void {
    if (this.count++ === this.most) throw tooMany(this.bounds.what, this.root, this.most);
  }
}

function isFolder(file: string, own: Stats): boolean {
  return own.isSymbolicLink() ? existsSync(file) && statSync(file).isDirectory() : own.isDirectory();
}

/** @param name path in the asset */
export function localFile(name: string, file: string, { size, mtimeMs, ctimeMs }: Stats): LocalFile {
  // On Windows whoever looks at a file may change its attributes: virus scanners leave a mark of their own.
  const changedMs = process.platform === 'win32' ? undefined : ctimeMs;
  return { path: name, file, size, modifiedMs: mtimeMs, changedMs };
}

export function tooMany(what: string, root: string, most = mostFiles): TaskError {
  return new TaskError(
    `${what}: ${root} holds more than ${most} files.`,
    'Leave files out in .amlignore, or pack them into archives.',
  );
}

export function notAFile(what: string, file: string): TaskError {
  return new TaskError(
    `${what}: ${file} is neither a file nor a folder; it is not uploaded.`,
    'Replace it by a file, or leave it out in .amlignore.',
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
  const entries: Entry[] = [];
  const rest = asset.isFolder ? inOrder(treeOf(asset), '', entries) : '';
  if (!asset.isFolder) entries.push(...asset.files.map((file) => ({ names: '', file })));
  const contents = contentsOf(entries.map(({ file }) => file));
  for (const { names, file } of entries) {
    hash.update(names);
    await addContent(hash, contents, file.size);
  }
  await contents.next();
  return hash.update(rest).digest('hex');
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

function treeOf({ files, bare = [] }: LocalAsset): Tree {
  const root: Tree = new Map();
  for (const file of files.filter(({ isBroughtBack = false }) => !isBroughtBack)) {
    const names = file.path.split('/');
    const own = names.pop() ?? '';
    folderIn(root, names).set(own, file);
  }
  for (const folder of bare) folderIn(root, folder.split('/'));
  return root;
}

function folderIn(root: Tree, names: readonly string[]): Tree {
  return names.reduce((folder, name) => {
    const known = folder.get(name);
    const inner: Tree = known instanceof Map ? known : new Map<string, Tree | LocalFile>();
    if (inner !== known) folder.set(name, inner);
    return inner;
  }, root);
}

/** A file with what is hashed before its content: names of folders that begin, its own. */
interface Entry {
  names: string;
  file: LocalFile;
}

/** The files in the order of the hash. @returns the names that come after the last one */
function inOrder(folder: Tree, before: string, into: Entry[]): string {
  let names = before;
  for (const [name, entry] of byLowerCase([...folder], ([name]) => name)) {
    names += name;
    if (entry instanceof Map) names = inOrder(entry, names, into);
    else {
      into.push({ names, file: entry });
      names = '';
    }
  }
  return names;
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
