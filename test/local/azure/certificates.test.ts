import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCertificates } from '../../../local/azure/certificates';
import { stage, type Stage } from './client';

describe('certificates', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are made once, and name every host of the stand-in', async () => {
    const first = await openCertificates(folder);
    const second = await openCertificates(folder);
    assert.equal(second.certificate, first.certificate);
    const server = new X509Certificate(first.certificate);
    const authority = new X509Certificate(readFileSync(first.caFile));
    assert.ok(server.verify(authority.publicKey));
    assert.ok(authority.ca && !server.ca);
    for (const host of ['localhost', 'stmlops.blob.core.localhost', 'crmlops.azurecr.localhost'])
      assert.ok(server.checkHost(host), host);
    for (const address of ['127.0.0.1', '::1']) assert.ok(server.checkIP(address), address);
  });

  it('are made anew with the authority', async () => {
    const first = await openCertificates(folder);
    unlinkSync(join(folder, 'ca.key'));
    const second = await openCertificates(folder);
    assert.notEqual(second.certificate, first.certificate);
    assert.ok(
      new X509Certificate(second.certificate).verify(new X509Certificate(readFileSync(second.caFile)).publicKey),
    );
  });
});

describe('certificates as other languages see them', () => {
  let on: Stage;
  before(async () => {
    on = await stage();
  });
  after(() => on.end());

  const run = (
    command: string,
    args: string[],
    environment: Record<string, string>,
  ): Promise<{ code: number | null; text: string }> =>
    new Promise((resolve, reject) => {
      const child = spawn(command, args, { env: { PATH: process.env['PATH'], HOME: on.folder, ...environment } });
      let text = '';
      child.stdout.on('data', (data) => (text += String(data)));
      child.stderr.on('data', (data) => (text += String(data)));
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, text }));
    });
  const path = '/metadata/endpoints?api-version=2019-05-01';

  it('are accepted by Python with strict checks, by name and by address', async function () {
    if (spawnSync('python3', ['--version']).error !== undefined) {
      // eslint-disable-next-line no-console
      console.log('      skipped: python3 is not installed');
      this.skip();
    }
    const script = `
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[1])
context.verify_flags |= ssl.VERIFY_X509_STRICT
for host in ('localhost', '127.0.0.1'):
    print(urllib.request.urlopen(f'https://{host}:{sys.argv[2]}${path}', context=context).status)
`;
    const { code, text } = await run('python3', ['-c', script, on.azure.caBundleFile, new URL(on.azure.url).port], {});
    assert.deepEqual([code, text.trim().split('\n')], [0, ['200', '200']], text);
  });

  it('are accepted by Go', async function () {
    if (spawnSync('kubectl', ['version', '--client']).error !== undefined) {
      // eslint-disable-next-line no-console
      console.log('      skipped: kubectl (a Go client) is not installed');
      this.skip();
    }
    const args = ['--token', 'none', '--server', on.azure.url, 'get', '--raw', path];
    const { code, text } = await run('kubectl', args, { SSL_CERT_FILE: on.azure.caBundleFile });
    assert.equal(code, 0, text);
    assert.match(text, /"name":"Local"/);
    assert.notEqual((await run('kubectl', args, {})).code, 0, 'without our authority it must refuse');
  });
});
