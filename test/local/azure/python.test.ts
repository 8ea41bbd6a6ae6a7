import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { EnvironmentError, readConda } from '../../../local/azure/ml/conda';
import { PythonEnvironments } from '../../../local/azure/ml/python';
import { startGroup, cleanEnvironment, type Exit } from '../../../local/azure/ml/process-group';
import { withServer } from '../../../local/azure/ml/serving';
import { durationMs } from '../../../local/azure/ml/wire';

describe('conda files', () => {
  it('become requirements: the pip section as it is, conda packages by name and version', () => {
    const text = `name: x
channels: [conda-forge]
dependencies:
  - python=3.11
  - pip
  - scikit-learn=1.7
  - conda-forge::pandas>=2,<3
  - numpy==1.26.4
  - pytorch
  - scipy=1.11.0=py311_0
  - pip:
      - mlflow-skinny<3   # tracking
      - --extra-index-url https://example.org/simple
`;
    assert.deepEqual(readConda(text), {
      python: '3.11',
      requirements: [
        'pip',
        'scikit-learn==1.7.*',
        'pandas>=2,<3',
        'numpy==1.26.4',
        'torch',
        'scipy==1.11.0',
        'mlflow-skinny<3',
        '--extra-index-url https://example.org/simple',
      ],
    });
    assert.deepEqual(readConda(''), { requirements: [] });
  });

  it('are refused where this machine cannot follow them', () => {
    const cases: [string, RegExp][] = [
      ['dependencies:\n- cudatoolkit=11', /cudatoolkit.*not a Python package/],
      ['dependencies:\n- pip:\n  - -r other.txt', /-r other\.txt.*points at a file/],
      ['dependencies:\n- pip:\n  - ./local', /points at a file/],
      ['dependencies: x', /must be a list/],
      ['dependencies: [[', /not YAML/],
      ['dependencies:\n- {conda: 1}', /neither a text nor a "pip" list/],
    ];
    for (const [text, expected] of cases)
      assert.throws(
        () => readConda(text),
        (error) => error instanceof EnvironmentError && expected.test(error.message),
      );
  });

  it('never lose a plain pip requirement', () => {
    const requirement = fc.tuple(
      fc.stringMatching(/^[a-z][a-z0-9-]{0,15}[a-z0-9]$/),
      fc.constantFrom('', '==1.0', '>=2,<3', '~=1.4'),
    );
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 8 }), (parts) => {
        const lines = parts.map(([name, version]) => name + version);
        const text = `dependencies:\n- pip:\n${lines.map((line) => `  - "${line}"`).join('\n')}\n`;
        assert.deepEqual(readConda(lines.length === 0 ? '' : text).requirements, lines);
      }),
    );
  });
});

describe('requirements of a deployment', () => {
  const server = 'azureml-inference-server-http';
  it('hold an inference server that is new enough, unless the user chose one', () => {
    const added = (requirements: string[]) => withServer({ requirements }).requirements;
    assert.deepEqual(added(['joblib']), ['joblib', `${server}>=1.5.1`]);
    assert.deepEqual(added([server]), [`${server}>=1.5.1`]);
    assert.deepEqual(added([`${server}==1.5.0`]), [`${server}==1.5.0`]);
    assert.deepEqual(added(['azureml-defaults']), ['azureml-defaults']);
  });
});

describe('durations', () => {
  it('are read as ISO 8601', () => {
    assert.equal(durationMs('PT1H30M'), 5_400_000);
    assert.equal(durationMs('P1DT5S'), 86_405_000);
    assert.equal(durationMs('PT0.5S'), 500);
    for (const bad of ['', 'P', 'PT', '5s', 'P1Y', 'P1M']) assert.equal(durationMs(bad), undefined, bad);
  });
});

describe('Python environments', () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'python-'))));
  after(() => rm(folder, { recursive: true, force: true }));

  it('are made once for the same content, also when asked for at the same time by two owners', async () => {
    const lines: string[] = [];
    const ensure = () =>
      new PythonEnvironments(folder).ensure({ requirements: ['packaging'] }, (line) => lines.push(line));
    const [one, other] = await Promise.all([ensure(), ensure()]);
    assert.equal(one.folder, other.folder);
    assert.equal(lines.filter((line) => line.startsWith('Creating')).length, 1);
    assert.equal(await run(one.python, ['-c', 'import packaging, sys; print(sys.prefix)']), `${one.folder}\n`);
    const started = Date.now();
    await new PythonEnvironments(folder).ensure({ requirements: ['packaging'] }, (line) => lines.push(line));
    assert.match(lines.at(-1) ?? '', /in the cache/);
    assert.ok(Date.now() - started < 3_000);
  });

  it('are made anew where an earlier attempt was interrupted, and a dead owner holds no lock', async () => {
    const environments = new PythonEnvironments(folder);
    const { folder: made } = await environments.ensure({ requirements: [] }, () => undefined);
    await rm(join(made, '.complete'));
    await writeFile(join(made, 'half'), '');
    await mkdir(`${made}.lock`);
    await writeFile(join(`${made}.lock`, 'pid'), String(await deadPid()));
    await new PythonEnvironments(folder).ensure({ requirements: [] }, () => undefined);
    assert.ok((await stat(join(made, '.complete'))).isFile());
    assert.ok(!existsSync(join(made, 'half')));
  });

  it('fail with what the installer said', async () => {
    const needs = { requirements: ['packaging==0.0.0.1'] };
    await assert.rejects(
      new PythonEnvironments(folder).ensure(needs, () => undefined),
      (error) => error instanceof EnvironmentError && error.message.includes('packaging'),
    );
  });

  it('say so when the wanted version is not on this machine', async () => {
    const lines: string[] = [];
    await new PythonEnvironments(folder).ensure({ python: '3.99', requirements: [] }, (line) => lines.push(line));
    assert.match(lines[0] ?? '', /Python 3\.99 is not installed on this machine: Python 3\.\d+\.\d+ is used instead/);
  });

  it('can be made without uv', async () => {
    const path = process.env['PATH'] ?? '';
    // A folder with nothing but a python3: uv cannot be found, and pip comes with the interpreter.
    const bin = await mkdtemp(join(tmpdir(), 'bin-'));
    const real = (await run('python3', ['-c', 'import sys, os; print(os.path.realpath(sys.executable))'])).trim();
    await writeFile(join(bin, 'python3'), `#!/bin/sh\nexec "${real}" "$@"\n`, { mode: 0o755 });
    process.env['PATH'] = `${bin}:/bin:/usr/bin`;
    try {
      const lines: string[] = [];
      const own = join(folder, 'pip');
      const made = await new PythonEnvironments(own).ensure({ requirements: ['packaging'] }, (line) =>
        lines.push(line),
      );
      assert.match(lines[0] ?? '', /with venv and pip/);
      await run(made.python, ['-c', 'import packaging']);
    } finally {
      process.env['PATH'] = path;
      await rm(bin, { recursive: true, force: true });
    }
  });
});

/** Output of a program that must end well. */
async function run(file: string, args: string[]): Promise<string> {
  const [exit, text] = await finished(file, args);
  assert.equal(exit.code, 0, text);
  return text;
}

async function finished(file: string, args: string[]): Promise<[Exit, string]> {
  let text = '';
  const group = await startGroup(file, args, {
    cwd: tmpdir(),
    env: cleanEnvironment(),
    onOutput: (chunk) => (text += chunk.toString()),
  });
  return [await group.exited, text];
}

async function deadPid(): Promise<number> {
  const group = await startGroup('true', [], { cwd: tmpdir(), env: cleanEnvironment(), onOutput: () => undefined });
  await group.exited;
  return group.pid;
}
