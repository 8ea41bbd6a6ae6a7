import { answered } from './answered';
import type { YamlReader } from '../../agent/yaml';
import { looseTextMap } from '../shape/collections';
import { dropped, optional, record, required, withDefault } from '../shape/record';
import { integer, integerIn, text, word } from '../shape/scalars';
import { refine, type Read, type Shape } from '../shape/shape';
import { component } from '../component/types';
import { pipelineComponent } from '../pipeline/component';
import { componentUse } from '../pipeline/component-use';
import { environmentChoice } from './environment-choice';
import { seconds } from './durations';
import { resources } from './job';
import { modelChoice } from './model';
import { endpointReference, resourceName } from './names';
import { computeId } from './references';
import { codeConfiguration } from './serving';

/** Batch deployments: of a model (with `settings`, or with everything at the top), and of a pipeline. */

const common = {
  name: required(resourceName),
  endpoint_name: required(endpointReference),
  description: optional(text),
  tags: withDefault(looseTextMap, () => ({})),
};

const retrySettings = record({ max_retries: optional(integerIn(0)), timeout: optional(seconds) });

const outputActions = { append_row: 'AppendRow', summary_only: 'SummaryOnly' } as const;

/** How the model is run. */
const runFields = {
  error_threshold: optional(integerIn(-1)),
  retry_settings: optional(retrySettings),
  logging_level: optional(word({ info: 'Info', warning: 'Warning', debug: 'Debug' })),
  output_action: optional(word(outputActions)),
  output_file_name: optional(text),
  max_concurrency_per_instance: optional(integerIn(1)),
};

/** A summary has no rows, and so no file for them. */
function checkOutput<T extends { outputAction?: string; outputFileName?: string }>(inner: Shape<T>): Shape<T> {
  return refine(inner, (value, at: YamlReader) => {
    if (value.outputAction !== 'SummaryOnly' || value.outputFileName === undefined) return value;
    throw at
      .required('output_file_name')
      .error('output_file_name does not go with output_action: summary_only', 'Leave it out.', true);
  });
}

const modelFields = {
  ...common,
  properties: withDefault(looseTextMap, () => ({})),
  model: optional(modelChoice),
  code_configuration: optional(codeConfiguration),
  environment: optional(environmentChoice),
  environment_variables: optional(looseTextMap),
  error_threshold: runFields.error_threshold,
  resources: optional(resources('camel')),
  id: answered,
};

const settings = checkOutput(
  record({
    ...runFields,
    mini_batch_size: required(integer),
    instance_count: optional(integerIn(1)),
    environment_variables: optional(looseTextMap),
  }),
);

export type ModelBatch = Read<typeof plainFields>;

const withSettings = record({
  ...modelFields,
  type: dropped(word({ model: 'model' })),
  compute: required(computeId),
  settings: optional(settings),
});

const plainFields = record({
  ...modelFields,
  ...runFields,
  type: dropped(word({ model: 'model' })),
  compute: optional(computeId),
  mini_batch_size: optional(integer),
  provisioning_state: answered,
  creation_context: answered,
});

/** `type: model`. What `settings` says counts; only without `settings` do the members at the top. */
export const modelBatch: Shape<ModelBatch> = refine(withSettings, ({ settings: run, ...rest }, at) => {
  if (!run) return rest;
  const { instanceCount, environmentVariables, errorThreshold, ...members } = run;
  if (instanceCount !== undefined && rest.resources) {
    throw at
      .required('settings')
      .required('instance_count')
      .error('instance_count stands in settings and in resources', 'Keep the one in resources.', true);
  }
  const counted = instanceCount === undefined ? undefined : { instanceCount, properties: {} };
  return { ...rest, ...members, environmentVariables, errorThreshold, resources: rest.resources ?? counted };
});

/** Without `type`. */
export const plainBatch: Shape<ModelBatch> = refine(checkOutput(plainFields), (rest) => ({
  ...rest,
  environmentVariables: rest.environmentVariables ?? {},
}));

const job = refine(text, (value, at) => {
  const name = value.replace(/^azureml:/, '');
  if (name !== value && name !== '') return name;
  throw at.error(`${at.path} is "${value}", which names no job`, 'Write azureml:name-of-the-job.');
});

const pipelineUse = refine(componentUse(pipelineComponent(component)), (use, at) => {
  if (!at.isMap) return use;
  throw at.error('component is a map', 'Write azureml:name:version, or the path of a component file.');
});

/** `type: pipeline`. */
export const pipelineBatch = refine(
  record({
    ...common,
    type: dropped(word({ pipeline: 'pipeline' })),
    component: optional(pipelineUse),
    job_definition: optional(job),
    settings: optional(looseTextMap),
  }),
  (value, at) => {
    if (value.component !== undefined || value.jobDefinition !== undefined) return value;
    throw at.error('the deployment has neither component nor job_definition', 'Name the pipeline that it runs.');
  },
);

export type PipelineBatch = Read<typeof pipelineBatch>;
