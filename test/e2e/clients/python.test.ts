import assert from 'node:assert/strict';
import path from 'node:path';
import { namespaceProblem, requireProgram, result, runBesideAzure, skip } from '../../support/clients';

/** What tracking.py reads back, whatever the client. */
const tracked = {
  status: 'FINISHED',
  params: { alpha: '0.5', a: '1', b: 'two' },
  metrics: { loss: 1 / 3, mse: 3298.9, r2: 0.36 },
  tag: 'clients',
  history: 3,
  searched: true,
  note: 'read me back',
  predicted: 2.333,
  registered: ['1', 2.333],
};

const program = path.join(__dirname, 'tracking.py');

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
    assert.deepEqual(result(runBesideAzure([python, program])), tracked);
  });

  it('mlflow 3 without the plugin does the same over https', function () {
    const newer = requireProgram(this, 'python-mlflow3');
    assert.deepEqual(result(runBesideAzure([newer, program, 'plain'])), tracked);
  });
});
