import type { TaskError } from '../../agent/errors';
import type { YamlReader } from '../../agent/yaml';

/** A JSON Schema (draft 2020-12), as editors read it. */
export type JsonSchema = Readonly<Record<string | symbol, unknown>>;

/** Member of a schema that stands for another one until it is written down: shapes may contain themselves. */
export const deferred = Symbol('schema');

/** A file that is being translated: where its relative paths start, and the workspace that its names belong to. */
export interface Scope {
  /** Absolute path of the file's folder. */
  folder: string;
  /** ARM id of the workspace. */
  workspaceId: string;
  /** Folder that everything on this machine which the file names must lie in, whatever links lead to; without it anywhere. */
  root?: string;
  /** Files that are open above this one, outermost first: a file that includes itself is refused. */
  chain: readonly string[];
  /** The same object for all files of one translation: what is read once for all of them is kept by it. */
  origin: object;
  /** Every file of this translation, as soon as it is open. */
  opened: readonly YamlReader[];
  /** Opens another file that the text at `at` names. @throws TaskError with the place of `at` when it cannot be read */
  open(file: string, at: YamlReader): { reader: YamlReader; scope: Scope };
}

/**
 * What a place of a file may hold. One rule serves three ends: it checks, it gives the service's form of what it read, and
 * it tells editors what may stand there.
 */
export interface Shape<T = unknown> {
  /**
   * The value in the form that goes to the service; a `Later` where that is known only once something else is registered.
   *
   * @throws TaskError with `file:line:column`
   */
  read(at: YamlReader, scope: Scope): T;
  /** Asked for when the schemas are written: shapes may contain themselves. */
  schema(): JsonSchema;
  /** May a key be there without a value? */
  nullable?: boolean;
  /** The keys of the maps that it reads, where it reads maps of known keys. */
  known?(): readonly string[];
}

export type Read<S> = S extends Shape<infer T> ? T : never;

/** A shape whose schema is a constant. */
export function shape<T>(schema: JsonSchema, read: (at: YamlReader, scope: Scope) => T): Shape<T> {
  return { read, schema: () => schema };
}

/** The value of another shape, changed or checked further. */
export function refine<T, U>(inner: Shape<T>, change: (value: T, at: YamlReader, scope: Scope) => U): Shape<U> {
  return {
    read: (at, scope) => change(inner.read(at, scope), at, scope),
    schema: () => inner.schema(),
    nullable: inner.nullable,
    known: () => knownTo(inner),
  };
}

/** A shape that may contain itself: made when it is first used. */
export function lazy<T>(make: () => Shape<T>): Shape<T> {
  let made: Shape<T> | undefined;
  const inner = (): Shape<T> => (made ??= make());
  const schema = { [deferred]: () => inner().schema() };
  return { read: (at, scope) => inner().read(at, scope), schema: () => schema, known: () => knownTo(inner()) };
}

/** The keys that some of the shapes know. */
export function knownTo(...shapes: readonly Shape[]): readonly string[] {
  return [...new Set(shapes.flatMap((one) => one.known?.() ?? []))];
}

/** A key that may stand without a value; then it reads as `undefined`. */
export function nullable<T>(inner: Shape<T>): Shape<T | undefined> {
  return {
    read: (at, scope) => (at.isNull ? undefined : inner.read(at, scope)),
    schema: () => ({ anyOf: [inner.schema(), { type: 'null' }] }),
    nullable: true,
  };
}

/** The error for a value that is none of what may stand there. */
export function mismatch(at: YamlReader, wanted: string): TaskError {
  return at.error(`${at.path || 'the file'} must be ${wanted}`);
}
