import assert from 'node:assert/strict';
import { propertiesOf, refuses } from './support';

const common = { isSharedToAll: true, metadata: {} };

describe('a connection file', () => {
  const cases: [string, Record<string, unknown>][] = [
    ['type: git\ntarget: t', { ...common, category: 'Git', target: 't', authType: 'None' }],
    ['type: azure_data_lake_gen2\ntarget: t', { ...common, category: 'ADLSGen2', target: 't', authType: 'AAD' }],
    [
      'type: s3\ntarget: t\nis_shared: no\ncredentials: {type: access_key, access_key_id: a, secret_access_key: s}',
      {
        isSharedToAll: false,
        metadata: {},
        category: 'S3',
        target: 't',
        authType: 'AccessKey',
        credentials: { accessKeyId: 'a', secretAccessKey: 's' },
      },
    ],
    [
      'type: azure_blob\nurl: u\naccount_name: a\ncontainer_name: c',
      {
        ...common,
        category: 'AzureBlob',
        target: 'u',
        authType: 'AAD',
        metadata: { AccountName: 'a', ContainerName: 'c' },
      },
    ],
    [
      'type: azure_one_lake\nendpoint: e\none_lake_workspace_name: w\nartifact: {type: lake_house, name: n}',
      { ...common, category: 'AzureOneLake', target: 'https://e/w/n.Lakehouse', authType: 'AAD' },
    ],
    [
      'type: azure_open_ai\nazure_endpoint: e\napi_key: k\napi_version: v',
      {
        ...common,
        category: 'AzureOpenAI',
        target: 'e',
        authType: 'ApiKey',
        credentials: { key: 'k' },
        metadata: { ApiType: 'Azure', ApiVersion: 'v' },
      },
    ],
    [
      'type: azure_content_safety\nendpoint: e\napi_key: ~\ntags: {Kind: x, a: b}\nmetadata: {a: c}',
      {
        ...common,
        category: 'CognitiveService',
        target: 'e',
        authType: 'AAD',
        metadata: { a: 'c', Kind: 'Content Safety' },
      },
    ],
    ['type: serp\napi_key: k', { ...common, category: 'Serp', authType: 'ApiKey', credentials: { key: 'k' } }],
    [
      'type: serverless\nendpoint: e\napi_key: k',
      { ...common, category: 'Serverless', target: 'e', authType: 'ApiKey', credentials: { key: 'k' } },
    ],
  ];
  for (const [text, expected] of cases) {
    it(`with ${text.replaceAll('\n', ', ')}`, async () => {
      assert.deepEqual(await propertiesOf(`name: conn\n${text}\n`), expected);
    });
  }

  it('refuses a name that the service does', async () => {
    await refuses('type: git\ntarget: t\nname: a.b\n', '3:7', /not a name of a connection/);
  });

  it('refuses credentials that the type does not take, and those without their secret', async () => {
    const blob = 'name: conn\ntype: azure_blob\nurl: u\naccount_name: a\ncontainer_name: c\n';
    await refuses(`${blob}credentials: {type: pat, pat: p}\n`, '6:21', /credentials\.type is "pat"/);
    await refuses('name: conn\ntype: git\ntarget: t\ncredentials: {type: pat}\n', '4:14', /"pat" is missing/);
  });
});
