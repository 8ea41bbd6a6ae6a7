import { listText, numberText } from './text';

/** A metric's value at one version. */
export interface TrendPoint {
  /** The version, as the axis shows it. */
  label: string;
  /** `NaN` where the version has no such metric: the line has a gap there. */
  value: number;
  isProduction?: boolean;
  /** The one that the page is about. */
  isCurrent?: boolean;
}

/** Room that values take: a flat series, or none, gets one around it so that it is drawn in the middle. */
export function valueRange(points: readonly TrendPoint[]): [number, number] {
  const values = points.map(({ value }) => value).filter(Number.isFinite);
  if (values.length === 0) return [0, 1];
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (low < high) return [low, high];
  const around = low === 0 ? 1 : Math.abs(low) * 0.1;
  return [low - around, high + around];
}

/**
 * The chart in words: every value of a short series; of a long one the first, the lowest, the highest, production, the one that the
 * page is about, and the latest.
 */
export function trendText(title: string, points: readonly TrendPoint[], most = 12): string {
  const known = points.filter(({ value }) => Number.isFinite(value));
  if (known.length === 0) return `${title}: no values.`;
  const missing = points.length - known.length;
  const without = missing === 0 ? '' : ` ${missing} without a value.`;
  const parts = known.length <= most ? known.map(pointText) : telling(known);
  const count = known.length === 1 ? '1 version' : `${known.length} versions`;
  return `${title} over ${count}: ${listText(parts, most * 2)}.${without}`;
}

function telling(known: readonly TrendPoint[]): string[] {
  const ordered = [...known].sort((one, other) => one.value - other.value);
  const production = known.filter(({ isProduction }) => isProduction === true);
  const named: [string, TrendPoint | undefined][] = [
    ['first', known[0]],
    ['lowest', ordered[0]],
    ['highest', ordered[ordered.length - 1]],
    ...production.map((point): [string, TrendPoint] => ['production', point]),
    ['the one of this page', known.find(({ isCurrent }) => isCurrent === true)],
    ['latest', known[known.length - 1]],
  ];
  return named.flatMap(([name, point]) =>
    point === undefined ? [] : [`${name} is version ${point.label} with ${numberText(point.value)}`],
  );
}

function pointText({ label, value, ...point }: TrendPoint): string {
  const marks = marksOf(point).join(', ');
  return `version ${label} ${numberText(value)}${marks === '' ? '' : ` (${marks})`}`;
}

/** Words for what a point is besides a version. */
export function marksOf({ isProduction, isCurrent }: Pick<TrendPoint, 'isProduction' | 'isCurrent'>): string[] {
  return [...(isProduction === true ? ['production'] : []), ...(isCurrent === true ? ['this version'] : [])];
}
