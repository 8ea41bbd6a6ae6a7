import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { combinations } from '../../../local/azure/ml/sweep/sampling';
import { readSweepSettings } from '../../../local/azure/ml/sweep/settings';
import { Termination } from '../../../local/azure/ml/sweep/termination';
import { MlWorkspace, valueAt, type Reply } from '../../support/ml-workspace';
import { metricLogger } from './metric-logger';

type Members = Record<string, unknown>;

describe('sweep jobs of the local Azure', () => {
  let ws: MlWorkspace;
  let bare: string;
  let codeId: string;

  before(async () => {
    ws = await MlWorkspace.start();
    bare = await ws.environment('bare', []);
    codeId = await ws.code('trials', { 'metric.py': metricLogger, 'train.py': train, 'slow.py': slow });
  });
  after(() => ws.stop());

  const grid = (command: string, more: Members = {}): Members => ({
    jobType: 'Sweep',
    trial: { command, codeId, environmentId: bare },
    searchSpace: { lr: ['choice', [[0.1, 0.3, 0.2]]] },
    samplingAlgorithm: { samplingAlgorithmType: 'Grid' },
    objective: { goal: 'Maximize', primaryMetric: 'accuracy' },
    limits: { jobLimitsType: 'Sweep', maxTotalTrials: 10, maxConcurrentTrials: 2 },
    ...more,
  });

  async function run(name: string, properties: Members): Promise<{ job: Reply; seen: string[] }> {
    const put = await ws.startJob(name, properties);
    assert.equal(put.status, 201, put.text);
    return ws.waitForJob(name);
  }

  async function trials(name: string): Promise<Members> {
    const found = (await ws.history(`/runs/${name}/children`)).list('value');
    return Object.fromEntries(found.map((one) => [String(valueAt(one, 'runId')), valueAt(one, 'status')]));
  }

  it('tries combinations as jobs of their own and names the best', async () => {
    const { job } = await run(
      'grid',
      grid('python train.py ${{search_space.lr}} ${{outputs.model}}', {
        outputs: { model: { jobOutputType: 'uri_folder', assetName: 'tuned' } },
      }),
    );
    assert.equal(job.at('properties/status'), 'Completed');
    assert.equal(job.at('properties/objective/goal'), 'Maximize');
    assert.equal(job.at('properties/properties/best_child_run_id'), 'grid_1');
    assert.equal(job.at('properties/properties/score'), '0.3');
    assert.deepEqual(await trials('grid'), { grid_0: 'Completed', grid_1: 'Completed', grid_2: 'Completed' });
    const model = await ws.core.blobs.read(await ws.container(), 'azureml/grid/model/model.txt');
    assert.equal(model.toString(), '0.3', "the sweep's outputs are those of its best trial");
    assert.match((await ws.arm('GET', '/data/tuned/versions/1')).str('properties/dataUri'), /azureml\/grid\/model$/);
    const log = await ws.log('grid', 'azureml-logs/hyperdrive.txt');
    assert.match(log, /\[API\]\[INFO\]Experiment created\n/);
    assert.match(log, /\[SCHEDULER\]\[INFO\]Scheduling job, id='grid_2'/);
    assert.equal((await ws.history('/runs/grid')).at('runType'), 'hyperdrive');
  });

  it('gives trials their hyperparameters as parameters of their runs, below the parent', async () => {
    const run = await ws.mlflow('GET', 'runs/get?run_id=grid_1');
    const pairs = (path: string): Record<string, unknown> =>
      Object.fromEntries(run.list(path).map((one) => [String(valueAt(one, 'key')), valueAt(one, 'value')]));
    assert.deepEqual(pairs('run/data/params'), { lr: '0.3' });
    const tags = pairs('run/data/tags');
    assert.equal(tags['mlflow.parentRunId'], 'grid');
    assert.equal(tags['hyperparameters'], '{"lr":"0.3"}');
    assert.match(await ws.log('grid_1'), /lr is 0\.3 0\.3/);
    assert.equal((await ws.arm('GET', '/jobs/grid_1')).at('properties/parentJobName'), 'grid');
    assert.equal((await ws.arm('GET', '/jobs')).list('value').length, 1, 'trials are not listed');
  });

  it('lets a trial log a hyperparameter in other digits, and no other value', async () => {
    const log = async (value: string): Promise<number> =>
      (await ws.mlflow('POST', 'runs/log-parameter', { run_id: 'grid_1', key: 'lr', value })).status;
    assert.deepEqual([await log('0.30'), await log('0.4')], [200, 400]);
  });

  it('ends trials that fall behind, by the metrics that they log while they run', async () => {
    const { job } = await run(
      'bandit',
      grid('python slow.py ${{search_space.lr}}', {
        searchSpace: { lr: ['choice', [[0.9, 0.1]]] },
        earlyTermination: { policyType: 'Bandit', evaluationInterval: 1, delayEvaluation: 2, slackFactor: 0.1 },
      }),
    );
    assert.deepEqual(await trials('bandit'), { bandit_0: 'Completed', bandit_1: 'Canceled' });
    assert.equal(job.at('properties/properties/best_child_run_id'), 'bandit_0');
  });

  it('completes when some trials fail, and fails when all do, naming them', async () => {
    const some = await run('some', grid('[ ${{search_space.lr}} != 0.1 ] && python train.py ${{search_space.lr}} .'));
    assert.equal(some.job.at('properties/status'), 'Completed');
    assert.equal((await trials('some'))['some_0'], 'Failed');
    const space = { lr: ['choice', [[1, 2, 3, 4, 5, 6]]] };
    const all = await run('all', grid('echo broken; exit 3', { searchSpace: space }));
    assert.equal(all.job.at('properties/status'), 'Failed');
    const message = (await ws.history('/runs/all/details')).str('error/error/message');
    assert.match(message, /all_0, all_1, all_2.*status code 3.*broken/s);
    assert.ok(Object.keys(await trials('all')).length < 6, 'the rest is not tried');
  });

  it('keeps to its limits of time', async () => {
    const limits = { jobLimitsType: 'Sweep', maxTotalTrials: 1, trialTimeout: 'PT1S' };
    const trial = await run('trial-limit', grid('sleep 100', { limits }));
    assert.equal(trial.job.at('properties/status'), 'Completed');
    assert.equal(trial.job.at('properties/properties/best_metric_status'), 'Failed');
    assert.deepEqual(await trials('trial-limit'), { 'trial-limit_0': 'Canceled' });
    const whole = await run(
      'limit',
      grid('sleep 100', { limits: { jobLimitsType: 'Sweep', maxTotalTrials: 1, timeout: 'PT1S' } }),
    );
    assert.equal(whole.job.at('properties/status'), 'Canceled');
    assert.match((await ws.history('/runs/limit/details')).str('error/error/message'), /limit of 1 s/);
  });

  it('cancels all trials', async () => {
    await ws.startJob('cancelled', grid('sleep 100'));
    for (let i = 0; i < 200 && (await trials('cancelled'))['cancelled_0'] !== 'Running'; i++) await sleep(20);
    assert.equal((await ws.arm('POST', '/jobs/cancelled/cancel')).status, 200);
    const { job } = await ws.waitForJob('cancelled');
    assert.equal(job.at('properties/status'), 'Canceled');
    assert.deepEqual([...new Set(Object.values(await trials('cancelled')))], ['Canceled']);
  });

  it('refuses what cannot be, naming the place', async () => {
    const cases: [string, Members, RegExp][] = [
      ['searchSpace', { searchSpace: {} }, /search space/],
      ['searchSpace.lr', { searchSpace: { lr: ['odd', [1]] } }, /'odd' is not a distribution/],
      ['searchSpace.lr', { searchSpace: { lr: ['uniform', [2, 1]] } }, /below its maximum/],
      ['samplingAlgorithm', { searchSpace: { lr: ['uniform', [0, 1]] } }, /grid supports choice only/],
      ['objective.goal', { objective: { goal: 'more', primaryMetric: 'a' } }, /neither/],
      ['trial.command', { trial: { command: 'echo ${{search_space.x}}', environmentId: bare } }, /no 'x'/],
      ['trial.environmentId', { trial: { command: 'true', environmentId: 'azureml:gone:1' } }, /no environment gone/],
      ['limits.maxTotalTrials', { limits: { jobLimitsType: 'Sweep', maxTotalTrials: 0 } }, /number of trials/],
    ];
    for (const [target, properties, expected] of cases) {
      const reply = await ws.startJob('refused', grid('true', properties));
      assert.equal(reply.status, 400, target);
      assert.equal(reply.at('error/target'), `properties.${target}`);
      assert.match(reply.str('error/details/0/message'), expected);
    }
  });

  it('are asked for and answered as the official documents say', async function () {
    if (!ws.judged) return this.skip(); // the official documents are not part of the repository
    // What a test got wrong on purpose is for the stand-in to refuse; newer members are in recorded answers.
    const known = /OBJECT_ADDITIONAL_PROPERTIES .*: (parentJobName|assetName) /;
    const problems = (await ws.problems()).filter((one) => !known.test(one) && !/ 400 request: /.test(one));
    assert.deepEqual([...new Set(problems)], []);
  });
});

describe('sampling of the local Azure', () => {
  const settings = (space: Members, algorithm: unknown): ReturnType<typeof readSweepSettings> =>
    readSweepSettings(
      { search_space: space, sampling_algorithm: algorithm, objective: { goal: 'minimize', primary_metric: 'm' } },
      'sweep',
    );
  const taken = (space: Members, algorithm: unknown, count: number): Record<string, string>[] => {
    const source = combinations(settings(space, algorithm));
    return Array.from({ length: count }, () => source.next()).flatMap((one) => (one.done === true ? [] : [one.value]));
  };
  const numbers = (expression: unknown, count = 2_000): number[] =>
    taken({ x: expression }, { type: 'random', seed: 1 }, count).map(({ x }) => Number(x));
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

  it('draws from every distribution within its bounds', () => {
    const within = (values: number[], low: number, high: number): void =>
      assert.ok(
        values.every((value) => value >= low && value <= high),
        `${Math.min(...values)}…${Math.max(...values)}`,
      );
    within(numbers(['uniform', [2, 3]]), 2, 3);
    within(numbers({ type: 'loguniform', min_value: -6, max_value: -1 }), Math.exp(-6), Math.exp(-1));
    assert.deepEqual(
      [...new Set(numbers(['quniform', [1, 10, 2]]))].sort((a, b) => a - b),
      [0, 2, 4, 6, 8, 10].slice(1),
    );
    assert.deepEqual([...new Set(numbers(['randint', [3]]))].sort(), [0, 1, 2]);
    assert.ok(Math.abs(mean(numbers(['normal', [5, 2]])) - 5) < 0.15);
    assert.ok(Math.abs(mean(numbers(['lognormal', [0, 1]]).map(Math.log))) < 0.1);
    assert.ok(numbers(['qnormal', [5, 2, 0.5]]).every((value) => Number.isInteger(value * 2)));
    assert.ok(numbers(['qloguniform', [1, 3, 0.1]]).every((value) => String(value).length <= 5));
    const words = taken({ x: ['choice', [['relu', true, 0.5]]] }, 'random', 60).map(({ x }) => x);
    assert.deepEqual([...new Set(words)].sort(), ['0.5', 'True', 'relu']);
  });

  it('gives the same combinations for the same seed', () => {
    const space = { a: ['uniform', [0, 1]], b: ['choice', [[1, 2, 3]]] };
    for (const rule of ['random', 'sobol']) {
      const draw = (seed: number): unknown => taken(space, { type: 'random', seed, rule }, 5);
      assert.deepEqual(draw(7), draw(7));
      assert.notDeepEqual(draw(7), draw(8));
    }
  });

  it('spreads a Sobol sequence evenly over every pair of hyperparameters', () => {
    const names = Array.from({ length: 19 }, (_, index) => `p${index}`);
    const space = Object.fromEntries(names.map((name) => [name, ['randint', [16]]]));
    const points = taken(space, { type: 'random', rule: 'sobol', seed: 3 }, 16);
    for (const name of names)
      assert.equal(new Set(points.map((point) => point[name])).size, 16, `each sixteenth of ${name} once`);
  });

  it('goes through a grid once', () => {
    const space = { a: ['choice', [[1, 2]]], b: ['choice', [['x', 'y', 'z']]] };
    const all = taken(space, 'grid', 10).map(({ a, b }) => `${a}${b}`);
    assert.deepEqual(all, ['1x', '1y', '1z', '2x', '2y', '2z']);
  });
});

describe('early termination of the local Azure', () => {
  const policy = (members: Members): Termination => {
    const objective = { goal: 'maximize', primary_metric: 'm' };
    const settings = readSweepSettings(
      { search_space: { x: ['choice', [[1]]] }, objective, early_termination: members },
      'sweep',
    );
    assert.ok(settings.policy !== undefined);
    return new Termination(settings.policy, settings.goal);
  };
  const progress = (runs: Record<string, number[]>) =>
    Object.entries(runs).map(([id, values]) => ({ id, values, isRunning: true }));

  it('bandit: ends what is outside the slack of the best at the same interval', () => {
    const factor = policy({ type: 'bandit', slack_factor: 0.2, evaluation_interval: 1 });
    assert.deepEqual(factor.toStop(progress({ a: [0.8], b: [0.67], c: [0.66] })), ['c']);
    const amount = policy({ policyType: 'Bandit', slackAmount: 0.1 });
    assert.deepEqual(amount.toStop(progress({ a: [0.8, 0.8], b: [0.75, 0.65], c: [0.6] })), ['c']);
  });

  it('median stopping: ends what is worse than the median of the running averages', () => {
    const stop = policy({ type: 'median_stopping' });
    assert.deepEqual(stop.toStop(progress({ a: [0.9], b: [0.5], c: [0.1] })), ['c']);
  });

  it('truncation selection: ends the worst part, and nobody when all are alike', () => {
    const members = { type: 'truncation_selection', truncation_percentage: 40 };
    assert.deepEqual(policy(members).toStop(progress({ a: [5], b: [4], c: [3], d: [2], e: [1] })), ['d', 'e']);
    assert.deepEqual(policy(members).toStop(progress({ a: [1], b: [1], c: [1], d: [1], e: [1] })), []);
  });

  it('looks at the intervals that the policy names, each once', () => {
    const late = policy({ type: 'bandit', slack_amount: 0, evaluation_interval: 2, delay_evaluation: 3 });
    assert.deepEqual(late.toStop(progress({ a: [1, 1, 1], b: [0, 0, 0] })), []);
    assert.deepEqual(late.toStop(progress({ a: [1, 1, 1, 1], b: [0, 0, 0, 0] })), ['b']);
    assert.deepEqual(late.toStop(progress({ a: [1, 1, 1, 1], b: [0, 0, 0, 0] })), []);
  });
});

const train = `
import os, sys
from metric import log
log("accuracy", float(sys.argv[1]))
print("lr is", sys.argv[1], os.environ["AZUREML_SWEEP_lr"])
open(sys.argv[2] + "/model.txt", "w").write(sys.argv[1])
`;

/** The good one ends soon; the other would go on for long. */
const slow = `
import sys, time
from metric import log
rate = float(sys.argv[1])
for step in range(4 if rate > 0.5 else 400):
    log("accuracy", rate, step)
    time.sleep(0.1)
`;
