import assert from 'node:assert/strict';
import { at } from '../../../../lib/agent/json';
import { nodeOf, planned, workspaceId } from './support';

const compute = 'settings: {default_compute: azureml:cpu}\n';
const anonymous = `${workspaceId}/components/azureml_anonymous/versions/`;

describe('a command node', () => {
  it('of a component keeps the resources and the distribution of the component, in the words of nodes', async () => {
    const node = await nodeOf(
      `${compute}jobs: {a: {type: command, component: ./step.yml, inputs: {data: "azureml:d:1"}}}\n`,
      'a',
    );
    assert.match(String(at(node, 'componentId')), new RegExp(`^${anonymous}[-0-9a-f]{36}$`));
    assert.deepEqual(
      { ...(node as object), componentId: 'id' },
      {
        name: 'a',
        type: 'command',
        componentId: 'id',
        _source: 'YAML.COMPONENT',
        inputs: { data: { job_input_type: 'uri_folder', uri: `${workspaceId}/data/d/versions/1` } },
        resources: { instance_count: 2 },
        distribution: { distribution_type: 'PyTorch', process_count_per_instance: 4 },
      },
    );
  });

  it('says of its machines some members as other requests do, its component all as the file', async () => {
    const machines =
      'resources: {instance_count: 1, max_instance_count: 4, docker_args: [--x], properties: {Singularity: {a: b}}}, ' +
      'distribution: {type: ray, port: 1, include_dashboard: true}';
    const { specs, job } = await planned(
      `${compute}jobs: {a: {command: echo, environment: "azureml:own:1", ${machines}}}\n`,
    );
    const { resources, distribution } = at(job, 'jobs', 'a') as Record<string, unknown>;
    assert.deepEqual(resources, {
      instance_count: 1,
      maxInstanceCount: 4,
      docker_args_list: ['--x'],
      properties: { AISuperComputer: { a: 'b' } },
    });
    assert.deepEqual(distribution, { distribution_type: 'Ray', port: 1, includeDashboard: true });
    assert.deepEqual(specs[0]?.['resources'], { instance_count: 1, max_instance_count: 4, docker_args: ['--x'] });
    assert.deepEqual(specs[0]['distribution'], { type: 'ray', port: 1, include_dashboard: true });
  });

  it('takes text for a path where the component wants data, and for itself where it does not say', async () => {
    const given = '{type: command, component: "azureml:known:1", inputs: {x: "azureml:d:1", y: 1.0}}';
    const node = await nodeOf(`${compute}jobs: {a: ${given}}\n`, 'a');
    assert.deepEqual(at(node, 'inputs'), {
      x: { job_input_type: 'literal', value: 'azureml:d:1' },
      y: { job_input_type: 'literal', value: '1.0' },
    });
    assert.equal(at(node, '_source'), 'REMOTE.WORKSPACE.COMPONENT');
  });

  it('that is written out becomes a component whose ports are inferred from what is bound', async () => {
    const { specs, job } = await planned(`${compute}
inputs: {rate: 0.5, data: {type: uri_file, path: azureml:d:1, mode: download}}
outputs: {model: {type: mlflow_model, mode: upload}}
jobs:
  first:
    command: echo
    environment: azureml:own:1
    description: what it does
    environment_variables: {A: 1}
    inputs:
      whole: 1.0
      rate: \${{parent.inputs.rate}}
      data: \${{parent.inputs.data}}
      other: {type: mltable, path: "\${{parent.inputs.data}}", mode: eval_mount}
      part: \${{parent.inputs.rate}}/x
    outputs: {model: "\${{parent.outputs.model}}", rest: }
  second:
    command: echo
    environment: azureml:own:1
    inputs: {model: "\${{parent.jobs.first.outputs.model}}", rest: "\${{parent.jobs.first.outputs.rest}}"}
`);
    assert.deepEqual(specs[0]?.inputs, {
      whole: { type: 'number', default: '1.0' },
      rate: { type: 'number' },
      data: { type: 'uri_file', mode: 'download' },
      other: { type: 'mltable', mode: 'eval_mount' },
      part: { type: 'string', default: '${{parent.inputs.rate}}/x' },
    });
    assert.deepEqual(specs[0].outputs, {
      model: { type: 'mlflow_model', mode: 'upload' },
      rest: { type: 'uri_folder' },
    });
    assert.deepEqual(specs[1]?.inputs, { model: { type: 'mlflow_model' }, rest: { type: 'uri_folder' } });
    assert.deepEqual(at(job, 'jobs', 'first', 'outputs'), {
      model: { type: 'literal', value: '${{parent.outputs.model}}' },
    });
    assert.equal(specs[0].description, 'what it does');
    assert.equal(at(job, 'jobs', 'first', 'description'), undefined);
  });

  it('may have expressions for its numbers, and carries unknown keys along', async () => {
    const node = await nodeOf(
      `inputs: {n: 2, c: cpu}
jobs:
  a:
    component: azureml:known@default
    compute: \${{parent.inputs.c}}
    resources: {instance_count: "\${{parent.inputs.n}}"}
    limits: {timeout: 90}
    jeditable: {x: [1.0]}
`,
      'a',
    );
    assert.equal(at(node, 'componentId'), `${workspaceId}/components/known/labels/default`);
    assert.equal(at(node, 'computeId'), '${{parent.inputs.c}}');
    assert.deepEqual(at(node, 'resources'), { instance_count: '${{parent.inputs.n}}' });
    assert.deepEqual(at(node, 'limits'), { job_limits_type: 'Command', timeout: 'PT1M30S' });
    assert.deepEqual(at(node, 'jeditable'), { x: [1] });
  });

  it('registers its outputs, and writes files where its component says so', async () => {
    const node = await nodeOf(
      `${compute}jobs:
  a:
    component: ./step.yml
    inputs: {data: azureml:d:1}
    outputs: {result: {mode: upload, name: churn, version: 3}, table: {mode: rw_mount}}
`,
      'a',
    );
    assert.deepEqual(at(node, 'outputs'), {
      result: { job_output_type: 'uri_folder', mode: 'Upload', name: 'churn', version: '3' },
      table: { job_output_type: 'uri_file', mode: 'ReadWriteMount' },
    });
  });
});

describe('a parallel node', () => {
  const task = 'task: {type: run_function, code: ./code, entry_script: run.py, environment: "azureml:own:1"}';

  it('of a component repeats what the component says, but runs with its code and environment', async () => {
    const component = `type: parallel\nname: each\ninputs: {rows: {type: mltable}}\ninput_data: \${{inputs.rows}}
mini_batch_size: 10kb\npartition_keys: [a, b]\nerror_threshold: 3\nlogging_level: DEBUG\nretry_settings: {timeout: 90}\n${task}\n`;
    const own = 'task: {type: run_function, code: ./code, entry_script: other.py, environment: "azureml:own:9"}';
    const node = await nodeOf(
      `${compute}inputs: {d: {type: mltable, path: azureml:d:1}}
jobs:
  a: {type: parallel, component: ./each.yml, inputs: {rows: "\${{parent.inputs.d}}"}, ${own}}
`,
      'a',
      { 'each.yml': component },
    );
    assert.equal(at(node, 'mini_batch_size'), 10240);
    assert.equal(at(node, 'partition_keys'), '["a", "b"]');
    assert.deepEqual(at(node, 'retry_settings'), { timeout: 90 });
    assert.equal(at(node, 'error_threshold'), undefined);
    assert.equal(at(node, 'task', 'entry_script'), 'other.py');
    assert.equal(at(node, 'task', 'environment'), `azureml:${workspaceId}/environments/own/versions/1`);
  });

  it('that is written out leaves expressions to the node: a component has no pipeline around it', async () => {
    const { specs, job } = await planned(`${compute}inputs: {d: {type: mltable, path: azureml:d:1}, n: 3}
jobs:
  a:
    type: parallel
    inputs: {rows: "\${{parent.inputs.d}}"}
    input_data: \${{inputs.rows}}
    max_concurrency_per_instance: \${{parent.inputs.n}}
    ${task}
`);
    assert.equal(specs[0]?.max_concurrency_per_instance, undefined);
    assert.equal(specs[0]?.mini_batch_size, '0');
    assert.equal(at(job, 'jobs', 'a', 'max_concurrency_per_instance'), '${{parent.inputs.n}}');
    assert.equal(at(job, 'jobs', 'a', 'mini_batch_size'), 0);
  });
});

describe('a Spark node', () => {
  const component = `type: spark\nname: s\ncode: ./code\nentry: {file: run.py}
inputs: {f: {type: uri_folder, mode: direct}}
conf: {spark.driver.cores: 1, spark.driver.memory: 1g, spark.executor.cores: 1, spark.executor.memory: 1g,
  spark.dynamicAllocation.enabled: true, spark.dynamicAllocation.minExecutors: 1, spark.dynamicAllocation.maxExecutors: 3, a: b}\n`;
  const files = { 's.yml': component };

  it('takes its settings before those of the component, and begins with the fewest executors', async () => {
    const node = await nodeOf(
      `jobs:
  a:
    type: spark
    component: ./s.yml
    inputs: {f: {path: azureml:d:1, mode: direct}}
    resources: {instance_type: standard_e4s_v3, runtime_version: 3.4}
    conf: {driver_cores: "2", mine: 1}
`,
      'a',
      files,
    );
    assert.equal(at(node, 'conf', 'spark.driver.cores'), 2);
    assert.equal(at(node, 'conf', 'spark.executor.instances'), 1);
    assert.equal(at(node, 'conf', 'mine'), 1);
    assert.equal(at(node, 'conf', 'a'), undefined);
    assert.deepEqual(at(node, 'entry'), { spark_job_entry_type: 'SparkJobPythonEntry', file: 'run.py' });
    assert.deepEqual(at(node, 'identity'), { identity_type: 'UserIdentity' });
  });

  it('on an attached pool runs under the identity of the pool', async () => {
    const job =
      'jobs: {a: {type: spark, component: ./s.yml, inputs: {f: {path: azureml:d:1, mode: direct}}, compute: azureml:pool}}\n';
    assert.deepEqual(at(await nodeOf(job, 'a', files), 'identity'), { identity_type: 'Managed' });
  });
});

describe('nodes that move data', () => {
  it('copy with a component of their own, import and export with those of the service', async () => {
    const { specs, job } = await planned(`${compute}
inputs: {d: {type: uri_folder, path: azureml:d:1}}
outputs: {t: {type: mltable}}
jobs:
  copy:
    type: data_transfer
    task: copy_data
    data_copy_mode: fail_if_conflict
    inputs: {a: "\${{parent.inputs.d}}"}
    outputs: {b: {type: uri_folder}}
  load:
    type: data_transfer
    task: import_data
    source: {type: database, query: select 1, connection: azureml:c}
    outputs: {sink: {type: mltable, path: "\${{parent.outputs.t}}"}}
  store:
    type: data_transfer
    task: export_data
    inputs: {source: "\${{parent.inputs.d}}"}
    sink: {type: database, table_name: t, connection: azureml:c}
`);
    assert.equal(specs.length, 1);
    assert.equal(specs[0]?.type, 'data_transfer');
    assert.equal(specs[0].data_copy_mode, 'fail_if_conflict');
    assert.equal(
      at(job, 'jobs', 'load', 'componentId'),
      'azureml://registries/azureml/components/import_data_database/versions/0.0.1',
    );
    assert.equal(at(job, 'jobs', 'load', '_source'), 'BUILTIN');
    assert.deepEqual(at(job, 'jobs', 'store', 'sink'), { type: 'database', table_name: 't', connection: 'azureml:c' });
  });
});

describe('sweep and AutoML nodes', () => {
  it('keep the words of the file', async () => {
    const { job } = await planned(`${compute}
inputs: {d: {type: mltable, path: azureml:d:1}}
jobs:
  s:
    type: sweep
    trial: ./step.yml
    objective: {goal: maximize, primary_metric: m}
    limits: {max_total_trials: 3, timeout: 7200}
    search_space: {rate: {type: uniform, min_value: 0, max_value: 1}, data: {type: choice, values: [a]}}
    queue_settings: {job_tier: spot}
  l: {type: automl, task: regression, target_column_name: y, training_data: "\${{parent.inputs.d}}", compute: azureml:big}
`);
    assert.deepEqual(at(job, 'jobs', 's', 'limits'), { max_total_trials: 3, timeout: 7200 });
    assert.deepEqual(at(job, 'jobs', 's', 'search_space', 'rate'), { type: 'uniform', min_value: 0, max_value: 1 });
    assert.deepEqual(at(job, 'jobs', 's', 'queue_settings'), { job_tier: 'spot' });
    assert.match(String(at(job, 'jobs', 's', 'trial', 'componentId')), /azureml_anonymous/);
    assert.equal(at(job, 'jobs', 'l', 'compute'), `azureml:${workspaceId}/computes/big`);
    assert.equal(at(job, 'jobs', 'l', 'training_data'), '${{parent.inputs.d}}');
  });
});
