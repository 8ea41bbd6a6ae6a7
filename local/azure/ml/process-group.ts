import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How a process ended: its exit code, or the signal that ended it. */
export interface Exit {
  code: number | undefined;
  signal: string | undefined;
}

/** A process that leads its own group, so that it and everything it starts can be ended as a whole. */
export interface ProcessGroup {
  readonly pid: number;
  /** Settles once the leader has ended and its output has been delivered. */
  readonly exited: Promise<Exit>;
  /** Ends the whole group: SIGTERM, then SIGKILL after `graceMs`. Settles when no member is left. */
  end(graceMs?: number): Promise<void>;
}

export interface GroupOptions {
  cwd: string;
  env: Record<string, string>;
  /** Standard output and standard error in the order they arrive. */
  onOutput: (chunk: Buffer) => void;
}

/**
 * Starts a program as the leader of a new process group.
 * @throws Error when the program cannot be started at all (not found, not executable).
 */
export async function startGroup(file: string, args: readonly string[], options: GroupOptions): Promise<ProcessGroup> {
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.on('data', options.onOutput);
  child.stderr.on('data', options.onOutput);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const left = new Promise<Exit>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined })),
  );
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', () => resolve());
    child.once('error', reject);
  });
  const pid = child.pid ?? 0;
  // A grandchild may outlive the leader and hold its pipes open: it must not delay the end of the group for ever.
  const exited = left.then(async (exit) => {
    await Promise.race([closed, sleep(500, undefined, { ref: false })]);
    return exit;
  });
  return { pid, exited, end: (graceMs = 5_000) => endGroup(pid, graceMs) };
}

/** Ends every process of a group. A group that is already gone is fine. */
export async function endGroup(pid: number, graceMs: number): Promise<void> {
  if (!signalGroup(pid, 'SIGTERM')) return;
  const deadline = Date.now() + graceMs;
  while (Date.now() < deadline) {
    await sleep(25);
    if (!signalGroup(pid, 0)) return;
  }
  signalGroup(pid, 'SIGKILL');
  for (let waited = 0; waited < 2_000 && signalGroup(pid, 0); waited += 25) await sleep(25);
}

/** Sends a signal to a group; `false` when it has no member (a zombie waiting for its parent does not count on Linux). */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  if (pid <= 1) return false;
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM')) return false;
    throw error;
  }
}

/**
 * A mark that tells a process from a later one with the same id: the start time in clock ticks since boot.
 * `undefined` when the process is gone or the system does not tell (then nothing is ever ended on a guess).
 */
export function processMark(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in brackets and may hold blanks; start time is field 22.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** Ends a group that an earlier life of this server left behind, if it still is that very group. */
export async function endLeftover(group: { pid: number; mark?: string | undefined }): Promise<void> {
  if (group.mark !== undefined && processMark(group.pid) === group.mark) await endGroup(group.pid, 2_000);
}

const passedOn = [
  'PATH',
  'HOME',
  'USER',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'LD_LIBRARY_PATH',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'http_proxy',
  'https_proxy',
];

/**
 * Environment for a user's process: what any program needs, and nothing else of the server's own. Loopback never goes
 * through a proxy.
 */
export function cleanEnvironment(more: Record<string, string> = {}): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of passedOn) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  const direct = [process.env['NO_PROXY'] ?? process.env['no_proxy'] ?? '', 'localhost,127.0.0.1,.localhost'];
  env['NO_PROXY'] = direct.filter((part) => part !== '').join(',');
  env['no_proxy'] = env['NO_PROXY'];
  return { ...env, ...more };
}
