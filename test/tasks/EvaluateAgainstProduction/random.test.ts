import assert from 'node:assert/strict';
import { normalQuantile, quantile } from '../../../tasks/EvaluateAgainstProduction/quantile';
import { binomial, uniformBelow, xoshiro128 } from '../../../tasks/EvaluateAgainstProduction/random';

function moments(draw: () => number, times: number): { mean: number; variance: number } {
  const drawn = Array.from({ length: times }, draw);
  const mean = drawn.reduce((sum, value) => sum + value, 0) / times;
  return { mean, variance: drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (times - 1) };
}

describe('random numbers', () => {
  it('are uniform', () => {
    const random = xoshiro128(42);
    const counts = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 100_000; draw++) {
      const value = uniformBelow(random, 10);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    // 27.9 is the 0.999 quantile with 9 degrees of freedom.
    assert.ok(chiSquare < 27.9, String(chiSquare));
  });

  for (const [n, p] of [
    [5, 0.1],
    [1000, 0.003],
    [1000, 0.997],
    [100, 0.3],
    [100_000, 0.4],
    [300, 0.9],
  ] as const) {
    it(`binomial(${n}, ${p}) has the right mean and variance`, () => {
      const random = xoshiro128(7);
      const times = 40_000;
      const { mean, variance } = moments(() => binomial(random, n, p), times);
      const expected = n * p * (1 - p);
      assert.ok(Math.abs(mean - n * p) < 4.5 * Math.sqrt(expected / times), `mean ${mean}`);
      assert.ok(Math.abs(variance / expected - 1) < 0.05, `variance ${variance} instead of ${expected}`);
    });
  }

  it('binomial stays inside 0 to n', () => {
    const random = xoshiro128(3);
    for (let draw = 0; draw < 20_000; draw++) {
      const value = binomial(random, 30, 0.45);
      assert.ok(value >= 0 && value <= 30);
    }
    assert.equal(binomial(random, 10, 0), 0);
    assert.equal(binomial(random, 10, 1), 10);
  });
});

describe('quantiles', () => {
  it('of the normal distribution agree with SciPy', () => {
    const golden: [number, number][] = [
      [1e-10, -6.361340902404056],
      [1e-4, -3.7190164854556804],
      [0.025, -1.9599639845400545],
      [0.3, -0.5244005127080409],
      [0.5, 0],
      [0.9, 1.2815515655446004],
      [0.975, 1.959963984540054],
      [0.9999, 3.719016485455709],
    ];
    for (const [probability, expected] of golden) {
      const found = normalQuantile(probability);
      assert.ok(Math.abs(found - expected) <= 1e-13 * Math.max(1, Math.abs(expected)), `${probability}: ${found}`);
    }
  });

  it('of a sample agree with NumPy', () => {
    const sample = Float64Array.from([1, 2, 4, 8, 16]);
    const found = [0.025, 0.1, 0.5, 0.77, 0.975].map((probability) => quantile(sample, probability));
    assert.deepEqual(
      found.map((value) => Number(value.toFixed(10))),
      [1.1, 1.4, 4, 8.64, 15.2],
    );
  });
});
