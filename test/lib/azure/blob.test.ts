import assert from 'node:assert/strict';
import { blobUrl } from '../../../lib/azure/blob';

describe('the address of a blob', () => {
  it('has the path before the signature, encoded', () => {
    assert.equal(blobUrl('https://a.blob/c?sig=x', 'src/a b#.py'), 'https://a.blob/c/src/a%20b%23.py?sig=x');
    assert.equal(blobUrl('https://a.blob/c/', 'x'), 'https://a.blob/c/x');
  });
});
