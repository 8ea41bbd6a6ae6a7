import type { YamlReader } from '../../agent/yaml';
import { closest, suggestion } from '../../agent/suggestion';
import { gather } from './gather';
import { plainData } from './scalars';
import type { JsonSchema, Read, Scope, Shape } from './shape';

/** One key of a map: what it holds, and what it is called in the request. */
export interface Field<
  T = unknown,
  Wire extends string | undefined = string | undefined,
  Needed extends boolean = boolean,
> {
  shape: Shape<T>;
  wire: Wire;
  isRequired: Needed;
  /** What goes out when the file says nothing. */
  fallback?: () => T;
}

interface Naming<Wire extends string> {
  /** Member of the request; without it the key's own name. */
  as: Wire;
}

/** A key that the file must have. */
export function required<T>(inner: Shape<T>): Field<T, undefined, true>;
export function required<T, const W extends string>(inner: Shape<T>, naming: Naming<W>): Field<T, W, true>;
export function required<T>(inner: Shape<T>, naming?: Naming<string>): Field<T, string | undefined, true> {
  return { shape: inner, wire: naming?.as, isRequired: true };
}

export function optional<T>(inner: Shape<T>): Field<T, undefined, false>;
export function optional<T, const W extends string>(inner: Shape<T>, naming: Naming<W>): Field<T, W, false>;
export function optional<T>(inner: Shape<T>, naming?: Naming<string>): Field<T, string | undefined, false> {
  return { shape: inner, wire: naming?.as, isRequired: false };
}

/** A key that is checked but does not go out: it says what the file is, or only the service may write it. */
export function dropped(inner: Shape): Field<unknown, '', false> {
  return { shape: inner, wire: '', isRequired: false };
}

/** A key that goes out with a fixed value when the file does not have it. */
export function withDefault<T>(inner: Shape<T>, fallback: () => NoInfer<T>): Field<T, undefined, true>;
export function withDefault<T, const W extends string>(
  inner: Shape<T>,
  fallback: () => NoInfer<T>,
  naming: Naming<W>,
): Field<T, W, true>;
export function withDefault<T>(
  inner: Shape<T>,
  fallback: () => T,
  naming?: Naming<string>,
): Field<T, string | undefined, true> {
  return { shape: inner, wire: naming?.as, isRequired: true, fallback };
}

export type Fields = Readonly<Record<string, Field>>;

/** `environment_variables` → `environmentVariables` */
type Camel<S> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;
type Member<K, F, N> =
  F extends Field<unknown, infer W>
    ? W extends ''
      ? never
      : W extends string
        ? W
        : N extends 'yaml'
          ? K
          : Camel<K>
    : never;

/** What a map with these fields reads as: members in the names of the request. */
export type Values<F extends Fields, N extends Spelling = 'camel'> = {
  [K in keyof F as F[K]['isRequired'] extends true ? Member<K, F[K], N> : never]: Read<F[K]['shape']>;
} & { [K in keyof F as F[K]['isRequired'] extends true ? never : Member<K, F[K], N>]?: Read<F[K]['shape']> };

/** `camel`: members in camelCase, as most requests have them. `yaml`: as in the file, as nodes of pipelines have them. */
export type Spelling = 'camel' | 'yaml';

export interface RecordShape<T> extends Shape<T> {
  readonly keys: readonly string[];
}

/**
 * A map with known keys. An unknown key is an error, with the known key that it looks like; so is a key without a value.
 *
 * @returns a shape that reads into the members of the request; keys that the file does not have are left out
 */
export function record<F extends Fields, N extends Spelling = 'camel'>(
  fields: F,
  spelling?: N,
): RecordShape<Values<F, N>> {
  const rules = new Map(Object.entries<Field>(fields));
  return {
    keys: [...rules.keys()],
    read: (at, scope) => readRecord(rules, spelling ?? 'camel', at, scope) as Values<F, N>,
    schema: () => schemaOf(rules),
    known: () => [...rules.keys()],
  };
}

/**
 * A map with known keys among others that the clients carry along as they are; those are in `others`.
 *
 * @param slips is a key that looks like a known one refused all the same?
 */
export function openRecord<F extends Fields, N extends Spelling = 'camel'>(
  fields: F,
  spelling?: N,
  slips: 'refused' | 'kept' = 'refused',
): Shape<Values<F, N> & { others: Record<string, unknown> }> {
  const rules = new Map(Object.entries<Field>(fields));
  return {
    read: (at, scope) => {
      const others: Record<string, unknown> = {};
      const values = readRecord(rules, spelling ?? 'camel', at, scope, { others, slips });
      return { ...(values as Values<F, N>), others };
    },
    schema: () => ({ ...schemaOf(rules), additionalProperties: true }),
    known: () => [...rules.keys()],
  };
}

/** @param open takes the unknown keys; without it every one is refused */
function readRecord(
  rules: ReadonlyMap<string, Field>,
  spelling: Spelling,
  at: YamlReader,
  scope: Scope,
  open?: { others: Record<string, unknown>; slips: 'refused' | 'kept' },
): Record<string, unknown> {
  const given = new Map(at.entries());
  const name = (key: string, field: Field): string => field.wire ?? (spelling === 'yaml' ? key : camel(key));
  const unknown = [...given].filter(([key]) => !rules.has(key) && key !== '$schema');
  const members = gather<[string, unknown] | undefined>([
    ...unknown.map(([key, value]) => () => {
      const isSlip = open?.slips !== 'kept' && closest(key, [...rules.keys()]) !== undefined;
      if (!open || isSlip) refuseKey(key, value, at, [...rules.keys()]);
      open.others[key] = plainData(value);
      return undefined;
    }),
    ...[...rules].map(([key, field]) => (): [string, unknown] | undefined => {
      const value = readField(key, field, given.get(key), at, scope);
      return value === absent || field.wire === '' ? undefined : [name(key, field), value];
    }),
  ]);
  return Object.fromEntries(members.filter((member) => member !== undefined));
}

const absent = Symbol('absent');

function readField(key: string, field: Field, value: YamlReader | undefined, at: YamlReader, scope: Scope): unknown {
  if (value !== undefined && (!value.isNull || field.shape.nullable === true)) return field.shape.read(value, scope);
  if (value !== undefined) {
    throw value.error(`${value.path} has no value`, 'Give it a value, or leave the key out.', true);
  }
  if (field.fallback) return field.fallback();
  if (field.isRequired) throw at.error(`"${key}" is missing${at.path ? ` in ${at.path}` : ''}`);
  return absent;
}

function refuseKey(key: string, value: YamlReader, at: YamlReader, known: readonly string[]): never {
  throw value.error(
    `unknown key "${key}"${at.path ? ` in ${at.path}` : ''}`,
    suggestion(key, known) ?? `Known keys: ${known.join(', ')}.`,
    true,
  );
}

function schemaOf(rules: ReadonlyMap<string, Field>): JsonSchema {
  const properties = [...rules].map(([key, { shape }]) => [key, shape.schema()]);
  const needed = [...rules].filter(([, field]) => field.isRequired && !field.fallback).map(([key]) => key);
  return {
    type: 'object',
    properties: { $schema: { type: 'string' }, ...(Object.fromEntries(properties) as Record<string, unknown>) },
    ...(needed.length > 0 ? { required: needed } : {}),
    additionalProperties: false,
  };
}

/** `environment_variables` → `environmentVariables` */
export function camel(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_whole, letter: string) => letter.toUpperCase());
}
