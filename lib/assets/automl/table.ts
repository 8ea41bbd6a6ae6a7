import { list } from '../shape/collections';
import { optional, record, required, withDefault, type Fields, type Spelling } from '../shape/record';
import { boolean, float, integer, integerIn, text } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';
import { classificationMetrics, dataOf, limitOf, named, taskFields, type Metric } from './common';
import { tableFeaturization } from './featurization';
import { autoOr, forecastingSettings } from './forecasting';
import { algorithms, training } from './training';

/** Tasks on tables: classification, regression, forecasting. Service: TableVertical. */

function limits(spelling: Spelling): Shape {
  const read = record(
    {
      enable_early_termination: optional(boolean),
      exit_score: optional(float),
      max_concurrent_trials: optional(integerIn(1)),
      max_cores_per_trial: optional(integer),
      max_nodes: optional(integerIn(1)),
      max_trials: optional(integerIn(1)),
      timeout_minutes: limitOf(spelling, 'timeout'),
      trial_timeout_minutes: limitOf(spelling, 'trialTimeout'),
    },
    spelling,
  );
  // The preview version of the service that the clients use has both, and they always send 0.
  return spelling === 'camel'
    ? refine(read, (value) => ({ ...value, sweepConcurrentTrials: 0, sweepTrials: 0 }))
    : read;
}

function tableFields(spelling: Spelling, task: string, metric: Metric, known: readonly string[]): Fields {
  const settings = training(spelling, known);
  return {
    ...taskFields(spelling, task, metric),
    target_column_name: required(text),
    validation_data_size: optional(float),
    cv_split_column_names: optional(list(text)),
    n_cross_validations: optional(autoOr(spelling, integerIn(2))),
    weight_column_name: optional(text),
    test_data: optional(dataOf(spelling)),
    test_data_size: optional(float),
    limits: optional(limits(spelling), named(spelling, 'limits', 'limitSettings')),
    featurization: optional(tableFeaturization(spelling), named(spelling, 'featurization', 'featurizationSettings')),
    training:
      spelling === 'camel'
        ? optional(settings, { as: 'trainingSettings' })
        : withDefault<unknown>(settings, () => ({})),
  };
}

const classification: Metric = {
  known: classificationMetrics,
  standard: 'AUCWeighted',
  standardOfNode: 'Accuracy',
};

const error: Metric = {
  known: ['SpearmanCorrelation', 'NormalizedRootMeanSquaredError', 'R2Score', 'NormalizedMeanAbsoluteError'],
  standard: 'NormalizedRootMeanSquaredError',
};

/** Fields of each task on tables, by the name that `task` has in a file. */
export function tableTasks(spelling: Spelling): Record<string, Fields> {
  return {
    classification: {
      ...tableFields(spelling, 'Classification', classification, algorithms.classification),
      positive_label: optional(text),
    },
    regression: tableFields(spelling, 'Regression', error, algorithms.regression),
    forecasting: {
      ...tableFields(spelling, 'Forecasting', error, algorithms.forecasting),
      forecasting: optional(forecastingSettings(spelling), named(spelling, 'forecasting', 'forecastingSettings')),
    },
  };
}
