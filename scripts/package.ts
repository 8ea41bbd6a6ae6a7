import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { taskNames } from './build';

/**
 * Packs build/ into a .vsix with tfx, offline. Versions come from package.json; `--env dev` gives every id and name of its
 * own, so that a development build can be installed beside the production one (a task id belongs to one extension for ever).
 */
const root = path.resolve(__dirname, '..');
const stage = path.join(root, 'build', 'extension');

type Json = Record<string, unknown>;

const development = {
  extension: (manifest: Json): Json => ({
    ...manifest,
    id: `${String(manifest['id'])}-dev`,
    name: `${String(manifest['name'])} (dev)`,
    galleryFlags: ['Preview'],
    public: false,
  }),
  task: (task: Json): Json => ({
    ...task,
    // The production ids with another first digit.
    id: String(task['id']).replace(/^./, 'd'),
    name: `${String(task['name'])}Dev`,
    friendlyName: `${String(task['friendlyName']).slice(0, 34)} (dev)`,
  }),
};

function readJson(file: string): Json {
  return JSON.parse(readFileSync(file, 'utf8')) as Json;
}

function writeJson(file: string, value: Json): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

function prepare(env: 'dev' | 'prod'): void {
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  for (const folder of ['images']) cpSync(path.join(root, folder), path.join(stage, folder), { recursive: true });
  copyFileSync(path.join(root, 'LICENSE'), path.join(stage, 'LICENSE'));
  copyFileSync(path.join(root, 'docs', 'overview.md'), path.join(stage, 'overview.md'));
  for (const name of taskNames()) {
    const to = path.join(stage, 'tasks', name);
    cpSync(path.join(root, 'build', 'tasks', name), to, { recursive: true });
    const file = path.join(to, 'task.json');
    if (env === 'dev') writeJson(file, development.task(readJson(file)));
  }
  const manifest = {
    ...readJson(path.join(root, 'vss-extension.json')),
    version: readJson(path.join(root, 'package.json'))['version'],
  };
  writeJson(path.join(stage, 'vss-extension.json'), env === 'dev' ? development.extension(manifest) : manifest);
}

function pack(): string {
  const tfx = path.join(path.dirname(require.resolve('tfx-cli/package.json')), '_build', 'tfx-cli.js');
  const args = [
    'extension',
    'create',
    '--root',
    stage,
    '--manifests',
    'vss-extension.json',
    '--output-path',
    path.join(root, 'build'),
    '--no-prompt',
    '--no-color',
  ];
  const result = spawnSync(process.execPath, [tfx, ...args], {
    encoding: 'utf8',
    env: { ...process.env, TFX_CACHE: stage },
  });
  if (result.status !== 0) throw new Error(`tfx refused the extension:\n${result.stdout}${result.stderr}`);
  const { publisher, id, version } = readJson(path.join(stage, 'vss-extension.json'));
  const vsix = path.join('build', `${String(publisher)}.${String(id)}-${String(version)}.vsix`);
  if (!existsSync(path.join(root, vsix))) throw new Error(`tfx did not write ${vsix}:\n${result.stdout}`);
  return vsix;
}

function main(): void {
  const { values } = parseArgs({ options: { env: { type: 'string', default: 'prod' } } });
  if (values.env !== 'dev' && values.env !== 'prod') throw new Error(`--env is "${values.env}"; write dev or prod.`);
  prepare(values.env);
  console.log(`Packaged ${pack()}`);
}

try {
  main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
