import { TaskError } from '../../lib/agent/errors';
import { aucMetric, compareAuc } from './auc';
import { compareLabels, labelMetric, readLabels, type LabelSettings } from './labels';
import { compareLosses, lossMetric } from './losses';
import { orientations, type MetricName } from './metric-names';
import type { Breathe, Difference, Rows, Settings } from './difference';

/** A metric of both models on the same rows. */
export interface Compared {
  candidate: number;
  champion: number;
  /** Candidate against champion; positive is an improvement, whichever way the metric is good. */
  improvement: number;
  /** Ends of the two-sided interval of `improvement`. */
  lower: number;
  upper: number;
  /** How the interval was made. */
  method: string;
}

/**
 * Compares two models on the same rows with an interval for the difference.
 *
 * - mse, rmse, mae, r2, logloss: paired bootstrap over rows, percentile interval (Efron and Tibshirani 1993, ch. 13).
 * - accuracy, f1, precision, recall: the same bootstrap drawn as a multinomial over the joint cells (truth, champion,
 *   candidate), which is the same distribution as drawing rows.
 * - auc: DeLong's interval for two correlated curves (DeLong et al. 1988, with the mid-ranks of Sun and Xu 2014).
 *
 * @throws TaskError when the answers do not fit the metric
 */
export async function compare(metric: MetricName, rows: Rows, settings: Settings, breathe: Breathe): Promise<Compared> {
  const { candidate, champion, lower, upper, method } = await difference(metric, rows, settings, breathe);
  const lowerIsBetter = orientations[metric] === 'lower';
  return {
    candidate,
    champion,
    // Never −0: it would be printed and compared as a number of its own.
    improvement: (lowerIsBetter ? champion - candidate : candidate - champion) + 0,
    lower: (lowerIsBetter ? -upper : lower) + 0,
    upper: (lowerIsBetter ? -lower : upper) + 0,
    method,
  };
}

function difference(metric: MetricName, rows: Rows, settings: Settings, breathe: Breathe): Promise<Difference> {
  switch (metric) {
    case 'mse':
    case 'rmse':
    case 'mae':
    case 'r2':
    case 'logloss':
      return compareLosses(metric, rows, settings, breathe);
    case 'accuracy':
    case 'f1':
    case 'precision':
    case 'recall':
      return compareLabels(metric, rows, settings, breathe);
    case 'auc':
      return Promise.resolve(compareAuc(rows, settings));
  }
}

/** A metric of one model. @throws TaskError when the answers do not fit the metric */
export function measure(
  metric: MetricName,
  truth: readonly string[],
  predicted: readonly string[],
  settings: LabelSettings,
): number {
  const value = measured(metric, truth, predicted, settings);
  if (Number.isFinite(value)) return value;
  throw new TaskError(
    `The metric ${metric} is not defined on these ${truth.length} rows.`,
    'Is the truth the same in every row? Choose another metric or a larger hold-out.',
  );
}

function measured(
  metric: MetricName,
  truth: readonly string[],
  predicted: readonly string[],
  settings: LabelSettings,
): number {
  switch (metric) {
    case 'mse':
    case 'rmse':
    case 'mae':
    case 'r2':
    case 'logloss':
      return lossMetric(metric, truth, predicted, settings);
    case 'accuracy':
    case 'f1':
    case 'precision':
    case 'recall':
      return labelMetric(metric, readLabels(metric, truth, [predicted], settings));
    case 'auc':
      return aucMetric(truth, predicted, settings);
  }
}
