import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MetadataService } from '../../../local/azure/identity';
import { at, stage, textAt, type Stage } from './client';

const arm = 'https://management.azure.com/';

interface Got {
  status: number;
  json: unknown;
}

async function ask(url: string, headers: Record<string, string> = { Metadata: 'true' }): Promise<Got> {
  const answer = await fetch(url, { headers });
  return { status: answer.status, json: await answer.json() };
}

function claims(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

describe('metadata service', () => {
  let on: Stage;
  before(async () => {
    on = await stage();
  });
  after(() => on.end());

  const url = (query: string, prefix = ''): string =>
    `${on.azure.imdsUrl}${prefix}/metadata/identity/oauth2/token${query}`;
  const good = `?api-version=2018-02-01&resource=${encodeURIComponent(arm)}`;

  it('gives a token in the form of the real service, with and without a slash at the end', async () => {
    for (const path of [url(good), url(`/${good}`)]) {
      const { status, json } = await ask(path);
      assert.equal(status, 200);
      assert.deepEqual(at(json, 'resource'), arm);
      assert.equal(at(json, 'expires_in'), '86399');
      assert.equal(at(json, 'token_type'), 'Bearer');
      const token = claims(textAt(json, 'access_token'));
      assert.equal(at(token, 'iss'), `https://sts.windows.net/${on.azure.tenantId}/`);
      assert.equal(at(token, 'aud'), arm);
      assert.equal(at(token, 'tid'), on.azure.tenantId);
      assert.equal(at(token, 'ver'), '1.0');
      assert.match(textAt(token, 'xms_mirid'), /virtualMachines\/vm-mlops-agent$/);
      assert.equal(Number(at(json, 'expires_on')), at(token, 'exp'));
      assert.equal(at(token, 'task'), undefined);
    }
  });

  it('puts the name of the task into the token', async () => {
    const { json } = await ask(url(good, '/task/DeployModel'));
    assert.equal(at(claims(textAt(json, 'access_token')), 'task'), 'DeployModel');
  });

  it('gives the user-assigned identity that is named by client id, object id or resource id', async () => {
    const identity = on.azure.directory.agentIdentities[1];
    assert.ok(identity?.resourceId !== undefined);
    for (const name of [
      `client_id=${identity.clientId}`,
      `object_id=${identity.objectId}`,
      `msi_res_id=${encodeURIComponent(identity.resourceId)}`,
    ]) {
      const { json } = await ask(url(`${good}&${name}`));
      assert.equal(at(json, 'client_id'), identity.clientId, name);
    }
  });

  const refusals: [string, () => string, Record<string, string>, unknown, RegExp][] = [
    ['without the Metadata header', () => url(good), {}, 'invalid_request', /Required metadata header not specified/],
    [
      'through a proxy',
      () => url(good),
      { Metadata: 'true', 'x-forwarded-for': '10.0.0.1' },
      'invalid_request',
      /X-Forwarded-For/,
    ],
    ['without api-version', () => url(`?resource=${arm}`), { Metadata: 'true' }, 'invalid_request', /api-version/],
    ['without a resource', () => url('?api-version=2018-02-01'), { Metadata: 'true' }, 'invalid_request', /audience/],
    [
      'for an unknown resource',
      () => url('?api-version=2018-02-01&resource=https://nowhere.example'),
      { Metadata: 'true' },
      'invalid_resource',
      /AADSTS500011/,
    ],
    [
      'for an unknown identity',
      () => url(`${good}&client_id=00000000-0000-4000-8000-000000000000`),
      { Metadata: 'true' },
      'invalid_request',
      /Identity not found/,
    ],
  ];
  for (const [what, place, headers, error, text] of refusals) {
    it(`refuses a request ${what}`, async () => {
      const { status, json } = await ask(place(), headers);
      assert.deepEqual([status, at(json, 'error')], [400, error]);
      assert.match(textAt(json, 'error_description'), text);
    });
  }

  it('answers in the form of App Service to who knows the header', async () => {
    const { IDENTITY_ENDPOINT: endpoint = '', IDENTITY_HEADER: header = '' } = on.azure.environment();
    const query = `?api-version=2019-08-01&resource=${encodeURIComponent(arm)}`;
    const { status, json } = await ask(endpoint + query, { 'X-IDENTITY-HEADER': header });
    assert.equal(status, 200);
    assert.equal(at(claims(textAt(json, 'access_token')), 'aud'), arm);
    assert.equal((await ask(endpoint + query, { 'X-IDENTITY-HEADER': 'wrong' })).status, 403);
  });

  it('misbehaves as planned', async () => {
    on.azure.faults.add({ where: 'metadata', path: /token/, respond: { status: 410, body: { error: 'gone' } } });
    assert.equal((await ask(url(good))).status, 410);
    assert.equal((await ask(url(good))).status, 200);
  });
});

describe('metadata service of a machine with several user-assigned identities and no other', () => {
  let on: Stage;
  before(async () => {
    on = await stage({ identities: { systemAssigned: false, userAssigned: ['id-a', 'id-b'] } });
  });
  after(() => on.end());

  it('asks which one is meant', async () => {
    const { status, json } = await ask(
      `${on.azure.imdsUrl}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${arm}`,
    );
    assert.equal(status, 400);
    assert.match(
      textAt(json, 'error_description'),
      /^Multiple user assigned identities exist, please specify the clientId/,
    );
  });
});

// The SDK keeps its source for a whole process: each case is a process of its own.
describe('@azure/identity with the metadata service', () => {
  let on: Stage;
  let tasksDir: string;
  before(async () => {
    tasksDir = mkdtempSync(join(tmpdir(), 'tasks-'));
    mkdirSync(join(tasksDir, 'RegisterModel'));
    on = await stage({ tasksDir });
  });
  after(async () => {
    await on.end();
    rmSync(tasksDir, { recursive: true, force: true });
  });

  const script = `
    const { ManagedIdentityCredential } = require('@azure/identity');
    const id = process.argv[1];
    new ManagedIdentityCredential(id === '' ? {} : { clientId: id }).getToken('https://management.azure.com/.default').then(
      ({ token }) => process.stdout.write(token), (error) => { process.stderr.write(error.message); process.exitCode = 1; });`;
  const run = (
    clientId: string,
    environment: Record<string, string>,
  ): Promise<{ code: number | null; out: string; errors: string }> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['-e', script, clientId], {
        env: { PATH: process.env['PATH'], ...environment },
      });
      let out = '';
      let errors = '';
      child.stdout.on('data', (data) => (out += String(data)));
      child.stderr.on('data', (data) => (errors += String(data)));
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, out, errors }));
    });

  it('gets the token of the machine, with the task in it, though it lower-cases the address', async () => {
    const { code, out, errors } = await run('', on.azure.taskEnvironment('RegisterModel'));
    assert.equal(code, 0, errors);
    assert.deepEqual(
      [at(claims(out), 'task'), at(claims(out), 'oid')],
      ['RegisterModel', on.azure.directory.agentIdentities[0]?.objectId],
    );
  });

  it('gets the token of a user-assigned identity', async () => {
    const identity = on.azure.directory.agentIdentities[1];
    const { code, out, errors } = await run(identity?.clientId ?? '', on.azure.taskEnvironment('RegisterModel'));
    assert.equal(code, 0, errors);
    assert.equal(at(claims(out), 'appid'), identity?.clientId);
  });

  it('is told when there is no such identity', async () => {
    const { code, errors } = await run(
      '00000000-0000-4000-8000-000000000000',
      on.azure.taskEnvironment('RegisterModel'),
    );
    assert.equal(code, 1);
    assert.match(errors, /Identity not found/);
  });
});

describe('metadata service at its real address', () => {
  it('refuses to listen where the loopback interface does not hold the address', () => {
    const service = (): unknown => Reflect.construct(MetadataService, [{ host: '169.254.169.254', port: 0 }]);
    assert.throws(service, /only where the loopback interface holds that address/);
  });

  it('serves an unchanged SDK in a network namespace of its own', function () {
    if (spawnSync('unshare', ['-rn', 'true']).status !== 0) {
      // eslint-disable-next-line no-console
      console.log('      skipped: this machine makes no network namespaces (unshare -rn)');
      this.skip();
    }
    const script = join(__dirname, 'in-namespace.ts');
    const child = spawnSync('unshare', ['-rn', process.execPath, '--require', 'tsx/cjs', script], {
      encoding: 'utf8',
      timeout: 50_000,
    });
    assert.equal(child.status, 0, child.stderr);
    assert.equal(child.stdout, 'https://management.azure.com');
  });
});
