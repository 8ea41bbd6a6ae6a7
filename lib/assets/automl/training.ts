import { enumeration } from '../parts/sweep';
import { list, mapOf } from '../shape/collections';
import { optional, record, withDefault, type Spelling } from '../shape/record';
import { anything, boolean, float } from '../shape/scalars';
import type { Shape } from '../shape/shape';
import { minutes } from './common';

/** Which models are tried, and how. Service: ClassificationTrainingSettings and its siblings. */

const treesAndMore = [
  'GradientBoosting',
  'DecisionTree',
  'KNN',
  'SGD',
  'RandomForest',
  'ExtremeRandomTrees',
  'LightGBM',
];
const regressors = [...treesAndMore, 'ElasticNet', 'LassoLars', 'XGBoostRegressor'];

export const algorithms = {
  classification: [
    ...treesAndMore,
    'LogisticRegression',
    'MultinomialNaiveBayes',
    'BernoulliNaiveBayes',
    'SVM',
    'LinearSVM',
    'XGBoostClassifier',
  ],
  regression: regressors,
  forecasting: [
    ...regressors,
    'AutoArima',
    'Prophet',
    'Naive',
    'SeasonalNaive',
    'Average',
    'SeasonalAverage',
    'ExponentialSmoothing',
    'Arimax',
    'TCNForecaster',
  ],
} as const;

const metaLearners = [
  'None',
  'LogisticRegression',
  'LogisticRegressionCV',
  'LightGBMClassifier',
  'ElasticNet',
  'ElasticNetCV',
  'LightGBMRegressor',
  'LinearRegression',
] as const;

/** The clients fail on it in jobs; the service knows it. */
const stackEnsemble = (spelling: Spelling): Shape =>
  record(
    {
      stack_meta_learner_type: optional(enumeration(spelling, ...metaLearners)),
      stack_meta_learner_train_percentage: withDefault<unknown>(float, () => 0.2),
      stack_meta_learner_kwargs: optional(mapOf(anything), {
        as: spelling === 'camel' ? 'stackMetaLearnerKWargs' : 'stack_meta_learner_kwargs',
      }),
    },
    spelling,
  );

/** @param known algorithms that the task may use */
export function training(spelling: Spelling, known: readonly string[]): Shape {
  const some = optional(list(enumeration(spelling, ...known)));
  return record(
    {
      enable_dnn_training: optional(boolean),
      enable_model_explainability: optional(boolean),
      enable_onnx_compatible_models: optional(boolean),
      enable_stack_ensemble: optional(boolean),
      enable_vote_ensemble: optional(boolean),
      ensemble_model_download_timeout_minutes: optional(minutes(spelling), {
        as: spelling === 'camel' ? 'ensembleModelDownloadTimeout' : 'ensemble_model_download_timeout_minutes',
      }),
      stack_ensemble_settings: optional(stackEnsemble(spelling)),
      training_mode: optional(enumeration(spelling, 'Auto', 'Distributed', 'NonDistributed')),
      allowed_training_algorithms: some,
      blocked_training_algorithms: some,
    },
    spelling,
  );
}
