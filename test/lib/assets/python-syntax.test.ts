import assert from 'node:assert/strict';
import { pythonFault } from '../../../lib/assets/python-syntax';

describe('a look at a Python script', () => {
  const sound = [
    '',
    'def run(data):\n    return {"a": [1, (2,)]}  # not [closed\n',
    `x = 'it\\'s' + "a'b" + r"\\d(" + b'[' + """three\n(quotes "\n"""\n`,
    "y = f\"{x['a']}\" f'''{\n1}'''\n",
    'z = f"{x["a"]} )"\n',
    'total = 1 + \\\n  (2)\nrb = "no prefix" if rb"(" else None\r\n',
    "path = 'a\\\nb'\n",
  ];
  for (const script of sound) {
    it(`finds nothing wrong with ${JSON.stringify(script)}`, () => {
      assert.equal(pythonFault(script), undefined);
    });
  }

  const broken: [string, number, RegExp][] = [
    ['import os\nx = (1,\n', 2, /"\(" is not closed/],
    ['x = [1)\n', 1, /"\)" does not close the "\[" of line 1/],
    ['"""\n\n"""\nx = 1]\n', 4, /"\]" closes nothing/],
    ["a = 1\nx = 'abc\n", 2, /begins with ' is not closed/],
    ['x = """abc\n', 1, /is not closed/],
  ];
  for (const [script, line, problem] of broken) {
    it(`finds the fault of ${JSON.stringify(script)}`, () => {
      const fault = pythonFault(script);
      assert.ok(fault);
      assert.equal(fault.line, line);
      assert.match(fault.problem, problem);
    });
  }
});
