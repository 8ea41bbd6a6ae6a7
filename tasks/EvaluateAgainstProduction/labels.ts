import { bootstrap } from './bootstrap';
import type { Breathe, Difference, Rows, Settings } from './difference';
import { labelOf, positiveOf } from './numbers';
import { binomial, type Random } from './random';

type LabelMetric = 'accuracy' | 'f1' | 'precision' | 'recall';

/** Rows counted by what truth and models say: one cell for each combination that occurs. */
export interface Cells {
  /** Class number of the positive one; `undefined`: average over all classes with equal weight (macro). */
  positive?: number;
  truth: number[];
  /** Class numbers that a model answers, one list a model. */
  answers: number[][];
  /** Classes to average over, one list a model: those that are true or that the model answers. */
  averaged: number[][];
  counts: Float64Array;
  rows: number;
}

export async function compareLabels(
  metric: LabelMetric,
  rows: Rows,
  settings: Settings,
  breathe: Breathe,
): Promise<Difference> {
  const cells = readLabels(metric, rows.truth, [rows.candidate, rows.champion], settings);
  const both = (counts: Float64Array): { candidate: number; champion: number } => ({
    candidate: score(metric, cells, 0, counts),
    champion: score(metric, cells, 1, counts),
  });
  const counts = new Float64Array(cells.counts.length);
  const interval = await bootstrap(settings, breathe, cells.counts.length, (random) => {
    multinomial(random, cells, counts);
    const drawn = both(counts);
    return drawn.candidate - drawn.champion;
  });
  return {
    ...both(cells.counts),
    ...interval,
    method: `paired bootstrap over joint cells, ${settings.resamples} resamples`,
  };
}

export function labelMetric(metric: LabelMetric, cells: Cells): number {
  return score(metric, cells, 0, cells.counts);
}

/** `classes`: those of all rows, when only some are measured. */
export type LabelSettings = Pick<Settings, 'positiveLabel'> & { classes?: readonly string[] };

/** Counts rows by their combination of truth and answers. Two classes need a positive one, more are averaged. */
export function readLabels(
  metric: LabelMetric,
  truth: readonly string[],
  predicted: readonly (readonly string[])[],
  settings: LabelSettings,
): Cells {
  const numbers = new Map<string, number>();
  const classOf = (text: string): number => {
    const label = labelOf(text);
    const known = numbers.get(label) ?? numbers.size;
    numbers.set(label, known);
    return known;
  };
  settings.classes?.forEach(classOf);
  const cells = new Map<string, { truth: number; answers: number[]; count: number }>();
  for (const [row, text] of truth.entries()) {
    const actual = classOf(text);
    const answers = predicted.map((texts) => classOf(texts[row] ?? ''));
    const key = [actual, ...answers].join(' ');
    const cell = cells.get(key) ?? { truth: actual, answers, count: 0 };
    cell.count++;
    cells.set(key, cell);
  }
  const listed = [...cells.values()];
  const classes = [...numbers.keys()];
  const isBinary = metric !== 'accuracy' && (classes.length <= 2 || settings.positiveLabel !== undefined);
  return {
    averaged: predicted.map((_, model) => [
      ...new Set(listed.flatMap((cell) => [cell.truth, cell.answers[model] ?? cell.truth])),
    ]),
    positive: isBinary ? numbers.get(positiveOf(metric, classes, settings.positiveLabel)) : undefined,
    truth: listed.map((cell) => cell.truth),
    answers: predicted.map((_, model) => listed.map((cell) => cell.answers[model] ?? -1)),
    counts: Float64Array.from(listed, (cell) => cell.count),
    rows: truth.length,
  };
}

function score(metric: LabelMetric, cells: Cells, model: number, counts: Float64Array): number {
  const answers = cells.answers[model] ?? [];
  if (metric === 'accuracy') {
    let right = 0;
    for (let cell = 0; cell < counts.length; cell++) {
      if (cells.truth[cell] === answers[cell]) right += counts[cell] ?? 0;
    }
    return right / cells.rows;
  }
  if (cells.positive !== undefined) return oneClass(metric, cells, answers, counts, cells.positive);
  const labels = cells.averaged[model] ?? [];
  return labels.reduce((sum, label) => sum + oneClass(metric, cells, answers, counts, label), 0) / labels.length;
}

/** Precision, recall or F1 of one class against the rest; 0 where nothing was said or is true, as scikit-learn does. */
function oneClass(
  metric: 'f1' | 'precision' | 'recall',
  cells: Cells,
  answers: readonly number[],
  counts: Float64Array,
  label: number,
): number {
  let hits = 0;
  let said = 0;
  let actual = 0;
  for (let cell = 0; cell < counts.length; cell++) {
    const count = counts[cell] ?? 0;
    const isActual = cells.truth[cell] === label;
    if (isActual) actual += count;
    if (answers[cell] !== label) continue;
    said += count;
    if (isActual) hits += count;
  }
  if (metric === 'precision') return said === 0 ? 0 : hits / said;
  if (metric === 'recall') return actual === 0 ? 0 : hits / actual;
  return said + actual === 0 ? 0 : (2 * hits) / (said + actual);
}

/** Draws the cells' counts of a resample of all rows: one binomial a cell, conditioned on those before. */
function multinomial(random: Random, { counts, rows }: Cells, into: Float64Array): void {
  let left = rows;
  let leftCount = rows;
  for (let cell = 0; cell < counts.length; cell++) {
    const count = counts[cell] ?? 0;
    const drawn = cell === counts.length - 1 ? left : binomial(random, left, count / leftCount);
    into[cell] = drawn;
    left -= drawn;
    leftCount -= count;
  }
}
