import type { Agent } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';

const modelTypes = ['custom_model', 'mlflow_model', 'triton_model'] as const;
export type ModelType = (typeof modelTypes)[number];

/** Inputs of task.json, without those that every task has (`openAzure` reads them). */
export interface Inputs {
  modelName: string;
  job: string;
  /** Below the job's artifacts; no slash at either end. */
  path: string;
  modelType: ModelType;
  tags: Record<string, string>;
  description: string | undefined;
  /** Path of a markdown file. */
  modelCard: string | undefined;
}

/** @throws TaskError that names the input */
export function readInputs(agent: Agent): Inputs {
  for (const name of ['azureSubscription', 'resourceGroup', 'workspace']) agent.requiredInput(name);
  return {
    modelName: named(
      agent,
      'modelName',
      /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/,
      'letters, digits, dots, dashes and underscores',
    ),
    job: named(agent, 'job', /^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/, 'letters, digits, dashes and underscores'),
    path: readPath(agent.requiredInput('path')),
    modelType: readModelType(agent.input('modelType') ?? 'mlflow_model'),
    tags: readTags(agent.input('tags')),
    description: agent.input('description'),
    modelCard: agent.pathInput('modelCard'),
  };
}

function named(agent: Agent, input: string, pattern: RegExp, allowed: string): string {
  const value = agent.requiredInput(input);
  if (pattern.test(value)) return value;
  const unset = value.startsWith('$(') ? ' The variable was not set.' : '';
  throw new TaskError(
    `Input "${input}" is "${value}".`,
    `A name has ${allowed}, and starts with a letter or digit.${unset}`,
  );
}

function readPath(value: string): string {
  const path = value.replace(/^(?:\.?\/)+|\/+$/g, '');
  if (
    path !== '' &&
    !/^[a-z]+:/i.test(path) &&
    !path.includes('\\') &&
    !path.split('/').some((part) => part === '..' || part === '.')
  ) {
    return path;
  }
  throw new TaskError(
    `Input "path" is "${value}".`,
    "Write a path below the job's outputs, for example model or outputs/model.",
  );
}

function readModelType(value: string): ModelType {
  const found = modelTypes.find((type) => type === value);
  if (found) return found;
  throw new TaskError(`Input "modelType" is "${value}".`, `Write ${modelTypes.join(', ')}.`);
}

/** Lines `name=value`; empty lines do not count. */
function readTags(value: string | undefined): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const line of (value ?? '').split('\n').map((text) => text.trim())) {
    if (line === '') continue;
    const at = line.indexOf('=');
    const name = line.slice(0, Math.max(0, at)).trim();
    if (name === '')
      throw new TaskError(`Input "tags": "${line}" is not of the form name=value.`, 'Write one tag a line.');
    if (name in tags) throw new TaskError(`Input "tags" names "${name}" twice.`, 'Keep one of the lines.');
    tags[name] = line.slice(at + 1).trim();
  }
  return tags;
}
