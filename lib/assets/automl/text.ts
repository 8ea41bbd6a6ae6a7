import { list } from '../shape/collections';
import { optional, record, required, withDefault, type Fields, type Spelling } from '../shape/record';
import { integerIn, text } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';
import { classificationMetrics, limitOf, named, taskFields, type Metric } from './common';
import { textFeaturization } from './featurization';
import { sweepSettings } from './image';
import { fixed, searched, type Parameters } from './parameters';
import { textSpaces } from './search-space';

/** Tasks on text: classification of one or several labels, named entities. Service: NlpVertical. */

const parameters: Parameters = {
  gradient_accumulation_steps: 'integer',
  learning_rate: 'real',
  learning_rate_scheduler: [
    'None',
    'Linear',
    'Cosine',
    'CosineWithRestarts',
    'Polynomial',
    'Constant',
    'ConstantWithWarmup',
  ],
  model_name: 'text',
  number_of_epochs: 'integer',
  training_batch_size: 'integer',
  validation_batch_size: 'integer',
  warmup_ratio: 'real',
  weight_decay: 'real',
};

function limits(spelling: Spelling): Shape {
  return record(
    {
      max_concurrent_trials: optional(integerIn(1)),
      max_trials: withDefault(integerIn(1), () => 1),
      max_nodes: withDefault(integerIn(1), () => 1),
      timeout_minutes: limitOf(spelling, 'timeout'),
      trial_timeout_minutes: limitOf(spelling, 'trialTimeout'),
    },
    spelling,
  );
}

const noLimits = (spelling: Spelling): unknown =>
  spelling === 'camel' ? { maxTrials: 1, maxNodes: 1 } : { max_trials: 1, max_nodes: 1 };

function textFields(spelling: Spelling, task: string, metric: Metric): Fields {
  // In nodes the distributions of text tasks stay maps: the clients turn only those of image tasks into text.
  const space = record(searched(spelling, parameters, textSpaces, spelling === 'camel'), spelling);
  return {
    ...taskFields(spelling, task, { ...metric, isQuietAsNode: true }),
    target_column_name: required(text),
    limits: withDefault(limits(spelling), () => noLimits(spelling), named(spelling, 'limits', 'limitSettings')),
    sweep: optional(sweepSettings(spelling), named(spelling, 'sweep', 'sweepSettings')),
    training_parameters: optional(
      record(fixed(spelling, parameters), spelling),
      named(spelling, 'training_parameters', 'fixedParameters'),
    ),
    search_space: optional(list(space)),
    featurization: optional(textFeaturization(spelling), named(spelling, 'featurization', 'featurizationSettings')),
  };
}

const accuracy: Metric = { known: ['Accuracy'], standard: 'Accuracy', isImplied: true };

/** Fields of each task on text, by the name that `task` has in a file. */
export function textTasks(spelling: Spelling): Record<string, Fields> {
  const target = refine(text, (name) => (spelling === 'camel' ? undefined : name));
  return {
    text_classification: textFields(spelling, 'TextClassification', {
      known: classificationMetrics,
      standard: 'Accuracy',
    }),
    text_classification_multilabel: textFields(spelling, 'TextClassificationMultilabel', accuracy),
    // Entities stand in the text itself: a column may be named, and jobs do not say it.
    text_ner: { ...textFields(spelling, 'TextNER', accuracy), target_column_name: optional(target) },
  };
}
