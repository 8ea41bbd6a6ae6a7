/** A value of the pipeline expression language. */
export type Value = null | boolean | number | string | Version | List | Dict;

/** A version of two to four numbers, as `1.2.3`. */
export class Version {
  constructor(readonly parts: readonly number[]) {}

  toString(): string {
    return this.parts.join('.');
  }
}

/** A list; `origin` is what it was read from, so that it can be put back with its positions. */
export class List {
  constructor(
    readonly items: Value[],
    readonly origin?: object,
  ) {}
}

/** An object whose names are compared without case. */
export class Dict {
  private readonly entriesByKey = new Map<string, { name: string; value: Value }>();

  constructor(
    entries: Iterable<readonly [string, Value]> = [],
    readonly origin?: object,
  ) {
    for (const [name, value] of entries) this.set(name, value);
  }

  get(name: string): Value {
    return this.entriesByKey.get(name.toLowerCase())?.value ?? null;
  }

  has(name: string): boolean {
    return this.entriesByKey.has(name.toLowerCase());
  }

  set(name: string, value: Value): void {
    this.entriesByKey.set(name.toLowerCase(), { name, value });
  }

  entries(): { name: string; value: Value }[] {
    return [...this.entriesByKey.values()];
  }
}

export class ExpressionError extends Error {}

const numberText = /^[+-]?(?:\d+\.?\d*|\.\d+)$/;
const versionText = /^\d+\.\d+(?:\.\d+){0,2}$/;

/** Any text but the empty one is true, the text `false` too. */
export function toBoolean(value: Value): boolean {
  if (value === null) return false;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0 && !Number.isNaN(value);
  return typeof value === 'string' ? value !== '' : true;
}

export function toText(value: Value): string {
  const text = asText(value);
  if (text === undefined) throw new ExpressionError(`Unable to convert from ${kindOf(value)} to String.`);
  return text;
}

export function asText(value: Value): string | undefined {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return value;
  return value instanceof Version ? value.toString() : undefined;
}

export function asNumber(value: Value): number | undefined {
  if (value === null) return 0;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (text === '') return 0;
  return numberText.test(text) ? Number(text) : undefined;
}

export function toNumber(value: Value): number {
  const number = asNumber(value);
  if (number === undefined) {
    const shown = typeof value === 'string' ? ` Value: '${value}'` : '';
    throw new ExpressionError(`Unable to convert from ${kindOf(value)} to Number.${shown}`);
  }
  return number;
}

export function asVersion(value: Value): Version | undefined {
  if (value instanceof Version) return value;
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !versionText.test(text.trim())) return undefined;
  return new Version(text.trim().split('.').map(Number));
}

export function kindOf(value: Value): string {
  if (value === null) return 'Null';
  if (value instanceof Version) return 'Version';
  if (value instanceof List) return 'Array';
  if (value instanceof Dict) return 'Object';
  return { boolean: 'Boolean', number: 'Number', string: 'String' }[typeof value as 'boolean' | 'number' | 'string'];
}

/** The right value is converted to the kind of the left one; values that do not convert are not equal. */
export function equal(left: Value, right: Value): boolean {
  if (left === null) return right === null || right === '';
  if (typeof left === 'boolean')
    return right instanceof List || right instanceof Dict ? false : left === toBoolean(right);
  if (typeof left === 'number') return left === asNumber(right);
  if (typeof left === 'string') return left.toLowerCase() === asText(right)?.toLowerCase();
  if (left instanceof Version) {
    const other = asVersion(right);
    return other !== undefined && compareVersions(left, other) === 0;
  }
  return left === right;
}

/**
 * Negative, zero or positive; the right value is converted to the kind of the left one.
 * @throws ExpressionError when it does not convert.
 */
export function compare(left: Value, right: Value): number {
  if (typeof left === 'boolean') return Number(left) - Number(toBoolean(right));
  if (typeof left === 'number' || left === null) return (left ?? 0) - toNumber(right);
  if (typeof left === 'string') return compareText(left, toText(right));
  if (left instanceof Version) {
    const other = asVersion(right);
    if (!other) throw new ExpressionError(`Unable to convert from ${kindOf(right)} to Version.`);
    return compareVersions(left, other);
  }
  throw new ExpressionError(`An ${kindOf(left)} cannot be compared.`);
}

function compareText(left: string, right: string): number {
  const [a, b] = [left.toUpperCase(), right.toUpperCase()];
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareVersions(left: Version, right: Version): number {
  for (let index = 0; index < 4; index++) {
    const difference = (left.parts[index] ?? -1) - (right.parts[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** JSON as `convertToJson` writes it: indented by two blanks. */
export function toJson(value: Value): string {
  return JSON.stringify(plain(value), undefined, 2);
}

export function plain(value: Value): unknown {
  if (value instanceof List) return value.items.map(plain);
  if (value instanceof Dict)
    return Object.fromEntries(value.entries().map((entry) => [entry.name, plain(entry.value)]));
  return value instanceof Version ? value.toString() : value;
}

/** From JSON-like data; anything else (a function, undefined) is null. */
export function fromPlain(data: unknown): Value {
  if (data === null || data === undefined) return null;
  if (typeof data === 'boolean' || typeof data === 'number' || typeof data === 'string') return data;
  if (Array.isArray(data)) return new List(data.map(fromPlain));
  if (typeof data === 'object') return new Dict(Object.entries(data).map(([name, value]) => [name, fromPlain(value)]));
  return null;
}
