import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

  const group = '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w';
  const read = (more: Record<string, string>, workspaceId?: string) => {
    const common = { azureSubscription: 'c', resourceGroup: 'g', workspace: 'w' };
    return readIntended(readInputs(new FakeAgent({ inputs: { ...common, ...more } })), workspaceId);
  };
  const ofFileWith = (more: Record<string, string>, ...lines: string[]) => {
    const deploymentFile = path.join(folder, 'deployment.yml');
    writeFileSync(deploymentFile, ['instance_type: Standard_DS3_v2', ...lines, ''].join('\n'));
    return read({ target: 'managedEndpoint', endpointName: 'churn', deploymentFile, ...more }, group);
  };
  const ofFile = (...lines: string[]) => ofFileWith({}, ...lines);

  it('is the model or the image of the inputs', async () => {
    const managed = { target: 'managedEndpoint', endpointName: 'churn' };
    assert.deepEqual(await read({ ...managed, ...model }), { kind: 'model', name: 'churn', version: '17' });
    assert.deepEqual(await read({ ...managed, image }), { kind: 'image', image });
    assert.equal((await ofFileWith(model, 'environment: azureml:serve:3')).kind, 'model');
  });

  it('is a model of the workspace that is deployed to, unless its id says otherwise', async () => {
    const id = `${group}/models/churn/versions/17`;
    assert.deepEqual(await ofFile('model: azureml:churn:17'), { kind: 'model', name: 'churn', version: '17', id });
    const registry = 'azureml://registries/r/models/churn/versions/17';
    assert.deepEqual(await ofFile(`model: ${registry}`), {
      ...{ kind: 'model', name: 'churn', version: '17', id: registry, isElsewhere: true },
    });
  });

  it('is nothing that can be approved where code or environment can change after the approval', async () => {
    const moving: [string[], RegExp, RegExp][] = [
      [
        ['model: azureml:churn:17', 'environment: azureml:serve@latest'],
        /environment azureml:serve@latest/,
        /by its version/,
      ],
      [
        ['model: azureml:churn:17', 'environment: azureml://registries/r/environments/serve/labels/latest'],
        /serve\/labels\/latest/,
        /by its version/,
      ],
      [
        ['environment:', `  image: ${image}`, 'code_configuration: {code: ., scoring_script: score.py}'],
        /code that the deployment file puts beside image/,
        /Leave code_configuration out/,
      ],
    ];
    writeFileSync(path.join(folder, 'score.py'), '');
    for (const [lines, words, advice] of moving) {
      const found = await ofFile(...lines);
      assert.ok(found.kind === 'unnamed' && words.test(found.what) && advice.test(found.advice ?? ''), lines.join());
    }
    assert.equal((await ofFileWith(model, 'environment: azureml:serve@latest')).kind, 'unnamed');
  });

  it('of the example is its model, with code and environment out of the repository', async () => {
    const deploymentFile = path.resolve('examples/diabetes/deployment.yml');
    const found = await read({ target: 'managedEndpoint', endpointName: 'churn', deploymentFile, ...model });
    assert.equal(found.kind, 'model');
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

  for (const reference of [
    'azureml:churn:17',
    `azureml:${group}/models/churn/versions/17`,
    'azureml://registries/r/models/churn/versions/17',
  ]) {
    it(`is the version that a deployment file names as ${reference}`, async () => {
      const id = reference.startsWith('azureml://') ? reference : `${group}/models/churn/versions/17`;
      const { isElsewhere, ...found } = { isElsewhere: false, ...(await ofFile(`model: ${reference}`)) };
      assert.deepEqual(found, { kind: 'model', name: 'churn', version: '17', id });
      assert.equal(isElsewhere, reference.startsWith('azureml://'));
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

  it('is nothing from outside the sources folder', async () => {
    const sources = path.join(folder, 'sources');
    mkdirSync(path.join(sources, 'src'), { recursive: true });
    writeFileSync(path.join(folder, 'secret.txt'), 'not of the project\n');
    const deploymentFile = path.join(sources, 'deployment.yml');
    writeFileSync(deploymentFile, 'model: {name: m, version: 1, path: ../secret.txt}\ninstance_type: a\n');
    const inputs = { azureSubscription: 'c', resourceGroup: 'g', workspace: 'w', target: 'managedEndpoint' };
    const agent = new FakeAgent({
      inputs: { ...inputs, endpointName: 'churn', deploymentFile },
      variables: { 'Build.SourcesDirectory': sources },
    });
    await assert.rejects(
      readIntended(readInputs(agent), group),
      /deployment\.yml:1:\d+: model\.path: .*secret\.txt is outside the project folder/,
    );
  });
});
