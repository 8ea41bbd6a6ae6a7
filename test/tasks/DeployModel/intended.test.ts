import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TaskError } from '../../../lib/agent/errors';
import { readIntended } from '../../../tasks/DeployModel/intended';
import { readInputs } from '../../../tasks/DeployModel/inputs';
import { FakeAgent } from '../../support/fake-agent';

const image = `registry.azurecr.io/churn@sha256:${'0123456789abcdef'.repeat(4)}`;
const model = { modelName: 'churn', modelVersion: '17' };

describe('what a deployment is about to deploy', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'intended-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const read = (more: Record<string, string>) => {
    const common = { azureSubscription: 'c', resourceGroup: 'g', workspace: 'w' };
    return readIntended(readInputs(new FakeAgent({ inputs: { ...common, ...more } })));
  };
  const ofFile = (...lines: string[]) => {
    const deploymentFile = path.join(folder, 'deployment.yml');
    writeFileSync(deploymentFile, ['instance_type: Standard_DS3_v2', ...lines, ''].join('\n'));
    return read({ target: 'managedEndpoint', endpointName: 'churn', deploymentFile });
  };

  it('is the model or the image of the inputs, and no file is read', async () => {
    const managed = { target: 'managedEndpoint', endpointName: 'churn' };
    assert.deepEqual(await read({ ...managed, ...model }), { kind: 'model', name: 'churn', version: '17' });
    assert.deepEqual(await read({ ...managed, image }), { kind: 'image', image });
    const deploymentFile = path.join(folder, 'deployment.yml');
    writeFileSync(deploymentFile, '');
    assert.equal((await read({ ...managed, ...model, deploymentFile })).kind, 'model');
  });

  it('is the image for a container, with the model that is stated for it', async () => {
    const stated = { name: 'churn', version: '17' };
    const targets: Record<string, string>[] = [{ target: 'containerInstance' }, { target: 'aks', cluster: 'k' }];
    for (const target of targets) {
      const inputs = { ...target, name: 'churn', image };
      assert.deepEqual(await read(inputs), { kind: 'image', image, model: undefined });
      assert.deepEqual(await read({ ...inputs, ...model }), { kind: 'image', image, model: stated });
    }
  });

  const group = '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w';
  for (const reference of [
    'azureml:churn:17',
    `${group}/models/churn/versions/17`,
    `azureml:${group}/models/churn/versions/17`,
    'azureml://registries/r/models/churn/versions/17',
  ]) {
    it(`is the version that a deployment file names as ${reference}`, async () => {
      assert.deepEqual(await ofFile(`model: ${reference}`), { kind: 'model', name: 'churn', version: '17' });
    });
  }

  it('is the image of a deployment file without a model, unless packages are added to it', async () => {
    assert.deepEqual(await ofFile('environment:', `  image: ${image}`), { kind: 'image', image });
    writeFileSync(path.join(folder, 'conda.yml'), 'dependencies: [python=3.11]\n');
    const added = await ofFile('environment:', `  image: ${image}`, '  conda_file: conda.yml');
    assert.deepEqual(added, { kind: 'unnamed', what: 'what the deployment file describes, which has no model' });
  });

  const unnamed: [string, string[], RegExp][] = [
    ['a label', ['model: azureml:churn@latest'], /^azureml:churn@latest, a version that only Azure knows$/],
    [
      'a label by id',
      ['model: azureml://registries/r/models/churn/labels/latest'],
      /labels\/latest, which has no version$/,
    ],
    ['files', ['model:', '  path: .', '  name: churn', '  version: 17'], /^the files in .*, which are not registered$/],
    ['an environment by name', ['environment: azureml:serve:1'], /which has no model$/],
    ['nothing', [], /which has no model$/],
  ];
  for (const [what, lines, words] of unnamed) {
    it(`is nothing that evidence could name when a deployment file has ${what}`, async () => {
      const intended = await ofFile(...lines);
      assert.match(intended.kind === 'unnamed' ? intended.what : intended.kind, words);
    });
  }

  it('is not known from a file that cannot be read', async () => {
    await assert.rejects(
      ofFile('model: churn'),
      (error) => error instanceof TaskError && /names no model/.test(error.message),
    );
  });
});
