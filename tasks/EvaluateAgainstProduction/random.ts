/** 32 random bits, 0 to 2³² − 1. */
export type Random = () => number;

/**
 * xoshiro128** 1.1 (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators"), its state filled from the
 * seed by splitmix32: the same seed gives the same decision on every machine.
 */
export function xoshiro128(seed: number): Random {
  const next = splitmix32(seed);
  let [a, b, c, d] = [next(), next(), next(), next()];
  return () => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result;
  };
}

/** A whole number from 0 to `below` − 1; the bias is below n/2³². */
export function uniformBelow(random: Random, below: number): number {
  return Math.floor((random() / 0x100000000) * below);
}

/** Strictly between 0 and 1. */
export function uniform(random: Random): number {
  return (random() + 0.5) / 0x100000000;
}

/**
 * Successes in `n` trials of probability `p`: counting geometric gaps for small n·p, Hörmann's BTRS (1993, "The generation
 * of binomial random variates") otherwise. Both are exact.
 */
export function binomial(random: Random, n: number, p: number): number {
  if (n <= 0 || p <= 0) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - binomial(random, n, 1 - p);
  return n * p < 10 ? byGaps(random, n, p) : btrs(random, n, p);
}

function byGaps(random: Random, n: number, p: number): number {
  const scale = Math.log1p(-p);
  let successes = 0;
  let trials = 0;
  for (;;) {
    trials += Math.floor(Math.log(uniform(random)) / scale) + 1;
    if (trials > n) return successes;
    successes++;
  }
}

function btrs(random: Random, n: number, p: number): number {
  const spread = Math.sqrt(n * p * (1 - p));
  const b = 1.15 + 2.53 * spread;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const centre = n * p + 0.5;
  const accept = 0.92 - 4.2 / b;
  const alpha = (2.83 + 5.1 / b) * spread;
  const mode = Math.floor((n + 1) * p);
  const odds = Math.log(p / (1 - p));
  for (;;) {
    const u = uniform(random) - 0.5;
    const v = uniform(random);
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + centre);
    if (us >= 0.07 && v <= accept) return k;
    if (k < 0 || k > n) continue;
    const height = Math.log((v * alpha) / (a / (us * us) + b));
    const bound =
      logFactorial(mode) + logFactorial(n - mode) - logFactorial(k) - logFactorial(n - k) + (k - mode) * odds;
    if (height <= bound) return k;
  }
}

const factorials = [0];

/** ln(n!), exact sums below 128, Stirling's series above (error below 1e-15). */
function logFactorial(n: number): number {
  if (n < 128) {
    for (let index = factorials.length; index <= n; index++) {
      factorials.push((factorials[index - 1] ?? 0) + Math.log(index));
    }
    return factorials[n] ?? 0;
  }
  const x = n + 1;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3);
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

function splitmix32(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}
