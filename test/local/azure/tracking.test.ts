import assert from 'node:assert/strict';
import { MlWorkspace, valueAt, type Reply } from '../../support/ml-workspace';

/** What an MLflow user does, in any version and with or without the plugin; fails at the first thing that is not as logged. */
const client = `
import math, os, sys
import mlflow
from mlflow import MlflowClient

with mlflow.start_run() as run:
    mlflow.log_params({"alpha": 0.5, "kind": "ridge"})
    mlflow.log_metrics({"mse": 3298.5, "bad": float("nan")})
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.set_tag("who", "me")
    mlflow.log_text("hello", "notes/a.txt")
    os.makedirs("folder/deep", exist_ok=True)
    with open("folder/deep/b.txt", "w") as file:
        file.write("b")
    mlflow.log_artifacts("folder", "tree")

client = MlflowClient()
read = client.get_run(run.info.run_id)
assert read.data.params == {"alpha": "0.5", "kind": "ridge"}, read.data.params
assert read.data.metrics["mse"] == 3298.5 and math.isnan(read.data.metrics["bad"]), read.data.metrics
assert [m.value for m in client.get_metric_history(run.info.run_id, "loss")] == [1, 1 / 2, 1 / 3]
assert read.data.tags["who"] == "me"
assert [f.path for f in client.list_artifacts(run.info.run_id, "notes")] == ["notes/a.txt"]
assert [f.path for f in client.list_artifacts(run.info.run_id, "tree/deep")] == ["tree/deep/b.txt"]
found = client.search_runs([run.info.experiment_id], "metrics.mse < 4000 and tags.who = 'me'", order_by=["metrics.mse ASC"])
assert run.info.run_id in [one.info.run_id for one in found]
client.create_registered_model(sys.argv[1])
version = client.create_model_version(sys.argv[1], "runs:/" + run.info.run_id + "/tree", run.info.run_id)
assert version.version in ("1", 1), version
print("RUN", run.info.run_id, mlflow.__version__)
`;

const plain = `
import mlflow, os, tempfile
os.environ["MLFLOW_TRACKING_URI"] = os.environ["MLFLOW_TRACKING_URI"].replace("azureml://", "https://")
for name in ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"):
    os.environ.pop(name, None)
mlflow.set_experiment("plain")
exec(open("client.py").read())
path = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="tree")
assert open(os.path.join(path, "deep", "b.txt")).read() == "b"
`;

describe('MLflow tracking of the local Azure', () => {
  let ws: MlWorkspace;
  let experiment: string;

  before(async () => {
    ws = await MlWorkspace.start();
    const created = await ws.mlflow('POST', 'experiments/create', { name: 'first', tags: [{ key: 'a', value: 'b' }] });
    assert.equal(created.status, 200, created.text);
    experiment = created.str('experiment_id');
  });
  after(() => ws.stop());

  async function newRun(more: Record<string, unknown> = {}): Promise<string> {
    const reply = await ws.mlflow('POST', 'runs/create', {
      experiment_id: experiment,
      start_time: 1_700_000_000_000,
      ...more,
    });
    assert.equal(reply.status, 200, reply.text);
    return reply.str('run/info/run_id');
  }

  async function get(id: string, headers: Record<string, string> = {}): Promise<Reply> {
    return ws.mlflow('GET', `runs/get?run_uuid=${id}&run_id=${id}`, undefined, headers);
  }

  it('finds experiments by id and name, and says in its own envelope when there is none', async () => {
    assert.equal(
      (await ws.mlflow('GET', `experiments/get?experiment_id=${experiment}`)).at('experiment/name'),
      'first',
    );
    assert.equal(
      (await ws.mlflow('GET', 'experiments/get-by-name?experiment_name=first')).at('experiment/experiment_id'),
      experiment,
    );
    const missing = await ws.mlflow('GET', 'experiments/get-by-name?experiment_name=absent');
    assert.equal(missing.status, 404);
    assert.equal(missing.at('error_code'), 'RESOURCE_DOES_NOT_EXIST');
    assert.equal(missing.at('Error/Code'), 'UserError');
    assert.match(missing.str('Error/Message'), /absent/);
    assert.equal(
      (await ws.mlflow('POST', 'experiments/create', { name: 'first' })).at('error_code'),
      'RESOURCE_ALREADY_EXISTS',
    );
    const found = await ws.mlflow('POST', 'experiments/search', { max_results: 10, filter: "name = 'first'" });
    assert.equal(found.list('experiments').length, 1);
  });

  it('keeps the latest value of a metric by step, and its whole history in pages', async () => {
    const run = await newRun();
    for (const [step, value] of [
      [0, 3],
      [2, 1],
      [1, 2],
    ])
      await ws.mlflow('POST', 'runs/log-metric', { run_id: run, key: 'loss', value, timestamp: 1000, step });
    await ws.mlflow('POST', 'runs/log-batch', {
      run_id: run,
      metrics: [{ key: 'odd', value: 'NaN', timestamp: '5', step: '0' }],
    });
    const metrics = (await get(run)).list('run/data/metrics');
    assert.deepEqual(
      metrics.map((one) => [valueAt(one, 'key'), valueAt(one, 'value')]),
      [
        ['loss', 1],
        ['odd', 'NaN'],
      ],
    );
    const page = await ws.mlflow('GET', `metrics/get-history?run_id=${run}&metric_key=loss&max_results=2`);
    assert.deepEqual(
      page.list('metrics').map((one) => valueAt(one, 'value')),
      [3, 2],
    );
    const next = await ws.mlflow(
      'GET',
      `metrics/get-history?run_id=${run}&metric_key=loss&max_results=2&page_token=${page.str('next_page_token')}`,
    );
    assert.deepEqual(
      next.list('metrics').map((one) => valueAt(one, 'value')),
      [1],
    );
    assert.equal(next.at('next_page_token'), undefined);
  });

  it('refuses pages of 1000 metrics and more, as the service does', async () => {
    const refused = await ws.mlflow(
      'GET',
      `metrics/get-history?run_id=${await newRun()}&metric_key=x&max_results=25000`,
    );
    assert.equal(refused.status, 400);
    assert.equal(refused.at('error_code'), 'BAD_REQUEST');
    assert.equal(refused.at('Error/Message'), 'MaxResults = 25000 is invalid: MaxResults must be less than 1000.');
  });

  it('lets a param be logged again but not changed', async () => {
    const run = await newRun();
    const log = (value: string) => ws.mlflow('POST', 'runs/log-parameter', { run_id: run, key: 'alpha', value });
    assert.equal((await log('1')).status, 200);
    assert.equal((await log('1')).status, 200);
    const changed = await log('2');
    assert.equal(changed.status, 400);
    assert.equal(changed.at('error_code'), 'INVALID_PARAMETER_VALUE');
  });

  it('ends, renames, deletes and restores runs', async () => {
    const run = await newRun({ run_name: 'before' });
    const updated = await ws.mlflow('POST', 'runs/update', {
      run_id: run,
      status: 'FINISHED',
      end_time: 1_700_000_001_000,
      run_name: 'after',
    });
    assert.equal(updated.at('run_info/status'), 'FINISHED');
    assert.equal(updated.at('run_info/run_name'), 'after');
    assert.equal(updated.at('run_info/end_time'), 1_700_000_001_000);
    assert.equal((await ws.history(`/runs/${run}/details`)).at('status'), 'Completed');
    await ws.mlflow('POST', 'runs/delete', { run_id: run });
    assert.equal((await get(run)).at('run/info/lifecycle_stage'), 'deleted');
    await ws.mlflow('POST', 'runs/restore', { run_id: run });
    assert.equal((await get(run)).at('run/info/lifecycle_stage'), 'active');
    assert.equal((await ws.mlflow('POST', 'runs/update', { run_id: run, status: 'ODD' })).status, 400);
  });

  it('searches runs by attributes, metrics, params and tags, in order and in pages', async () => {
    const id = (await ws.mlflow('POST', 'experiments/create', { name: 'search' })).str('experiment_id');
    const runs: string[] = [];
    for (const mse of [3, 1, 2]) {
      const run = await newRun({ experiment_id: id, tags: [{ key: 'mlflow.parentRunId', value: 'parent' }] });
      await ws.mlflow('POST', 'runs/log-batch', {
        run_id: run,
        metrics: [{ key: 'mse', value: mse, timestamp: 1 }],
        params: [{ key: 'kind', value: `k'${mse}` }],
      });
      runs.push(run);
    }
    const search = async (body: Record<string, unknown>): Promise<unknown[]> => {
      const reply = await ws.mlflow('POST', 'runs/search', { experiment_ids: [id], ...body });
      assert.equal(reply.status, 200, reply.text);
      return reply.list('runs').map((run) => runs.indexOf(String(valueAt(run, 'info/run_id'))));
    };
    assert.deepEqual(await search({ order_by: ['metrics.mse ASC'] }), [1, 2, 0]);
    assert.deepEqual(await search({ filter: 'metrics.mse >= 2', order_by: ['metrics.`mse` DESC'] }), [0, 2]);
    assert.deepEqual(await search({ filter: "tags.mlflow.parentRunId = 'parent' AND params.kind = 'k''1'" }), [1]);
    assert.deepEqual(
      await search({
        filter: `attributes.run_id IN ('${runs[0]}', '${runs[2]}') and status = 'RUNNING'`,
        order_by: ['metrics.mse'],
      }),
      [2, 0],
    );
    assert.deepEqual(
      await search({
        filter: "params.kind LIKE 'k%' and tags.absent IS NULL",
        max_results: 2,
        order_by: ['metrics.mse'],
      }),
      [1, 2],
    );
    const wrong = await ws.mlflow('POST', 'runs/search', { experiment_ids: [id], filter: 'metrics.mse is strange' });
    assert.equal(wrong.status, 400);
    assert.match(wrong.str('Error/Message'), /Invalid clause.*metrics\.mse is strange/);
  });

  it('gives each kind of client the artifact address that it understands', async () => {
    const run = await newRun();
    const azure = (await get(run)).str('run/info/artifact_uri');
    assert.match(
      azure,
      new RegExp(`^azureml://localhost:\\d+/mlflow/v2\\.0/subscriptions/.*/experiments/first/runs/${run}/artifacts$`),
    );
    const alone = (await get(run, { 'user-agent': 'mlflow-python-client/3.17.2' })).str('run/info/artifact_uri');
    assert.equal(alone, `mlflow-artifacts:/${experiment}/${run}/artifacts`);
    const proxy = `/mlflow/v2.0${ws.path}/api/2.0/mlflow-artifacts/artifacts`;
    assert.equal((await ws.send('PUT', `${proxy}/${experiment}/${run}/artifacts/model/a.txt`, 'content')).status, 200);
    assert.equal((await ws.send('GET', `${proxy}/${experiment}/${run}/artifacts/model/a.txt`)).text, 'content');
    assert.deepEqual((await ws.send('GET', `${proxy}?path=${experiment}/${run}/artifacts`)).at('files'), [
      { path: 'model', is_dir: true },
    ]);
    assert.equal((await ws.send('PUT', `${proxy}/${experiment}/${run}/other/a.txt`, 'x')).status, 400);
    const listed = await ws.mlflow('GET', `artifacts/list?run_id=${run}&path=model`);
    assert.deepEqual(listed.at('files'), [{ path: 'model/a.txt', is_dir: false, file_size: 7 }]);
  });

  it("shows MLflow's registered models as the workspace's models, and the other way round", async () => {
    const run = await newRun();
    await ws.core.blobs.write('azureml', `ExperimentRun/dcid.${run}/model/MLmodel`, Buffer.from('x'));
    assert.equal((await ws.mlflow('POST', 'registered-models/create', { name: 'reg' })).status, 200);
    assert.equal(
      (await ws.mlflow('POST', 'registered-models/create', { name: 'reg' })).at('error_code'),
      'RESOURCE_ALREADY_EXISTS',
    );
    const made = await ws.mlflow('POST', 'model-versions/create', {
      name: 'reg',
      source: `runs:/${run}/model`,
      run_id: run,
    });
    assert.equal(made.at('model_version/version'), '1');
    const arm = await ws.arm('GET', '/models/reg/versions/1');
    assert.equal(arm.at('properties/jobName'), run);
    assert.match(
      arm.str('properties/modelUri'),
      new RegExp(`datastores/workspaceartifactstore/paths/ExperimentRun/dcid\\.${run}/model$`),
    );
    assert.equal((await ws.arm('GET', '/models/reg')).at('properties/latestVersion'), '1');
    const put = await ws.arm('PUT', '/models/reg/versions/2', {
      properties: { modelType: 'mlflow_model', modelUri: arm.str('properties/modelUri'), stage: 'Production' },
    });
    assert.equal(put.status, 201, put.text);
    const latest = await ws.mlflow('POST', 'registered-models/get-latest-versions', {
      name: 'reg',
      stages: ['Production'],
    });
    assert.equal(latest.at('model_versions/0/version'), '2');
    await ws.mlflow('POST', 'registered-models/alias', { name: 'reg', alias: 'champion', version: '1' });
    assert.equal(
      (await ws.mlflow('GET', 'registered-models/alias?name=reg&alias=champion')).at('model_version/version'),
      '1',
    );
    await ws.mlflow('POST', 'model-versions/transition-stage', { name: 'reg', version: '1', stage: 'Archived' });
    assert.equal((await ws.arm('GET', '/models/reg/versions/1')).at('properties/stage'), 'Archived');
    const versions = await ws.mlflow('GET', `model-versions/search?filter=${encodeURIComponent("name='reg'")}`);
    assert.deepEqual(
      versions.list('model_versions').map((one) => valueAt(one, 'version')),
      ['2', '1'],
    );
  });

  it('is closed to who has no token', async () => {
    assert.equal(
      (await ws.mlflow('GET', 'experiments/get?experiment_id=0', undefined, { authorization: '' })).status,
      401,
    );
  });

  const clients = [
    {
      title: 'mlflow 2 with the plugin azureml-mlflow',
      pip: ['mlflow-skinny<3', 'azureml-mlflow'],
      script: 'client.py',
    },
    {
      title: 'mlflow 3 with the plugin azureml-mlflow',
      pip: ['mlflow-skinny>=3', 'azureml-mlflow'],
      script: 'client.py',
    },
    { title: 'mlflow 2 alone', pip: ['mlflow-skinny<3'], script: 'plain.py' },
    { title: 'mlflow 3 alone', pip: ['mlflow-skinny>=3'], script: 'plain.py' },
  ];
  for (const [index, { title, pip, script }] of clients.entries()) {
    it(`serves ${title} from within a job`, async function () {
      this.timeout(180_000);
      const environmentId = await ws.environment(`client-${index}`, pip);
      const codeId = await ws.code(`client-${index}`, { 'client.py': client, 'plain.py': plain });
      await ws.startJob(`client-${index}`, { environmentId, codeId, command: `python ${script} registered-${index}` });
      const { job } = await ws.waitForJob(`client-${index}`);
      const log = await ws.log(`client-${index}`);
      assert.equal(job.at('properties/status'), 'Completed', log);
      const [, run = '', version = ''] = /RUN (\S+) (\S+)/.exec(log) ?? [];
      assert.equal(version.split('.')[0], title.split(' ')[1]);
      assert.equal(run === `client-${index}`, script === 'client.py', "a job's run is the job");
      const read = (await ws.core.blobs.read('azureml', `ExperimentRun/dcid.${run}/tree/deep/b.txt`)).toString();
      assert.equal(read, 'b');
    });
  }
});
