import path from 'node:path';
import type { YamlReader } from '../agent/yaml';
import { pythonBoolean, pythonFloat } from './python';

/** Typed reading of Azure ML CLI v2 files, as strict as the clients' own schemas. */

/** Text only: a number or a date is an error, as it is to `az ml`. */
export function textOf(reader: YamlReader): string {
  const value = reader.plain();
  if (typeof value === 'string') return value;
  throw reader.error(`${reader.path} must be text`, 'Put the value in quotes.');
}

export function optionalText(reader: YamlReader, key: string): string | undefined {
  const value = reader.optional(key);
  return value && textOf(value);
}

/** A whole number; text of digits counts, as it does to `az ml`. */
export function integerOf(reader: YamlReader): number {
  const value = reader.plain();
  const number = typeof value === 'string' && /^\s*[-+]?\d+\s*$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number)) return number;
  throw reader.error(`${reader.path} must be a whole number`);
}

/** One of the words the clients know, whatever its case; the table gives the service's spelling. */
export function wordOf(reader: YamlReader, table: Readonly<Record<string, string>>): string {
  const value = reader.plain();
  const found = typeof value === 'string' ? table[value.toLowerCase().replaceAll('-', '_')] : undefined;
  if (found !== undefined) return found;
  throw reader.error(`${reader.path} is ${JSON.stringify(value)}`, `Known values: ${Object.keys(table).join(', ')}.`);
}

/** A scalar as the text that Python makes of it: `True`, `1.5`, `1e-05`; text stays as it is. */
export function pythonText(reader: YamlReader): string {
  const value = reader.plain();
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return pythonBoolean(value);
  if (typeof value === 'number') return isFloat(reader) ? pythonFloat(value) : String(value);
  throw reader.error(`${reader.path} must be text, a number or a boolean`, 'Put a date in quotes.');
}

/** Was the number written as a float (1.0) and not as a whole number? */
export function isFloat(reader: YamlReader): boolean {
  return /[.]/.test(reader.asString());
}

/** A map of text to text (tags, properties, environment variables). Numbers and booleans become text unless `strict`. */
export function textMap(reader: YamlReader | undefined, strict = false): Record<string, string> {
  if (!reader) return {};
  return Object.fromEntries(
    reader.entries().map(([key, value]) => [key, strict ? textOf(value) : value.isNull ? '' : pythonText(value)]),
  );
}

/** A path in the file as an absolute one; relative paths start at the file's folder. */
export function localPath(folder: string, value: string): string {
  return path.resolve(folder, value.replace(/^file:(?:\/\/(?=\/))?/, ''));
}
