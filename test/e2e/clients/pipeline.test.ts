import assert from 'node:assert/strict';
import path from 'node:path';
import { namespaceProblem, requireProgram, result, runBesideAzure, skip } from '../../support/clients';

describe('azure-ai-ml on the local Azure, jobs with children', function () {
  this.timeout(300_000);
  let python: string;

  before(function () {
    python = requireProgram(this, 'python-ml');
    const problem = namespaceProblem();
    if (problem !== undefined) skip(this, problem);
  });

  it('runs a pipeline and a sweep, streams them, lists their children and downloads their outputs', () => {
    const output = runBesideAzure([python, path.join(__dirname, 'pipeline.py'), path.join(__dirname, 'sdk-pipeline')]);
    assert.deepEqual(result(output), {
      status: ['Completed', 'Completed'],
      children: { prepared: 'Completed', trained: 'Completed' },
      model: '7 rows at 0.5',
      trials: ['sweep_0', 'sweep_1', 'sweep_2'],
      best: 'sweep_1',
      bestModel: '1 rows at 0.3',
      listed: [true, true, false],
    });
    assert.match(output.stdout, /Streaming logs\/azureml\/executionlogs\.txt/);
    assert.match(output.stdout, /Streaming azureml-logs\/hyperdrive\.txt/);
  });
});
