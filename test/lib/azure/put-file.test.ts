import assert from 'node:assert/strict';
import fc from 'fast-check';
import { blocksOf } from '../../../lib/azure/put-file';

describe('the blocks of a large file', () => {
  it('follow one another to the end, and are never more than a blob may have', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 190_000_000_000_000 }), (size) => {
        const blocks = blocksOf(size);
        assert.ok(blocks.length <= 50_000);
        let end = 0;
        for (const { start, length } of blocks) {
          assert.equal(start, end);
          assert.ok(length > 0 && length <= 4000 * 1024 * 1024);
          end += length;
        }
        assert.equal(end, size);
      }),
      { numRuns: 50 },
    );
  });
});
