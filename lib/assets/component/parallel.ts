import type { YamlReader } from '../../agent/yaml';
import { environment } from '../parts/environment';
import { list } from '../shape/collections';
import { openRecord, optional, record, required } from '../shape/record';
import { exactly, integer, text, words } from '../shape/scalars';
import { refine, shape, type Shape } from '../shape/shape';
import { without } from '../parts/without';
import { pythonJson } from '../python-json';
import { componentCode } from './code';
import { componentFields, componentResources, definitionOf, prefixed } from './common';
import type { ComponentDefinition } from './component';
import { dataOutputPorts } from './ports';

const units = { kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const;

/** `10`, `10kb`, `1GB`: files, or bytes. */
export const miniBatchSize: Shape<number> = refine(text, (value, at: YamlReader) => {
  const [, digits, unit] = /^(\d+)(kb|mb|gb)?$/i.exec(value) ?? [];
  if (digits === undefined)
    throw at.error(`${at.path} is "${value}"`, 'Write a number, with kb, mb or gb for bytes: 10, 5kb.');
  return Number(digits) * (unit === undefined ? 1 : units[unit.toLowerCase() as keyof typeof units]);
});

/** A number that an expression may stand for, until the pipeline runs. */
const boundInteger: Shape<number | string> = shape({ type: ['integer', 'string'] }, (at, scope) => {
  const value = at.plain();
  if (typeof value === 'string' && /\$\{\{\s*\S*?\s*\}\}/.test(value)) return value;
  return integer.read(at, scope);
});

/** What runs for each mini-batch. */
export const parallelTask = refine(
  record(
    {
      type: required(words('run_function', 'function', 'model')),
      code: optional(componentCode),
      entry_script: optional(text),
      program_arguments: optional(text),
      model: optional(text),
      append_row_to: optional(text),
      environment: required(environment),
    },
    'yaml',
  ),
  (task) => ({ ...task, environment: prefixed(task.environment) }),
);

/** Members of a parallel component beside what all components have; nodes of a pipeline have them too. */
export const parallelFields = {
  task: optional(parallelTask),
  resources: optional(componentResources),
  logging_level: optional(exactly('DEBUG', 'INFO', 'WARNING')),
  mini_batch_size: optional(miniBatchSize),
  partition_keys: optional(list(text)),
  input_data: optional(text),
  retry_settings: optional(record({ timeout: optional(boundInteger), max_retries: optional(boundInteger) }, 'yaml')),
  max_concurrency_per_instance: optional(integer),
  error_threshold: optional(integer),
  mini_batch_error_threshold: optional(integer),
};

const fields = openRecord(
  { ...componentFields(dataOutputPorts), type: required(words('parallel')), ...parallelFields },
  'yaml',
);

/** The same program for each part of its input. Unknown keys do not go out. */
export const parallelComponent: Shape<ComponentDefinition> = refine(fields, (values, at) => {
  const { partition_keys, mini_batch_size = 0, resources = {}, ...rest } = values;
  const own = {
    task: rest.task,
    resources: without(resources, 'properties'),
    logging_level: rest.logging_level,
    mini_batch_size: String(mini_batch_size),
    partition_keys,
    input_data: rest.input_data,
    retry_settings: rest.retry_settings,
    max_concurrency_per_instance: rest.max_concurrency_per_instance,
    error_threshold: rest.error_threshold,
    mini_batch_error_threshold: rest.mini_batch_error_threshold,
  };
  const definition = definitionOf('parallel', values, own, at, false);
  const isGiven = partition_keys !== undefined && partition_keys.length > 0;
  return {
    ...definition,
    resources,
    ...(isGiven ? { onTheWire: { partition_keys: pythonJson(partition_keys) } } : {}),
  };
});
