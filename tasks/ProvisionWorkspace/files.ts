import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { TaskError } from '../../lib/agent/errors';

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
  if (kind === 'folder') {
    throw new TaskError(`Input "files": ${line} is a folder.`, `Write ${line}/*.yml for the files in it.`);
  }
  const { default: picomatch } = await import('picomatch');
  const pattern = line.split(path.sep).join('/');
  const { base, isGlob } = picomatch.scan(pattern);
  if (!isGlob)
    throw new TaskError(`Input "files": there is no file ${line}.`, 'Relative paths start at the repository.');
  if ((await kindOf(base)) !== 'folder') {
    throw new TaskError(`Input "files": there is no folder ${base} for the pattern ${line}.`);
  }
  const matches = picomatch(pattern);
  const entries = await readdir(base, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => matches(file.split(path.sep).join('/')))
    .sort();
  if (files.length > 0) return files;
  throw new TaskError(
    `Input "files": no file matches ${line}.`,
    'Paths start at the repository; ** matches folders too.',
  );
}

async function kindOf(place: string): Promise<'file' | 'folder' | undefined> {
  const found = await stat(place).catch(() => undefined);
  if (found?.isDirectory() === true) return 'folder';
  return found?.isFile() === true ? 'file' : undefined;
}
