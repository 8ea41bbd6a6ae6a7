import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Compared } from '../../../tasks/EvaluateAgainstProduction/compare';
import { decide, type Guardrail } from '../../../tasks/EvaluateAgainstProduction/decide';
import { defaultPolicy } from '../../../tasks/EvaluateAgainstProduction/policy';

function compared(lower: number, improvement: number, upper: number): Compared {
  return { candidate: 0, champion: 0, lower, improvement, upper, method: '' };
}

function rail(lower: number, upper: number, margin: number): Guardrail {
  return { ...compared(lower, (lower + upper) / 2, upper), metric: 'mae', margin };
}

describe('the decision', () => {
  const cases: [string, Compared, string, boolean][] = [
    ['better when the whole interval is an improvement', compared(1, 5, 9), 'better', true],
    ['unsure when the interval holds zero and the candidate scores better', compared(-49, 3, 50), 'unsure', false],
    ['not better when the candidate scores worse', compared(-640, -293, 54), 'notBetter', false],
    ['not better when the whole interval is worse', compared(-9, -5, -1), 'notBetter', false],
    ['not better for an identical model', compared(0, 0, 0), 'notBetter', false],
    ['unsure when the interval only touches zero', compared(0, 1, 2), 'unsure', false],
  ];
  for (const [name, primary, decision, promote] of cases) {
    it(`is ${name}`, () => {
      const verdict = decide(primary, [], 500, defaultPolicy);
      assert.deepEqual([verdict.decision, verdict.promote], [decision, promote]);
    });
  }

  it('is better within the margin, even for a slightly worse score', () => {
    const policy = { ...defaultPolicy, margin: 2 };
    assert.equal(decide(compared(-1.5, -0.5, 0.5), [], 500, policy).decision, 'better');
    assert.equal(decide(compared(-2.5, -0.5, 1.5), [], 500, policy).decision, 'notBetter');
    assert.equal(decide(compared(-2.5, 0.5, 3.5), [], 500, policy).decision, 'unsure');
  });

  it('asks for the least improvement of the policy', () => {
    const policy = { ...defaultPolicy, minimumImprovement: 10 };
    assert.equal(decide(compared(11, 20, 30), [], 500, policy).decision, 'better');
    assert.equal(decide(compared(5, 20, 30), [], 500, policy).decision, 'unsure');
    assert.equal(decide(compared(5, 7, 9), [], 500, policy).decision, 'notBetter');
  });

  it('is unsure with fewer rows than the policy asks for, but never hides a worse model behind that', () => {
    const policy = { ...defaultPolicy, minimumRows: 100 };
    assert.equal(decide(compared(1, 5, 9), [], 99, policy).decision, 'unsure');
    assert.equal(decide(compared(1, 5, 9), [], 100, policy).decision, 'better');
    assert.equal(decide(compared(-9, -5, -1), [], 99, policy).decision, 'notBetter');
  });

  it('holds guardrails against their margins', () => {
    const primary = compared(1, 5, 9);
    assert.equal(decide(primary, [rail(-1, 3, 2)], 500, defaultPolicy).decision, 'better');
    assert.equal(decide(primary, [rail(-3, 3, 2)], 500, defaultPolicy).decision, 'unsure');
    assert.equal(decide(primary, [rail(-9, -2, 2)], 500, defaultPolicy).decision, 'notBetter');
  });

  it('promotes what is unsure only when the policy says so', () => {
    const policy = { ...defaultPolicy, promoteWhenUnsure: true };
    assert.equal(decide(compared(-1, 1, 3), [], 500, policy).promote, true);
    assert.equal(decide(compared(-3, -1, 1), [], 500, policy).promote, false);
  });

  it('never promotes a candidate whose interval reaches below zero, or that scores no better', () => {
    const ends = fc.tuple(fc.double({ noNaN: true }), fc.double({ noNaN: true }), fc.double({ noNaN: true }));
    fc.assert(
      fc.property(ends, fc.integer({ min: 1, max: 1000 }), (numbers, rows) => {
        const [lower, improvement, upper] = [...numbers].sort((left, right) => left - right);
        const verdict = decide(compared(lower ?? 0, improvement ?? 0, upper ?? 0), [], rows, defaultPolicy);
        if (verdict.promote) assert.ok((lower ?? 0) > 0 && (improvement ?? 0) > 0 && rows >= 30);
        if ((improvement ?? 0) <= 0) assert.equal(verdict.decision, 'notBetter');
      }),
      { seed: 1 },
    );
  });
});
