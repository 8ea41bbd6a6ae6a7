import assert from 'node:assert/strict';
import { folderOf, registered, specOf } from './support';

const spark = 'name: a\ntype: spark\nentry: {file: a.py}\n';

describe('a Spark component', () => {
  it('sends settings under the names of Spark, digits of its own settings as numbers', async () => {
    const conf = `conf: {spark.driver.cores: "1", executor_instances: "2", driver_memory: 2g, own: "12", share: 1.5}\n`;
    assert.deepEqual((await specOf(`${spark}${conf}executor_cores: 4\n`))['conf'], {
      own: '12',
      share: 1.5,
      'spark.driver.cores': 1,
      'spark.driver.memory': '2g',
      'spark.executor.cores': 4,
      'spark.executor.instances': 2,
    });
  });

  it('takes the folder of the file for its code where it names none', async () => {
    const { uploads } = await registered(folderOf({ 'component.yml': spark, 'a.py': '' }));
    assert.deepEqual(
      uploads[0]?.files.map(({ path }) => path.split('/')[1]),
      ['a.py', 'component.yml'],
    );
  });

  it('refuses an entry by class, and the same file twice', async () => {
    await assert.rejects(specOf('name: a\ntype: spark\nentry: {class_name: x.Y}\n'), /:3:8: an entry by class_name/);
    await assert.rejects(specOf(`${spark}jars: [a.jar, a.jar]\n`), /:4:7: jars names "a\.jar" twice/);
  });
});

const environment = 'azureml://registries/azureml/environments/sklearn-1.5/labels/latest';
const parallel = `name: each
type: parallel
input_data: \${{inputs.rows}}
inputs: {rows: {type: mltable, mode: eval_mount}}
task: {type: Function, entry_script: a.py, environment: "${environment}"}
partition_keys: [store, brand]
retry_settings: {timeout: 3, max_retries: "2"}
error_threshold: "5"
`;

describe('a parallel component', () => {
  it('has the version that azure-ai-ml 1.35 gives the same file; partition keys go out as text', async () => {
    const { version, spec } = await registered(folderOf({ 'component.yml': `${parallel}mini_batch_size: 10KB\n` }));
    assert.equal(version, '2ee370f1-ab77-c06d-d899-92f481d23ca1');
    assert.equal(spec['partition_keys'], '["store", "brand"]');
    assert.equal(spec['mini_batch_size'], '10240');
    assert.deepEqual(spec['retry_settings'], { timeout: 3, max_retries: 2 });
    assert.deepEqual(spec['task'], { type: 'function', entry_script: 'a.py', environment });
  });

  it('refuses a size that is none', async () => {
    await assert.rejects(specOf(`${parallel}mini_batch_size: 10 kb\n`), /:9:18: mini_batch_size is "10 kb"/);
  });
});

describe('a data transfer component', () => {
  const head = 'name: move\ntype: data_transfer\n';

  it('has the keys and ports of its task', async () => {
    const spec = await specOf(`${head}task: import_data\nsource: {type: database}\noutputs: {sink: {type: mltable}}\n`);
    assert.deepEqual([spec['task'], spec['source']], ['import_data', { type: 'database' }]);
  });

  it('refuses those of another task', async () => {
    await assert.rejects(specOf(`${head}task: import_data\n`), /"source" is missing/);
    await assert.rejects(specOf(`${head}task: copy_data\nsink: {type: database}\n`), /:4:1: sink does not belong/);
    const outputs = 'outputs: {a: {type: mltable}, b: {type: mltable}}\n';
    await assert.rejects(
      specOf(`${head}task: copy_data\n${outputs}`),
      /:4:1: outputs: the task copy_data has exactly one/,
    );
  });
});

it('a component of no known type is refused with the types that there are', async () => {
  await assert.rejects(specOf('name: a\ntype: sparc\n'), /component\.yml:2:7: type is "sparc"/);
});
