import assert from 'node:assert/strict';

import { evaluate } from '../../../local/agent/expressions/evaluate';
import { templateFunctions } from '../../../local/agent/expressions/functions';
import { graphFunctions, stepFunctions } from '../../../local/agent/expressions/status';
import { fromPlain, plain, toBoolean } from '../../../local/agent/expressions/values';
import type { TaskResult } from '../../../local/agent/result';

const values = new Map([
  ['variables', fromPlain({ name: 'Ridge', empty: '', 'a.b': 'dotted', number: '12' })],
  ['parameters', fromPlain({ list: ['x', 'y'], map: { one: 1 }, flag: true })],
]);

function result(text: string): unknown {
  return plain(evaluate(text, { values, functions: templateFunctions }));
}

describe('expressions', () => {
  const table: [string, unknown][] = [
    ["eq('a', 'A')", true],
    ["eq(variables.NAME, 'ridge')", true],
    ["eq(variables['none'], '')", true],
    ["eq('', variables.none)", true],
    ["eq(variables['a.b'], 'dotted')", true],
    ["eq(true, 'false')", true],
    ["eq(1, '1.0')", true],
    ["eq(1, 'one')", false],
    ["eq('1', 1)", true],
    ['eq(1.2.3, 1.2.3)', true],
    ['lt(1.2.3, 1.10.0)', true],
    ['ne(1, 2)', true],
    ["and('false', 1)", true],
    ["and(true, '')", false],
    ['or(false, 0)', false],
    ['xor(true, false)', true],
    ["not('')", true],
    ["iif(gt(2, '1'), 'yes', 'no')", 'yes'],
    ["coalesce(variables.none, '', 'last')", 'last'],
    ["in('b', 'A', 'B')", true],
    ["notIn('b', 'A', 'B')", false],
    ["contains('Hello', 'ELL')", true],
    ["startsWith('Hello', 'he')", true],
    ["endsWith('Hello', 'LO')", true],
    ["containsValue(parameters.list, 'Y')", true],
    ["containsValue(parameters.map, '1')", true],
    ["join(';', parameters.list)", 'x;y'],
    ['length(parameters.list)', 2],
    ["length('four')", 4],
    ["lower('ÀB')", 'àb'],
    ["upper('ab')", 'AB'],
    ["trim(' a ')", 'a'],
    ["replace('a.b.c', '.', '$&')", 'a$&b$&c'],
    ["substring('abcdef', 2, 3)", 'cde'],
    ["split('a,b;c', ',;')", ['a', 'b', 'c']],
    ["format('{0} {{1}} {1}', 'a', true)", 'a {1} True'],
    ["format('{0:yyyyMMdd}', '2026-02-03T04:05:06Z')", '20260203'],
    ["'it''s'", "it's"],
    ['-1.5', -1.5],
    ['parameters.list[1]', 'y'],
    ['parameters.none.deeper', null],
    ['convertToJson(parameters.map)', '{\n  "one": 1\n}'],
  ];
  for (const [text, expected] of table) {
    it(`evaluates ${text}`, () => {
      assert.deepEqual(result(text), expected);
    });
  }

  const wrong: [string, RegExp][] = [
    ["eq('a'", /Unexpected end/],
    ["eq('a')", /Too few parameters/],
    ["not('a', 'b')", /Too many parameters/],
    ['unknown()', /Unrecognized function: 'unknown'/],
    ['dependencies.a', /Unrecognized value: 'dependencies'/],
    ["and(false, nothing('x'))", /Unrecognized function/],
    ["gt(1, 'one')", /Unable to convert from String to Number/],
    ['eq(1, 2) 3', /Unexpected symbol/],
    ["'open", /Unexpected symbol/],
    ['parameters.list.*.x', /Filtered arrays/],
    ["format('{3}', 'a')", /more arguments/],
    ['lower(parameters.map)', /Unable to convert from Object to String/],
  ];
  for (const [text, message] of wrong) {
    it(`refuses ${text}`, () => {
      assert.throws(() => result(text), message);
    });
  }

  it('refuses an expression that is nested too deep', () => {
    assert.throws(() => result(`${'not('.repeat(60)}1${')'.repeat(60)}`), /max expression depth/);
  });

  describe('status functions of a step', () => {
    const names = ['always', 'succeeded', 'succeededOrFailed', 'failed', 'canceled'];
    const statuses: [TaskResult | undefined, boolean[]][] = [
      [undefined, [true, true, true, false, false]],
      ['Succeeded', [true, true, true, false, false]],
      ['SucceededWithIssues', [true, true, true, false, false]],
      ['Failed', [true, false, true, true, false]],
      ['Canceled', [true, false, false, false, true]],
    ];
    for (const [status, expected] of statuses) {
      it(`are as documented for ${status ?? 'nothing yet'}`, () => {
        const scope = { values, functions: stepFunctions(status) };
        assert.deepEqual(
          names.map((name) => toBoolean(evaluate(`${name}()`, scope))),
          expected,
        );
      });
    }

    it('take no parameters', () => {
      assert.throws(
        () => evaluate("succeeded('A')", { values, functions: stepFunctions('Succeeded') }),
        /Too many parameters/,
      );
    });
  });

  describe('status functions of a stage', () => {
    const decide = (text: string, results: Record<string, TaskResult>, canceled = false): boolean => {
      const map = new Map(Object.entries(results));
      const functions = graphFunctions({ canceled, ancestors: map, result: (name) => map.get(name) });
      return toBoolean(evaluate(text, { values, functions }));
    };

    it('look at everything before it', () => {
      assert.equal(decide('succeeded()', { a: 'Succeeded', b: 'SucceededWithIssues' }), true);
      assert.equal(decide('succeeded()', { a: 'Succeeded', b: 'Skipped' }), false);
      assert.equal(decide('failed()', { a: 'Failed' }), true);
      assert.equal(decide("failed('a')", { a: 'Succeeded', b: 'Failed' }), false);
      assert.equal(decide('succeededOrFailed()', { a: 'Failed' }), true);
      assert.equal(decide('always()', { a: 'Failed' }, true), true);
      assert.equal(decide('succeeded()', { a: 'Succeeded' }, true), false);
      assert.equal(decide('canceled()', {}, true), true);
      assert.throws(() => decide("succeeded('z')", { a: 'Succeeded' }), /'z' is not one of the dependencies/);
    });
  });
});
