import assert from 'node:assert/strict';
import { at } from '../../../../lib/agent/json';
import { nodeOf, planned, refusal } from './support';

/** A pipeline whose node `b` is given `value`, and whose node `a` reads that input of `b`. */
function reading(value: string, order: readonly ['a' | 'b', 'a' | 'b'] = ['b', 'a']): string {
  const nodes = {
    b: `  b: {command: echo, environment: "azureml:own:1", inputs: {i: ${value}}}\n`,
    a: '  a: {command: echo, environment: "azureml:own:1", inputs: {x: "${{parent.jobs.b.inputs.i}}"}}\n',
  };
  return `settings: {default_compute: azureml:cpu}
inputs: {n: 3, d: {type: mltable, path: azureml:d:1, mode: eval_mount}}
outputs: {o: {type: mltable}}
jobs:
${order.map((name) => nodes[name]).join('')}`;
}

async function declared(job: string, node: string, files?: Record<string, string>): Promise<unknown> {
  const { bodies, job: body } = await planned(job, files);
  const made = bodies.find(({ path }) => path === at(body, 'jobs', node, 'componentId'));
  return at(made?.body, 'properties', 'componentSpec', 'inputs');
}

describe('an input of another node', () => {
  for (const [value, type] of [
    ['5', 'integer'],
    ['1.5', 'number'],
    ['true', 'boolean'],
    ['abc', 'string'],
    ['{type: uri_file, path: "azureml:d:1", mode: download}', 'uri_file'],
    ['{path: "azureml:d:1"}', 'uri_folder'],
    ['"${{parent.inputs.n}}"', 'integer'],
    ['"${{parent.inputs.d}}"', 'mltable'],
  ] as const) {
    it(`that is ${value} hands its type on, ${type}, and no mode`, async () => {
      assert.deepEqual(await declared(reading(value), 'a'), { x: { type } });
      assert.deepEqual(await declared(reading(value, ['a', 'b']), 'a'), { x: { type } });
    });
  }

  it('has the type that its component declares', async () => {
    const job = reading('1').replace('{command: echo, environment: "azureml:own:1", inputs: {i: 1}}', 'STEP');
    const step = '{type: command, component: ./step.yml, inputs: {data: "azureml:d:1", rate: 1}}';
    const bound = job.replace('STEP', step).replace('b.inputs.i', 'b.inputs.rate');
    assert.deepEqual(await declared(bound, 'a'), { x: { type: 'number' } });
  });
});

describe('an expression as the input of a node that is written out', () => {
  for (const text of ['${{ parent.inputs.n }}', '${{ parent.jobs.c.outputs.o }}', '${{parent.outputs.o}}']) {
    it(`is text to the clients as ${text}`, async () => {
      const other = '  c: {command: echo, environment: "azureml:own:1", outputs: {o: {type: mltable}}}\n';
      const job = reading(`"${text}"`) + other;
      assert.deepEqual(await declared(job, 'b'), { i: { type: 'string', default: text } });
      assert.deepEqual(await declared(job, 'a'), { x: { type: 'string' } });
      assert.deepEqual(await nodeOf(job, 'b').then((node) => at(node, 'inputs')), {
        i: { job_input_type: 'literal', value: text },
      });
    });
  }

  it('is refused with a blank at its end, and as two in one', async () => {
    assert.match(await refusal(reading('"${{parent.inputs.n }}"')), /is not one expression/);
    assert.match(
      await refusal(reading('"${{parent.inputs.n}}${{parent.inputs.n}}"')),
      /^job\.yml:7:.*not one expression/,
    );
  });
});

describe('resources that a component declares', () => {
  const step = (type: string, more: string): string =>
    `type: ${type}\n${more}\nresources: {instance_count: 2, properties: {singularity: {a: 1}, gone: null}}\n`;
  const expected = { instance_count: 2, properties: { AISuperComputer: { a: 1 } } };

  it('go to the command node with their properties, and into the specification without', async () => {
    const job = 'settings: {default_compute: azureml:cpu}\njobs: {a: {type: command, component: ./own.yml}}\n';
    const files = { 'own.yml': step('command', 'command: echo\nenvironment: azureml:own:1') };
    const { specs, job: body } = await planned(job, files);
    assert.deepEqual(at(body, 'jobs', 'a', 'resources'), expected);
    assert.deepEqual(specs[0]?.['resources'], { instance_count: 2 });
  });

  it('go to the parallel node likewise', async () => {
    const job =
      'settings: {default_compute: azureml:cpu}\n' +
      'jobs: {a: {type: parallel, component: ./own.yml, inputs: {d: {path: "azureml:d:1"}}}}\n';
    const task = 'task: {type: run_function, entry_script: run.py, code: ./code, environment: "azureml:own:1"}';
    const more = `inputs: {d: {type: uri_folder}}\ninput_data: \${{inputs.d}}\nmini_batch_size: "1"\n${task}`;
    const { specs, job: body } = await planned(job, { 'own.yml': step('parallel', more) });
    assert.deepEqual(at(body, 'jobs', 'a', 'resources'), expected);
    assert.deepEqual(specs[0]?.['resources'], { instance_count: 2 });
  });
});

describe('outputs of a Spark node', () => {
  it('that its component does not declare are forgotten, whatever their mode', async () => {
    const spark = `type: spark
code: ./code
entry: {file: run.py}
outputs: {o: {type: uri_folder, mode: direct}}
conf: {spark.driver.cores: 1, spark.driver.memory: 1g, spark.executor.cores: 1, spark.executor.memory: 1g, spark.executor.instances: 1}
`;
    const job = (name: string): string =>
      `jobs: {a: {type: spark, component: ./own.yml, compute: azureml:pool, outputs: {${name}: {mode: upload}}}}\n`;
    assert.equal(at(await nodeOf(job('other'), 'a', { 'own.yml': spark }), 'outputs'), undefined);
  });
});
