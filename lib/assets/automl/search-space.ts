import { pythonBoolean, pythonFloat } from '../python';
import { PythonFloat } from '../python-float';
import { choiceOf, distributionOf, number, type Distribution, type DistributionName } from '../parts/sweep';
import { firstOf, isMap, tagged, union } from '../shape/collections';
import { boolean, float, names, snake, text } from '../shape/scalars';
import { mismatch, refine, shape, type Shape } from '../shape/shape';

/**
 * Search spaces of AutoML: of each parameter a value, or a distribution of the kinds that suit it. The service takes them as
 * text: `choice('sgd','adam')`, `uniform(0.0001,0.01)`.
 */

const whole = shape({ type: 'integer' }, (at) => {
  const value = at.isMap || at.isList ? undefined : at.plain();
  if (typeof value === 'number' && Number.isInteger(value) && !at.asString().includes('.')) return value;
  throw mismatch(at, 'a whole number');
});

const everyNumber: readonly DistributionName[] = [
  'uniform',
  'loguniform',
  'quniform',
  'qloguniform',
  'normal',
  'lognormal',
  'qnormal',
  'qlognormal',
];

function space(value: Shape, choices: Shape, distributions: readonly DistributionName[] = [], term: Shape = number) {
  return union<unknown>('a value or a distribution', [
    {
      when: isMap,
      shape: tagged<Distribution>('type', {
        choice: choices as Shape<Distribution>,
        ...Object.fromEntries(
          distributions.map((name) => [name, name === 'randint' ? distributionOf(name) : distributionOf(name, term)]),
        ),
      }),
    },
    { when: () => true, shape: value },
  ]);
}

export interface SpaceShapes {
  real: Shape;
  integer: Shape;
  text: Shape;
  boolean: Shape;
  oneOf(...known: readonly string[]): Shape;
}

const oneOf = (...known: readonly string[]): Shape => {
  const read = refine(names(...known), snake);
  return space(read, choiceOf(read));
};

const common = {
  real: space(float, firstOf(choiceOf(whole), choiceOf(float)), [...everyNumber, 'randint']),
  text: space(text, choiceOf(text)),
  boolean: space(boolean, choiceOf(boolean)),
  oneOf,
};

/** Of text tasks. */
export const textSpaces: SpaceShapes = { ...common, integer: space(whole, choiceOf(whole), ['randint']) };

/** Of image tasks: whole numbers may have distributions of whole numbers. */
export const imageSpaces: SpaceShapes = {
  ...common,
  integer: space(whole, choiceOf(whole), ['randint', 'quniform', 'qloguniform', 'qnormal', 'qlognormal'], whole),
};

/** The text that the service takes. */
export const asText = (inner: Shape): Shape<string> => refine(inner, textOf);

function textOf(value: unknown): string {
  if (!isDistribution(value)) return typeof value === 'string' ? value : scalarText(value);
  const { type, ...values } = value;
  const terms = type === 'choice' ? (values.values as unknown[]) : Object.values(values);
  const quoted = terms.map((term) => (typeof term === 'string' ? `'${term}'` : scalarText(term)));
  return `${type}(${quoted.join(',')})`;
}

function isDistribution(value: unknown): value is Distribution {
  return typeof value === 'object' && value !== null && !(value instanceof PythonFloat);
}

function scalarText(value: unknown): string {
  if (typeof value === 'boolean') return pythonBoolean(value);
  return value instanceof PythonFloat ? plainDigits(value.value) : String(value);
}

/** A float without an exponent: `0.00001`. */
export function plainDigits(value: number): string {
  const written = pythonFloat(value);
  const parts = /^(-?)(\d)(?:\.(\d+))?e([-+]\d+)$/.exec(written);
  if (!parts) return written;
  const [, sign = '', first = '', rest = '', exponentText = '0'] = parts;
  const exponent = Number(exponentText);
  const digits = first + rest;
  return exponent < 0 ? `${sign}0.${'0'.repeat(-exponent - 1)}${digits}` : `${sign}${digits.padEnd(exponent + 1, '0')}`;
}
