import type { YamlReader } from '../../agent/yaml';
import { suggestion } from '../../agent/suggestion';
import { isText } from '../shape/collections';
import { gather } from '../shape/gather';
import { expressionsIn, targetOf, type Expression, type Target } from './expression';
import type { Node } from './node';
import type { Surroundings } from './ports';

/** Expressions of nodes must name what is there, and nodes must not wait for each other in a circle. */

/** Members in which every expression is the pipeline's own. */
const boundMembers = new Set(['inputs', 'outputs', 'compute', 'training_data', 'validation_data', 'test_data']);
/** Members that speak of the node's own ports, or are no part of it. */
const foreignMembers = new Set(['component', 'trial', 'command', 'description', 'display_name', 'comment']);

/** @throws TaskError, or `Problems`, at the places of expressions that name nothing, and of a circle */
export function checkReferences(nodes: Readonly<Record<string, Node>>, around: Surroundings): void {
  const edges = new Map<string, Edge[]>();
  const work: (() => void)[] = [];
  for (const [name, { at }] of Object.entries(nodes)) {
    const own: Edge[] = [];
    edges.set(name, own);
    for (const [key, member] of at.entries()) {
      if (foreignMembers.has(key)) continue;
      for (const place of texts(member)) {
        for (const expression of expressionsIn(place.asString())) {
          const target = targetOf(expression.inner);
          work.push(() => {
            checkExpression(expression, target, place, key, around);
          });
          if (target?.of === 'node') own.push({ to: target.node, at: place });
        }
      }
    }
  }
  gather(work);
  checkCircles(edges);
}

function* texts(at: YamlReader): Generator<YamlReader> {
  if (at.isMap) for (const [, value] of at.entries()) yield* texts(value);
  else if (at.isList) for (const item of at.asList()) yield* texts(item);
  else if (isText(at)) yield at;
}

function checkExpression(
  { whole, inner }: Expression,
  target: Target | undefined,
  place: YamlReader,
  member: string,
  around: Surroundings,
): void {
  if (!target) {
    const isMacro = member === 'outputs' && /^[A-Za-z_]+$/.test(inner);
    if (isMacro || (!boundMembers.has(member) && !inner.startsWith('parent.'))) return;
    throw place.error(
      `${place.path} uses ${whole}, which is nothing of the pipeline`,
      'Write ${{parent.inputs.name}}, ${{parent.outputs.name}} or ${{parent.jobs.node.outputs.name}}.',
    );
  }
  const known = knownPorts(target, place, whole, around);
  if (!known || known.some((ports) => ports.has(target.port))) return;
  const names = known.flatMap((ports) => [...ports.keys()]);
  const what = target.direction === 'inputs' ? 'input' : 'output';
  const owner = target.of === 'pipeline' ? 'the pipeline' : `the node "${target.node}"`;
  const list = names.length > 0 ? `Its ${what}s: ${names.join(', ')}.` : `It has no ${what}s.`;
  throw place.error(
    `${place.path} uses ${whole}, but ${owner} has no ${what} "${target.port}"`,
    suggestion(target.port, names) ?? list,
  );
}

/** Where the target's name must be, if all names are known. */
function knownPorts(
  target: Target,
  place: YamlReader,
  whole: string,
  around: Surroundings,
): ReadonlyMap<string, unknown>[] | undefined {
  if (target.of === 'pipeline') return [around[target.direction]];
  const ports = around.nodes.get(target.node);
  if (!ports) {
    const known = [...around.nodes.keys()];
    throw place.error(
      `${place.path} uses ${whole}, but the pipeline has no node "${target.node}"`,
      suggestion(target.node, known) ?? `Its nodes: ${known.join(', ')}.`,
    );
  }
  if (ports.isOpen) return undefined;
  if (ports.declared) return [ports.declared[target.direction]];
  return target.direction === 'outputs' ? [ports.given] : undefined;
}

interface Edge {
  to: string;
  at: YamlReader;
}

/** Takes away, again and again, the nodes that wait for none of the rest: what is left waits for itself. */
function checkCircles(edges: ReadonlyMap<string, readonly Edge[]>): void {
  const waiting = new Map([...edges].map(([name, own]) => [name, new Set(own.map(({ to }) => to))]));
  const readers = new Map<string, string[]>();
  for (const [name, own] of waiting) for (const to of own) listen(readers, to, name);
  const ready = [...waiting].filter(([, own]) => own.size === 0).map(([name]) => name);
  for (let name = ready.pop(); name !== undefined; name = ready.pop()) {
    waiting.delete(name);
    for (const reader of readers.get(name) ?? []) {
      const own = waiting.get(reader);
      own?.delete(name);
      if (own?.size === 0) ready.push(reader);
    }
  }
  const [start] = waiting.keys();
  if (start !== undefined) throw circleFrom(start, edges, waiting);
}

function listen(readers: Map<string, string[]>, to: string, name: string): void {
  const all = readers.get(to);
  if (all) all.push(name);
  else readers.set(to, [name]);
}

/** Every node that is left waits for another that is left: following them leads into the circle. */
function circleFrom(
  start: string,
  edges: ReadonlyMap<string, readonly Edge[]>,
  left: ReadonlyMap<string, unknown>,
): Error {
  const path = new Map<string, Edge | undefined>();
  let name = start;
  for (;;) {
    const edge = edges.get(name)?.find(({ to }) => left.has(to));
    path.set(name, edge);
    if (!edge || path.has(edge.to)) break;
    name = edge.to;
  }
  const last = path.get(name);
  const names = [...path.keys()];
  const circle = last ? [...names.slice(names.indexOf(last.to)), last.to] : names;
  const at = last?.at ?? edges.get(start)?.[0]?.at;
  const problem = `the nodes wait for each other in a circle: ${circle.join(' → ')}`;
  return at ? at.error(problem, 'Cut one of the connections.') : new Error(problem);
}
