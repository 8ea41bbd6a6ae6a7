import assert from 'node:assert/strict';
import { MlWorkspace, valueAt, type Reply } from '../../support/ml-workspace';

/** Says the name and the content of each file; refuses the ones that say so. */
const script = `import os
import time

def init():
    global word
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model", "word.txt")) as file:
        word = file.read().strip()

def run(mini_batch):
    print("mini-batch of", len(mini_batch))
    rows = []
    for path in mini_batch:
        with open(path) as file:
            text = file.read().strip()
        if text == "crash":
            raise ValueError("this file is broken")
        if text == "slow":
            time.sleep(20)
        if text != "skip":
            rows.append(os.path.basename(path) + " " + word + " " + text)
    return rows
`;

describe('batch endpoints of the local Azure', () => {
  let ws: MlWorkspace;
  let deployment: Record<string, unknown>;

  before(async () => {
    ws = await MlWorkspace.start();
    const environmentId = await ws.environment('bare', []);
    const codeId = await ws.code('scoring', { 'score.py': script });
    const modelUri = await ws.data('models/model', { 'word.txt': 'says\n' });
    const model = await ws.arm('PUT', '/models/talker/versions/1', { properties: { modelUri } });
    assert.equal(model.status, 201, model.text);
    deployment = {
      model: { referenceType: 'Id', assetId: `${ws.path}/models/talker/versions/1` },
      environmentId,
      codeConfiguration: { codeId, scoringScript: 'score.py' },
      compute: `${ws.path}/computes/cpu-cluster`,
      miniBatchSize: 2,
      retrySettings: { maxRetries: 0, timeout: 'PT20S' },
    };
    await endpoint('talks');
    await deploy('talks', 'first', deployment);
    await endpoint('talks', { defaults: { deploymentName: 'first' } });
  });
  after(() => ws.stop());

  async function endpoint(name: string, properties: Record<string, unknown> = {}): Promise<Reply> {
    const body = { location: 'westeurope', properties: { authMode: 'AADToken', ...properties } };
    const put = await ws.arm('PUT', `/batchEndpoints/${name}`, body);
    if (put.status < 300) await ws.waitForOperation(put.header('azure-asyncoperation'));
    return put;
  }

  async function deploy(of: string, name: string, properties: Record<string, unknown>): Promise<Reply> {
    const path = `/batchEndpoints/${of}/deployments/${name}`;
    const put = await ws.arm('PUT', path, { location: 'westeurope', properties });
    if (put.status < 300) await ws.waitForOperation(put.header('azure-asyncoperation'));
    return put;
  }

  async function invoke(
    properties: Record<string, unknown>,
    headers: Record<string, string> = {},
    name = 'talks',
  ): Promise<Reply> {
    const uri = (await ws.arm('GET', `/batchEndpoints/${name}`)).str('properties/scoringUri');
    return ws.send('POST', uri, { properties }, { authorization: `Bearer ${ws.mlToken}`, ...headers });
  }

  async function input(folder: string, files: Record<string, string>): Promise<Record<string, unknown>> {
    return { inputData: { data: { jobInputType: 'UriFolder', uri: await ws.data(folder, files) } } };
  }

  /** The only step of a job. */
  async function step(job: string): Promise<string> {
    const children = (await ws.history(`/runs/${job}/children`)).list('value');
    assert.deepEqual(
      children.map((one) => valueAt(one, 'displayName')),
      ['batchscoring'],
    );
    return String(valueAt(children[0], 'runId'));
  }

  const log = async (job: string): Promise<string> => ws.log(await step(job));

  async function predictions(job: string, file = 'predictions.csv'): Promise<string> {
    const content = await ws.core.blobs.read(await ws.container(), `azureml/${await step(job)}/score/${file}`);
    return content.toString();
  }

  it('are made and shown with the defaults of the service', async () => {
    const shown = await ws.arm('GET', '/batchEndpoints/talks');
    assert.equal(shown.at('properties/authMode'), 'AADToken');
    assert.equal(shown.at('properties/provisioningState'), 'Succeeded');
    assert.equal(shown.at('properties/defaults/deploymentName'), 'first');
    const first = await ws.arm('GET', '/batchEndpoints/talks/deployments/first');
    assert.equal(first.at('properties/outputAction'), 'AppendRow');
    assert.equal(first.at('properties/outputFileName'), 'predictions.csv');
    assert.equal(first.at('properties/errorThreshold'), -1);
    const keys = await ws.arm('POST', '/batchEndpoints/talks/listkeys');
    assert.deepEqual(keys.at(), { primaryKey: null, secondaryKey: null });
    assert.deepEqual(
      (await ws.arm('GET', '/batchEndpoints')).list('value').map((one) => valueAt(one, 'name')),
      ['talks'],
    );
  });

  it('score every file in mini-batches and append the rows', async () => {
    const files = { 'a.txt': 'one', 'b.txt': 'two', 'sub/c d.txt': 'three' };
    const started = await invoke({ ...(await input('in-1', files)), name: 'batch-1' });
    assert.equal(started.status, 201, started.text);
    assert.equal(started.at('name'), 'batch-1');
    assert.equal(started.at('properties/inputData/data/jobInputType'), 'UriFolder');
    const { job } = await ws.waitForJob('batch-1');
    const printed = await log('batch-1');
    assert.equal(job.at('properties/status'), 'Completed', printed);
    assert.equal(job.at('properties/experimentName'), 'talks');
    assert.equal(job.at('properties/tags/azureml.batchrun'), 'true');
    assert.equal(await predictions('batch-1'), 'a.txt says one\nb.txt says two\nc d.txt says three\n');
    assert.match(printed, /mini-batch of 2\nmini-batch of 1\n3 files in 2 mini-batches, 0 failed/);
  });

  it('count failed files against the threshold', async () => {
    const files = { 'a.txt': 'one', 'b.txt': 'skip', 'c.txt': 'crash', 'd.txt': 'four' };
    const data = await input('in-2', files);
    await invoke({ ...data, name: 'batch-2', errorThreshold: 3 });
    assert.equal((await ws.waitForJob('batch-2')).job.at('properties/status'), 'Completed');
    assert.equal(await predictions('batch-2'), 'a.txt says one\n');
    assert.match(await log('batch-2'), /this file is broken.*3 failed/s);
    await invoke({ ...data, name: 'batch-3', errorThreshold: 2 });
    assert.equal((await ws.waitForJob('batch-3')).job.at('properties/status'), 'Failed');
    assert.match(await log('batch-3'), /3 files failed: more than the error threshold of 2/);
  });

  it('end a mini-batch that takes too long, and try it again', async () => {
    const data = await input('in-8', { 'a.txt': 'one', 'b.txt': 'two', 'c.txt': 'slow' });
    await invoke({ ...data, name: 'batch-8', retrySettings: { maxRetries: 1, timeout: 'PT0.5S' } });
    assert.equal((await ws.waitForJob('batch-8')).job.at('properties/status'), 'Completed');
    assert.equal(await predictions('batch-8'), 'a.txt says one\nb.txt says two\n');
    assert.match(await log('batch-8'), /longer than 0\.5 s.*1 attempts are left.*longer.*0 attempts.*1 failed/s);
  });

  it('read a registered data asset, and what another job left', async () => {
    const dataUri = await ws.data('in-9', { 'a.txt': 'one' });
    await ws.arm('PUT', '/data/letters/versions/1', { properties: { dataType: 'uri_folder', dataUri } });
    const score = async (name: string, uri: string): Promise<string> => {
      const started = await invoke({ inputData: { data: { jobInputType: 'UriFolder', uri } }, name });
      assert.equal(started.status, 201, started.text);
      await ws.waitForJob(name);
      return predictions(name);
    };
    assert.equal(await score('batch-9', `${ws.path}/data/letters/versions/1`), 'a.txt says one\n');
    const again = await score('batch-10', `azureml://jobs/${await step('batch-9')}/outputs/score`);
    assert.equal(again, 'predictions.csv says a.txt says one\n');
  });

  it('write where the caller says, and take member names in any case', async () => {
    const uri = await ws.data('in-4', { 'a.txt': 'one' });
    const body = {
      InputData: { x: { JobInputType: 'UriFile', Uri: `${uri}/a.txt` } },
      OutputData: {
        score: { JobOutputType: 'UriFile', Uri: 'azureml://datastores/workspaceblobstore/paths/out-4/said.txt' },
      },
      Name: 'batch-4',
    };
    assert.equal((await invoke(body, { 'azureml-model-deployment': 'first' })).status, 201);
    await ws.waitForJob('batch-4');
    const content = await ws.core.blobs.read(await ws.container(), 'out-4/said.txt');
    assert.equal(content.toString(), 'a.txt says one\n');
  });

  it('leave the output to the script with SummaryOnly', async () => {
    const own = `import os
def init(): pass
def run(mini_batch):
    with open(os.path.join(os.environ["AZUREML_BI_OUTPUT_PATH"], "own.txt"), "w") as file:
        file.write(str(len(mini_batch)))
    return mini_batch
`;
    const codeId = await ws.code('own', { 'src/own.py': own });
    const codeConfiguration = { codeId, scoringScript: 'src/own.py' };
    await deploy('talks', 'quiet', { ...deployment, codeConfiguration, outputAction: 'SummaryOnly' });
    const started = await invoke(await input('in-5', { 'a.txt': 'x', 'b.txt': 'y' }), {
      'azureml-model-deployment': 'quiet',
    });
    const name = started.str('name');
    assert.match(name, /^batchjob-/);
    assert.equal((await ws.waitForJob(name)).job.at('properties/status'), 'Completed', await log(name));
    assert.equal(await predictions(name, 'own.txt'), '2');
    const jobs = async (path: string): Promise<unknown[]> => {
      const list = await ws.send('GET', `/mferp/managementfrontend${ws.path}/batchEndpoints/talks${path}/jobs`);
      return list.list('value').map((one) => valueAt(one, 'name'));
    };
    assert.deepEqual(await jobs('/deployments/quiet'), [name]);
    assert.ok((await jobs('')).includes('batch-1'));
  });

  it('run a pipeline component with the inputs of the caller', async () => {
    const component = async (name: string, componentSpec: Record<string, unknown>): Promise<string> => {
      const properties = { componentSpec: { name, version: '1', ...componentSpec } };
      const put = await ws.arm('PUT', `/components/${name}/versions/1`, { properties });
      assert.equal(put.status, 201, put.text);
      return `${ws.path}/components/${name}/versions/1`;
    };
    const environment = `azureml:${ws.path}/environments/bare/versions/1`;
    const step = await component('greet', {
      type: 'command',
      command: 'echo ${{inputs.word}} $(cat ${{inputs.file}}) > ${{outputs.said}}/said.txt',
      environment,
      inputs: { word: { type: 'string' }, file: { type: 'uri_file' } },
      outputs: { said: { type: 'uri_folder' } },
    });
    const parent = (name: string): Record<string, unknown> => ({
      job_input_type: 'literal',
      value: `\${{parent.inputs.${name}}}`,
    });
    const pipeline = await component('greeting', {
      type: 'pipeline',
      inputs: { word: { type: 'string' }, file: { type: 'uri_file' } },
      outputs: { said: { type: 'uri_folder' } },
      jobs: {
        greet: {
          type: 'command',
          componentId: step,
          inputs: { word: parent('word'), file: parent('file') },
          outputs: { said: { value: '${{parent.outputs.said}}', type: 'literal' } },
        },
      },
    });
    const settings = { default_compute: 'cpu-cluster', continue_on_step_failure: 'false' };
    const componentId = { referenceType: 'Id', assetId: pipeline };
    const made = await deploy('talks', 'pipe', {
      deploymentConfiguration: { deploymentConfigurationType: 'PipelineComponent', componentId, settings },
    });
    assert.equal(made.status, 201, made.text);
    const started = await invoke(
      {
        name: 'batch-6',
        inputData: {
          word: { jobInputType: 'Literal', value: 'hello' },
          file: { jobInputType: 'UriFile', uri: `${await ws.data('in-6', { 'w.txt': 'world' })}/w.txt` },
        },
        outputData: {
          said: { jobOutputType: 'UriFolder', uri: 'azureml://datastores/workspaceblobstore/paths/out-6' },
        },
      },
      { 'azureml-model-deployment': 'pipe' },
    );
    assert.equal(started.status, 201, started.text);
    const { job } = await ws.waitForJob('batch-6');
    assert.equal(job.at('properties/status'), 'Completed');
    assert.equal(job.at('properties/jobType'), 'Pipeline');
    assert.equal((await ws.core.blobs.read(await ws.container(), 'out-6/said.txt')).toString(), 'hello world\n');
  });

  it('score tables with an MLflow model that brings neither environment nor code', async function () {
    this.timeout(180_000);
    const modelUri = await ws.data('models/flow', {
      MLmodel:
        'flavors:\n  python_function:\n    loader_module: adder\n    code: code\n    env: {}\nmlflow_version: 2.22.0\n',
      'requirements.txt': 'mlflow-skinny<3\npandas\n',
      'code/adder.py':
        'class Adder:\n    def predict(self, data):\n        return data.sum(axis=1)\n\ndef _load_pyfunc(path):\n    return Adder()\n',
    });
    await ws.arm('PUT', '/models/flow/versions/1', { properties: { modelType: 'mlflow_model', modelUri } });
    await deploy('talks', 'flow', {
      model: { referenceType: 'Id', assetId: `${ws.path}/models/flow/versions/1` },
      compute: `${ws.path}/computes/cpu-cluster`,
    });
    const shown = await ws.arm('GET', '/batchEndpoints/talks/deployments/flow');
    assert.match(shown.str('properties/environmentId'), /\/environments\/azureml-batch-mlflow\/versions\/\w+$/);
    const tables = await input('in-7', { '1.csv': 'a,b\n1,2\n3,4\n', '2.csv': 'a,b\n5,6\n' });
    await invoke({ ...tables, name: 'batch-7' }, { 'azureml-model-deployment': 'flow' });
    assert.equal((await ws.waitForJob('batch-7')).job.at('properties/status'), 'Completed', await log('batch-7'));
    assert.equal(await predictions('batch-7'), '0,3,1.csv\n1,7,1.csv\n0,11,2.csv\n');
  });

  it('refuse what cannot be', async () => {
    const without = (key: string): Record<string, unknown> =>
      Object.fromEntries(Object.entries(deployment).filter(([name]) => name !== key));
    const cases: [string, Promise<Reply>, string][] = [
      ['keys', endpoint('talks-too', { authMode: 'Key' }), 'ValidationError'],
      ['default', endpoint('talks', { defaults: { deploymentName: 'nobody' } }), 'DeploymentNotFound'],
      [
        'model',
        deploy('talks', 'bad', { ...deployment, model: { referenceType: 'Id', assetId: 'azureml:x:1' } }),
        'ModelNotFound',
      ],
      ['compute', deploy('talks', 'bad', { ...deployment, compute: `${ws.path}/computes/none` }), 'ComputeNotFound'],
      ['no compute', deploy('talks', 'bad', without('compute')), 'ValidationError'],
      ['no environment', deploy('talks', 'bad', without('environmentId')), 'ValidationError'],
      ['action', deploy('talks', 'bad', { ...deployment, outputAction: 'Print' }), 'ValidationError'],
      [
        'component',
        deploy('talks', 'bad', {
          deploymentConfiguration: {
            deploymentConfigurationType: 'PipelineComponent',
            componentId: { referenceType: 'Id', assetId: `${ws.path}/components/none/versions/1` },
          },
        }),
        'ComponentNotFound',
      ],
    ];
    for (const [what, reply, code] of cases) {
      const answer = await reply;
      assert.equal(answer.status, 400, what);
      assert.equal(answer.at('error/details/0/code'), code, what);
    }
    assert.equal((await deploy('nobody', 'first', deployment)).at('error/code'), 'ParentResourceNotFound');
    const uri = (await ws.arm('GET', '/batchEndpoints/talks')).str('properties/scoringUri');
    const ask = async (body: unknown, authorization: string, header = {}): Promise<[number, unknown]> => {
      const answer = await ws.send('POST', uri, body, { authorization, ...header });
      return [answer.status, answer.at('error/message')];
    };
    assert.equal((await ask({ properties: {} }, `Bearer ${ws.token}`))[0], 401, 'a token for Resource Manager');
    assert.equal((await ask({ properties: {} }, ''))[0], 401);
    const ml = `Bearer ${ws.mlToken}`;
    assert.match(String((await ask({ properties: {} }, ml))[1]), /takes one input, not 0/);
    assert.match(String((await ask({}, ml))[1]), /object "properties"/);
    const escaping = { inputData: { '../../x': { jobInputType: 'UriFolder', uri: 'u' } } };
    assert.match(String((await ask({ properties: escaping }, ml))[1]), /not a name in inputData/);
    assert.match(String((await ask({ properties: { outputFileName: '../x' } }, ml))[1]), /without a path/);
    assert.equal((await ask({ properties: {} }, ml, { 'azureml-model-deployment': 'nobody' }))[0], 404);
  });

  it('go with their deployments, and a default that is deleted is none any more', async () => {
    await endpoint('short-lived');
    await deploy('short-lived', 'only', deployment);
    await endpoint('short-lived', { defaults: { deploymentName: 'only' } });
    const gone = await ws.arm('DELETE', '/batchEndpoints/short-lived/deployments/only');
    assert.equal(gone.status, 202);
    await ws.waitForOperation(gone.header('location'));
    const refused = await invoke({}, {}, 'short-lived');
    assert.equal(refused.status, 404);
    assert.match(refused.str('error/message'), /no default deployment/);
    const deleted = await ws.arm('DELETE', '/batchEndpoints/short-lived');
    await ws.waitForOperation(deleted.header('location'));
    assert.equal((await ws.arm('GET', '/batchEndpoints/short-lived')).status, 404);
    assert.equal((await ws.arm('DELETE', '/batchEndpoints/short-lived')).status, 204);
  });

  it('are asked for and answered as the official documents say', async function () {
    if (!ws.judged) return this.skip();
    assert.deepEqual(await ws.problems(), []);
  });
});
