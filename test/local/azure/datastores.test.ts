import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createJudge, judgeServer } from '../../support/judge';
import { at, metadataToken, request, resources, stage, workspacePath, type Reply, type Stage } from './client';

describe('datastores and connections of the local Azure', () => {
  let on: Stage;
  let token: string;
  let judged: { verdict(): Promise<string[]> } | undefined;
  let folder: string;
  let recordFile: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'datastores-'));
    recordFile = join(folder, 'record.json');
    on = await stage({ recordFile });
    token = await metadataToken(on.azure, resources.arm);
    const judge = await createJudge();
    judged = judge === undefined ? undefined : judgeServer(judge, on.azure);
  });
  after(async () => {
    await on.end();
    rmSync(folder, { recursive: true, force: true });
  });

  const call = (method: string, path: string, body?: unknown): Promise<Reply> => {
    const query = path.includes('?') ? '&' : '?';
    return request(on.azure, method, `${workspacePath(on.azure)}${path}${query}api-version=2024-10-01`, {
      token,
      body,
    });
  };
  const foreign = {
    datastoreType: 'AzureBlob',
    accountName: 'elsewhere',
    containerName: 'data',
    credentials: { credentialsType: 'AccountKey', secrets: { secretsType: 'AccountKey', key: 'a-key-of-elsewhere' } },
  };

  it('keep what this machine does not reach when nobody asks to validate', async () => {
    assert.equal((await call('PUT', '/datastores/away', { properties: foreign })).status, 400);
    const made = await call('PUT', '/datastores/away?skipValidation=true', { properties: foreign });
    assert.equal(made.status, 201, made.text);
    assert.doesNotMatch(made.text, /a-key-of-elsewhere/);
    assert.equal(at(made.json, 'properties', 'endpoint'), 'core.windows.net');
    const gen2 = {
      datastoreType: 'AzureDataLakeGen2',
      accountName: 'lake',
      filesystem: 'fs',
      credentials: { credentialsType: 'None' },
    };
    assert.equal((await call('PUT', '/datastores/lake?skipValidation=true', { properties: gen2 })).status, 201);
    const list = await call('GET', '/datastores');
    assert.deepEqual(
      [0, 1, 2, 3].map((index) => at(list.json, 'value', index, 'name')),
      ['away', 'lake', 'workspaceartifactstore', 'workspaceblobstore'],
    );
    assert.equal(at((await call('GET', '/datastores?isDefault=true')).json, 'value', 1), undefined);
  });

  it('give secrets back to who asks, and to no log', async () => {
    const secrets = await call('POST', '/datastores/away/listSecrets');
    assert.deepEqual(secrets.json, { secretsType: 'AccountKey', key: 'a-key-of-elsewhere' });
    assert.equal((await call('POST', '/datastores/lake/listSecrets')).status, 400);
    const recorded = readFileSync(recordFile, 'utf8');
    assert.match(recorded, /datastores\/away\/listSecrets/);
    assert.doesNotMatch(recorded + readFileSync(on.azure.logFile, 'utf8'), /a-key-of-elsewhere/);
  });

  it("can be deleted, but for the workspace's own", async () => {
    assert.equal((await call('DELETE', '/datastores/lake')).status, 200);
    assert.equal((await call('DELETE', '/datastores/lake')).status, 204);
    assert.equal((await call('DELETE', '/datastores/workspaceblobstore')).status, 400);
  });

  it('are refused when they are incomplete', async () => {
    const cases: [string, Record<string, unknown>, RegExp][] = [
      ['lake', { datastoreType: 'AzureDataLakeGen2', accountName: 'lake' }, /needs filesystem/],
      ['share', { datastoreType: 'AzureFile', fileShareName: 'f' }, /needs accountName/],
      ['nothing', { datastoreType: 'AzureBlob', accountName: 'a', containerName: 'c' }, /needs credentials/],
      ['kind', { datastoreType: 'Floppy' }, /not a datastoreType/],
      ['creds', { ...foreign, credentials: { credentialsType: 'Sas' } }, /need secrets/],
      ['a-dash', foreign, /letters, digits and underscores/],
    ];
    for (const [name, properties, expected] of cases) {
      const answer = await call('PUT', `/datastores/${name}?skipValidation=true`, { properties });
      assert.equal(answer.status, 400, name);
      assert.match(String(at(answer.json, 'error', 'details', 0, 'message')), expected);
    }
  });

  it('connections keep their credentials to themselves', async () => {
    const properties = {
      authType: 'PAT',
      category: 'Git',
      target: 'https://x.test',
      credentials: { pat: 'pat-of-ana' },
    };
    const made = await call('PUT', '/connections/git', { properties });
    assert.equal(made.status, 200, made.text);
    assert.doesNotMatch(made.text + (await call('GET', '/connections')).text, /pat-of-ana/);
    const secrets = await call('POST', '/connections/git/listsecrets');
    assert.equal(at(secrets.json, 'properties', 'credentials', 'pat'), 'pat-of-ana');
    assert.doesNotMatch(readFileSync(recordFile, 'utf8'), /pat-of-ana/);
    assert.equal(
      (await call('PUT', '/connections/git-2', { properties: { ...properties, authType: 'Shout' } })).status,
      400,
    );
    assert.equal((await call('DELETE', '/connections/git')).status, 200);
    assert.equal((await call('GET', '/connections/git')).status, 404);
  });

  it('are asked for and answered as the official documents say', async function () {
    if (judged === undefined) return this.skip();
    assert.deepEqual(await judged.verdict(), []);
  });
});
