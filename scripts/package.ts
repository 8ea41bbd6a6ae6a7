import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { taskNames } from './build';
import { asPackaged } from './hub-policy';

/**
 * Packs build/ into a .vsix with tfx, offline. Versions come from package.json; `--env dev` gives every id and name of its
 * own, so that a development build can be installed beside the production one (a task id belongs to one extension for ever).
 */
const root = path.resolve(__dirname, '..');
const stage = path.join(root, 'build', 'extension');
const notices = 'THIRD_PARTY_NOTICES.txt';

type Json = Record<string, unknown>;

const development = {
  extension: (manifest: Json): Json => ({
    ...manifest,
    id: `${String(manifest['id'])}-dev`,
    name: `${String(manifest['name'])} (dev)`,
    galleryFlags: ['Preview'],
    public: false,
    contributions: (manifest['contributions'] as Json[]).map(development.contribution),
  }),
  /** The run tab shows where our own tasks ran: those of the same build. */
  contribution: (contribution: Json): Json => {
    const properties = contribution['properties'] as Json;
    const tasks = properties['supportsTasks'];
    if (!Array.isArray(tasks)) return contribution;
    return { ...contribution, properties: { ...properties, supportsTasks: tasks.map(development.taskId) } };
  },
  /** The production ids with another first digit. */
  taskId: (id: unknown): string => String(id).replace(/^./, 'd'),
  task: (task: Json): Json => ({
    ...task,
    id: development.taskId(task['id']),
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
  // The listing shows the pages of the hub by the same relative addresses as the document in the repository.
  cpSync(path.join(root, 'docs', 'images'), path.join(stage, 'images'), { recursive: true });
  copyFileSync(path.join(root, 'images', 'icon.png'), path.join(stage, 'images', 'icon.png'));
  copyFileSync(path.join(root, 'LICENSE'), path.join(stage, 'LICENSE'));
  copyFileSync(path.join(root, 'build', notices), path.join(stage, notices));
  copyFileSync(path.join(root, 'docs', 'overview.md'), path.join(stage, 'overview.md'));
  for (const name of taskNames()) {
    const to = path.join(stage, 'tasks', name);
    cpSync(path.join(root, 'build', 'tasks', name), to, { recursive: true });
    const file = path.join(to, 'task.json');
    if (env === 'dev') writeJson(file, development.task(readJson(file)));
  }
  prepareHub();
  const manifest = {
    ...readJson(path.join(root, 'vss-extension.json')),
    version: readJson(path.join(root, 'package.json'))['version'],
  };
  writeJson(path.join(stage, 'vss-extension.json'), env === 'dev' ? development.extension(manifest) : manifest);
}

/** The hub as it was built, with pages that may not talk to this machine. */
function prepareHub(): void {
  const to = path.join(stage, 'hub');
  cpSync(path.join(root, 'build', 'hub'), to, { recursive: true });
  for (const page of readdirSync(to).filter((file) => file.endsWith('.html'))) {
    const file = path.join(to, page);
    writeFileSync(file, asPackaged(readFileSync(file, 'utf8')));
  }
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
