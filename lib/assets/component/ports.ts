import type { YamlReader } from '../../agent/yaml';
import { pythonBoolean, pythonFloat } from '../python';
import { PythonFloat } from '../python-float';
import { list, mapOf } from '../shape/collections';
import { dropped, optional, record, required } from '../shape/record';
import { boolean, exactly, scalar, text } from '../shape/scalars';
import { refine, shape, type Shape } from '../shape/shape';
import type { ComponentInput, ComponentOutput } from './component';

/** Inputs and outputs as a component declares them. Numbers and booleans become text as Python prints them. */

const modes = exactly(
  'mount',
  'ro_mount',
  'rw_mount',
  'download',
  'upload',
  'direct',
  'eval_mount',
  'eval_download',
  'link',
);
const dataTypes = [
  'path',
  'custom_model',
  'mlflow_model',
  'mltable',
  'triton_model',
  'uri_file',
  'uri_folder',
] as const;

/** A record for each type, chosen by `type`. */
function byType<T>(table: ReadonlyMap<string, Shape<T>>): Shape<T> {
  const type = exactly(...table.keys());
  return {
    read: (at, scope) => {
      at.object();
      const inner = table.get(type.read(at.required('type'), scope));
      if (inner) return inner.read(at, scope);
      throw at.error(`${at.path} has no type`);
    },
    schema: () => ({ anyOf: [...new Set(table.values())].map((one) => one.schema()) }),
  };
}

type Print = (value: number, at: YamlReader) => string;

const float: Print = (value) => pythonFloat(value);
/** `int(float(value))`: what is after the point falls off. */
const whole: Print = (value, at) => {
  if (Number.isFinite(value)) return BigInt(Math.trunc(value)).toString();
  throw at.error(`${at.path} must be a whole number`);
};

const numeric = /^[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;
const boundless = /^[-+]?(?:inf(?:inity)?|nan)$/i;

/** Text of a number as Python's `float` reads it; `undefined` when it is none. */
function pythonNumber(text: string): number | undefined {
  const trimmed = text.trim();
  if (numeric.test(trimmed)) return Number(trimmed.replaceAll('_', ''));
  if (!boundless.test(trimmed)) return undefined;
  if (/nan/i.test(trimmed)) return NaN;
  return trimmed.startsWith('-') ? -Infinity : Infinity;
}

/** A number, or text of one: `.inf` and `.nan` are numbers too. */
function numberAt(at: YamlReader, value: unknown): number {
  const plain = value instanceof PythonFloat ? value.value : value;
  const number = typeof plain === 'string' ? pythonNumber(plain) : plain;
  if (typeof number === 'number') return number;
  throw at.error(`${at.path} must be a number`);
}

/** `min` and `max`: a number, or text of one. */
function bound(print: Print): Shape<string> {
  return shape({ type: ['number', 'string'] }, (at) => print(numberAt(at, at.plain()), at));
}

/** A default that is converted to the type of its input, and printed. */
function defaultOf(type: string): Shape<string> {
  return shape({ type: ['string', 'number', 'boolean'] }, (at) => {
    const value = scalar(at);
    if (type === 'string') return stringDefault(value);
    if (type === 'boolean') return booleanDefault(at, value);
    if (type === 'integer') return typeof value === 'boolean' ? pythonBoolean(value) : whole(numberAt(at, value), at);
    return float(numberAt(at, typeof value === 'boolean' ? Number(value) : value), at);
  });
}

/** A number is read as a float before its type is known: 3 becomes `3.0`. */
function stringDefault(value: string | number | boolean | PythonFloat): string {
  if (typeof value === 'boolean') return pythonBoolean(value);
  if (typeof value === 'number') return pythonFloat(value);
  return value instanceof PythonFloat ? pythonFloat(value.value) : value;
}

function booleanDefault(at: YamlReader, value: unknown): string {
  const word = typeof value === 'string' ? value.toLowerCase() : value;
  if (word === true || word === 'true') return 'True';
  if (word === false || word === 'false') return 'False';
  throw at.error(`${at.path} must be true or false`);
}

const described = { description: optional(text) };
const mode = { mode: optional(modes) };

function parameter(type: string, bounds: Record<string, ReturnType<typeof optional<string>>>): Shape<ComponentInput> {
  return record({
    type: required(exactly(type)),
    ...described,
    optional: optional(boolean),
    default: optional(defaultOf(type)),
    enum: optional(list(text)),
    ...bounds,
  });
}

const bounds = (print: Print) => ({ min: optional(bound(print)), max: optional(bound(print)) });
const dataInput: Shape<ComponentInput> = record({
  type: required(exactly(...dataTypes)),
  ...described,
  ...mode,
  optional: optional(boolean),
});
const dataOutput: Shape<ComponentOutput> = record({ type: required(exactly(...dataTypes)), ...described, ...mode });
const primitives = ['string', 'integer', 'number', 'boolean'] as const;
const primitiveOutput: Shape<ComponentOutput> = record({
  type: required(exactly(...primitives)),
  ...described,
  ...mode,
  early_available: optional(boolean, { as: 'early_available' }),
  // The clients know it, and send nothing of it.
  is_control: dropped(boolean),
});

const dataInputs = dataTypes.map((type): [string, Shape<ComponentInput>] => [type, dataInput]);
const dataOutputs = dataTypes.map((type): [string, Shape<ComponentOutput>] => [type, dataOutput]);

/** The `inputs` of a component. */
export const componentInputs = ports(
  byType(
    new Map([
      ...dataInputs,
      ['string', parameter('string', {})],
      ['boolean', parameter('boolean', {})],
      ['integer', parameter('integer', bounds(whole))],
      ['number', parameter('number', bounds(float))],
    ]),
  ),
);

/** The `inputs` of a component that moves data. */
export const dataInputPorts = ports(byType(new Map(dataInputs)));

/** The `outputs` of a component: data and models. */
export const dataOutputPorts = ports(byType(new Map(dataOutputs)));

/** The `outputs` of a component that may also hand out single values (command, pipeline). */
export const componentOutputs = ports(
  byType(
    new Map([...dataOutputs, ...primitives.map((type): [string, Shape<ComponentOutput>] => [type, primitiveOutput])]),
  ),
);

/** A map of ports: a name is made of letters, digits and `_`, with dots between groups; case does not tell names apart. */
function ports<T>(port: Shape<T>): Shape<Record<string, T>> {
  return refine(mapOf(port, checkName), (value, at: YamlReader) => {
    const seen = new Map<string, string>();
    for (const [name, place] of at.entries()) {
      const same = seen.get(name.toLowerCase());
      if (same !== undefined) throw place.error(`"${name}" and "${same}" differ in case alone`, undefined, true);
      seen.set(name.toLowerCase(), name);
    }
    return value;
  });
}

function checkName(name: string, at: YamlReader): void {
  if (/^[a-z_]\w*(?:\.[a-z_]\w*)*$/i.test(name)) return;
  throw at.error(
    `"${name}" is no name of an input or output`,
    'Use letters, digits and underscores; start with a letter.',
    true,
  );
}
