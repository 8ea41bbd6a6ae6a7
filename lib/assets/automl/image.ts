import { list } from '../shape/collections';
import { optional, record, required, withDefault, type Fields, type Spelling } from '../shape/record';
import { float, integerIn, text } from '../shape/scalars';
import { earlyTermination, enumeration } from '../parts/sweep';
import { isMap, isText, union } from '../shape/collections';
import { refine, type Shape } from '../shape/shape';
import { classificationMetrics, limitOf, named, taskFields, type Metric } from './common';
import { fixed, searched, type Parameters } from './parameters';
import { imageSpaces } from './search-space';

/** Tasks on images: classification, object detection, instance segmentation. Service: ImageVertical. */

const searchable: Parameters = {
  ams_gradient: 'boolean',
  beta1: 'real',
  beta2: 'real',
  distributed: 'boolean',
  early_stopping: 'boolean',
  early_stopping_delay: 'integer',
  early_stopping_patience: 'integer',
  enable_onnx_normalization: 'boolean',
  evaluation_frequency: 'integer',
  gradient_accumulation_step: 'integer',
  layers_to_freeze: 'integer',
  learning_rate: 'real',
  learning_rate_scheduler: ['None', 'WarmupCosine', 'Step'],
  model_name: 'text',
  momentum: 'real',
  nesterov: 'boolean',
  number_of_epochs: 'integer',
  number_of_workers: 'integer',
  optimizer: ['None', 'Sgd', 'Adam', 'Adamw'],
  random_seed: 'integer',
  step_lr_gamma: 'real',
  step_lr_step_size: 'integer',
  training_batch_size: 'integer',
  validation_batch_size: 'integer',
  warmup_cosine_lr_cycles: 'real',
  warmup_cosine_lr_warmup_epochs: 'integer',
  weight_decay: 'real',
};

/** May be searched, not fixed. */
const onlySearchable: Parameters = { augmentations: 'text' };

const onlyFixed: Parameters = {
  advanced_settings: 'text',
  checkpoint_frequency: 'integer',
  checkpoint_run_id: 'text',
};

const ofClassification: Parameters = {
  training_crop_size: 'integer',
  validation_crop_size: 'integer',
  validation_resize_size: 'integer',
  weighted_loss: 'integer',
};

const ofDetection: Parameters = {
  box_detections_per_image: 'integer',
  box_score_threshold: 'real',
  image_size: 'integer',
  max_size: 'integer',
  min_size: 'integer',
  model_size: ['None', 'Small', 'Medium', 'Large', 'ExtraLarge'],
  multi_scale: 'boolean',
  nms_iou_threshold: 'real',
  tile_grid_size: 'text',
  tile_overlap_ratio: 'real',
  tile_predictions_nms_threshold: 'real',
  validation_iou_threshold: 'real',
  validation_metric_type: ['None', 'Coco', 'Voc', 'CocoVoc'],
};

const onlyFixedInDetection: Parameters = {
  log_training_metrics: ['Enable', 'Disable'],
  log_validation_loss: ['Enable', 'Disable'],
};

/** The service takes the name alone: seed and rule cannot be told. */
export function sweepSettings(spelling: Spelling): Shape {
  const name = enumeration(spelling, 'Random', 'Grid', 'Bayesian');
  return record(
    {
      sampling_algorithm: required(
        union<unknown>('random, grid or bayesian', [
          { when: isText, shape: name },
          { when: isMap, shape: refine(record({ type: required(name) }), ({ type }) => type) },
        ]),
      ),
      early_termination: optional(earlyTermination(spelling, spelling === 'camel' ? 'policyType' : 'type')),
    },
    spelling,
  );
}

function limits(spelling: Spelling): Shape {
  return record(
    {
      max_concurrent_trials: optional(integerIn(1)),
      max_trials: optional(integerIn(1)),
      timeout_minutes: limitOf(spelling, 'timeout'),
    },
    spelling,
  );
}

function imageFields(
  spelling: Spelling,
  task: string,
  metric: Metric,
  own: { both: Parameters; fixed?: Parameters },
): Fields {
  const settings = record(fixed(spelling, { ...searchable, ...onlyFixed, ...own.both, ...own.fixed }), spelling);
  const space = record(searched(spelling, { ...searchable, ...onlySearchable, ...own.both }, imageSpaces), spelling);
  return {
    ...taskFields(spelling, task, metric),
    target_column_name: required(text),
    validation_data_size: optional(float),
    limits: withDefault(limits(spelling), () => ({}), named(spelling, 'limits', 'limitSettings')),
    sweep: optional(sweepSettings(spelling), named(spelling, 'sweep', 'sweepSettings')),
    training_parameters: optional(settings, named(spelling, 'training_parameters', 'modelSettings')),
    search_space: optional(list(space)),
  };
}

const precision: Metric = { known: ['MeanAveragePrecision'], standard: 'MeanAveragePrecision' };
const detection = { both: ofDetection, fixed: onlyFixedInDetection };

/** Fields of each task on images, by the name that `task` has in a file. */
export function imageTasks(spelling: Spelling): Record<string, Fields> {
  return {
    image_classification: imageFields(
      spelling,
      'ImageClassification',
      { known: classificationMetrics, standard: 'Accuracy' },
      { both: ofClassification },
    ),
    image_classification_multilabel: imageFields(
      spelling,
      'ImageClassificationMultilabel',
      { known: [...classificationMetrics, 'IOU'], standard: 'IOU' },
      { both: ofClassification },
    ),
    image_object_detection: imageFields(spelling, 'ImageObjectDetection', precision, detection),
    image_instance_segmentation: imageFields(spelling, 'ImageInstanceSegmentation', precision, detection),
  };
}
