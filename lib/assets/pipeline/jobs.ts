import type { YamlReader } from '../../agent/yaml';
import type { ComponentDefinition } from '../component/component';
import { mapOf } from '../shape/collections';
import { gather } from '../shape/gather';
import type { Shape } from '../shape/shape';
import { checkReferences } from './references';
import type { Node } from './node';
import { nodeWith } from './nodes/types';
import type { Ports, Surroundings } from './ports';

export type Nodes = Record<string, Node>;

/**
 * The `jobs` of a pipeline, each checked by itself.
 *
 * @param component what a node may run
 */
export function nodesWith(component: Shape<ComponentDefinition>): Shape<Nodes> {
  return mapOf(nodeWith(component), checkNodeName);
}

function checkNodeName(name: string, at: YamlReader): void {
  if (/^[a-z_][a-z\d_]*$/.test(name)) return;
  throw at.error(`"${name}" is no name of a node`, 'Use lower-case letters, digits and underscores.', true);
}

/**
 * The nodes as they go out, once all of them are known.
 *
 * @param own inputs and outputs of the pipeline
 * @throws TaskError, or `Problems`, where a node refers to what is not there
 */
export function finishedNodes(all: Nodes, own: { inputs: Ports; outputs: Ports }): Record<string, unknown> {
  const around: Surroundings = {
    ...own,
    nodes: new Map(Object.entries(all).map(([name, { ports }]) => [name, ports])),
  };
  checkReferences(all, around);
  const work = leavesFirst(all).map(([name, one]) => (): [string, unknown] => [name, { name, ...one.finish(around) }]);
  return Object.fromEntries(gather(work));
}

/**
 * Components are registered in this order: those of a pipeline inside after its own, as the clients do. Where both have the
 * same one, the outer use of it is written down as its source.
 */
function leavesFirst(all: Nodes): [string, Node][] {
  const isPart = ([, { type }]: [string, Node]): boolean => type === 'pipeline';
  const entries = Object.entries(all);
  return [...entries.filter((entry) => !isPart(entry)), ...entries.filter(isPart)];
}
