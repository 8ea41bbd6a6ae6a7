import type { DataCheck } from '../../lib/evidence/types';
import type { InstantReader } from './date-format';
import type { Value, ValueReader } from './values';

export type LogicalType = 'string' | 'integer' | 'number' | 'boolean' | 'date' | 'timestamp' | 'time';

/** A rule of a contract without what came of it. */
export type Rule = Pick<DataCheck, 'table' | 'column' | 'rule' | 'description' | 'severity'>;

/** A rule that every non-null value of a column is held against. */
export interface ValueRule extends Rule {
  /** `value` as the column's type reads it; `undefined` when it does not have the type. */
  breaks: (value: Value | undefined, text: string) => boolean;
}

export type Comparison = { text: string; holds: (measured: number) => boolean };

/** A metric with an operator: counted over the data, compared at the end. */
export interface MetricRule extends Rule {
  percent: boolean;
  comparison: Comparison;
}

/** A metric that counts cells of a column. */
export interface CellMetric extends MetricRule {
  counts: (value: Value | undefined, text: string, isNull: boolean) => boolean;
}

/** Rows that repeat an earlier combination of columns. Null in any of them: not counted, as SQL's UNIQUE has it. */
export interface DuplicateRule extends Rule {
  columns: string[];
  /** Absent: no duplicate at all. */
  metric?: { percent: boolean; comparison: Comparison };
}

export interface Column {
  /** Name in the contract. */
  name: string;
  /** Name in the file's header. */
  header: string;
  type?: LogicalType;
  read: ValueReader;
  instants?: InstantReader;
  present: Rule;
  required?: Rule;
  typeRule?: Rule;
  values: ValueRule[];
  metrics: CellMetric[];
}

/** One table of a contract, ready to be scanned. */
export interface Table {
  name: string;
  /** Name of its file, when the contract gives one. */
  physicalName?: string;
  columns: Column[];
  duplicates: DuplicateRule[];
  rowCounts: MetricRule[];
}

export interface Contract {
  id?: string;
  name?: string;
  version?: string;
  sha256: string;
  tables: Table[];
  /** What the contract says in words only, and so nobody can check: `file:line:column: …`. */
  notes: string[];
}
