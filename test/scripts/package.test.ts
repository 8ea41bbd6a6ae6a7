import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { taskNames } from '../../scripts/build';
import { packagedPolicy } from '../../scripts/hub-policy';

const root = path.resolve(__dirname, '..', '..');
const stage = path.join(root, 'build', 'extension');

interface Manifest {
  id: string;
  version: string;
  scopes: string[];
  contributions: { id: string; type: string; properties: { name: string; uri?: string; supportsTasks?: string[] } }[];
  files: { path: string; addressable?: boolean }[];
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function manifest(): Manifest {
  return read(path.join(stage, 'vss-extension.json')) as Manifest;
}

function task(name: string): { id: string; name: string; version: Record<string, number> } {
  return read(path.join(stage, 'tasks', name, 'task.json')) as ReturnType<typeof task>;
}

function pack(...args: string[]): string {
  const tsx = path.join(path.dirname(require.resolve('tsx/package.json')), 'dist', 'cli.mjs');
  const result = spawnSync(process.execPath, [tsx, path.join(root, 'scripts', 'package.ts'), ...args], {
    encoding: 'utf8',
  });
  assert.equal(result.status, 0, result.stdout + result.stderr);
  return result.stdout;
}

describe('packaging the extension', function () {
  this.timeout(60_000);

  it('packs every task with its contribution and the version of package.json', () => {
    const { version } = read(path.join(root, 'package.json')) as { version: string };
    const printed = pack();
    const vsix = /Packaged (\S+\.vsix)/.exec(printed)?.[1];
    assert.ok(vsix && existsSync(path.join(root, vsix)), printed);
    const content = readFileSync(path.join(root, vsix)).toString('latin1');
    const { version: stamped, contributions } = manifest();
    assert.equal(stamped, version);
    const tasks = contributions.filter(({ type }) => type === 'ms.vss-distributed-task.task');
    assert.deepEqual(tasks.map(({ properties }) => properties.name.replace('tasks/', '')).sort(), taskNames());
    for (const name of taskNames()) {
      for (const file of ['task.json', 'index.js', 'icon.png'])
        assert.ok(content.includes(`tasks/${name}/${file}`), `${name}/${file}`);
      const { Major, Minor, Patch } = task(name).version;
      assert.equal(`${Major}.${Minor}.${Patch}`, version);
    }
  });

  it('packs the hub: pages that exist, that may not talk to this machine, and the fewest scopes', () => {
    const { contributions, files, scopes } = manifest();
    assert.deepEqual(scopes, ['vso.build', 'vso.pipelineresources_use', 'vso.project']);
    assert.ok(files.some((file) => file.path === 'hub' && file.addressable === true));
    const pages = contributions.flatMap(({ id, properties: { uri } }) =>
      uri === undefined ? [] : [[id, uri] as const],
    );
    assert.deepEqual(pages, [
      ['models-hub', 'hub/models.html'],
      ['model-tab', 'hub/run.html'],
      ['settings-hub', 'hub/settings.html'],
    ]);
    for (const [, page] of pages) {
      const packed = readFileSync(path.join(stage, page), 'utf8');
      assert.ok(packed.includes(packagedPolicy), page);
      assert.doesNotMatch(packed, /127\.0\.0\.1/);
      for (const [, asset] of packed.matchAll(/(?:href|src)="([^"]+)"/g))
        assert.ok(existsSync(path.join(stage, 'hub', asset!)));
    }
  });

  it('packs the licences of what the bundles hold, once', () => {
    const { files } = manifest();
    assert.ok(files.some((file) => file.path === 'THIRD_PARTY_NOTICES.txt'));
    const notices = readFileSync(path.join(stage, 'THIRD_PARTY_NOTICES.txt'), 'utf8');
    for (const name of [
      'react',
      'react-dom',
      'axios',
      'd3-scale',
      'dompurify',
      'azure-devops-ui',
      '@azure/msal-node',
    ]) {
      const { version } = read(path.join(root, 'node_modules', name, 'package.json')) as { version: string };
      assert.equal(notices.split(`\n\n${name} ${version}\nLicence: `).length, 2, name);
    }
    assert.ok(notices.includes(readFileSync(path.join(root, 'node_modules', 'axios', 'LICENSE'), 'utf8').trim()));
    // Tools of the build go to nobody.
    assert.doesNotMatch(notices, /^(esbuild|typescript|mocha) \d/m);
  });

  it('gives a development build ids and names of its own', () => {
    const ids = (): { ids: string[]; names: string[] } => {
      const tasks = readdirSync(path.join(stage, 'tasks')).map((name) => task(name));
      const tab = manifest().contributions.find(({ id }) => id === 'model-tab')?.properties.supportsTasks ?? [];
      // The tab of a run shows exactly where a task of the same build ran.
      assert.deepEqual([...tab].sort(), tasks.map(({ id }) => id).sort());
      return { ids: tasks.map(({ id }) => id), names: tasks.map(({ name }) => name) };
    };
    pack('--env', 'dev');
    const development = { ...ids(), extension: manifest().id };
    pack();
    const production = { ...ids(), extension: manifest().id };
    assert.notEqual(development.extension, production.extension);
    for (const id of development.ids) {
      assert.match(id, /^[0-9a-f-]{36}$/);
      assert.ok(!production.ids.includes(id), id);
    }
    for (const name of development.names) assert.ok(!production.names.includes(name), name);
  });

  it('refuses another environment', () => {
    const tsx = path.join(path.dirname(require.resolve('tsx/package.json')), 'dist', 'cli.mjs');
    const result = spawnSync(process.execPath, [tsx, path.join(root, 'scripts', 'package.ts'), '--env', 'test'], {
      encoding: 'utf8',
    });
    assert.equal(result.status, 1);
    assert.match(result.stderr, /--env is "test"; write dev or prod/);
  });
});
