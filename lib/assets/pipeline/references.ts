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
  const edges = new Map<string, { to: string; at: YamlReader }[]>();
  const work: (() => void)[] = [];
  for (const [name, { at }] of Object.entries(nodes)) {
    const own: { to: string; at: YamlReader }[] = [];
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
  const names = target.of === 'pipeline' ? [...around[target.direction].keys()] : namesOf(target, place, whole, around);
  if (!names || names.includes(target.port)) return;
  const what = target.direction === 'inputs' ? 'input' : 'output';
  const owner = target.of === 'pipeline' ? 'the pipeline' : `the node "${target.node}"`;
  const list = names.length > 0 ? `Its ${what}s: ${names.join(', ')}.` : `It has no ${what}s.`;
  throw place.error(
    `${place.path} uses ${whole}, but ${owner} has no ${what} "${target.port}"`,
    suggestion(target.port, names) ?? list,
  );
}

/** Names of a node's ports, where all of them are known. */
function namesOf(
  target: Target & { of: 'node' },
  place: YamlReader,
  whole: string,
  around: Surroundings,
): string[] | undefined {
  const ports = around.nodes.get(target.node);
  if (!ports) {
    const known = [...around.nodes.keys()];
    throw place.error(
      `${place.path} uses ${whole}, but the pipeline has no node "${target.node}"`,
      suggestion(target.node, known) ?? `Its nodes: ${known.join(', ')}.`,
    );
  }
  if (ports.isOpen) return undefined;
  if (ports.declared) return [...ports.declared[target.direction].keys()];
  return target.direction === 'outputs' ? [...ports.given.keys()] : undefined;
}

/** Depth first, each node once. */
function checkCircles(edges: ReadonlyMap<string, readonly { to: string; at: YamlReader }[]>): void {
  const done = new Set<string>();
  const open: string[] = [];
  const visit = (name: string): void => {
    open.push(name);
    for (const { to, at } of edges.get(name) ?? []) {
      const start = open.indexOf(to);
      if (start >= 0) {
        const circle = [...open.slice(start), to].join(' → ');
        throw at.error(`the nodes wait for each other in a circle: ${circle}`, 'Cut one of the connections.');
      }
      if (!done.has(to)) visit(to);
    }
    open.pop();
    done.add(name);
  };
  for (const name of edges.keys()) if (!done.has(name)) visit(name);
}
