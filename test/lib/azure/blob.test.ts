import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { blobUrl, putBlob, uploadFiles } from '../../../lib/azure/blob';
import { listAsset } from '../../../lib/assets/folder';
import { FakeAgent } from '../../support/fake-agent';
import { FakeAzure } from '../../support/fake-azure';
import { registerCode } from '../../../lib/assets/register/code';
import { azureRemote } from '../../../lib/azure/remote';
import { FakeAssets } from '../../support/fake-azure';

describe('blobs', () => {
  it('puts the path before the signature and encodes it', () => {
    assert.equal(blobUrl('https://a.blob/c?sig=x', 'src/a b#.py'), 'https://a.blob/c/src/a%20b%23.py?sig=x');
    assert.equal(blobUrl('https://a.blob/c/', 'x'), 'https://a.blob/c/x');
  });

  function folder(files: Record<string, string | Buffer>): string {
    const root = mkdtempSync(path.join(tmpdir(), 'blob-'));
    for (const [name, content] of Object.entries(files)) writeFileSync(path.join(root, name), content);
    return root;
  }

  it('sends a large file in blocks, in order', async () => {
    const fake = new FakeAzure(new FakeAgent());
    fake.on('PUT', '/c/.*', () => ({ status: 201 }));
    const content = Buffer.alloc(20 * 1024 * 1024, 'x');
    const [file] = listAsset(folder({ 'big.bin': content }), 'data').files;
    assert.ok(file);
    await putBlob(fake.azure.http, 'https://a.blob.core.windows.net/c/big.bin?sig=x', file);
    const blocks = fake.seen.filter(({ query }) => query['comp'] === 'block');
    assert.deepEqual(
      blocks.map(({ body }) => (body as Buffer).length),
      [8388608, 8388608, 4194304],
    );
    const last = fake.seen.at(-1);
    assert.equal(last?.query['comp'], 'blocklist');
    const ids = [...String(last.body).matchAll(/<Latest>(.*?)<\/Latest>/g)].map(([, id]) => id);
    assert.deepEqual(
      ids,
      blocks.map(({ query }) => query['blockid']),
    );
  });

  it('marks the first file of an upload, and only after all others', async () => {
    const fake = new FakeAzure(new FakeAgent());
    fake.on('PUT', '/c/.*', () => ({ status: 201 }));
    const { files } = listAsset(folder({ 'b.py': 'b', 'A.py': 'a', 'c.py': 'c' }), 'code');
    await uploadFiles(fake.azure, { url: 'https://a.blob.core.windows.net/c?sig=x' }, 'src/', files, {
      name: 'n',
      version: '1',
    });
    const last = fake.seen.at(-1);
    assert.equal(last?.path, '/c/src/A.py');
    assert.equal(last.headers['x-ms-meta-upload_status'], 'completed');
    assert.equal(fake.seen.filter(({ headers }) => 'x-ms-meta-name' in headers).length, 1);
    assert.deepEqual([...new Set(fake.seen.map(({ resource }) => resource))], [undefined]);
  });

  it('uses the own identity where the storage account allows no keys', async () => {
    const fake = new FakeAzure(new FakeAgent());
    fake.on('PUT', '/c/.*', ({ resource }) =>
      resource === 'storage'
        ? { status: 201 }
        : { status: 403, headers: { 'x-ms-error-code': 'KeyBasedAuthenticationNotPermitted' }, body: '<Error/>' },
    );
    const { files } = listAsset(folder({ 'a.py': 'a' }), 'code');
    await uploadFiles(fake.azure, { url: 'https://a.blob.core.windows.net/c?sig=x' }, '', files, {
      name: 'n',
      version: '1',
    });
    assert.deepEqual(fake.seen.at(-1)?.query, {});
    assert.equal(fake.seen.at(-1)?.resource, 'storage');
  });

  it('uploads code once: the second time it is found by its hash', async () => {
    const agent = new FakeAgent();
    const fake = new FakeAzure(agent);
    const assets = new FakeAssets(fake);
    const root = folder({ 'a.py': 'a', 'b.py': 'b' });
    const asset = listAsset(root, 'code');
    const first = await registerCode(azureRemote(fake.azure, agent), asset);
    const puts = fake.seen.filter(({ method }) => method !== 'GET').length;
    assert.equal(await registerCode(azureRemote(fake.azure, agent), asset), first);
    assert.equal(fake.seen.filter(({ method }) => method !== 'GET').length, puts);
    assert.equal(assets.blobs.size, 2);
    assert.ok(agent.secrets.includes('c2lnbmF0dXJl'));
    assert.ok(!agent.everything.includes('c2lnbmF0dXJl'));
  });
});
