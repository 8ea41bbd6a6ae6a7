import assert from 'node:assert/strict';
import fc from 'fast-check';
import { evidenceText } from '../../../lib/evidence/evidence';
import { fitRecord, largestRecordBytes } from '../../../lib/evidence/fit';
import { checkEvidence } from '../../../lib/evidence/read';
import { dataSanitySchema } from '../../../lib/evidence/schemas/data-sanity';
import { modelVersionSchema } from '../../../lib/evidence/schemas/model-version';
import { smokeSchema } from '../../../lib/evidence/schemas/smoke';
import { trainingSchema } from '../../../lib/evidence/schemas/training';
import type { DataCheck } from '../../../lib/evidence/types';
import { samples } from './samples';

describe('a record that is too much', () => {
  it('stays as it is when it fits', () => {
    const body = { ...samples['mlops.training.v1'], omitted: undefined };
    assert.doesNotMatch(evidenceText(trainingSchema, body), /omitted/);
  });

  it('loses the end of a list and says how much', () => {
    const {
      requests: [request],
      ...rest
    } = samples['mlops.smoke.v1'];
    const requests = Array.from({ length: 1500 }, (_, index) => ({ ...request, index, passed: true }));
    const record = checkEvidence('mlops.smoke.v1', JSON.parse(evidenceText(smokeSchema, { ...rest, requests })));
    assert.equal(record.requests.length + (record.omitted?.['/requests'] ?? 0), 1500);
    assert.ok(record.requests.length >= 500);
  });

  it('keeps what failed, in its order, before what passed', () => {
    const [check] = samples['mlops.data-sanity.v1'].checks;
    assert.ok(check);
    const checks = Array.from({ length: 2000 }, (_, index): DataCheck => ({
      ...check,
      rule: `r${index}`,
      passed: index % 100 !== 99,
    }));
    const text = evidenceText(dataSanitySchema, { ...samples['mlops.data-sanity.v1'], checks });
    const record = checkEvidence('mlops.data-sanity.v1', JSON.parse(text));
    const failed = record.checks.filter(({ passed }) => !passed).map(({ rule }) => rule);
    assert.deepEqual(
      failed,
      checks.filter(({ passed }) => !passed).map(({ rule }) => rule),
    );
    assert.equal(record.omitted?.['/checks'], 2000 - record.checks.length);
  });

  it('shortens texts by whole characters, but never a digest', () => {
    const reason = '😀'.repeat(3000);
    const cut = fitRecord({ properties: { reason: { maxLength: 10 } } }, { reason });
    assert.deepEqual(cut, { reason: `${'😀'.repeat(9)}…`, omitted: { '/reason': 2991 } });
    const body = { ...samples['mlops.smoke.v1'], requestsSha256: 'a'.repeat(65) };
    assert.throws(() => evidenceText(smokeSchema, body), /\/requestsSha256/);
  });

  it('drops keys that are too long, and names no key of the user’s', () => {
    const params = { [`k${'x'.repeat(300)}`]: '1', alpha: '0'.repeat(900), beta: '2' };
    const text = evidenceText(trainingSchema, { ...samples['mlops.training.v1'], params, omitted: undefined });
    const record = checkEvidence('mlops.training.v1', JSON.parse(text));
    assert.deepEqual(Object.keys(record.params ?? {}), ['alpha', 'beta']);
    assert.deepEqual(record.omitted, { '/params': 1, '/params/*': 401 });
  });

  it('halves its largest list or map until the whole fits, a model card of 64 KiB included', () => {
    const texts = (length: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length }, (_, index) => [`k${index}`, '"'.repeat(500)]));
    const card = `${'\\'.repeat(65_535)}\n`;
    const body = { ...samples['mlops.model-version.v1'], params: texts(200), tags: texts(150), card };
    const text = evidenceText(modelVersionSchema, body);
    assert.ok(Buffer.byteLength(text) <= largestRecordBytes);
    const record = checkEvidence('mlops.model-version.v1', JSON.parse(text));
    assert.equal(record.card, card);
    assert.ok(Object.keys(record.tags).length > 10);
  });

  it('is at most 256 KiB whatever a step found', () => {
    const long = fc.string({ unit: 'binary', maxLength: 3000, size: 'max' });
    const many = fc.array(fc.tuple(long, long), { maxLength: 400, size: 'max' });
    fc.assert(
      fc.property(many, many, (params, problems) => {
        const {
          requests: [request],
          ...rest
        } = samples['mlops.smoke.v1'];
        const training = { ...samples['mlops.training.v1'], params: Object.fromEntries(params) };
        const smoke = {
          ...rest,
          problems: problems.map(([text]) => text),
          requests: problems.map(([problem], index) => ({ ...request, index, passed: false, problem })),
        };
        for (const text of [evidenceText(trainingSchema, training), evidenceText(smokeSchema, smoke)]) {
          assert.ok(Buffer.byteLength(text) <= largestRecordBytes);
        }
      }),
      { seed: 1, numRuns: 2 },
    );
  });
});
