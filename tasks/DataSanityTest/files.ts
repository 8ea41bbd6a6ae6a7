import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { TaskError, errorText } from '../../lib/agent/errors';

export interface DataFile {
  /** Absolute. */
  file: string;
  /** Relative to the folder the user gave, with `/`: the same on every machine. */
  name: string;
}

/**
 * The CSV files of the input `data`, in code-point order of their names: one file, all `*.csv` below a folder, or what a
 * glob finds (`data/2026-*.csv`, `data/**` + `/*.csv`).
 *
 * @throws TaskError when nothing is found
 */
export async function findDataFiles(data: string): Promise<DataFile[]> {
  const kind = await kindOf(data);
  if (kind === 'file') return [{ file: data, name: path.basename(data) }];
  if (kind === 'folder') {
    const found = (await walk(data)).filter(({ name }) => name.toLowerCase().endsWith('.csv'));
    if (found.length > 0) return found;
    throw new TaskError(`The folder ${data} holds no .csv file.`, 'Give the folder of the CSV files, or a glob.');
  }
  const { default: picomatch } = await import('picomatch');
  const { base, isGlob } = picomatch.scan(data.split(path.sep).join('/'));
  if (!isGlob) throw new TaskError(`There is no file or folder ${data}.`, 'Paths start at the repository.');
  if ((await kindOf(base)) !== 'folder') {
    throw new TaskError(`There is no folder ${base} for the pattern ${data}.`, 'Paths start at the repository.');
  }
  const matches = picomatch(data.split(path.sep).join('/'));
  const found = (await walk(base)).filter(({ file }) => matches(file.split(path.sep).join('/')));
  if (found.length > 0) return found;
  throw new TaskError(`No file matches ${data}.`, 'Paths start at the repository; ** also matches folders.');
}

async function walk(folder: string): Promise<DataFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const places = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name));
  const files: string[] = [];
  // A link counts as what it leads to: what is named is checked, not passed over.
  for (const place of places) if ((await kindOf(place)) === 'file') files.push(place);
  return files
    .map((file) => ({ file, name: path.relative(folder, file).split(path.sep).join('/') }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

async function kindOf(place: string): Promise<'file' | 'folder' | undefined> {
  try {
    const found = await stat(place);
    if (found.isDirectory()) return 'folder';
    if (found.isFile()) return 'file';
    throw new TaskError(`${place} is neither a file nor a folder.`, 'Give a CSV file, a folder or a glob.');
  } catch (error) {
    if (error instanceof TaskError) throw error;
    if (isMissing(error)) return undefined;
    throw new TaskError(`${place} cannot be read: ${errorText(error)}`, 'Check the permissions.', { cause: error });
  }
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
