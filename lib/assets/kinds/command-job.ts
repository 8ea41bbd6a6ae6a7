import { textAt } from '../../agent/json';
import { code } from '../parts/code';
import { environment } from '../parts/environment';
import { jobInputs } from '../parts/inputs';
import {
  checkExpressions,
  commandLimits,
  defaultExperiment,
  distribution,
  jobFields,
  queueSettings,
  resources,
} from '../parts/job';
import { lowerCaseJobName } from '../parts/names';
import { jobOutputs, outputsApiVersion } from '../parts/outputs';
import { looseTextMap } from '../shape/collections';
import { dropped, optional, record, required, withDefault } from '../shape/record';
import { exactly, text } from '../shape/scalars';
import { refine } from '../shape/shape';
import { kind } from './kind';

const fields = record({
  ...jobFields,
  // The clients write it in lower case, here and in Spark jobs only.
  name: optional(lowerCaseJobName),
  type: dropped(exactly('command')),
  command: required(text),
  code: optional(code, { as: 'codeId' }),
  environment: required(environment, { as: 'environmentId' }),
  environment_variables: withDefault(looseTextMap, () => ({})),
  inputs: withDefault(jobInputs, () => ({})),
  outputs: withDefault(jobOutputs, () => ({})),
  resources: optional(resources('camel')),
  distribution: optional(distribution('camel')),
  limits: optional(commandLimits),
  queue_settings: optional(queueSettings),
  parent_job_name: optional(text),
});

/** The first version that knows Ray and the parent of a job. */
const previewApiVersion = '2025-01-01-preview';

/** `az ml job create`, type command. Body: Jobs_CreateOrUpdate, CommandJob. */
export const commandJob = kind({
  name: 'command job',
  schemas: ['commandJob.schema.json'],
  signs: { type: ['command'], keys: ['command'] },
  shape: refine(fields, (job, at) => {
    checkExpressions(at.required('command'), job.command, {
      inputs: Object.keys(job.inputs),
      outputs: Object.keys(job.outputs),
    });
    return job;
  }),
  resource: ({ name: own, ...job }, scope, name) => ({
    path: `${scope.workspaceId}/jobs/${own ?? name}`,
    body: {
      properties: {
        jobType: 'Command',
        ...job,
        displayName: job.displayName ?? own ?? name,
        experimentName: job.experimentName ?? defaultExperiment(scope.folder),
        isArchived: false,
      },
    },
    apiVersion:
      textAt(job.distribution, 'distributionType') === 'Ray' || job.parentJobName !== undefined
        ? previewApiVersion
        : outputsApiVersion(job.outputs),
  }),
});
