import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import type { Check } from './shape';

/**
 * Makes a folder, with those above it, for its owner only. Not with Node's own `recursive`, which never returns where the system says of a
 * folder below one that is there that there is none, as in `/proc`.
 */
export function makeFolder(folder: string): void {
  if (isFolder(folder)) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!isFolder(folder)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/**
 * Writes a document so that a reader, or a restart after a crash, sees the old one or the new one, never a part.
 * Only the owner may read it: state holds personal access tokens and a signing key.
 */
export function writeDocument(file: string, value: unknown): void {
  makeFolder(dirname(file));
  const draft = `${file}.${randomUUID().slice(0, 8)}`;
  try {
    writeFileSync(draft, JSON.stringify(value), { mode: 0o600 });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** The document, or `undefined` when there is none yet. The error about a damaged one says what helps; it quotes nothing of a file that is not JSON. */
export function readDocument<T>(
  file: string,
  shape: Check<T>,
  advice = 'Remove the state folder to start afresh.',
): T | undefined {
  if (!existsSync(file)) return undefined;
  const content = readFileSync(file, 'utf8');
  try {
    return shape(JSON.parse(content), '$');
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'it is not JSON.' : messageOf(error);
    throw new Error(`The state file ${file} cannot be read: ${reason} ${advice}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
