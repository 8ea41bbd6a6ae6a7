import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { train } from '../../../tasks/SubmitAmlTraining/train';
import { armFault } from '../../support/fake-azure';
import { inputs, JobWorkspace, project, type JobScript } from './workspace';

const pace = { firstDelayMs: 1 };

const sweepYaml = `type: sweep
trial:
  command: python train.py --alpha \${{search_space.alpha}}
  code: src
  environment: azureml:env:1
compute: azureml:cpu-cluster
search_space: {alpha: {type: uniform, min_value: 0.1, max_value: 1.0}}
sampling_algorithm: random
objective: {goal: minimize, primary_metric: mse}
limits: {max_total_trials: 2}
`;

const pipelineYaml = `type: pipeline
settings: {default_compute: azureml:cpu-cluster}
jobs:
  prep: {type: command, command: python train.py, code: src, environment: azureml:env:1}
  fit: {type: command, command: python train.py, code: src, environment: azureml:env:1}
`;

interface Child {
  runId: string;
  displayName?: string;
  runType?: string;
  /** One for each look; the last for ever. */
  statuses: string[];
  /** The look from which on it is there. */
  from?: number;
  log?: string;
  error?: string;
  metrics?: Record<string, number>;
  params?: Record<string, string>;
}

/** A workspace whose job has runs below it. */
function workspaceWith(
  script: JobScript,
  children: Record<string, Child[]>,
  properties: Record<string, string> = {},
): JobWorkspace {
  const workspace = new JobWorkspace(script);
  const looks = new Map<string, number>();
  const all = Object.values(children).flat();
  workspace.fake.on('GET', '/history/v1.0.*/runs/([^/]+)/children', (_seen, [, parent = '']) => {
    const key = parent.startsWith('mlops-') ? 'job' : parent;
    const look = looks.get(key) ?? 0;
    looks.set(key, look + 1);
    const there = (children[key] ?? []).filter(({ from = 0 }) => look >= from);
    const value = there.map(({ runId, displayName, runType, statuses }) => ({
      runId,
      displayName,
      runType: runType ?? 'azureml.StepRun',
      status: statuses[Math.min(look, statuses.length - 1)],
      startTimeUtc: '2026-11-21T10:00:00Z',
      endTimeUtc: look >= statuses.length - 1 ? '2026-11-21T10:01:05Z' : undefined,
    }));
    return { body: { value } };
  });
  for (const { runId, log, error, metrics = {}, params = {} } of all) {
    const address = `https://logs.blob.core.windows.net/node/${runId}?sig=bG9nLXNpZ25hdHVyZQ%3D%3D`;
    workspace.fake.on('GET', `/history/v1.0.*/runs/${runId}/details`, () => ({
      body: {
        runId,
        error: error && { error: { code: 'UserError', message: error } },
        logFiles: log === undefined ? {} : { 'user_logs/std_log.txt': address },
      },
    }));
    workspace.fake.on('GET', `/node/${runId}`, ({ headers }) => {
      const from = Number(/^bytes=(\d+)-/.exec(headers['range'] ?? '')?.[1] ?? 0);
      const bytes = Buffer.from(log ?? '').subarray(from);
      return bytes.length === 0 ? { status: 416 } : { status: 206, body: bytes };
    });
    workspace.fake.on('GET', '/mlflow/.*/runs/get', ({ query }) =>
      query['run_id'] === runId ? { body: tracked(metrics, params) } : undefined,
    );
  }
  const job = '{ws}/jobs/([^/]+)';
  let gets = 0;
  workspace.fake.on('GET', job, (_seen, [, name = '']) => {
    if (!workspace.created.some(([created]) => created === name)) return undefined;
    const status = script.statuses[Math.min(gets++, script.statuses.length - 1)];
    return { body: { name, properties: { status, properties } } };
  });
  return workspace;
}

function tracked(metrics: Record<string, number>, params: Record<string, string>): unknown {
  const list = (values: Record<string, unknown>): unknown[] =>
    Object.entries(values).map(([key, value]) => ({ key, value }));
  return { run: { info: {}, data: { metrics: list(metrics), params: list(params), tags: [] } } };
}

function projectWith(yaml: string): string {
  const folder = project();
  writeFileSync(path.join(folder, 'job.yml'), yaml);
  return folder;
}

describe('SubmitAmlTraining of a job with runs below it', () => {
  it('shows the nodes of a pipeline with state, time and log, also those of a pipeline inside it', async () => {
    const script = { statuses: ['Running', 'Running', 'Running', 'Completed'] };
    const workspace = workspaceWith(script, {
      job: [
        { runId: 'r1', displayName: 'prep', statuses: ['Running', 'Completed'], log: 'cleaning\ndone' },
        {
          runId: 'r2',
          displayName: 'inner',
          runType: 'azureml.PipelineRun',
          statuses: ['NotStarted', 'Running', 'Completed'],
        },
      ],
      r2: [
        {
          runId: 'r3',
          displayName: 'fit',
          statuses: ['Running', 'Completed'],
          log: 'epoch 1\nepoch 2',
          metrics: { mse: 2 },
        },
      ],
    });
    const outcome = await train(inputs(projectWith(pipelineYaml)), {
      agent: workspace.agent,
      azure: workspace.fake.azure,
      pace,
    });
    assert.equal(outcome.result, 'succeeded');
    const text = workspace.agent.lines.join('\n');
    assert.match(text, /Node prep: Running/);
    assert.match(text, /Node inner \/ fit: Completed \(1 min 5 s\)/);
    assert.match(text, /^\[prep\] cleaning$/m);
    assert.match(text, /^\[prep\] done$/m);
    assert.match(text, /^\[inner \/ fit\] epoch 1$/m);
    assert.match(
      text,
      /Nodes:\n {2}prep {3}Completed {2}1 min 5 s\n {2}inner {2}Completed {2}1 min 5 s\n {4}fit {2}Completed/,
    );
    assert.deepEqual(JSON.parse(workspace.agent.outputs['metrics'] ?? ''), { mse: 2 });
  });

  it('names the node that failed and its exception in one line', async () => {
    const script = { statuses: ['Running', 'Failed'] };
    const workspace = workspaceWith(script, {
      job: [
        {
          runId: 'r1',
          displayName: 'prep',
          statuses: ['Failed'],
          log: 'Traceback …\nKeyError: "AGE"\n',
          error: 'the user script failed',
        },
      ],
    });
    const outcome = await train(inputs(projectWith(pipelineYaml)), {
      agent: workspace.agent,
      azure: workspace.fake.azure,
      pace,
    });
    assert.equal(outcome.result, 'failed');
    assert.match(outcome.message, /ended as Failed: node prep: KeyError: "AGE"/);
  });

  it('reports the best trial of a sweep, with its parameters and metrics, and no logs of trials', async () => {
    const script = { statuses: ['Running', 'Completed'] };
    const trials: Child[] = [0, 1].map((index) => ({
      runId: `s_${index}`,
      displayName: `s_${index}`,
      statuses: ['Completed'],
      log: `trial ${index}`,
      metrics: { mse: 3 - index },
      params: { alpha: `0.${index}` },
    }));
    const workspace = workspaceWith(script, { job: trials }, { best_child_run_id: 's_1', score: '2' });
    await train(inputs(projectWith(sweepYaml)), { agent: workspace.agent, azure: workspace.fake.azure, pace });
    const text = workspace.agent.lines.join('\n');
    assert.match(text, /Best trial: s_1 \(score 2; alpha=0\.1\)/);
    assert.doesNotMatch(text, /trial 0/);
    assert.deepEqual(JSON.parse(workspace.agent.outputs['metrics'] ?? ''), { mse: 2 });
  });

  it('shows a pipeline inside that run history calls a step, and keeps what is below a node together', async () => {
    const script = { statuses: ['Running', 'Running', 'Running', 'Running', 'Failed'] };
    const workspace = workspaceWith(script, {
      job: [
        {
          runId: 'r1',
          displayName: 'inner',
          statuses: ['Running', 'Running', 'Running', 'Failed'],
          error: 'a child failed',
        },
        {
          runId: 'r2',
          displayName: 'tune',
          runType: 'hyperdrive',
          statuses: ['Running', 'Running', 'Running', 'Completed'],
        },
        { runId: 'r3', displayName: 'last', statuses: ['Running', 'Completed'], log: 'ok' },
      ],
      // Its run is there from the second look on.
      r1: [
        {
          runId: 'r4',
          displayName: 'fit',
          from: 1,
          statuses: ['NotStarted', 'Running', 'Failed'],
          log: 'KeyError: "AGE"',
        },
      ],
      r2: [{ runId: 't_0', statuses: ['Failed'], displayName: 't_0', log: 'ValueError: alpha' }],
    });
    const outcome = await train(inputs(projectWith(pipelineYaml)), {
      agent: workspace.agent,
      azure: workspace.fake.azure,
      pace,
    });
    const text = workspace.agent.lines.join('\n');
    assert.match(text, /Nodes:\n {2}inner .*\n {4}fit .*\n {2}tune .*\n {4}t_0 .*\n {2}last /);
    assert.match(text, /^\[inner \/ fit\] KeyError/m);
    assert.match(outcome.message ?? '', /ended as Failed: node inner \/ fit: KeyError: "AGE"/);
  });

  it('names the exception of a sweep whose trials failed, and says when none has the metric', async () => {
    const trials: Child[] = [0, 1].map((index) => ({
      runId: `s_${index}`,
      displayName: `s_${index}`,
      statuses: ['Failed'],
      log: `reading\nValueError: alpha ${index}\n`,
      error: 'the user script failed',
    }));
    const submit = async (status: string, children: Child[]) => {
      const { agent, fake } = workspaceWith({ statuses: ['Running', status] }, { job: children });
      const { message } = await train(inputs(projectWith(sweepYaml)), { agent, azure: fake.azure, pace });
      return { message, lines: agent.lines.join('\n'), warnings: agent.warnings.join('\n') };
    };
    const failed = await submit('Failed', trials);
    assert.match(failed.message ?? '', /ended as Failed: node s_0: ValueError: alpha 0/);
    assert.doesNotMatch(failed.lines, /reading/);
    const silent = await submit('Completed', [{ runId: 's_0', displayName: 's_0', statuses: ['Completed'] }]);
    assert.match(silent.warnings, /no best trial: did a trial log the metric "mse"/);
  });

  it('shows the nodes after one that run history cannot look into', async () => {
    const children = ['prep', 'fit'].map((runId) => ({
      runId,
      displayName: runId,
      statuses: ['Running', 'Completed'],
    }));
    const workspace = workspaceWith({ statuses: ['Running', 'Completed'] }, { job: children });
    workspace.fake.on('GET', '/history/v1.0.*/runs/prep/children', () => armFault(404, 'NotFound', 'no such run'));
    const { agent, fake } = workspace;
    await train(inputs(projectWith(pipelineYaml)), { agent, azure: fake.azure, pace });
    assert.match(agent.lines.join('\n'), /Node fit: Running/);
    assert.deepEqual(agent.warnings, []);
  });

  it('does not fail because the nodes cannot be listed', async () => {
    const workspace = workspaceWith({ statuses: ['Running', 'Completed'] }, {});
    workspace.fake.on('GET', '/history/v1.0.*/runs/([^/]+)/children', () => armFault(500, 'InternalError', 'oops'));
    const outcome = await train(inputs(projectWith(pipelineYaml)), {
      agent: workspace.agent,
      azure: workspace.fake.azure,
      pace,
    });
    assert.equal(outcome.result, 'succeeded');
    assert.match(workspace.agent.warnings.join('\n'), /nodes of job mlops-[0-9a-f]{20} cannot be shown/);
  });
});
