import { existsSync, lstatSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { ContainerPython } from './python';
import type { Rootfs } from './rootfs';

/** A program to start on this machine. */
export interface Executable {
  file: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
}

/** What the image and its user ask for, in the image's own terms. */
export interface Wish {
  argv: string[];
  env: [string, string][];
  workingDir: string;
}

/** A container's command that cannot be started; `message` as a container runtime words it. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/**
 * Puts absolute paths of the image that occur in a text onto this machine: `/var/app/score.py` → `ROOT/var/app/score.py`.
 * A path counts as the image's when it is there, or when its folder is there and this machine has no such path itself.
 */
export function mapPaths(text: string, rootfs: Rootfs): string {
  return text.replace(
    /(^|[\s"'`=:,;()[\]])(\/[A-Za-z0-9._@%+-][A-Za-z0-9._@%+\-/]*)/g,
    (whole, before: string, path: string) => (isOfImage(path, rootfs) ? `${before}${rootfs.path(path)}` : whole),
  );
}

function isOfImage(path: string, rootfs: Rootfs): boolean {
  if (rootfs.has(path)) return true;
  const parent = dirname(path.replace(/\/+$/, ''));
  return parent !== '/' && rootfs.has(parent) && !existsSync(path);
}

/**
 * Turns a container's command into a program of this machine.
 * @throws StartError when there is no such program.
 */
export function resolveCommand(wish: Wish, rootfs: Rootfs, python: ContainerPython, home: string): Executable {
  const env: Record<string, string> = {};
  for (const [name, value] of wish.env) env[name] = name === 'PATH' ? value : mapPaths(value, rootfs);
  const imagePath = (env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin').split(':');
  const path = [
    ...imagePath.filter((folder) => rootfs.isFolder(folder)).map((folder) => rootfs.path(folder)),
    python.environment.bin,
    // The base image's own tools (sh, env, …) are not there: the machine's stand in for them.
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  const own = env['PYTHONPATH'];
  Object.assign(env, python.variables, {
    PATH: path.join(':'),
    HOME: env['HOME'] ?? home,
    HOSTNAME: env['HOSTNAME'] ?? 'localhost',
  });
  if (own !== undefined && own !== '') env['PYTHONPATH'] = `${env['PYTHONPATH'] ?? ''}:${own}`;
  const [program, ...args] = wish.argv;
  if (program === undefined || program === '') throw new StartError('no command specified');
  const cwd = rootfs.path(wish.workingDir === '' ? '/' : wish.workingDir);
  const file = find(program, path, rootfs, python, cwd);
  return { file, args: args.map((argument) => mapPaths(argument, rootfs)), env, cwd };
}

function find(program: string, path: string[], rootfs: Rootfs, python: ContainerPython, cwd: string): string {
  if (!program.includes('/')) {
    const found = path.map((folder) => join(folder, program)).find(isProgram);
    if (found === undefined) throw new StartError(`exec: "${program}": executable file not found in $PATH`);
    return found;
  }
  const inImage = program.startsWith('/') ? rootfs.path(program) : join(cwd, program);
  if (isProgram(inImage)) return inImage;
  const name = program.split('/').at(-1) ?? '';
  if (/^python(3(\.\d+)?)?$/.test(name)) return python.environment.python;
  if (program.startsWith('/') && /^\/(usr\/)?s?bin\//.test(program) && isProgram(program)) return program;
  throw new StartError(`exec: "${program}": stat ${program}: no such file or directory`);
}

function isProgram(file: string): boolean {
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return false;
  const info = statSync(file, { throwIfNoEntry: false });
  return info?.isFile() === true && (info.mode & 0o111) !== 0;
}
