import { computeName, fineTuningApiVersion, providers, tuningResources } from '../parts/finetuning';
import { defaultExperiment, namedJobFields, queueSettings } from '../parts/job';
import { jobOutputs } from '../parts/outputs';
import { tagged } from '../shape/collections';
import { dropped, optional, record, withDefault, required } from '../shape/record';
import { anything, exactly } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';
import { kind } from './kind';

const common = {
  ...namedJobFields,
  type: required(exactly('finetuning'), { as: '' }),
  outputs: withDefault(jobOutputs, () => ({})),
};

interface Job {
  name?: string;
  displayName?: string;
  experimentName?: string;
  fineTuningDetails: unknown;
}

const custom = refine(
  record({
    ...common,
    ...providers.custom,
    compute: optional(computeName, { as: 'computeId' }),
    resources: optional(tuningResources),
    queue_settings: optional(queueSettings),
  }),
  ({ taskType, model, trainingData, validationData, modelProvider, hyperParameters, ...job }): Job => ({
    ...job,
    fineTuningDetails: { taskType, model, trainingData, validationData, modelProvider, hyperParameters },
  }),
);

/** Models of Azure OpenAI are tuned on machines of the service's own. */
const openAi = refine(
  record({
    ...common,
    ...providers.azure_open_ai,
    compute: dropped(computeName),
    services: dropped(anything),
    resources: dropped(tuningResources),
    queue_settings: dropped(queueSettings),
  }),
  ({ taskType, model, trainingData, validationData, modelProvider, hyperParameters, ...job }): Job => ({
    ...job,
    fineTuningDetails: { taskType, model, trainingData, validationData, modelProvider, hyperParameters },
  }),
);

const shape: Shape<Job> = tagged<Job>('model_provider', { custom, azure_open_ai: openAi });

/** `az ml job create`, type finetuning. Body: Jobs_CreateOrUpdate, FineTuningJob. */
export const fineTuningJob = kind({
  name: 'finetuning job',
  schemas: ['finetuningJob.schema.json'],
  signs: { type: ['finetuning'], keys: ['model_provider'] },
  shape,
  resource: ({ name: own, ...job }, scope, name) => ({
    path: `${scope.workspaceId}/jobs/${own ?? name}`,
    body: {
      properties: {
        jobType: 'FineTuning',
        ...job,
        displayName: job.displayName ?? own ?? name,
        experimentName: job.experimentName ?? defaultExperiment(scope.folder),
        isArchived: false,
      },
    },
    apiVersion: fineTuningApiVersion,
  }),
});
