import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EnvironmentError, type PythonNeeds } from './conda';
import { startGroup } from './process-group';

/** A ready Python environment. */
export interface PythonEnvironment {
  folder: string;
  /** Path of its interpreter. */
  python: string;
  /** Folder of its programs, to be first on PATH. */
  bin: string;
}

interface Interpreter {
  path: string;
  version: string;
}

export type Report = (line: string) => void;

/** Where environments are kept: one folder for all states of this machine, since they hold nothing but packages. */
export function environmentCache(): string {
  const chosen = process.env['MLOPS_PYTHON_CACHE'];
  if (chosen !== undefined && chosen !== '') return chosen;
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'mlops', 'python');
}

/**
 * Python environments by content: the folder's name is a hash of interpreter and requirements, so that an environment
 * is made once and the next job starts at once. Made with `uv` where it is found, else with `venv` and pip.
 */
export class PythonEnvironments {
  private readonly making = new Map<string, Promise<PythonEnvironment>>();
  private readonly known = new Map<string, Interpreter | undefined>();
  private uv: Promise<string | undefined> | undefined;

  constructor(private readonly folder: string = environmentCache()) {}

  /**
   * The environment for these needs, made when missing.
   * @param report gets a line for every step and the installer's own output.
   * @throws EnvironmentError when there is no interpreter, or the installer fails (its last lines are in the message).
   */
  async ensure(needs: PythonNeeds, report: Report, signal?: AbortSignal): Promise<PythonEnvironment> {
    const uv = await (this.uv ??= findProgram('uv', ['--version']));
    const interpreter = await this.interpreter(needs.python, uv, report);
    const requirements = [...new Set(needs.requirements)].sort();
    const name = createHash('sha256')
      .update(JSON.stringify([interpreter.path, interpreter.version, requirements]))
      .digest('hex')
      .slice(0, 24);
    const folder = join(this.folder, name);
    const environment = { folder, python: join(folder, 'bin', 'python'), bin: join(folder, 'bin') };
    if (await exists(join(folder, '.complete'))) {
      report(`Python environment ${name} is in the cache.`);
      return environment;
    }
    const running = this.making.get(name);
    if (running !== undefined) return running;
    const making = this.make(environment, { uv, interpreter, requirements, report, signal }).finally(() =>
      this.making.delete(name),
    );
    this.making.set(name, making);
    return making;
  }

  private async make(environment: PythonEnvironment, how: Making): Promise<PythonEnvironment> {
    await mkdir(this.folder, { recursive: true });
    return locked(`${environment.folder}.lock`, how.signal, async () => {
      const marker = join(environment.folder, '.complete');
      if (await exists(marker)) return environment;
      // No marker: an earlier attempt was interrupted, and what it left is worth nothing.
      await rm(environment.folder, { recursive: true, force: true });
      const started = Date.now();
      how.report(
        `Creating a Python ${how.interpreter.version} environment with ${how.uv === undefined ? 'venv and pip' : 'uv'}.`,
      );
      await (how.uv === undefined ? withPip(environment, how) : withUv(environment, how, how.uv));
      await writeFile(marker, `${new Date().toISOString()}\n`);
      how.report(`The Python environment is ready after ${((Date.now() - started) / 1000).toFixed(1)} s.`);
      return environment;
    });
  }

  private async interpreter(wanted: string | undefined, uv: string | undefined, report: Report): Promise<Interpreter> {
    const minor = wanted?.split('.').slice(0, 2).join('.');
    const exact = minor === undefined ? undefined : await this.look(`python${minor}`, uv, minor);
    if (exact !== undefined) return exact;
    const any = await this.look('python3', undefined, undefined);
    if (any === undefined)
      throw new EnvironmentError('No Python 3 was found on PATH: install Python 3.10 or newer (with venv), or uv.');
    if (minor !== undefined && !any.version.startsWith(`${minor}.`))
      report(`Python ${minor} is not installed on this machine: Python ${any.version} is used instead.`);
    return any;
  }

  /** The interpreter's real path: version managers put shims on PATH that confuse the installers. */
  private async look(
    program: string,
    uv: string | undefined,
    minor: string | undefined,
  ): Promise<Interpreter | undefined> {
    if (this.known.has(program)) return this.known.get(program);
    let path = await realInterpreter(program);
    const plain = await realInterpreter('python3');
    if (path === undefined && minor !== undefined && plain?.version.startsWith(`${minor}.`) === true) path = plain;
    if (path === undefined && uv !== undefined && minor !== undefined) {
      const found = await output(uv, ['python', 'find', '--no-project', minor]);
      if (found !== undefined) path = await realInterpreter(found.trim());
    }
    this.known.set(program, path);
    return path;
  }
}

interface Making {
  uv: string | undefined;
  interpreter: Interpreter;
  requirements: string[];
  report: Report;
  signal: AbortSignal | undefined;
}

async function withUv(environment: PythonEnvironment, how: Making, uv: string): Promise<void> {
  await install(uv, ['venv', '-q', '--no-project', '--python', how.interpreter.path, environment.folder], how);
  if (how.requirements.length === 0) return;
  await install(
    uv,
    ['pip', 'install', '-q', '-p', environment.python, '-r', await requirementsFile(environment, how)],
    how,
  );
}

async function withPip(environment: PythonEnvironment, how: Making): Promise<void> {
  await install(how.interpreter.path, ['-m', 'venv', '--without-pip', environment.folder], how);
  if (how.requirements.length === 0) return;
  const file = await requirementsFile(environment, how);
  const pip = ['--python', environment.python, 'install', '-q', '--no-compile', '--no-input', '-r', file];
  await install(how.interpreter.path, ['-m', 'pip', ...pip], how);
}

async function requirementsFile(environment: PythonEnvironment, how: Making): Promise<string> {
  const file = join(environment.folder, 'requirements.txt');
  await writeFile(file, `${how.requirements.join('\n')}\n`);
  return file;
}

/** Runs an installer; its output goes to the report, its failure becomes an error that ends with its last lines. */
async function install(file: string, args: string[], how: Making): Promise<void> {
  how.signal?.throwIfAborted();
  let tail = '';
  const group = await startGroup(file, args, {
    cwd: '/',
    env: installerEnvironment(),
    onOutput: (chunk) => {
      const text = chunk.toString('utf8');
      tail = (tail + text).slice(-4_000);
      for (const line of text.split('\n')) if (line.trim() !== '') how.report(line);
    },
  });
  const abort = (): void => void group.end(2_000);
  how.signal?.addEventListener('abort', abort, { once: true });
  const exit = await group.exited.finally(() => how.signal?.removeEventListener('abort', abort));
  how.signal?.throwIfAborted();
  if (exit.code !== 0) throw new EnvironmentError(`The Python environment could not be made:\n${tail.trim()}`);
}

/** Installers need the machine's own index and proxy settings, but never fetch interpreters. */
function installerEnvironment(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  for (const name of ['PYTHONDONTWRITEBYTECODE', 'PYTHONPATH', 'PYTHONHOME', 'VIRTUAL_ENV', 'CONDA_PREFIX'])
    Reflect.deleteProperty(env, name);
  env['UV_PYTHON_DOWNLOADS'] = 'never';
  return env;
}

async function realInterpreter(program: string): Promise<Interpreter | undefined> {
  const code = 'import os,sys;print(os.path.realpath(sys.executable));print("%d.%d.%d"%sys.version_info[:3])';
  const lines = (await output(program, ['-c', code]))?.trim().split('\n');
  const [path, version] = lines ?? [];
  return path !== undefined && version !== undefined && path !== '' ? { path, version } : undefined;
}

async function findProgram(name: string, args: string[]): Promise<string | undefined> {
  return (await output(name, args)) === undefined ? undefined : name;
}

/** Standard output of a program that ended well, else `undefined`. */
async function output(file: string, args: string[]): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  try {
    const group = await startGroup(file, args, {
      cwd: '/',
      env: installerEnvironment(),
      onOutput: (chunk) => chunks.push(chunk),
    });
    return (await group.exited).code === 0 ? Buffer.concat(chunks).toString('utf8') : undefined;
  } catch {
    return undefined;
  }
}

/** Runs `work` while this process alone holds the lock folder. A lock whose owner has died is taken over. */
async function locked<T>(lock: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      await mkdir(lock);
      break;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    if (await abandoned(lock)) await rm(lock, { recursive: true, force: true });
    else await sleep(200);
  }
  try {
    await writeFile(join(lock, 'pid'), String(process.pid));
    return await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

async function abandoned(lock: string): Promise<boolean> {
  try {
    const pid = Number(await readFile(join(lock, 'pid'), 'utf8'));
    if (Number.isInteger(pid) && pid > 0) return !alive(pid);
  } catch {
    // The owner writes its id right after taking the lock: only an old lock without one is abandoned.
  }
  const age = await stat(lock)
    .then((info) => Date.now() - info.mtimeMs)
    .catch(() => 0);
  return age > 10_000;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path)
    .then(() => true)
    .catch(() => false);
}
