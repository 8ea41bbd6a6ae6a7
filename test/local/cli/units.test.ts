import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';

import { commandHelp } from '../../../local/cli/help';
import { commands } from '../../../local/cli/commands';
import { exports } from '../../../local/cli/env';
import { UsageError } from '../../../local/cli/errors';
import { isSameProcess, lockOwner, startOf, takeLock } from '../../../local/cli/lock';
import { pairs, portOf } from '../../../local/cli/pairs';
import { descendants } from '../../../local/cli/processes';
import { seconds } from '../../../local/cli/progress';
import { stageTable } from '../../../local/cli/report';
import { pipelineFile } from '../../../local/cli/run-pipeline';

describe('name=value options', () => {
  it('split at the first equals sign', () => {
    assert.deepEqual(pairs('set', ['alpha=2.0', 'query=a=b', 'empty=']), { alpha: '2.0', query: 'a=b', empty: '' });
  });

  for (const texts of [['alpha'], ['=2'], ['a=1', 'a=2']]) {
    it(`refuse ${texts.join(' ')}`, () => {
      assert.throws(() => pairs('set', texts), UsageError);
    });
  }

  it('refuse what is no port', () => {
    assert.equal(portOf('port', '8080'), 8080);
    for (const text of ['0', '65532', 'x', '1.5', '', '0x50', '+80', '8e1', ' 80'])
      assert.throws(() => portOf('port', text), UsageError);
  });
});

describe('mlops env', () => {
  it('quotes every value so that a shell reads back exactly it, and nothing of it as code', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', ' ', "'", '"', '$', '`', '\\', '\n', ';', '(', '!', '*', 'é') }),
        (value) => {
          const script = `${exports({ VALUE: value })}printf '%s.' "$VALUE"`;
          assert.equal(spawnSync('sh', ['-c', script], { encoding: 'utf8' }).stdout, `${value}.`);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('refuses a name that a shell would not take as one', () => {
    assert.throws(() => exports({ 'A;rm': 'x' }), /is not a name of a shell variable/);
  });
});

describe('the lock of a state folder', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lock-test-'));
    file = join(folder, 'lock');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is held once, names its holder, and is free again afterwards', () => {
    const release = takeLock(file, 'mlops demo');
    assert.throws(
      () => takeLock(file, 'mlops run'),
      new RegExp(`mlops demo is already running here \\(process ${process.pid}\\)`),
    );
    release();
    takeLock(file, 'mlops run')();
    assert.equal(existsSync(file), false);
  });

  it('is taken over from a process that ended', async () => {
    const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    await once(child, 'exit');
    writeFileSync(file, JSON.stringify({ pid: child.pid, started: 'Mon Jan  1 00:00:00 2024', what: 'mlops demo' }));
    assert.equal(lockOwner(file), undefined);
    takeLock(file, 'mlops run')();
  });

  it('is taken over when the number of its process belongs to another one by now', () => {
    writeFileSync(file, JSON.stringify({ pid: process.pid, started: 'Mon Jan  1 00:00:00 2024', what: 'mlops demo' }));
    takeLock(file, 'mlops run')();
  });

  it('is taken over when it is damaged', () => {
    writeFileSync(file, '{"pid":');
    takeLock(file, 'mlops run')();
  });

  it('is not released by somebody who does not hold it any more', () => {
    const release = takeLock(file, 'mlops demo');
    const other = JSON.stringify({ pid: process.pid, started: startOf(process.pid), what: 'another' });
    writeFileSync(file, other);
    release();
    assert.equal(readFileSync(file, 'utf8'), other);
  });

  it('knows a living process from one that ended', async () => {
    const child = spawn('sleep', ['30'], { stdio: 'ignore' });
    const { pid } = child;
    assert.ok(pid !== undefined);
    const started = startOf(pid) ?? '';
    assert.equal(isSameProcess(pid, started), true);
    assert.ok(descendants().includes(pid));
    child.kill();
    await once(child, 'exit');
    assert.equal(isSameProcess(pid, started), false);
  });
});

describe('the stage table', () => {
  it('shows every stage in its order with result and time', () => {
    const record = { state: 'completed', type: 'Stage' };
    const timeline = {
      changeId: 1,
      records: [
        { ...record, id: '2', name: 'Second?', identifier: 'Production', result: 'skipped', order: 2 },
        {
          ...record,
          id: '1',
          name: 'First?',
          identifier: 'Train',
          result: 'succeeded',
          order: 1,
          startTime: '2026-01-01T00:00:00Z',
          finishTime: '2026-01-01T00:01:05Z',
        },
      ],
    };
    const build = {
      id: 1,
      buildNumber: '20260101.1',
      status: 'completed',
      result: 'succeeded',
      queueTime: '2026-01-01T00:00:00Z',
      startTime: '2026-01-01T00:00:00Z',
      finishTime: '2026-01-01T00:01:06Z',
      definition: { id: 1, name: 'diabetes' },
      requestedFor: { id: 'a', displayName: 'Ana Ruiz' },
      _links: { web: { href: 'http://127.0.0.1/' } },
    };
    assert.deepEqual(stageTable({ build, timeline }), [
      '  ✔ Train       succeeded            1 min 5 s',
      '  – Production  skipped',
      '',
      'Run 20260101.1 succeeded in 1 min 6 s.',
    ]);
    assert.deepEqual([0.26, 12.4, 60].map(seconds), ['0.3 s', '12 s', '1 min 0 s']);
  });
});

describe('a pipeline file', () => {
  it('is named after its repository, whose root may lie above it', () => {
    const root = join(__dirname, '..', '..', '..');
    const file = join(root, 'examples', 'diabetes', 'azure-pipelines.yml');
    assert.deepEqual(pipelineFile(file), {
      name: 'diabetes',
      root: join(root, 'examples', 'diabetes'),
      file: 'azure-pipelines.yml',
    });
    assert.equal(pipelineFile(file, root).file, 'examples/diabetes/azure-pipelines.yml');
    assert.throws(() => pipelineFile(file, join(root, 'test')), /is not in the repository/);
    assert.throws(() => pipelineFile(join(root, 'none.yml')), /There is no pipeline file/);
  });
});

describe('the help', () => {
  for (const command of commands) {
    it(`of ${command.name} tells of every option that it takes, and of no other`, () => {
      const told = Object.keys(command.help).map((one) => one.split(' ')[0]);
      const wanted = command.hidden ? told : Object.keys(command.options);
      assert.deepEqual([...told].sort(), [...wanted].sort());
      assert.match(commandHelp(command), new RegExp(`^Usage: mlops ${command.name}`, 'm'));
    });
  }
});
