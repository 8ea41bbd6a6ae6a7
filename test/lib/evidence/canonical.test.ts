import assert from 'node:assert/strict';
import fc from 'fast-check';
import { canonicalJson } from '../../../lib/evidence/canonical';
import { evidence, evidenceText } from '../../../lib/evidence/evidence';
import { sha256Hex } from '../../../lib/evidence/hash';

describe('canonical JSON', () => {
  it('has one spelling, whatever the order of the keys', () => {
    assert.equal(canonicalJson({ b: [1, null], a: { d: 'ä', c: undefined } }), '{"a":{"d":"ä"},"b":[1,null]}');
  });

  it('is JSON with the same content', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as unknown;
        assert.deepEqual(JSON.parse(canonicalJson(plain)), plain);
      }),
      { seed: 1 },
    );
  });

  it('writes numbers that JSON cannot carry as MLflow does', () => {
    assert.equal(canonicalJson([NaN, Infinity, -Infinity]), '["NaN","Infinity","-Infinity"]');
  });

  it('refuses what has no JSON', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    assert.throws(() => canonicalJson(loop), TypeError);
    assert.throws(() => canonicalJson({ f: () => 1 }), TypeError);
    assert.throws(() => canonicalJson(1n), TypeError);
  });

  it('carries its kind in evidence', () => {
    const record = evidence('mlops.package.v1', {
      image: 'r/i@sha256:1',
      digest: 'sha256:1',
      registry: 'r',
      model: { name: 'm', version: '1' },
    });
    assert.match(evidenceText(record), /"kind":"mlops\.package\.v1"/);
  });

  it('hashes as SHA-256 does (FIPS 180-4 example)', () => {
    assert.equal(sha256Hex('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
