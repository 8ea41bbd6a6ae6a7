import { pythonFloat } from './python';
import { PythonFloat } from './python-float';

/**
 * Writes a value as Python's `json.dumps(value, sort_keys=True)` does: `", "` and `": "`, everything beyond ASCII escaped,
 * floats as Python prints them. The versions of anonymous components are hashes over this text.
 *
 * @param value plain data; a `PythonFloat` is a float even where it is whole. Members that are `undefined` are left out.
 */
export function pythonJson(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'number') return Number.isInteger(value) ? integer(value) : float(value);
  if (value instanceof PythonFloat) return float(value.value);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (typeof value === 'object') return `{${members(value).join(', ')}}`;
  throw new TypeError(`JSON cannot carry a value of type ${typeof value}`);
}

function members(value: object): string[] {
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([key, member]) => `${quoted(key)}: ${pythonJson(member)}`);
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function integer(value: number): string {
  return BigInt(value).toString();
}

/** Python's own words for what JSON has none for. */
function float(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? '-Infinity' : 'Infinity';
  return pythonFloat(value);
}
