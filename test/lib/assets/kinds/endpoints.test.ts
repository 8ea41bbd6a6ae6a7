import assert from 'node:assert/strict';
import { putOf, read, refuses } from './support';

describe('an online endpoint file', () => {
  it('is of a cluster when it names a compute', async () => {
    assert.equal((await read('name: churn\nauth_mode: key\n')).kind.name, 'managed online endpoint');
    const { kind } = await read('name: churn\nauth_mode: key\ncompute: azureml:aks\n');
    assert.equal(kind.name, 'kubernetes online endpoint');
  });

  it('leaves out what an exported endpoint has besides, and shares of nothing', async () => {
    const exported = 'id: x\nlocation: nowhere\nscoring_uri: u\nopenapi_uri: u\nprovisioning_state: ~\nkind: Managed\n';
    const { body } = await putOf(`name: churn\nauth_mode: AMLToken\n${exported}traffic: {a: 0, b: 30}\n`);
    assert.deepEqual(body, {
      location: 'westeurope',
      identity: { type: 'SystemAssigned' },
      tags: {},
      properties: { authMode: 'AMLToken', properties: {}, traffic: { b: 30 }, mirrorTraffic: {} },
    });
  });

  it('writes names in lower case', async () => {
    const { path, body } = await putOf('name: Churn\ntraffic: {Blue: 100}\n');
    assert.equal(path, '/onlineEndpoints/churn');
    assert.deepEqual(body.properties['traffic'], { blue: 100 });
  });

  const refused: [string, string, RegExp][] = [
    ['traffic above 100 %', 'traffic: {a: 60, b: 50}', /traffic adds up to 110 %/],
    ['mirrored traffic above 50 %', 'mirror_traffic: {a: 60}', /mirror_traffic adds up to 60 %/],
    ['a share below nothing', 'traffic: {a: -1}', /whole number from 0 to 100/],
    ['an identity without its id', 'identity: {type: user_assigned}', /needs user_assigned_identities/],
    [
      'two identities',
      'identity: {type: user_assigned, user_assigned_identities: [{resource_id: a}, {resource_id: b}]}',
      /at most one/,
    ],
    ['an identity without a type', 'identity: {}', /"type" is missing in identity/],
  ];
  for (const [what, line, words] of refused) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(read(`name: churn\nauth_mode: key\n${line}\n`), words);
    });
  }

  for (const [name, isName] of Object.entries({ ab: false, abc: true, 'a--b': true, 'ab-': false, '1ab': false, a_b: false, ['a'.repeat(33)]: false })) {
    it(`${isName ? 'takes' : 'refuses'} the name ${name}`, async () => {
      const text = `auth_mode: key\nname: ${name}\n`;
      await (isName ? read(text) : refuses(text, '2:7', /not a name of an endpoint/));
    });
  } // prettier-ignore
});

describe('other endpoint files', () => {
  it('are of a batch endpoint with its default deployment', async () => {
    const { path, body } = await putOf('name: nightly\nauth_mode: aad_token\ndefaults: {deployment_name: one}\n');
    assert.equal(path, '/batchEndpoints/nightly');
    assert.deepEqual(body.properties, { authMode: 'AADToken', defaults: { deploymentName: 'one' }, properties: {} });
  });

  it('are of a model that is billed by the token', async () => {
    const id = 'azureml://registries/azureml-meta/models/Meta-Llama-3-8B-Instruct';
    const { path, body } = await putOf(`name: llama\nmodel_id: ${id}\nauth_mode: key\n`);
    assert.equal(path, '/serverlessEndpoints/llama');
    assert.deepEqual(body, {
      location: 'westeurope',
      sku: { name: 'Consumption' },
      properties: { modelSettings: { modelId: id } },
    });
  });
});
