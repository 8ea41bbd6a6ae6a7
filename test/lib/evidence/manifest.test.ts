import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { sha256Hex } from '../../../lib/agent/hash';
import { digestsIn, manifestText } from '../../../lib/evidence/manifest';

const item = (stage: string, kind: string, name: string, digit: string) => ({
  stage,
  kind,
  name,
  sha256: digit.repeat(64),
});

describe('the manifest of a run’s evidence', () => {
  const items = [
    item('Evaluate', 'mlops.evaluation.v1', 'a.json', '1'),
    item('Evaluate', 'mlops.evaluation.v1', 'B.json', '2'),
    item('Evaluate', 'mlops.data-sanity.v1', 'z.json', '3'),
    item('A', 'mlops.training.v1', 'x.json', '4'),
    item('A', 'mlops.training.v1', 'x.json', '3'),
  ];

  it('is sorted by stage, kind, name and digest, whatever the order of reading', () => {
    const order = (
      JSON.parse(manifestText(481, items)) as { evidence: { stage: string; name: string; sha256: string }[] }
    ).evidence;
    assert.deepEqual(
      order.map(({ stage, name, sha256 }) => [stage, name, sha256[0]].join(' ')),
      ['A x.json 3', 'A x.json 4', 'Evaluate z.json 3', 'Evaluate B.json 2', 'Evaluate a.json 1'],
    );
    fc.assert(
      fc.property(fc.shuffledSubarray(items, { minLength: items.length }), (shuffled) => {
        assert.equal(manifestText('481', shuffled), manifestText(481, items));
      }),
      { seed: 1 },
    );
  });

  it('names its run, and holds nothing but what it lists', () => {
    const more = { ...item('A', 'k', 'n', '1'), note: 'x' };
    assert.equal(
      manifestText(7, [more]),
      `{"evidence":[{"kind":"k","name":"n","sha256":"${'1'.repeat(64)}","stage":"A"}],"kind":"mlops.manifest.v1","run":"7"}`,
    );
    assert.notEqual(manifestText(7, []), manifestText(8, []));
  });

  it('has the digest that the documentation shows how to compute by hand', () => {
    const document = readFileSync(path.resolve(__dirname, '..', '..', '..', 'docs', 'evidence.md'), 'utf8');
    const command = /^```sh\n(.*)\n```/m.exec(document)?.[1] ?? '';
    const { stdout } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
    const text = /'(\{.*\})'/.exec(command)?.[1] ?? '';
    const { run, evidence } = JSON.parse(text) as { run: string; evidence: typeof items };
    assert.equal(manifestText(run, evidence), text);
    assert.equal(stdout.split(' ')[0], sha256Hex(text));
    assert.ok(document.includes(`\`${sha256Hex(text)}\``));
  });
});

describe('a comment', () => {
  it('names digests only in the agreed words, each in full', () => {
    const digest = 'ab'.repeat(32);
    assert.deepEqual(digestsIn(`Fine. evidence sha256:${digest}`), [digest]);
    assert.deepEqual(digestsIn(`evidence SHA256:${digest.toUpperCase()}\nevidence sha256:${digest}.`), [
      digest,
      digest,
    ]);
    for (const text of ['', `sha256:${digest}`, `evidence sha256:${digest}0`, `evidence sha256:${digest.slice(1)}`]) {
      assert.deepEqual(digestsIn(text), [], text);
    }
  });
});
