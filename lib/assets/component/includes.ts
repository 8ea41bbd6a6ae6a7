import { existsSync, lstatSync, readdirSync, realpathSync } from 'node:fs';
import type { Stats } from 'node:fs';
import path from 'node:path';
import { TaskError } from '../../agent/errors';
import type { YamlReader } from '../../agent/yaml';
import {
  inUploadOrder,
  listed,
  localFile,
  mostFiles,
  notAFile,
  tooMany,
  type LocalAsset,
  type LocalFile,
} from '../folder';
import { ignoreFiles, rulesIn, rulesOf, type IgnoreRules } from '../ignore-file';
import { localPath } from '../parts/paths';

/** Compiled Python is no part of a component's code. */
export const leftOut = ['__pycache__'];

/** Name of the folder that a component's code and what it includes are put together in. */
const folderName = 'code_with_additional_includes';

/** Rules of an ignore file, and the folder that its paths start from. */
interface Rules {
  base: string;
  rules: IgnoreRules;
}

/**
 * Code and additional includes as one folder: the content of the code folder, and beside it each include under its own name.
 * Ignore files count as they do to the Python SDK: the code's for everything, and one of a folder below for what is in it.
 *
 * @param code a folder or file; without it the includes are all there is
 * @throws TaskError at the include that is not there, or whose name the code folder has as well
 */
export function withIncludes(code: string | undefined, includes: readonly YamlReader[], folder: string): LocalAsset {
  const namedAt = includes[0]?.where ?? folder;
  return listed(namedAt, code ?? folder, () => ({ ...merged(code, includes, folder, new Merge(namedAt)), namedAt }));
}

function merged(code: string | undefined, includes: readonly YamlReader[], folder: string, merge: Merge): LocalAsset {
  const isFolder = code !== undefined && lstatSync(code).isDirectory();
  const rules =
    code === undefined ? rulesOf(folder, leftOut) : isFolder ? rulesOf(code, leftOut) : rulesIn(undefined, leftOut);
  const sources = includes.map((at) => sourceAt(at, folder, code));
  if (isFolder) {
    const linked = new Set(sources.map((source) => path.join(code, path.basename(source))));
    merge.content(code, '', [{ base: code, rules }], linked);
  } else if (code !== undefined) {
    merge.add(code, path.basename(code), [{ base: path.dirname(code), rules }]);
  }
  for (const source of sources) merge.add(source, path.basename(source), [{ base: path.dirname(source), rules }]);
  return { root: code ?? folder, name: folderName, isFolder: true, files: merge.result() };
}

/** An include's absolute path. */
function sourceAt(at: YamlReader, folder: string, code: string | undefined): string {
  const source = localPath(folder, at.asString());
  if (!existsSync(source)) {
    const unpacked = source.endsWith('.zip') && existsSync(source.slice(0, -4));
    throw at.error(
      `${at.path}: ${source} does not exist`,
      unpacked
        ? 'Folders are not packed into archives here: include the folder itself.'
        : 'Paths are relative to the YAML file.',
    );
  }
  const taken = code === undefined ? undefined : sameName(code, path.basename(source));
  const there = taken === undefined ? undefined : lstatSync(taken, { throwIfNoEntry: false });
  // A link in the code folder may stand for the include itself, for runs on one's own machine.
  const isItself =
    there?.isSymbolicLink() === true &&
    taken !== undefined &&
    existsSync(taken) &&
    realpathSync(taken) === realpathSync(source);
  if (!there || isItself) return source;
  throw at.error(`${at.path}: the code has ${path.basename(source)} as well`, 'Rename one of the two.');
}

/** The entry of the code that has the name of an include. */
function sameName(code: string, name: string): string | undefined {
  if (lstatSync(code).isDirectory()) return path.join(code, name);
  return path.basename(code) === name ? code : undefined;
}

/** Files that come from several places, by their paths in the merged folder; what comes later wins. */
class Merge {
  private readonly files = new Map<string, LocalFile>();

  constructor(private readonly what: string) {}

  add(source: string, into: string, rules: readonly Rules[]): void {
    const stats = lstatSync(source);
    if (excluded(source, rules)) return;
    if (stats.isDirectory()) this.content(source, into, [...rules, { base: source, rules: rulesOf(source, leftOut) }]);
    else this.addFile(source, into, stats);
  }

  /** @param linked paths that are left out, as an include takes their place */
  content(source: string, into: string, rules: readonly Rules[], linked?: ReadonlySet<string>): void {
    for (const name of readdirSync(source)) {
      const entry = path.join(source, name);
      if (linked?.has(entry) !== true) this.add(entry, into === '' ? name : `${into}/${name}`, rules);
    }
  }

  /** The ignore file at the root of the merged folder counts once more, for all of it. */
  result(): LocalFile[] {
    const ignoring = ignoreFiles.map((name) => this.files.get(name)).find((file) => file !== undefined);
    const rules = rulesIn(ignoring?.file, leftOut);
    const kept = [...this.files.values()].filter((file) => !rules.excludes(file.path));
    kept.forEach((file) => this.checkFolders(file));
    return inUploadOrder(kept);
  }

  /** What is a file in one include cannot be a folder in another. */
  private checkFolders({ path: name, file }: LocalFile): void {
    for (let at = name.indexOf('/'); at !== -1; at = name.indexOf('/', at + 1)) {
      const same = this.files.get(name.slice(0, at));
      if (same) {
        throw new TaskError(
          `${this.what}: ${same.file} and the folder of ${file} would have one name.`,
          'Rename one of the two.',
        );
      }
    }
  }

  private addFile(source: string, into: string, stats: Stats): void {
    if (!stats.isFile()) throw notAFile(this.what, source, stats);
    if (this.files.size === mostFiles) throw tooMany(this.what, source);
    this.files.set(into, localFile(into, source, stats));
  }
}

function excluded(source: string, rules: readonly Rules[]): boolean {
  return rules.some(({ base, rules: own }) => {
    const relative = path.relative(base, source).split(path.sep).join('/');
    return relative !== '' && own.excludes(relative);
  });
}
