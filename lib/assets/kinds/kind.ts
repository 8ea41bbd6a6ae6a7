import type { Soon } from '../later';
import type { Scope, Shape } from '../shape/shape';

/** A kind of Azure ML file: how it is recognised, read, and turned into the resource that it describes. */
export interface Kind<T = unknown> {
  /** In words: `command job`. */
  name: string;
  /** Names of its JSON schema, the last part of a file's `$schema`. The first is the one that we publish. */
  schemas: readonly [string, ...string[]];
  /** The value of `type` that means this kind in files without `$schema`, or the keys that only it has. */
  signs: { type?: readonly string[]; keys?: readonly string[] };
  shape: Shape<T>;
  /**
   * What goes to the service. Parts that something else must be registered for first are `Later`.
   *
   * @param name given by the caller to what the file leaves unnamed (jobs)
   */
  resource(values: T, scope: Scope, name: string): Soon<Resource>;
}

export interface Resource {
  /** ARM path of the resource, without api-version. */
  path: Soon<string>;
  body: unknown;
  /** Where another than the product's usual one is needed. */
  apiVersion?: string;
}

/** Keeps the type of the values between `shape` and `resource`. */
export function kind<T>(definition: Kind<T>): Kind {
  return definition;
}
