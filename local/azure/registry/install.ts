import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayerCache, UnpackedLayer } from '../containers/layer-cache';
import { linkTree, type Rootfs } from '../containers/rootfs';
import { asObject, asString } from '../json';
import type { PythonEnvironment } from '../ml/python';
import { startGroup } from '../ml/process-group';
import { BuildError } from './dockerfile';
import type { Layer } from './image';
import { entriesOf, writeLayer, type LayerEntry } from './layers';
import type { PipInstall } from './pip';
import type { RegistryStorage } from './storage';

export interface InstallContext {
  storage: RegistryStorage;
  layers: LayerCache;
  rootfs: Rootfs;
  python: PythonEnvironment;
  /** Folder where relative requirement files are looked for, as an absolute path of the image. */
  workingDir: string;
  /** Digests of the layers below: together with the command they name the result. */
  parents: string[];
  /** Folder that remembers results; without one every install is done anew. */
  memory: string | undefined;
  signal: AbortSignal;
  log: (line: string) => void;
}

/** The layer that a RUN makes, or `undefined` when it changes nothing. */
export interface InstalledLayer {
  layer: Layer;
  unpacked: UnpackedLayer;
}

/**
 * Installs packages for real and gives the files that came, changed or went as one layer: site-packages under
 * `/usr/local/lib/python3.x`, programs under `/usr/local/bin`.
 * @throws BuildError with the installer's last lines when it fails.
 */
export async function install(installs: PipInstall[], context: InstallContext): Promise<InstalledLayer | undefined> {
  const key = installKey(installs, context);
  const known = recall(key, context);
  if (known !== undefined) {
    context.log('Requirements and base are those of an earlier build on this machine: its layer is used again.');
    return { layer: known, unpacked: await context.layers.get(known) };
  }
  const stage = await context.layers.stage();
  try {
    return await installInto(stage, installs, context, key);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

async function installInto(
  stage: string,
  installs: PipInstall[],
  context: InstallContext,
  key: string,
): Promise<InstalledLayer | undefined> {
  const library = `/usr/local/lib/${pythonName(context.python)}/site-packages`;
  const packages = join(stage, library);
  const programs = join(stage, '/usr/local/bin');
  await mkdir(packages, { recursive: true });
  if (context.rootfs.has(library)) await linkTree(realpathSync(context.rootfs.path(library)), packages);
  const before = snapshot(stage);
  for (const one of installs) await runInstaller(packages, one, context);
  await moveScripts(join(packages, 'bin'), programs);
  for (const lock of ['.lock']) await rm(join(packages, lock), { force: true });
  const after = snapshot(stage);
  const removed = [...before.keys()].filter((path) => !after.has(path));
  const changed = [...after].filter(([path, mark]) => before.get(path) !== mark);
  if (removed.length + changed.length === 0) return undefined;
  for (const [path, mark] of after) if (before.get(path) === mark) await rm(join(stage, path));
  await removeEmptyFolders(stage);
  const gone = removed.map((path): LayerEntry => ({ path, kind: 'whiteout', source: '', mode: 0o644, uid: 0, gid: 0 }));
  context.signal.throwIfAborted();
  const layer = await writeLayer(context.storage, [...entriesOf(stage, '', { uid: 0, gid: 0 }), ...gone]);
  const unpacked = await context.layers.adopt(layer, stage, { paths: removed, opaque: [] });
  remember(key, layer, context);
  return { layer, unpacked };
}

/** `python3.11`, from the environment's own folder. */
export function pythonName(python: PythonEnvironment): string {
  return readdirSync(join(python.folder, 'lib')).find((name) => /^python3\.\d+$/.test(name)) ?? 'python3';
}

async function runInstaller(target: string, one: PipInstall, context: InstallContext): Promise<void> {
  const files = (names: string[], option: string): string[] =>
    names.flatMap((name) => [option, requirementFile(name, context)]);
  const what = [
    ...one.options,
    ...files(one.requirementFiles, '-r'),
    ...files(one.constraintFiles, '-c'),
    ...one.packages,
  ];
  const uv = await run(
    'uv',
    ['pip', 'install', '--target', target, '--python', context.python.python, ...what],
    context,
  );
  if (uv !== undefined) return;
  // Without uv: the interpreter behind the environment brings pip; --upgrade lets it replace what an earlier step installed.
  const pip = [
    '-m',
    'pip',
    'install',
    '--no-input',
    '--no-compile',
    '--disable-pip-version-check',
    '--upgrade',
    '--target',
    target,
  ];
  const done = await run(realpathSync(context.python.python), [...pip, ...what], context);
  if (done === undefined) throw new BuildError('neither uv nor pip was found on this machine');
}

/** Runs an installer; `undefined` when the program does not exist. */
async function run(file: string, args: string[], context: InstallContext): Promise<true | undefined> {
  const env: Record<string, string> = { NO_COLOR: '1', UV_PYTHON_DOWNLOADS: 'never', UV_NO_PROGRESS: '1' };
  const dropped = [
    'PYTHONPATH',
    'PYTHONHOME',
    'PYTHONDONTWRITEBYTECODE',
    'VIRTUAL_ENV',
    'CONDA_PREFIX',
    'PIP_TARGET',
    'PIP_PREFIX',
    'PIP_USER',
  ];
  for (const [name, value] of Object.entries(process.env))
    if (value !== undefined && !dropped.includes(name)) env[name] = value;
  let pending = '';
  const onOutput = (chunk: Buffer): void => {
    const lines = (pending + chunk.toString('utf8')).split(/\r?\n/);
    pending = lines.pop() ?? '';
    for (const line of lines) context.log(line);
  };
  const started = await startGroup(file, args, { cwd: context.rootfs.folder, env, onOutput }).catch(
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    },
  );
  if (started === undefined) return undefined;
  const abort = (): void => void started.end(1000);
  context.signal.addEventListener('abort', abort, { once: true });
  const { code } = await started.exited.finally(() => context.signal.removeEventListener('abort', abort));
  if (pending !== '') context.log(pending);
  context.signal.throwIfAborted();
  if (code !== 0) throw new BuildError(`The command '/bin/sh -c pip install' returned a non-zero code: ${code ?? 1}`);
  return true;
}

function requirementFile(name: string, context: InstallContext): string {
  const path = name.startsWith('/') ? name : join(context.workingDir, name);
  const file = context.rootfs.path(join('/', path));
  if (!existsSync(file)) {
    throw new BuildError(`ERROR: Could not open requirements file: [Errno 2] No such file or directory: '${name}'`);
  }
  return file;
}

/** Programs that installers put beside the packages; they start the Python of the image, wherever it was built. */
async function moveScripts(from: string, to: string): Promise<void> {
  if (!existsSync(from)) return;
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    const source = join(from, name);
    if (!lstatSync(source).isFile()) continue;
    const content = readFileSync(source);
    if (content.subarray(0, 2).toString('latin1') !== '#!') await rename(source, join(to, name));
    else {
      const script = content.toString('utf8');
      const body = script.startsWith('#!/bin/sh')
        ? script.replace(/^#!\/bin\/sh\n'''exec' [^\n]*\n' '''\n/, '#!/usr/local/bin/python3\n')
        : script.replace(/^#![^\n]*python[^\n]*/, '#!/usr/local/bin/python3');
      await writeFile(join(to, name), body);
      await chmod(join(to, name), 0o755);
    }
  }
  await rm(from, { recursive: true });
}

/** Path → a mark that changes when the file does. */
function snapshot(folder: string): Map<string, string> {
  const marks = new Map<string, string>();
  const visit = (path: string): void => {
    for (const entry of readdirSync(join(folder, path), { withFileTypes: true })) {
      const below = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) visit(below);
      else {
        const info = lstatSync(join(folder, below));
        marks.set(below, `${info.ino}:${info.size}:${info.mtimeMs}`);
      }
    }
  };
  visit('');
  return marks;
}

async function removeEmptyFolders(folder: string): Promise<boolean> {
  let empty = true;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && (await removeEmptyFolders(path))) await rmdir(path);
    else empty = false;
  }
  return empty;
}

function installKey(installs: PipInstall[], context: InstallContext): string {
  const files = installs.flatMap((one) => [...one.requirementFiles, ...one.constraintFiles]);
  const contents = files.map((name) => readFileSync(requirementFile(name, context), 'utf8'));
  const parts = [context.parents, context.python.folder, installs, contents];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function recall(key: string, context: InstallContext): Layer | undefined {
  if (context.memory === undefined) return undefined;
  const file = join(context.memory, `${key}.json`);
  if (!existsSync(file)) return undefined;
  const document = asObject(JSON.parse(readFileSync(file, 'utf8')));
  const digest = asString(document['digest']) ?? '';
  const diffId = asString(document['diffId']) ?? '';
  return context.storage.hasBlob(digest) ? { digest, diffId, size: Number(document['size']) } : undefined;
}

function remember(key: string, layer: Layer, context: InstallContext): void {
  if (context.memory === undefined) return;
  writeFileSync(join(context.memory, `${key}.json`), JSON.stringify(layer));
}
