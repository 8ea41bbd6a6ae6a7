import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { sha256Hex } from '../../lib/agent/hash';

/** A file on this machine with the place it gets. */
export interface ContextFile {
  /** With `/`, below whatever the list stands for. */
  path: string;
  /** Absolute path on this machine. */
  file: string;
  /** Bytes. */
  size: number;
  /** 64 hexadecimal digits. */
  sha256: string;
}

/**
 * SHA-256 in hex over the lines that `sha256sum` prints: the file's own hash, two spaces, its path; files in order of
 * their paths' UTF-8 bytes.
 */
export function filesDigest(files: readonly Pick<ContextFile, 'path' | 'sha256'>[]): string {
  return sha256Hex(
    byPath(files)
      .map(({ sha256, path }) => `${sha256}  ${path}\n`)
      .join(''),
  );
}

export function byPath<T extends { path: string }>(files: readonly T[]): T[] {
  return [...files].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

export async function fileSha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
