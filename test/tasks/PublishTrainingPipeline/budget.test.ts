import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { TaskError } from '../../../lib/agent/errors';
import {
  checkBudget,
  nodeHours,
  spendingOf,
  UnknownHours,
  type NodeHours,
} from '../../../tasks/PublishTrainingPipeline/budget';

const id = (name: string): string =>
  `/subscriptions/s/resourceGroups/g/providers/p/workspaces/w/components/${name}/versions/1`;
const components: Record<string, unknown> = {
  [id('four')]: { type: 'command', resources: { instance_count: 4 } },
  [id('inner')]: {
    type: 'pipeline',
    inputs: { n: { type: 'integer', default: '2' } },
    jobs: {
      a: { type: 'command', limits: { timeout: 'PT30M' }, resources: { instance_count: '${{parent.inputs.n}}' } },
    },
  },
};
components[id('empty')] = { type: 'pipeline', jobs: {} };
const find = (wanted: string): Promise<unknown> =>
  Promise.resolve({ properties: { componentSpec: components[wanted] } });
const hours = async (node: unknown, otherwise?: number): Promise<[number | undefined, number][]> =>
  (await nodeHours({ jobs: { node } }, find, {}, otherwise)).map((one) => [one.hours, one.instances]);

describe('hours of a pipeline', () => {
  it('are the limit of each node times its instances', async () => {
    assert.deepEqual(
      await hours({ type: 'command', limits: { timeout: 'PT1H30M' }, resources: { instance_count: 2 } }),
      [[1.5, 2]],
    );
    assert.deepEqual(await hours({ type: 'command', componentId: id('four') }, 0.5), [[0.5, 4]]);
    assert.deepEqual(await hours({ type: 'command' }), [[undefined, 1]]);
  });

  it('of sweeps are those of the trials that run at a time', async () => {
    const limits = { max_total_trials: 10, max_concurrent_trials: 4, trial_timeout: 3600 };
    assert.deepEqual(await hours({ type: 'sweep', limits }), [[3, 4]]);
    assert.deepEqual(await hours({ type: 'sweep', limits: { ...limits, timeout: 7200 } }), [[2, 4]]);
    assert.deepEqual(
      await hours({ type: 'automl', limits: { timeout_minutes: 90, max_concurrent_trials: 3, max_nodes: 4 } }),
      [[1.5, 12]],
    );
  });

  it('of Spark count driver and executors', async () => {
    assert.deepEqual(await hours({ type: 'spark', conf: { 'spark.executor.instances': 3 } }, 1), [[1, 4]]);
  });

  it('of pipelines inside are those of their nodes, with the values that they get', async () => {
    assert.deepEqual(await hours({ type: 'pipeline', componentId: `azureml:${id('inner')}` }), [[0.5, 2]]);
    const inputs = { n: { job_input_type: 'literal', value: '5' } };
    assert.deepEqual(await hours({ type: 'pipeline', componentId: id('inner'), inputs }), [[0.5, 5]]);
  });

  it('are not known when the instances are not', async () => {
    const node = { type: 'command', resources: { instance_count: '${{parent.inputs.missing}}' } };
    await assert.rejects(hours(node, 1), /"node" has the instance count .*parent\.inputs\.missing/);
  });
});

describe('hours that cannot be known', () => {
  const registry = (name: string): string => `azureml://registries/reg/components/${name}/versions/1`;
  const refused: [string, Record<string, unknown>, RegExp][] = [
    ['a pipeline of a registry', { type: 'pipeline', componentId: registry('big') }, /"node" runs the component .*\/big/],
    ['a pipeline that is not there', { type: 'pipeline', componentId: id('missing') }, /"node" runs .*\/missing/],
    ['a component of unknown kind', { componentId: registry('big') }, /"node" runs the component/],
    ['a pipeline without nodes', { type: 'pipeline', componentId: id('empty') }, /pipeline of the node "node" names no nodes/],
    ['a command of a registry', { type: 'command', componentId: registry('big') }, /"node" runs the component/],
    ['a trial of a registry', { type: 'sweep', trial: { componentId: registry('t') }, limits: { max_concurrent_trials: 2 } }, /"node" runs/],
    ['Spark of a registry', { type: 'spark', componentId: registry('big') }, /"node" runs the component/],
    ['executors by an input', { type: 'spark', conf: { 'spark.executor.instances': '${{parent.inputs.n}}' } }, /"node" has conf\.spark\.executor\.instances/],
    ['trials by an input', { type: 'sweep', limits: { max_concurrent_trials: '${{parent.inputs.n}}' } }, /"node" has limits\.max_concurrent_trials/],
    ['trials without a limit', { type: 'sweep', limits: { timeout: 60 } }, /"node" has no limits\.max_concurrent_trials/],
    ['machines of AutoML by an input', { type: 'automl', limits: { max_nodes: '${{parent.inputs.n}}' } }, /"node" has limits\.max_nodes/],
    ['a time limit by an input', { type: 'command', limits: { timeout: '${{parent.inputs.n}}' } }, /"node" has limits\.timeout/],
    ['a loop', { type: 'do_while' }, /"node" repeats others/],
  ]; // prettier-ignore
  for (const [what, node, message] of refused) {
    it(`are those of ${what}`, () =>
      assert.rejects(hours(node, 1), (error: unknown) => {
        assert.ok(error instanceof UnknownHours);
        assert.match(error.message, /^No budget can be kept: /);
        assert.match(error.message, message);
        return true;
      }));
  }

  it('are those of a pipeline without nodes, never 0', async () => {
    await assert.rejects(nodeHours({ jobs: {} }, find), /No budget can be kept: the pipeline names no nodes/);
    await assert.rejects(nodeHours(undefined, find), /the pipeline names no nodes/);
  });

  it('are not asked of a component whose node says how many machines it takes', async () => {
    const resources = { instance_count: 3 };
    assert.deepEqual(await hours({ type: 'command', componentId: registry('big'), resources }, 1), [[1, 3]]);
    const conf = { 'spark.executor.instances': '30', 'spark.dynamicAllocation.maxExecutors': 2 };
    assert.deepEqual(await hours({ type: 'spark', componentId: registry('big'), conf }, 1), [[1, 31]]);
  });

  it('are not needed to say how often the trigger starts', () => {
    const { text, hoursPerRun } = spendingOf(new UnknownHours('why', ''), 1, 'The calendar');
    assert.equal(
      text,
      'The calendar starts the pipeline at most once in the next 365 days. No budget can be kept: why.',
    );
    assert.equal(hoursPerRun, undefined);
  });
});

describe('the yearly budget', () => {
  const node = (name: string, time: number | undefined, instances = 1): NodeHours => ({ name, hours: time, instances });
  const refusal = (nodes: NodeHours[], runs: number, budget: number): TaskError | undefined => {
    try {
      checkBudget(spendingOf(nodes, runs, 'The calendar'), budget);
      return undefined;
    } catch (error) {
      return error as TaskError;
    }
  };

  it('is refused with its arithmetic in one sentence, and what would fit', () => {
    const error = refusal([node('prepare', 0.5), node('train', 2, 4)], 365, 1000);
    assert.equal(
      error?.message,
      'The yearly budget of 1000 h is too small: The calendar starts the pipeline at most 365 times in the next 365 days, a run takes at most 8.5 compute hours (prepare 0.5 h × 1 + train 2 h × 4): 365 × 8.5 h = 3102.5 h a year.',
    );
    assert.match(error.advice ?? '', /117 runs a year, or 2\.73 compute hours a run\. Nothing was published/);
  });

  it('says of a pipeline that nothing starts that nothing does', () => {
    const { text } = spendingOf([node('train', 2)], 0, undefined);
    assert.match(text, /^Nothing starts the pipeline by itself, a run takes at most 2 compute hours/);
    assert.match(spendingOf([node('train', 2)], 0, 'The calendar').text, /^The calendar does not start the pipeline/);
  });

  it('cannot be kept by a node without a limit', () => {
    assert.match(
      refusal([node('train', undefined)], 12, 1e6)?.message ?? '',
      /cannot be kept: .*not limited \(train\)/,
    );
  });

  it('holds exactly when runs × hours × instances stay within it', () => {
    const some = fc.array(fc.tuple(fc.integer({ min: 1, max: 48 }), fc.integer({ min: 1, max: 8 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(
        some,
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 1, max: 200_000 }),
        (list, runs, budget) => {
          const nodes = list.map(([quarters, instances], index) => node(`n${index}`, quarters / 4, instances));
          const total = runs * list.reduce((sum, [quarters, instances]) => sum + (quarters / 4) * instances, 0);
          const error = refusal(nodes, runs, budget);
          assert.equal(error === undefined, total <= budget);
          if (!error) return;
          const fitting = Number(/What would fit: (\d+) runs/.exec(error.advice ?? '')?.[1]);
          assert.equal(refusal(nodes, fitting, budget), undefined);
          assert.notEqual(refusal(nodes, fitting + 1, budget), undefined);
        },
      ),
    );
  });
});

describe('a budget of exactly what a year takes', () => {
  it('holds, whatever tenths of hours it is made of', () => {
    const nodes = [0.1, 0.2].map((hours, index) => ({ name: `n${index}`, hours, instances: 1 }));
    const spending = spendingOf(nodes, 365, 'The calendar');
    assert.equal(spending.hoursPerYear, 109.5);
    assert.doesNotThrow(() => checkBudget(spending, 109.5));
    assert.throws(() => checkBudget(spending, 109.49), /too small/);
  });
});
