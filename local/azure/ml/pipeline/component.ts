import { checkPlaceholders, commandText } from '../job-document';
import { invalid, isObject, object, optionalObject, optionalText, text, textMap, type Json } from '../wire';

/** An input as a component declares it. */
export interface InputPort {
  /** `uri_folder`, `mlflow_model`, …, or a literal's type: `string`, `number`, `integer`, `boolean`. */
  type: string;
  isOptional: boolean;
  default?: string;
  mode?: string;
}

export interface OutputPort {
  type: string;
  mode?: string;
}

interface Ports {
  inputs: Record<string, InputPort>;
  outputs: Record<string, OutputPort>;
}

export interface CommandComponent extends Ports {
  type: 'command';
  command: string;
  environment: string;
  code?: string;
  environmentVariables: Record<string, string>;
  spec: Json;
}

export interface ParallelComponent extends Ports {
  type: 'parallel';
  spec: Json;
}

export interface PipelineComponent extends Ports {
  type: 'pipeline';
  jobs: Json;
  /** The job that the component was made from: its nodes are meant. */
  sourceJob?: string;
}

/** A component that is kept, but not run here: Spark, AutoML, import and others. */
export interface OtherComponent extends Ports {
  type: 'other';
  name: string;
}

export type Component = CommandComponent | ParallelComponent | PipelineComponent | OtherComponent;

export const literalTypes = ['string', 'number', 'integer', 'boolean'];
/** `path` is an older word for any of them. */
const assetTypes = ['uri_file', 'uri_folder', 'mltable', 'custom_model', 'mlflow_model', 'triton_model', 'path'];

/** Reads a `componentSpec`. @throws ArmFault 400 naming what is wrong and where, `where` being the component. */
export function readComponent(spec: Json, where: string): Component {
  const ports = {
    inputs: mapped(spec['inputs'], `${where}.inputs`, inputPort),
    outputs: mapped(spec['outputs'], `${where}.outputs`, outputPort),
  };
  const type = optionalText(spec, 'type', where) ?? 'command';
  if (type === 'command') return commandComponent(spec, ports, where);
  if (type === 'parallel') {
    object(spec['task'], `${where}.task`);
    return { type, ...ports, spec };
  }
  if (type === 'pipeline') {
    const sourceJob = optionalText(spec, 'sourceJobId', where) ?? optionalText(spec, 'source_job_id', where);
    const jobs = optionalObject(spec['jobs'], `${where}.jobs`);
    return { type, ...ports, jobs, ...(sourceJob === undefined ? {} : { sourceJob }) };
  }
  return { type: 'other', name: type, ...ports };
}

function commandComponent(spec: Json, ports: Ports, where: string): CommandComponent {
  const command = commandText(spec, where);
  checkPlaceholders(command, ports.inputs, ports.outputs, `${where}.command`);
  const code = optionalText(spec, 'code', where);
  return {
    type: 'command',
    ...ports,
    command,
    environment: environmentOf(spec, where),
    ...(code === undefined ? {} : { code }),
    environmentVariables: textMap(spec['environment_variables'], `${where}.environment_variables`),
    spec,
  };
}

/** An environment is named; one that is written out would have been made before. */
export function environmentOf(spec: Json, where: string): string {
  if (isObject(spec['environment']))
    throw invalid('An environment must be named by its id here.', 'ValidationError', `${where}.environment`);
  return text(spec, 'environment', where);
}

function inputPort(value: unknown, where: string): InputPort {
  const port = object(value, where);
  const type = text(port, 'type', where);
  if (!literalTypes.includes(type) && !assetTypes.includes(type))
    throw invalid(`'${type}' is not a type of input.`, 'ValidationError', `${where}.type`);
  const fallback = scalar(port['default']);
  const mode = optionalText(port, 'mode', where);
  return {
    type,
    isOptional: port['optional'] === true || scalar(port['optional'])?.toLowerCase() === 'true',
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(mode === undefined ? {} : { mode }),
  };
}

function outputPort(value: unknown, where: string): OutputPort {
  const port = object(value, where);
  const type = text(port, 'type', where);
  if (!assetTypes.includes(type))
    throw invalid(`'${type}' is not a type of output.`, 'ValidationError', `${where}.type`);
  const mode = optionalText(port, 'mode', where);
  return mode === undefined ? { type } : { type, mode };
}

function mapped<T>(value: unknown, where: string, read: (one: unknown, at: string) => T): Record<string, T> {
  const entries = Object.entries(optionalObject(value, where));
  return Object.fromEntries(entries.map(([name, one]) => [name, read(one, `${where}.${name}`)]));
}

/** A text, number or boolean as text, as Python prints it; `undefined` for anything else. */
export function scalar(value: unknown): string | undefined {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
