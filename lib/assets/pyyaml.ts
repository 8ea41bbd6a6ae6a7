import { pythonFloat } from './python';
import { PythonFloat } from './python-float';

/**
 * Writes a value as PyYAML's `yaml.dump(value)` does (block style, keys sorted, lists not indented, folded at 80 columns):
 * the version of an anonymous environment is a hash over this text, so an environment made here and one made by the
 * Python SDK from the same conda file are one and the same. Rules: PyYAML's emitter.py (analyze_scalar, write_plain,
 * write_single_quoted, write_double_quoted) and representer.py.
 *
 * @param value plain data; `PythonFloat` keeps the difference of 1.0 and 1
 */
export function dumpYaml(value: unknown): string {
  if (isCollection(value) && size(value) > 0) return block(value, 0);
  const text = scalar(value, 2, 0, false);
  return `${text}${/^['"[{]/.test(text) ? '' : '\n...'}\n`;
}

const width = 80;

type Collection = readonly unknown[] | Record<string, unknown>;

function isCollection(value: unknown): value is Collection {
  return typeof value === 'object' && value !== null && !(value instanceof PythonFloat);
}

function isList(value: Collection): value is readonly unknown[] {
  return Array.isArray(value);
}

function size(value: Collection): number {
  return isList(value) ? value.length : Object.keys(value).length;
}

/** A non-empty collection whose first line starts at column `indent`. */
function block(value: Collection, indent: number): string {
  const pad = ' '.repeat(indent);
  if (isList(value)) {
    return value.map((item) => `${pad}- ${inner(item, indent + 2, indent + 2)}`).join('');
  }
  return Object.keys(value)
    .sort(byCodePoint)
    .map((key) => {
      const name = scalar(key, indent, indent, true);
      const item = value[key];
      if (isCollection(item) && size(item) > 0) {
        // "indentless": a list stands in the column of its key.
        return `${pad}${name}:\n${block(item, isList(item) ? indent : indent + 2)}`;
      }
      return `${pad}${name}: ${scalar(item, indent + 2, indent + name.length + 2, false)}\n`;
    })
    .join('');
}

/** What follows `- `: a nested collection starts on the same line. */
function inner(item: unknown, indent: number, column: number): string {
  if (isCollection(item) && size(item) > 0) return block(item, indent).slice(indent);
  return `${scalar(item, indent, column, false)}\n`;
}

function scalar(value: unknown, indent: number, column: number, isKey: boolean): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : float(value);
  if (value instanceof PythonFloat) return float(value.value);
  if (isCollection(value)) return isList(value) ? '[]' : '{}';
  if (typeof value !== 'string') throw new TypeError(`YAML cannot carry a value of type ${typeof value}`);
  return text(value, indent, column, isKey);
}

function float(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value < 0 ? '-.inf' : '.inf';
  return pythonFloat(value).replace(/^(-?\d+)e/, '$1.0e');
}

/** What PyYAML's resolver would not read back as text (YAML 1.1), in front of which quotes are needed. */
const notText =
  /^(?:~|null|Null|NULL||yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF|=|<<|[-+]?(?:0b[0-1_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)|[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/;

function text(value: string, indent: number, column: number, isKey: boolean): string {
  if (needsDouble(value) || (isKey && value.includes('\n'))) return doubleQuoted(value, indent, column, isKey);
  if (needsQuotes(value) || notText.test(value)) return singleQuoted(value, indent, column, isKey);
  return fold(value, indent, column, isKey);
}

/** Special characters, or spaces next to line breaks, or spaces at both ends that only escapes keep. */
function needsDouble(value: string): boolean {
  return /[^\n\x20-\x7e]/.test(value) || / \n|\n /.test(value);
}

function needsQuotes(value: string): boolean {
  return (
    /^(?:---|\.\.\.)/.test(value) ||
    /^[#,[\]{}&*!|>'"%@`]/.test(value) ||
    /^[?:-](?:[ \n]|$)/.test(value) ||
    /:(?:[ \n]|$)/.test(value) ||
    /[ \n]#/.test(value) ||
    /^ | $/.test(value) ||
    value.includes('\n')
  );
}

/** Folds at single spaces: a line ends at the first one beyond column 80 (write_plain, write_single_quoted). */
function fold(value: string, indent: number, column: number, isKey: boolean): string {
  let out = '';
  let at = column;
  const parts = value.split(/( +)/);
  for (const [index, part] of parts.entries()) {
    const isBreakable = part === ' ' && Boolean(parts[index - 1]) && Boolean(parts[index + 1]);
    if (!isKey && isBreakable && at > width) {
      out += `\n${' '.repeat(indent)}`;
      at = indent;
    } else {
      out += part;
      at += part.length;
    }
  }
  return out;
}

function singleQuoted(value: string, indent: number, column: number, isKey: boolean): string {
  const lines = value.split(/(\n+)/);
  let at = column + 1;
  const quoted = lines.map((part) => {
    if (part.startsWith('\n')) {
      at = indent;
      return `\n${part}${' '.repeat(indent)}`;
    }
    const folded = fold(part.replaceAll("'", "''"), indent, at, isKey);
    at = folded.includes('\n') ? folded.length - folded.lastIndexOf('\n') - 1 : at + folded.length;
    return folded;
  });
  return `'${quoted.join('')}'`;
}

const escapes: Record<string, string> = {
  '\0': '0', '\x07': 'a', '\b': 'b', '\t': 't', '\n': 'n', '\v': 'v', '\f': 'f', '\r': 'r', '\x1b': 'e', '"': '"', '\\': '\\',
  '\x85': 'N', '\xa0': '_', '\u2028': 'L', '\u2029': 'P',
}; // prettier-ignore

/** write_double_quoted, with its own folding: a line beyond the width ends with `\`, at a space or after an escape. */
function doubleQuoted(value: string, indent: number, column: number, isKey: boolean): string {
  const characters = Array.from(value);
  let out = '"';
  let at = column + 1;
  let start = 0;
  const write = (data: string): void => {
    out += data;
    at += data.length;
  };
  for (let end = 0; end <= characters.length; end++) {
    const character = characters[end];
    if (character === undefined || character === '"' || character === '\\' || !/^[\x20-\x7e]$/.test(character)) {
      write(characters.slice(start, end).join(''));
      start = end;
      if (character !== undefined) {
        write(`\\${escapes[character] ?? numericEscape(character)}`);
        start = end + 1;
      }
    }
    const isInside = end > 0 && end < characters.length - 1;
    if (isKey || !isInside || !(character === ' ' || start >= end) || at + (end - start) <= width) continue;
    out += `${characters.slice(start, end).join('')}\\\n${' '.repeat(indent)}`;
    start = Math.max(start, end);
    at = indent;
    if (characters[start] === ' ') write('\\');
  }
  return `${out}"`;
}

function numericEscape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `u${hex.padStart(4, '0')}` : `U${hex.padStart(8, '0')}`;
}

function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
