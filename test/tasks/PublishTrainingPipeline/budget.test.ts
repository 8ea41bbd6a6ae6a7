import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { TaskError } from '../../../lib/agent/errors';
import { checkBudget, nodeHours, spendingOf, type NodeHours } from '../../../tasks/PublishTrainingPipeline/budget';

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
    assert.deepEqual(await hours({ type: 'automl', limits: { timeout_minutes: 90, max_concurrent_trials: 3 } }), [
      [1.5, 3],
    ]);
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
