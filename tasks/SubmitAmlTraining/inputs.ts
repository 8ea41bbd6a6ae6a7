import { statSync } from 'node:fs';
import type { Agent } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';
import { rootFor } from '../../lib/assets/project';

/** What happens to the Azure ML job when the step is cancelled. */
export type OnCancel = 'cancelJob' | 'detach';

/** Inputs of task.json, without those that every task has (`openAzure` reads them). */
export interface Inputs {
  /** Absolute path of the job's YAML file. */
  jobFile: string;
  /** Folder that the files which the job names must lie in; without it the repository of the job's file. */
  root?: string;
  /** Lines `path=value`. */
  set: string | undefined;
  wait: boolean;
  onCancel: OnCancel;
  timeoutMinutes: number;
}

/** @throws TaskError that names the input */
export function readInputs(agent: Agent): Inputs {
  const jobFile = agent.pathInput('jobFile');
  if (jobFile === undefined) {
    throw new TaskError('Input "jobFile" is missing.', 'Name the YAML file of an Azure ML command job.');
  }
  if (statSync(jobFile, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new TaskError(
      `Input "jobFile": there is no file ${jobFile}.`,
      'Relative paths start at the repository; is it checked out?',
    );
  }
  agent.requiredInput('azureSubscription');
  agent.requiredInput('resourceGroup');
  agent.requiredInput('workspace');
  return {
    jobFile,
    root: rootFor(jobFile, agent.variable('Build.SourcesDirectory')),
    set: agent.input('set'),
    wait: agent.input('wait') === undefined || agent.booleanInput('wait'),
    onCancel: readOnCancel(agent.input('onCancel') ?? 'cancelJob'),
    timeoutMinutes: readMinutes(agent.input('timeoutMinutes') ?? '360'),
  };
}

function readOnCancel(value: string): OnCancel {
  if (value === 'cancelJob' || value === 'detach') return value;
  throw new TaskError(`Input "onCancel" is "${value}".`, 'Write cancelJob or detach.');
}

function readMinutes(value: string): number {
  const minutes = Number(value);
  if (/^\d+(?:\.\d+)?$/.test(value) && minutes > 0 && minutes <= 43_200) return minutes;
  throw new TaskError(
    `Input "timeoutMinutes" is "${value}".`,
    'Write a number of minutes above 0, at most 43200 (30 days).',
  );
}
