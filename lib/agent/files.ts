import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { TaskError, errorText } from './errors';

/** Larger files are not configuration (and could be made to exhaust memory). */
const largestBytes = 1024 * 1024;

/** Text of a file that a person wrote. @throws TaskError when it cannot be read or has more than 1 MiB */
export async function readTextFile(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > largestBytes) throw new TaskError(`${file} has ${size} bytes; it may have ${largestBytes}.`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof TaskError) throw error;
    throw new TaskError(
      `${file} cannot be read: ${errorText(error)}`,
      'Check the path; relative paths start at the repository.',
      { cause: error },
    );
  }
}

/** A path as it is written everywhere but on Windows. */
export function withSlashes(file: string): string {
  return file.split(path.sep).join('/');
}
