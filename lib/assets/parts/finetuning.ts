import { isMap, isText, list, mapOf, union } from '../shape/collections';
import { dropped, optional, record, required } from '../shape/record';
import { exactly, float, integer, names, text, word } from '../shape/scalars';
import { nullable, refine, type Shape } from '../shape/shape';
import type { YamlReader } from '../../agent/yaml';
import type { Soon } from '../later';
import { inputModes, uriOf } from './inputs';
import { computeId } from './references';

/** What fine-tuning and distillation jobs share. Service: FineTuningJob of version 2024-10-01-preview. */

export const fineTuningApiVersion = '2024-10-01-preview';

interface FileInput {
  jobInputType: 'uri_file' | 'mlflow_model';
  uri: Soon<string>;
}

/** The service reads its data and its model itself: a mode has no effect. */
const mode = dropped(word(inputModes));

/** A file of examples: a path, or a map with path. */
export const examples: Shape<FileInput> = union<FileInput>('a path, or a map with path', [
  {
    when: isMap,
    shape: refine(
      record({ path: required(text), type: optional(word({ uri_file: 'uri_file', uri_folder: 'uri_folder' })), mode }),
      (_value, at, scope) => ({
        jobInputType: 'uri_file' as const,
        uri: uriOf(at.required('path'), scope, 'uri_file'),
      }),
    ),
  },
  {
    when: isText,
    shape: refine(text, (_value, at, scope) => ({
      jobInputType: 'uri_file' as const,
      uri: uriOf(at, scope, 'uri_file'),
    })),
  },
]);

const modelTypes = word({ mlflow_model: 'mlflow_model', custom_model: 'custom_model' });

/** The model to start from. The service takes every one as an MLflow model. */
export const baseModel: Shape<FileInput> = refine(
  record({ path: required(text), type: required(modelTypes), mode }),
  (_value, at, scope) => modelAt(at.required('path'), uriOf(at.required('path'), scope, 'mlflow_model')),
);

/** The same, or its reference alone. */
export const modelOrReference: Shape<FileInput> = union<FileInput>('a reference to a model, or a map with path', [
  { when: isMap, shape: baseModel },
  { when: isText, shape: refine(text, (_value, at, scope) => modelAt(at, uriOf(at, scope, 'mlflow_model'))) },
]);

/** A model that only lies on this machine is none that the service could tune. */
function modelAt(place: YamlReader, uri: Soon<string>): FileInput {
  if (typeof uri === 'string' || place.asString().startsWith('azureml:')) return { jobInputType: 'mlflow_model', uri };
  throw place.error(
    `${place.path} "${place.asString()}" is no registered model`,
    'Write azureml:name:version, or azureml://registries/….',
  );
}

/** Fine-tuning wants the compute's bare name. */
export const computeName: Shape<string> = refine(computeId, (_id, at) => at.asString().replace(/^azureml:/, ''));

const tasks = names(
  'ChatCompletion',
  'TextCompletion',
  'TextClassification',
  'QuestionAnswering',
  'TextSummarization',
  'TokenClassification',
  'TextTranslation',
  'ImageClassification',
  'ImageInstanceSegmentation',
  'ImageObjectDetection',
  'VideoMultiObjectTracking',
);

export const hyperparameterTexts = mapOf(nullable(text));

const details = {
  task: required(tasks, { as: 'taskType' }),
  model: required(baseModel),
  training_data: required(examples),
  validation_data: optional(examples),
};

/** The task details of each model provider; in the file they stand beside the job's own keys. */
export const providers = {
  custom: {
    ...details,
    model_provider: required(refine(exactly('custom'), () => 'Custom')),
    hyperparameters: optional(hyperparameterTexts, { as: 'hyperParameters' }),
  },
  azure_open_ai: {
    ...details,
    model_provider: required(refine(exactly('azure_open_ai'), () => 'AzureOpenAI')),
    hyperparameters: optional(
      record({
        batch_size: optional(integer),
        learning_rate_multiplier: optional(float),
        n_epochs: optional(integer, { as: 'nEpochs' }),
      }),
      { as: 'hyperParameters' },
    ),
  },
} as const;

/** Machines that the service may take. */
export const tuningResources = record({ instance_types: optional(list(text)) });
