/** Readers for what comes from outside: a value is checked once, here, and typed ever after. */

/** Says what was wrong and where: `builds[3].id should be a number`. */
export class ShapeError extends Error {
  constructor(
    readonly where: string,
    readonly expected: string,
  ) {
    super(`${where} should be ${expected}`);
    this.name = 'ShapeError';
  }
}

export type Reader<T> = (value: unknown, where: string) => T;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The members of an object. `null` and absent are the same: the service writes both. */
export class Fields {
  constructor(
    private readonly members: Record<string, unknown>,
    readonly where: string,
  ) {}

  has(name: string): boolean {
    return this.value(name) !== undefined;
  }

  value(name: string): unknown {
    return Object.hasOwn(this.members, name) ? (this.members[name] ?? undefined) : undefined;
  }

  maybe<T>(name: string, read: Reader<T>): T | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : read(value, `${this.where}.${name}`);
  }

  required<T>(name: string, read: Reader<T>): T {
    return read(this.value(name), `${this.where}.${name}`);
  }

  text(name: string): string {
    return this.required(name, text);
  }

  maybeText(name: string): string | undefined {
    return this.maybe(name, text);
  }

  number(name: string): number {
    return this.required(name, number);
  }

  maybeNumber(name: string): number | undefined {
    return this.maybe(name, number);
  }

  maybeFlag(name: string): boolean | undefined {
    return this.maybe(name, flag);
  }

  maybeFields(name: string): Fields | undefined {
    return this.maybe(name, fields);
  }

  /** An absent list is an empty one. */
  list<T>(name: string, read: Reader<T>): T[] {
    return this.maybe(name, listOf(read)) ?? [];
  }
}

export function fields(value: unknown, where: string): Fields {
  if (!isRecord(value)) throw new ShapeError(where, 'an object');
  return new Fields(value, where);
}

export function text(value: unknown, where: string): string {
  if (typeof value !== 'string') throw new ShapeError(where, 'text');
  return value;
}

export function number(value: unknown, where: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ShapeError(where, 'a number');
  return value;
}

/** A number, also where the service writes it as text. */
export function id(value: unknown, where: string): number {
  const read = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof read !== 'number' || !Number.isSafeInteger(read)) throw new ShapeError(where, 'a whole number');
  return read;
}

export function flag(value: unknown, where: string): boolean {
  if (typeof value !== 'boolean') throw new ShapeError(where, 'true or false');
  return value;
}

/** A moment, as the service wrote it. */
export function time(value: unknown, where: string): string {
  if (typeof value !== 'string' || Number.isNaN(Date.parse(value))) throw new ShapeError(where, 'a time');
  return value;
}

export function listOf<T>(read: Reader<T>): Reader<T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) throw new ShapeError(where, 'a list');
    return value.map((item: unknown, position) => read(item, `${where}[${position}]`));
  };
}

/** `{"count": 2, "value": […]}`, the envelope of every list. */
export function envelope<T>(read: Reader<T>, what: string): (value: unknown) => T[] {
  return (value) => fields(value, what).required('value', listOf(read));
}
