import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { TextDecoder } from 'node:util';
import { CancelledError, TaskError, errorText } from '../../lib/agent/errors';

export interface ReadFile {
  bytes: number;
  /** Over the file's bytes. */
  sha256: string;
}

const chunkSize = 256 * 1024;

/** What other kinds of files start with; a better answer than "not UTF-8". */
const signatures: { kind: string; bytes: readonly number[] }[] = [
  { kind: 'UTF-16 text', bytes: [0xff, 0xfe] },
  { kind: 'UTF-16 text', bytes: [0xfe, 0xff] },
  { kind: 'a gzip archive', bytes: [0x1f, 0x8b] },
  { kind: 'a zip archive or an Excel workbook', bytes: [0x50, 0x4b, 0x03, 0x04] },
  { kind: 'a Parquet file', bytes: [0x50, 0x41, 0x52, 0x31] },
];

/**
 * Hands a UTF-8 text file to `take` piece by piece, without its byte order mark; memory does not grow with the file.
 *
 * @param name what errors call the file
 * @throws TaskError for an empty, unreadable or binary file and for anything that is not UTF-8
 */
export async function readTextFile(
  file: string,
  name: string,
  cancelled: AbortSignal,
  take: (text: string) => void,
): Promise<ReadFile> {
  const hash = createHash('sha256');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  const stream = createReadStream(file, { highWaterMark: chunkSize });
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (cancelled.aborted) throw new CancelledError('Cancelled.');
      if (bytes === 0) refuseOtherKinds(chunk, name);
      refuseBinary(chunk, name, bytes);
      hash.update(chunk);
      bytes += chunk.length;
      take(decode(decoder, chunk, name, bytes));
    }
    take(decode(decoder, undefined, name, bytes));
  } catch (error) {
    if (error instanceof TaskError || error instanceof CancelledError) throw error;
    throw new TaskError(`${name} cannot be read: ${errorText(error)}`, 'Check the path and the permissions.', {
      cause: error,
    });
  } finally {
    stream.destroy();
  }
  if (bytes === 0) throw new TaskError(`${name} is empty.`, 'Give a CSV file with a header line.');
  return { bytes, sha256: hash.digest('hex') };
}

function decode(decoder: TextDecoder, chunk: Buffer | undefined, name: string, bytes: number): string {
  try {
    return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
  } catch (error) {
    throw new TaskError(
      `${name} is not UTF-8 text (somewhere before byte ${bytes}).`,
      'Save the file as UTF-8, for example with: iconv -t UTF-8.',
      { cause: error },
    );
  }
}

function refuseOtherKinds(start: Buffer, name: string): void {
  const found = signatures.find(({ bytes }) => bytes.every((byte, index) => start[index] === byte));
  if (found) throw new TaskError(`${name} is ${found.kind}, not CSV text.`, 'Give the data as CSV in UTF-8.');
}

function refuseBinary(chunk: Buffer, name: string, offset: number): void {
  const zero = chunk.indexOf(0);
  if (zero < 0) return;
  throw new TaskError(`${name} is a binary file (a zero byte at ${offset + zero}).`, 'Give the data as CSV in UTF-8.');
}
