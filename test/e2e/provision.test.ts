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
path: ../data/patients.csv
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
  'data/patients.csv': 'AGE,Y\n1,2\n',
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
    assert.ok(!on.sawRequest(/"method":"(?:PUT|POST|PATCH)".*Microsoft\.MachineLearningServices/, 201));
    const made = await run();
    assert.equal(made.result, 'Succeeded', shown(made));
    assert.equal(made.outputs['created'], '7');
    const again = await run();
    assert.equal(again.result, 'Succeeded', shown(again));
    assert.deepEqual([again.outputs['created'], again.outputs['updated'], again.outputs['unchanged']], ['0', '0', '7'], shown(again));
  });
});
