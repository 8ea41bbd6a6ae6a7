import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { startAzure } from '../../../local/azure';
import { ArmFault, type Core, type Service } from '../../../local/azure/service';
import { at, metadataToken, request, resources, stage, type Reply, type Stage } from './client';

describe('long-running operations', () => {
  let on: Stage;
  let core: Core;
  let token: string;
  const services = (lent: Core): Service[] => {
    core = lent;
    return [];
  };
  before(async () => {
    on = await stage({ services });
    token = await metadataToken(on.azure, resources.arm);
  });
  after(() => on.end());

  const get = (url: string): Promise<Reply> => request(on.azure, 'GET', url, { token });

  it('shows the provisioning word with 200 while it runs, and the result with 202', async () => {
    let finish = (): void => undefined;
    const work = new Promise<void>((resolve) => (finish = resolve));
    const started = core.operations.start('oe', '/x', async (report) => {
      report(40);
      await work;
    });
    const running = await get(started.asyncOperationUrl);
    assert.deepEqual(
      [running.status, at(running.json, 'status'), at(running.json, 'percentComplete')],
      [200, 'Creating', 40],
    );
    assert.equal(at(running.json, 'endTime'), '0001-01-01T00:00:00+00:00');
    assert.equal((await get(started.resultUrl)).status, 202);
    finish();
    await sleep(20);
    const done = await get(started.asyncOperationUrl);
    assert.deepEqual([at(done.json, 'status'), at(done.json, 'percentComplete')], ['Succeeded', 100]);
    assert.equal((await get(started.resultUrl)).status, 200);
  });

  it('has URLs as long as the real ones, which only work as they were given', async () => {
    const { asyncOperationUrl } = core.operations.start('od', '/x', () => Promise.resolve(), 'Updating');
    assert.ok(asyncOperationUrl.length > 4000);
    assert.match(asyncOperationUrl, /mfeOperationsStatus\/od:[0-9a-f-]+:[0-9a-f-]+\?api-version=/);
    assert.equal((await get(asyncOperationUrl)).status, 200);
    assert.equal((await get(asyncOperationUrl.slice(0, 2000))).status, 403);
    assert.equal((await request(on.azure, 'GET', asyncOperationUrl)).status, 401);
  });

  it('shows what failed', async () => {
    const details = [{ code: 'OutOfQuota', message: 'Not enough quota.' }];
    const started = core.operations.start('od', '/x', () =>
      Promise.reject(new ArmFault(400, 'BadArgument', 'It failed.', { details })),
    );
    await sleep(20);
    const status = await get(started.asyncOperationUrl);
    assert.equal(at(status.json, 'status'), 'Failed');
    assert.deepEqual(at(status.json, 'error'), { code: 'BadArgument', message: 'It failed.', details });
    const result = await get(started.resultUrl);
    assert.deepEqual([result.status, at(result.json, 'error', 'code')], [400, 'BadArgument']);
  });

  it('ends as failed what a restart interrupted', async () => {
    const started = core.operations.start('oe', '/x', () => new Promise(() => undefined));
    await on.azure.stop();
    on.azure = await startAzure({ stateDir: join(on.folder, 'state'), services });
    const status = await get(started.asyncOperationUrl);
    assert.deepEqual([at(status.json, 'status'), at(status.json, 'error', 'code')], ['Failed', 'OperationCanceled']);
  });
});
