import assert from 'node:assert/strict';
import { canonicalJson } from '../../../lib/evidence/canonical';
import { readRecord } from '../../../lib/evidence/read';
import { samples } from './samples';

const type = 'mlops.training.v1';
const record = { kind: type, ...samples[type] };

function problem(ofType: string, text: string): [string, string] | undefined {
  const found = readRecord(ofType, text);
  return 'problem' in found ? [found.problem, found.detail] : undefined;
}

describe('reading a record', () => {
  it('gives what was written', () => {
    assert.deepEqual(readRecord(type, canonicalJson(record)), { record });
  });

  it('says when the text is not JSON, or JSON of another shape, and where', () => {
    for (const text of ['', '{', '\ufeff{}', 'undefined', '<html>']) {
      assert.deepEqual(problem(type, text), ['notThisShape', 'it is not JSON']);
    }
    for (const text of ['null', '[]', '{}', '1', '"x"']) assert.equal(problem(type, text)?.[0], 'notThisShape');
    const [kind, detail] = problem(type, canonicalJson({ ...record, metrics: { mse: 'low' } })) ?? [];
    assert.equal(kind, 'notThisShape');
    assert.match(detail ?? '', /\/metrics\/mse/);
    assert.equal(problem(type, canonicalJson({ ...record, kind: 'mlops.smoke.v1' }))?.[0], 'notThisShape');
  });

  it('knows a version that it does not know', () => {
    for (const other of ['mlops.training.v2', 'mlops.data-sanity.v10', 'mlops.smoke.v0']) {
      assert.equal(problem(other, canonicalJson(record))?.[0], 'unknownVersion');
    }
    for (const other of [
      'mlops.invoice.v1',
      'training',
      'mlops.training.v1.',
      'xmlops.training.v2',
      '__proto__',
      'constructor',
    ]) {
      assert.equal(problem(other, canonicalJson(record))?.[0], 'notThisShape', other);
    }
  });

  it('says when the right content is spelled in another way', () => {
    const text = canonicalJson(record);
    const others = [
      JSON.stringify(record, undefined, 1),
      `${text}\n`,
      text.replace('"kind"', '"\\u006bind"'),
      text.replace('"status":', '"status":"x","status":'),
      text.replace('3298.9', '3298.90'),
      text.replace('3298.9', '1e999'),
      text.replace('"Completed"', '"\\ud800"'),
    ];
    for (const other of others) {
      assert.notEqual(other, text);
      assert.equal(problem(type, other)?.[0], 'notCanonical', other);
    }
  });

  it('survives records that are made to hurt', () => {
    const deep = `{"kind":"${type}","jobName":"j","status":"s","metrics":${'{"a":'.repeat(40_000)}1${'}'.repeat(40_001)}`;
    assert.equal(problem(type, deep)?.[0], 'notThisShape');
    assert.equal(problem(type, '['.repeat(100_000) + ']'.repeat(100_000))?.[0], 'notThisShape');
    assert.match(problem(type, ' '.repeat(262_145))?.[1] ?? '', /larger than 262144 bytes/);
    const own = canonicalJson({ ...record, params: undefined }).replace('{', '{"__proto__":{"a":1},');
    assert.equal(problem(type, own)?.[0], 'notThisShape');
    assert.equal(
      problem(type, canonicalJson({ ...record, params: JSON.parse('{"__proto__":"x","constructor":"y"}') as object })),
      undefined,
    );
  });
});
