import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { downloadArtifact, listArtifacts, openArtifact, runDetails, trackedRun } from '../../../lib/azure/runs';
import { FakeAgent } from '../../support/fake-agent';
import { FakeAzure, type Seen } from '../../support/fake-azure';

const artifacts = '/artifact/v2\\.0{ws}/artifacts/ExperimentRun/dcid\\.job';

describe('runs', () => {
  it('gives details as run history has them', async () => {
    const fake = new FakeAzure(new FakeAgent()).on('GET', '/history/v1\\.0{ws}/runs/job/details', () => ({
      body: {
        runId: 'job',
        status: 'Failed',
        error: { error: { code: 'UserError', message: 'no data', details: [{ message: 'column Y' }] } },
        logFiles: { 'user_logs/std_log.txt': 'https://x.test/log?sig=y', odd: 7 },
      },
    }));
    const details = await runDetails(fake.azure, 'job');
    assert.deepEqual([details.status, details.error], ['Failed', 'UserError: no data column Y']);
    assert.deepEqual(Object.keys(details.logFiles), ['user_logs/std_log.txt']);
  });

  it('reads metrics, NaN and infinities too', async () => {
    const fake = new FakeAzure(new FakeAgent()).on('GET', '/mlflow/v2\\.0{ws}/api/2\\.0/mlflow/runs/get', () => ({
      body: {
        run: {
          data: {
            metrics: [
              { key: 'mse', value: 3298.9 },
              { key: 'loss', value: 'NaN' },
              { key: 'worst', value: '-Infinity' },
              { key: 'odd', value: {} },
            ],
          },
        },
      },
    }));
    assert.deepEqual((await trackedRun(fake.azure, 'job')).metrics, { mse: 3298.9, loss: NaN, worst: -Infinity });
  });

  it('lists all pages, only what lies below the folder, in order', async () => {
    const fake = new FakeAzure(new FakeAgent()).on('GET', artifacts, ({ query }: Seen) => ({
      body:
        query['continuationToken'] === undefined
          ? { value: [{ path: 'model/b' }, { path: 'model2/x' }], continuationToken: 'next' }
          : { value: [{ path: 'model/a' }] },
    }));
    assert.deepEqual(await listArtifacts(fake.azure, 'job', 'model/'), ['model/a', 'model/b']);
    assert.equal(fake.seen[0]?.query['path'], 'model');
  });

  it('refuses a list that never ends', async () => {
    const fake = new FakeAzure(new FakeAgent()).on('GET', artifacts, () => ({
      body: { value: [], continuationToken: 'same' },
    }));
    await assert.rejects(listArtifacts(fake.azure, 'job'), /does not end/);
  });

  it('downloads by a signed address, to which no token goes', async () => {
    const fake = new FakeAzure(new FakeAgent())
      .on('GET', `${artifacts}/contentinfo`, () => ({ body: { contentUri: 'https://blobs.test/c/a%20b.csv?sig=s' } }))
      .on('GET', '/c/a b\\.csv', () => ({ body: Buffer.from('key,truth\n') }));
    assert.equal((await downloadArtifact(fake.azure, 'job', 'a b.csv')).toString(), 'key,truth\n');
    assert.ok((await openArtifact(fake.azure, 'job', 'a b.csv')) instanceof Readable);
    assert.deepEqual(
      fake.calls('GET', '/c/a b\\.csv').map(({ resource }) => resource),
      [undefined, undefined],
    );
  });

  it('refuses an address that is not https', async () => {
    const fake = new FakeAzure(new FakeAgent()).on('GET', `${artifacts}/contentinfo`, () => ({
      body: { contentUri: 'http://blobs.test/c/a' },
    }));
    await assert.rejects(downloadArtifact(fake.azure, 'job', 'a'), /no https address/);
  });

  it('falls back to the token of Resource Manager where the service wants that', async () => {
    const fake = new FakeAzure(new FakeAgent()).on('GET', artifacts, ({ resource }) =>
      resource === 'ml' ? { status: 401 } : { body: { value: [{ path: 'x' }] } },
    );
    assert.deepEqual(await listArtifacts(fake.azure, 'job'), ['x']);
    assert.deepEqual(
      fake.seen.map(({ resource }) => resource),
      ['ml', 'arm'],
    );
  });
});
