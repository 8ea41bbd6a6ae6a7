import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { StepResult } from '../../local/agent/run-task';
import { shown, startStandIns, type StandIns } from '../support/stand-ins';

describe('SubmitAmlTraining with a job that cannot be', function () {
  this.timeout(120_000);
  let standIns: StandIns;

  before(async () => {
    standIns = await startStandIns();
  });
  after(() => standIns.stop());
  afterEach(() => standIns.azure.faults.clear());

  const environment = 'environment: {image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest}';
  const plain = `command: echo\n${environment}\ncompute: azureml:cpu-cluster\n`;

  function project(name: string, files: Record<string, string>): string {
    const folder = standIns.folder(`projects/${name}/repository`);
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), content);
    }
    return folder;
  }

  const submit = (folder: string): Promise<StepResult> =>
    standIns.run('SubmitAmlTraining', { jobFile: 'job.yml', wait: 'false' }, { sourcesDirectory: folder });

  /** The step has failed with one error; its text, without the folder of the project. */
  function failure(step: StepResult, folder: string): string {
    assert.equal(step.result, 'Failed', shown(step));
    const errors = step.issues.filter(({ type }) => type === 'error');
    assert.equal(errors.length, 1, shown(step));
    return (errors[0]?.message ?? '').replaceAll(`${folder}/`, '');
  }

  const sentCode = (): boolean => standIns.sawRequest(/startPendingUpload/, 200);

  it('takes nothing from outside the checkout, by name or by a link', async () => {
    const data = (name: string): string => `${plain}code: src\ninputs: {d: {type: uri_file, path: ${name}}}\n`;
    const secret = { '../key.txt': 'key', 'src/a.py': '' };
    const byName = project('outside', { 'job.yml': data('../key.txt'), ...secret });
    assert.match(
      failure(await submit(byName), byName),
      /^job\.yml:5:36: inputs\.d\.path: .*key\.txt is outside the project folder/,
    );
    const byLink = project('link', { 'job.yml': data('key'), ...secret });
    symlinkSync('../key.txt', path.join(byLink, 'key'));
    assert.match(
      failure(await submit(byLink), byLink),
      /^job\.yml:5:36: inputs\.d\.path: key is a link, or below one, that leads out of the project folder/,
    );
    assert.equal(sentCode(), false);
  });

  it('refuses a file that was made to bring the parser down', async () => {
    const folder = project('bomb', { 'job.yml': '['.repeat(1_000_000) });
    assert.match(failure(await submit(folder), folder), /^job\.yml:1:\d+: the file is nested too deeply/);
  });

  it('names datastore, role and what is registered when it has no rights on the data', async () => {
    const inputs = 'inputs: {d: {type: uri_file, path: data.csv}}\n';
    const folder = project('rights', { 'job.yml': `${plain}code: src\n${inputs}`, 'src/a.py': '1', 'data.csv': '1' });
    standIns.azure.faults.add({
      method: 'PUT',
      path: /\/LocalUpload\//,
      respond: {
        status: 403,
        headers: { 'x-ms-error-code': 'AuthorizationPermissionMismatch', 'content-type': 'application/xml' },
        body: '<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthorizationPermissionMismatch</Code><Message>no</Message></Error>',
      },
    });
    const message = failure(await submit(folder), folder);
    assert.match(message, /^job\.yml:5:36: inputs\.d\.path: PUT .* answered 403/);
    assert.match(message, /role Storage Blob Data Contributor on the container of .* of datastore workspaceblobstore/);
    assert.match(message, /Done before that: files of code src; code [0-9a-f-]+, version 1;/);
  });

  it('names the line of what the workspace does not have', async () => {
    const folder = project('missing', { 'job.yml': plain.replace('cpu-cluster', 'no-such-cluster') });
    assert.match(
      failure(await submit(folder), folder),
      /^job\.yml:3:10: compute: PUT .* answered 4\d\d [^]*no-such-cluster/,
    );
  });

  it('names the components that are registered when the third is refused, and goes on from there', async () => {
    const component = (name: string): string => `type: command\nname: ${name}\ncommand: echo ${name}\n${environment}\n`;
    const node = (name: string): string => `  ${name}: {type: command, component: file:${name}.yml}\n`;
    const names = ['first', 'second', 'third', 'fourth', 'fifth'];
    const folder = project('pipeline', {
      'job.yml': `type: pipeline\nsettings: {default_compute: azureml:cpu-cluster}\njobs:\n${names.map(node).join('')}`,
      ...Object.fromEntries(names.map((name) => [`${name}.yml`, component(name)])),
    });
    standIns.azure.faults.add({
      method: 'PUT',
      path: /\/components\//,
      after: 2,
      respond: { status: 400, body: { error: { code: 'UserError', message: 'No third component today.' } } },
    });
    const message = failure(await submit(folder), folder);
    assert.match(message, /No third component today/);
    const registered = message.match(/component azureml_anonymous, version [0-9a-f-]+/g) ?? [];
    assert.equal(registered.length, 2, message);
    assert.deepEqual(await standIns.jobs(), []);
    const again = await submit(folder);
    assert.equal(again.result, 'Succeeded', shown(again));
    assert.equal((await standIns.settled(again.outputs['jobName'] ?? '')).status, 'Completed');
  });
});
