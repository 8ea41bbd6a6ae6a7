import { TaskError } from '../../lib/agent/errors';
import { kindOf, matchesOf } from '../../lib/agent/find-files';

/**
 * The files that the lines of the input `files` name: paths, and patterns like `azureml/*.yml`. Each is taken once, in the
 * order of the lines; what a pattern finds in the order of the names.
 *
 * @throws TaskError for a line that names no file
 */
export async function findFiles(lines: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const line of lines) found.push(...(await filesOf(line)));
  return [...new Set(found)];
}

async function filesOf(line: string): Promise<string[]> {
  const kind = await kindOf(line);
  if (kind === 'file') return [line];
  if (kind === 'folder')
    throw new TaskError(`Input "files": ${line} is a folder.`, `Write ${line}/*.yml for the files in it.`);
  const found = await matchesOf(line);
  if (found) return found.files;
  throw new TaskError(`Input "files": there is no file ${line}.`, 'Relative paths start at the repository.');
}
