import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startAzure, type Exchange } from '../../../local/azure';
import { at, metadataToken, request, resources, stage, textAt, workspacePath, type Stage } from './client';

const version = 'api-version=2024-10-01';

describe('local Azure server', () => {
  let on: Stage;
  let token: string;
  before(async () => {
    on = await stage();
    token = await metadataToken(on.azure, resources.arm);
  });
  after(() => on.end());

  it('answers with the headers of Resource Manager', async () => {
    const headers = { 'x-ms-correlation-request-id': '0a1b2c3d-0000-4000-8000-000000000000' };
    const reply = await request(on.azure, 'GET', `/subscriptions?${version}`, { token, headers });
    assert.equal(reply.status, 200);
    assert.equal(reply.headers['x-ms-correlation-request-id'], headers['x-ms-correlation-request-id']);
    assert.match(String(reply.headers['x-ms-request-id']), /^[0-9a-f-]{36}$/);
    assert.match(String(reply.headers['x-ms-routing-request-id']), /^WESTEUROPE:\d{8}T\d{6}Z:[0-9a-f-]{36}$/);
    assert.equal(reply.headers['x-ms-ratelimit-remaining-subscription-reads'], '249');
  });

  describe('refuses', () => {
    const refusal = async (
      asked: Parameters<typeof request>[3],
      path = `/subscriptions?${version}`,
    ): Promise<[number, unknown, string]> => {
      const reply = await request(on.azure, 'GET', path, asked);
      return [reply.status, at(reply.json, 'error', 'code'), textAt(reply.json, 'error', 'message')];
    };

    it('a request without a token, and says where to get one', async () => {
      const reply = await request(on.azure, 'GET', `/subscriptions?${version}`);
      assert.equal(reply.status, 401);
      assert.equal(at(reply.json, 'error', 'code'), 'AuthenticationFailed');
      assert.match(
        String(reply.headers['www-authenticate']),
        new RegExp(`authorization_uri="${on.azure.url}/${on.azure.tenantId}"`),
      );
    });

    it('a token for another audience', async () => {
      const other = await metadataToken(on.azure, resources.storage);
      const [status, code, message] = await refusal({ token: other });
      assert.deepEqual([status, code], [401, 'InvalidAuthenticationTokenAudience']);
      assert.match(message, /wrong audience or resource 'https:\/\/storage\.azure\.com\/'/);
    });

    it('a token whose signature was changed', async () => {
      const [header, claims = '', signature] = token.split('.');
      const forged = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
      const payload = Buffer.from(JSON.stringify({ ...forged, oid: '66666666-6666-4666-8666-666666666666' })).toString(
        'base64url',
      );
      const [status, code] = await refusal({ token: [header, payload, signature].join('.') });
      assert.deepEqual([status, code], [401, 'InvalidAuthenticationToken']);
    });

    it('a token that has expired', async () => {
      on.azure.faults.tokenLifetimeSeconds = -1;
      const expired = await metadataToken(on.azure, resources.arm);
      on.azure.faults.tokenLifetimeSeconds = undefined;
      const [status, code] = await refusal({ token: expired });
      assert.deepEqual([status, code], [401, 'ExpiredAuthenticationToken']);
    });

    it('a request without api-version', async () => {
      const [status, code] = await refusal({ token }, '/subscriptions');
      assert.deepEqual([status, code], [400, 'MissingApiVersionParameter']);
    });

    it('an unknown resource type, naming it', async () => {
      const path = `/subscriptions/${on.azure.subscriptionId}/resourceGroups/rg-mlops/providers/Microsoft.Web/sites/x?${version}`;
      const [status, code, message] = await refusal({ token }, path);
      assert.deepEqual([status, code], [404, 'InvalidResourceType']);
      assert.match(message, /'sites' could not be found in the namespace 'Microsoft\.Web'/);
    });

    it('a method that the path does not have', async () => {
      const reply = await request(on.azure, 'DELETE', `/subscriptions?${version}`, { token });
      assert.deepEqual([reply.status, reply.headers['allow']], [405, 'GET']);
    });

    it('a body that is not JSON', async () => {
      const reply = await request(on.azure, 'PUT', `${workspacePath(on.azure)}/models/m/versions/1?${version}`, {
        token,
        body: Buffer.from('{'),
      });
      assert.deepEqual([reply.status, at(reply.json, 'error', 'code')], [400, 'InvalidRequestContent']);
    });

    it('what lies in a workspace, a group or a subscription that does not exist', async () => {
      const [, group = ''] = /^(.*)\/providers/.exec(workspacePath(on.azure)) ?? [];
      const workspace = `${group}/providers/Microsoft.MachineLearningServices/workspaces/nope`;
      assert.equal((await refusal({ token }, `${workspace}?${version}`))[1], 'ResourceNotFound');
      const [status, code, message] = await refusal({ token }, `${workspace}/models/m?${version}`);
      assert.deepEqual([status, code], [404, 'ParentResourceNotFound']);
      assert.equal(
        message,
        "Can not perform requested operation on nested resource. Parent resource 'nope' not found.",
      );
      assert.equal((await refusal({ token }, `${group}-2?${version}`))[1], 'ResourceGroupNotFound');
      assert.equal((await refusal({ token }, `/subscriptions/0000?${version}`))[1], 'SubscriptionNotFound');
    });
  });

  describe('faults', () => {
    const path = `/subscriptions?${version}`;
    afterEach(() => on.azure.faults.clear());

    it('answers as planned, as often as planned, and then as usual', async () => {
      on.azure.faults.add({
        path: /^\/subscriptions/,
        times: 2,
        respond: { status: 429, headers: { 'retry-after': '7' }, body: { error: { code: 'TooManyRequests' } } },
      });
      const replies = [];
      for (let i = 0; i < 3; i += 1) replies.push(await request(on.azure, 'GET', path, { token }));
      assert.deepEqual(
        replies.map((one) => one.status),
        [429, 429, 200],
      );
      assert.equal(replies[0]?.headers['retry-after'], '7');
    });

    it('lets requests through first, and only touches what matches', async () => {
      on.azure.faults.add({ method: 'GET', path: /subscriptions/, after: 1, respond: { status: 503 } });
      assert.equal((await request(on.azure, 'GET', `/tenants?${version}`, { token })).status, 200);
      assert.equal((await request(on.azure, 'GET', path, { token })).status, 200);
      assert.equal((await request(on.azure, 'GET', path, { token })).status, 503);
    });

    it('drops a connection', async () => {
      on.azure.faults.add({ path: /subscriptions/, dropConnection: true });
      await assert.rejects(request(on.azure, 'GET', path, { token }), /socket hang up|ECONNRESET/);
    });

    it('never answers, and still stops', async () => {
      on.azure.faults.add({ path: /tenants/, hang: true });
      const waiting = request(on.azure, 'GET', `/tenants?${version}`, { token }).then(
        () => 'answered',
        () => 'ended',
      );
      const first = await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 150, 'waiting'))]);
      assert.equal(first, 'waiting');
      await on.azure.stop();
      assert.equal(await waiting, 'ended');
      on.azure = await startAzure({ stateDir: join(on.folder, 'state'), services: () => [] });
    });
  });

  it('writes one line for each request, without secrets', async () => {
    const task = await metadataToken(on.azure, resources.arm, { task: 'SmokeTest' });
    await request(on.azure, 'GET', `/subscriptions?${version}&sig=abc%2Fdef&access_token=${task}`, { token: task });
    const lines = readFileSync(on.azure.logFile, 'utf8').trim().split('\n');
    const last = JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>;
    assert.deepEqual(Object.keys(last), ['time', 'method', 'url', 'status', 'ms', 'task', 'caller']);
    assert.deepEqual(
      [last['method'], last['status'], last['task'], last['caller']],
      ['GET', 200, 'SmokeTest', 'vm-mlops-agent'],
    );
    assert.match(String(last['url']), /sig=SANITIZED&access_token=SANITIZED$/);
    assert.ok(!lines.some((line) => line.includes('eyJ')), 'no token in the log');
  });

  it('hands every exchange to listeners, as it was', async () => {
    const seen: Exchange[] = [];
    const end = on.azure.onExchange((exchange) => seen.push(exchange));
    await request(on.azure, 'PUT', `${workspacePath(on.azure)}/models/listened?${version}`, {
      token,
      body: { properties: { tags: { a: 'b' } } },
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    end();
    await request(on.azure, 'GET', `/tenants?${version}`, { token });
    assert.deepEqual(
      seen.map((one) => [one.method, one.status]),
      [['PUT', 201]],
    );
    assert.deepEqual(JSON.parse(seen[0]?.requestBody.toString() ?? ''), { properties: { tags: { a: 'b' } } });
    assert.equal(at(JSON.parse(seen[0]?.responseBody.toString() ?? ''), 'name'), 'listened');
  });
});

describe('local Azure over a restart', () => {
  it('keeps URLs, authority, secrets and what was made', async () => {
    const on = await stage();
    const { url, imdsUrl, caFile } = on.azure;
    const authority = readFileSync(caFile, 'utf8');
    const token = await metadataToken(on.azure, resources.arm);
    await request(on.azure, 'PUT', `${workspacePath(on.azure)}/models/kept?${version}`, {
      token,
      body: { properties: {} },
    });
    const before = on.azure.environment();
    await on.azure.stop();
    on.azure = await startAzure({ stateDir: join(on.folder, 'state'), services: () => [] });
    try {
      assert.deepEqual([on.azure.url, on.azure.imdsUrl], [url, imdsUrl]);
      assert.equal(readFileSync(caFile, 'utf8'), authority);
      assert.deepEqual(on.azure.environment(), before);
      // A token of before is still good: the signing key is the same.
      assert.equal(
        (await request(on.azure, 'GET', `${workspacePath(on.azure)}/models/kept?${version}`, { token })).status,
        200,
      );
    } finally {
      await on.end();
    }
  });

  it('says in one sentence that a port is taken, and leaves nothing running', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as AddressInfo;
    await assert.rejects(
      stage({ imdsPort: port }),
      new RegExp(`^Error: Port ${port} on 127\\.0\\.0\\.1 is in use by another program`),
    );
    await new Promise((resolve) => blocker.close(resolve));
  });
});

describe('recording of the local Azure', () => {
  it('is whole JSON in the form of the recordings, with secrets hidden', async () => {
    const on = await stage();
    const recordFile = join(on.folder, 'recording.json');
    await on.azure.stop();
    on.azure = await startAzure({ stateDir: join(on.folder, 'state'), services: () => [], recordFile });
    try {
      const token = await metadataToken(on.azure, resources.arm);
      const path = `${workspacePath(on.azure)}/datastores/workspaceblobstore/listSecrets?${version}`;
      const secret = textAt(
        (await request(on.azure, 'POST', path, { token, body: { expirableSecret: true } })).json,
        'sasToken',
      );
      const blob = `${on.azure.url}/stmlops/azureml/x.txt${secret}`;
      await request(on.azure, 'PUT', blob, { body: Buffer.from('hello'), headers: { 'x-ms-blob-type': 'BlockBlob' } });
      await new Promise((resolve) => setTimeout(resolve, 50));
      const text = readFileSync(recordFile, 'utf8');
      const { Entries: entries } = JSON.parse(text) as { Entries: Record<string, unknown>[] };
      const upload = entries.find((one) => one['RequestMethod'] === 'PUT');
      assert.deepEqual(Object.keys(upload ?? {}), [
        'RequestMethod',
        'RequestUri',
        'RequestHeaders',
        'RequestBody',
        'StatusCode',
        'ResponseHeaders',
        'ResponseBody',
      ]);
      assert.equal(upload?.['RequestBody'], 'hello');
      assert.equal(upload['StatusCode'], 201);
      assert.match(String(upload['RequestUri']), /sig=SANITIZED/);
      for (const hidden of [token, secret, new URLSearchParams(secret).get('sig') ?? '-'])
        assert.ok(!text.includes(hidden));
    } finally {
      await on.end();
    }
  });
});
