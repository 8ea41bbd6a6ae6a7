/** Types of the Kubernetes API, as far as this API server knows them: one description serves checks, patches and OpenAPI. */
export type Type =
  | { kind: 'string' | 'integer' | 'number' | 'boolean' | 'any' | 'intOrString' | 'quantity' | 'bytes' | 'time' }
  | { kind: 'map'; of: Type; atomic: boolean }
  | { kind: 'list'; of: Type; keys: string[]; isSet: boolean }
  | { kind: 'object'; fields: Record<string, Type>; required: string[]; atomic: boolean };

export const text: Type = { kind: 'string' };
export const integer: Type = { kind: 'integer' };
export const flag: Type = { kind: 'boolean' };
/** Anything: parts that are stored and shown, but not looked into. */
export const anything: Type = { kind: 'any' };
export const intOrString: Type = { kind: 'intOrString' };
export const quantity: Type = { kind: 'quantity' };
export const bytes: Type = { kind: 'bytes' };
export const time: Type = { kind: 'time' };

export function object(fields: Record<string, Type>, required: string[] = []): Type {
  return { kind: 'object', fields, required, atomic: false };
}

export function atomicObject(fields: Record<string, Type>, required: string[] = []): Type {
  return { kind: 'object', fields, required, atomic: true };
}

export function map(of: Type, atomic = false): Type {
  return { kind: 'map', of, atomic };
}

/** A list that is one value. */
export function list(of: Type): Type {
  return { kind: 'list', of, keys: [], isSet: false };
}

/** A list of objects told apart by their keys; the first is also the merge key of strategic merge patches. */
export function listMap(keys: string[], of: Type): Type {
  return { kind: 'list', of, keys, isSet: false };
}

/** A list of distinct values. */
export function set(of: Type): Type {
  return { kind: 'list', of, keys: [], isSet: true };
}
