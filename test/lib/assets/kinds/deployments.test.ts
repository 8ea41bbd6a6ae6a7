import assert from 'node:assert/strict';
import { callsOf, propertiesOf, putOf, read, refuses } from './support';

const head = 'name: blue\nendpoint_name: churn\ninstance_type: Standard_DS3_v2\n';
const kubernetes = 'name: blue\nendpoint_name: churn\ntype: kubernetes\n';

describe('an online deployment file', () => {
  it('registers an inline environment under its name, and one without under its content', async () => {
    const named = await callsOf(`${head}environment: {name: serving, image: i}\n`);
    assert.match(JSON.stringify(named[0]), /\/environments\/serving\/versions\/1"/);
    const anonymous = await callsOf(`${head}environment: {image: i}\n`);
    assert.match(JSON.stringify(anonymous[0]), /\/environments\/CliV2AnonymousEnvironment\/versions\/[0-9a-f]{64}"/);
  });

  it('names a model without a name by its content, and refuses what it cannot', async () => {
    const [, put] = await callsOf(`${head}model: {path: m.pkl}\n`, { 'm.pkl': '{}' });
    assert.match(JSON.stringify(put), /\/models\/[0-9a-f]{64}\/versions\/1".*"isAnonymous":true/);
    await refuses(`${head}model: {path: m.pkl, version: 3}\n`, '4:22', /needs a name/, { 'm.pkl': '{}' });
    await refuses(`${head}model: {path: 'azureml://jobs/a/b'}\n`, '4:15', /is no local file/);
    await refuses(`${head}model: churn\n`, '4:8', /names no model/);
  });

  it('asks for a script below its code', async () => {
    const files = { 'code/score.py': 'pass', 'other.py': 'pass', 'code/broken.py': 'def run(data):\n  return (data\n' };
    const code = (script: string): string => `${head}code_configuration: {code: code, scoring_script: ${script}}\n`;
    assert.deepEqual(Object.keys((await propertiesOf(code('score.py'), files))['codeConfiguration'] as object), [
      'codeId',
      'scoringScript',
    ]);
    await refuses(code('none.py'), '4:50', /none\.py does not exist/, files);
    await refuses(code('../other.py'), '4:50', /is not below code/, files);
    await refuses(code('broken.py'), '4:50', /broken\.py:2: "\(" is not closed/, files);
    await read(`${head}code_configuration: {code: 'azureml:scoring:1', scoring_script: none.py}\n`);
  });

  it('registers where its requests are collected', async () => {
    const collector = `data_collector:
  sampling_rate: 1
  collections:
    model_inputs: {enabled: 'true', data: {name: own, version: '3', path: 'azureml://datastores/lake/paths/x'}}
    model_outputs: {enabled: 'True'}
    other: {enabled: 'false', data: 'azureml:there:2'}
`;
    const calls = await callsOf(head + collector);
    const made = calls.flatMap((call) => ('method' in call ? [call.path.split('/').slice(-4).join('/')] : []));
    assert.deepEqual(made, [
      'data/own/versions/3',
      'data/churn-blue-model_outputs/versions/1',
      'onlineEndpoints/churn/deployments/blue',
    ]);
    const { dataCollector } = await propertiesOf(head + collector);
    assert.match(JSON.stringify(dataCollector), /"other":\{"dataCollectionMode":"Disabled","dataId":"[^"]*\/data\/there\/versions\/2","samplingRate":1\}/);
  }); // prettier-ignore

  for (const [ms, text] of [[90_000, 'PT1M30S'], [1500, 'PT1.5S'], [500, 'PT0.5S'], [60_250, 'PT1M0.25S'], [86_400_001, 'P1DT0.001S'], [0, undefined]] as const) {
    it(`writes ${ms} ms as ${text ?? 'nothing'}`, async () => {
      const sent = await propertiesOf(`${head}request_settings: {request_timeout_ms: ${ms}}\n`);
      assert.deepEqual(sent['requestSettings'], text === undefined ? {} : { requestTimeout: text });
    });
  } // prettier-ignore

  it('switches its private connection on among the properties', async () => {
    const sent = await propertiesOf(`${head}private_network_connection: true\nproperties: {a: b}\n`);
    assert.deepEqual(sent['properties'], { a: 'b', 'private-network-connection': 'True' });
    assert.ok(!('privateNetworkConnection' in sent));
  });

  it('on a cluster has resources and scales, and takes nothing from registries', async () => {
    const more = 'resources: {requests: {cpu: "1", nvidia.com/gpu: "2"}}\nscale_settings: {type: target_utilization, polling_interval: 60}\n';
    const { kind } = await read(kubernetes + more);
    assert.equal(kind.name, 'kubernetes online deployment');
    const sent = await propertiesOf(kubernetes + more);
    assert.deepEqual(sent['containerResourceRequirements'], { containerResourceRequests: { cpu: '1', gpu: '2' } });
    assert.deepEqual(sent['scaleSettings'], { scaleType: 'TargetUtilization', pollingInterval: 'PT1M' });
    const model = 'azureml://registries/r/models/m/versions/1';
    await refuses(`${kubernetes}model: ${model}\n`, '4:8', /takes no model from a registry/);
    await refuses(`${head}resources: {}\n`, '4:1', /unknown key "resources"/);
    await refuses(`${head}scale_settings: {type: target_utilization}\n`, '4:24', /scale_settings\.type/);
  }); // prettier-ignore

  it('may be for an endpoint that a template names', async () => {
    const text = 'name: blue\nendpoint_name: <endpoint>\ninstance_type: a\n';
    assert.equal((await putOf(text)).path, '/onlineEndpoints/<endpoint>/deployments/blue');
  });
});

describe('a batch deployment file', () => {
  const batch =
    '$schema: https://azuremlschemas.azureedge.net/latest/batchDeployment.schema.json\nname: one\nendpoint_name: nightly\nmodel: azureml:churn:1\ncompute: azureml:cpu\n';

  it('counts what settings say; without them what stands at the top', async () => {
    const top = 'environment_variables: {A: b}\nerror_threshold: 5\n';
    const alone = await propertiesOf(`${batch}type: model\n${top}`);
    assert.deepEqual([alone['environmentVariables'], alone['errorThreshold']], [{ A: 'b' }, 5]);
    const settings = 'settings: {mini_batch_size: 3, instance_count: 2, retry_settings: {timeout: 90}}\n';
    const beside = await propertiesOf(`${batch}type: model\n${top}${settings}`);
    assert.deepEqual(
      ['environmentVariables', 'errorThreshold', 'miniBatchSize', 'resources', 'retrySettings'].map((key) => beside[key]),
      [undefined, undefined, 3, { instanceCount: 2, properties: {} }, { timeout: 'PT1M30S' }],
    );
  }); // prettier-ignore

  it('has everything at the top without a type', async () => {
    const sent = await propertiesOf(`${batch}mini_batch_size: 5\noutput_action: summary_only\nlogging_level: DEBUG\n`);
    assert.deepEqual(
      [sent['miniBatchSize'], sent['outputAction'], sent['loggingLevel'], sent['environmentVariables']],
      [5, 'SummaryOnly', 'Debug', {}],
    );
  });

  const refused: [string, string, string, RegExp][] = [
    ['a file for a summary', 'output_action: summary_only\noutput_file_name: x', '7:1', /does not go with/],
    ['two counts', 'type: model\nresources: {instance_count: 1}\nsettings: {mini_batch_size: 1, instance_count: 2}', '8:32', /in settings and in resources/],
    ['settings without a type', 'settings: {mini_batch_size: 1}', '6:1', /unknown key "settings"/],
    ['a level that the service lacks', 'logging_level: verbose', '6:16', /logging_level is "verbose"/],
  ]; // prettier-ignore
  for (const [what, lines, where, words] of refused) {
    it(`refuses ${what}`, () => refuses(`${batch}${lines}\n`, where, words));
  }

  it('runs a component that is registered, or the one that a job is made into', async () => {
    const pipeline = 'name: one\nendpoint_name: nightly\ntype: pipeline\nsettings: {default_compute: cpu}\n';
    const registered = await propertiesOf(`${pipeline}component: azureml:train:3\n`);
    assert.match(JSON.stringify(registered), /"assetId":"[^"]*\/components\/train\/versions\/3"/);
    const [made] = await callsOf(`${pipeline}job_definition: azureml:a-job\n`);
    assert.match(JSON.stringify(made), /"sourceJobId":"a-job"/);
    assert.equal((await read('type: pipeline\ncomponent: azureml:train:3\nsettings: {}\n')).kind.name, 'pipeline job');
    await refuses(pipeline, '1:1', /neither component nor job_definition/);
    await refuses(`${pipeline}job_definition: a-job\n`, '5:17', /names no job/);
  });
});
