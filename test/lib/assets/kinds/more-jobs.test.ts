import assert from 'node:assert/strict';
import { propertiesOf, putOf, refuses } from './support';

const src = { 'src/a.py': '' };
const cores = 'spark.driver.cores: 1, spark.driver.memory: 1g, spark.executor.cores: 1, spark.executor.memory: 1g';
const spark = (conf: string, rest: string): string =>
  `type: spark\ncode: src\nentry: {file: a.py}\nconf: {${cores}, ${conf}}\n${rest}`;
const serverless = 'resources: {instance_type: Standard_E4s_v3, runtime_version: 3.4}\n';

describe('a Spark job', () => {
  it('starts with the fewest executors when they are allocated as needed', async () => {
    const dynamic = 'spark.dynamicAllocation.enabled: true, spark.dynamicAllocation.minExecutors: 2';
    const text = spark(`${dynamic}, spark.dynamicAllocation.maxExecutors: 4, own: 1.50`, serverless);
    const sent = await propertiesOf(text, src);
    const conf = sent['conf'] as Record<string, string>;
    assert.deepEqual([conf['spark.executor.instances'], conf['own'], conf['spark.driver.cores']], ['2', '1.5', '1']);
    assert.deepEqual(sent['identity'], { identityType: 'UserIdentity' });
    assert.deepEqual(sent['resources'], { instanceType: 'Standard_E4s_v3', runtimeVersion: '3.4' });
  });

  it('forgets about dynamic allocation that is off, and acts as the pool', async () => {
    const off = 'spark.executor.instances: 2, spark.dynamicAllocation.enabled: false';
    const { conf, identity } = await propertiesOf(spark(off, 'compute: azureml:pool\n'), src);
    assert.ok(!('spark.dynamicAllocation.enabled' in (conf as object)));
    assert.deepEqual(identity, { identityType: 'Managed' });
  });

  it('refuses what Spark cannot do', async () => {
    const exact = 'spark.executor.instances: 2';
    await refuses(spark(exact, `${serverless}compute: azureml:pool\n`), '6:1', /either compute or resources/, src);
    await refuses(spark(exact, serverless), '3:15', /a\.py does not exist/, { 'src/b.py': '' });
    await refuses(spark('own: 1', serverless), '4:1', /lack spark\.executor\.instances/, src);
    const input = 'inputs: {d: {type: uri_file, path: azureml:d:1, mode: ro_mount}}\n';
    await refuses(spark(exact, serverless + input), '6:49', /no mode but direct/, src);
    await refuses(spark(exact, 'resources: {instance_type: x}\n'), '5:28', /instance_type is "x"/, src);
  });
});

const tuning = `type: finetuning
task: chat_completion
model: {type: custom_model, path: azureml:m:1}
training_data: azureml:d:1
`;

describe('a fine-tuning job', () => {
  it('names models and data by their ids, and its compute bare', async () => {
    const { body, apiVersion } = await putOf(`${tuning}model_provider: custom\ncompute: azureml:gpu\n`);
    assert.equal(apiVersion, '2024-10-01-preview');
    assert.equal(body.properties['computeId'], 'gpu');
    const details = body.properties['fineTuningDetails'] as Record<string, { jobInputType: string; uri: string }>;
    assert.match(details['model']?.uri ?? '', /\/models\/m\/versions\/1$/);
    assert.equal(details['model']?.jobInputType, 'mlflow_model');
    assert.match(details['trainingData']?.uri ?? '', /\/data\/d\/versions\/1$/);
  });

  it('of Azure OpenAI has numbers as parameters', async () => {
    const numbers = 'hyperparameters: {n_epochs: "3", learning_rate_multiplier: 1}\n';
    const { fineTuningDetails } = await propertiesOf(`${tuning}model_provider: azure_open_ai\n${numbers}`);
    const { modelProvider, hyperParameters } = fineTuningDetails as Record<string, unknown>;
    assert.deepEqual([modelProvider, hyperParameters], ['AzureOpenAI', { nEpochs: 3, learningRateMultiplier: 1 }]);
    await refuses(`${tuning}model_provider: azure_open_ai\nhyperparameters: {epochs: 3}\n`, '6:19', /"epochs"/);
  });

  it('refuses rights of its own, and models that are only here', async () => {
    await refuses(`${tuning}model_provider: custom\nidentity: {type: managed}\n`, '6:1', /"identity"/);
    const local = tuning.replace('azureml:m:1', './m');
    await refuses(`${local}model_provider: custom\n`, '3:35', /no registered model/, { 'm/MLmodel': '' });
  });
});

const distillation = (teacher: string): string => `type: distillation
data_generation_type: data_generation
data_generation_task_type: math
student_model: azureml:m:1
teacher_model_endpoint_connection: {name: t, ${teacher}}
`;

describe('a distillation job', () => {
  it('carries its settings among the properties', async () => {
    const { properties } = await propertiesOf(
      `${distillation('type: custom, target: "https://x.y/", credentials: {type: api_key, key: k}, tags: {a: b}')}
teacher_model_settings: {inference_parameters: {a: 1.0, b: true, c: [1, x]}}
prompt_settings: {max_len_summary: 80}
`,
    );
    assert.deepEqual(properties, {
      'azureml.enable_distillation': 'True',
      'azureml.data_generation_type': 'data_generation',
      'azureml.data_generation_task_type': 'MATH',
      'azureml.teacher_model.endpoint_name': 't',
      'azureml.connection_information':
        '{"name": "t", "tags": {"a": "b"}, "type": "custom", "target": "https://x.y/", ' +
        '"credentials": {"type": "api_key", "key": "k"}, "is_shared": true, "metadata": {"a": "b"}}',
      'azureml.enable_chain_of_thought': 'False',
      'azureml.enable_chain_of_density': 'False',
      'azureml.max_len_summary': '80',
      'azureml.teacher_model.a': '1.0',
      'azureml.teacher_model.b': 'True',
      'azureml.teacher_model.c': "[1, 'x']",
    });
  });

  it('needs examples to label, and the key of its teacher', async () => {
    const teacher = 'type: serverless, endpoint: "https://x.y/", api_key: k';
    const labels = distillation(teacher).replace('_type: data_', '_type: label_');
    await refuses(labels, '1:1', /"training_data" is missing/);
    await refuses(distillation(teacher.replace('api_key', 'key')), '5:36', /"api_key" is missing/);
  });
});
