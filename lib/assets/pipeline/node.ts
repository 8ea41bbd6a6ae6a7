import type { YamlReader } from '../../agent/yaml';
import { closest, suggestion } from '../../agent/suggestion';
import { withoutEmpty } from '../component/common';
import type { ComponentDefinition, ComponentInput } from '../component/component';
import { gather } from '../shape/gather';
import type { ComponentUse } from './component-use';
import { declaredInput, inputOnWire, type NodeInput } from './node-inputs';
import { outputOnWire, type NodeOutput } from './node-outputs';
import { anyData, type NodePorts, type Port, type Ports, type Surroundings } from './ports';

/** A node of a pipeline, checked by itself. What it goes out as depends on the nodes around it. */
export interface Node {
  type: string;
  at: YamlReader;
  inputs: Record<string, NodeInput>;
  ports: NodePorts;
  /** Does it run on a compute that nobody has named yet? */
  lacksCompute: boolean;
  /** The component, where it is a file. */
  definition?: ComponentDefinition;
  finish(around: Surroundings): Record<string, unknown>;
}

interface Parts {
  type: string;
  /** Type of its component, where that is another word. */
  runs?: string;
  at: YamlReader;
  inputs?: Record<string, NodeInput>;
  outputs?: Record<string, NodeOutput | undefined>;
  /** The component, or how it follows from what is around a node that is written inline. */
  use: ComponentUse | ((around: Surroundings) => ComponentUse);
  /** The node's member that says which component it is. */
  component?: (id: unknown) => Record<string, unknown>;
  /** Members of its own, in the file's spelling. */
  members: (definition: ComponentDefinition | undefined) => Record<string, unknown>;
  lacksCompute: boolean;
  /** Inputs that something else provides: the search space of a sweep. */
  provided?: readonly string[];
}

/** @throws TaskError when inputs and outputs are not those of a component that is known here */
export function nodeOf(parts: Parts): Node {
  const { type, at, use, inputs = {}, outputs = {}, lacksCompute } = parts;
  const definition = typeof use === 'function' ? undefined : use.definition;
  if (definition) {
    checkType(parts, definition);
    checkPorts(parts, definition);
  }
  return {
    type,
    at,
    inputs,
    lacksCompute,
    definition,
    ports: {
      declared: definition && { inputs: portsOf(definition.inputs), outputs: portsOf(definition.outputs) },
      inferred: (name, around) => inputs[name] && declaredInput(inputs[name], around),
      given: new Map(Object.entries(outputs).map(([name, output]) => [name, givenPort(output)])),
      isOpen: typeof use !== 'function' && !definition,
    },
    finish: (around) => wireOf(parts, typeof use === 'function' ? use(around) : use),
  };
}

function wireOf(parts: Parts, { id, source, definition }: ComponentUse): Record<string, unknown> {
  const { type, inputs = {}, outputs = {}, component = (componentId) => ({ componentId }), members } = parts;
  return withoutEmpty({
    type,
    ...component(id),
    _source: source,
    inputs: wireInputs(declaredOf(inputs, definition?.inputs), definition),
    outputs: wireOutputs(declaredOf(outputs, definition?.outputs), definition),
    ...members(definition),
  });
}

/** What the component does not declare is forgotten, as the clients do. */
function declaredOf<T>(given: Record<string, T>, declared?: object): Record<string, T> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => !declared || Object.hasOwn(declared, name)));
}

function wireInputs(inputs: Record<string, NodeInput>, definition?: ComponentDefinition): Record<string, unknown> {
  const work = Object.entries(inputs).map(([name, input]) => (): [string, unknown] => [
    name,
    inputOnWire(input, definition?.inputs[name]),
  ]);
  return Object.fromEntries(gather(work));
}

/** An output of which the node says nothing is left to its component. */
export function wireOutputs(
  outputs: Record<string, NodeOutput | undefined>,
  definition?: ComponentDefinition,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, output]) => [name, output && outputOnWire(output, definition?.outputs[name])]),
  );
}

/** What an output is to the nodes that read it. */
export function givenPort(output: NodeOutput | undefined): Port | { binding: string } {
  if (output?.isPlain === true && output.binding !== undefined) return { binding: output.binding };
  return { type: output?.type ?? anyData.type };
}

export function portsOf(declared: Record<string, Port>): Ports {
  return new Map(Object.entries(declared).map(([name, { type, mode }]) => [name, { type, mode }]));
}

function checkType({ type, runs = type, at }: Parts, definition: ComponentDefinition): void {
  if (definition.type === runs) return;
  throw (at.optional('component') ?? at.optional('trial') ?? at).error(
    `${at.path} is of type ${type}, but its component of type ${definition.type}`,
    `Name a component of type ${runs}.`,
  );
}

/** A misspelt input would be forgotten, and found missing only when the pipeline runs. */
function checkPorts({ at, inputs = {}, outputs = {}, provided = [] }: Parts, definition: ComponentDefinition): void {
  const named = [
    ...unknownOf(at.optional('inputs'), Object.keys(inputs), definition.inputs, 'input'),
    ...unknownOf(at.optional('outputs'), Object.keys(outputs), definition.outputs, 'output'),
  ];
  const missing = Object.entries(definition.inputs)
    .filter(([name, input]) => isNeeded(input) && !Object.hasOwn(inputs, name))
    .filter(([name]) => !provided.includes(name))
    .map(([name]) => () => {
      throw (at.optional('inputs') ?? at).error(
        `${at.path} lacks the input "${name}", which its component requires`,
        'Give it a value.',
        true,
      );
    });
  gather([...named, ...missing]);
}

/** Must an input of a component be given? */
export function isNeeded(input: ComponentInput): boolean {
  return !isOptional(input) && input.default === undefined;
}

export function isOptional({ optional }: ComponentInput): boolean {
  return optional === true || optional === 'True';
}

/** Names that look like one of the component's that is not given. */
function unknownOf(at: YamlReader | undefined, names: string[], declared: object, what: string): (() => never)[] {
  const free = Object.keys(declared).filter((name) => !names.includes(name));
  return names
    .filter((name) => !Object.hasOwn(declared, name) && closest(name, free) !== undefined)
    .map((name) => () => {
      const place = at?.entries().find(([key]) => key === name)?.[1] ?? at;
      if (!place) throw new Error(`no place of ${name}`);
      throw place.error(`the component has no ${what} "${name}"`, suggestion(name, free), true);
    });
}
