import assert from 'node:assert/strict';
import { at } from '../../../../lib/agent/json';
import { planned, refusal, workspaceId } from './support';

const compute = 'settings: {default_compute: azureml:cpu}\n';
const inner = `type: pipeline
name: inner
inputs:
  data: {type: uri_folder}
  rounds: {type: integer}
  rate: {type: number, default: 2.0}
outputs: {result: {type: mlflow_model, mode: upload}}
jobs:
  first:
    component: ./step.yml
    inputs: {data: "\${{parent.inputs.data}}", rounds: "\${{parent.inputs.rounds}}"}
    outputs: {result: "\${{parent.outputs.result}}"}
`;

describe('a pipeline job', () => {
  it('sends the settings that it does not know as they stand, and leaves out inputs without a value', async () => {
    const { job } = await planned(
      'inputs: {a: "", group.b: 1.0}\nsettings: {default_datastore: azureml:store, default_compute: serverless, other: 1.0, default_datestore: x}\n',
    );
    assert.deepEqual(at(job, 'settings'), {
      default_datastore: `${workspaceId}/datastores/store`,
      default_compute: `${workspaceId}/computes/serverless`,
      other: 1,
      default_datestore: 'x',
      _source: 'YAML.JOB',
    });
    assert.deepEqual(at(job, 'inputs'), { 'group.b': { jobInputType: 'literal', value: '1.0' } });
  });

  it('forgets inputs and outputs that the component of a node does not declare, unless they look like a slip', async () => {
    const node = '{component: ./step.yml, inputs: {data: azureml:d:1, zeal: 1}, outputs: {extra: , table: }}';
    const { job } = await planned(`${compute}jobs: {a: ${node}}\n`);
    assert.deepEqual(Object.keys(at(job, 'jobs', 'a', 'inputs') as object), ['data']);
    assert.equal(at(job, 'jobs', 'a', 'outputs', 'extra'), undefined);
  });

  it('registers a component once that many nodes share, before the job', async () => {
    const node = '{component: ./step.yml, inputs: {data: azureml:d:1}}';
    const { bodies, specs } = await planned(`${compute}jobs: {a: ${node}, b: ${node}, c: ${node}}\n`);
    assert.equal(specs.length, 1);
    assert.match(bodies.at(-1)?.path ?? '', /\/jobs\//);
  });

  it('of a component runs it with its defaults, its outputs and its words', async () => {
    const { job } = await planned(
      'component: ./inner.yml\ncompute: azureml:cpu\ninputs: {data: {path: azureml:d:1}, rounds: 3}\n',
      { 'inner.yml': inner },
    );
    assert.match(String(at(job, 'componentId')), /components\/azureml_anonymous\/versions/);
    assert.deepEqual(at(job, 'jobs'), {});
    assert.deepEqual(at(job, 'inputs', 'rate'), { jobInputType: 'literal', value: '2.0' });
    assert.deepEqual(at(job, 'outputs'), { result: { jobOutputType: 'mlflow_model', mode: 'Upload' } });
    assert.equal(at(job, 'settings', '_source'), 'REMOTE.WORKSPACE.JOB');
  });

  it('holds pipelines inside: an input that only optional inputs read is optional itself', async () => {
    const { specs } = await planned(
      `${compute}jobs: {part: {type: pipeline, component: ./inner.yml, inputs: {data: azureml:d:1, rounds: 1}}}\n`,
      { 'inner.yml': inner },
    );
    assert.deepEqual(
      specs.map(({ type }) => type),
      ['command', 'pipeline'],
    );
    assert.deepEqual(at(specs[1], 'inputs', 'rounds'), { type: 'integer', optional: true });
    assert.deepEqual(at(specs[1], 'inputs', 'data'), { type: 'uri_folder' });
    assert.equal(at(specs[1], 'sourceJobId'), null);
  });

  it('gives nodes of a part the kind that their file has, where they say none', async () => {
    const { job } = await planned(
      `${compute}jobs: {part: {component: ./inner.yml, inputs: {data: azureml:d:1, rounds: 1}}}\n`,
      { 'inner.yml': inner },
    );
    assert.equal(at(job, 'jobs', 'part', 'type'), 'pipeline');
  });
});

describe('a pipeline job is refused at the place', () => {
  const step = (inputs: string) => `${compute}jobs:\n  a:\n    component: ./step.yml\n    inputs: ${inputs}\n`;
  const cases: [name: string, job: string, message: RegExp, files?: Record<string, string>][] = [
    [
      'an input that the component has not',
      step('{data: azureml:d:1, rte: 1}'),
      /^job\.yml:7:33: the component has no input "rte"/,
    ],
    ['a required input that is missing', step('{rate: 1}'), /^job\.yml:7:5: jobs\.a lacks the input "data"/],
    ['a value where the component wants data', step('{data: 3}'), /^job\.yml:7:20: .* wants data \(uri_folder\)/],
    [
      'an input that the pipeline has not',
      step('{data: "${{parent.inputs.dat}}"}'),
      /^job\.yml:7:20: .*the pipeline has no input "dat"/,
    ],
    [
      'a node that the pipeline has not',
      step('{data: "${{parent.jobs.b.outputs.x}}"}'),
      /^job\.yml:7:20: .*the pipeline has no node "b"/,
    ],
    [
      'an output that the node has not',
      `${step('{data: azureml:d:1}')}  b: {component: ./step.yml, inputs: {data: "\${{parent.jobs.a.outputs.resul}}"}}\n`,
      /^job\.yml:8:45: .*the node "a" has no output "resul"/,
    ],
    ['an expression of nothing', step('{data: "${{inputs.x}}"}'), /^job\.yml:7:20: .*nothing of the pipeline/],
    [
      'nodes that wait for each other',
      `${compute}jobs:
  a: {component: ./step.yml, inputs: {data: "\${{parent.jobs.b.outputs.table}}"}}
  b: {component: ./step.yml, inputs: {data: "\${{parent.jobs.a.outputs.table}}"}}
`,
      /^job\.yml:6:45: .*circle: a → b → a/,
    ],
    ['a node without a compute', 'jobs: {a: {component: azureml:x:1}}\n', /^job\.yml:3:8: jobs\.a has no compute/],
    [
      'a node inside without a compute',
      'jobs: {a: {type: pipeline, component: ./inner.yml, inputs: {data: azureml:d:1, rounds: 1}}}\n',
      /^inner\.yml:9:3: jobs\.first has no compute/,
      { 'inner.yml': inner },
    ],
    [
      'a component of another type',
      `${compute}jobs: {a: {type: pipeline, component: ./step.yml, inputs: {data: azureml:d:1}}}\n`,
      /^job\.yml:4:39: jobs\.a is of type pipeline, but its component of type command/,
    ],
    [
      'a component that contains itself',
      `${compute}jobs: {a: {type: pipeline, component: ./loop.yml}}\n`,
      /^loop\.yml:3:39: .*includes itself/,
      { 'loop.yml': 'type: pipeline\nname: loop\njobs: {b: {type: pipeline, component: ./loop.yml}}\n' },
    ],
    [
      'a misspelt key of a node',
      `${compute}jobs: {a: {component: azureml:x:1, inputz: {}}}\n`,
      /^job\.yml:4:36: unknown key "inputz"/,
    ],
    [
      'a name that is none',
      `${compute}jobs: {A-1: {component: azureml:x:1}}\n`,
      /^job\.yml:4:8: "A-1" is no name of a node/,
    ],
    [
      'a default compute without its prefix',
      'settings: {default_compute: cpu}\n',
      /^job\.yml:3:29: settings\.default_compute is "cpu"/,
    ],
    ['a type in preview', `${compute}jobs: {a: {type: do_while, body: x}}\n`, /^job\.yml:4:18: .*private preview/],
    [
      'jobs besides a component',
      `${compute}component: azureml:x:1\njobs: {a: {component: azureml:x:1}}\n`,
      /^job\.yml:4:1: a pipeline job has jobs or a component, not both/,
    ],
    [
      'a first node that is connected',
      `settings: {default_compute: azureml:cpu, on_init: a}
jobs:
  a: {component: azureml:x:1}
  b: {component: azureml:x:1, inputs: {i: "\${{parent.jobs.a.outputs.o}}"}}
`,
      /^job\.yml:3:51: settings\.on_init: the node "a" is connected to others/,
    ],
    [
      'Spark on machines and a pool at once',
      'jobs: {a: {type: spark, component: azureml:x:1, compute: azureml:p, resources: {instance_type: standard_e4s_v3, runtime_version: "3.4"}}}\n',
      /^job\.yml:3:69: jobs\.a has both compute and resources/,
    ],
    [
      'an optional input that a node requires',
      `${compute}jobs: {a: {type: pipeline, component: ./bad.yml, inputs: {}}}\n`,
      /^bad\.yml:3:10: the input "d" is optional, but the node "b" requires data/,
      {
        'bad.yml': `type: pipeline\nname: bad\ninputs: {d: {type: uri_folder, optional: true}}
jobs: {b: {component: ./step.yml, inputs: {data: "\${{parent.inputs.d}}"}}}\n`,
      },
    ],
    [
      'an output with a version and no name',
      `${compute}jobs: {a: {component: azureml:x:1, outputs: {o: {version: 3}}}}\n`,
      /^job\.yml:4:50: jobs\.a\.outputs\.o has a version, but no name/,
    ],
  ];
  for (const [name, job, message, files] of cases) {
    it(`of ${name}`, async () => {
      assert.match(await refusal(job, files), message);
    });
  }
});
