/** Degree, coefficients and first direction numbers of the primitive polynomials by Joe and Kuo; dimension 1 needs none. */
const directions: [number, number, number[]][] = [
  [1, 0, [1]],
  [2, 1, [1, 3]],
  [3, 1, [1, 3, 1]],
  [3, 2, [1, 1, 1]],
  [4, 1, [1, 1, 3, 3]],
  [4, 4, [1, 3, 5, 13]],
  [5, 2, [1, 1, 5, 5, 17]],
  [5, 4, [1, 1, 5, 5, 5]],
  [5, 7, [1, 1, 7, 11, 19]],
  [5, 11, [1, 1, 5, 1, 1]],
  [5, 13, [1, 1, 1, 3, 11]],
  [5, 14, [1, 3, 5, 5, 31]],
  [6, 1, [1, 3, 3, 9, 7, 49]],
  [6, 13, [1, 1, 1, 15, 21, 21]],
  [6, 16, [1, 3, 1, 13, 27, 49]],
  [6, 19, [1, 1, 1, 15, 7, 5]],
  [6, 22, [1, 3, 1, 15, 13, 25]],
  [6, 25, [1, 1, 5, 5, 19, 61]],
];

/** How many dimensions there are numbers for. */
export const sobolDimensions = directions.length + 1;

const bits = 32;

/**
 * The Sobol sequence in so many dimensions, each point a list of numbers from 0 to below 1. `shift` moves a dimension
 * (a 32-bit number, exclusive or): another seed gives other points that are spread as evenly.
 */
export function* sobol(dimensions: number, shift: (dimension: number) => number): Generator<number[]> {
  const numbers = Array.from({ length: dimensions }, (_, dimension) => directionNumbers(dimension));
  const shifts = numbers.map((_, dimension) => shift(dimension) >>> 0);
  const state = new Array<number>(dimensions).fill(0);
  for (let index = 0; ; index++) {
    yield state.map((value, dimension) => ((value ^ (shifts[dimension] ?? 0)) >>> 0) / 2 ** bits);
    // Gray code: the next point differs in the direction of the lowest bit of the index that is 0.
    let lowest = 0;
    for (let rest = index; (rest & 1) === 1; rest >>>= 1) lowest++;
    for (let dimension = 0; dimension < dimensions; dimension++)
      state[dimension] = ((state[dimension] ?? 0) ^ (numbers[dimension]?.[lowest] ?? 0)) >>> 0;
  }
}

function directionNumbers(dimension: number): number[] {
  const [degree, coefficients, first] = directions[dimension - 1] ?? [0, 0, []];
  const found: number[] = [];
  for (let i = 0; i < bits; i++) {
    const given = dimension === 0 ? 1 : first[i];
    if (given !== undefined) {
      found.push((given << (bits - 1 - i)) >>> 0);
      continue;
    }
    const earlier = found[i - degree] ?? 0;
    let value = earlier ^ (earlier >>> degree);
    for (let k = 1; k < degree; k++) if (((coefficients >>> (degree - 1 - k)) & 1) === 1) value ^= found[i - k] ?? 0;
    found.push(value >>> 0);
  }
  return found;
}
