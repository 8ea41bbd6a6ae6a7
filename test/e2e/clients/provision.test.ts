import assert from 'node:assert/strict';
import path from 'node:path';
import { namespaceProblem, requireProgram, result, runBesideAzure, skip } from '../../support/clients';

describe('azure-ai-ml provisions on the local Azure', function () {
  this.timeout(120_000);

  it('a compute, a datastore, an environment, a batch endpoint that scores, a schedule that fires, and a workspace', function () {
    const python = requireProgram(this, 'python-ml');
    const problem = namespaceProblem();
    if (problem !== undefined) skip(this, problem);
    const program = [python, path.join(__dirname, 'provision.py'), path.join(__dirname, 'sdk-batch')];
    assert.deepEqual(result(runBesideAzure(program)), {
      scored: 'Completed',
      predictions: ['a.txt says one', 'b.txt says two', 'c.txt says three'],
      step: ['batchscoring'],
      same: true,
      jobs: true,
      scheduled: 'Completed',
      job: true,
      listed: ['every-morning'],
      made: 'Made here',
      workspaces: ['mlw-mlops', 'mlw-sdk'],
      gone: 5,
    });
  });
});
