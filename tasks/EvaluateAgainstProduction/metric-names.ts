/** Metrics and which way they are good. */
export const orientations = {
  mse: 'lower',
  rmse: 'lower',
  mae: 'lower',
  logloss: 'lower',
  r2: 'higher',
  accuracy: 'higher',
  f1: 'higher',
  precision: 'higher',
  recall: 'higher',
  auc: 'higher',
} as const;

export type MetricName = keyof typeof orientations;

export const metricNames: readonly string[] = Object.keys(orientations);

export function isMetric(name: string): name is MetricName {
  return Object.hasOwn(orientations, name);
}
