import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { listAsset } from '../../../lib/assets/folder';
import { registerCode } from '../../../lib/assets/register/code';
import { azureRemote } from '../../../lib/azure/remote';
import { uploadFiles } from '../../../lib/azure/upload';
import { FakeAgent } from '../../support/fake-agent';
import { FakeAssets, FakeAzure } from '../../support/fake-azure';

describe('an upload', () => {
  function folder(files: Record<string, string | Buffer>): string {
    const root = mkdtempSync(path.join(tmpdir(), 'blob-'));
    for (const [name, content] of Object.entries(files)) writeFileSync(path.join(root, name), content);
    return root;
  }

  it('marks its first file, and only after all others', async () => {
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

  it('sends no file again that is there, however many pages the list of blobs has', async () => {
    const fake = new FakeAzure(new FakeAgent());
    const md5 = (text: string): string => createHash('md5').update(text).digest('base64');
    const blob = (name: string, tag: string): string =>
      `<Blob><Name>d/${name}</Name><Properties><Content-Length>1</Content-Length>${tag}</Properties></Blob>`;
    const pages: Record<string, string> = {
      '': `${blob('b&amp;b.py', `<Content-MD5>${md5('b')}</Content-MD5>`)}${blob('c.py', '<Content-MD5 />')}`,
      next: `${blob('d.py', `<Content-MD5>${md5('d')}</Content-MD5>`)}${blob('e.py', `<Content-MD5>${md5('x')}</Content-MD5>`)}`,
    };
    fake.on('GET', '/c', ({ query }) => {
      assert.equal(query['prefix'], 'd/');
      const marker = query['marker'] ?? '';
      const next = marker === '' ? '<NextMarker>next</NextMarker>' : '<NextMarker />';
      return { body: `<EnumerationResults><Blobs>${pages[marker] ?? ''}</Blobs>${next}</EnumerationResults>` };
    });
    fake.on('PUT', '/c/.*', () => ({ status: 201 }));
    const names = ['A.py', 'b&b.py', 'c.py', 'd.py', 'e.py'];
    const content = Object.fromEntries(names.map((name) => [name, name.slice(0, 1)]));
    const { files } = listAsset(folder(content), 'code');
    const target = { url: 'https://a.blob.core.windows.net/c', resource: 'storage' };
    const progress = { files: 0, bytes: 0 };
    await uploadFiles(fake.azure, target, 'd/', files, { name: 'n', version: '1' }, progress);
    assert.deepEqual(
      fake.calls('PUT', '/c/.*').map(({ path: at }) => at),
      ['/c/d/c.py', '/c/d/e.py', '/c/d/A.py'],
    );
    assert.deepEqual(progress, { files: 5, bytes: 5 });
  });

  it('sends all where the identity may write but not list', async () => {
    const fake = new FakeAzure(new FakeAgent());
    fake.on('GET', '/c', () => ({ status: 403 }));
    fake.on('PUT', '/c/.*', () => ({ status: 201 }));
    const { files } = listAsset(folder({ 'a.py': 'a', 'b.py': 'b' }), 'code');
    const target = { url: 'https://a.blob.core.windows.net/c', resource: 'storage' };
    await uploadFiles(fake.azure, target, 'd/', files, { name: 'n', version: '1' });
    assert.equal(fake.calls('PUT', '/c/.*').length, 2);
  });

  it('sends all blocks again when another client wrote the blob meanwhile', async () => {
    const fake = new FakeAzure(new FakeAgent());
    let there = new Set<string>();
    let others = 1;
    fake.on('GET', '/c(/.*)?', ({ query }) => (query['comp'] === 'blocklist' ? { status: 404 } : { body: '' }));
    fake.on('PUT', '/c/d/b.bin', ({ query, body }) => {
      if (query['comp'] === 'block') {
        there.add(query['blockid'] ?? '');
        return { status: 201 };
      }
      // Their list does not have our blocks: the service drops these.
      if (others-- > 0) there = new Set();
      const wanted = [...String(body).matchAll(/<Latest>(.*?)<\/Latest>/g)].map(([, id = '']) => id);
      return wanted.every((id) => there.has(id))
        ? { status: 201 }
        : { status: 400, headers: { 'x-ms-error-code': 'InvalidBlockList' }, body: '<Error/>' };
    });
    fake.on('PUT', '/c/d/a.py', () => ({ status: 201 }));
    const { files } = listAsset(folder({ 'a.py': 'a', 'b.bin': Buffer.alloc(9 * 1024 * 1024) }), 'data');
    const progress = { files: 0, bytes: 0 };
    const target = { url: 'https://a.blob.core.windows.net/c', resource: 'storage' };
    await uploadFiles(fake.azure, target, 'd/', files, { name: 'n', version: '1' }, progress);
    assert.equal(fake.calls('PUT', '/c/d/b.bin').length, 6);
    assert.deepEqual(progress, { files: 2, bytes: 9 * 1024 * 1024 + 1 });
  });

  it('of a file whose content changed but not its size and time ends before its mark', async () => {
    const fake = new FakeAzure(new FakeAgent());
    fake.on('PUT', '/c/.*', () => ({ status: 201 }));
    const root = folder({ 'a.py': 'a', 'b.py': 'good' });
    const file = path.join(root, 'b.py');
    utimesSync(file, 1, 1);
    const { files } = listAsset(root, 'code');
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(file, 'evil');
    utimesSync(file, 1, 1);
    const target = { url: 'https://a.blob.core.windows.net/c?sig=x' };
    await assert.rejects(
      uploadFiles(fake.azure, target, '', files, { name: 'n', version: '1' }),
      /b\.py changed while/,
    );
    assert.equal(fake.calls('PUT', '/c/a.py').length, 0);
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

  it('is made once for code: the second time it is found by its hash', async () => {
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
