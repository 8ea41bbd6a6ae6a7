import { code } from '../parts/code';
import { environment } from '../parts/environment';
import { jobInputs } from '../parts/inputs';
import {
  checkExpressions,
  commandText,
  defaultExperiment,
  distribution,
  jobFields,
  queueSettings,
  resources,
  services,
} from '../parts/job';
import { jobOutputs, outputsApiVersion } from '../parts/outputs';
import { earlyTermination, objective, samplingAlgorithm, searchSpace, sweepLimits } from '../parts/sweep';
import { looseTextMap } from '../shape/collections';
import { dropped, optional, record, required, withDefault } from '../shape/record';
import { exactly } from '../shape/scalars';
import { refine } from '../shape/shape';
import { kind } from './kind';

/** The command that each trial runs. */
const trial = record({
  command: required(commandText),
  code: optional(code, { as: 'codeId' }),
  environment: required(environment, { as: 'environmentId' }),
  environment_variables: withDefault(looseTextMap, () => ({})),
  distribution: optional(distribution('camel')),
  resources: optional(resources('camel')),
  // The job's own counts: the clients know the key here, and send nothing of it.
  queue_settings: dropped(queueSettings),
});

const fields = record({
  ...jobFields,
  type: required(exactly('sweep'), { as: '' }),
  // The clients know services here too, and send none.
  services: dropped(services),
  trial: required(trial),
  inputs: withDefault(jobInputs, () => ({})),
  outputs: withDefault(jobOutputs, () => ({})),
  search_space: required(searchSpace('camel')),
  sampling_algorithm: optional(samplingAlgorithm('camel')),
  objective: required(objective('camel')),
  limits: required(sweepLimits('camel')),
  early_termination: optional(earlyTermination('camel')),
  queue_settings: optional(queueSettings),
  resources: optional(resources('camel')),
});

/** Machines of a sweep are members of a preview version; it knows the rest as well. */
const previewApiVersion = '2024-01-01-preview';

/** `az ml job create`, type sweep. Body: Jobs_CreateOrUpdate, SweepJob. */
export const sweepJob = kind({
  name: 'sweep job',
  schemas: ['sweepJob.schema.json'],
  signs: { type: ['sweep'], keys: ['search_space', 'trial'] },
  shape: refine(fields, (job, at) => {
    checkExpressions(at.required('trial').required('command'), job.trial.command, {
      inputs: Object.keys(job.inputs),
      outputs: Object.keys(job.outputs),
      search_space: Object.keys(job.searchSpace),
    });
    return job;
  }),
  resource: ({ name: own, trial: command, ...job }, scope, name) => ({
    path: `${scope.workspaceId}/jobs/${own ?? name}`,
    body: {
      properties: {
        jobType: 'Sweep',
        ...job,
        trial: command,
        resources: job.resources ?? command.resources,
        displayName: job.displayName ?? own ?? name,
        experimentName: job.experimentName ?? defaultExperiment(scope.folder),
        isArchived: false,
      },
    },
    apiVersion: job.resources || command.resources ? previewApiVersion : outputsApiVersion(job.outputs),
  }),
});
