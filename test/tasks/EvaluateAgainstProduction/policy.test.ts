import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TaskError } from '../../../lib/agent/errors';
import { defaultPolicy, readPolicy } from '../../../tasks/EvaluateAgainstProduction/policy';

describe('the policy', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'policy-'));
  const file = path.join(folder, 'policy.yml');
  after(() => rmSync(folder, { recursive: true }));

  it('has defaults', async () => {
    assert.deepEqual(await readPolicy(undefined), defaultPolicy);
  });

  it('takes what the file says', async () => {
    writeFileSync(file, 'confidence: 0.9\nseed: 20\nguardrails:\n  - { metric: mae, margin: 0.5 }\n');
    const policy = await readPolicy(file);
    assert.deepEqual([policy.confidence, policy.seed, policy.resamples], [0.9, 20, defaultPolicy.resamples]);
    assert.deepEqual(policy.guardrails, [{ metric: 'mae', margin: 0.5 }]);
    assert.match(policy.sha256 ?? '', /^[0-9a-f]{64}$/);
  });

  it('names segments by column and value', async () => {
    writeFileSync(
      file,
      'segments:\n  - column: Region\n    values: [north, " south ", 1.0, true]\n  - { column: plan, values: [a] }\n',
    );
    assert.deepEqual((await readPolicy(file)).segments, [
      { column: 'Region', values: ['north', 'south', '1.0', 'true'] },
      { column: 'plan', values: ['a'] },
    ]);
  });

  const wrong: [string, RegExp][] = [
    ['segments: region', /policy\.yml:1:11: segments must be a list/],
    ['segments:\n  - column: a\n    value: [x]', /policy\.yml:3:5: unknown key "value"/],
    ['segments:\n  - { column: a }', /policy\.yml:2:5: "values" is missing/],
    ['segments:\n  - { column: a, values: [] }', /policy\.yml:2:26: values are missing/],
    ['segments:\n  - { column: a, values: [x, x] }', /policy\.yml:2:26: a value is there twice/],
    ['segments:\n  - { column: a, values: [x, [y]] }', /policy\.yml:2:30: .* must be a single value/],
    ["segments:\n  - { column: a, values: ['  '] }", /policy\.yml:2:27: a value has 1 to 500 characters/],
    ['segments:\n  - { column: Truth, values: [x] }', /policy\.yml:2:15: column "Truth" cannot be a segment/],
    [
      'segments:\n  - { column: a, values: [x] }\n  - { column: A, values: [y] }',
      /policy\.yml:3:15: column "A" cannot be a segment/,
    ],
    [
      `segments:\n  - { column: a, values: [${Array.from({ length: 101 }, (_, index) => index).join()}] }`,
      /policy\.yml:2:5: segments have more than 100 values/,
    ],
    ['confidense: 0.9', /policy\.yml:1:1: unknown key "confidense"/],
    ['seed: 1\nconfidence: 1.5', /policy\.yml:2:13: confidence is 1\.5/],
    ['resamples: 10', /policy\.yml:1:12: resamples is 10/],
    ['seed: 1.5', /policy\.yml:1:7: seed is 1\.5/],
    ['margin: lots', /policy\.yml:1:9: margin must be a number/],
    ['guardrails:\n  - { metric: msre, margin: 1 }', /policy\.yml:2:15: metric "msre" is unknown/],
    ['guardrails:\n  - { metric: mse }', /policy\.yml:2:5: "margin" is missing/],
    ['margin: 1\nminimumImprovement: 1', /policy\.yml:2:1: margin and minimumImprovement contradict/],
  ];
  for (const [content, pattern] of wrong) {
    it(`refuses ${JSON.stringify(content)} with line and column`, async () => {
      writeFileSync(file, content);
      await assert.rejects(readPolicy(file), (error) => error instanceof TaskError && pattern.test(error.message));
    });
  }

  it('names a file that cannot be read', async () => {
    await assert.rejects(readPolicy(path.join(folder, 'none.yml')), /none\.yml cannot be read/);
  });
});
