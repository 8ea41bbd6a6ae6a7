import assert from 'node:assert/strict';
import { DryRun } from '../../../lib/assets/dry-run';
import { Later, settle } from '../../../lib/assets/later';

describe('what is settled later', () => {
  const workspace = (): DryRun => new DryRun('/subscriptions/s', 'westeurope', '2024-10-01');

  it('is worked out once for a workspace, however often it is read, and again for another one', async () => {
    let times = 0;
    const later = new Later(() => Promise.resolve(++times));
    const tree = { code: later, again: [later.map((value) => value + 100)] };
    const first = workspace();
    assert.deepEqual(await settle(tree, first), { code: 1, again: [101] });
    assert.deepEqual(await settle(tree, first, true), { code: 1, again: [101] });
    assert.deepEqual(await settle(tree, workspace()), { code: 2, again: [102] });
  });
});
