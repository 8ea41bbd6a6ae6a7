import path from 'node:path';
import { TaskError } from '../../lib/agent/errors';
import { setLines } from '../../lib/assets/set';

/**
 * The changes of the input `set` by file. A line is `file: path=value`, where `file` is the end of a path; with one file
 * alone `path=value` is enough.
 *
 * @throws TaskError for a line that names no file, or several
 */
export function changesByFile(input: string | undefined, files: readonly string[]): Map<string, string[]> {
  const changes = new Map<string, string[]>();
  for (const line of setLines(input)) {
    const [, name, rest] = /^([^=]+?):\s+(.+=.*)$/.exec(line) ?? [];
    const file = fileOf(line, name, files);
    changes.set(file, [...(changes.get(file) ?? []), rest ?? line]);
  }
  return changes;
}

function fileOf(line: string, name: string | undefined, files: readonly string[]): string {
  const [only] = files;
  if (name === undefined) {
    if (files.length === 1 && only !== undefined) return only;
    throw new TaskError(
      `Input "set": "${line}" does not say which file it changes.`,
      'With several files write file: path=value, for example compute.yml: max_instances=4',
    );
  }
  const wanted = `${path.sep}${path.normalize(name)}`;
  const found = files.filter((file) => file.endsWith(wanted));
  if (found.length === 1 && found[0] !== undefined) return found[0];
  throw new TaskError(
    `Input "set": "${name}" of "${line}" is ${found.length === 0 ? 'none' : 'several'} of the files.`,
    `The files: ${files.map((file) => path.basename(file)).join(', ')}.`,
  );
}
