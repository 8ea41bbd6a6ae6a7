import { statSync } from 'node:fs';
import type { Agent } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';

const publishForms = ['batchEndpoint', 'schedule'] as const;
const triggers = ['none', 'calendar', 'drift'] as const;

/** Where a batch endpoint runs the pipeline. */
export interface EndpointChoice {
  name: string;
  deployment: string;
  makeDefault: boolean;
}

/** Inputs of task.json, without those that every task has (`openAzure` reads them). */
export interface Inputs {
  /** Absolute path. */
  pipelineFile: string;
  /** Folder that the files which they name must lie in. */
  root?: string;
  /** Lines `path=value`. */
  set: string | undefined;
  componentName: string | undefined;
  componentVersion: string | undefined;
  /** Without one the pipeline runs on a schedule only. */
  endpoint: EndpointChoice | undefined;
  /** Name of the default compute. */
  compute: string | undefined;
  trigger: (typeof triggers)[number];
  /** Absolute path. */
  scheduleFile: string | undefined;
  scheduleName: string | undefined;
  cron: string | undefined;
  timeZone: string;
  yearlyBudgetHours: number | undefined;
  maxRunMinutes: number | undefined;
  /** Of one resource. */
  timeoutMinutes: number;
}

/** @throws TaskError that names the input */
export function readInputs(agent: Agent): Inputs {
  for (const name of ['azureSubscription', 'resourceGroup', 'workspace']) agent.requiredInput(name);
  const publishAs = word(agent, 'publishAs', publishForms) ?? 'batchEndpoint';
  const inputs: Inputs = {
    pipelineFile: fileInput(agent, 'pipelineFile') ?? agent.requiredInput('pipelineFile'),
    root: agent.variable('Build.SourcesDirectory'),
    set: agent.input('set'),
    componentName: named(agent, 'componentName', /^[a-z][a-z\d_]*$/, 'lower-case letters, digits and underscores'),
    componentVersion: named(
      agent,
      'componentVersion',
      /^[A-Za-z0-9][\w.-]{0,254}$/,
      'letters, digits, dots, dashes and underscores',
      'a letter or a digit',
    ),
    endpoint: publishAs === 'batchEndpoint' ? readEndpoint(agent) : undefined,
    compute: named(
      agent,
      'compute',
      /^(?:azureml:)?[A-Za-z][A-Za-z0-9-]{0,31}$/,
      'letters, digits and dashes',
    )?.replace(/^azureml:/, ''),
    trigger: word(agent, 'trigger', triggers) ?? 'none',
    scheduleFile: fileInput(agent, 'scheduleFile'),
    scheduleName: named(
      agent,
      'scheduleName',
      /^[A-Za-z0-9][\w-]{0,254}$/,
      'letters, digits, dashes, underscores',
      'a letter or a digit',
    ),
    cron: agent.input('cron'),
    timeZone: agent.input('timeZone') ?? 'UTC',
    yearlyBudgetHours: positive(agent, 'yearlyBudgetHours', 10_000_000),
    maxRunMinutes: positive(agent, 'maxRunMinutes', 43_200),
    timeoutMinutes: positive(agent, 'timeoutMinutes', 1_440) ?? 60,
  };
  checkTogether(inputs);
  return inputs;
}

/** What goes with what: the editor's rules of visibility do not hold in YAML. */
function checkTogether({ trigger, endpoint, scheduleFile, cron }: Inputs): void {
  if (trigger === 'none') {
    const given = scheduleFile !== undefined ? 'scheduleFile' : cron !== undefined ? 'cron' : undefined;
    if (given !== undefined) {
      throw new TaskError(`Input "${given}" is given, but "trigger" is none.`, 'Write trigger: calendar or drift.');
    }
    if (!endpoint) {
      throw new TaskError(
        'Input "publishAs" is schedule, but "trigger" is none: nothing would ever start the pipeline.',
        'Write trigger: calendar, or publishAs: batchEndpoint.',
      );
    }
  }
  if (trigger === 'calendar' && (scheduleFile === undefined) === (cron === undefined)) {
    throw new TaskError(
      `Input "trigger" is calendar, and ${cron === undefined ? 'neither' : 'both'} "scheduleFile" and "cron" say when.`.replace(
        'neither "scheduleFile" and',
        'neither "scheduleFile" nor',
      ),
      'Give one of them.',
    );
  }
  if (trigger !== 'drift') return;
  if (scheduleFile === undefined || cron !== undefined) {
    throw new TaskError(
      'Input "trigger" is drift: the monitor is described by "scheduleFile" alone.',
      'Name the YAML file of a schedule with create_monitor, and leave cron out.',
    );
  }
  if (!endpoint) {
    throw new TaskError(
      'Input "trigger" is drift, but "publishAs" is schedule: an alert can start a batch endpoint only.',
      'Write publishAs: batchEndpoint.',
    );
  }
}

function readEndpoint(agent: Agent): EndpointChoice {
  const pattern = /^[A-Za-z][-A-Za-z0-9]{1,30}[A-Za-z0-9]$/;
  const rule = '3 to 32 letters, digits and dashes';
  const name = named(agent, 'endpointName', pattern, rule);
  if (name === undefined) {
    throw new TaskError('Input "endpointName" is missing.', 'A batch endpoint has a name, unique in its region.');
  }
  const deployment = named(agent, 'deploymentName', pattern, rule) ?? 'training';
  const makeDefault = agent.input('makeDefault') === undefined || agent.booleanInput('makeDefault');
  return { name, deployment, makeDefault };
}

function fileInput(agent: Agent, name: string): string | undefined {
  const file = agent.pathInput(name);
  if (file === undefined || statSync(file, { throwIfNoEntry: false })?.isFile() === true) return file;
  throw new TaskError(
    `Input "${name}": there is no file ${file}.`,
    'Relative paths start at the repository; is it checked out?',
  );
}

function named(agent: Agent, input: string, pattern: RegExp, allowed: string, first = 'a letter'): string | undefined {
  const value = agent.input(input);
  if (value === undefined || pattern.test(value)) return value;
  const unset = value.startsWith('$(') ? ' The variable was not set.' : '';
  throw new TaskError(`Input "${input}" is "${value}".`, `It may have ${allowed}, and starts with ${first}.${unset}`);
}

function word<W extends string>(agent: Agent, input: string, words: readonly W[]): W | undefined {
  const value = agent.input(input);
  const found = words.find((one) => one === value);
  if (found !== undefined || value === undefined) return found;
  throw new TaskError(`Input "${input}" is "${value}".`, `Write ${words.join(', ')}.`);
}

function positive(agent: Agent, input: string, most: number): number | undefined {
  const value = agent.input(input);
  if (value === undefined) return undefined;
  const amount = Number(value);
  if (/^\d+(?:\.\d+)?$/.test(value) && amount > 0 && amount <= most) return amount;
  throw new TaskError(`Input "${input}" is "${value}".`, `Write a number above 0, at most ${most}.`);
}
