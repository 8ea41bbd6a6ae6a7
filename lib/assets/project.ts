import { existsSync, readlinkSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { YamlReader } from '../agent/yaml';

/** The folder that a file's project is in: what it names on this machine must lie there. */

/** The nearest folder above a file that is a repository (or a working tree of one); `undefined` outside of any. */
export function projectFolder(file: string): string | undefined {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, '.git'))) return folder;
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** The root, when a file lies below it by name; else nothing, so that the file's own repository counts. */
export function rootFor(file: string, root: string | undefined): string | undefined {
  return root !== undefined && isBelow(path.resolve(root), path.resolve(file)) ? root : undefined;
}

/**
 * A file could name anything that the agent can read, and whoever sees the job would see it. What counts is where a path
 * leads in the end: a link may lead anywhere.
 *
 * @param found absolute path; one that leads nowhere passes, as there is nothing to take
 * @throws TaskError at the place that names it
 */
export function checkWithin(root: string | undefined, found: string, at: YamlReader): void {
  const away = leadsOut(root, found);
  if (away === undefined) return;
  throw at.error(`${at.path}: ${found} ${away}`, 'Copy it into the project, or name what is in the cloud already.');
}

/** How a path leads out of the project, as the end of a sentence about it; `undefined` when it does not. */
export function leadsOut(root: string | undefined, found: string): string | undefined {
  const real = root === undefined ? undefined : realPath(found);
  if (root === undefined || real === undefined || isBelow(realPath(root) ?? root, real)) return undefined;
  const how = isBelow(root, found) ? `is a link, or below one, that leads out of` : 'is outside';
  return `${how} the project folder ${root}${real === found ? '' : `, to ${real}`}`;
}

/** Is it the folder itself, or below it, by name? */
export function isBelow(root: string, found: string): boolean {
  const way = path.relative(root, found);
  return way === '' || (way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way));
}

/** Where a path leads in the end; `undefined` when that is nowhere. */
export function realPath(found: string): string | undefined {
  try {
    return realpathSync(found);
  } catch {
    return undefined;
  }
}

/** Why there is nothing at a path: it may be a link. */
export function absence(found: string): string {
  try {
    return `${found} is a link that leads nowhere, to ${readlinkSync(found)}`;
  } catch {
    return `${found} does not exist`;
  }
}
