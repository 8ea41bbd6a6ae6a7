import assert from 'node:assert/strict';
import { sha256Hex } from '../../../lib/agent/hash';

describe('SHA-256', () => {
  it('is that of FIPS 180-4, over UTF-8', () => {
    assert.equal(sha256Hex('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    assert.equal(sha256Hex('ä'), sha256Hex(Buffer.from([0xc3, 0xa4])));
  });
});
