import type { YamlReader } from '../../lib/agent/yaml';
import { formatReader, isoReader, type InstantReader } from './date-format';
import { readPattern } from './pattern';
import { readCellMetrics } from './quality';
import type { Column, DuplicateRule, LogicalType, Rule, ValueRule } from './rules';
import { codePoints, integerRange, isMultiple, readBoolean, readInteger, readNumber, stringFormats } from './values';
import type { Value, ValueReader } from './values';

const keys = [
  'id',
  'name',
  'physicalName',
  'physicalType',
  'description',
  'businessName',
  'tags',
  'authoritativeDefinitions',
  'customProperties',
  'primaryKey',
  'primaryKeyPosition',
  'logicalType',
  'logicalTypeOptions',
  'required',
  'unique',
  'partitioned',
  'partitionKeyPosition',
  'classification',
  'encryptedName',
  'transformSourceObjects',
  'transformLogic',
  'transformDescription',
  'examples',
  'criticalDataElement',
  'quality',
];

const unsupported: Record<string, string> = {
  relationships: 'foreign keys',
  properties: 'nested properties',
  items: 'items of an array',
};

const types: readonly string[] = ['string', 'integer', 'number', 'boolean', 'date', 'timestamp', 'time'];

const bounds = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'];

const options: Record<LogicalType, string[]> = {
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  integer: [...bounds, 'multipleOf', 'format'],
  number: [...bounds, 'multipleOf', 'format'],
  boolean: [],
  date: [...bounds, 'format'],
  timestamp: [...bounds, 'format', 'timezone', 'defaultTimezone'],
  time: [...bounds, 'format', 'timezone', 'defaultTimezone'],
};

export interface ReadColumn {
  column: Column;
  duplicates: DuplicateRule[];
  /** Position in the primary key; `undefined` when it is no part of it. */
  keyPosition?: number;
}

/** Reads one entry of `schema[].properties[]`. */
export function readColumn(property: YamlReader, table: string, notes: string[]): ReadColumn {
  for (const [key, value] of property.entries()) {
    const what = unsupported[key];
    if (what !== undefined && !value.isNull)
      throw value.error(`"${key}" (${what}) is not checked by this task`, undefined, true);
  }
  property.object(keys);
  const name = property.string('name');
  const type = readType(property);
  const rule = (kind: string, description: string): Rule => ({
    table,
    column: name,
    rule: kind,
    description,
    severity: 'error',
  });
  const isKey = property.optionalBoolean('primaryKey') ?? false;
  const typed = readTyped(property, type, rule);
  const required = isKey || (property.optionalBoolean('required') ?? false);
  const column: Column = {
    name,
    header: property.optionalString('physicalName') ?? name,
    type,
    read: typed.read,
    instants: typed.instants,
    present: rule('column', 'the column is there'),
    required: required ? rule('required', 'every row has a value') : undefined,
    typeRule: type === undefined || type === 'string' ? undefined : rule('type', typed.typeDescription),
    values: typed.rules,
    metrics: [],
  };
  const quality = readCellMetrics(property, { table, column }, notes);
  column.metrics = quality.metrics;
  const duplicates = [...quality.duplicates];
  if (property.optionalBoolean('unique') ?? false) {
    duplicates.unshift({ ...rule('unique', 'no two rows have the same value'), columns: [name] });
  }
  const position = property.optionalNumber('primaryKeyPosition') ?? -1;
  return { column, duplicates, keyPosition: isKey ? position : undefined };
}

function readType(property: YamlReader): LogicalType | undefined {
  const given = property.optional('logicalType');
  if (!given) {
    const stray = property.optional('logicalTypeOptions');
    if (stray) throw stray.error('logicalTypeOptions without a logicalType', 'Say which type they are for.', true);
    return undefined;
  }
  const name = given.asString();
  if (isLogicalType(name)) return name;
  throw given.error(`logicalType "${name}" is not supported`, `Supported in CSV files: ${types.join(', ')}.`);
}

function isLogicalType(name: string): name is LogicalType {
  return types.includes(name);
}

interface Typed {
  read: ValueReader;
  instants?: InstantReader;
  typeDescription: string;
  rules: ValueRule[];
}

type MakeRule = (kind: string, description: string) => Rule;

function readTyped(property: YamlReader, type: LogicalType | undefined, rule: MakeRule): Typed {
  const given = property.optional('logicalTypeOptions');
  if (type === undefined) return { read: (text) => text, typeDescription: '', rules: [] };
  given?.object(options[type]);
  switch (type) {
    case 'string':
      return { read: (text) => text, typeDescription: '', rules: given ? stringRules(given, rule) : [] };
    case 'boolean':
      return { read: readBoolean, typeDescription: 'true or false', rules: [] };
    case 'integer':
      return { read: readInteger, typeDescription: 'an integer', rules: given ? numberRules(given, type, rule) : [] };
    case 'number':
      return { read: readNumber, typeDescription: 'a number', rules: given ? numberRules(given, type, rule) : [] };
    default:
      return readInstant(given, type, rule);
  }
}

function stringRules(given: YamlReader, rule: MakeRule): ValueRule[] {
  const rules: ValueRule[] = [];
  const length = (key: 'minLength' | 'maxLength', breaks: (length: number, limit: number) => boolean): void => {
    const limit = given.optionalNumber(key);
    if (limit === undefined) return;
    rules.push({ ...rule(key, `${key} ${limit}`), breaks: (_value, text) => breaks(codePoints(text), limit) });
  };
  length('minLength', (found, limit) => found < limit);
  length('maxLength', (found, limit) => found > limit);
  const pattern = given.optional('pattern');
  if (pattern) {
    const expression = readPattern(pattern);
    rules.push({
      ...rule('pattern', `pattern ${pattern.asString()}`),
      breaks: (_value, text) => !expression.test(text),
    });
  }
  const format = given.optional('format');
  if (format) {
    const matches = stringFormats[format.asString()];
    if (!matches)
      throw format.error(
        `format "${format.asString()}" is not checked by this task`,
        `Formats: ${Object.keys(stringFormats).join(', ')}. Or write a pattern.`,
      );
    rules.push({ ...rule('format', `format ${format.asString()}`), breaks: (_value, text) => !matches(text) });
  }
  return rules;
}

function numberRules(given: YamlReader, type: 'integer' | 'number', rule: MakeRule): ValueRule[] {
  const rules: ValueRule[] = [];
  const add = (key: string, description: string, breaks: (value: number | bigint) => boolean): void => {
    rules.push({ ...rule(key, description), breaks: (value) => isNumeric(value) && breaks(value) });
  };
  for (const [key, outside] of Object.entries(outsideOf)) {
    const limit = given.optionalNumber(key);
    if (limit !== undefined) add(key, `${key} ${limit}`, (value) => outside(value, limit));
  }
  const multiple = given.optionalNumber('multipleOf');
  if (multiple !== undefined) {
    if (multiple <= 0) throw given.required('multipleOf').error('multipleOf must be above 0');
    add('multipleOf', `multiple of ${multiple}`, (value) => !isMultiple(value, multiple));
  }
  const format = given.optional('format');
  if (format) add('format', `format ${format.asString()}`, breaksFormat(format, type));
  return rules;
}

const outsideOf: Record<string, (value: number | bigint, limit: number) => boolean> = {
  minimum: (value, limit) => value < limit,
  maximum: (value, limit) => value > limit,
  exclusiveMinimum: (value, limit) => value <= limit,
  exclusiveMaximum: (value, limit) => value >= limit,
};

function isNumeric(value: Value | undefined): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function breaksFormat(format: YamlReader, type: 'integer' | 'number'): (value: number | bigint) => boolean {
  const name = format.asString();
  if (type === 'integer') {
    const range = integerRange(name);
    if (range) return (value) => value < range.minimum || value > range.maximum;
    throw format.error(`format "${name}" of an integer is unknown`, 'Formats: i8 to i128, u8 to u128.');
  }
  if (name === 'f64') return () => false;
  if (name === 'f32') return (value) => !Number.isFinite(Math.fround(Number(value)));
  throw format.error(`format "${name}" of a number is unknown`, 'Formats: f32, f64.');
}

function readInstant(given: YamlReader | undefined, type: 'date' | 'time' | 'timestamp', rule: MakeRule): Typed {
  const format = given?.optional('format');
  const instants = format ? readFormat(format) : isoReader(type);
  const zone = given?.optional('defaultTimezone');
  if (zone && !/^(Etc\/)?(UTC|GMT|Z)$/i.test(zone.asString())) {
    throw zone.error(`defaultTimezone "${zone.asString()}" is not supported`, 'Supported: Etc/UTC.');
  }
  const rules: ValueRule[] = [];
  for (const [key, outside] of Object.entries(outsideOf)) {
    const bound = given?.optional(key);
    if (!bound) continue;
    const limit = instants(bound.asString());
    if (!limit) throw bound.error(`${key} "${bound.asString()}" is not a ${type} in the column's own format`);
    rules.push({
      ...rule(key, `${key} ${bound.asString()}`),
      breaks: (value) => typeof value === 'number' && outside(value, limit.ms),
    });
  }
  const timezone = given?.optionalBoolean('timezone');
  if (timezone !== undefined) {
    rules.push({
      ...rule('timezone', timezone ? 'with a time zone' : 'without a time zone'),
      breaks: (value, text) => value !== undefined && instants(text)?.hasZone !== timezone,
    });
  }
  return {
    read: (text) => instants(text)?.ms,
    instants,
    typeDescription: format ? `a ${type} as ${format.asString()}` : `a ${type} (ISO 8601)`,
    rules,
  };
}

function readFormat(format: YamlReader): InstantReader {
  const made = formatReader(format.asString());
  if ('reader' in made) return made.reader;
  throw format.error(`"${made.unsupported}" in the format ${format.asString()} is not supported`);
}
