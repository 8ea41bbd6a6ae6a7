import type { YamlReader } from '../../agent/yaml';
import { closest, suggestion } from '../../agent/suggestion';
import type { ComponentDefinition } from '../component/component';
import type { JobInput } from '../parts/inputs';
import { outputModes } from '../parts/outputs';
import { isScalar } from '../shape/collections';
import { gather } from '../shape/gather';
import { nodesOf } from './component';
import { expressionsIn, targetOf, type Target } from './expression';
import { isNeeded } from './node';
import type { NodeInput } from './node-inputs';
import type { Nodes } from './jobs';
import { anyData, literalType, type Port, type Ports } from './ports';

/** Rules of a pipeline that is run as a job. */

/** Inputs or outputs of the job as its nodes see them. */
export function jobPorts(at: YamlReader | undefined): Ports {
  return new Map((at?.entries() ?? []).map(([name, place]) => [name, portAt(place)]));
}

function portAt(at: YamlReader): Port {
  if (at.isNull) return anyData;
  if (isScalar(at)) return { type: literalType(at) };
  if (at.isMap && at.has('value')) return { type: literalType(at.required('value')) };
  const word = (key: string): string | undefined => at.optional(key)?.asString().toLowerCase();
  return { type: word('type') ?? anyData.type, mode: word('mode') };
}

/**
 * Every node needs a compute: its own, or the pipeline's.
 *
 * @throws TaskError, or `Problems`, at the nodes that have none
 */
export function checkComputes(nodes: Nodes): void {
  gather(
    Object.values(nodes).map((node) => () => {
      if (node.lacksCompute) {
        throw node.at.error(
          `${node.at.path} has no compute, and the pipeline names none for its nodes`,
          'Give the node a compute, or the job settings.default_compute.',
          true,
        );
      }
      checkComputes(nodesOf(node.definition));
    }),
  );
}

/**
 * `settings.on_init` and `on_finalize` name nodes that run before and after all others, connected to none of them.
 *
 * @throws TaskError, or `Problems`, at the setting
 */
export function checkEnds(settings: YamlReader | undefined, nodes: Nodes): void {
  const ends = ['on_init', 'on_finalize'].map((key) => settings?.optional(key)).filter((end) => end !== undefined);
  if (ends.length === 0) return;
  const connected = connectedNodes(nodes);
  gather(
    ends.map((at) => () => {
      const name = at.asString();
      if (!Object.hasOwn(nodes, name)) {
        const known = Object.keys(nodes);
        throw at.error(
          `${at.path} is "${name}", but the pipeline has no such node`,
          suggestion(name, known) ?? `Its nodes: ${known.join(', ')}.`,
        );
      }
      if (connected.has(name)) throw at.error(`${at.path}: the node "${name}" is connected to others`);
    }),
  );
  const [first, second] = ends;
  if (first && second?.asString() === first.asString()) {
    throw second.error('settings.on_init and settings.on_finalize name the same node', 'Name two nodes.');
  }
  if (first && Object.keys(nodes).length <= ends.length) {
    throw first.error('the pipeline has no node besides those that begin and end it');
  }
}

/** What the expressions in an input name. */
function targetsOf({ given }: NodeInput): Target[] {
  const text = given.kind === 'binding' ? given.text : given.kind === 'literal' ? given.value : '';
  return expressionsIn(text).flatMap(({ inner }) => targetOf(inner) ?? []);
}

/** Names of nodes that read what another one makes, or are read. */
function connectedNodes(nodes: Nodes): Set<string> {
  const found = new Set<string>();
  for (const [name, { inputs }] of Object.entries(nodes)) {
    for (const target of Object.values(inputs).flatMap(targetsOf)) {
      if (target.of === 'node') found.add(name).add(target.node);
    }
  }
  return found;
}

/**
 * Inputs of a job that runs a pipeline from a file: defaults go out as values.
 *
 * @returns without the inputs that the component does not declare, which the clients forget
 * @throws TaskError, or `Problems`, for inputs that look like slips, and for those that are needed and missing
 */
export function filledInputs(
  given: Record<string, JobInput>,
  definition: ComponentDefinition,
  at: YamlReader,
): Record<string, JobInput> {
  const { inputs } = definition;
  const used = usedInputs(nodesOf(definition));
  const free = Object.keys(inputs).filter((name) => !Object.hasOwn(given, name));
  const unknown =
    at
      .optional('inputs')
      ?.entries()
      .filter(([name]) => !Object.hasOwn(inputs, name) && closest(name, free) !== undefined) ?? [];
  const missing = Object.entries(inputs).filter(
    ([name, input]) => !Object.hasOwn(given, name) && isNeeded(input) && used.has(name),
  );
  gather([
    ...unknown.map(([name, place]) => () => {
      throw place.error(`the component has no input "${name}"`, suggestion(name, free), true);
    }),
    ...missing.map(([name]) => () => {
      throw (at.optional('inputs') ?? at).error(
        `the job lacks the input "${name}", which its component requires`,
        undefined,
        true,
      );
    }),
  ]);
  const defaults = Object.entries(inputs).flatMap(([name, { default: value }]): [string, JobInput][] =>
    value === undefined ? [] : [[name, { jobInputType: 'literal', value }]],
  );
  const declared = Object.entries(given).filter(([name]) => Object.hasOwn(inputs, name));
  return { ...Object.fromEntries(defaults), ...Object.fromEntries(declared) };
}

/** Inputs of the pipeline that some node reads. */
function usedInputs(nodes: Nodes): Set<string> {
  const targets = Object.values(nodes).flatMap(({ inputs }) => Object.values(inputs).flatMap(targetsOf));
  return new Set(targets.flatMap((target) => (target.of === 'pipeline' ? [target.port] : [])));
}

/** Outputs of a job that runs a pipeline from a file: those that the component declares, as the job has them. */
export function filledOutputs(
  given: Record<string, unknown>,
  { outputs }: ComponentDefinition,
): Record<string, unknown> {
  const declared = Object.entries(outputs).map(([name, { type, mode, description }]): [string, unknown] => [
    name,
    { jobOutputType: type, mode: wireMode(mode), description },
  ]);
  return { ...Object.fromEntries(declared), ...given };
}

function wireMode(word: string | undefined): string | undefined {
  return Object.entries(outputModes).find(([key]) => key === word)?.[1];
}
