import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { shown, startStandIns, type StandIns } from '../support/stand-ins';

/** ProvisionWorkspace as the agent runs it, on the local Azure. */
const project: Record<string, string> = {
  'azureml/cluster.yml': `$schema: https://azuremlschemas.azureedge.net/latest/amlCompute.schema.json
name: training
type: amlcompute
size: Standard_DS3_v2
max_instances: 2
tags: {team: mlops}
`,
  'azureml/store.yml': `$schema: https://azuremlschemas.azureedge.net/latest/azureBlob.schema.json
name: landing
type: azure_blob
account_name: stmlops
container_name: landing
credentials: {account_key: c2VjcmV0LWFjY291bnQta2V5LW9mLWxhbmRpbmc=}
`,
  'azureml/connection.yml': `$schema: https://azuremlschemas.azureedge.net/latest/workspaceConnection.schema.json
name: feed
type: python_feed
target: https://pkgs.dev.azure.com/org/_packaging/feed
credentials: {type: pat, pat: personal-access-token-of-the-feed}
`,
  'azureml/environment.yml': `$schema: https://azuremlschemas.azureedge.net/latest/environment.schema.json
name: scoring
image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest
conda_file: {name: c, dependencies: [python=3.11, {pip: [pandas]}]}
`,
  'azureml/data.yml': `$schema: https://azuremlschemas.azureedge.net/latest/data.schema.json
name: patients
type: uri_file
path: azureml://datastores/workspaceblobstore/paths/patients/patients.csv
`,
  'azureml/component.yml': `$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
name: prepare
type: command
command: python prepare.py
code: ../src
environment: azureml:scoring@latest
`,
  'azureml/endpoint.yml': `$schema: https://azuremlschemas.azureedge.net/latest/batchEndpoint.schema.json
name: retraining
auth_mode: aad_token
`,
  'src/prepare.py': 'print("prepared")\n',
};

describe('ProvisionWorkspace on the local Azure', function () {
  this.timeout(120_000);
  let on: StandIns;
  let folder: string;

  before(async () => {
    on = await startStandIns();
    folder = on.folder('project');
    for (const [name, content] of Object.entries(project)) write(name, content);
  });
  after(() => on.stop());

  function write(name: string, content: string): void {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  const run = (inputs: Record<string, string> = {}) =>
    on.run('ProvisionWorkspace', { files: 'azureml/*.yml', ...inputs }, { sourcesDirectory: folder });

  it('shows the plan and changes nothing, then makes it so, then has nothing to do', async () => {
    const planned = await run({ planOnly: 'true' });
    assert.equal(planned.result, 'Succeeded', shown(planned));
    assert.equal(planned.outputs['created'], '7', shown(planned));
    assert.ok(!on.sawRequest(/"method":"(?:PUT|POST|PATCH)".*workspaces\/mlw-mlops\//, 201));
    const made = await run();
    assert.equal(made.result, 'Succeeded', shown(made));
    assert.equal(made.outputs['created'], '7');
    const again = await run();
    assert.equal(again.result, 'Succeeded', shown(again));
    assert.deepEqual(
      [again.outputs['created'], again.outputs['updated'], again.outputs['unchanged']],
      ['0', '0', '7'],
      shown(again),
    );
  });

  it('updates what a file changes, and no more', async () => {
    const step = await run({ set: 'cluster.yml: max_instances=4' });
    assert.equal(step.result, 'Succeeded', shown(step));
    assert.deepEqual([step.outputs['updated'], step.outputs['unchanged']], ['1', '6'], shown(step));
    assert.match(step.lines.join('\n'), /scaleSettings\.maxNodeCount: 2 → 4/);
    const secret = await run({ set: 'store.yml: credentials.account_key=YW5vdGhlci1hY2NvdW50LWtleS1vZi1sYW5kaW5n' });
    assert.match(
      secret.lines.join('\n'),
      /update .*datastore landing .*secrets: "others" → "those of the file"/,
      shown(secret),
    );
  });

  it('names every problem of every file before it looks at Azure', async () => {
    write('broken/a.yml', 'type: amlcompute\nname: a\nmax_instanses: 2\n');
    write('broken/b.yml', 'type: command\ncommand: echo\nenvironment: azureml:e:1\ncompute: azureml:c\n');
    const step = await run({ files: 'broken/*.yml' });
    assert.equal(step.result, 'Failed', shown(step));
    const text = step.issues.map(({ message }) => message).join('\n');
    assert.match(text, /a\.yml:3:1: unknown key "max_instanses"[^]*b\.yml:1:1: a command job is not provisioned/);
  });

  it('uploads nothing from outside the project, though no .git says where that ends', async () => {
    const outside = path.join(on.folder('elsewhere'), 'secret.txt');
    writeFileSync(outside, 'not of the project\n');
    const set = `data.yml: path=${outside}`;
    const step = await run({ set });
    assert.equal(step.result, 'Failed', shown(step));
    assert.match(
      step.issues[0]?.message ?? '',
      /data\.yml:4:7: set path=.*: path: .*secret\.txt is outside the project folder/,
    );
  });

  it('makes a workspace and fills it', async () => {
    const group = `/subscriptions/${on.azure.subscriptionId}/resourceGroups/${on.azure.resourceGroup}/providers`;
    write(
      'workspace.yml',
      [
        '$schema: https://azuremlschemas.azureedge.net/latest/workspace.schema.json',
        'name: mlw-second',
        'display_name: Second',
        `storage_account: ${group}/Microsoft.Storage/storageAccounts/stmlops`,
        `key_vault: ${group}/Microsoft.KeyVault/vaults/kv-mlops`,
        `application_insights: ${group}/Microsoft.Insights/components/appi-mlops`,
        '',
      ].join('\n'),
    );
    const inputs = {
      workspace: 'mlw-second',
      workspaceFile: 'workspace.yml',
      files: 'azureml/cluster.yml\nazureml/data.yml',
    };
    const made = await run(inputs);
    assert.equal(made.result, 'Succeeded', shown(made));
    assert.equal(made.outputs['created'], '3', shown(made));
    const again = await run(inputs);
    assert.equal(again.outputs['unchanged'], '3', shown(again));
    const changed = await run({ ...inputs, set: 'workspace.yml: display_name=Renamed' });
    assert.deepEqual([changed.outputs['updated'], changed.outputs['unchanged']], ['1', '2'], shown(changed));
  });
});
