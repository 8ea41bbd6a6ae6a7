import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ServiceError, TaskError } from '../../../lib/agent/errors';
import { jobKinds } from '../../../lib/assets/kinds/jobs';
import { DryRun } from '../../../lib/assets/dry-run';
import { send, readTranslation } from '../../../lib/assets/translate';

const workspace = '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w';

describe('what a service refuses', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'place-'));
    mkdirSync(path.join(folder, '.git'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function write(name: string, ...lines: string[]): string {
    const file = path.join(folder, name);
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  }

  /** The error of a file whose PUT the service answers with these words. */
  async function refusal(file: string, put: RegExp, words: string): Promise<Error> {
    const remote = new (class extends DryRun {
      override put(at: string, body: unknown): Promise<unknown> {
        if (!put.test(at)) return super.put(at, body);
        return Promise.reject(new ServiceError(`PUT ${at} answered 400 UserError: ${words}`, words, 'Ask.'));
      }
    })(workspace, 'westeurope', '2024-10-01');
    const translation = await readTranslation(file, workspace, { kinds: jobKinds });
    const error: unknown = await send(translation, remote, 'job-of-the-step').catch((thrown: unknown) => thrown);
    assert.ok(error instanceof TaskError);
    error.message = error.message.replaceAll(`${folder}/`, '');
    return error;
  }

  const job = (...more: string[]): string =>
    write('job.yml', 'command: echo cpu', 'compute: azureml:cpu', 'environment: azureml:cpu-sklearn:3', ...more);

  it('is told at the reference that its words quote', async () => {
    const unknownCompute = await refusal(job(), /\/jobs\//, "Unknown compute 'CPU' in workspace w.");
    assert.match(unknownCompute.message, /^job\.yml:2:10: compute: PUT .* answered 400 UserError: Unknown compute/);
    const unknownImage = await refusal(job(), /\/jobs\//, 'No environment cpu-sklearn, version 3.');
    assert.match(unknownImage.message, /^job\.yml:3:14: environment: PUT/);
  });

  it('is told of data, datastores and what is in a registry likewise', async () => {
    const inputs = (reference: string): string => job(`inputs: {d: {type: uri_file, path: ${reference}}}`);
    for (const [reference, words] of [
      ['azureml:sales@latest', 'Data asset sales has no version.'],
      ['azureml://datastores/archive/paths/a/b.csv', 'Datastore archive was not found.'],
      ['azureml://registries/r/data/prices/versions/1', 'Cannot read prices.'],
    ] as const) {
      const { message } = await refusal(inputs(reference), /\/jobs\//, words);
      assert.match(message, /^job\.yml:4:36: inputs\.d\.path: PUT/, message);
    }
  });

  it('is told at the file of the component that was being registered, else at the reference in it', async () => {
    write('step.yml', 'type: command', 'command: echo', 'environment: azureml:missing:1');
    const pipeline = write(
      'pipeline.yml',
      'type: pipeline',
      'settings: {default_compute: azureml:cpu}',
      'jobs:',
      '  one: {type: command, component: ./step.yml}',
    );
    const plain = await refusal(pipeline, /\/components\//, 'Not today.');
    assert.match(plain.message, /^step\.yml:1:1: PUT .* Not today\.$/);
    const missing = await refusal(pipeline, /\/components\//, 'Environment missing:1 does not exist.');
    assert.match(missing.message, /^step\.yml:3:14: environment: PUT/);
  });

  it('keeps its own words where they name nothing of the file', async () => {
    const { message } = await refusal(job(), /\/jobs\//, 'The quota is used up.');
    assert.match(message, /^PUT .*\/jobs\/job-of-the-step answered 400 UserError: The quota is used up\.$/);
    const other = await refusal(job(), /\/jobs\//, 'The cpu-cluster-2 and gpu are full.');
    assert.match(other.message, /^PUT /, 'a name is a whole word');
  });
});
