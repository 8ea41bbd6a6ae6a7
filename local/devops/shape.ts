/**
 * Checks for what comes from outside: request bodies, answers, state files. A check takes `unknown` and gives the typed value,
 * or throws a `ShapeError` that names the place (`$.steps[0].status`) and what was expected there.
 */
export type Check<T> = (value: unknown, where: string) => T;
export type Of<C> = C extends Check<infer T> ? T : never;

export class ShapeError extends Error {
  override readonly name = 'ShapeError';
  constructor(
    readonly where: string,
    expected: string,
    found: unknown,
  ) {
    super(`${where}: expected ${expected}, found ${kindOf(found)}.`);
  }
}

export function check<T>(shape: Check<T>, value: unknown, where = '$'): T {
  return shape(value, where);
}

export const text: Check<string> = (value, where) => {
  if (typeof value !== 'string') throw new ShapeError(where, 'a string', value);
  return value;
};

export const number: Check<number> = (value, where) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ShapeError(where, 'a number', value);
  return value;
};

export const flag: Check<boolean> = (value, where) => {
  if (typeof value !== 'boolean') throw new ShapeError(where, 'true or false', value);
  return value;
};

export const anything: Check<unknown> = (value) => value;

/** Absent and `null` are the same to Azure DevOps. */
export function optional<T>(shape: Check<T>): Check<T | undefined> {
  return (value, where) => (value === undefined || value === null ? undefined : shape(value, where));
}

export function list<T>(item: Check<T>): Check<T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) throw new ShapeError(where, 'a list', value);
    return value.map((entry: unknown, index) => item(entry, `${where}[${index}]`));
  };
}

export function map<T>(item: Check<T>): Check<Record<string, T>> {
  return (value, where) =>
    Object.fromEntries(
      Object.entries(plainObject(value, where)).map(([key, entry]) => [key, item(entry, `${where}.${key}`)]),
    );
}

/** One of the words, in any case as the service reads its enumerations; gives the word in its own spelling. */
export function oneOf<const W extends string>(...words: W[]): Check<W> {
  return (value, where) => {
    const word = typeof value === 'string' ? words.find((one) => one.toLowerCase() === value.toLowerCase()) : undefined;
    if (word === undefined) throw new ShapeError(where, words.join(' | '), value);
    return word;
  };
}

type Fields = Record<string, Check<unknown>>;
type Simplify<T> = { [K in keyof T]: T[K] } & {};
type OptionalKeys<S extends Fields> = { [K in keyof S]: undefined extends Of<S[K]> ? K : never }[keyof S];
export type Shaped<S extends Fields> = Simplify<
  { [K in Exclude<keyof S, OptionalKeys<S>>]: Of<S[K]> } & { [K in OptionalKeys<S>]?: Of<S[K]> }
>;

/** An object with these members; others are dropped. */
export function shape<S extends Fields>(fields: S): Check<Shaped<S>> {
  return (value, where) => {
    const source = plainObject(value, where);
    const result: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(fields)) {
      const member = field(source[key], `${where}.${key}`);
      if (member !== undefined) result[key] = member;
    }
    // The loop has just built exactly this type, member by member; the compiler cannot follow a mapped type.
    return result as Shaped<S>;
  };
}

export function plainObject(value: unknown, where: string): Record<string, unknown> {
  if (!isObject(value)) throw new ShapeError(where, 'an object', value);
  return value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return `'${value.slice(0, 60)}'`;
  return typeof value === 'object' ? 'an object' : `${typeof value} ${JSON.stringify(value)}`;
}
