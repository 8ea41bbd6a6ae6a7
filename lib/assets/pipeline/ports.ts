import type { YamlReader } from '../../agent/yaml';
import { PythonFloat } from '../python-float';
import { scalar } from '../shape/scalars';
import { bindingOf, type Target } from './expression';

/** An input or output as others see it: what it holds, and how it is handed over. Words as in YAML files. */
export interface Port {
  type: string;
  mode?: string;
}

export type Ports = ReadonlyMap<string, Port>;

/** What the nodes of a pipeline may refer to. */
export interface Surroundings {
  inputs: Ports;
  outputs: Ports;
  nodes: ReadonlyMap<string, NodePorts>;
}

/** The ports of a node, as far as they are known here. */
export interface NodePorts {
  /** What its component declares, unless that is in the cloud. */
  declared?: { inputs: Ports; outputs: Ports };
  /** What the node itself says about its outputs: their type, or the binding that they are written to. */
  given: ReadonlyMap<string, Port | { binding: string }>;
  /** What an input is that it declares nowhere, from what it is given. */
  inferred?: (name: string, around: Surroundings) => Port | undefined;
  /** What every output of it is taken for. */
  every?: Port;
  /** Can it have outputs that are named nowhere here? */
  isOpen: boolean;
}

/** Data whose kind nobody said. */
export const anyData: Port = { type: 'uri_folder' };

/** The type of a component's input that a literal value stands for. */
export function literalType(at: YamlReader): 'string' | 'boolean' | 'integer' | 'number' {
  const value = scalar(at);
  if (typeof value === 'boolean') return 'boolean';
  if (value instanceof PythonFloat) return 'number';
  return typeof value === 'number' ? 'integer' : 'string';
}

/**
 * What a binding hands over, as the clients infer it for a component that a node defines inline. The mode comes from the
 * pipeline's own ports only: how one node writes does not tell how the next one reads.
 */
export function portOf(target: Target, around: Surroundings): Port {
  if (target.of === 'pipeline') return around[target.direction].get(target.port) ?? anyData;
  const node = around.nodes.get(target.node);
  const declared = node?.every ?? node?.declared?.[target.direction].get(target.port);
  if (declared) return { type: declared.type };
  if (target.direction === 'inputs') return { type: (node?.inferred?.(target.port, around) ?? anyData).type };
  const given = node?.given.get(target.port);
  if (!given) return anyData;
  if (!('binding' in given)) return { type: given.type };
  const next = bindingOf(given.binding);
  return { type: next?.of === 'pipeline' ? portOf(next, around).type : anyData.type };
}
