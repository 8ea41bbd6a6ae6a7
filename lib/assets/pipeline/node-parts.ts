import { anyKey, pythonTextMap, isText, textMap, valuesOf } from '../shape/collections';
import { dropped, optional, record, withDefault, type Field, type Fields } from '../shape/record';
import { anything, text } from '../shape/scalars';
import { refine, shape, type Shape } from '../shape/shape';
import { computeId } from '../parts/references';
import { identity, queueSettings, resourceFields, seconds, services } from '../parts/job';
import { isExpression } from './expression';
import { nodeInputs } from './node-inputs';
import { nodeOutputs } from './node-outputs';

/** What nodes of several types share. Their members keep the file's spelling. */

/** A value, or an expression that gives it when the pipeline runs. */
export function bindable<T>(inner: Shape<T>): Shape<T | string> {
  return {
    read: (at, scope) => (isText(at) && isExpression(at.asString()) ? at.asString() : inner.read(at, scope)),
    schema: () => ({ anyOf: [inner.schema(), { type: 'string', pattern: '^\\$\\{\\{.*\\}\\}$' }] }),
    nullable: inner.nullable,
  };
}

type Bindable<F extends Fields> = { [K in keyof F]: Field<unknown, F[K]['wire'], F[K]['isRequired']> };

/** Fields each of which may be an expression. */
export function bindableFields<F extends Fields>(fields: F): Bindable<F> {
  const bound = Object.entries<Field>(fields).map(([key, field]): [string, Field] => [
    key,
    { ...field, shape: bindable(field.shape) },
  ]);
  return Object.fromEntries(bound) as Bindable<F>;
}

/** `identityType` → `identity_type`, inside too; what the writer named stays. */
export function snaked(inner: Shape): Shape {
  return refine(inner, snake);
}

function snake(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      key === 'properties' ? member : snake(member),
    ]),
  );
}

/** Keys that a node has, whatever it runs. */
export const anyNodeFields = {
  type: dropped(text),
  name: dropped(text),
  experiment_name: dropped(text),
  display_name: optional(text),
  description: optional(text),
  tags: optional(textMap),
  properties: optional(pythonTextMap),
  inputs: withDefault(nodeInputs, () => ({})),
  outputs: withDefault(nodeOutputs, () => ({})),
};

/** Keys of a node that runs a component: what the clients do not check there goes out as it stands, or is forgotten. */
export const componentNodeFields = {
  ...anyNodeFields,
  description: dropped(anything),
  tags: optional(valuesOf(anything)),
  comment: optional(text),
};

/** Names of services are the writer's; their members go out in snake case. */
export const nodeServices = refine(services, (all) =>
  Object.fromEntries(Object.entries(all).map(([name, service]) => [name, snake(service)])),
);

/** A component has its own environment: what a node says of one is checked for its form, and forgotten. */
export const forgottenEnvironment: Shape = shape(
  { anyOf: [{ type: 'string', pattern: '^(azureml:|file:)' }, { type: 'object' }] },
  (at) => {
    if (at.isMap || (isText(at) && /^(?:azureml:|file:)./.test(at.asString()))) return undefined;
    throw at.error(`${at.path} names no environment`, 'Leave it out: the component has its own.');
  },
);

export const nodeCompute = optional(bindable(computeId), { as: 'computeId' });
export const nodeIdentity = optional(snaked(identity));
export const nodeQueueSettings = optional(snaked(queueSettings));
export const nodeResources = record(bindableFields(resourceFields), 'yaml');
export const nodeVariables = optional(valuesOf(bindable(anything), anyKey));

/** A command's limits; seconds become a duration even here. */
export const nodeCommandLimits = refine(record({ timeout: optional(bindable(seconds)) }), ({ timeout }) => ({
  job_limits_type: 'Command',
  timeout,
}));
