import { invalid, isObject, object, optionalText, type Json } from '../wire';
import { scalar, type InputPort, type OutputPort } from './component';
import type { Lookup } from './lookup';
import type { Graph, Node, Settings } from './model';
import { readNode, referencesOf, type Around } from './node';

/** Deeper than anyone writes: a component that contains itself ends here. */
const deepest = 20;

/**
 * Reads the nodes of a pipeline, with those of the components in it.
 * @throws ArmFault 400 that names the place of what is wrong.
 */
export function readGraph(
  lookup: Lookup,
  parts: {
    jobs: Json;
    inputs: Record<string, InputPort>;
    outputs: Record<string, OutputPort>;
    settings: Settings;
    where: string;
  },
  depth = 0,
): Graph {
  const { inputs, outputs, settings, where } = parts;
  if (depth > deepest)
    throw invalid(`Pipeline components are nested more than ${deepest} deep.`, 'ValidationError', where);
  const around: Around = {
    inputs: new Set(Object.keys(inputs)),
    outputs: new Set(Object.keys(outputs)),
    nodes: new Set(Object.keys(parts.jobs)),
    nested: (component, at) =>
      readGraph(lookup, { ...component, settings: { ...inherited(settings) }, where: at }, depth + 1),
  };
  if (around.nodes.size === 0) throw invalid('A pipeline needs at least one node.', 'ValidationError', where);
  const nodes: Record<string, Node> = {};
  for (const [name, node] of Object.entries(parts.jobs))
    nodes[name] = readNode(lookup, around, name, object(node, `${where}.${name}`), `${where}.${name}`);
  const graph = { jobs: parts.jobs, inputs, outputs, nodes, settings };
  checkReferences(graph, where);
  checkFrame(graph, where);
  checkCycles(nodes, where);
  return graph;
}

/** Nodes to run before and after the others belong to the pipeline that names them, not to those in it. */
function inherited({ defaultCompute, datastore, continueOnStepFailure }: Settings): Settings {
  return { defaultCompute, datastore, continueOnStepFailure };
}

/** Every output of another node that is read must be one that the node has. */
function checkReferences(graph: Graph, where: string): void {
  for (const node of Object.values(graph.nodes)) {
    for (const [name, source] of Object.entries(node.inputs)) {
      const at = `${where}.${node.name}.inputs.${name}`;
      for (const one of referencesOf(source, at))
        if (one.to === 'node' && graph.nodes[one.node]?.outputs[one.output] === undefined)
          throw invalid(`The node '${one.node}' has no output '${one.output}'.`, 'ValidationError', at);
    }
  }
}

function checkFrame({ nodes, settings }: Graph, where: string): void {
  for (const [key, name] of [
    ['on_init', settings.onInit],
    ['on_finalize', settings.onFinalize],
  ] as const) {
    if (name === undefined) continue;
    const at = where.replace(/jobs$/, `settings.${key}`);
    const node = nodes[name];
    if (node === undefined) throw invalid(`There is no node '${name}'.`, 'ValidationError', at);
    const isTied = node.needs.length > 0 || Object.values(nodes).some((other) => other.needs.includes(name));
    if (isTied)
      throw invalid(
        `The node '${name}' must stand alone: no other node may use it, nor it them.`,
        'ValidationError',
        at,
      );
  }
}

function checkCycles(nodes: Record<string, Node>, where: string): void {
  const done = new Set<string>();
  const visit = (name: string, path: string[]): void => {
    if (done.has(name)) return;
    if (path.includes(name)) {
      const circle = [...path.slice(path.indexOf(name)), name].join(' → ');
      throw invalid(`The nodes need each other in a circle: ${circle}.`, 'ValidationError', `${where}.${name}`);
    }
    for (const other of nodes[name]?.needs ?? []) visit(other, [...path, name]);
    done.add(name);
  };
  for (const name of Object.keys(nodes)) visit(name, []);
}

/** The settings of a pipeline job. Keys are in snake case; older clients send camel case. */
export function readSettings(
  lookup: Lookup,
  value: unknown,
  defaultCompute: string | undefined,
  where: string,
): Settings {
  const given = isObject(value) ? value : {};
  const read = (snake: string): string | undefined =>
    optionalText(given, snake, where) ??
    optionalText(
      given,
      snake.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
      where,
    );
  const compute = read('default_compute') ?? defaultCompute;
  lookup.compute(compute, `${where}.default_compute`);
  const datastore = read('default_datastore');
  const goesOn = scalar(given['continue_on_step_failure'] ?? given['continueOnStepFailure']);
  return {
    defaultCompute: compute,
    datastore:
      datastore === undefined ? 'workspaceblobstore' : lookup.datastore(datastore, `${where}.default_datastore`),
    continueOnStepFailure: goesOn?.toLowerCase() === 'true',
    onInit: read('on_init'),
    onFinalize: read('on_finalize'),
  };
}
