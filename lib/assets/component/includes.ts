import { existsSync, lstatSync, readdirSync, realpathSync } from 'node:fs';
import type { Stats } from 'node:fs';
import path from 'node:path';
import { TaskError } from '../../agent/errors';
import { withSlashes } from '../../agent/files';
import type { YamlReader } from '../../agent/yaml';
import {
  boundsOf,
  followed,
  inUploadOrder,
  listed,
  localFile,
  mostFiles,
  notAFile,
  tooMany,
  type Bounds,
  type LocalAsset,
  type LocalFile,
} from '../folder';
import { ignoreFiles, rulesIn, rulesOf, type IgnoreRules } from '../ignore-file';
import { localPath } from '../parts/paths';
import { absence, realPath } from '../project';
import type { Scope } from '../shape/shape';

/** Compiled Python is no part of a component's code. */
export const leftOut = ['__pycache__'];

/** Name of the folder that a component's code and what it includes are put together in. */
const folderName = 'code_with_additional_includes';

/** Rules of an ignore file, and the folder that its paths start from. */
interface Rules {
  base: string;
  rules: IgnoreRules;
}

/** A folder or file that is put in, without links on its way, and the place that names it. */
interface Source {
  file: string;
  at?: YamlReader;
}

/**
 * Code and additional includes as one folder: the content of the code folder, and beside it each include under its own name.
 * Ignore files count as they do to the Python SDK: the code's for everything, and one of a folder below for what is in it.
 *
 * @param named a folder or file; without it the includes are all there is
 * @throws TaskError at the include that is not there, or whose name the code folder has as well
 */
export function withIncludes(named: Source | undefined, includes: readonly YamlReader[], scope: Scope): LocalAsset {
  const namedAt = includes[0]?.where ?? scope.folder;
  const code = named && { ...named, file: realPath(named.file) ?? named.file };
  return listed(namedAt, code?.file ?? scope.folder, () => ({
    ...merged(code, includes, scope, new Merge(namedAt, scope.root)),
    namedAt,
  }));
}

function merged(code: Source | undefined, includes: readonly YamlReader[], scope: Scope, merge: Merge): LocalAsset {
  const isFolder = code !== undefined && lstatSync(code.file).isDirectory();
  const rules =
    code === undefined
      ? rulesOf(scope.folder, leftOut)
      : isFolder
        ? rulesOf(code.file, leftOut)
        : rulesIn(undefined, leftOut);
  const sources = includes.map((at) => ({ at, file: sourceAt(at, scope.folder, code?.file) }));
  if (isFolder) {
    merge.content(code, rules, new Set(sources.map(({ file }) => path.join(code.file, path.basename(file)))));
  } else if (code !== undefined) {
    merge.beside(code, rules);
  }
  for (const source of sources) merge.beside(source, rules);
  return { root: code?.file ?? scope.folder, name: folderName, isFolder: true, files: merge.result() };
}

/** An include's absolute path; where a link leads, when it is one. */
function sourceAt(at: YamlReader, folder: string, code: string | undefined): string {
  const named = localPath(folder, at.asString());
  const source = realPath(named);
  if (source === undefined) {
    const unpacked = named.endsWith('.zip') && existsSync(named.slice(0, -4));
    throw at.error(
      `${at.path}: ${absence(named)}`,
      unpacked
        ? 'Folders are not packed into archives here: include the folder itself.'
        : 'Paths are relative to the YAML file.',
    );
  }
  const taken = code === undefined ? undefined : sameName(code, path.basename(source));
  const there = taken === undefined ? undefined : lstatSync(taken, { throwIfNoEntry: false });
  // A link in the code folder may stand for the include itself, for runs on one's own machine.
  const isItself = there?.isSymbolicLink() === true && taken !== undefined && realPath(taken) === source;
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
  private links = 0;

  constructor(
    private readonly what: string,
    private readonly project: string | undefined,
  ) {}

  /** Puts a file, or a folder under its own name, beside all else. */
  beside(source: Source, rules: IgnoreRules): void {
    const { file } = source;
    this.add(file, path.basename(file), [{ base: path.dirname(file), rules }], this.bounds(source), []);
  }

  /** @param linked paths that are left out, as an include takes their place */
  content(source: Source, rules: IgnoreRules, linked: ReadonlySet<string>): void {
    for (const name of readdirSync(source.file)) {
      const entry = path.join(source.file, name);
      if (!linked.has(entry)) this.add(entry, name, [{ base: source.file, rules }], this.bounds(source), []);
    }
  }

  private bounds({ file, at }: Source): Bounds {
    return boundsOf(at?.place ?? this.what, this.project, file);
  }

  /**
   * @param named as the rules judge it: links in it are not followed
   * @param above folders that links were followed from, to get here
   */
  private add(named: string, into: string, rules: readonly Rules[], bounds: Bounds, above: readonly string[]): void {
    if (excluded(named, rules)) return;
    const own = lstatSync(named);
    const links = own.isSymbolicLink() ? [...above, realpathSync(path.dirname(named))] : above;
    const { file, stats } = links.length === 0 ? { file: named, stats: own } : followed(named, bounds, links);
    if (!stats.isDirectory()) {
      this.addFile(file, into, stats, bounds.what);
      return;
    }
    if (links !== above && ++this.links > mostFiles) throw tooMany(bounds.what, named);
    const inner = [...rules, { base: named, rules: rulesOf(named, leftOut) }];
    for (const name of readdirSync(file)) this.add(path.join(named, name), `${into}/${name}`, inner, bounds, links);
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

  private addFile(file: string, into: string, stats: Stats, what: string): void {
    if (!stats.isFile()) throw notAFile(what, file);
    if (this.files.size === mostFiles) throw tooMany(what, file);
    this.files.set(into, localFile(into, file, stats));
  }
}

function excluded(source: string, rules: readonly Rules[]): boolean {
  return rules.some(({ base, rules: own }) => {
    const relative = withSlashes(path.relative(base, source));
    return relative !== '' && own.excludes(relative);
  });
}
