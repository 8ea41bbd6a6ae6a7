import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { StepResult } from '../../local/agent/run-task';
import { shown, startStandIns, type RunOptions, type StandIns } from '../support/stand-ins';

describe('data that SubmitAmlTraining uploads', function () {
  this.timeout(120_000);
  let standIns: StandIns;
  let puts: { path: string; url: string; bytes: number; status: number }[] = [];

  before(async () => {
    standIns = await startStandIns();
    standIns.azure.onExchange(({ method, url, status, requestHeaders, requestBody }) => {
      const { pathname, searchParams } = new URL(url);
      const [, name] = /\/LocalUpload\/[0-9a-f]+\/data\/(.+)$/.exec(decodeURIComponent(pathname)) ?? [];
      if (method !== 'PUT' || name === undefined) return;
      const part = searchParams.get('comp');
      puts.push({
        path: part === null ? name : `${name} ${part}`,
        url: `https://${requestHeaders.host}${pathname}`,
        bytes: requestBody.length,
        status,
      });
    });
  });
  after(() => standIns.stop());
  afterEach(() => standIns.azure.faults.clear());

  const mebi = 1024 * 1024;
  const large = pseudoRandom(20 * mebi);

  /** A project whose job reads a folder of 30 small files and a large one. */
  function project(name: string): string {
    const folder = standIns.folder(`projects/${name}`);
    mkdirSync(path.join(folder, 'data', 'small & <odd>'), { recursive: true });
    for (let index = 0; index < 30; index++)
      writeFileSync(path.join(folder, 'data', 'small & <odd>', `${index}.csv`), `${name} ${index}\n`);
    writeFileSync(path.join(folder, 'data', 'large.bin'), large);
    writeFileSync(path.join(folder, 'data', 'a.txt'), name);
    writeFileSync(
      path.join(folder, 'job.yml'),
      `command: sha256sum \${{inputs.d}}/large.bin && ls -R \${{inputs.d}} | wc -l
inputs: {d: {type: uri_folder, path: data}}
environment: {image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest}
compute: azureml:cpu-cluster
`,
    );
    return folder;
  }

  async function submit(folder: string, options: RunOptions = {}): Promise<StepResult> {
    puts = [];
    return standIns.run('SubmitAmlTraining', { jobFile: 'job.yml' }, { sourcesDirectory: folder, ...options });
  }

  const arrived = (kind: RegExp): string[] =>
    puts
      .filter(({ status, path: of }) => status === 201 && kind.test(of))
      .map(({ path: of, bytes }) => `${of} ${bytes}`)
      .sort();

  it('is not sent twice when the upload was cut off: it goes on where it ended', async () => {
    const folder = project('cut');
    standIns.azure.faults.add({ method: 'PUT', path: /large\.bin\?comp=block&/, after: 2, respond: { status: 403 } });
    const cut = await submit(folder);
    assert.equal(cut.result, 'Failed', shown(cut));
    assert.equal(arrived(/small/).length, 30);
    assert.equal(arrived(/large\.bin block$/).length, 2);

    const again = await submit(folder);
    assert.equal(again.result, 'Succeeded', shown(again));
    assert.deepEqual(arrived(/small/), []);
    assert.equal(arrived(/large\.bin block$/).length, 1);
    assert.equal(arrived(/large\.bin blocklist/).length, 1);
    assert.equal(arrived(/^a\.txt/).length, 1);
    assert.match(again.lines.join('\n'), new RegExp(createHash('sha256').update(large).digest('hex')));
  });

  it('is sent again where what was left is not the same', async () => {
    const folder = project('spoilt');
    standIns.azure.faults.add({ method: 'PUT', path: /\/a\.txt/, respond: { status: 403 } });
    assert.equal((await submit(folder)).result, 'Failed');
    const { url } = puts.find(({ path: of }) => of.endsWith('/7.csv')) ?? assert.fail('7.csv was not sent');
    await standIns.call('PUT', url, 'https://storage.azure.com', 'spoilt', { 'x-ms-blob-type': 'BlockBlob' });
    const again = await submit(folder);
    assert.equal(again.result, 'Succeeded', shown(again));
    assert.deepEqual(arrived(/small/), ['small & <odd>/7.csv 9']);
    assert.deepEqual(arrived(/large\.bin block$/), []);
  });

  it('says every ten seconds how far it is, and ends when the step is cancelled', async () => {
    const folder = project('slow');
    standIns.azure.faults.add({ method: 'PUT', path: /large\.bin\?comp=block&/, hang: true, times: 3 });
    const cancel = new AbortController();
    let cancelled = 0;
    const step = await submit(folder, {
      signal: cancel.signal,
      onLine: (line) => {
        if (line !== 'Uploading input data data: 30 of 32 file(s), 1 kB of 21.0 MB are there …') return;
        cancelled = Date.now();
        cancel.abort();
      },
    });
    assert.ok(cancelled > 0, shown(step));
    assert.equal(step.result, 'Canceled', shown(step));
    assert.ok(Date.now() - cancelled < 5_000);
  });
});

/** Bytes that no compression and no chance makes equal. */
function pseudoRandom(length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let index = 0; index * 64 < length; index++) blocks.push(createHash('sha512').update(String(index)).digest());
  return Buffer.concat(blocks, length);
}
