import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { readAssetFile } from '../../../lib/assets/document';
import { isoDuration, pythonFloat } from '../../../lib/assets/python';
import { PythonFloat } from '../../../lib/assets/python-float';
import { dumpYaml } from '../../../lib/assets/pyyaml';

describe('texts as Python prints them', () => {
  it('floats', () => {
    const known: [number, string][] = [
      [1, '1.0'], [1.5, '1.5'], [1e-5, '1e-05'], [0.0001, '0.0001'], [1e16, '1e+16'], [123456789012345.6, '123456789012345.6'],
      [1e15, '1000000000000000.0'], [1.234e-7, '1.234e-07'], [1e100, '1e+100'], [-2.5, '-2.5'], [0, '0.0'], [NaN, 'nan'], [-Infinity, '-inf'],
    ]; // prettier-ignore
    for (const [value, text] of known) assert.equal(pythonFloat(value), text);
  });

  it('floats read back as the same number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) =>
        Object.is(Number(pythonFloat(value)), value),
      ),
    );
  });

  it('durations', () => {
    const known: [number, string][] = [
      [3600, 'PT1H'],
      [5430, 'PT1H30M30S'],
      [86_400, 'P1D'],
      [93_600, 'P1DT2H'],
      [0, 'P0D'],
      [59, 'PT59S'],
    ];
    for (const [seconds, text] of known) assert.equal(isoDuration(seconds), text);
  });
});

describe('YAML as PyYAML writes it', () => {
  it('sorts keys, keeps lists at the column of their key, quotes where needed', () => {
    const text = dumpYaml({
      name: 'c',
      channels: ['conda-forge'],
      dependencies: ['python=3.10', { pip: ['on', 'b: c', "it's", '', 'é', ' x'] }],
      a: [],
      z: new PythonFloat(1),
    });
    assert.equal(
      text,
      "a: []\nchannels:\n- conda-forge\ndependencies:\n- python=3.10\n- pip:\n  - 'on'\n  - 'b: c'\n  - it's\n  - ''\n  - \"\\xE9\"\n  - ' x'\nname: c\nz: 1.0\n",
    );
  });

  it('means the same when it is read back', async () => {
    const text = fc.string({
      unit: fc.constantFrom(...'ab1:#-\'" ,[]{}\n\\=é'.split(''), 'word ', 'a longer piece of text '),
      maxLength: 30,
    });
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        text,
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_-]{0,10}$/), tie('value'), {
          maxKeys: 4,
          noNullPrototype: true,
        }),
      ),
    }));
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'pyyaml-')), 'a.yml');
    await fc.assert(
      fc.asyncProperty(value, async (data) => {
        writeFileSync(file, dumpYaml({ data }));
        assert.deepEqual((await readAssetFile(file)).reader.plain(), { data });
      }),
    );
  });
});
