import type { DataCheck } from '../../lib/evidence/types';
import { CsvParser, type CsvRecord } from '../../lib/data/csv';
import { DistinctCounter } from './distinct';
import type { CellMetric, Column, DuplicateRule, MetricRule, Rule, Table, ValueRule } from './rules';
import type { Value } from './values';

/** How many places and, when asked for, values of a finding are kept. */
const kept = { places: 5, samples: 3 };

/** A check and, only when the user asked for them, some of the values that broke it. */
export interface Finding {
  check: DataCheck;
  samples: string[];
}

interface Place {
  file: string;
  line: number;
}

/** Counts what breaks a rule. */
class Tally {
  violations = 0;
  readonly first: Place[] = [];
  readonly samples: string[] = [];

  add(file: string, line: number, sample?: string): void {
    this.violations++;
    if (this.first.length < kept.places) this.first.push({ file, line });
    if (sample !== undefined && this.samples.length < kept.samples) this.samples.push(sample.slice(0, 80));
  }
}

interface ColumnScan {
  column: Column;
  present: Tally;
  required: Tally;
  type: Tally;
  values: { rule: ValueRule; tally: Tally }[];
  metrics: { rule: CellMetric; tally: Tally }[];
}

interface DuplicateScan {
  rule: DuplicateRule;
  counter: DistinctCounter;
  tally: Tally;
}

/** Holds the rows of all files of a table against its rules, in one pass. */
export class TableScan {
  rowCount = 0;
  private readonly columns: ColumnScan[];
  private readonly duplicates: DuplicateScan[];
  private readonly fields = new Tally();
  private readonly header = new Tally();
  /** The most columns of a file that the contract does not describe. */
  undescribed = 0;

  /** @param showSamples keep values of findings; otherwise no value ever leaves this class */
  constructor(
    private readonly table: Table,
    private readonly showSamples: boolean,
  ) {
    this.columns = table.columns.map((column) => ({
      column,
      present: new Tally(),
      required: new Tally(),
      type: new Tally(),
      values: column.values.map((rule) => ({ rule, tally: new Tally() })),
      metrics: column.metrics.map((rule) => ({ rule, tally: new Tally() })),
    }));
    this.duplicates = table.duplicates.map((rule) => ({ rule, counter: new DistinctCounter(), tally: new Tally() }));
  }

  get columnCount(): number {
    return this.columns.length;
  }

  /** A reader for one file of the table. Its first record is the header. */
  file(name: string): FileScan {
    return new FileScan(name, (header) => this.open(name, header));
  }

  private open(name: string, header: CsvRecord): (record: CsvRecord) => boolean {
    const positions = new Map<string, number>();
    for (const [position, title] of header.fields.entries()) {
      if (positions.has(title)) this.header.add(name, header.line);
      else positions.set(title, position);
    }
    const described = this.columns.map((scan) => ({ scan, position: positions.get(scan.column.header) ?? -1 }));
    for (const { scan, position } of described) if (position < 0) scan.present.add(name, header.line);
    const there = described.filter(({ position }) => position >= 0);
    this.undescribed = Math.max(this.undescribed, header.fields.length - there.length);
    const keys = this.duplicates.map((scan) => ({
      scan,
      positions: scan.rule.columns.map(
        (column) => described.find((entry) => entry.scan.column.name === column)?.position ?? -1,
      ),
    }));
    const width = header.fields.length;
    return (record) => {
      if (isBlank(record, width)) return false;
      this.rowCount++;
      if (record.malformed || record.fields.length !== width) {
        this.fields.add(name, record.line);
        return true;
      }
      for (const { scan, position } of there) this.cell(scan, record.fields[position] ?? '', name, record.line);
      for (const key of keys) this.key(key.scan, key.positions, record, name);
      return true;
    };
  }

  private cell(scan: ColumnScan, text: string, file: string, line: number): void {
    const { column } = scan;
    const isNull = isMissing(text, column);
    const value = isNull ? undefined : column.read(text);
    const sample = this.showSamples ? text : undefined;
    if (isNull) {
      if (column.required) scan.required.add(file, line);
    } else if (value === undefined) scan.type.add(file, line, sample);
    else {
      for (const { rule, tally } of scan.values) if (rule.breaks(value, text)) tally.add(file, line, sample);
    }
    for (const { rule, tally } of scan.metrics) if (rule.counts(value, text, isNull)) tally.add(file, line, sample);
  }

  private key(scan: DuplicateScan, positions: readonly number[], record: CsvRecord, file: string): void {
    const parts: string[] = [];
    for (const [index, position] of positions.entries()) {
      const text = record.fields[position] ?? '';
      const column = this.columns.find((entry) => entry.column.name === scan.rule.columns[index])?.column;
      if (column === undefined || isMissing(text, column)) return;
      parts.push(spelling(column.read(text), text));
    }
    // The length keeps ("a", "bc") and ("ab", "c") apart.
    const key = parts.length === 1 ? (parts[0] ?? '') : parts.map((part) => `${part.length}:${part}`).join('');
    const sample = this.showSamples ? parts.join(', ') : undefined;
    if (!scan.counter.add(key)) scan.tally.add(file, record.line, sample);
  }

  /** What came of every rule, in the contract's order. */
  findings(): Finding[] {
    const table = this.table.name;
    const structure = (rule: string, description: string): Rule => ({ table, rule, description, severity: 'error' });
    return [
      toFinding(structure('header', 'no two columns have the same name'), this.header),
      toFinding(structure('fields', 'every row is RFC 4180 and has as many fields as the header'), this.fields),
      ...this.columns.flatMap((scan) => this.columnFindings(scan)),
      ...this.duplicates.map((scan) => this.duplicateFinding(scan)),
      ...this.table.rowCounts.map((rule) => metricFinding(rule, new Tally(), this.rowCount)),
    ];
  }

  private columnFindings({ column, present, required, type, values, metrics }: ColumnScan): Finding[] {
    return [
      toFinding(column.present, present),
      ...(column.required ? [toFinding(column.required, required)] : []),
      ...(column.typeRule ? [toFinding(column.typeRule, type)] : []),
      ...values.map(({ rule, tally }) => toFinding(rule, tally)),
      ...metrics.map(({ rule, tally }) => metricFinding(rule, tally, this.share(tally.violations, rule.percent))),
    ];
  }

  private duplicateFinding({ rule, tally }: DuplicateScan): Finding {
    if (!rule.metric) return toFinding(rule, tally);
    return metricFinding({ ...rule, ...rule.metric }, tally, this.share(tally.violations, rule.metric.percent));
  }

  private share(count: number, percent: boolean): number {
    if (!percent) return count;
    return this.rowCount === 0 ? 0 : (100 * count) / this.rowCount;
  }
}

/** One file: finds the header, counts the rows. */
export class FileScan {
  rows = 0;
  /** Whether a header line was found. */
  hasHeader = false;
  /** Fields of the header, and whether it looks separated by something else than commas. */
  separator: string | undefined;
  private readonly parser: CsvParser;
  private row: ((record: CsvRecord) => boolean) | undefined;

  constructor(name: string, open: (header: CsvRecord) => (record: CsvRecord) => boolean) {
    this.parser = new CsvParser(name, (record) => {
      if (this.row) {
        if (this.row(record)) this.rows++;
        return;
      }
      this.hasHeader = true;
      const [only = '', second] = record.fields;
      if (second === undefined) this.separator = [';', '\t', '|'].find((candidate) => only.includes(candidate));
      this.row = open(record);
    });
  }

  push(text: string): void {
    this.parser.push(text);
  }

  end(): void {
    this.parser.end();
  }
}

/** An empty line is no row, except in a file of one column, where it is a row without a value. */
function isBlank(record: CsvRecord, width: number): boolean {
  return width > 1 && record.fields.length === 1 && record.fields[0] === '';
}

/** Null is the empty field, quoted or not. Numbers that are "not a number" are missing ones, as pandas and Spark take them. */
function isMissing(text: string, column: Column): boolean {
  return text === '' || (column.type === 'number' && text.length === 3 && text.toLowerCase() === 'nan');
}

/** Equal values have one spelling: 1, 1.0 and 1e0 are the same number, two spellings of an instant the same instant. */
function spelling(value: Value | undefined, text: string): string {
  return value === undefined ? text : String(value);
}

function toFinding(rule: Rule, tally: Tally): Finding {
  return finding(rule, tally, tally.violations === 0);
}

function metricFinding(rule: MetricRule, tally: Tally, measured: number): Finding {
  const { check, samples } = finding(rule, tally, rule.comparison.holds(measured));
  return { check: { ...check, measured }, samples };
}

function finding({ table, column, rule, description, severity }: Rule, tally: Tally, passed: boolean): Finding {
  const { violations, first, samples } = tally;
  return { check: { table, column, rule, description, severity, passed, violations, first }, samples };
}
