import type { YamlReader } from '../../agent/yaml';
import { sparkEnvironment } from '../parts/environment';
import { list, mapOf } from '../shape/collections';
import { openRecord, optional, record, required } from '../shape/record';
import { anything, text, words } from '../shape/scalars';
import { nullable, refine, type Shape } from '../shape/shape';
import { codeWithIncludes } from './code';
import { componentFields, definitionOf, prefixed } from './common';
import type { ComponentDefinition } from './component';
import { dataOutputPorts } from './ports';

/** The settings that have names of their own; Spark's names are what goes out. */
const settings = {
  driver_cores: 'spark.driver.cores',
  driver_memory: 'spark.driver.memory',
  executor_cores: 'spark.executor.cores',
  executor_memory: 'spark.executor.memory',
  executor_instances: 'spark.executor.instances',
  dynamic_allocation_enabled: 'spark.dynamicAllocation.enabled',
  dynamic_allocation_min_executors: 'spark.dynamicAllocation.minExecutors',
  dynamic_allocation_max_executors: 'spark.dynamicAllocation.maxExecutors',
} as const;

/** Files by path: the same twice is a mistake. */
export const files: Shape<string[]> = refine(list(text), (value, at: YamlReader) => {
  const twice = value.find((one, index) => value.indexOf(one) !== index);
  if (twice === undefined) return value;
  throw at.error(`${at.path} names "${twice}" twice`);
});

export const entry = refine(record({ file: optional(text), class_name: optional(text) }), ({ file, className }, at) => {
  if (className !== undefined) {
    throw at.error('an entry by class_name is not supported for Spark', 'Name the file that starts, as file.');
  }
  if (file === undefined) throw at.error(`"file" is missing in ${at.path}`);
  return { file };
});

const named = Object.keys(settings) as (keyof typeof settings)[];
const topLevel = Object.fromEntries(named.map((key) => [key, optional(anything)]));

const fields = openRecord(
  {
    ...componentFields(dataOutputPorts),
    ...topLevel,
    type: required(words('spark')),
    // Read together with the includes.
    code: optional(text),
    additional_includes: optional(list(text)),
    entry: required(entry),
    py_files: optional(files),
    jars: optional(files),
    files: optional(files),
    archives: optional(files),
    conf: optional(mapOf(anything)),
    environment: optional(nullable(sparkEnvironment)),
    args: optional(text),
  },
  'yaml',
);

/** A Spark program. Without `code` the folder of the file is its code. */
export const sparkComponent: Shape<ComponentDefinition> = refine(fields, (values, at, scope) => {
  const { py_files, jars, archives, args, additional_includes, others } = values;
  const own = {
    entry: values.entry,
    code: codeWithIncludes(at, scope, scope.folder),
    additional_includes: additional_includes?.length === 0 ? undefined : additional_includes,
    py_files,
    jars,
    files: values.files,
    archives,
    conf: sparkConf({ ...(values as Record<string, unknown>) }, values.conf),
    environment: prefixed(values.environment),
    args,
  };
  return definitionOf('spark', values, { ...others, ...own }, at);
});

/** Settings under Spark's names; those that have a name of their own are numbers where they are digits. */
export function sparkConf(
  topLevel: Readonly<Record<string, unknown>>,
  conf: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const rest = Object.entries(conf).filter(([key]) => !named.some((name) => name === key || settings[name] === key));
  const known = named.map((key): [string, unknown] => [
    settings[key],
    number(conf[settings[key]] ?? conf[key] ?? topLevel[key]),
  ]);
  return Object.fromEntries([...rest, ...known.filter(([, value]) => value !== undefined && value !== null)]);
}

function number(value: unknown): unknown {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
}
