import assert from 'node:assert/strict';
import { PythonFloat } from '../../../lib/assets/python-float';
import { pythonJson } from '../../../lib/assets/python-json';

describe("JSON in Python's form", () => {
  it('sorts keys, separates with spaces, escapes what is not ASCII and prints floats as Python does', () => {
    const float = (value: number) => new PythonFloat(value);
    const value = {
      b: [1, float(1), float(1e16), float(-0), 1e-7, true, null, 'é\u2028"\\/\x7f😀'],
      a: {},
      Z: [],
      é: float(Infinity),
      left: undefined,
    };
    // What json.dumps(value, sort_keys=True) of Python 3.11 prints.
    assert.equal(
      pythonJson(value),
      '{"Z": [], "a": {}, "b": [1, 1.0, 1e+16, -0.0, 1e-07, true, null, "\\u00e9\\u2028\\"\\\\/\\u007f\\ud83d\\ude00"], "\\u00e9": Infinity}',
    );
  });
});
