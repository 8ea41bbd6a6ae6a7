import { numberTexts } from '../../components/charts/text';
import { verdictOf } from '../../components/Verdict';
import { directionOf } from '../../data/registry';
import type { VersionRecords } from '../version/records';

/** A version with the records that speak of it. */
export interface Column {
  version: string;
  isProduction: boolean;
  records: VersionRecords;
  /** Whether the records were read: else nothing can be said of what the version leaves out. */
  isRead: boolean;
  /** Image of a package made of it, in this or another run. */
  image?: string;
}

export interface Row {
  label: string;
  /** A text a column; `undefined` where the version says nothing. */
  values: readonly (string | undefined)[];
  /** Among the columns that were read. */
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
    rows: rowsOf(columns, of, (value) => value),
  });
  const sections = [
    metricsOf(columns),
    texts('Parameters', ({ records: { training, registered } }) => ({
      ...training?.body.params,
      ...registered?.body.params,
    })),
    texts('Data', dataOf),
    texts('Environment', environmentOf),
    texts('Image', ({ records, image }) => ({ Image: image ?? records.packed?.body.image })),
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

type Metrics = Readonly<Record<string, number | string>>;

function metricsOf(columns: readonly Column[]): Section {
  const of = ({ records: { training, registered, evaluation } }: Column): Metrics => ({
    ...training?.body.metrics,
    ...registered?.body.metrics,
    ...evaluation?.body.candidate.metrics,
  });
  const rows = rowsOf(columns, of, metricText);
  const metrics = columns.map(of);
  return {
    title: 'Metrics',
    rows: rows.map((row) => ({ ...row, best: row.differs ? bestOf(columns, metrics, row.label) : [] })),
  };
}

/** Rounded, but not so far that it hides that another version's value is not the same. */
function metricText(value: number | string, all: readonly (number | string)[]): string {
  return numberTexts([value, ...all].map(Number))[0] ?? '';
}

/** The orientation is known only for the metric that an evaluation decided by; two that see it differently are no help. */
function bestOf(columns: readonly Column[], metrics: readonly Metrics[], metric: string): number[] {
  const seen = columns.flatMap(({ records: { evaluation } }) =>
    evaluation?.body.metric === metric ? evaluation.body.orientation : [],
  );
  const [orientation] = seen;
  if (orientation === undefined || seen.some((other) => other !== orientation)) return [];
  const known = metrics.flatMap((one, index) => {
    const value = Object.hasOwn(one, metric) ? Number(one[metric]) : NaN;
    return Number.isFinite(value) ? [{ index, value }] : [];
  });
  const isBest = (value: number): boolean =>
    known.every((other) => directionOf(value, other.value, orientation) !== 'worse');
  return known.length < 2 ? [] : known.filter(({ value }) => isBest(value)).map(({ index }) => index);
}

function dataOf({ records }: Column): Record<string, string | undefined> {
  const { dataSanity, evaluation, registered } = records;
  const sanity = dataSanity?.body;
  const holdout = evaluation?.body.holdout;
  return {
    'Data fingerprint': registered?.body.dataFingerprint ?? sanity?.dataFingerprint,
    Rows: sanity && String(sanity.rowCount),
    Contract: sanity && [sanity.contract.name ?? sanity.contract.id, sanity.contract.version].filter(Boolean).join(' '),
    'Contract digest': sanity?.contract.sha256,
    'Data sanity': sanity && verdictOf(sanity.verdict).text,
    'Hold-out rows': holdout && String(holdout.rows),
    'Hold-out fingerprint': holdout?.fingerprint,
  };
}

function environmentOf({ records: { training, registered } }: Column): Record<string, string | undefined> {
  return {
    'Job environment': registered?.body.environment ?? training?.body.environmentId,
    Code: training?.body.codeId,
    Commit: registered?.body.commit ?? training?.body.commit,
    'Model type': registered?.body.modelType,
    'Model digest': registered?.body.digest,
  };
}

/** @param textOf a value's text, with all values of its row to tell it from */
function rowsOf<T>(
  columns: readonly Column[],
  of: (column: Column) => Readonly<Record<string, T | undefined>>,
  textOf: (value: T, all: readonly T[]) => string,
): Row[] {
  const read = columns.map(of);
  const labels = [...new Set(read.flatMap((column) => Object.keys(column)))];
  return labels.flatMap((label) => {
    const values = read.map((column) => (Object.hasOwn(column, label) ? column[label] : undefined));
    const all = values.filter((value) => value !== undefined);
    const texts = values.map((value) => (value === undefined || value === '' ? undefined : textOf(value, all)));
    if (texts.every((text) => text === undefined)) return [];
    const compared = texts.filter((_, index) => columns[index]?.isRead === true);
    return [{ label, values: texts, differs: new Set(compared).size > 1, best: [] }];
  });
}
