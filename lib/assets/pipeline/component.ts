import type { YamlReader } from '../../agent/yaml';
import { componentFields, definitionOf } from '../component/common';
import type { ComponentDefinition, ComponentInput } from '../component/component';
import { componentOutputs } from '../component/ports';
import { dropped, openRecord, optional } from '../shape/record';
import { boolean, words } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';
import { bindingOf } from './expression';
import { finishedNodes, nodesWith, type Nodes } from './jobs';
import { isOptional, portsOf, type Node } from './node';

/** A pipeline as a component: it can be a node of another pipeline. */
export interface PipelineDefinition extends ComponentDefinition {
  nodes: Nodes;
}

/** The nodes of a component that is a pipeline. */
export function nodesOf(definition: ComponentDefinition | undefined): Nodes {
  return definition && isPipeline(definition) ? definition.nodes : {};
}

function isPipeline(definition: ComponentDefinition): definition is PipelineDefinition {
  return definition.type === 'pipeline' && 'nodes' in definition;
}

/** @param component what its nodes may run */
export function pipelineComponent(component: Shape<ComponentDefinition>): Shape<PipelineDefinition> {
  const fields = openRecord(
    {
      ...componentFields(componentOutputs),
      type: dropped(words('pipeline')),
      is_deterministic: optional(boolean),
      jobs: optional(nodesWith(component)),
    },
    'yaml',
  );
  return refine(fields, ({ jobs: nodes = {}, is_deterministic, others, ...values }, at) => {
    const inputs = withInferred(values.inputs, nodes, at);
    const jobs = finishedNodes(nodes, { inputs: portsOf(inputs), outputs: portsOf(values.outputs) });
    const definition = definitionOf('pipeline', { ...values, inputs, is_deterministic: true }, others, at, false);
    const spec = { ...definition.spec, is_deterministic, jobs, sourceJobId: null };
    return { ...definition, spec, nodes };
  });
}

/**
 * An input that is bound to optional inputs of nodes is optional itself, unless the file says otherwise. As the clients work
 * it out, the last node that is bound decides.
 *
 * @throws TaskError where an optional input is bound to one that a node requires
 */
function withInferred(
  inputs: Record<string, ComponentInput>,
  nodes: Nodes,
  at: YamlReader,
): Record<string, ComponentInput> {
  const inferred = new Map<string, boolean>();
  for (const [nodeName, node] of Object.entries(nodes)) {
    for (const [name, required] of requirements(node)) {
      const input = inputs[name];
      if (!input) continue;
      if (input.optional !== undefined && !inferred.has(name)) {
        if (required.length > 0 && isOptional(input)) throw conflict(name, nodeName, required, at);
      } else {
        inferred.set(name, required.length === 0);
      }
    }
  }
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [
      name,
      inferred.get(name) === true ? { ...input, optional: true } : input,
    ]),
  );
}

function conflict(name: string, node: string, required: readonly string[], at: YamlReader): Error {
  const place = at
    .required('inputs')
    .entries()
    .find(([key]) => key === name)?.[1];
  return (place ?? at).error(
    `the input "${name}" is optional, but the node "${node}" requires ${required.join(', ')}`,
    'Give the input a default, or make those optional.',
    true,
  );
}

/** Inputs of the pipeline that a node is bound to, each with the node's inputs of that binding that are required. */
function requirements({ definition, ports, inputs }: Node): Map<string, string[]> {
  const found = new Map<string, string[]>();
  if (ports.isOpen) return found;
  for (const [own, { given }] of Object.entries(inputs)) {
    const target = given.kind === 'binding' ? bindingOf(given.text) : undefined;
    if (target?.of !== 'pipeline' || target.direction !== 'inputs') continue;
    const required = found.get(target.port) ?? [];
    found.set(target.port, required);
    // What is written inside a node is required.
    const declared = definition?.inputs[own];
    if (!declared || !isOptional(declared)) required.push(own);
  }
  return found;
}
