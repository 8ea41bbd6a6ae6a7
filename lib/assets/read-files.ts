import { closeSync, constants, fstatSync, lstatSync, openSync, read, readSync, type Stats } from 'node:fs';
import { TaskError, errorText } from '../agent/errors';

/** A file of a local asset. */
export interface LocalFile {
  /** Path below the asset's folder, with `/`; a single file's own name. */
  path: string;
  /** Absolute path on this machine, no link: what is read is what was listed, whatever becomes of links that led there. */
  file: string;
  /** With `/`; in a folder with links, where the file is: the order in which the other clients upload. */
  source?: string;
  /** A rule brings it back from a folder that another leaves out: the object hash does not look into that folder. */
  isBroughtBack?: boolean;
  /** Bytes. */
  size: number;
  /** When it was last written, in milliseconds, as the file system says: a file that changed since is not uploaded. */
  modifiedMs?: number;
  /** When content or attributes last changed: no program can set that back as it can `modifiedMs` (`cp -p`, `rsync -t`, `tar`). */
  changedMs?: number;
}

/** Pieces of this many bytes are read at a time… */
const pieceSize = 512 * 1024;
/** …this many of them ahead of the one that is worked on. */
const ahead = 6;

/** What comes from memory comes sooner than another thread wakes: pieces are read at once until so many took longer than this. */
const quickMs = 1;
const mostSlow = 8;
/** Of so many pieces one is read elsewhere in any case: whoever waits for this thread (a cancellation) gets his turn. */
const turn = 32;

interface Piece {
  file: LocalFile;
  start: number;
  length: number;
  isLast: boolean;
}

/**
 * The contents of files, one after the other. The next pieces are read while the caller works on one: a piece is valid until
 * the next is asked for.
 *
 * @throws TaskError that names the file when it is not as it was listed, or cannot be read
 */
export async function* contentsOf(files: readonly LocalFile[]): AsyncGenerator<Buffer, void, undefined> {
  const reader = new Reader();
  // No more than the files need: most folders of code are small.
  const largest = files.reduce((most, { size }) => Math.max(most, size), 0);
  const free = Array.from({ length: Math.min(ahead, Math.max(files.length, Math.ceil(largest / pieceSize))) }, () =>
    Buffer.allocUnsafeSlow(Math.min(pieceSize, largest) + 1),
  );
  const started: { buffer: Buffer<ArrayBuffer>; bytes: Promise<number> }[] = [];
  const pieces = piecesOf(files);
  const start = (): void => {
    for (let buffer = free.pop(); buffer; buffer = free.pop()) {
      const next = pieces.next();
      if (next.done) return;
      const bytes = reader.read(next.value, buffer);
      // A failure is heard when its turn comes, or not at all when an earlier one ended the work.
      bytes.catch(() => undefined);
      started.push({ buffer, bytes });
    }
  };
  try {
    start();
    for (let piece = started.shift(); piece; piece = started.shift()) {
      yield piece.buffer.subarray(0, await piece.bytes);
      free.push(piece.buffer);
      start();
    }
  } finally {
    await Promise.allSettled(started.map(({ bytes }) => bytes));
    reader.close();
  }
}

function* piecesOf(files: Iterable<LocalFile>): Generator<Piece, void, undefined> {
  for (const file of files) {
    for (let start = 0; start === 0 || start < file.size; start += pieceSize) {
      const length = Math.min(pieceSize, file.size - start);
      yield { file, start, length, isLast: start + length === file.size };
    }
  }
}

/** Opens a file for its first piece and closes it after its last. */
class Reader {
  private readonly open = new Map<LocalFile, number>();
  private readonly left = new Map<LocalFile, number>();
  private slow = 0;
  private count = 0;

  async read({ file, start, length, isLast }: Piece, buffer: Buffer): Promise<number> {
    const descriptor = this.open.get(file) ?? this.begin(file);
    try {
      const isAtOnce = this.slow < mostSlow && ++this.count % turn !== 0;
      const bytes = isAtOnce
        ? this.readAtOnce(descriptor, buffer, length, start)
        : await readAll(descriptor, buffer, length, start);
      // A byte after the last piece tells a file that grew. It is asked for at once: nothing is read for that.
      if (bytes !== length || (isLast && readSync(descriptor, buffer, length, 1, start + length) > 0))
        throw changed(file);
      return bytes;
    } catch (error) {
      throw error instanceof TaskError ? error : unreadable(file, error);
    } finally {
      this.finish(file, descriptor);
    }
  }

  close(): void {
    for (const descriptor of this.open.values()) closeSync(descriptor);
    this.open.clear();
  }

  private readAtOnce(descriptor: number, buffer: Buffer, length: number, position: number): number {
    const begun = process.hrtime();
    let done = 0;
    for (let bytes = 1; done < length && bytes > 0; done += bytes) {
      bytes = readSync(descriptor, buffer, done, length - done, position + done);
    }
    const [seconds, nanoseconds] = process.hrtime(begun);
    if (seconds * 1e3 + nanoseconds / 1e6 > quickMs) this.slow++;
    return done;
  }

  private begin(file: LocalFile): number {
    const descriptor = openFile(file);
    this.open.set(file, descriptor);
    this.left.set(file, Math.max(1, Math.ceil(file.size / pieceSize)));
    return descriptor;
  }

  private finish(file: LocalFile, descriptor: number): void {
    const left = (this.left.get(file) ?? 1) - 1;
    this.left.set(file, left);
    if (left > 0 || !this.open.delete(file)) return;
    this.left.delete(file);
    closeSync(descriptor);
  }
}

/** A link that took the place of a file is not followed; Windows has no such flag. */
const readOnly = constants.O_RDONLY | ((constants as Partial<typeof constants>).O_NOFOLLOW ?? 0);

/**
 * Opens a file as it was listed.
 *
 * @returns its descriptor, to be closed by the caller
 * @throws TaskError that names the file
 */
export function openFile(file: LocalFile): number {
  let descriptor: number;
  try {
    descriptor = openSync(file.file, readOnly);
  } catch (error) {
    throw unreadable(file, error);
  }
  if (isAsListed(file, fstatSync(descriptor))) return descriptor;
  closeSync(descriptor);
  throw changed(file);
}

function isAsListed({ size, modifiedMs, changedMs }: LocalFile, found: Stats): boolean {
  if (found.size !== size || (changedMs !== undefined && changedMs !== found.ctimeMs)) return false;
  return modifiedMs === undefined || modifiedMs === found.mtimeMs;
}

/** @throws TaskError when a file is not as it was listed: what was hashed is not what would be, or was, uploaded */
export function checkUnchanged(file: LocalFile): void {
  const found = lstatSync(file.file, { throwIfNoEntry: false });
  if (!found || !isAsListed(file, found)) throw changed(file);
}

/**
 * Fills `buffer` with `length` bytes from `position`: a single read may give less before the end of the file.
 *
 * @returns the bytes read, less than `length` only at the end
 */
export async function readAll(descriptor: number, buffer: Buffer, length: number, position: number): Promise<number> {
  let done = 0;
  while (done < length) {
    const bytes = await readSome(descriptor, buffer, done, length - done, position + done);
    if (bytes === 0) break;
    done += bytes;
  }
  return done;
}

function readSome(
  descriptor: number,
  buffer: Buffer,
  offset: number,
  length: number,
  position: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    read(descriptor, buffer, offset, length, position, (error, bytes) => {
      if (error) reject(error);
      else resolve(bytes);
    });
  });
}

/** @returns the error for a file that is not as it was listed */
export function changed({ file }: LocalFile): TaskError {
  return new TaskError(
    `${file} changed while it was read or uploaded.`,
    'Run again when nothing writes to it any more.',
  );
}

/** @returns the error for a file that was listed but cannot be read */
export function unreadable({ file }: LocalFile, error: unknown): TaskError {
  return new TaskError(
    `${file} cannot be read: ${errorText(error)}`,
    'Check the rights of the agent on it, and that nothing removes it meanwhile.',
    { cause: error },
  );
}
