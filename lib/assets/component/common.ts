import type { YamlReader } from '../../agent/yaml';
import { version } from '../parts/names';
import { Later, mapSoon, type Soon } from '../later';
import { PythonFloat } from '../python-float';
import { pythonStr } from '../python-repr';
import { isList, isScalar, list, mapOf, tagged, union } from '../shape/collections';
import { dropped, optional, record, required, withDefault, type Values } from '../shape/record';
import { anything, boolean, integer, text, textLike, word } from '../shape/scalars';
import { nullable, type Shape } from '../shape/shape';
import type { ComponentDefinition, ComponentInput, ComponentOutput } from './component';
import { componentInputs } from './ports';

/** What components of all types share. */

/** Also the name of a Python function that the clients make of it. */
export const componentName = textLike(/^[a-z][a-z\d_]*$/, 'a name of lower-case letters, digits and underscores');

/** Keys of every component; the outputs differ. */
export const componentFields = (
  outputs: Shape<Record<string, ComponentOutput>>,
  inputs: Shape<Record<string, ComponentInput>> = componentInputs,
) => ({
  // Checked where a component is registered under it: those inside jobs go without.
  name: optional(text),
  version: optional(version),
  display_name: optional(text),
  description: optional(text),
  tags: withDefault(mapOf(text), () => ({})),
  is_deterministic: withDefault(boolean, () => true),
  inputs: withDefault(inputs, () => ({})),
  outputs: withDefault(outputs, () => ({})),
  properties: optional(mapOf(anything)),
  // Answered by the service; a file that was written from an answer may have them.
  id: dropped(anything),
  creation_context: dropped(anything),
  latest_version: dropped(anything),
});

type Common = Values<ReturnType<typeof componentFields>, 'yaml'>;

/**
 * The definition that the members of a file make.
 *
 * @param own members of the specification that only this type has, in the service's form
 * @param at the component: for `$schema`
 */
export function definitionOf(
  type: string,
  values: Common,
  own: Record<string, unknown>,
  at: YamlReader,
  keepsProperties = true,
): ComponentDefinition {
  const { name, version, description, tags, inputs, outputs, properties, display_name, is_deterministic } = values;
  const schema = at.optional('$schema')?.plain();
  return {
    type,
    name,
    version,
    description,
    tags,
    inputs,
    outputs,
    properties: properties && printed(properties),
    spec: withoutEmpty({
      $schema: typeof schema === 'string' ? schema : undefined,
      type,
      display_name,
      description,
      tags,
      is_deterministic,
      inputs,
      outputs,
      properties: keepsProperties ? properties : undefined,
      ...own,
    }),
  };
}

/** Properties of the version are text, as Python prints it. */
function printed(properties: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, pythonStr(value)]));
}

/** Without members that hold nothing: the clients leave out null and empty maps, at every level. */
export function withoutEmpty(members: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(members)
    .map(([key, value]): [string, unknown] => [key, cleaned(value)])
    .filter(([, value]) => !isEmpty(value));
  return Object.fromEntries(kept);
}

function cleaned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleaned).filter((item) => !isEmpty(item));
  return isPlain(value) ? withoutEmpty(value) : value;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (isPlain(value) && Object.keys(value).length === 0);
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Later) &&
    !(value instanceof PythonFloat)
  );
}

/** In a specification an ARM id has the prefix `azureml:`; other references stay as they are. */
export function prefixed(id: Soon<string>): Soon<string>;
export function prefixed(id: Soon<string> | undefined): Soon<string> | undefined;
export function prefixed(id: Soon<string> | undefined): Soon<string> | undefined {
  return id === undefined ? undefined : mapSoon(id, (known) => (known.startsWith('/') ? `azureml:${known}` : known));
}

/** The resources that a component asks for. */
export const componentResources = record(
  {
    instance_count: optional(integer),
    max_instance_count: optional(integer),
    instance_type: optional(text),
    locations: optional(list(text)),
    shm_size: optional(text),
    docker_args: optional(
      union<string | string[]>('text or a list of texts', [
        { when: isList, shape: list(text) },
        { when: isScalar, shape: text },
      ]),
    ),
    properties: optional(mapOf(nullable(anything))),
  },
  'yaml',
);

const distributionType = { pytorch: 'pytorch', tensorflow: 'tensorflow', mpi: 'mpi', ray: 'ray' } as const;
const type = required(word(distributionType));
const byProcess = record({ type, process_count_per_instance: optional(integer) }, 'yaml');

/** How a component's command is spread over nodes. */
export const componentDistribution: Shape = tagged<unknown>('type', {
  pytorch: byProcess,
  mpi: byProcess,
  tensorflow: record(
    { type, parameter_server_count: withDefault(integer, () => 0), worker_count: optional(integer) },
    'yaml',
  ),
  ray: record(
    {
      type,
      port: optional(integer),
      address: optional(text),
      include_dashboard: optional(boolean),
      dashboard_port: optional(integer),
      head_node_additional_args: optional(text),
      worker_node_additional_args: optional(text),
    },
    'yaml',
  ),
});
