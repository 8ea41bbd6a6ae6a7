import { spawnSync } from 'node:child_process';
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { makeFolder } from '../devops/files';
import { check, number, shape, text } from '../devops/shape';
import { Failure } from './errors';

const lockShape = shape({ pid: number, started: text, what: text });
export type LockOwner = ReturnType<typeof lockShape>;

/**
 * Takes the lock file for this process, or fails with one sentence that names the process that holds it. A lock whose process has
 * ended (also when its number was given to another process since) is taken over.
 */
export function takeLock(file: string, what: string): () => void {
  makeFolder(dirname(file));
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid) ?? '', what });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const owner = lockOwner(file);
    if (owner)
      throw new Failure(
        `${owner.what} is already running here (process ${owner.pid}). End it first, or choose another folder with --state.`,
      );
    if (existsSync(file)) removeStale(file);
    // Written aside and linked: whoever reads the lock never sees a half of it, and only one can link.
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, mine, { mode: 0o600 });
    try {
      linkSync(draft, file);
      return () => {
        if (existsSync(file) && readFileSync(file, 'utf8') === mine) rmSync(file);
      };
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }
  throw new Failure(`The lock ${file} is being taken by another process. Try again.`);
}

/** Who holds the lock, when that process lives. */
export function lockOwner(file: string): LockOwner | undefined {
  const owner = read(file);
  return owner && isSameProcess(owner.pid, owner.started) ? owner : undefined;
}

/** When a process began, as `ps` tells it; `undefined` when none lives under this number, or there is no `ps` to ask. */
export function startOf(pid: number): string | undefined {
  const seen = look(pid);
  return seen === 'unknown' ? undefined : seen;
}

/** Whether the process lives and is the one that began then: process numbers are given again. */
export function isSameProcess(pid: number, started: string): boolean {
  const seen = look(pid);
  if (seen !== 'unknown') return seen !== undefined && (started === '' || seen === started);
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Another user's process lives, though we may not signal it.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function look(pid: number): string | undefined {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  const { stdout, error } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8', env });
  if (error) return 'unknown';
  const [state = '', ...start] = stdout.trim().split(/\s+/);
  // Z: it has ended, and only its parent has not taken notice yet.
  return state === '' || state.startsWith('Z') ? undefined : start.join(' ');
}

function read(file: string): LockOwner | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return check(lockShape, JSON.parse(readFileSync(file, 'utf8')), file);
  } catch {
    // Not a lock of ours that is whole: nobody who lives can have written it.
    return undefined;
  }
}

function removeStale(file: string): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return; // Another process was faster.
  }
  // Between our look and the rename a living process may have taken it: then it gets it back.
  if (lockOwner(aside) && !existsSync(file)) renameSync(aside, file);
  else rmSync(aside, { force: true });
}
