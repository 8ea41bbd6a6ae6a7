import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface TaskInput {
  name: string;
  aliases: string[];
  type: string;
  required: boolean;
  defaultValue: string;
}

/** What the agent reads from a task's `task.json`. */
export interface TaskDefinition {
  folder: string;
  id: string;
  name: string;
  version: string;
  major: number;
  inputs: TaskInput[];
  outputVariables: string[];
  /** Handler name → its script, of the three phases of a job. */
  execution: Map<string, Handler>;
  preJob: Map<string, Handler>;
  postJob: Map<string, Handler>;
  restrictions: TaskRestrictions;
}

export interface Handler {
  target: string;
  workingDirectory: string;
}

/** `commands` restricted: only harmless commands. `settable` absent: every variable, an empty list: none. */
export interface TaskRestrictions {
  restricted: boolean;
  settable: string[] | undefined;
}

type Json = Record<string, unknown>;

/**
 * Reads and checks the `task.json` of a built task.
 * @throws Error that names the file and the field, when the file is missing, no JSON, or lacks a field.
 */
export function readTaskDefinition(folder: string): TaskDefinition {
  const file = path.join(folder, 'task.json');
  const json = object(parse(file), file, 'the file');
  const version = object(json['version'], file, 'version');
  const part = (name: string): number => {
    const value = Number(version[name]);
    if (!Number.isInteger(value)) throw new Error(`${file}: version.${name} is not a whole number.`);
    return value;
  };
  const restrictions = optionalObject(json['restrictions'], file, 'restrictions');
  const settable = optionalObject(restrictions['settableVariables'], file, 'restrictions.settableVariables')['allowed'];
  return {
    folder,
    id: text(json['id'], file, 'id'),
    name: text(json['name'], file, 'name'),
    version: `${part('Major')}.${part('Minor')}.${part('Patch')}`,
    major: part('Major'),
    inputs: list(json['inputs'], file, 'inputs').map((input) => readInput(input, file)),
    outputVariables: list(json['outputVariables'], file, 'outputVariables').map((output) =>
      text(object(output, file, 'outputVariables')['name'], file, 'outputVariables.name'),
    ),
    execution: readHandlers(json['execution'], file, 'execution'),
    preJob: readHandlers(json['prejobexecution'], file, 'prejobexecution'),
    postJob: readHandlers(json['postjobexecution'], file, 'postjobexecution'),
    restrictions: {
      restricted: optionalObject(restrictions['commands'], file, 'restrictions.commands')['mode'] === 'restricted',
      settable:
        settable === undefined
          ? undefined
          : list(settable, file, 'settableVariables.allowed').map((name) =>
              text(name, file, 'settableVariables.allowed'),
            ),
    },
  };
}

function parse(file: string): unknown {
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch {
    throw new Error(`${file}: there is no built task here (task.json cannot be read).`);
  }
  try {
    return JSON.parse(source.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new Error(`${file}: not valid JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readInput(value: unknown, file: string): TaskInput {
  const input = object(value, file, 'inputs');
  const name = text(input['name'], file, 'inputs.name');
  const defaultValue = input['defaultValue'] ?? '';
  return {
    name,
    aliases: list(input['aliases'], file, `inputs.${name}.aliases`).map((alias) => text(alias, file, 'aliases')),
    type: text(input['type'], file, `inputs.${name}.type`),
    required: input['required'] === true,
    defaultValue: typeof defaultValue === 'object' ? '' : scalar(defaultValue),
  };
}

function readHandlers(value: unknown, file: string, what: string): Map<string, Handler> {
  const handlers = new Map<string, Handler>();
  for (const [name, raw] of Object.entries(optionalObject(value, file, what))) {
    const handler = object(raw, file, `${what}.${name}`);
    const workingDirectory = handler['workingDirectory'];
    handlers.set(name, {
      target: text(handler['target'], file, `${what}.${name}.target`),
      workingDirectory: typeof workingDirectory === 'string' ? workingDirectory : '',
    });
  }
  return handlers;
}

function scalar(value: unknown): string {
  return typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function object(value: unknown, file: string, what: string): Json {
  if (!isObject(value)) throw new Error(`${file}: ${what} is not an object.`);
  return value;
}

function optionalObject(value: unknown, file: string, what: string): Json {
  return value === undefined ? {} : object(value, file, what);
}

function list(value: unknown, file: string, what: string): unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new Error(`${file}: ${what} is not a list.`);
  return value;
}

function text(value: unknown, file: string, what: string): string {
  if (typeof value !== 'string' || value === '') throw new Error(`${file}: ${what} is missing or not a text.`);
  return value;
}
