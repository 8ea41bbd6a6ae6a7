import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { TaskError, errorText } from './errors';
import { withSlashes } from './files';

/** @throws TaskError for a place that is neither, or cannot be looked at */
export async function kindOf(place: string): Promise<'file' | 'folder' | undefined> {
  try {
    const found = await stat(place);
    if (found.isDirectory()) return 'folder';
    if (found.isFile()) return 'file';
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new TaskError(`${place} cannot be read: ${errorText(error)}`, 'Check the permissions.', { cause: error });
  }
  throw new TaskError(`${place} is neither a file nor a folder.`, 'Give a file, a folder or a glob.');
}

/** The files below a folder, in the order of their names. A link counts as what it leads to: what is named is taken, not passed over. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: string[] = [];
  for (const entry of entries) {
    const place = path.join(entry.parentPath, entry.name);
    if (!entry.isDirectory() && (await kindOf(place)) === 'file') files.push(place);
  }
  return files.sort();
}

/**
 * The files that a glob finds like `data/2026-*.csv`, and the folder that its wildcards start in; `undefined` for a path
 * without wildcards.
 *
 * @throws TaskError when that folder or any such file is missing
 */
export async function matchesOf(glob: string): Promise<{ base: string; files: string[] } | undefined> {
  const { default: picomatch } = await import('picomatch');
  const pattern = withSlashes(glob);
  const { base, isGlob } = picomatch.scan(pattern);
  if (!isGlob) return undefined;
  if ((await kindOf(base)) !== 'folder')
    throw new TaskError(`There is no folder ${base} for the pattern ${glob}.`, 'Paths start at the repository.');
  const matches = picomatch(pattern);
  const files = (await filesBelow(base)).filter((file) => matches(withSlashes(file)));
  if (files.length > 0) return { base, files };
  throw new TaskError(`No file matches ${glob}.`, 'Paths start at the repository; ** also matches folders.');
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
