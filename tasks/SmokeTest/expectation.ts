import type { ValidateFunction } from 'ajv';
import { TaskError, errorText } from '../../lib/agent/errors';
import { isRecord } from '../../lib/agent/json';
import type { Inputs } from './inputs';
import { pointer, problemAt, type Place, type Problem } from './problem';
import { parseLine, readText } from './requests';

/** What answers must look like. */
export interface Expectation {
  /** In words, for reports. */
  description: string;
  /**
   * What is wrong with the answer to request number `index` (from 0), or `undefined`.
   * @param answer the parsed JSON
   */
  problem(index: number, answer: unknown): Problem | undefined;
  /** What is wrong with all answers together (all the same where the file forbids it), or `undefined`. Quotes none of them. */
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
  problem: (_index, answer) => notANumber(answer, () => false),
  overall: () => undefined,
};

async function schemaExpectation(name: string, schema: Record<string, unknown>): Promise<Expectation> {
  const { 'x-distinctAnswers': distinct, ...rest } = schema;
  const validate = await compile(name, rest);
  const named = memberNames(rest);
  const isKnown = (member: string): boolean => named.has(member);
  return {
    description: 'a JSON schema',
    problem: (_index, answer) => {
      if (validate(answer)) return notANumber(answer, isKnown);
      const { instancePath = '', message = 'does not match', keyword } = validate.errors?.[0] ?? {};
      const where = pointer(placeOf(instancePath, answer), isKnown);
      return {
        text: `${instancePath === '' ? 'the answer' : instancePath} ${message}`,
        code: `${where} breaks ${keyword === undefined ? 'the schema' : `the rule ${keyword} of the schema`}`,
      };
    },
    overall: (answers) => (distinct === true ? constant(answers) : undefined),
  };
}

/** What the schema calls the members of answers. */
function memberNames(schema: unknown): Set<string> {
  if (Array.isArray(schema)) return new Set(schema.flatMap((part: unknown) => [...memberNames(part)]));
  if (!isRecord(schema)) return new Set();
  const own = isRecord(schema['properties']) ? Object.keys(schema['properties']) : [];
  const parts = Object.entries(schema).filter(([keyword]) => !valued.has(keyword));
  return new Set([...own, ...parts.flatMap(([, part]) => [...memberNames(part)])]);
}

/** Keywords that hold values, not schemas. */
const valued = new Set(['const', 'enum', 'default', 'examples']);

/** A member called `7` is no position, so the answer itself is asked. */
function placeOf(instancePath: string, answer: unknown): Place {
  const place: (string | number)[] = [];
  let part = answer;
  for (const step of instancePath.split('/').slice(1)) {
    const member = step.replaceAll('~1', '/').replaceAll('~0', '~');
    place.push(Array.isArray(part) ? Number(member) : member);
    if (Array.isArray(part)) part = part[Number(member)] as unknown;
    else part = isRecord(part) ? part[member] : undefined;
  }
  return place;
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
      return expected ? difference(expected.value, answer, expected.tolerance, []) : undefined;
    },
    overall: () => undefined,
  };
}

/** Where an answer differs from what is expected; numbers may differ by `tolerance`. Objects may have more keys. */
function difference(expected: unknown, answer: unknown, tolerance: number, place: Place): Problem | undefined {
  if (typeof expected === 'number') {
    if (typeof answer !== 'number') return problemAt(place, 'is no number');
    if (Math.abs(answer - expected) <= tolerance) return undefined;
    const text = `is ${answer}, expected ${expected}${tolerance > 0 ? ` ± ${tolerance}` : ''}`;
    return problemAt(place, text, 'differs from what was expected by more than the tolerance');
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(answer)) return problemAt(place, 'is no list');
    if (answer.length !== expected.length) {
      const text = `has ${answer.length} items, expected ${expected.length}`;
      return problemAt(place, text, 'has another number of items than was expected');
    }
    return firstOf(
      expected.map(
        (item: unknown, index) => () => difference(item, answer[index] as unknown, tolerance, [...place, index]),
      ),
    );
  }
  if (isRecord(expected)) {
    if (!isRecord(answer)) return problemAt(place, 'is no object');
    const missing = Object.keys(expected).find((key) => !Object.hasOwn(answer, key));
    if (missing !== undefined) return problemAt(place, `has no "${missing}"`, 'lacks a member that was expected');
    return firstOf(
      Object.entries(expected).map(
        ([key, item]) =>
          () =>
            difference(item, answer[key], tolerance, [...place, key]),
      ),
    );
  }
  return answer === expected
    ? undefined
    : problemAt(place, `is not ${JSON.stringify(expected)}`, 'is not what was expected');
}

/** JSON carries no NaN; services write it as a text or as null where a number should be. */
function notANumber(answer: unknown, isKnown: (member: string) => boolean, place: Place = []): Problem | undefined {
  if (typeof answer === 'string')
    return /^[+-]?(nan|inf(inity)?)$/i.test(answer.trim())
      ? problemAt(place, `is ${answer}`, 'is NaN or infinite', isKnown)
      : undefined;
  const inner = (part: unknown, step: string | number) => () => notANumber(part, isKnown, [...place, step]);
  if (Array.isArray(answer)) return firstOf(answer.map(inner));
  if (isRecord(answer)) return firstOf(Object.entries(answer).map(([key, part]) => inner(part, key)));
  return undefined;
}

function firstOf(checks: readonly (() => Problem | undefined)[]): Problem | undefined {
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
