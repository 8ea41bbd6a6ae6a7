import type { YamlReader } from '../../agent/yaml';
import { suggestion } from '../../agent/suggestion';
import { pythonBoolean, pythonFloat } from '../python';
import { PythonFloat } from '../python-float';
import { mismatch, refine, shape, type Shape } from './shape';

/** Single values, as strict as the clients' own schemas (marshmallow's fields of the Python SDK). */

/** Text only: a number, a boolean or a date is an error. */
export const text: Shape<string> = shape({ type: 'string' }, (at) => {
  const value = at.plain();
  if (typeof value === 'string') return value;
  throw at.error(`${at.path} must be text`, 'Put the value in quotes.');
});

/** Text of a form. */
export function textLike(pattern: RegExp, wanted: string): Shape<string> {
  const checked = refine(text, (value, at) => {
    if (pattern.test(value)) return value;
    throw at.error(`${at.path} is "${value}", which is not ${wanted}`);
  });
  // JSON Schema's patterns heed the case.
  const schema = pattern.ignoreCase ? { type: 'string' } : { type: 'string', pattern: pattern.source };
  return { ...checked, schema: () => schema };
}

/** A whole number; text of digits counts. */
export const integer: Shape<number> = shape({ type: 'integer' }, (at) => {
  const value = at.plain();
  const number = typeof value === 'string' && /^\s*[-+]?\d+\s*$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number)) return number;
  throw mismatch(at, 'a whole number');
});

/** A whole number in a range. */
export function integerIn(least: number, most = Infinity): Shape<number> {
  const checked = refine(integer, (value, at) => {
    if (value >= least && value <= most) return value;
    throw mismatch(at, most === Infinity ? `a whole number from ${least}` : `a whole number from ${least} to ${most}`);
  });
  return {
    ...checked,
    schema: () => ({ type: 'integer', minimum: least, ...(most === Infinity ? {} : { maximum: most }) }),
  };
}

/** A number as Python's `float` makes it; text of a number counts (`2e-5` is text to YAML 1.1). */
export const float: Shape<PythonFloat> = shape({ type: ['number', 'string'] }, (at) => {
  const value = at.plain();
  const number =
    typeof value === 'string' && /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isFinite(number)) return new PythonFloat(number);
  throw mismatch(at, 'a number');
});

const truths = new Set(['t', 'true', 'y', 'yes', 'on', '1']);
const falsehoods = new Set(['f', 'false', 'n', 'no', 'off', '0']);

/** A boolean; the words and digits that the clients take for one count too. */
export const boolean: Shape<boolean> = shape({ type: 'boolean' }, (at) => {
  const value = at.plain();
  if (typeof value === 'boolean') return value;
  const word = typeof value === 'string' || typeof value === 'number' ? String(value).toLowerCase() : '';
  if (truths.has(word)) return true;
  if (falsehoods.has(word)) return false;
  throw mismatch(at, 'true or false');
});

/** A scalar as the text that Python makes of it: `True`, `1.5`, `1e-05`; text stays as it is. */
export const pythonText: Shape<string> = shape({ type: ['string', 'number', 'boolean'] }, (at) => {
  const value = scalar(at);
  if (typeof value === 'boolean') return pythonBoolean(value);
  if (value instanceof PythonFloat) return pythonFloat(value.value);
  return String(value);
});

/** A text, a number or a boolean; a float stays one. */
export function scalar(at: YamlReader): string | number | boolean | PythonFloat {
  const value = at.plain();
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number')
    return at.asString().includes('.') || !Number.isFinite(value) ? new PythonFloat(value) : value;
  throw at.error(`${at.path} must be text, a number or a boolean`, 'Put a date in quotes.');
}

/** Anything: goes out as it stands in the file. */
export const anything: Shape = shape({}, plainData);

/** Plain data that keeps the difference of 1.0 and 1; a date becomes its text. */
export function plainData(at: YamlReader): unknown {
  if (at.isNull) return null;
  if (at.isMap) return Object.fromEntries(at.entries().map(([key, value]) => [key, plainData(value)]));
  if (at.isList) return at.asList().map(plainData);
  const value = at.plain();
  return value !== null && typeof value === 'object' ? at.asString() : finite(at);
}

/** A text, a number or a boolean that JSON can carry. */
export function finite(at: YamlReader): string | number | boolean | PythonFloat {
  const value = at.plain();
  if (typeof value === 'number' && !Number.isFinite(value)) throw mismatch(at, 'a finite number');
  return scalar(at);
}

/**
 * One of the words that the clients know, whatever its case. The table's keys are the words in lower case with `_`; its
 * values the service's spelling.
 */
export function word<const W extends string>(table: Readonly<Record<string, W>>): Shape<W> {
  const words = Object.keys(table);
  return shape({ type: 'string', enum: words }, (at) => {
    const value = at.plain();
    const spellings = typeof value === 'string' ? [value.toLowerCase(), snake(value)] : [];
    const known = spellings.find((spelling) => Object.hasOwn(table, spelling));
    const found = known === undefined ? undefined : table[known];
    if (found !== undefined) return found;
    const near = typeof value === 'string' ? suggestion(value, words) : undefined;
    throw at.error(
      `${at.path} is ${JSON.stringify(value)}`,
      `${near ? `${near} ` : ''}Known values: ${words.join(', ')}.`,
    );
  });
}

/** Words that are spelt as they stand here: the clients do not fold the case of these. */
export function exactly<const W extends string>(...words: readonly W[]): Shape<W> {
  return shape({ type: 'string', enum: words }, (at) => {
    const value = at.plain();
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    const near = typeof value === 'string' ? suggestion(value, words) : undefined;
    throw at.error(
      `${at.path} is ${JSON.stringify(value)}`,
      `${near ? `${near} ` : ''}Known values: ${words.join(', ')}.`,
    );
  });
}

/** Words whose case is free, but not their form: `Uri_Folder`, not `UriFolder`. */
export function anyCase<const W extends string>(...words: readonly W[]): Shape<W> {
  const known = exactly(...words);
  return {
    ...known,
    read: (at, scope) => {
      const value = at.plain();
      const folded = typeof value === 'string' ? value.toLowerCase() : value;
      return words.find((word) => word === folded) ?? known.read(at, scope);
    },
  };
}

/** Words that the service spells as the file does. */
export function words<const W extends string>(...known: readonly W[]): Shape<W> {
  return word(Object.fromEntries(known.map((one) => [one.toLowerCase(), one])) as Record<string, W>);
}

/** `MedianStopping` → `median_stopping`, `AMLToken` → `aml_token` */
export function snake(name: string): string {
  return name
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/**
 * Words that the service spells in camel case (`MedianStopping`) and files in snake case (`median_stopping`). Either is
 * understood, as in the clients; it reads as the service's, or as the file's for nodes of pipelines.
 */
export function names<const W extends string>(...known: readonly W[]): Shape<W> {
  const bySnake = word(Object.fromEntries(known.map((one) => [snake(one), one])) as Record<string, W>);
  const byName = new Map(known.map((one) => [snake(one), one]));
  return {
    read: (at, scope) => {
      const value = at.plain();
      return (typeof value === 'string' ? byName.get(snake(value)) : undefined) ?? bySnake.read(at, scope);
    },
    schema: () => bySnake.schema(),
  };
}
