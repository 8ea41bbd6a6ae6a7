import assert from 'node:assert/strict';
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Foreign clients that judge the stand-ins. One that is not installed gives a skip that says so; `.ci/clients` installs all. */

export function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Skips the suite, by name, when a program is not on PATH. */
export function requireProgram(context: Mocha.Context, name: string): string {
  const found = findProgram(name);
  if (found === undefined) return skip(context, `${name} is not installed`);
  return found;
}

export function skip(context: Mocha.Context, reason: string): never {
  process.stdout.write(`    skipped: ${reason}\n`);
  return context.skip();
}

export interface ClientOutput {
  stdout: string;
  stderr: string;
  status: number | null;
}

/** Runs a client without blocking this process, where the stand-ins may run; after the time limit its whole group is killed. */
export async function runClient(
  command: string[],
  environment: Record<string, string> = {},
  timeoutMs = 120_000,
): Promise<ClientOutput> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const timer = setTimeout(() => {
    output.stderr += `\nstopped after ${timeoutMs / 1000} s`;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, timeoutMs);
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    return { ...output, status };
  } finally {
    clearTimeout(timer);
  }
}

/** What a client's program says at its end, in a line `RESULT {json}`. */
export function result(output: ClientOutput): Record<string, unknown> {
  const line = output.stdout.split('\n').find((text) => text.startsWith('RESULT '));
  assert.equal(output.status, 0, output.stdout + output.stderr);
  assert.ok(line, output.stdout + output.stderr);
  return JSON.parse(line.slice('RESULT '.length)) as Record<string, unknown>;
}

/** A TypeScript program as a command. */
export function program(file: string): string[] {
  return [process.execPath, tsx(), file];
}

function tsx(): string {
  return path.join(path.dirname(require.resolve('tsx/package.json')), 'dist', 'cli.mjs');
}

export interface NamespaceOptions {
  /** A network of its own, where port 443 is free; nothing outside can be reached. */
  network?: boolean;
  port?: number;
  timeoutMs?: number;
  environment?: Record<string, string>;
}

/** Why no namespace can be made here, or `undefined`. */
export function namespaceProblem(): string | undefined {
  const probe = spawnSync('unshare', ['-rmn', 'ip', 'link', 'set', 'lo', 'up'], { encoding: 'utf8' });
  if (probe.error) return `unshare cannot be run (${probe.error.message})`;
  return probe.status === 0 ? undefined : `no namespace can be made here (${probe.stderr.trim()})`;
}

/**
 * Runs a client and a local Azure of its own in a mount namespace whose hosts file knows the storage account's name:
 * clients build `https://<account>.blob.<suffix>` themselves, and plain glibc resolves no `*.localhost`.
 */
export function runBesideAzure(command: string[], options: NamespaceOptions = {}): SpawnSyncReturns<string> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'clients-'));
  try {
    const hosts = path.join(folder, 'hosts');
    writeFileSync(hosts, '127.0.0.1 localhost stmlops.blob.core.localhost crmlops.azurecr.localhost\n');
    const inside = [
      'mount --bind "$1" /etc/hosts',
      ...(options.network ? ['ip link set lo up'] : []),
      'shift',
      'exec "$@"',
    ];
    const serve = path.join(__dirname, '..', 'e2e', 'fixtures', 'serve.ts');
    const port = options.port === undefined ? [] : ['--port', String(options.port)];
    return spawnSync(
      'unshare',
      [
        options.network ? '-rmn' : '-rm',
        ...['sh', '-ec', inside.join('; '), 'sh', hosts],
        ...[process.execPath, tsx(), serve, '--state', path.join(folder, 'state'), ...port, '--', ...command],
      ],
      {
        encoding: 'utf8',
        timeout: options.timeoutMs ?? 240_000,
        env: { ...process.env, HOME: folder, XDG_CACHE_HOME: cacheFolder(), ...options.environment },
      },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The machine's own cache: an environment made once serves every test. */
function cacheFolder(): string {
  return process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache');
}
