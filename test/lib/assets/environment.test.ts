import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readAssetFile } from '../../../lib/assets/document';
import { settle } from '../../../lib/assets/later';
import { environment } from '../../../lib/assets/parts/environment';
import { azureRemote } from '../../../lib/azure/remote';
import { FakeAgent } from '../../support/fake-agent';
import { armFault, FakeAssets, FakeAzure, workspaceId } from '../../support/fake-azure';

async function ensure(
  yaml: string,
  prepare: (fake: FakeAzure) => void = () => undefined,
): Promise<{ id: string; fake: FakeAzure }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'environment-'));
  const file = path.join(folder, 'job.yml');
  writeFileSync(path.join(folder, 'env.yml'), 'name: own\nimage: python:3.12\n');
  writeFileSync(file, `environment: ${yaml}\n`);
  const agent = new FakeAgent();
  const fake = new FakeAzure(agent);
  new FakeAssets(fake);
  prepare(fake);
  const { reader, scope } = await readAssetFile(file, [], workspaceId);
  const id = await settle(environment.read(reader.required('environment'), scope), azureRemote(fake.azure, agent));
  return { fake, id: String(id) };
}

describe('the environment of a job', () => {
  const references: [string, string][] = [
    ['azureml:own:12', `${workspaceId}/environments/own/versions/12`],
    ['azureml:own@latest', `${workspaceId}/environments/own/versions/1`],
    ['azureml:AzureML-sklearn-1.5@latest', 'azureml:AzureML-sklearn-1.5@latest'],
    [
      'azureml://registries/azureml/environments/e/labels/latest',
      'azureml://registries/azureml/environments/e/labels/latest',
    ],
    [`azureml:${workspaceId}/environments/e/versions/2`, `${workspaceId}/environments/e/versions/2`],
  ];
  for (const [reference, id] of references) {
    it(`is ${id.slice(-40)} for ${reference.slice(0, 60)}`, async () => {
      assert.equal((await ensure(reference)).id, id);
    });
  }

  it('defined inline has the same version for the same definition', async () => {
    const [one, same, other] = await Promise.all(
      ['{image: a}', '{ "image": "a" }', '{image: b}'].map((yaml) => ensure(yaml)),
    );
    assert.equal(one?.id, same?.id);
    assert.notEqual(one?.id, other?.id);
  });

  it('of a file is one of the same content, whatever its name', async () => {
    const [file, inline] = await Promise.all([ensure('file:env.yml'), ensure('{image: a, name: x, version: 3}')]);
    assert.match(file.id, /\/environments\/CliV2AnonymousEnvironment\/versions\/[0-9a-f]{64}$/);
    assert.equal(inline.id, (await ensure('{image: a}')).id);
  });

  it('built from an address is an environment of its own for each address', async () => {
    const of = async (address: string): Promise<string> => (await ensure(`{build: {path: "${address}"}}`)).id;
    const [one, other] = [await of('https://a/b#main'), await of('https://a/c')];
    assert.match(one, /\/environments\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\/versions\/1$/);
    assert.notEqual(one, other);
  });

  const refused: [string, RegExp][] = [
    ['{properties: {a: b}, image: a}', /job\.yml:1:15: unknown key "properties" in environment/],
    ['{image: a, conda: c}', /job\.yml:1:25: unknown key "conda" in environment/],
    ['{conda_file: {name: x}}', /neither image nor build/],
    ['{image: a, build: {path: .}}', /both image and build/],
    ['{image: 3}', /environment\.image must be text/],
    ['just-a-name', /names no asset/],
    ['azureml:own@stable', /no label but latest/],
    ['file:none.yml', /job\.yml:1:14: there is no file .*none\.yml/],
  ];
  for (const [yaml, message] of refused) {
    it(`refuses ${yaml}`, async () => {
      await assert.rejects(ensure(yaml), message);
    });
  }

  it('says when @latest has no version', async () => {
    await assert.rejects(
      ensure('azureml:gone@latest', (fake) =>
        fake.on('GET', '{ws}/environments/gone', () => armFault(404, 'NotFound', 'no')),
      ),
      /job\.yml:1:14: azureml:gone@latest: the workspace has no version of it/,
    );
  });
});
