import { automlTask } from '../automl/tasks';
import { defaultExperiment, jobFields, queueSettings, resources } from '../parts/job';
import { jobOutputs } from '../parts/outputs';
import { textMap } from '../shape/collections';
import { camel, optional, required, withDefault, type Fields } from '../shape/record';
import { exactly, text } from '../shape/scalars';
import { refine } from '../shape/shape';
import { kind } from './kind';

/** Beside the task's own keys. */
const common: Fields = {
  ...jobFields,
  type: required(exactly('automl'), { as: '' }),
  outputs: withDefault(jobOutputs, () => ({})),
  environment_id: optional(text),
  environment_variables: optional(textMap),
  resources: optional(resources('camel')),
  queue_settings: optional(queueSettings),
};

const jobMembers = new Set(Object.entries(common).map(([key, field]) => field.wire ?? camel(key)));

/** Limits and search spaces of AutoML have members that no stable version knows. */
const previewApiVersion = '2024-01-01-preview';

/** `az ml job create`, type automl. Body: Jobs_CreateOrUpdate, AutoMLJob with the details of its task. */
export const automlJob = kind({
  name: 'automl job',
  schemas: ['autoMLJob.schema.json'],
  signs: { type: ['automl'], keys: ['task', 'target_column_name'] },
  shape: refine(automlTask('camel', common), (read) => {
    const members = Object.entries(read);
    const { name, displayName, experimentName, ...job } = Object.fromEntries(
      members.filter(([member]) => jobMembers.has(member)),
    );
    return {
      name: textOf(name),
      displayName: textOf(displayName),
      experimentName: textOf(experimentName),
      job,
      taskDetails: Object.fromEntries(members.filter(([member]) => !jobMembers.has(member))),
    };
  }),
  resource: ({ name: own, displayName, experimentName, job, taskDetails }, scope, name) => ({
    path: `${scope.workspaceId}/jobs/${own ?? name}`,
    body: {
      properties: {
        jobType: 'AutoML',
        ...job,
        taskDetails,
        displayName: displayName ?? own ?? name,
        experimentName: experimentName ?? defaultExperiment(scope.folder),
        isArchived: false,
      },
    },
    apiVersion: previewApiVersion,
  }),
});

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
