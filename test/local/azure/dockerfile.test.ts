import assert from 'node:assert/strict';
import fc from 'fast-check';
import { baseImage, parseReference } from '../../../local/azure/registry/image';
import { expand, pairs, parseDockerfile, words } from '../../../local/azure/registry/dockerfile';
import { parsePip } from '../../../local/azure/registry/pip';

describe('Dockerfile reader', () => {
  it('joins continued lines, drops comments in between and knows each line number', () => {
    const found = parseDockerfile('# first\nFROM scratch\n\nENV A=1 \\\n# inside\n    B=2\nCMD ["a", "b c"]\n');
    assert.deepEqual(
      found.map(({ name, line }) => [name, line]),
      [['FROM', 2], ['ENV', 4], ['CMD', 7]],
    ); // prettier-ignore
    assert.deepEqual(found[2]?.list, ['a', 'b c']);
    assert.deepEqual(pairs(found[1]!, new Map()), [
      ['A', '1'],
      ['B', '2'],
    ]);
  });

  it('reads flags of COPY, and takes a broken JSON list for the shell form', () => {
    const [, copy, run] = parseDockerfile('FROM scratch\nCOPY --chown=1000:1000 a b /c/\nRUN [pip install x');
    assert.deepEqual(copy?.flags, { chown: '1000:1000' });
    assert.equal(copy.text, 'a b /c/');
    assert.equal(run?.list, undefined);
  });

  const refused: [string, string, RegExp][] = [
    [
      'an instruction it does not know',
      'FROM scratch\nHEALTHCHECK CMD x',
      /line 2: the instruction HEALTHCHECK is not supported/,
    ],
    ['ADD', 'FROM scratch\n\n\nADD a b', /line 4: the instruction ADD/],
    ['a word that is none', 'FROM scratch\n=x', /parse error line 2: unknown instruction/],
    ['a second stage', 'FROM scratch\nFROM scratch', /line 2: FROM: builds of several stages/],
    ['copies from another stage', 'FROM scratch\nCOPY --from=x a b', /line 2: COPY --from is not supported/],
    ['mounts in RUN', 'FROM scratch\nRUN --mount=type=cache pip install x', /line 2: RUN --mount/],
    ['here-documents', 'FROM scratch\nRUN <<E\npip install x\nE', /line 2: RUN: here-documents/],
    ['another escape character', '# escape=`\nFROM scratch', /line 1: the parser directive escape/],
    ['a file that does not begin with FROM', 'ENV A=1', /line 1: no build stage/],
    ['an empty file', '# nothing\n', /cannot be empty/],
    ['an instruction without arguments', 'FROM scratch\nENV', /line 2: ENV requires at least one argument/],
  ];
  for (const [what, text, message] of refused)
    it(`refuses ${what}, by name and line`, () => {
      assert.throws(() => parseDockerfile(text), message);
    });

  it('puts variables in as the reference says', () => {
    const variables = new Map([['A', 'x'], ['EMPTY', '']]); // prettier-ignore
    const cases: [string, string][] = [
      ['$A-${A}-$B', 'x-x-'],
      ['${B:-d}${EMPTY:-e}${A:-f}', 'dex'],
      ['${A:+y}${EMPTY:+z}', 'y'],
      ['${B:-${A}/1}', 'x/1'],
      ['\\$A', '$A'],
      ["'$A'", "'$A'"],
      ['100$', '100$'],
    ];
    for (const [text, wanted] of cases) assert.equal(expand(text, variables, 1), wanted, text);
    assert.throws(() => expand('${A', variables, 7), /line 7.*bad substitution/);
  });

  it('splits words as it was told to by quotes, for any words', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme-ascii' })), (parts) => {
        const quoted = parts.map((part) => `"${part.replaceAll(/(["\\])/g, '\\$1')}"`).join('  ');
        assert.deepEqual(words(quoted, 1), parts);
      }),
    );
    assert.throws(() => words('a "b', 3), /line 3: unexpected end/);
  });
});

describe('RUN pip install', () => {
  it('is read in all its forms', () => {
    const forms = [
      'pip install a',
      'pip3 install a',
      'python -m pip install a',
      'python3.11 -m pip install a',
      'uv pip install --system a',
      '/usr/local/bin/pip install a',
    ];
    for (const form of forms)
      assert.deepEqual(
        parsePip(form, 1).map(({ packages }) => packages),
        [['a']],
        form,
      );
    assert.deepEqual(parsePip(['pip', 'install', 'b>=1'], 1)[0]?.packages, ['b>=1']);
  });

  it('keeps requirements, files and options apart', () => {
    const [first, second] = parsePip(
      'pip install --no-cache-dir -r req.txt -c con.txt "a>=1,<2" && pip install --index-url=https://x/simple b',
      1,
    );
    assert.deepEqual(first, {
      packages: ['a>=1,<2'],
      requirementFiles: ['req.txt'],
      constraintFiles: ['con.txt'],
      options: [],
    });
    assert.deepEqual(second?.options, ['--index-url', 'https://x/simple']);
  });

  const refused: [string, RegExp][] = [
    ['apt-get update', /line 5: RUN apt-get update: only pip install/],
    ['pip install a && rm -rf /', /RUN rm -rf \/: only pip install/],
    ['pip download a', /RUN pip download a: only/],
    ['pip install a; echo', /the shell operator/],
    ['pip install a | cat', /the shell operator/],
    ['pip install ./folder', /only packages of an index/],
    ['pip install git+https://x/y', /only packages of an index/],
    ['pip install --editable .', /the option --editable is not supported/],
    ['pip install', /at least one requirement/],
    ['pip install a -r', /-r requires a value/],
  ];
  for (const [command, message] of refused)
    it(`refuses "${command}"`, () => {
      assert.throws(() => parsePip(command, 5), message);
    });
});

describe('image names', () => {
  it('are taken apart', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    assert.deepEqual(parseReference('localhost:5000/a/b:1'), {
      server: 'localhost:5000',
      repository: 'a/b',
      tag: '1',
      digest: undefined,
    });
    assert.deepEqual(parseReference(`localhost:5000/a@${digest}`), {
      server: 'localhost:5000',
      repository: 'a',
      tag: undefined,
      digest,
    });
    assert.deepEqual(parseReference('python'), { server: '', repository: 'python', tag: 'latest', digest: undefined });
  });

  it('of known bases promise their Python; others are refused', () => {
    assert.equal(baseImage('python:3.11-slim', 1).python, '3.11');
    assert.equal(baseImage('docker.io/library/python:3.12.4-slim-bookworm', 1).python, '3.12');
    assert.equal(baseImage('mcr.microsoft.com/azureml/minimal-py312-inference:latest', 1).python, '3.12');
    assert.equal(baseImage('mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04', 1).python, undefined);
    for (const name of ['node:22', 'python:2.7', 'ubuntu', 'mcr.microsoft.com/devcontainers/python:3']) {
      assert.throws(
        () => baseImage(name, 4),
        new RegExp(`line 4: FROM ${name.replaceAll('.', '\\.')}: this base image is not known here`),
      );
    }
  });
});
