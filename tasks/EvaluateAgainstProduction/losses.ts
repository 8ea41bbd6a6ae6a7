import { bootstrap } from './bootstrap';
import type { Breathe, Difference, Rows, Settings } from './difference';
import { toBinary, toNumbers, toProbabilities } from './numbers';
import { uniformBelow } from './random';

type LossMetric = 'mse' | 'rmse' | 'mae' | 'r2' | 'logloss';

/** Metrics that are functions of sums over rows: a resample needs the sums only. */
interface Sums {
  /** One column of addends a sum; the first is the model's loss. */
  columns: Float64Array[];
  /** The metric from the sums over `n` rows. */
  metric: (loss: number, rest: readonly number[], n: number) => number;
}

/** scikit-learn's clipping: the machine epsilon of a double. */
const epsilon = Number.EPSILON;

export function lossMetric(
  name: LossMetric,
  truth: readonly string[],
  predicted: readonly string[],
  settings: Pick<Settings, 'positiveLabel'>,
): number {
  const { columns, metric } = sumsOf(name, truth, predicted, 'the candidate', settings);
  const [loss = 0, ...rest] = columns.map((column) => column.reduce((sum, value) => sum + value, 0));
  return metric(loss, rest, truth.length);
}

export async function compareLosses(
  name: LossMetric,
  rows: Rows,
  settings: Settings,
  breathe: Breathe,
): Promise<Difference> {
  const candidate = sumsOf(name, rows.truth, rows.candidate, 'the candidate', settings);
  const champion = sumsOf(name, rows.truth, rows.champion, 'the champion', settings);
  const n = rows.truth.length;
  // The truth's own sums are the same for both models.
  const columns = [...candidate.columns, ...champion.columns.slice(0, 1)];
  const total = new Float64Array(columns.length);
  const evaluate = (sums: Float64Array): { candidate: number; champion: number } => {
    const rest = [...sums.subarray(1, sums.length - 1)];
    return {
      candidate: candidate.metric(sums[0] ?? 0, rest, n),
      champion: champion.metric(sums[sums.length - 1] ?? 0, rest, n),
    };
  };
  columns.forEach((column, index) => {
    total[index] = column.reduce((sum, value) => sum + value, 0);
  });
  const interval = await bootstrap(settings, breathe, n, (random) => {
    const sums = new Float64Array(columns.length);
    for (let draw = 0; draw < n; draw++) {
      const row = uniformBelow(random, n);
      for (let index = 0; index < columns.length; index++) {
        sums[index] = (sums[index] ?? 0) + (columns[index]?.[row] ?? 0);
      }
    }
    const drawn = evaluate(sums);
    return drawn.candidate - drawn.champion;
  });
  return { ...evaluate(total), ...interval, method: `paired bootstrap over rows, ${settings.resamples} resamples` };
}

function sumsOf(
  name: LossMetric,
  truth: readonly string[],
  predicted: readonly string[],
  who: string,
  settings: Pick<Settings, 'positiveLabel'>,
): Sums {
  if (name === 'logloss') {
    const positive = toBinary(name, truth, settings.positiveLabel);
    const probabilities = toProbabilities(who, predicted);
    return { columns: [probabilities.map((p, row) => -Math.log(clip(positive[row] === 1 ? p : 1 - p)))], metric: mean };
  }
  const actual = toNumbers('the truth', truth);
  const errors = toNumbers(who, predicted).map((value, row) => value - (actual[row] ?? 0));
  if (name === 'mae') return { columns: [errors.map(Math.abs)], metric: mean };
  const squares = errors.map((error) => error * error);
  if (name === 'mse') return { columns: [squares], metric: mean };
  if (name === 'rmse') return { columns: [squares], metric: (loss, _rest, n) => Math.sqrt(loss / n) };
  // Deviations from the mean keep the sum of squares accurate when the truth is far from zero.
  const centre = actual.reduce((sum, value) => sum + value, 0) / Math.max(1, actual.length);
  const deviations = actual.map((value) => value - centre);
  return {
    columns: [squares, deviations, deviations.map((value) => value * value)],
    metric: (loss, [sum = 0, sumOfSquares = 0], n) => 1 - loss / (sumOfSquares - (sum * sum) / n),
  };
}

function mean(loss: number, _rest: readonly number[], n: number): number {
  return loss / n;
}

function clip(probability: number): number {
  return Math.min(Math.max(probability, epsilon), 1 - epsilon);
}
