import { environment } from '../parts/environment';
import { without } from '../parts/without';
import { list } from '../shape/collections';
import { dropped, openRecord, optional, required } from '../shape/record';
import { anything, text, words } from '../shape/scalars';
import { refine, shape, type Shape } from '../shape/shape';
import { codeWithIncludes } from './code';
import { componentDistribution, componentFields, componentResources, definitionOf, prefixed } from './common';
import type { ComponentDefinition } from './component';
import { checkCommand } from './expressions';
import { componentOutputs } from './ports';

const noQueue: Shape<never> = shape({ not: {} }, (at) => {
  throw at.error('a component has no queue_settings', 'Give them to the node or the job that runs it.', true);
});

const fields = openRecord(
  {
    ...componentFields(componentOutputs),
    type: optional(words('command')),
    command: required(text),
    // Read together with the includes.
    code: optional(text),
    additional_includes: optional(list(text)),
    environment: required(environment),
    resources: optional(componentResources),
    distribution: optional(componentDistribution),
    // The clients fall over every one.
    queue_settings: optional(noQueue),
    // A job has them; a component of it goes out without.
    environment_variables: dropped(anything),
  },
  'yaml',
);

/** A command and what it runs with. Keys that the clients do not know are carried along. */
export const commandComponent: Shape<ComponentDefinition> = refine(fields, (values, at, scope) => {
  const { command, additional_includes, resources = {}, distribution, others } = values;
  checkCommand(at.required('command'), command, {
    inputs: Object.keys(values.inputs),
    outputs: Object.keys(values.outputs),
  });
  const own = {
    command,
    code: codeWithIncludes(at, scope),
    additional_includes: additional_includes?.length === 0 ? undefined : additional_includes,
    environment: prefixed(values.environment),
    resources: without(resources, 'properties'),
    distribution,
  };
  return { ...definitionOf('command', values, { ...others, ...own }, at), resources };
});
