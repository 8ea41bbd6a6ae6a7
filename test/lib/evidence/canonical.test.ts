import assert from 'node:assert/strict';
import fc from 'fast-check';
import { canonicalJson } from '../../../lib/evidence/canonical';

/** RFC 8785, appendix B: the double's bits and its text. */
const numbers = `
0000000000000000 0
8000000000000000 0
0000000000000001 5e-324
8000000000000001 -5e-324
7fefffffffffffff 1.7976931348623157e+308
ffefffffffffffff -1.7976931348623157e+308
4340000000000000 9007199254740992
c340000000000000 -9007199254740992
4340000000000001 9007199254740994
4340000000000002 9007199254740996
4430000000000000 295147905179352830000
44b52d02c7e14af5 9.999999999999997e+22
44b52d02c7e14af6 1e+23
44b52d02c7e14af7 1.0000000000000001e+23
444b1ae4d6e2ef4e 999999999999999700000
444b1ae4d6e2ef4f 999999999999999900000
444b1ae4d6e2ef50 1e+21
3eb0c6f7a0b5ed8c 9.999999999999997e-7
3eb0c6f7a0b5ed8d 0.000001
41b3de4355555553 333333333.3333332
41b3de4355555554 333333333.33333325
41b3de4355555555 333333333.3333333
41b3de4355555556 333333333.3333334
41b3de4355555557 333333333.33333343
becbf647612f3696 -0.0000033333333333333333
43143ff3c1cb0959 1424953923781206.2
`;

/** Any JSON value; -0 and 0 are one number there. */
const json = fc.jsonValue({ stringUnit: 'binary' }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);

describe('canonical JSON', () => {
  it('has one spelling, whatever the order of the keys', () => {
    assert.equal(canonicalJson({ b: [1, null], a: { d: 'ä', c: undefined } }), '{"a":{"d":"ä"},"b":[1,null]}');
  });

  it('writes numbers as RFC 8785 has them', () => {
    const lines = numbers.trim().split('\n');
    for (const [bits = '', text = ''] of lines.map((line) => line.split(' '))) {
      assert.equal(canonicalJson(Buffer.from(bits, 'hex').readDoubleBE()), text, bits);
    }
    assert.equal(lines.length, 26);
  });

  it('sorts keys by their UTF-16 code units, not by code points or a language', () => {
    const keys = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6', '</script>'];
    const text = canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])));
    const sorted = ['\r', '1', '</script>', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];
    assert.equal(text, `{${sorted.map((key) => `${JSON.stringify(key)}:0`).join(',')}}`);
  });

  it('escapes as RFC 8785 says and no more', () => {
    const value = JSON.parse(
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],' +
        '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
    ) as unknown;
    assert.equal(
      canonicalJson(value),
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
    assert.equal(
      canonicalJson('\b\t\n\f\r\u0000\u001f\u007f\u2028</'),
      '"\\b\\t\\n\\f\\r\\u0000\\u001f\u007f\u2028</"',
    );
  });

  it('refuses halves of surrogate pairs, in keys too, and takes whole ones', () => {
    for (const wrong of ['\ud83d', 'a\ude00', '\ude00\ud83d']) {
      assert.throws(() => canonicalJson([wrong]), /half of a surrogate pair/);
      assert.throws(() => canonicalJson({ [wrong]: 1 }), /half of a surrogate pair/);
    }
    assert.equal(canonicalJson('😀'), '"😀"');
  });

  it('is JSON with the same content, and stays as it is when written again', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value);
        assert.deepEqual(JSON.parse(text), value);
        assert.equal(canonicalJson(JSON.parse(text)), text);
      }),
      { seed: 1 },
    );
  });

  it('does not depend on the order in which keys were set', () => {
    const members = fc.uniqueArray(fc.tuple(fc.string({ unit: 'grapheme' }), json), { selector: ([key]) => key });
    fc.assert(
      fc.property(members, (entries) => {
        assert.equal(
          canonicalJson(Object.fromEntries(entries)),
          canonicalJson(Object.fromEntries([...entries].reverse())),
        );
      }),
      { seed: 1 },
    );
  });

  it('writes numbers that JSON cannot carry as MLflow does', () => {
    assert.equal(canonicalJson([NaN, Infinity, -Infinity]), '["NaN","Infinity","-Infinity"]');
  });

  it('refuses what has no JSON, and what would lose its content', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    for (const value of [loop, { f: () => 1 }, 1n, undefined, Symbol('s')])
      assert.throws(() => canonicalJson(value), TypeError);
    for (const value of [new Date(0), new Map([[1, 2]]), new Uint8Array(2), /x/])
      assert.throws(() => canonicalJson({ value }), TypeError);
  });

  it('writes holes of a list as null', () => {
    const list: unknown[] = [1];
    list[2] = 3;
    assert.equal(canonicalJson(list), '[1,null,3]');
  });
});
