import { invalid, isObject, object, text, type Json } from '../wire';

/** What a hyperparameter may be. Quantised ones are rounded to multiples of `step`. */
export type Distribution =
  | { type: 'choice'; values: string[] }
  | { type: 'randint'; upper: number }
  | { type: 'uniform'; min: number; max: number; isLog: boolean; step?: number }
  | { type: 'normal'; mu: number; sigma: number; isLog: boolean; step?: number };

const uniform = { uniform: false, quniform: false, loguniform: true, qloguniform: true };
const normal = { normal: false, qnormal: false, lognormal: true, qlognormal: true };

/**
 * Reads an expression of a search space: `["uniform", [0.1, 1]]` of a sweep job, or
 * `{ type: uniform, min_value: 0.1, max_value: 1 }` of a sweep node.
 */
export function readDistribution(value: unknown, where: string): Distribution {
  if (Array.isArray(value)) {
    const [name, args] = value as unknown[];
    if (typeof name === 'string' && Array.isArray(args)) return distribution(name, args, where);
  } else if (isObject(value)) {
    const name = text(value, 'type', where);
    return distribution(name, named(name.toLowerCase(), value, where), where);
  }
  throw invalid('A search space has the form ["<distribution>", [<arguments>]].', 'ValidationError', where);
}

function named(name: string, value: Json, where: string): unknown[] {
  if (name === 'choice') return [value['values']];
  if (name === 'randint') return [value['upper']];
  const keys = Object.hasOwn(normal, name) ? ['mu', 'sigma'] : ['min_value', 'max_value'];
  const args = keys.map((key) => value[key]);
  return name.startsWith('q') ? [...args, object(value, where)['q']] : args;
}

function distribution(given: string, args: unknown[], where: string): Distribution {
  const name = given.toLowerCase();
  if (name === 'choice') return choice(args[0], where);
  if (name === 'randint') {
    const upper = number(args[0], where);
    if (!Number.isInteger(upper) || upper < 1)
      throw invalid('randint needs a whole number above 0.', 'ValidationError', where);
    return { type: 'randint', upper };
  }
  const step = name.startsWith('q') ? { step: number(args[2], where) } : {};
  if (step.step !== undefined && step.step <= 0)
    throw invalid(`The step q of ${name} must be above 0.`, 'ValidationError', where);
  const [first, second] = [args[0], args[1]];
  if (isKey(uniform, name)) {
    const [min, max] = [number(first, where), number(second, where)];
    if (min >= max) throw invalid(`The minimum of ${name} must be below its maximum.`, 'ValidationError', where);
    return { type: 'uniform', min, max, isLog: uniform[name], ...step };
  }
  if (isKey(normal, name)) {
    const [mu, sigma] = [number(first, where), number(second, where)];
    if (sigma <= 0) throw invalid(`The deviation sigma of ${name} must be above 0.`, 'ValidationError', where);
    return { type: 'normal', mu, sigma, isLog: normal[name], ...step };
  }
  throw invalid(`'${given}' is not a distribution of a search space.`, 'ValidationError', where);
}

function choice(given: unknown, where: string): Distribution {
  const values: unknown[] = Array.isArray(given) ? given : [];
  if (values.length === 0) throw invalid('choice needs a list of values.', 'ValidationError', where);
  return {
    type: 'choice',
    values: values.map((value) => {
      // As Python prints it: that is what the script gets.
      if (typeof value === 'boolean') return value ? 'True' : 'False';
      if (typeof value === 'string' || typeof value === 'number') return String(value);
      throw invalid('This local workspace has choices of texts, numbers and booleans only.', 'NotSupported', where);
    }),
  };
}

function isKey<T extends object>(map: T, name: string): name is Extract<keyof T, string> {
  return Object.hasOwn(map, name);
}

function number(value: unknown, where: string): number {
  const read = typeof value === 'string' ? Number(value) : value;
  if (typeof read === 'number' && Number.isFinite(read)) return read;
  throw invalid(`'${String(value)}' is not a number.`, 'ValidationError', where);
}

/** The value at `u`, a number from 0 to below 1 that is spread evenly. */
export function draw(from: Distribution, u: number): string {
  switch (from.type) {
    case 'choice':
      return from.values[Math.floor(u * from.values.length)] ?? '';
    case 'randint':
      return String(Math.floor(u * from.upper));
    case 'uniform':
      return shaped(from, from.min + u * (from.max - from.min));
    case 'normal':
      return shaped(from, from.mu + from.sigma * normalQuantile(u));
  }
}

function shaped({ isLog, step }: { isLog: boolean; step?: number }, drawn: number): string {
  const value = isLog ? Math.exp(drawn) : drawn;
  if (step === undefined) return String(value);
  // Multiples of 0.1 and the like have no exact binary form: the digits beyond double precision are cut off.
  return String(Number((Math.round(value / step) * step).toPrecision(12)));
}

/** Below which value the part `u` of a standard normal distribution lies: bisection of its cumulative distribution. */
function normalQuantile(u: number): number {
  const p = Math.min(Math.max(u, 1e-12), 1 - 1e-12);
  let [low, high] = [-8, 8];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (normalBelow(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Cumulative standard normal distribution, by the series of the error function around 0 (good to 1e-14 within ±8). */
function normalBelow(x: number): number {
  let term = x;
  let sum = x;
  for (let i = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && i < 300; i++) {
    term *= (x * x) / (2 * i + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}
