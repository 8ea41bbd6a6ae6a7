import type { ValidateFunction } from 'ajv';
import { TaskError, errorText } from '../../lib/agent/errors';
import { isRecord } from '../../lib/azure/json';
import type { Inputs } from './inputs';
import { parseLine, readText } from './requests';

/** What answers must look like. */
export interface Expectation {
  /** In words, for reports. */
  description: string;
  /**
   * What is wrong with the answer to request number `index` (from 0), or `undefined`.
   * @param answer the parsed JSON
   */
  problem(index: number, answer: unknown): string | undefined;
  /** What is wrong with all answers together (all the same where the file forbids it), or `undefined`. */
  overall(answers: readonly unknown[]): string | undefined;
}

interface Expected {
  value: unknown;
  tolerance: number;
}

/**
 * Reads the input `expect`: a JSON schema (draft 2020-12, 2019-09 or 07, by its `$schema`; 07 without one), or expected
 * values, one line of JSON `{"expected": …, "tolerance": 0.1}` a request. Without it, every answer must be JSON without an
 * error message. A schema may carry `"x-distinctAnswers": true`: not all answers may be the same.
 *
 * @param requests how many requests there are
 * @throws TaskError for a file that cannot be read, a schema that is none, or another number of values than requests
 */
export async function readExpectation(expect: Inputs['expect'], requests: number): Promise<Expectation> {
  if (expect === undefined) return anyJson;
  const name = 'file' in expect ? expect.file : 'expect';
  const text = 'file' in expect ? await readText(expect.file, 'expect') : expect.inline;
  const whole = tryParse(text);
  if (isRecord(whole) && !('expected' in whole)) return schemaExpectation(name, whole);
  return valuesExpectation(readValues(name, text, whole), requests, name);
}

const anyJson: Expectation = {
  description: 'any JSON without NaN',
  problem: (_index, answer) => notANumber(answer, 'the answer'),
  overall: () => undefined,
};

async function schemaExpectation(name: string, schema: Record<string, unknown>): Promise<Expectation> {
  const { 'x-distinctAnswers': distinct, ...rest } = schema;
  const validate = await compile(name, rest);
  return {
    description: 'a JSON schema',
    problem: (_index, answer) => {
      if (validate(answer)) return notANumber(answer, 'the answer');
      const [first] = validate.errors ?? [];
      return `${first?.instancePath === '' || !first ? 'the answer' : first.instancePath} ${first?.message ?? 'does not match'}`;
    },
    overall: (answers) => (distinct === true ? constant(answers) : undefined),
  };
}

async function compile(name: string, schema: Record<string, unknown>): Promise<ValidateFunction> {
  const dialect = typeof schema['$schema'] === 'string' ? schema['$schema'] : '';
  const { Ajv } = dialect.includes('2020-12')
    ? { Ajv: (await import('ajv/dist/2020.js')).Ajv2020 }
    : dialect.includes('2019-09')
      ? { Ajv: (await import('ajv/dist/2019.js')).Ajv2019 }
      : await import('ajv');
  const { default: formats } = await import('ajv-formats');
  try {
    const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: false });
    formats(ajv);
    return ajv.compile(schema);
  } catch (error) {
    throw new TaskError(`${name} is no JSON schema: ${errorText(error)}`, 'Correct the schema.', { cause: error });
  }
}

function readValues(name: string, text: string, whole: unknown): Expected[] {
  if (Array.isArray(whole)) return whole.map((entry: unknown, index) => expectedOf(`${name}[${index}]`, entry));
  return text
    .split(/\r?\n/)
    .map((line, index) => ({ line: index + 1, text: line.trim() }))
    .filter((entry) => entry.text !== '')
    .map((entry) => expectedOf(`${name}:${entry.line}`, parseLine(name, entry.line, entry.text)));
}

function expectedOf(place: string, entry: unknown): Expected {
  const keys = isRecord(entry) ? Object.keys(entry) : [];
  const unknownKey = keys.find((key) => key !== 'expected' && key !== 'tolerance');
  if (!isRecord(entry) || !('expected' in entry) || unknownKey !== undefined) {
    throw new TaskError(
      unknownKey === undefined ? `${place}: "expected" is missing.` : `${place}: unknown key "${unknownKey}".`,
      'Write {"expected": …, "tolerance": 0.1}, one line a request, or a JSON schema.',
    );
  }
  const tolerance = entry['tolerance'] ?? 0;
  if (typeof tolerance === 'number' && tolerance >= 0) return { value: entry['expected'], tolerance };
  throw new TaskError(`${place}: tolerance must be a number from 0.`, 'It is absolute, in the unit of the answer.');
}

function valuesExpectation(values: readonly Expected[], requests: number, name: string): Expectation {
  if (values.length !== requests && values.length !== 1) {
    throw new TaskError(
      `${name} has ${values.length} expected values for ${requests} requests.`,
      'Write one a request, in their order, or a single one for all.',
    );
  }
  return {
    description: 'expected values',
    problem: (index, answer) => {
      const expected = values[values.length === 1 ? 0 : index];
      return expected ? difference(expected.value, answer, expected.tolerance, 'the answer') : undefined;
    },
    overall: () => undefined,
  };
}

/** Where an answer differs from what is expected; numbers may differ by `tolerance`. Objects may have more keys. */
function difference(expected: unknown, answer: unknown, tolerance: number, place: string): string | undefined {
  if (typeof expected === 'number') {
    if (typeof answer !== 'number') return `${place} is no number`;
    if (Math.abs(answer - expected) <= tolerance) return undefined;
    return `${place} is ${answer}, expected ${expected}${tolerance > 0 ? ` ± ${tolerance}` : ''}`;
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(answer)) return `${place} is no list`;
    if (answer.length !== expected.length) return `${place} has ${answer.length} items, expected ${expected.length}`;
    return firstProblem(
      expected.map((item: unknown, index) => [item, answer[index] as unknown, `${place}[${index}]`]),
      tolerance,
    );
  }
  if (isRecord(expected)) {
    if (!isRecord(answer)) return `${place} is no object`;
    const missing = Object.keys(expected).find((key) => !Object.hasOwn(answer, key));
    if (missing !== undefined) return `${place} has no "${missing}"`;
    return firstProblem(
      Object.entries(expected).map(([key, item]) => [item, answer[key], `${place}.${key}`]),
      tolerance,
    );
  }
  return answer === expected ? undefined : `${place} is not ${JSON.stringify(expected)}`;
}

function firstProblem(pairs: readonly [unknown, unknown, string][], tolerance: number): string | undefined {
  for (const [expected, answer, place] of pairs) {
    const problem = difference(expected, answer, tolerance, place);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** JSON carries no NaN; services write it as a text or as null where a number should be. */
function notANumber(answer: unknown, place: string): string | undefined {
  if (typeof answer === 'string')
    return /^[+-]?(nan|inf(inity)?)$/i.test(answer.trim()) ? `${place} is ${answer}` : undefined;
  if (Array.isArray(answer))
    return firstOf(answer.map((item: unknown, index) => () => notANumber(item, `${place}[${index}]`)));
  if (isRecord(answer))
    return firstOf(
      Object.entries(answer).map(
        ([key, item]) =>
          () =>
            notANumber(item, `${place}.${key}`),
      ),
    );
  return undefined;
}

function firstOf(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const problem = check();
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** A model that answers everything the same has usually lost its input. */
function constant(answers: readonly unknown[]): string | undefined {
  const texts = new Set(answers.map((answer) => JSON.stringify(answer)));
  return answers.length > 1 && texts.size === 1 ? `all ${answers.length} answers are the same` : undefined;
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
