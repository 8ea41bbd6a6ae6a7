import type { EvidenceKind } from '../../../lib/evidence/evidence';
import { numberText } from '../../components/charts/text';
import { directionOf } from '../../data/registry';
import type { ReadRecord } from '../../data/types';

/** A version with the records that speak of it. */
export interface Column {
  version: string;
  isProduction: boolean;
  records: readonly ReadRecord[];
  /** Image of a package made of it, in this or another run. */
  image?: string;
}

export interface Row {
  label: string;
  /** A text a column; `undefined` where the version says nothing. */
  values: readonly (string | undefined)[];
  differs: boolean;
  /** Columns with the best value, for a metric whose orientation is known and that differs. */
  best: readonly number[];
}

export interface Section {
  title: string;
  rows: Row[];
}

/** What the columns say, side by side. A section without any row is left out. */
export function comparisonOf(columns: readonly Column[]): Section[] {
  const texts = (title: string, of: (column: Column) => Readonly<Record<string, string | undefined>>): Section => ({
    title,
    rows: rowsOf(columns.map(of), (value) => value),
  });
  const sections = [
    metricsOf(columns),
    texts('Parameters', ({ records }) => ({
      ...bodyOf(records, 'mlops.training.v1')?.params,
      ...bodyOf(records, 'mlops.model-version.v1')?.params,
    })),
    texts('Data', dataOf),
    texts('Environment', environmentOf),
    texts('Image', ({ records, image }) => ({
      Image: image ?? bodyOf(records, 'mlops.package.v1')?.image,
    })),
  ];
  return sections.filter(({ rows }) => rows.length > 0);
}

/** Production first, then in the order asked for; each version once. */
export function pinned(versions: readonly string[], production: readonly string[]): string[] {
  const distinct = [...new Set(versions)];
  return [
    ...distinct.filter((one) => production.includes(one)),
    ...distinct.filter((one) => !production.includes(one)),
  ];
}

function metricsOf(columns: readonly Column[]): Section {
  const metrics = columns.map(({ records }) => ({
    ...bodyOf(records, 'mlops.training.v1')?.metrics,
    ...bodyOf(records, 'mlops.model-version.v1')?.metrics,
    ...bodyOf(records, 'mlops.evaluation.v1')?.candidate.metrics,
  }));
  const rows = rowsOf(metrics, (value) => numberText(Number(value)));
  return {
    title: 'Metrics',
    rows: rows.map((row) => ({ ...row, best: row.differs ? bestOf(columns, metrics, row.label) : [] })),
  };
}

/** The orientation is known only for the metric that an evaluation decided by. */
function bestOf(
  columns: readonly Column[],
  metrics: readonly Readonly<Record<string, number | string>>[],
  metric: string,
): number[] {
  const evaluations = columns.map(({ records }) => bodyOf(records, 'mlops.evaluation.v1'));
  const orientation = evaluations.find((one) => one?.metric === metric)?.orientation;
  if (orientation === undefined) return [];
  const known = metrics.flatMap((one, index) => {
    const value = Number(one[metric]);
    return metric in one && Number.isFinite(value) ? [{ index, value }] : [];
  });
  const isBest = (value: number): boolean =>
    known.every((other) => directionOf(value, other.value, orientation) !== 'worse');
  return known.length < 2 ? [] : known.filter(({ value }) => isBest(value)).map(({ index }) => index);
}

function dataOf({ records }: Column): Record<string, string | undefined> {
  const sanity = bodyOf(records, 'mlops.data-sanity.v1');
  const evaluation = bodyOf(records, 'mlops.evaluation.v1');
  const training = bodyOf(records, 'mlops.training.v1');
  const version = bodyOf(records, 'mlops.model-version.v1');
  return {
    'Data fingerprint': version?.dataFingerprint ?? training?.dataFingerprint ?? sanity?.dataFingerprint,
    Rows: sanity === undefined ? undefined : String(sanity.rowCount),
    Contract: sanity?.contract.sha256,
    'Data sanity': sanity?.verdict,
    'Hold-out rows': evaluation === undefined ? undefined : String(evaluation.holdout.rows),
    'Hold-out fingerprint': evaluation?.holdout.fingerprint,
  };
}

function environmentOf({ records }: Column): Record<string, string | undefined> {
  const training = bodyOf(records, 'mlops.training.v1');
  const version = bodyOf(records, 'mlops.model-version.v1');
  return {
    'Job environment': version?.environment ?? training?.environmentId,
    Code: training?.codeId,
    Commit: version?.commit ?? training?.commit,
    'Model type': version?.modelType,
    'Model digest': version?.digest,
  };
}

function rowsOf<T>(columns: readonly Readonly<Record<string, T | undefined>>[], textOf: (value: T) => string): Row[] {
  const labels = [...new Set(columns.flatMap((column) => Object.keys(column)))];
  return labels.flatMap((label) => {
    const values = columns.map((column) => {
      const value = Object.hasOwn(column, label) ? column[label] : undefined;
      return value === undefined ? undefined : textOf(value);
    });
    if (values.every((value) => value === undefined)) return [];
    return [{ label, values, differs: new Set(values).size > 1, best: [] }];
  });
}

export function bodyOf<K extends EvidenceKind>(
  records: readonly ReadRecord[],
  kind: K,
): ReadRecord<K>['body'] | undefined {
  const isKind = (record: ReadRecord): record is ReadRecord<K> => record.kind === kind;
  // The last one stands: a step that ran again left the newer record behind the older.
  return records.filter(isKind).at(-1)?.body;
}
