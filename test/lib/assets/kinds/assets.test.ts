import assert from 'node:assert/strict';
import { callsOf, propertiesOf, putOf, read, refuses } from './support';

const schema = (name: string): string => `$schema: https://azuremlschemas.azureedge.net/latest/${name}.schema.json\n`;
const modelHead = `${schema('model')}name: churn\n`;
const dataHead = `${schema('data')}name: churn\n`;

describe('a model file', () => {
  it('uploads local files under its name and names them by the long address', async () => {
    const [upload, put] = await callsOf(`${modelHead}version: 1.0\npath: model\n`, { 'model/m.pkl': 'x' });
    assert.ok(upload && 'upload' in upload && put && 'method' in put);
    assert.deepEqual(upload.upload.confirm, {
      on: 'model/m.pkl',
      metadata: { name: 'churn', version: '1.0', upload_status: 'completed' },
    });
    assert.match(put.path, /\/models\/churn\/versions\/1\.0$/);
    assert.match(
      JSON.stringify(put.body),
      /"azureml:\/\/subscriptions\/[^/]+\/resourcegroups\/resource-group\/workspaces\/workspace\/datastores\/workspaceblobstore\/paths\/LocalUpload\/[0-9a-f]{64}\/model"/,
    );
  });

  it('uploads to the datastore that it names', async () => {
    const { modelUri } = await propertiesOf(`${modelHead}path: m.pkl\ndatastore: azureml:lake\n`, { 'm.pkl': 'x' });
    assert.match(String(modelUri), /\/datastores\/lake\/paths\/LocalUpload\//);
  });

  it('sends whatever its tags hold as the text that Python makes of it', async () => {
    const tags = `tags: {a: 1.50, b: yes, c: [1, 'x', "it's"], d: {e: ~}, f: ~, g: text}\n`;
    const sent = await propertiesOf(`${modelHead}path: runs:/job/model\n${tags}`);
    assert.deepEqual(sent['tags'], { a: '1.5', b: 'True', c: `[1, 'x', "it's"]`, d: "{'e': None}", g: 'text' });
  });

  it('is no single file when it is an MLflow model', async () => {
    await refuses(`${modelHead}type: mlflow_model\npath: m.pkl\n`, '4:7', /is a file/, { 'm.pkl': 'x' });
    const remote = 'azureml://datastores/a/paths/m.pkl';
    await refuses(`${modelHead}type: mlflow_model\npath: ${remote}\n`, '4:7', /is a file/);
    await read(`${modelHead}type: mlflow_model\npath: azureml://datastores/a.b/paths/model\n`);
  });
});

describe('a data file', () => {
  it('takes the next version, and marks its upload as the Python SDK does', async () => {
    const [upload, put] = await callsOf(`${dataHead}path: .\n`, { 'a.csv': '1' });
    assert.ok(upload && 'upload' in upload && put && 'method' in put);
    assert.equal(upload.upload.confirm.metadata['version'], 'None');
    assert.match(put.path, /\/data\/churn\/versions\/1$/);
  });

  it('without a name is anonymous', async () => {
    const { path, body } = await putOf(`${schema('data')}path: https://account.blob.core.windows.net/c/x.csv\n`);
    assert.equal(path, '/data/a-name/versions/1');
    assert.equal(body.properties['isAnonymous'], true);
  });

  it('names the paths of a local MLTable, which must be there', async () => {
    const table = 'paths:\n- file: ./a.csv\n- pattern: ./*.csv\ntransformations: [x]\n';
    const sent = await propertiesOf(`${dataHead}type: mltable\npath: t\n`, { 't/MLTable': table, 't/a.csv': '1' });
    assert.deepEqual(sent['referencedUris'], ['./a.csv', './*.csv']);
    await refuses(`${dataHead}type: mltable\npath: t\n`, '4:7', /has no file MLTable/, { 't/a.csv': '1' });
  });

  it('refuses a path that is not of its type, and one that is not there', async () => {
    await refuses(`${dataHead}type: uri_file\npath: t\n`, '4:7', /is a folder/, { 't/a.csv': '1' });
    await refuses(`${dataHead}path: none\n`, '3:7', /does not exist/);
    await refuses(`${dataHead}path: azureml:other:1\n`, '3:7', /does not exist/);
  });

  it('asks the preview version where only it knows a member', async () => {
    const setting = 'auto_delete_setting: {condition: created_greater_than, value: 30d}\n';
    const { apiVersion, body } = await putOf(`${dataHead}path: azureml://datastores/a/paths/b\n${setting}`);
    assert.equal(apiVersion, '2023-04-01-preview');
    assert.deepEqual(body.properties['autoDeleteSetting'], { condition: 'createdGreaterThan', value: '30d' });
  });
});

describe('a datastore file', () => {
  const head = 'name: store\ntype: azure_data_lake_gen2\naccount_name: a\nfilesystem: f\n';

  it('says by its members what its credentials are', async () => {
    const byCertificate = 'credentials: {tenant_id: t, client_id: c, thumbprint: p, authority_uri: u}\n';
    assert.deepEqual((await propertiesOf(head + byCertificate))['credentials'], {
      credentialsType: 'Certificate',
      tenantId: 't',
      clientId: 'c',
      thumbprint: 'p',
      authorityUrl: 'u',
      secrets: { secretsType: 'Certificate' },
    });
    assert.deepEqual((await propertiesOf(head))['credentials'], { credentialsType: 'None' });
    assert.deepEqual((await propertiesOf(`${head}credentials: {}\n`))['credentials'], { credentialsType: 'None' });
  });

  it('refuses credentials of another type, and two words for one thing', async () => {
    await refuses(`${head}credentials: {account_key: k}\n`, '5:15', /unknown key "account_key" in credentials/);
    await refuses(
      `${head}credentials: {tenant_id: t, client_id: c, client_secret: s, authority_uri: u, authority_url: v}\n`,
      '5:61',
      /older word/,
    );
  });

  it('is of a lake in Fabric', async () => {
    const lake = 'name: store\ntype: one_lake\none_lake_workspace_name: w\nendpoint: e\nartifact: {name: n}\n';
    assert.deepEqual(await propertiesOf(lake), {
      datastoreType: 'OneLake',
      oneLakeWorkspaceName: 'w',
      endpoint: 'e',
      artifact: { artifactName: 'n', artifactType: 'LakeHouse' },
      credentials: { credentialsType: 'None' },
      tags: {},
    });
  });
});
