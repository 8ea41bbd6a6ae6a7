import assert from 'node:assert/strict';
import fc from 'fast-check';
import { placeLabels } from '../../../../hub/components/charts/labels';
import {
  differenceText,
  fitText,
  numberText,
  numberTexts,
  utcText,
  widthOf,
} from '../../../../hub/components/charts/text';

describe('labels in a line', () => {
  const label = fc.record({
    id: fc.string(),
    text: fc.string({ maxLength: 12 }),
    x: fc.oneof(fc.double({ min: -50, max: 700, noNaN: true }), fc.constant(NaN), fc.constant(Infinity)),
    rank: fc.nat(3),
  });

  it('never overlap and never leave the box, however narrow it is', () => {
    fc.assert(
      fc.property(fc.array(label, { maxLength: 20 }), fc.integer({ min: 0, max: 640 }), (wanted, width) => {
        let right = -Infinity;
        for (const { left, text } of placeLabels(wanted, width)) {
          assert.ok(left >= 0 && left + widthOf(text) <= width + 1e-9);
          assert.ok(left >= right);
          right = left + widthOf(text);
        }
      }),
    );
  });

  it('keep the one of the lowest rank', () => {
    const wanted = [
      { id: 'b', text: 'production', x: 52, rank: 1 },
      { id: 'a', text: 'latest', x: 50, rank: 0 },
    ];
    assert.deepEqual(
      placeLabels(wanted, 100).map(({ id }) => id),
      ['a'],
    );
  });
});

describe('texts of charts', () => {
  it('fit their room, cut or not', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60, unit: 'grapheme' }), fc.integer({ min: 0, max: 300 }), (text, width) => {
        const fitted = fitText(text, width);
        assert.ok(fitted === '' || widthOf(fitted) <= width, `${fitted} in ${width}`);
      }),
    );
    assert.equal(fitText('churn 7', 200), 'churn 7');
    assert.equal(fitText('a very long name', 60), 'a very…');
    assert.equal(fitText('churn', 3), '');
  });

  it('write numbers with four digits and a real minus', () => {
    assert.deepEqual([0.123456, -2, 0, 1e9, -1e-9, 12345].map(numberText), [
      '0.1235',
      '−2',
      '0',
      '1.00e+9',
      '−1.00e-9',
      '12350',
    ]);
    assert.deepEqual([NaN, Infinity, -Infinity].map(numberText), ['not a number', 'infinite', 'minus infinite']);
    assert.deepEqual([0.5, -0.5, 0].map(differenceText), ['+0.5', '−0.5', '0']);
  });

  it('show that two numbers are not the same, as soon as they are not', () => {
    assert.deepEqual(numberTexts([0.99991, 0.99994]), ['0.99991', '0.99994']);
    assert.deepEqual(numberTexts([2_901_000, 2_899_000]), ['2.901e+6', '2.899e+6']);
    assert.deepEqual(numberTexts([0.5, 0.25]), ['0.5', '0.25']);
    assert.deepEqual(numberTexts([0.1 + 0.2, 0.3]), ['0.3', '0.3']);
    assert.deepEqual(numberTexts([0.1 + 0.2, 0.3, 0.30001]), ['0.3', '0.3', '0.30001']);
    assert.deepEqual(numberTexts([999_999.96, 1_000_000]), ['999999.96', '1.000000e+6']);
    assert.deepEqual(numberTexts([NaN, 0.5]), ['not a number', '0.5']);
    assert.deepEqual(numberTexts([7]), ['7']);
  });

  it('write times in UTC and admit what is none', () => {
    assert.equal(utcText('2026-11-21T10:30:00+01:00'), '2026-11-21 09:30 UTC');
    assert.equal(utcText('soon'), 'unknown time');
  });
});
