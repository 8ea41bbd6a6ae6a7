import { readFile } from 'node:fs/promises';
import { TaskError, errorText } from '../../lib/agent/errors';

/** One request: its line in the file and the JSON to send, as it was written. */
export interface SmokeRequest {
  line: number;
  body: string;
}

const mostRequests = 1_000;

/** Reads JSON lines; empty lines are left out. @throws TaskError with the line of what is no JSON */
export async function readRequests(file: string): Promise<SmokeRequest[]> {
  const requests = (await readText(file, 'requests'))
    .split(/\r?\n/)
    .map((text, index) => ({ line: index + 1, body: text.trim() }))
    .filter(({ body }) => body !== '');
  for (const { line, body } of requests) parseLine(file, line, body);
  if (requests.length === 0) throw new TaskError(`${file} has no request.`, 'Write one JSON document a line.');
  if (requests.length > mostRequests) {
    throw new TaskError(`${file} has ${requests.length} requests.`, `A smoke test takes up to ${mostRequests}.`);
  }
  return requests;
}

export async function readText(file: string, input: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    throw new TaskError(`The file ${file} (input ${input}) cannot be read: ${errorText(error)}`, 'Check the path.', {
      cause: error,
    });
  }
}

/** @throws TaskError that names the line */
export function parseLine(file: string, line: number, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new TaskError(`${file}:${line}: this is no JSON: ${errorText(error)}`, 'Write one JSON document a line.', {
      cause: error,
    });
  }
}
