import { checkPlaceholders } from '../job-document';
import { invalid, isObject, object, optionalObject, optionalText, text, type Json } from '../wire';
import { environmentOf, scalar, type ParallelComponent } from './component';
import type { Lookup } from './lookup';
import type { ParallelTask } from './model';

/** The defaults of the service. */
const defaults = { filesPerBatch: 10, retries: 2, batchTimeout: 60 };

/** Reads a parallel node: what the node says goes before what its component says. @throws ArmFault 400 naming the member. */
export function readParallelTask(
  lookup: Lookup,
  component: ParallelComponent,
  node: Json,
  where: string,
): ParallelTask {
  const task = {
    ...object(component.spec['task'], `${where}.component.task`),
    ...optionalObject(node['task'], `${where}.task`),
  };
  const member = (name: string): unknown => node[name] ?? component.spec[name];
  const at = `${where}.task`;
  const kind = optionalText(task, 'type', at) ?? 'run_function';
  if (kind !== 'run_function' && kind !== 'function')
    throw invalid(
      `This local workspace runs parallel tasks of the type run_function, not '${kind}'.`,
      'NotSupported',
      `${at}.type`,
    );
  const retry = optionalObject(member('retry_settings'), `${where}.retry_settings`);
  const count = (value: unknown, name: string, otherwise: number): number =>
    whole(value, `${where}.${name}`) ?? otherwise;
  const code = optionalText(task, 'code', at);
  const programArguments = optionalText(task, 'program_arguments', at) ?? '';
  checkPlaceholders(programArguments, component.inputs, component.outputs, `${at}.program_arguments`);
  return {
    environment: lookup.environment(environmentOf(task, at), `${at}.environment`),
    ...(code === undefined ? {} : { code: lookup.code(code, `${at}.code`) }),
    entryScript: text(task, 'entry_script', at),
    programArguments,
    input: inputName(component, member('input_data'), `${where}.input_data`),
    ...appendTo(component, task['append_row_to'], `${at}.append_row_to`),
    filesPerBatch: Math.max(1, count(member('mini_batch_size'), 'mini_batch_size', defaults.filesPerBatch)),
    workers: Math.max(1, count(member('max_concurrency_per_instance'), 'max_concurrency_per_instance', 1)),
    retries: count(retry['max_retries'], 'retry_settings.max_retries', defaults.retries),
    batchTimeout: count(retry['timeout'], 'retry_settings.timeout', defaults.batchTimeout),
    errorThreshold: count(member('error_threshold'), 'error_threshold', -1),
    batchErrorThreshold: count(member('mini_batch_error_threshold'), 'mini_batch_error_threshold', -1),
    ...refusePartitions(member('partition_keys'), where),
  };
}

function refusePartitions(keys: unknown, where: string): Json {
  if (keys === undefined || keys === null || keys === '[]' || (Array.isArray(keys) && keys.length === 0)) return {};
  throw invalid(
    'This local workspace shares out files, not partitions of a table.',
    'NotSupported',
    `${where}.partition_keys`,
  );
}

function inputName(component: ParallelComponent, value: unknown, where: string): string {
  const name = /^\$\{\{\s*inputs\.([\w.-]+)\s*\}\}$/.exec(scalar(value) ?? '')?.[1] ?? '';
  const port = component.inputs[name];
  if (port === undefined) throw invalid('input_data must name an input of the component.', 'ValidationError', where);
  if (port.type === 'mltable')
    throw invalid(
      'This local workspace shares out the files of a folder, not the rows of a table (mltable).',
      'NotSupported',
      where,
    );
  return name;
}

function appendTo(component: ParallelComponent, value: unknown, where: string): { appendTo?: string } {
  if (value === undefined || value === null) return {};
  const name = /^\$\{\{\s*outputs\.([\w.-]+)\s*\}\}$/.exec(scalar(value) ?? '')?.[1] ?? '';
  if (component.outputs[name] !== undefined) return { appendTo: name };
  throw invalid('append_row_to must name an output of the component.', 'ValidationError', where);
}

function whole(value: unknown, where: string): number | undefined {
  if (value === undefined || value === null || isObject(value)) return undefined;
  const number = Number(scalar(value));
  if (Number.isInteger(number)) return number;
  throw invalid(`${JSON.stringify(value)} is not a whole number.`, 'ValidationError', where);
}
