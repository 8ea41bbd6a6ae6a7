import path from 'node:path';
import { TaskError } from '../../lib/agent/errors';
import { withSlashes } from '../../lib/agent/files';
import { filesBelow, kindOf, matchesOf } from '../../lib/agent/find-files';

export interface DataFile {
  /** Absolute. */
  file: string;
  /** Relative to the folder the user gave, with `/`: the same on every machine. */
  name: string;
}

/**
 * The CSV files of the input `data`, in code-point order of their names: one file, all `*.csv` below a folder, or what a
 * glob finds.
 *
 * @throws TaskError when nothing is found
 */
export async function findDataFiles(data: string): Promise<DataFile[]> {
  const kind = await kindOf(data);
  if (kind === 'file') return [{ file: data, name: path.basename(data) }];
  if (kind === 'folder') {
    const found = (await filesBelow(data)).filter((file) => file.toLowerCase().endsWith('.csv'));
    if (found.length > 0) return named(data, found);
    throw new TaskError(`The folder ${data} holds no .csv file.`, 'Give the folder of the CSV files, or a glob.');
  }
  const found = await matchesOf(data);
  if (found) return named(found.base, found.files);
  throw new TaskError(`There is no file or folder ${data}.`, 'Paths start at the repository.');
}

function named(folder: string, files: readonly string[]): DataFile[] {
  return files
    .map((file) => ({ file, name: withSlashes(path.relative(folder, file)) }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}
