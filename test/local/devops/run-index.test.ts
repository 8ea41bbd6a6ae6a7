import assert from 'node:assert/strict';
import { join } from 'node:path';

import { generate } from '../../../local/devops/generate';
import type { StoredRun } from '../../../local/devops/model';
import { definitionGroup, position, RunIndex, tagGroup } from '../../../local/devops/run-index';
import { RunStore } from '../../../local/devops/run-store';
import { temporaryFolder } from './support';

describe('the index of runs', () => {
  const index = new RunIndex();
  let runs: StoredRun[] = [];

  before(() => {
    const stateDir = temporaryFolder();
    generate({ stateDir, models: 2, versions: 20, runs: 120 });
    runs = new RunStore(join(stateDir, 'devops')).load();
    for (const run of runs) index.update(run);
  });

  it('offers no more runs than have the rarest of the tags, in the order of the time', () => {
    const tagged = runs.filter((run) => run.tags.includes('mlops.register'));
    const found = index.inOrder('queueTime', [tagGroup('mlops'), tagGroup('MLOPS.register')]);
    assert.deepEqual(
      found.map(({ run }) => run.id),
      tagged.map(({ id }) => id),
    );
    assert.equal(index.inOrder('queueTime', []).length, 120);
    assert.equal(index.inOrder('queueTime', [tagGroup('absent')]).length, 0);
    assert.ok(index.inOrder('queueTime', [definitionGroup(runs[0]?.definitionId ?? 0)]).length < 120);
  });

  it('moves a run that gets another time or tag, and only that', () => {
    const [first] = runs;
    assert.ok(first);
    const before = index.inOrder('finishTime', []).map(({ run }) => run.id);
    first.finishTime = '2030-01-01T00:00:00.000Z';
    first.tags = ['late'];
    index.update(first);
    const after = index.inOrder('finishTime', []).map(({ run }) => run.id);
    const waiting = runs.filter((run) => run.finishTime === undefined).length;
    assert.equal(after[after.length - 1 - waiting], first.id);
    assert.deepEqual(
      after.filter((id) => id !== first.id),
      before.filter((id) => id !== first.id),
    );
    assert.deepEqual(
      index.inOrder('queueTime', [tagGroup('late')]).map(({ run }) => run.id),
      [first.id],
    );
  });

  it('finds where a time begins, ids deciding among equal ones', () => {
    const all = index.inOrder('queueTime', []);
    for (const [at, { run, time }] of all.entries())
      assert.equal(position(all, 'queueTime', time.queueTime, run.id), at);
    assert.equal(position(all, 'queueTime', -Infinity, 0), 0);
    assert.equal(position(all, 'queueTime', Infinity, 0), all.length);
  });
});
