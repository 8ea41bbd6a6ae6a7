import assert from 'node:assert/strict';
import { propertiesOf, refuses } from './support';

const head = `type: sweep
trial: {command: 'run {inputs.x} \${{search_space.a}}', environment: azureml:e:1}
inputs: {x: 1}
objective: {primary_metric: m, goal: Maximize}
`;
const limits = 'limits: {max_total_trials: 2}\n';
const space = 'search_space: {a: {type: uniform, min_value: 0, max_value: 1.5}}\n';

describe('a sweep job', () => {
  it('writes every distribution as a name and its terms', async () => {
    const { searchSpace } = await propertiesOf(`${head}${limits}search_space:
  a: {type: choice, values: [1, 1.5, x, {b: {type: choice, values: [y]}, c: {type: qnormal, mu: "1", sigma: 2, q: 3}, d: z}]}
  e: {type: randint, upper: "7"}
  f: {type: LogUniform, max_value: 2, min_value: 1e3}
`);
    assert.deepEqual(searchSpace, {
      a: ['choice', [[1, 1.5, 'x', { b: ['choice', [['y']]], c: ['qnormal', [1, 2, 3]], d: 'z' }]]],
      e: ['randint', [7]],
      f: ['loguniform', [1000, 2]],
    });
  });

  it('raises limits below a minute, and leaves limits of nothing out', async () => {
    const sent = await propertiesOf(`${head}${space}limits: {max_total_trials: 2, timeout: 5, trial_timeout: 0}\n`);
    assert.deepEqual(sent['limits'], { jobLimitsType: 'Sweep', maxTotalTrials: 2, timeout: 'PT1M' });
  });

  it('gives policies and algorithms their standards', async () => {
    const sent = await propertiesOf(`${head}${space}${limits}early_termination: {type: MedianStopping}
sampling_algorithm: {type: random, logbase: e, rule: sobol}
`);
    const policy = { policyType: 'MedianStopping', evaluationInterval: 1, delayEvaluation: 0 };
    assert.deepEqual(sent['earlyTermination'], policy);
    assert.deepEqual(sent['samplingAlgorithm'], { samplingAlgorithmType: 'Random', logbase: 'e', rule: 'Sobol' });
  });

  it('runs the trial with the machines of the trial, and reads old braces', async () => {
    const sent = await propertiesOf(
      head.replace('azureml:e:1', 'azureml:e:1, resources: {instance_count: 2, docker_args: [-a, -b]}') +
        space +
        limits,
    );
    const machines = { instanceCount: 2, properties: {}, dockerArgsList: ['-a', '-b'] };
    assert.deepEqual(sent['resources'], machines);
    const { command, resources } = sent['trial'] as Record<string, unknown>;
    assert.equal(command, 'run ${{inputs.x}} ${{search_space.a}}');
    assert.deepEqual(resources, machines);
  });

  it('refuses what is not searched, and choices of nothing', async () => {
    await refuses(`${head}${limits}search_space: {b: {type: randint, upper: 2}}\n`, '2:18', /search_space\.a/);
    await refuses(`${head}${limits}search_space: {a: {type: choice}}\n`, '6:19', /"values" is missing/);
    await refuses(`${head}${limits}search_space: {a: {type: choice, values: [true]}}\n`, '6:43', /text or a number/);
  });
});
