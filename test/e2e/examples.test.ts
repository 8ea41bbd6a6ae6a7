import assert from 'node:assert/strict';
import path from 'node:path';
import { repository, shown, startStandIns, type StandIns } from '../support/stand-ins';

const examples = path.join(repository, 'examples');

describe('examples on the local Azure', function () {
  this.timeout(300_000);
  let standIns: StandIns;

  before(async () => {
    standIns = await startStandIns();
  });
  after(() => standIns.stop());

  const submit = (example: string, jobFile: string, inputs: Record<string, string> = {}) =>
    standIns.run('SubmitAmlTraining', { jobFile, ...inputs }, { sourcesDirectory: path.join(examples, example) });

  it('pipeline: splits, trains and scores, each node in its own process, and shows them as a tree', async () => {
    const step = await submit('pipeline', 'pipeline.yml', { set: 'inputs.alpha=0.5' });
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
    const step = await submit('pipeline', 'pipeline.yml', { wait: 'false' });
    assert.equal(step.result, 'Succeeded', shown(step));
    assert.doesNotMatch(step.lines.join('\n'), /^Uploading/m);
    assert.equal((await standIns.settled(step.outputs['jobName'] ?? '')).status, 'Completed');
  });

  it('sweep: tries alphas and solvers, and reports the best trial', async () => {
    const step = await submit('sweep', 'sweep.yml');
    assert.equal(step.result, 'Succeeded', shown(step));
    const text = step.lines.join('\n');
    assert.match(text, /Best trial: \S+_\d \(score 3\d{3}\.\d+; alpha=0\.\d+.*solver=(?:cholesky|svd)/);
    const metrics = JSON.parse(step.outputs['metrics'] ?? '') as Record<string, number>;
    assert.ok(metrics['mse'] !== undefined && metrics['mse'] > 2900 && metrics['mse'] < 4200, text);
  });
});
