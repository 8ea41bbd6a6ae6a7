import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzure } from '../../../local/azure';
import type { Core } from '../../../local/azure/service';
import { metadataToken, request, resources, stage, type Stage } from './client';

describe('blob storage', () => {
  let on: Stage;
  let core: Core;
  before(async () => {
    on = await stage({
      services: (lent) => {
        core = lent;
        return [];
      },
    });
  });
  after(() => on.end());

  const put = { 'x-ms-blob-type': 'BlockBlob', 'x-ms-version': '2026-02-06' };

  it('accepts what a SAS of the stand-in allows, and no more', async () => {
    const write = await core.blobs.sasUrl('sas', 'a/b c#1.txt', 'cw');
    assert.equal((await request(on.azure, 'PUT', write, { body: Buffer.from('hello'), headers: put })).status, 201);
    assert.equal((await request(on.azure, 'GET', write)).status, 403);
    const read = await core.blobs.sasUrl('sas', 'a/b c#1.txt', 'r');
    assert.equal((await request(on.azure, 'GET', read)).text, 'hello');
    assert.equal((await request(on.azure, 'GET', read.replace('b%20c', 'other'))).status, 403);
    assert.equal((await request(on.azure, 'GET', read.replace(/sig=[^&]+/, 'sig=AAAA'))).status, 403);
  });

  it('accepts a SAS of a container for every blob in it', async () => {
    const [base = '', query = ''] = (await core.blobs.sasUrl('tree', undefined, 'racwdl')).split('?');
    for (const name of ['x/1', 'x/2', 'y']) {
      assert.equal(
        (await request(on.azure, 'PUT', `${base}/${name}?${query}`, { body: Buffer.from(name), headers: put })).status,
        201,
      );
    }
    assert.deepEqual(
      (await core.blobs.list('tree', 'x/')).map(({ name, size }) => [name, size]),
      [
        ['x/1', 3],
        ['x/2', 3],
      ],
    );
    assert.equal(
      (
        await request(on.azure, 'PUT', `${base.replace('tree', 'sas')}/z?${query}`, {
          body: Buffer.from('z'),
          headers: put,
        })
      ).status,
      403,
    );
  });

  it('checks a token: signature here, audience and lifetime too', async () => {
    const headers = { ...put, 'x-ms-version': '2023-11-03' };
    const token = await metadataToken(on.azure, resources.storage);
    const path = '/stmlops/sas/by-token';
    assert.equal((await request(on.azure, 'PUT', path, { token, headers, body: Buffer.from('x') })).status, 201);
    const arm = await metadataToken(on.azure, resources.arm);
    assert.equal((await request(on.azure, 'GET', path, { token: arm, headers })).status, 403);
    const forged = `${token.slice(0, token.lastIndexOf('.'))}.AAAA`;
    const refusal = await request(on.azure, 'GET', path, { token: forged, headers });
    assert.deepEqual([refusal.status, refusal.headers['x-ms-error-code']], [401, 'InvalidAuthenticationInfo']);
  });

  it('accepts the shared key', async () => {
    const key = readFileSync(join(on.folder, 'state', 'blobs', 'account.key'), 'utf8');
    const headers = { 'x-ms-date': new Date().toUTCString(), 'x-ms-version': '2021-12-02' };
    const canonical = `x-ms-date:${headers['x-ms-date']}\nx-ms-version:${headers['x-ms-version']}\n/stmlops/stmlops/sas/by-token`;
    const signature = createHmac('sha256', Buffer.from(key, 'base64'))
      .update(`GET\n\n\n\n\n\n\n\n\n\n\n\n${canonical}`)
      .digest('base64');
    const reply = await request(on.azure, 'GET', '/stmlops/sas/by-token', {
      headers: { ...headers, authorization: `SharedKey stmlops:${signature}` },
    });
    assert.equal(reply.status, 200, reply.text);
  });

  it('is reached by host name too', async () => {
    const read = new URL(await core.blobs.sasUrl('sas', 'a/b c#1.txt', 'r'));
    const path = read.pathname.replace('/stmlops/', '/') + read.search;
    const reply = await request(on.azure, 'GET', path, {
      headers: { host: `stmlops.blob.core.localhost:${read.port}` },
    });
    assert.deepEqual([reply.status, reply.text], [200, 'hello']);
  });

  it('appends, keeps metadata, and says what is not there', async () => {
    const read = await core.blobs.sasUrl('logs', 'run/log.txt', 'r');
    assert.equal((await request(on.azure, 'HEAD', read)).status, 404);
    await core.blobs.append('logs', 'run/log.txt', Buffer.from('one\n'));
    await core.blobs.append('logs', 'run/log.txt', Buffer.from('two\n'));
    await core.blobs.setMetadata('logs', 'run/log.txt', { Complete: 'successful' });
    const head = await request(on.azure, 'HEAD', read);
    assert.deepEqual(
      [head.headers['x-ms-blob-type'], head.headers['x-ms-meta-complete']],
      ['AppendBlob', 'successful'],
    );
    const rest = await request(on.azure, 'GET', read, { headers: { range: 'bytes=4-' } });
    assert.deepEqual([rest.status, rest.text], [206, 'two\n']);
    assert.equal((await request(on.azure, 'GET', read, { headers: { range: 'bytes=8-' } })).status, 416);
    assert.equal(await core.blobs.exists('logs', 'nothing'), false);
    assert.deepEqual(await core.blobs.list('no-such-container', ''), []);
  });

  it('copies folders up and down, and never out of the folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'blobs-'));
    try {
      mkdirSync(join(folder, 'up', 'deep er'), { recursive: true });
      writeFileSync(join(folder, 'up', 'a.txt'), 'a');
      writeFileSync(join(folder, 'up', 'deep er', 'ü.txt'), 'ü');
      await core.blobs.upload(join(folder, 'up'), 'copies', 'at/this');
      await core.blobs.download('copies', 'at/this/', join(folder, 'down'));
      assert.equal(readFileSync(join(folder, 'down', 'deep er', 'ü.txt'), 'utf8'), 'ü');
      // Clients take dots out of paths by themselves, but not behind an encoded slash.
      const [base = '', query = ''] = (await core.blobs.sasUrl('copies', undefined, 'rcw')).split('?');
      const evil = `${base}/bad/..%2F..%2Foutside.txt?${query}`;
      assert.equal((await request(on.azure, 'PUT', evil, { body: Buffer.from('x'), headers: put })).status, 201);
      await assert.rejects(core.blobs.download('copies', 'bad/', join(folder, 'down')), /lies outside the folder/);
      assert.ok(!existsSync(join(folder, 'outside.txt')));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('knows its own URLs and no others', async () => {
    const url = await core.blobs.sasUrl('sas', 'a/b c#1.txt', 'r');
    assert.deepEqual(core.blobs.parse(url), { container: 'sas', blob: 'a/b c#1.txt' });
    const port = new URL(on.azure.url).port;
    assert.deepEqual(core.blobs.parse(`https://stmlops.blob.core.localhost:${port}/sas/x?y`), {
      container: 'sas',
      blob: 'x',
    });
    assert.equal(core.blobs.parse('https://stmlops.blob.core.windows.net/sas/x'), undefined);
    assert.equal(core.blobs.parse('azureml://datastores/x'), undefined);
  });

  it('keeps blobs over a restart', async () => {
    await on.azure.stop();
    on.azure = await startAzure({
      stateDir: join(on.folder, 'state'),
      services: (lent) => {
        core = lent;
        return [];
      },
    });
    assert.equal((await core.blobs.read('sas', 'a/b c#1.txt')).toString(), 'hello');
  });
});
