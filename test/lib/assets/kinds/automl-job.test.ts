import assert from 'node:assert/strict';
import { automlTask } from '../../../../lib/assets/automl/tasks';
import { required } from '../../../../lib/assets/shape/record';
import { words } from '../../../../lib/assets/shape/scalars';
import { propertiesOf, read, refuses } from './support';

const job = (task: string, rest: string): string =>
  `type: automl\ntask: ${task}\ntarget_column_name: y\ntraining_data: {type: mltable, path: azureml:d:1}\n${rest}`;

async function details(task: string, rest = ''): Promise<Record<string, unknown>> {
  return (await propertiesOf(job(task, rest)))['taskDetails'] as Record<string, unknown>;
}

describe('an AutoML job', () => {
  it('knows every task and its metric', async () => {
    const known = {
      classification: ['Classification', 'AUCWeighted'],
      regression: ['Regression', 'NormalizedRootMeanSquaredError'],
      forecasting: ['Forecasting', 'NormalizedRootMeanSquaredError'],
      image_classification: ['ImageClassification', 'Accuracy'],
      image_classification_multilabel: ['ImageClassificationMultilabel', 'IOU'],
      image_object_detection: ['ImageObjectDetection', 'MeanAveragePrecision'],
      image_instance_segmentation: ['ImageInstanceSegmentation', 'MeanAveragePrecision'],
      text_classification: ['TextClassification', 'Accuracy'],
      text_classification_multilabel: ['TextClassificationMultilabel', undefined],
      text_ner: ['TextNER', undefined],
    };
    for (const [task, [taskType, primaryMetric]] of Object.entries(known)) {
      const sent = await details(task);
      assert.deepEqual(
        [sent['taskType'], sent['primaryMetric'], sent['logVerbosity']],
        [taskType, primaryMetric, 'Info'],
      );
    }
  });

  it('says what a forecast is about', async () => {
    const { forecastingSettings } = await details(
      'forecasting',
      'forecasting: {forecast_horizon: Auto, target_lags: 3, target_rolling_window_size: 4, seasonality: 0}\n',
    );
    assert.deepEqual(forecastingSettings, {
      forecastHorizon: { mode: 'Auto' },
      targetLags: { mode: 'Custom', values: [3] },
      targetRollingWindowSize: { mode: 'Custom', value: 4 },
    });
  });

  it('writes what is searched as text, digits without an exponent', async () => {
    const { searchSpace } = await details(
      'image_object_detection',
      `search_space:
  - ams_gradient: {type: choice, values: [true, no]}
    step_lr_gamma: 1e-7
    momentum: 1
    model_size: {type: choice, values: [small, ExtraLarge]}
    learning_rate: {type: choice, values: [1, 2.5]}
    image_size: {type: quniform, min_value: 1, max_value: 5, q: 2}
`,
    );
    assert.deepEqual(searchSpace, [
      {
        amsGradient: 'choice(True,False)',
        stepLRGamma: '0.0000001',
        momentum: '1.0',
        modelSize: "choice('small','extra_large')",
        learningRate: 'choice(1.0,2.5)',
        imageSize: 'quniform(1,5,2)',
      },
    ]);
  });

  it('sends an ensemble, machines and outputs as the service knows them', async () => {
    const sent = await propertiesOf(
      job(
        'classification',
        `training: {stack_ensemble_settings: {stack_meta_learner_type: light_gbm_classifier}}
resources: {instance_type: x}
queue_settings: {job_tier: spot}
outputs: {best_model: {type: mlflow_model}}
`,
      ),
    );
    assert.deepEqual((sent['taskDetails'] as Record<string, unknown>)['trainingSettings'], {
      stackEnsembleSettings: { stackMetaLearnerType: 'LightGBMClassifier', stackMetaLearnerTrainPercentage: 0.2 },
    });
    assert.deepEqual(sent['resources'], { instanceType: 'x', properties: {} });
    assert.deepEqual(sent['queueSettings'], { jobTier: 'Spot' });
    assert.deepEqual(sent['outputs'], { best_model: { jobOutputType: 'mlflow_model' } });
  });

  it('refuses what a task does not have', async () => {
    await refuses(job('nonsense', ''), '2:7', /task is "nonsense"/);
    await refuses(job('regression', 'positive_label: a\n'), '5:1', /unknown key "positive_label"/);
    await refuses(job('regression', 'primary_metric: accuracy\n'), '5:17', /primary_metric is "accuracy"/);
    await refuses(job('regression', 'n_cross_validations: 1\n'), '5:22', /from 2/);
    await refuses(job('text_ner', 'sweep: {sampling_algorithm: {type: random, seed: 3}}\n'), '5:44', /"seed"/);
    await refuses(job('regression', 'featurization: {transformer_params: {Nonsense: []}}\n'), '5:38', /no transformer/);
  });

  it('keeps the words of the file as a node of a pipeline', async () => {
    const common = { type: required(words('automl')) };
    const file = job(
      'image_classification',
      'sweep: {sampling_algorithm: Random, early_termination: {type: bandit}}\n',
    );
    const { reader, scope } = await read(file);
    const expression = { ...automlTask('yaml', common).read(reader, scope), training_data: undefined };
    assert.deepEqual(JSON.parse(JSON.stringify(expression)), {
      type: 'automl',
      task: 'image_classification',
      log_verbosity: 'info',
      primary_metric: 'accuracy',
      target_column_name: 'y',
      limits: {},
      sweep: {
        sampling_algorithm: 'random',
        early_termination: {
          type: 'bandit',
          evaluation_interval: 0,
          delay_evaluation: 0,
          slack_factor: 0,
          slack_amount: 0,
        },
      },
    });
  });
});
