import { randomInt } from 'node:crypto';
import { invalid } from '../wire';
import type { SweepSettings } from './settings';
import { sobol, sobolDimensions } from './sobol';
import { draw, type Distribution } from './space';

/** Values of the hyperparameters of one trial, as texts. */
export type Combination = Record<string, string>;

/**
 * The combinations that a sweep tries, in order: without end, but for a grid. The same seed gives the same ones.
 * Bayesian sampling draws at random here: it does not learn from the trials before.
 */
export function combinations({ space, algorithm }: Pick<SweepSettings, 'space' | 'algorithm'>): Iterator<Combination> {
  const entries = Object.entries(space);
  if (algorithm.type === 'grid') return grid(entries);
  const random = generator(algorithm.seed ?? randomInt(2 ** 31));
  if (algorithm.type === 'random' && algorithm.isSobol) {
    const shifts = entries.map(() => Math.floor(random() * 2 ** 32));
    return points(
      entries,
      sobol(entries.length, (dimension) => shifts[dimension] ?? 0),
    );
  }
  return points(entries, evenly(entries.length, random));
}

/** A quasi-random sequence exists for so many hyperparameters only. @throws ArmFault 400. */
export function checkSampling({ space, algorithm }: SweepSettings, where: string): void {
  if (algorithm.type !== 'random' || !algorithm.isSobol || Object.keys(space).length <= sobolDimensions) return;
  throw invalid(`The rule sobol takes at most ${sobolDimensions} hyperparameters here.`, 'NotSupported', where);
}

function* points(entries: [string, Distribution][], from: Iterable<number[]>): Generator<Combination> {
  for (const point of from)
    yield Object.fromEntries(entries.map(([name, one], index) => [name, draw(one, point[index] ?? 0)]));
}

function* evenly(count: number, random: () => number): Generator<number[]> {
  for (;;) yield Array.from({ length: count }, random);
}

/** The last hyperparameter changes fastest. */
function* grid(entries: [string, Distribution][]): Generator<Combination> {
  const [first, ...rest] = entries;
  if (first === undefined) {
    yield {};
    return;
  }
  const [name, one] = first;
  for (const value of one.type === 'choice' ? one.values : [])
    for (const others of grid(rest)) yield { [name]: value, ...others };
}

/** Numbers from 0 to below 1 that follow from a seed (the generator mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
