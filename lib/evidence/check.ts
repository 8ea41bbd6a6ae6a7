import { Validator, type OutputUnit } from '@cfworker/json-schema';
import type { Limits } from './fit';
import type { Evidence, EvidenceKind } from './types';

/** The schema of one kind of record, from `schemas/`. */
export interface EvidenceSchema<K extends EvidenceKind> extends Limits {
  readonly properties: { readonly kind: { readonly const: K } } & Readonly<Record<string, Limits>>;
}

/** A value that is not the record it should be. */
export class EvidenceError extends Error {
  override readonly name = 'EvidenceError';
}

/**
 * Checks a value against the schema of its kind. The schema is interpreted, never compiled, so that a page without
 * `unsafe-eval` can do it too.
 *
 * @param value JSON: what was parsed, or what is about to be written
 * @throws EvidenceError that names the place: `mlops.evaluation.v1: /champion/model: …`
 */
export function checkRecord<K extends EvidenceKind>(schema: EvidenceSchema<K>, value: unknown): Evidence<K> {
  if (hasShape(schema, value)) return value;
  const kind = schema.properties.kind.const;
  throw new EvidenceError(`${kind}: ${objections(schema, value)}`);
}

function hasShape<K extends EvidenceKind>(schema: EvidenceSchema<K>, value: unknown): value is Evidence<K> {
  return validator(schema).validate(value).valid;
}

function validator(schema: EvidenceSchema<EvidenceKind>, shortCircuit = true): Validator {
  return new Validator({ ...schema }, '2020-12', shortCircuit);
}

const shown = 3;

/** The innermost objections: those of a place above another one only repeat it. */
function objections(schema: EvidenceSchema<EvidenceKind>, value: unknown): string {
  const { errors } = validator(schema, false).validate(value);
  const places = errors.filter((error) => !isRepeated(error));
  const texts = [...new Set(places.map((error) => `${error.instanceLocation.slice(1) || '/'}: ${inWords(error)}`))];
  const more = texts.length > shown ? ` (and ${texts.length - shown} more)` : '';
  return texts.slice(0, shown).join(' ') + more;
}

/** `false` stands for every member that a schema does not know. */
function inWords({ keyword, error }: OutputUnit): string {
  return keyword === 'false' ? 'No such member is known.' : error;
}

/** Keywords that only say that something below them is wrong. */
const applicators = new Set(['properties', 'items', 'anyOf', 'propertyNames', 'additionalProperties']);

function isRepeated({ keyword, keywordLocation }: OutputUnit): boolean {
  return applicators.has(keyword) && keywordLocation.endsWith(keyword);
}
