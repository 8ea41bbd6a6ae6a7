import { isRecord } from '../../../agent/json';
import { definitionOf } from '../../component/common';
import type { ComponentDefinition } from '../../component/component';
import { parallelFields } from '../../component/parallel';
import { services } from '../../parts/job';
import { without } from '../../parts/without';
import { pythonJson } from '../../python-json';
import { valuesOf } from '../../shape/collections';
import { dropped, openRecord, optional, record, required } from '../../shape/record';
import { anything, text } from '../../shape/scalars';
import { refine, type Shape } from '../../shape/shape';
import { useOf, type ComponentUse } from '../component-use';
import { isExpression } from '../expression';
import { nodeOf, type Node } from '../node';
import { declaredInputs } from '../node-inputs';
import { declaredOutputs } from '../node-outputs';
import {
  anyNodeFields,
  bindable,
  bindableFields,
  componentNodeFields,
  nodeCompute,
  nodeIdentity,
  nodeResources,
  nodeVariables,
} from '../node-parts';
import { machinesOnWire } from '../node-resources';
import type { Surroundings } from '../ports';

const { task } = parallelFields;
const numbers = without(parallelFields, 'task', 'resources');

const runFields = {
  ...bindableFields(numbers),
  compute: nodeCompute,
  identity: nodeIdentity,
  environment_variables: nodeVariables,
  resources: optional(nodeResources),
};

/** What a node takes over from its component. */
const inheritedMembers = [
  'retry_settings',
  'input_data',
  'max_concurrency_per_instance',
  'mini_batch_error_threshold',
  'mini_batch_size',
  'partition_keys',
  'task',
] as const;

/** A parallel node that runs a component. */
export function parallelOfComponent(use: Shape<ComponentUse>): Shape<Node> {
  const fields = openRecord(
    {
      ...componentNodeFields,
      ...runFields,
      task,
      component: required(use),
    },
    'yaml',
  );
  return refine(fields, ({ component, inputs, outputs, others, ...members }, at) =>
    nodeOf({
      type: 'parallel',
      at,
      inputs,
      outputs,
      use: component,
      lacksCompute: members.computeId === undefined,
      members: (definition) => onWire({ ...inherited(definition), ...ownTask(members, definition), ...others }),
    }),
  );
}

function inherited(definition: ComponentDefinition | undefined): Record<string, unknown> {
  const spec = definition?.spec ?? {};
  const size = spec.mini_batch_size;
  return {
    ...Object.fromEntries(inheritedMembers.map((key) => [key, spec[key]])),
    resources: definition?.resources,
    mini_batch_size: typeof size === 'string' ? Number(size) : undefined,
  };
}

/** A node's own task runs with the code and the environment of its component all the same. */
function ownTask(members: Record<string, unknown>, definition?: ComponentDefinition): Record<string, unknown> {
  const declared = definition?.spec.task;
  if (!isRecord(members.task) || !isRecord(declared)) return members;
  const { code = members.task.code, environment } = declared;
  return { ...members, task: { ...members.task, code: members.task.code && code, environment } };
}

/** Keys of partitions are JSON text. */
function onWire(members: Record<string, unknown>): Record<string, unknown> {
  const { partition_keys: keys, ...rest } = members;
  return { ...machinesOnWire(rest), partition_keys: Array.isArray(keys) ? pythonJson(keys) : keys };
}

const inline = record(
  {
    ...anyNodeFields,
    ...runFields,
    task: required(parallelFields.task.shape),
    // Unlike elsewhere a number is none.
    environment_variables: optional(valuesOf(bindable(text))),
    // The clients read and forget these.
    display_name: dropped(text),
    description: dropped(text),
    tags: dropped(anything),
    environment: dropped(anything),
    services: dropped(services),
  },
  'yaml',
);

/** Members that are the node's alone. */
const ofNode = ['computeId', 'identity', 'properties', 'environment_variables'] as const;

/** A parallel node that is written out: its component is made of it. */
export const parallelInline: Shape<Node> = refine(inline, ({ inputs, outputs, ...members }, at) => {
  const { mini_batch_size = 0, partition_keys } = members;
  const own = (around: Surroundings): ComponentDefinition => {
    const definition = definitionOf(
      'parallel',
      {
        tags: {},
        is_deterministic: true,
        inputs: declaredInputs(inputs, around),
        outputs: declaredOutputs(outputs, around),
      },
      {
        ...withoutExpressions(without(members, ...ofNode)),
        mini_batch_size: sizeText(mini_batch_size),
        partition_keys,
      },
      at,
    );
    return { ...definition, ...(partition_keys ? { onTheWire: { partition_keys: pythonJson(partition_keys) } } : {}) };
  };
  return nodeOf({
    type: 'parallel',
    at,
    inputs,
    outputs,
    use: (around) => useOf(own(around), 'YAML.JOB', at),
    lacksCompute: members.computeId === undefined,
    members: () => onWire({ ...members, mini_batch_size }),
  });
});

/** A component has no pipeline around it: what an expression gives stays with the node. */
function withoutExpressions(members: Record<string, unknown>): Record<string, unknown> {
  const isBound = (value: unknown): boolean => typeof value === 'string' && isExpression(value);
  const kept = Object.entries(members).filter(([key, value]) => {
    if (key === 'resources' && isRecord(value)) return !Object.values(value).some(isBound);
    return key === 'input_data' || !isBound(value);
  });
  return Object.fromEntries(kept.map(([key, value]) => [key, key === 'resources' ? plainResources(value) : value]));
}

function plainResources(value: unknown): unknown {
  return isRecord(value) ? without(value, 'properties') : value;
}

const sizeText = (size: unknown): string | undefined => (typeof size === 'number' ? String(size) : undefined);
