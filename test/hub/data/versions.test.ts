import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compareVersions } from '../../../hub/data/versions';

describe('order of versions', () => {
  it('counts digits by their value, in every part and of any length', () => {
    const sorted = [
      '10',
      '9',
      '1.10.0',
      '1.9.0',
      '2',
      '20261121093000123457',
      '20261121093000123456',
      'b1',
      'a2',
      'a10',
    ];
    assert.deepEqual([...sorted].sort(compareVersions), [
      '1.9.0',
      '1.10.0',
      '2',
      '9',
      '10',
      '20261121093000123456',
      '20261121093000123457',
      'a2',
      'a10',
      'b1',
    ]);
  });

  it('is an order: the same whatever the texts were before, equal only for equal texts', () => {
    const version = fc.oneof(fc.stringMatching(/^[0-9ab.]{0,5}$/), fc.string({ maxLength: 4 }));
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        assert.equal(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) || 0);
        assert.equal(compareVersions(a, b) === 0, a === b);
        if (compareVersions(a, b) < 0 && compareVersions(b, c) < 0) assert.ok(compareVersions(a, c) < 0);
      }),
    );
  });
});
