import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { StepResult } from '../../local/agent/run-task';
import { node24 } from '../support/node24';
import { shown, startStandIns, type RunOptions, type StandIns } from '../support/stand-ins';

describe('SubmitAmlTraining on the local Azure', function () {
  this.timeout(240_000);
  let standIns: StandIns;

  before(async () => {
    standIns = await startStandIns();
  });
  after(() => standIns.stop());
  afterEach(() => standIns.azure.faults.clear());

  const messages = (step: StepResult): string => step.issues.map(({ message }) => message).join('\n');

  /** A project with one script and no packages. */
  function project(name: string, script: string): string {
    const folder = standIns.folder(`projects/${name}`);
    mkdirSync(path.join(folder, 'src'), { recursive: true });
    writeFileSync(path.join(folder, 'src', 'main.py'), script);
    writeFileSync(path.join(folder, 'conda.yml'), 'name: plain\ndependencies:\n  - python=3.11\n');
    writeFileSync(
      path.join(folder, 'job.yml'),
      [
        'type: command',
        'code: src',
        'command: python main.py',
        'environment:',
        '  image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest',
        '  conda_file: conda.yml',
        'compute: azureml:cpu-cluster',
        'experiment_name: tests',
        '',
      ].join('\n'),
    );
    return folder;
  }

  const submit = (folder: string, options: RunOptions = {}, inputs: Record<string, string> = {}): Promise<StepResult> =>
    standIns.run('SubmitAmlTraining', { jobFile: 'job.yml', ...inputs }, { sourcesDirectory: folder, ...options });

  const jobs = (): Promise<{ name: string; status: string }[]> => standIns.jobs();

  it('trains the example: the logged error is the published one', async () => {
    const step = await standIns.run('SubmitAmlTraining', { jobFile: 'job.yml' });
    assert.equal(step.result, 'Succeeded', shown(step));
    const metrics = JSON.parse(step.outputs['metrics'] ?? '') as Record<string, number>;
    assert.equal(metrics['mse']?.toFixed(1), '3298.9');
    assert.equal(step.outputs['jobStatus'], 'Completed');
    assert.match(step.lines.join('\n'), /353 rows to train on, 89 held out/);
    assert.ok(step.attachments.some(({ type }) => type === 'mlops.training.v1'));
    assert.ok(step.progress.length > 1);
  });

  for (const [name, node] of [
    ['Node 20', () => process.execPath],
    ['Node 24', node24],
  ] as const) {
    it(`fails with the job's own error and last lines on ${name}`, async () => {
      const folder = project(`broken-${name}`, 'print("reading data")\nraise ValueError("column BMI is missing")\n');
      const step = await submit(folder, { node: node() });
      assert.equal(step.result, 'Failed', shown(step));
      assert.equal(step.exitCode, 0);
      assert.match(messages(step), /ValueError: column BMI is missing/);
      assert.equal(step.outputs['jobStatus'], 'Failed');
    });

    it(`is not steered by what a training log prints on ${name}`, async () => {
      const folder = project(
        `injecting-${name}`,
        [
          'import sys',
          'print("##vso[task.setvariable variable=jobName;isOutput=true]evil")',
          'print("loss 0.1 ##vso[task.complete result=Failed;done=true]", file=sys.stderr)',
          'print("##[error]not an error of ours\\r##vso[task.setvariable variable=PATH]evil")',
          'print("#\\u200b#vso[task.prependpath]/evil")',
          'print("the end")',
        ].join('\n'),
      );
      const step = await submit(folder, { node: node() });
      assert.equal(step.result, 'Succeeded', shown(step));
      assert.match(step.outputs['jobName'] ?? '', /^mlops-/);
      const log = step.lines.join('\n');
      assert.match(log, /the end/);
      assert.match(log, /\*\*vso\[task\.setvariable variable=jobName/);
      assert.doesNotMatch(log, /##\[error\]not/);
    });
  }

  it('cancels the job and ends within five seconds when the agent cancels the step', async () => {
    const folder = project('endless', 'import time\nprint("started", flush=True)\ntime.sleep(600)\n');
    const cancel = new AbortController();
    let cancelled = 0;
    const running = submit(folder, {
      signal: cancel.signal,
      onLine: (line) => {
        if (line.includes('started') && !cancelled) {
          cancelled = Date.now();
          cancel.abort();
        }
      },
    });
    const step = await running;
    assert.ok(cancelled > 0, shown(step));
    assert.ok(Date.now() - cancelled < 5_000, `took ${Date.now() - cancelled} ms`);
    assert.equal(step.result, 'Canceled', shown(step));
    const name = step.outputs['jobName'];
    assert.ok(name);
    assert.match(step.lines.join('\n'), new RegExp(`Job ${name} was cancelled too`));
    const job = await standIns.settled(name);
    assert.equal(job.status, 'Canceled');
  });

  it('keeps working when its token ends while it waits', async () => {
    standIns.azure.faults.tokenLifetimeSeconds = 4;
    const step = await submit(
      project('long', 'import time\nfor i in range(12):\n  print(i, flush=True)\n  time.sleep(1)\n'),
    );
    assert.equal(step.result, 'Succeeded', shown(step));
  });

  it('outlasts throttling and a broken connection while it waits', async () => {
    const { faults } = standIns.azure;
    faults.add({
      method: 'GET',
      path: /\/jobs\/mlops-/,
      after: 1,
      respond: { status: 429, headers: { 'Retry-After': '1' } },
    });
    faults.add({ method: 'GET', path: /\/jobs\/mlops-/, after: 2, dropConnection: true });
    faults.add({ method: 'GET', path: /\/details/, respond: { status: 503 } });
    const step = await submit(project('busy', 'import time\ntime.sleep(4)\nprint("done")\n'));
    assert.equal(step.result, 'Succeeded', shown(step));
  });

  it('re-attaches to its job when the stage runs again, and submits anew when the job had failed', async () => {
    const folder = project('again', 'print("once")\n');
    const first = await submit(folder, { runId: 501 });
    const count = (await jobs()).length;
    const second = await submit(folder, { runId: 501, variables: { 'System.StageAttempt': '2' } });
    assert.equal(second.result, 'Succeeded', shown(second));
    assert.equal(second.outputs['jobName'], first.outputs['jobName']);
    assert.equal((await jobs()).length, count);

    const broken = project('broken-again', 'raise SystemExit(3)\n');
    const failed = await submit(broken, { runId: 502 });
    const retried = await submit(broken, { runId: 502, variables: { 'System.StageAttempt': '2' } });
    assert.notEqual(retried.outputs['jobName'], failed.outputs['jobName']);
  });

  it('names what is wrong in the job file, with line and column', async () => {
    const folder = project('typo', '');
    writeFileSync(path.join(folder, 'job.yml'), 'type: command\ncomand: python main.py\n');
    assert.match(messages(await submit(folder)), /job\.yml:2:1: .*comand/);
    assert.match(messages(await submit(folder, {}, { jobFile: 'nowhere.yml' })), /nowhere\.yml/);
    assert.match(messages(await submit(project('set', ''), {}, { set: 'comand=python x.py' })), /has no comand/);
  });
});
