import type { YamlReader } from '../../lib/agent/yaml';
import { readPattern } from './pattern';
import type { CellMetric, Column, Comparison, DuplicateRule, MetricRule, Rule } from './rules';
import type { Value } from './values';

const descriptive = [
  'id',
  'name',
  'type',
  'description',
  'dimension',
  'businessImpact',
  'tags',
  'authoritativeDefinitions',
  'customProperties',
  'severity',
  'unit',
  'metric',
  'arguments',
];

const operators: Record<
  string,
  { text: (limits: number[]) => string; holds: (value: number, limits: number[]) => boolean }
> = {
  mustBe: { text: ([a]) => `= ${a ?? ''}`, holds: (value, [a]) => value === a },
  mustNotBe: { text: ([a]) => `≠ ${a ?? ''}`, holds: (value, [a]) => value !== a },
  mustBeGreaterThan: { text: ([a]) => `> ${a ?? ''}`, holds: (value, [a = NaN]) => value > a },
  mustBeGreaterOrEqualTo: { text: ([a]) => `≥ ${a ?? ''}`, holds: (value, [a = NaN]) => value >= a },
  mustBeLessThan: { text: ([a]) => `< ${a ?? ''}`, holds: (value, [a = NaN]) => value < a },
  mustBeLessOrEqualTo: { text: ([a]) => `≤ ${a ?? ''}`, holds: (value, [a = NaN]) => value <= a },
  // Both ends are excluded: the standard equates it with mustBeGreaterThan and mustBeLessThan.
  mustBeBetween: {
    text: ([a, b]) => `between ${a ?? ''} and ${b ?? ''}, both excluded`,
    holds: (value, [a = NaN, b = NaN]) => value > a && value < b,
  },
  mustNotBeBetween: {
    text: ([a, b]) => `not between ${a ?? ''} and ${b ?? ''}`,
    holds: (value, [a = NaN, b = NaN]) => !(value > a && value < b),
  },
};

interface Parsed {
  rule: Rule;
  metric: string;
  percent: boolean;
  comparison: Comparison;
  arguments?: YamlReader;
  reader: YamlReader;
}

/** Reads `quality` of a property: nullValues, missingValues, invalidValues, duplicateValues. */
export function readCellMetrics(
  property: YamlReader,
  { table, column }: { table: string; column: Column },
  notes: string[],
): { metrics: CellMetric[]; duplicates: DuplicateRule[] } {
  const metrics: CellMetric[] = [];
  const duplicates: DuplicateRule[] = [];
  for (const entry of property.list('quality')) {
    const parsed = readEntry(entry, { table, column: column.name }, notes);
    if (!parsed) continue;
    const { rule, percent, comparison } = parsed;
    if (parsed.metric === 'duplicateValues') {
      parsed.arguments?.object([]);
      duplicates.push({ ...rule, columns: [column.name], metric: { percent, comparison } });
    } else metrics.push({ ...rule, percent, comparison, counts: counter(parsed, column) });
  }
  return { metrics, duplicates };
}

/** Reads `quality` of a table: rowCount and duplicateValues over several columns. */
export function readTableQuality(
  entry: YamlReader,
  { table, columns }: { table: string; columns: readonly Column[] },
  notes: string[],
): { rowCounts: MetricRule[]; duplicates: DuplicateRule[] } {
  const rowCounts: MetricRule[] = [];
  const duplicates: DuplicateRule[] = [];
  for (const item of entry.list('quality')) {
    const parsed = readEntry(item, { table }, notes);
    if (!parsed) continue;
    const { rule, percent, comparison } = parsed;
    if (parsed.metric === 'rowCount') {
      parsed.arguments?.object([]);
      if (percent) throw parsed.reader.required('unit').error('rowCount has no percent');
      rowCounts.push({ ...rule, percent, comparison });
    } else if (parsed.metric === 'duplicateValues') {
      duplicates.push({ ...rule, columns: readColumns(parsed, columns), metric: { percent, comparison } });
    } else {
      throw parsed.reader
        .required('metric')
        .error(`${parsed.metric} belongs to a property`, 'A table has rowCount and duplicateValues.');
    }
  }
  return { rowCounts, duplicates };
}

/** One entry of `quality`; `undefined` for one in words only. */
function readEntry(entry: YamlReader, where: { table: string; column?: string }, notes: string[]): Parsed | undefined {
  const type = entry.optional('type');
  const kind = type?.asString() ?? 'library';
  if (kind === 'text') {
    notes.push(`${entry.where}: a rule in words only is not checked.`);
    return undefined;
  }
  if (kind !== 'library') {
    throw (type ?? entry).error(
      `quality of type "${kind}" is not checked by this task`,
      'Write it with a library metric, or keep it in a contract for another tool.',
    );
  }
  const deprecated = entry.optional('rule');
  if (deprecated) throw deprecated.error('"rule" is deprecated', 'Write metric (ODCS v3.1).', true);
  entry.object([...descriptive, ...Object.keys(operators)]);
  const metric = entry.required('metric');
  const name = metric.asString();
  if (!['rowCount', 'nullValues', 'missingValues', 'invalidValues', 'duplicateValues'].includes(name)) {
    throw metric.error(
      `metric "${name}" is unknown`,
      'Metrics: rowCount, nullValues, missingValues, invalidValues, duplicateValues.',
    );
  }
  const percent = readPercent(entry);
  const comparison = readComparison(entry);
  const title = entry.optionalString('name') ?? entry.optionalString('id');
  const text = `${name} ${comparison.text}${percent ? ' percent' : ''}`;
  return {
    rule: { ...where, rule: name, description: title ? `${text} (${title})` : text, severity: readSeverity(entry) },
    metric: name,
    percent,
    comparison,
    arguments: entry.optional('arguments'),
    reader: entry,
  };
}

function readPercent(entry: YamlReader): boolean {
  const unit = entry.optional('unit');
  const name = unit?.asString() ?? 'rows';
  if (unit && name !== 'rows' && name !== 'percent') throw unit.error(`unit "${name}"`, 'Units: rows, percent.');
  return name === 'percent';
}

function readSeverity(entry: YamlReader): 'error' | 'warning' {
  const severity = entry.optional('severity');
  const name = severity?.asString() ?? 'error';
  if (name === 'error' || name === 'warning') return name;
  throw (severity ?? entry).error(`severity "${name}" is unknown`, 'Severities: error, warning.');
}

function readComparison(entry: YamlReader): Comparison {
  const given = entry.entries().filter(([key, value]) => key in operators && !value.isNull);
  const [first, second] = given;
  if (!first || second) {
    throw (second?.[1] ?? entry).error(
      second ? 'a rule has one operator' : 'the rule has no operator',
      `Operators: ${Object.keys(operators).join(', ')}.`,
      true,
    );
  }
  const [key, reader] = first;
  const operator = operators[key];
  const isRange = key.endsWith('Between');
  const limits = isRange ? reader.asList().map((item) => item.asNumber()) : [reader.asNumber()];
  const [low = 0, high = 0] = limits;
  if (!operator || (isRange && (limits.length !== 2 || low >= high)))
    throw reader.error(`${key} takes two numbers, the smaller one first`);
  return { text: operator.text(limits), holds: (measured) => operator.holds(measured, limits) };
}

function counter({ metric, arguments: given, reader }: Parsed, column: Column): CellMetric['counts'] {
  switch (metric) {
    case 'nullValues':
      given?.object([]);
      return (_value, _text, isNull) => isNull;
    case 'missingValues':
      return missing(given);
    case 'invalidValues':
      return invalid(given ?? reader.required('arguments'), column);
    default:
      throw reader.required('metric').error(`${metric} belongs to a table`);
  }
}

/** Without a list: null. A CSV file has no other null than an empty field. */
function missing(given: YamlReader | undefined): CellMetric['counts'] {
  given?.object(['missingValues']);
  const listed = given?.required('missingValues').asList();
  if (!listed) return (_value, _text, isNull) => isNull;
  const texts = new Set(listed.map((item) => (item.isNull ? '' : item.asString())));
  return (_value, text) => texts.has(text);
}

/** Null is not invalid: that is what `required` and nullValues are for. */
function invalid(given: YamlReader, column: Column): CellMetric['counts'] {
  given.object(['validValues', 'pattern']);
  const listed = given.optional('validValues');
  const pattern = given.optional('pattern');
  if (!listed && !pattern) throw given.error('invalidValues needs validValues or a pattern');
  const isValid = listed ? allowed(listed, column) : () => true;
  const expression = pattern && readPattern(pattern);
  return (value, text, isNull) => !isNull && (!isValid(value, text) || (expression ? !expression.test(text) : false));
}

function allowed(listed: YamlReader, column: Column): (value: Value | undefined, text: string) => boolean {
  const items = listed.asList();
  if (items.length === 0) throw listed.error('validValues is empty');
  if (column.type === undefined || column.type === 'string') {
    const texts = new Set(items.map((item) => item.asString()));
    return (_value, text) => texts.has(text);
  }
  // 1, 1.0 and 1e0 are one number.
  const values = items.map((item) => {
    const value = column.read(item.asString());
    if (value === undefined) throw item.error(`${item.asString()} is not of the column's type ${column.type ?? ''}`);
    return value;
  });
  const set = new Set(values);
  return (value) => value !== undefined && set.has(value);
}

function readColumns({ arguments: given, reader }: Parsed, columns: readonly Column[]): string[] {
  const list = (given ?? reader.required('arguments')).object(['properties']).required('properties');
  const names = list.asList().map((item) => {
    const name = item.asString();
    if (columns.some((column) => column.name === name)) return name;
    throw item.error(`${name} is not a property of the table`);
  });
  if (names.length === 0) throw list.error('properties is empty');
  return names;
}
