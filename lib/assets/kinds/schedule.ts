import type { YamlReader } from '../../agent/yaml';
import { addressName } from '../parts/names';
import { answered } from '../parts/answered';
import { dataImport } from '../parts/data-import';
import { monitor } from '../parts/monitor';
import { trigger } from '../parts/schedule';
import { scheduledJob } from '../parts/scheduled-job';
import { pythonTextMap, textMap } from '../shape/collections';
import { optional, record, required, withDefault } from '../shape/record';
import { text } from '../shape/scalars';
import { refine } from '../shape/shape';
import { kind } from './kind';
import { pipelineJob } from './pipeline-job';

const actions = ['create_job', 'create_monitor', 'import_data'] as const;

const fields = record({
  name: required(addressName),
  display_name: optional(text),
  description: optional(text),
  tags: withDefault(pythonTextMap, () => ({})),
  properties: withDefault(textMap, () => ({})),
  trigger: required(trigger),
  create_job: optional(scheduledJob(() => pipelineJob)),
  create_monitor: optional(monitor),
  import_data: optional(dataImport),
  id: answered,
  creation_context: answered,
  is_enabled: answered,
  provisioning_state: answered,
});

function checkActions(at: YamlReader): void {
  const given = actions.filter((key) => at.has(key));
  const [, second] = given;
  if (second !== undefined)
    throw at.required(second).error(`the schedule has ${given.join(' and ')}`, 'Keep one.', true);
  if (given.length === 0) throw at.error(`the schedule does nothing: one of ${actions.join(', ')} is missing`);
}

/** Monitors and imports are members of a preview version. */
const previewApiVersion = '2023-06-01-preview';

/** `az ml schedule create`. Body: Schedules_CreateOrUpdate. */
export const schedule = kind({
  name: 'schedule',
  schemas: ['schedule.schema.json', 'monitorSchedule.schema.json', 'Schedule.json'],
  signs: { keys: ['trigger', ...actions] },
  shape: refine(fields, ({ createJob, createMonitor, importData, ...rest }, at) => {
    checkActions(at);
    const action =
      createMonitor !== undefined
        ? { actionType: 'CreateMonitor', monitorDefinition: createMonitor(rest.trigger) }
        : importData !== undefined
          ? { actionType: 'ImportData', dataImportDefinition: importData }
          : { actionType: 'CreateJob', jobDefinition: createJob };
    return { ...rest, action };
  }),
  resource: ({ name, ...properties }, scope) => ({
    path: `${scope.workspaceId}/schedules/${name}`,
    body: { properties },
    apiVersion: properties.action.actionType === 'CreateJob' ? undefined : previewApiVersion,
  }),
});
