import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import type { Check } from './shape';

/**
 * Writes a document so that a reader, or a restart after a crash, sees the old one or the new one, never a part.
 * Only the owner may read it: state holds personal access tokens and a signing key.
 */
export function writeDocument(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID().slice(0, 8)}`;
  try {
    writeFileSync(draft, JSON.stringify(value), { mode: 0o600 });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** The document, or `undefined` when there is none yet. */
export function readDocument<T>(file: string, shape: Check<T>): T | undefined {
  if (!existsSync(file)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`The state file ${file} cannot be read: ${String(error)} Remove the state folder to start afresh.`);
  }
  return shape(value, file);
}
