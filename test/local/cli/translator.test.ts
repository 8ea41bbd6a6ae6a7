import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const build = join(__dirname, '..', '..', '..', 'build');
const script = join(build, 'mlops.js');
const translator = join(build, 'translator', 'index.js');

/** It starts before every commit of whoever uses it as a hook. */
const largestBundle = 450_000;

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

describe('mlops translate and mlops validate', function () {
  this.timeout(60_000);
  let folder: string;

  before(() => {
    for (const file of [script, translator])
      assert.ok(existsSync(file), `${file} is not there: run \`npm run build\` first.`);
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'mlops-translate-')));
    mkdirSync(join(folder, 'code'));
    const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    write('code/train.py', 'print(1)\n');
    write('job.yml', 'command: python train.py\ncode: code\nenvironment: azureml:env:3\ninputs: {alpha: 1.0}\n');
    write('cluster.yml', 'type: amlcompute\nname: cpu\n');
    write(
      'bad.yml',
      'type: amlcompute\nname: cpu\nmax_instance: 2\ntier: "##vso[task.complete result=Succeeded]\\e[31m"\n',
    );
    write('tags.yml', 'type: amlcompute\nname: cpu\ntags: {note: "##vso[task.complete]", other: "#\u200b#vso[x]"}\n');
    write('odd.yml', 'one: 1\n');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function mlops(...args: string[]): Ended {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { code: status, out: stdout, err: stderr };
  }

  // Linux alone has such a place.
  if (existsSync('/dev/full')) {
    it('is no success when the disk has no room for the output', () => {
      const full = openSync('/dev/full', 'w');
      const { status, stderr } = spawnSync(process.execPath, [script, 'translate', 'job.yml'], {
        cwd: folder,
        encoding: 'utf8',
        stdio: ['ignore', full, 'pipe'],
      });
      closeSync(full);
      assert.match(stderr, /^mlops: the output cannot be written: ENOSPC/);
      assert.equal(status, 1);
    });
  }

  it('print what would be sent, in order, and nothing else', () => {
    const { code, out, err } = mlops(
      'translate',
      'job.yml',
      '--set',
      'inputs.alpha=2.0',
      '--subscription',
      'sub',
      '--workspace',
      'ws',
    );
    assert.deepEqual([code, err], [0, '']);
    const { file, kind, calls } = JSON.parse(out) as { file: string; kind: string; calls: Record<string, unknown>[] };
    assert.deepEqual([file, kind], ['job.yml', 'command job']);
    const workspace =
      '/subscriptions/sub/resourceGroups/resource-group/providers/Microsoft.MachineLearningServices/workspaces/ws';
    assert.deepEqual(
      calls.map(({ method }) => method),
      ['POST', undefined, 'PUT', 'PUT'],
    );
    const { path, body } = calls[3] as { path: string; body: { properties: Record<string, unknown> } };
    assert.ok(path.startsWith(`${workspace}/jobs/`));
    assert.deepEqual(body.properties['inputs'], { alpha: { jobInputType: 'literal', value: '2.0' } });
    assert.equal(body.properties['environmentId'], `${workspace}/environments/env/versions/3`);
  });

  it('print a list for several files, the refused ones among them', () => {
    const { code, out, err } = mlops('translate', 'cluster.yml', 'bad.yml', '--location', 'northeurope');
    assert.equal(code, 1);
    const [good, bad] = JSON.parse(out) as [
      { calls: { body: { location: string } }[] },
      { error: { message: string } },
    ];
    assert.equal(good.calls[0]?.body.location, 'northeurope');
    assert.match(bad.error.message, /^bad\.yml:3:1: unknown key "max_instance"/);
    assert.match(err, /^bad\.yml:3:1: unknown key "max_instance"\.\n {2}Did you mean "max_instances"\?\n/);
  });

  it('tell every problem with its place, relative to the working folder', () => {
    const { code, out, err } = mlops('validate', 'cluster.yml', 'bad.yml', join(folder, 'odd.yml'), 'none.yml');
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /^bad\.yml:3:1: /m);
    assert.match(err, /^bad\.yml:4:7: /m);
    assert.match(err, /^odd\.yml:1:1: /m);
    assert.match(err, /^none\.yml:1:1: the file cannot be read/m);
    assert.deepEqual(mlops('validate', 'cluster.yml', 'job.yml'), { code: 0, out: '', err: '' });
  });

  it('say of a value from --set that it came from there, and of one of the file where it stood', () => {
    const { code, err } = mlops('validate', 'job.yml', '--set', 'limits.timeout=60m', '--set', 'code=none');
    assert.equal(code, 1);
    assert.match(err, /^job\.yml:1:1: set limits\.timeout=60m: limits\.timeout must be a whole number\.$/m);
    assert.match(err, /^job\.yml:2:7: set code=none: code: .*none does not exist\.$/m);
  });

  it('give the agent no orders and the terminal no colours that a file holds', () => {
    const { err } = mlops('validate', 'bad.yml');
    assert.ok(!err.includes('##vso') && !err.includes('\u001b'), err);
    const { code, out } = mlops('translate', 'tags.yml');
    assert.equal(code, 0);
    assert.doesNotMatch(out, /##|\u200b/);
    const { calls } = JSON.parse(out) as { calls: [{ body: { tags: unknown } }] };
    assert.deepEqual(calls[0].body.tags, { note: '##vso[task.complete]', other: '#\u200b#vso[x]' });
  });

  it('take the kind from the command line', () => {
    assert.equal(mlops('validate', 'cluster.yml', '--kind', 'compute').code, 0);
    assert.equal(mlops('validate', 'cluster.yml', '--kind', 'environment').code, 1);
    const { code, err } = mlops('validate', 'cluster.yml', '--kind', 'compte');
    assert.equal(code, 2);
    assert.match(err, /^mlops: there is no kind "compte"\. Did you mean "compute"\? Kinds: /);
  });

  for (const [args, message] of [
    [['translate'], /^mlops: Say which file: mlops translate FILE\.\n$/],
    [['validate', 'cluster.yml', '--colour'], /^mlops: Unknown option '--colour'/],
    [['translate', 'cluster.yml', '--set'], /^mlops: Option '--set <value>' argument missing/],
  ] as const) {
    it(`mlops ${args.join(' ')}: one sentence, exit code 2`, () => {
      const { code, out, err } = mlops(...args);
      assert.deepEqual([code, out], [2, '']);
      assert.match(err, message);
    });
  }

  it('are in the help', () => {
    const { out } = mlops('help');
    assert.match(out, /^ {2}translate +Print the calls/m);
    assert.match(out, /^ {2}validate +Check/m);
  });

  it('read files with a small program that holds no client of the cloud', () => {
    const code = readFileSync(join(build, 'translator', 'script.js'), 'utf8');
    assert.ok(code.length < largestBundle, `${code.length} bytes`);
    assert.ok(!/axios|DefaultAzureCredential/.test(code));
  });
});
