import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { readAssetFile } from '../../../lib/assets/document';
import { setLines } from '../../../lib/assets/set';
import { pythonText } from '../../../lib/assets/shape/scalars';
import { TaskError } from '../../../lib/agent/errors';

function file(content: string): string {
  const name = path.join(mkdtempSync(path.join(tmpdir(), 'yaml-')), 'job.yml');
  writeFileSync(name, content);
  return name;
}

describe('an Azure ML file', () => {
  const scalars: [string, unknown][] = [
    ['yes', true], ['Off', false], ['"yes"', 'yes'], ['y', 'y'],
    ['2e-5', '2e-5'], ['2.0e-5', 2e-5], ['1.50', 1.5], ['.5', 0.5], ['1_000', 1000], ['012', 10], ['0x1F', 31], ['0b11', 3], ['08', '08'],
    ['-3', -3], ['~', null], ['null', null], ['', null], ['.inf', Infinity], ['1:30', 90], ['12:30:45', 45045], ['1:75', '1:75'], ['1.2.3', '1.2.3'], ["'1'", '1'],
  ]; // prettier-ignore
  for (const [source, value] of scalars) {
    it(`reads ${source === '' ? 'nothing' : source} as PyYAML does`, async () => {
      const { reader } = await readAssetFile(file(`a: ${source}\nb: 1\n`));
      assert.deepEqual(reader.entries()[0]?.[1].plain(), value);
    });
  }

  it('gives numbers and booleans the text that Python prints', async () => {
    const { reader, scope } = await readAssetFile(
      file('a: [1.50, 1.0e-5, 3, true, 1.0e+16, 100000.0, 0.0001, "0.10", -0.0]'),
    );
    assert.deepEqual(
      reader
        .required('a')
        .asList()
        .map((item) => pythonText.read(item, scope)),
      ['1.5', '1e-05', '3', 'True', '1e+16', '100000.0', '0.0001', '0.10', '-0.0'],
    );
  });

  it('follows aliases and merge keys', async () => {
    const { reader } = await readAssetFile(file('base: &b {x: 1, y: 2}\nc:\n  <<: *b\n  y: 3\nd: *b\n'));
    assert.deepEqual(reader.required('c').plain(), { x: 1, y: 3 });
    assert.equal(reader.required('d').number('x'), 1);
  });

  it('takes quoted text whose lines begin at any column, as PyYAML does', async () => {
    const text = `top:\n  one: "a\nb\n\n c\\"d" # e\n  two: 'f\ng''h'\nlast: 1\n`;
    const { reader } = await readAssetFile(file(text));
    assert.deepEqual(reader.required('top').plain(), { one: 'a b\nc"d', two: "f g'h" });
    assert.equal(reader.required('last').where.split(':')[1], '8');
  });

  const broken: [string, string, RegExp][] = [
    ['a quote that nothing closes', 'a: "b\nc: 1\n', /job\.yml:\d+:\d+: Missing closing/],
    ['a placeholder that reads as a map', 'a: {{NAME}}\n', /job\.yml:1:5: a key is text, not a map/],
    ['two equal keys', 'a: 1\na: 2\n', /job\.yml:2:1: Map keys must be unique/],
    ['a list that does not end', 'a: [1\nb: 2\n', /job\.yml:\d+:\d+: /],
    ['no content', '# only a comment\n', /is empty/],
    [
      'aliases that explode',
      `${['a: &a [x,x,x,x,x,x,x,x,x]', ...Array.from('bcdefgh')]
        .map((key, index) =>
          index === 0
            ? key
            : `${key}: &${key} [${Array(9)
                .fill(`*${'abcdefgh'[index - 1] ?? ''}`)
                .join(',')}]`,
        )
        .join('\n')}\n`,
      /alias/i,
    ],
  ];
  for (const [what, content, message] of broken) {
    it(`refuses ${what} and says where`, async () => {
      await assert.rejects(
        readAssetFile(file(content)),
        (error: TaskError) => error instanceof TaskError && message.test(error.message),
      );
    });
  }
});

describe('"set"', () => {
  const content =
    'inputs:\n  alpha: 0.5\n  text: a\n  data: {type: uri_file, path: x}\nlist: [{a: 1}, {a: 2}]\ncompute: c\n';

  async function set(...lines: string[]): Promise<unknown> {
    return (await readAssetFile(file(content), lines)).reader.plain();
  }

  it('changes values at any depth, in lists too, and leaves the rest', async () => {
    assert.deepEqual(await set('inputs.alpha=2.0', 'inputs.data.path=a=b', 'list.1.a=7', 'compute='), {
      inputs: { alpha: '2.0', text: 'a', data: { type: 'uri_file', path: 'a=b' } },
      list: [{ a: 1 }, { a: '7' }],
      compute: null,
    });
  });

  it('keeps the way a number was written, and text in quotes', async () => {
    const { reader, scope } = await readAssetFile(file(content), ['inputs.alpha=2.0', "inputs.text='3'"]);
    assert.equal(pythonText.read(reader.required('inputs').required('alpha'), scope), '2.0');
    assert.equal(reader.required('inputs').required('text').plain(), '3');
  });

  it('adds what the file does not have, as az ml does', async () => {
    const added = (await set('experiment_name=churn', 'resources.instance_count=2', 'inputs.other=1')) as Record<
      string,
      unknown
    >;
    assert.equal(added['experiment_name'], 'churn');
    assert.deepEqual(added['resources'], { instance_count: '2' });
    assert.equal((added['inputs'] as Record<string, unknown>)['other'], '1');
  });

  it('adds keys that differ in their numbers, and any to a map whose keys are the user’s own', async () => {
    await assert.doesNotReject(set('inputs.alpha2=1', 'inputs.alpha3=1', 'tags.owner=a', 'tags.owners=b'));
  });

  it('leaves values as they were typed', async () => {
    const { tags } = (await set('tags.a=2024', 'tags.b=0.10', 'tags.c=true', 'tags.d=0x10')) as Record<string, unknown>;
    assert.deepEqual(tags, { a: '2024', b: '0.10', c: 'true', d: '0x10' });
  });

  const refused: [string, RegExp, RegExp][] = [
    ['inputs.alhpa=1', /has no inputs\.alhpa/, /Did you mean "alpha"\? inputs has alpha, text, data/],
    ['input.alpha=1', /has no input\.$/, /Did you mean "inputs"\? The file has inputs, list, compute/],
    ['compute.x=1', /has no compute\.x/, /compute has no members/],
    ['list.2=1', /has no list\.2/, /./],
    ['nonsense', /not of the form path=value/, /./],
    ['=1', /not of the form/, /./],
    ['a..b=1', /not of the form/, /./],
  ];
  for (const [line, message, advice] of refused) {
    it(`refuses ${line}`, async () => {
      await assert.rejects(set(line), (error: TaskError) => {
        assert.match(error.message, message);
        assert.match(error.advice ?? '', advice);
        return true;
      });
    });
  }

  it('is named by errors of what it gave, at what it replaces or was put into', async () => {
    const long = 'a'.repeat(100);
    const { reader } = await readAssetFile(file(`# comment\n${content}`), [
      'limits.timeout=60m',
      'inputs.text=x',
      'inputs.key=secret',
      'list.1.a=b=c',
      'inputs.data.path=https://a.example/b?sig=signed',
      `tags.a=${long}`,
    ]);
    const limits = reader.required('limits');
    const inputs = reader.required('inputs');
    const told = (at: typeof reader, advice?: string) => {
      const error = at.error('wrong', advice, true);
      return [error.message.replace(/^.*\//, ''), error.advice];
    };
    assert.deepEqual(told(limits), ['job.yml:2:1: set limits.timeout=60m: wrong.', undefined]);
    assert.deepEqual(told(limits.required('timeout'), 'Put the value in quotes.'), [
      'job.yml:2:1: set limits.timeout=60m: wrong.',
      'Put the value in quotes.',
    ]);
    assert.deepEqual(told(inputs.required('text'), 'Do.'), ['job.yml:4:3: set inputs.text=x: wrong.', 'Do.']);
    assert.deepEqual(told(inputs.required('key')), ['job.yml:3:3: set inputs.key=…: wrong.', undefined]);
    assert.match(
      reader.required('list').asList()[1]?.required('a').place ?? '',
      /:6:20: set list\.1\.a=b=c: list\[1\]\.a$/,
    );
    assert.match(reader.required('tags').required('a').where, /job\.yml:2:1: set tags\.a=a{73}…$/);
    assert.match(
      inputs.required('data').required('path').place,
      /: set inputs\.data\.path=https:\/\/a\.example\/b\?…: /,
    );
    assert.deepEqual(told(inputs), ['job.yml:2:1: wrong.', undefined]);
    assert.deepEqual(told(inputs.required('alpha')), ['job.yml:3:3: wrong.', undefined]);
  });

  it('never changes anything but what it names', async () => {
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[a-zA-Z0-9 ./:=_-]{0,20}$/), async (value) => {
        const result = (await set(`inputs.text=${value}`)) as { inputs: Record<string, unknown> };
        const inputs = { ...result.inputs };
        delete inputs['text'];
        assert.deepEqual(
          { ...result, inputs },
          { inputs: { alpha: 0.5, data: { type: 'uri_file', path: 'x' } }, list: [{ a: 1 }, { a: 2 }], compute: 'c' },
        );
      }),
      { numRuns: 50 },
    );
  });

  it('takes lines without empty ones and comments', () => {
    assert.deepEqual(setLines(' a=1 \r\n\n# b=2\nc=3'), ['a=1', 'c=3']);
    assert.deepEqual(setLines(undefined), []);
  });
});
