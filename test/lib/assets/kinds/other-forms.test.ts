import assert from 'node:assert/strict';
import { workspaceId } from '../corpus';
import { at } from '../../../../lib/agent/json';
import { callsOf, propertiesOf, putOf, refuses } from './support';

const job = 'type: command\ncommand: echo\nenvironment: azureml:own:1\ncompute: azureml:cpu\n';
const component = 'type: command\nname: own\nversion: 1\ncommand: echo\nenvironment: azureml:own:1\n';

describe('other forms of the same', () => {
  it('a service whose type is empty goes out without one', async () => {
    const { services } = await propertiesOf(`${job}services: {a: {type: "", port: 8, nodes: all}}\n`);
    assert.deepEqual(services, { a: { port: 8, nodes: { nodesValueType: 'All' } } });
  });

  it('an empty conda_file is none, and so are tags without members', async () => {
    const text = 'name: own\nversion: 1\nimage: ubuntu\nconda_file: ""\ntags: {}\n';
    const properties = await propertiesOf(`$schema: https://x/environment.schema.json\n${text}`);
    assert.deepEqual([properties['condaFile'], properties['tags']], [undefined, undefined]);
  });

  it('flavors without members say nothing', async () => {
    const text = 'name: own\nversion: 1\ntype: custom_model\npath: azureml://datastores/d/paths/x\nflavors: {}\n';
    assert.equal((await propertiesOf(text))['flavors'], undefined);
  });

  it('properties of the resources of a component may be without a value', async () => {
    const calls = await callsOf(`${component}resources: {shm_size: 2g, properties: {a: null}}\n`);
    assert.deepEqual(at(calls.at(-1), 'body', 'properties', 'componentSpec', 'resources'), { shm_size: '2g' });
  });

  it('a component has no queue_settings, whatever they say', async () => {
    for (const given of ['{job_tier: spot}', '{}', 'null', '{job_tier: nope}']) {
      await refuses(`${component}queue_settings: ${given}\n`, '6:1', /queue_settings/);
    }
  });

  it('data by name and version, or label, needs no prefix where no file has that name', async () => {
    const inputs =
      'inputs: {a: {path: "d:3"}, b: {type: mlflow_model, path: "m@latest"}, c: {type: uri_file, path: "x:1"}}\n';
    const properties = await propertiesOf(`${job}${inputs}`, { 'x:1': 'a file' });
    assert.equal(at(properties, 'inputs', 'a', 'uri'), `${workspaceId}/data/d/versions/3`);
    assert.equal(at(properties, 'inputs', 'b', 'uri'), `${workspaceId}/models/m/versions/1`);
    assert.match(String(at(properties, 'inputs', 'c', 'uri')), /^azureml:\/\/datastores\/.*x:1$/);
  });

  it('the data of an AutoML job without a type is a folder', async () => {
    const text = (type: string): string =>
      'type: automl\ntask: classification\nprimary_metric: accuracy\ncompute: azureml:cpu\ntarget_column_name: y\n' +
      `training_data: {path: ./data${type}}\n`;
    const uri = async (type: string): Promise<string> =>
      String(at(await propertiesOf(text(type), { 'data/MLTable': 'x' }), 'taskDetails', 'trainingData', 'uri'));
    assert.match(await uri(''), /\/data\/$/);
    assert.match(await uri(', type: mltable'), /\/data$/);
  });

  it('lags of a forecast without a number say nothing, in a node either', async () => {
    const node = (lags: string): string =>
      'a: {type: automl, task: forecasting, training_data: "${{parent.inputs.d}}", target_column_name: y, ' +
      `forecasting: {time_column_name: t, target_lags: ${lags}}}`;
    const lagsOf = async (lags: string): Promise<unknown> => {
      const { jobs } = await propertiesOf(
        `type: pipeline\nsettings: {default_compute: azureml:cpu}\ninputs: {d: {type: mltable, path: azureml:d:1}}\njobs:\n  ${node(lags)}\n`,
      );
      return at(jobs, 'a', 'forecasting', 'target_lags');
    };
    assert.deepEqual([await lagsOf('[]'), await lagsOf('[1, 2]')], [undefined, [1, 2]]);
  });

  it('the environment file of a deployment needs no name', async () => {
    const text =
      '$schema: https://x/managedOnlineDeployment.schema.json\nname: blue\nendpoint_name: end\nmodel: azureml:m:1\n' +
      'instance_type: Standard_DS3_v2\ninstance_count: 1\nenvironment: file:env.yml\n';
    const named = String((await propertiesOf(text, { 'env.yml': 'name: own\nimage: ubuntu\n' }))['environmentId']);
    const bare = String((await propertiesOf(text, { 'env.yml': 'image: ubuntu\n' }))['environmentId']);
    assert.match(named, /\/environments\/own\/versions\/1$/);
    assert.match(bare, /\/environments\/CliV2AnonymousEnvironment\/versions\/[0-9a-f]{64}$/);
  });

  it('the code of a deployment may be an ARM id alone', async () => {
    const id = `${workspaceId}/codes/c/versions/1`;
    const { codeConfiguration } = await propertiesOf(
      '$schema: https://x/managedOnlineDeployment.schema.json\nname: blue\nendpoint_name: end\nmodel: azureml:m:1\n' +
        'instance_type: Standard_DS3_v2\ninstance_count: 1\nenvironment: azureml:own:1\n' +
        `code_configuration: {code: ${id}, scoring_script: score.py}\n`,
    );
    assert.deepEqual(codeConfiguration, { codeId: id, scoringScript: 'score.py' });
  });

  it('the compute of a Kubernetes endpoint has its prefix', async () => {
    const text = '$schema: https://x/kubernetesOnlineEndpoint.schema.json\nname: end\nauth_mode: key\ncompute: ';
    await refuses(`${text}cluster\n`, '4:10', /compute is "cluster"/);
    assert.equal((await propertiesOf(`${text}azureml:cluster\n`))['compute'], `${workspaceId}/computes/cluster`);
  });

  it('words are spelt with underscores', async () => {
    await refuses(`${job}inputs: {a: {path: "azureml:d:1", mode: ro-mount}}\n`, '5:41', /mode is "ro-mount"/);
  });

  it('a serverless endpoint may have the name that the service allows', async () => {
    const text = (name: string): string =>
      `$schema: https://x/serverlessEndpoint.schema.json\nname: ${name}\nmodel_id: azureml://registries/r/models/m\n`;
    const long = `e${'x'.repeat(50)}`;
    assert.equal((await putOf(text(long))).path, `/serverlessEndpoints/${long}`);
    await refuses(text('a_b'), '2:7', /not a name of a serverless endpoint/);
  });
});
