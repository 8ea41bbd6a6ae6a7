import type { YamlReader } from '../../agent/yaml';
import type { Soon } from '../later';
import { assetTypes, checkMode, inputModes, uriOf } from '../parts/inputs';
import { datastoreName } from '../parts/names';
import { isMap, isScalar, mapOf, union } from '../shape/collections';
import { optional, record, required } from '../shape/record';
import { finite, pythonText, text, words } from '../shape/scalars';
import { shape, type Scope, type Shape } from '../shape/shape';
import type { ComponentInput } from '../component/component';
import { bindingOf, expressionsIn } from './expression';
import { anyData, literalType, portOf, type Port, type Surroundings } from './ports';

/** Inputs of nodes. */

type InputMode = keyof typeof inputModes;

type Given =
  | { kind: 'literal'; value: string; type: string }
  | { kind: 'asset'; type: string; mode?: InputMode; uri: Soon<string> }
  /** `type` and `mode` where the file says more than the binding alone. */
  | { kind: 'binding'; text: string; isPlain: boolean; type?: string; mode?: InputMode };

/** What a node is given, and where the file says so. */
export interface NodeInput {
  at: YamlReader;
  scope: Scope;
  given: Given;
}

const modeWords = words(...(Object.keys(inputModes) as InputMode[]));

const data = record(
  {
    type: optional(assetTypes),
    path: required(text),
    mode: optional(modeWords),
    datastore: optional(datastoreName),
    path_on_compute: optional(text),
  },
  'yaml',
);

function readData(at: YamlReader, scope: Scope): NodeInput {
  const { type, path, mode, datastore } = data.read(at, scope);
  checkMode(at);
  if (bindingOf(path)) return { at, scope, given: { kind: 'binding', text: path, isPlain: false, type, mode } };
  const known = type ?? anyData.type;
  return {
    at,
    scope,
    given: { kind: 'asset', type: known, mode, uri: uriOf(at.required('path'), scope, known, datastore) },
  };
}

function readLiteral(at: YamlReader, scope: Scope): NodeInput {
  finite(at);
  const value = pythonText.read(at, scope);
  const given: Given = bindingOf(value)
    ? { kind: 'binding', text: value, isPlain: true }
    : { kind: 'literal', value, type: literalType(at) };
  return { at, scope, given };
}

const literal: Shape<NodeInput> = shape({ type: ['string', 'number', 'boolean'] }, readLiteral);
const wrapped = record({ value: required(literal) });

/** The `inputs` of a node. */
export const nodeInputs: Shape<Record<string, NodeInput>> = mapOf(
  union<NodeInput>('a value, an expression, or a map with path', [
    { when: isScalar, shape: literal },
    {
      when: (at) => isMap(at) && at.has('value'),
      shape: { read: (at, scope) => wrapped.read(at, scope).value, schema: () => wrapped.schema() },
    },
    { when: isMap, shape: { read: readData, schema: () => data.schema() } },
  ]),
);

/** A node's input as it goes out. `declared` is what its component says of it, where that is known. */
export function inputOnWire({ at, scope, given }: NodeInput, declared?: ComponentInput): Record<string, unknown> {
  if (given.kind === 'binding') return onWire('literal', { value: given.text, mode: wireMode(given.mode) });
  if (given.kind === 'asset') return onWire(given.type, { mode: wireMode(given.mode), uri: given.uri });
  const isPath = declared && !primitives.has(declared.type) && expressionsIn(given.value).length === 0;
  if (!isPath) return onWire('literal', { value: given.value });
  if (given.type !== 'string') {
    throw at.error(
      `${at.path} is ${given.value}, but the component wants data (${declared.type}) there`,
      'Give a path.',
    );
  }
  if (given.value === '')
    throw at.error(`${at.path} is empty, but the component wants data (${declared.type}) there`, 'Give a path.');
  return onWire(declared.type, { uri: uriOf(at, scope, declared.type) });
}

const onWire = (type: string, members: Record<string, unknown>) => ({ job_input_type: type, ...members });
const wireMode = (mode: InputMode | undefined): string | undefined => mode && inputModes[mode];

/** Types of single values. */
export const primitives: ReadonlySet<string> = new Set(['string', 'number', 'integer', 'boolean']);

/** What the component of a node that is written inline declares for its inputs. */
export function declaredInputs(
  inputs: Record<string, NodeInput>,
  around: Surroundings,
): Record<string, ComponentInput> {
  return Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, declaredInput(input, around)]));
}

/** What a component that is made of a node declares for one of its inputs. */
export function declaredInput({ at, given }: NodeInput, around: Surroundings): ComponentInput {
  if (given.kind === 'asset' || (given.kind === 'binding' && !given.isPlain)) {
    return portWith(given.type ?? anyData.type, given.mode);
  }
  const value = given.kind === 'binding' ? given.text : given.value;
  // The clients look for no type behind blanks and behind outputs of the pipeline: those are text to them.
  const target = isTyped(value, at) ? bindingOf(value) : undefined;
  if (target) return declaredPort(portOf(target, around));
  return { type: given.kind === 'literal' ? given.type : 'string', default: value };
}

/** @throws TaskError for what begins and ends as a binding, but is none: the clients find no such port */
function isTyped(value: string, at: YamlReader): boolean {
  if (!/^\$\{\{parent\.(inputs|jobs)\..*\}\}$/.test(value)) return false;
  if (bindingOf(value) && !value.endsWith(' }}')) return true;
  throw at.error(
    `${at.path} is "${value}", which is not one expression`,
    'Write one without blanks, as ${{parent.inputs.name}}; a value that is made of several needs a component of type string.',
  );
}

/** Single values have no mode. */
const declaredPort = ({ type, mode }: Port): Port => portWith(type, primitives.has(type) ? undefined : mode);
const portWith = (type: string, mode: string | undefined): Port => ({ type, ...(mode === undefined ? {} : { mode }) });
