import assert from 'node:assert/strict';

import { mergeResults, parseTaskResult, type TaskResult } from '../../../local/agent/result';

describe('results of steps', () => {
  const table: [TaskResult | undefined, TaskResult, TaskResult][] = [
    [undefined, 'Succeeded', 'Succeeded'],
    ['Succeeded', 'SucceededWithIssues', 'SucceededWithIssues'],
    ['SucceededWithIssues', 'Succeeded', 'SucceededWithIssues'],
    ['Failed', 'Succeeded', 'Failed'],
    ['Failed', 'Canceled', 'Canceled'],
    ['Canceled', 'Failed', 'Canceled'],
    ['Skipped', 'Failed', 'Skipped'],
    ['Abandoned', 'Canceled', 'Abandoned'],
  ];
  for (const [current, coming, expected] of table) {
    it(`merges ${current ?? 'nothing'} and ${coming} to ${expected}`, () => {
      assert.equal(mergeResults(current, coming), expected);
    });
  }

  it('reads results with their exact case; Cancelled is none', () => {
    const read = ['Succeeded', 'succeeded', 'Canceled', 'Cancelled', ' Failed ', '2', '9', ''].map(parseTaskResult);
    assert.deepEqual(read, ['Succeeded', undefined, 'Canceled', undefined, 'Failed', 'Failed', undefined, undefined]);
  });
});
