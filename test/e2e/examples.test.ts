import assert from 'node:assert/strict';
import path from 'node:path';
import { at, textAt } from '../../lib/agent/json';
import { repository, shown, startStandIns, type StandIns } from '../support/stand-ins';

const examples = path.join(repository, 'examples');

describe('examples on the local Azure', function () {
  this.timeout(300_000);
  let standIns: StandIns;

  before(async () => {
    standIns = await startStandIns();
  });
  after(() => standIns.stop());

  const submit = (jobFile: string, inputs: Record<string, string> = {}) =>
    standIns.run('SubmitAmlTraining', { jobFile, ...inputs }, { sourcesDirectory: examples });

  it('pipeline: splits, trains and scores, each node in its own process, and shows them as a tree', async () => {
    const step = await submit('pipeline/pipeline.yml', { set: 'inputs.alpha=0.5' });
    assert.equal(step.result, 'Succeeded', shown(step));
    const text = step.lines.join('\n');
    assert.match(text, /\[split\] 353 rows in train/);
    assert.match(text, /\[train\] trained on 353 rows/);
    assert.match(text, /\[score\] scored 89 rows/);
    assert.match(text, /Nodes:\n {2}split +Completed .*\n {2}train +Completed .*\n {2}score +Completed/);
    const metrics = JSON.parse(step.outputs['metrics'] ?? '') as Record<string, number>;
    assert.equal(metrics['mse']?.toFixed(1), '3298.9');
    assert.ok(step.attachments.some(({ type }) => type === 'mlops.training.v1'));
  });

  it('pipeline: uploads nothing the second time', async () => {
    const step = await submit('pipeline/pipeline.yml', { wait: 'false' });
    assert.equal(step.result, 'Succeeded', shown(step));
    assert.doesNotMatch(step.lines.join('\n'), /^Uploading/m);
    assert.equal((await standIns.settled(step.outputs['jobName'] ?? '')).status, 'Completed');
  });

  it('sweep: tries alphas and solvers, and reports the best trial', async () => {
    const step = await submit('sweep/sweep.yml');
    assert.equal(step.result, 'Succeeded', shown(step));
    const text = step.lines.join('\n');
    assert.match(text, /Best trial: \S+_\d \(score 3\d{3}\.\d+; alpha=0\.\d+.*solver=(?:cholesky|svd)/);
    const metrics = JSON.parse(step.outputs['metrics'] ?? '') as Record<string, number>;
    assert.ok(metrics['mse'] !== undefined && metrics['mse'] > 2900 && metrics['mse'] < 4200, text);
  });

  it('batch-scoring: makes endpoint and deployment once, and scores a folder of files', async () => {
    const provision = () =>
      standIns.run(
        'ProvisionWorkspace',
        { files: 'endpoint.yml\ndeployment.yml\ndata.yml' },
        { sourcesDirectory: path.join(examples, 'batch-scoring') },
      );
    const made = await provision();
    assert.equal(made.result, 'Succeeded', shown(made));
    assert.equal(made.outputs['created'], '3', shown(made));
    const again = await provision();
    assert.equal(again.outputs['unchanged'], '3', shown(again));

    const { workspaceId = '' } = again.outputs;
    const endpoint = await standIns.arm(`${workspaceId}/batchEndpoints/diabetes-batch`);
    const input = { JobInputType: 'UriFolder', Uri: `${workspaceId}/data/diabetes-unscored/versions/1` };
    const scoringUri = textAt(endpoint, 'properties', 'scoringUri') ?? '';
    const body = { properties: { InputData: { rows: input } } };
    const deployment = { 'azureml-model-deployment': 'linear' };
    const answer = await standIns.call('POST', scoringUri, 'https://ml.azure.com', body, deployment);
    const started: unknown = JSON.parse(answer);
    const job = textAt(started, 'name') ?? '';
    assert.equal((await standIns.settled(job)).status, 'Completed');
    const lines = (await predictions(workspaceId, job)).trim().split('\n');
    assert.equal(lines.length, 100);
    assert.ok(lines.includes('part-1.csv,1,189.82'), lines.slice(0, 3).join('; '));
  });

  /** The file that the step of a batch job wrote into the workspace's default datastore. */
  async function predictions(workspaceId: string, job: string): Promise<string> {
    const arm = 'https://management.azure.com';
    const history = `${standIns.azure.url}/history/v1.0${workspaceId}/runs/${job}/children`;
    const children = at(JSON.parse(await standIns.call('GET', history, arm)), 'value');
    const step = Array.isArray(children) ? textAt(children[0], 'runId') : undefined;
    const store = at(await standIns.arm(`${workspaceId}/datastores/workspaceblobstore`), 'properties');
    const account = `https://${textAt(store, 'accountName')}.blob.${textAt(store, 'endpoint')}`;
    const file = `${account}/${textAt(store, 'containerName')}/azureml/${step}/score/predictions.csv`;
    return standIns.call('GET', file, 'https://storage.azure.com');
  }
});
