import assert from 'node:assert/strict';
import { filterOf, sortOf, sortParam } from '../../../../hub/pages/models/address';

describe('address of the models', () => {
  it('names filters, the viewer for those of their own', () => {
    assert.deepEqual(filterOf({ q: 'a b', folder: '\\x', mine: 'true' }, 'ana'), {
      keyword: 'a b',
      folder: '\\x',
      workspace: undefined,
      verdict: undefined,
      environment: undefined,
      mine: 'ana',
    });
    assert.equal(filterOf({ mine: 'yes' }, 'ana').mine, undefined);
  });

  it('says the order, the newest first by itself and for what is no column', () => {
    const newest = { by: 'registered', isDescending: true };
    assert.deepEqual(sortOf({}), newest);
    assert.deepEqual(sortOf({ sort: 'constructor' }), newest);
    assert.deepEqual(sortOf({ sort: 'verdict' }), { by: 'verdict', isDescending: false });
  });

  it('turns the order of a column around, and begins another one ascending', () => {
    assert.equal(sortParam({ by: 'model', isDescending: false }, 'model'), '-model');
    assert.equal(sortParam({ by: 'model', isDescending: true }, 'model'), 'model');
    assert.equal(sortParam({ by: 'model', isDescending: false }, 'verdict'), 'verdict');
  });
});
