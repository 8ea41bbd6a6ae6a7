import assert from 'node:assert/strict';
import path from 'node:path';
import { namespaceProblem, requireProgram, runBesideAzure, skip } from '../../support/clients';

/** Programs print one line `RESULT {json}` at their end. */
function result(output: { stdout: string; stderr: string; status: number | null }): Record<string, unknown> {
  const line = output.stdout.split('\n').find((text) => text.startsWith('RESULT '));
  assert.equal(output.status, 0, output.stdout + output.stderr);
  assert.ok(line, output.stdout + output.stderr);
  return JSON.parse(line.slice('RESULT '.length)) as Record<string, unknown>;
}

describe('Python clients on the local Azure', function () {
  this.timeout(300_000);
  let python: string;

  before(function () {
    python = requireProgram(this, 'python-ml');
    const problem = namespaceProblem();
    if (problem !== undefined) skip(this, problem);
  });

  it('azure-ai-ml submits a job, streams its log and registers its model', () => {
    const output = runBesideAzure([python, path.join(__dirname, 'mlclient.py'), path.join(__dirname, 'sdk-job')]);
    assert.deepEqual(result(output), { status: 'Completed', model: '1', listed: true });
    assert.match(output.stdout, /alpha is 0\.5/);
  });

  it('mlflow with azureml-mlflow logs a run, saves a model, and reads both back', () => {
    const output = runBesideAzure([python, path.join(__dirname, 'tracking.py')]);
    assert.deepEqual(result(output), {
      status: 'FINISHED',
      params: { alpha: '0.5', a: '1', b: 'two' },
      metrics: { loss: 1 / 3, mse: 3298.9, r2: 0.36 },
      tag: 'clients',
      history: 3,
      searched: true,
      note: 'read me back',
      predicted: 2.333,
    });
  });
});
