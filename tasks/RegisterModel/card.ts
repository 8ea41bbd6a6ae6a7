import { readFile, stat } from 'node:fs/promises';
import { TextDecoder } from 'node:util';
import { TaskError, errorText } from '../../lib/agent/errors';

/** What a record has room for. */
const largestBytes = 64 * 1024;

/**
 * Reads a model card: markdown, which pages show with every mark-up of its own made harmless. Line ends become LF, so that
 * the same card is the same on every agent.
 *
 * @throws TaskError for a file that is missing, empty, larger than 64 KiB or no UTF-8 text
 */
export async function readModelCard(file: string): Promise<string> {
  const text = decode(file, await readBytes(file)).replace(/\r\n?/g, '\n');
  const found = /[^\P{Cc}\t\n]/u.exec(text);
  if (found) {
    const line = text.slice(0, found.index).split('\n').length;
    throw new TaskError(`The model card ${file} has a control character in line ${line}.`, 'Give a markdown file.');
  }
  if (text.trim() === '') throw new TaskError(`The model card ${file} is empty.`, 'Write it, or leave modelCard out.');
  return text;
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size > largestBytes) {
      throw new TaskError(
        `The model card ${file} has ${size} bytes; it may have ${largestBytes}.`,
        'Keep what an approver needs, and link to the rest.',
      );
    }
    return await readFile(file);
  } catch (error) {
    if (error instanceof TaskError) throw error;
    throw new TaskError(
      `The model card ${file} cannot be read: ${errorText(error)}`,
      'Check the input modelCard; relative paths start at the repository.',
      { cause: error },
    );
  }
}

/** A byte-order mark is no text. */
function decode(file: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new TaskError(`The model card ${file} is not UTF-8 text.`, 'Save it as UTF-8.', { cause: error });
  }
}
