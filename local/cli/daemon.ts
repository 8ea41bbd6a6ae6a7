import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { makeFolder } from '../devops/files';
import { Failure } from './errors';
import { isSameProcess, lockOwner } from './lock';
import { findRunning, type Running } from './running';

/** The first start makes certificates and keys; it takes a few seconds. */
const startTimeoutMs = 60_000;
/** Runs in progress get the agent's own time to end: SIGINT, SIGTERM, kill. */
const stopTimeoutMs = 30_000;
const lookEveryMs = 100;

export function daemonLog(stateDir: string): string {
  return join(stateDir, 'mlops.log');
}

/** Starts the services in a process of their own, and waits until they answer. */
export async function startDaemon(stateDir: string, options: string[]): Promise<Running> {
  const owner = lockOwner(join(stateDir, 'lock'));
  if (owner)
    throw new Failure(
      `${owner.what} is already running here (process ${owner.pid}). End it first, or choose another folder with --state.`,
    );
  makeFolder(stateDir);
  const log = openSync(daemonLog(stateDir), 'a', 0o600);
  const script = process.argv[1] ?? '';
  const args = [...process.execArgv, script, 'serve', '--state', stateDir, ...options];
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  const before = existsSync(daemonLog(stateDir)) ? readFileSync(daemonLog(stateDir), 'utf8').length : 0;
  let ended: number | null | undefined;
  child.on('exit', (code) => {
    ended = code;
  });
  child.unref();
  for (const begun = Date.now(); Date.now() - begun < startTimeoutMs;) {
    await sleep(lookEveryMs);
    const running = findRunning(stateDir);
    if (running?.pid === child.pid && running) return running;
    if (ended !== undefined)
      throw new Failure(
        lastError(readFileSync(daemonLog(stateDir), 'utf8').slice(before)) ??
          `The services ended with exit code ${String(ended)}. Their log: ${daemonLog(stateDir)}`,
      );
  }
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  throw new Failure(`The services did not start within ${startTimeoutMs / 1000} s. Their log: ${daemonLog(stateDir)}`);
}

/** Ends the daemon in good order; one that does not end in time is killed with its process group. */
export async function stopDaemon({ pid, started }: Running): Promise<'ended' | 'killed'> {
  process.kill(pid, 'SIGTERM');
  for (const begun = Date.now(); Date.now() - begun < stopTimeoutMs;) {
    await sleep(lookEveryMs);
    if (!isSameProcess(pid, started)) return 'ended';
  }
  process.kill(-pid, 'SIGKILL');
  return 'killed';
}

function lastError(log: string): string | undefined {
  const lines = log.split('\n').filter((line) => line.startsWith('mlops: '));
  return lines.at(-1)?.slice('mlops: '.length);
}
