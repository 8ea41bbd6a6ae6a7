import {
  asText,
  compare,
  Dict,
  equal,
  ExpressionError,
  List,
  toBoolean,
  toJson,
  toNumber,
  toText,
  type Value,
} from './values';

export interface ExpressionFunction {
  min: number;
  max: number;
  /** Arguments are evaluated when asked for, so that `and`, `or`, `iif` and `coalesce` can stop early. */
  call: (args: (() => Value)[]) => Value;
}

const many = 255;

function strict(min: number, max: number, call: (...values: Value[]) => Value): ExpressionFunction {
  return { min, max, call: (args) => call(...args.map((argument) => argument())) };
}

const comparison = (test: (order: number) => boolean): ExpressionFunction =>
  strict(2, 2, (a = null, b = null) => test(compare(a, b)));

/** Functions of every expression (the service's documentation, page Expressions). */
export const commonFunctions: ReadonlyMap<string, ExpressionFunction> = new Map<string, ExpressionFunction>([
  ['and', { min: 2, max: many, call: (args) => args.every((argument) => toBoolean(argument())) }],
  ['or', { min: 2, max: many, call: (args) => args.some((argument) => toBoolean(argument())) }],
  ['not', strict(1, 1, (a = null) => !toBoolean(a))],
  ['xor', strict(2, 2, (a = null, b = null) => toBoolean(a) !== toBoolean(b))],
  ['iif', { min: 3, max: 3, call: ([test, yes, no]) => (toBoolean(test?.() ?? null) ? yes : no)?.() ?? null }],
  ['coalesce', { min: 2, max: many, call: coalesce }],
  ['eq', strict(2, 2, (a = null, b = null) => equal(a, b))],
  ['ne', strict(2, 2, (a = null, b = null) => !equal(a, b))],
  ['ge', comparison((order) => order >= 0)],
  ['gt', comparison((order) => order > 0)],
  ['le', comparison((order) => order <= 0)],
  ['lt', comparison((order) => order < 0)],
  ['in', strict(1, many, (needle = null, ...rest) => rest.some((value) => equal(needle, value)))],
  ['notin', strict(1, many, (needle = null, ...rest) => !rest.some((value) => equal(needle, value)))],
  ['contains', strict(2, 2, (text = null, part = null) => folded(text).includes(folded(part)))],
  ['startswith', strict(2, 2, (text = null, part = null) => folded(text).startsWith(folded(part)))],
  ['endswith', strict(2, 2, (text = null, part = null) => folded(text).endsWith(folded(part)))],
  [
    'containsvalue',
    strict(2, 2, (collection = null, value = null) => valuesOf(collection).some((item) => equal(item, value))),
  ],
  ['converttojson', strict(1, 1, (value = null) => toJson(value))],
  ['format', strict(1, many, (pattern = null, ...rest) => format(toText(pattern), rest))],
  ['join', strict(2, 2, (separator = null, items = null) => join(toText(separator), items))],
  ['length', strict(1, 1, (value = null) => length(value))],
  ['lower', strict(1, 1, (value = null) => toText(value).toLowerCase())],
  ['upper', strict(1, 1, (value = null) => toText(value).toUpperCase())],
  ['trim', strict(1, 1, (value = null) => toText(value).trim())],
  ['replace', strict(3, 3, (text = null, from = null, to = null) => replace(toText(text), toText(from), toText(to)))],
  ['substring', strict(2, 3, (text = null, start = null, count) => substring(toText(text), toNumber(start), count))],
]);

/** `split` exists in template expressions only. */
export const templateFunctions: ReadonlyMap<string, ExpressionFunction> = new Map<string, ExpressionFunction>([
  ...commonFunctions,
  ['split', strict(2, 2, (text = null, by = null) => split(toText(text), toText(by)))],
]);

function coalesce(args: (() => Value)[]): Value {
  for (const argument of args) {
    const value = argument();
    if (value !== null && value !== '') return value;
  }
  return null;
}

function folded(value: Value): string {
  return toText(value).toLowerCase();
}

function valuesOf(collection: Value): Value[] {
  if (collection instanceof List) return collection.items;
  return collection instanceof Dict ? collection.entries().map(({ value }) => value) : [];
}

function join(separator: string, items: Value): string {
  if (!(items instanceof List)) return toText(items);
  return items.items.map((item) => asText(item) ?? '').join(separator);
}

function length(value: Value): number {
  if (value instanceof List) return value.items.length;
  if (value instanceof Dict) return value.entries().length;
  return toText(value).length;
}

function split(text: string, by: string): Value {
  if (by === '') return new List([text]);
  // Each sign of the second text is a separator of its own.
  const parts: string[] = [''];
  for (const sign of text) {
    if (by.includes(sign)) parts.push('');
    else parts.push((parts.pop() ?? '') + sign);
  }
  return new List(parts);
}

function replace(text: string, from: string, to: string): string {
  return from === '' ? text : text.replaceAll(from, () => to);
}

function substring(text: string, start: number, count: Value | undefined): string {
  const from = Math.max(0, start);
  return count === undefined ? text.slice(from) : text.slice(from, from + Math.max(0, toNumber(count)));
}

/** `{0}` is replaced, `{{` and `}}` are braces, `{0:yyyyMMdd}` formats a time. */
function format(pattern: string, args: Value[]): string {
  return pattern.replace(
    /\{\{|\}\}|\{(\d+)(?::([^}]*))?\}|[{}]/g,
    (found, index: string | undefined, specifier: string | undefined) => {
      if (found === '{{') return '{';
      if (found === '}}') return '}';
      if (index === undefined) throw new ExpressionError(`The following format string is invalid: ${pattern}`);
      const value = args[Number(index)];
      if (value === undefined) {
        throw new ExpressionError(
          `The following format string references more arguments than were supplied: ${pattern}`,
        );
      }
      return specifier === undefined || specifier === '' ? toText(value) : formatTime(toText(value), specifier);
    },
  );
}

function formatTime(text: string, specifier: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new ExpressionError(`'${text}' is no time that '${specifier}' could format.`);
  return formatDate(time, specifier);
}

/** The date and time specifiers the service documents: yyyy, yy, MM, M, dd, d, HH, H, mm, m, ss, s, ff, K (UTC). */
export function formatDate(time: Date, specifier: string): string {
  const pad = (value: number, size: number): string => String(value).padStart(size, '0');
  const parts: Record<string, string> = {
    yyyy: pad(time.getUTCFullYear(), 4),
    yy: pad(time.getUTCFullYear() % 100, 2),
    MM: pad(time.getUTCMonth() + 1, 2),
    M: String(time.getUTCMonth() + 1),
    dd: pad(time.getUTCDate(), 2),
    d: String(time.getUTCDate()),
    HH: pad(time.getUTCHours(), 2),
    H: String(time.getUTCHours()),
    mm: pad(time.getUTCMinutes(), 2),
    m: String(time.getUTCMinutes()),
    ss: pad(time.getUTCSeconds(), 2),
    s: String(time.getUTCSeconds()),
    ff: pad(Math.floor(time.getUTCMilliseconds() / 10), 2),
    K: 'Z',
  };
  return specifier.replace(/y{4}|y{2}|M{1,2}|d{1,2}|H{1,2}|m{1,2}|s{1,2}|f{2}|K/g, (token) => parts[token] ?? token);
}
