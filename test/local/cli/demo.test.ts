import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { findRunning } from '../../../local/cli/running';
import { anything, check, flag, list, map, number, optional, shape, text } from '../../../local/devops/shape';

const script = join(__dirname, '..', '..', '..', 'build', 'mlops.js');

const outcomeShape = shape({
  result: text,
  run: shape({ number: text, requestedFor: text }),
  stages: list(shape({ stage: text, result: text })),
  decision: optional(shape({ decision: text, why: text, evidence: text })),
  approvedBy: optional(text),
  deployedToProduction: flag,
  endpoints: list(shape({ name: text, url: text, traffic: map(number), model: text })),
  staging: list(shape({ name: text, url: text })),
  scored: optional(shape({ status: number, answer: text, milliseconds: number })),
  totalSeconds: number,
  errors: list(anything),
});

describe('mlops demo', function () {
  // The first run installs the Python packages of job, image and endpoint.
  this.timeout(360_000);
  let folder: string;
  let opener: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mlops-demo-'));
    opener = join(folder, 'bin');
    mkdirSync(opener);
    for (const name of ['xdg-open', 'open']) {
      writeFileSync(join(opener, name), `#!/bin/sh\nprintf %s "$1" > "${folder}/opened"\n`, { mode: 0o755 });
    }
  });
  after(() => {
    spawnSync(process.execPath, [script, 'down'], { cwd: folder });
    rmSync(folder, { recursive: true, force: true });
  });

  async function demo(...args: string[]): Promise<ReturnType<typeof outcomeShape>> {
    const child = spawn(process.execPath, [script, 'demo', '--json', ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: `${opener}${delimiter}${process.env['PATH'] ?? ''}` },
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 0, `${err}\n${out}`);
    assert.equal(findRunning(join(folder, '.mlops')) !== undefined, args.includes('--open'));
    return check(outcomeShape, JSON.parse(out), 'the outcome');
  }

  function predictions(scored: { status: number; answer: string } | undefined): number[] {
    assert.equal(scored?.status, 200);
    const [value = NaN] = check(
      shape({ predictions: list(number) }),
      JSON.parse(scored.answer),
      'the answer',
    ).predictions;
    assert.ok(value > 25 && value < 346, `${value} is outside of what was ever measured`);
    return [value];
  }

  it('takes the first model to production; a worse one afterwards changes nothing there', async () => {
    const first = await demo();
    assert.deepEqual(
      first.stages.map((one) => `${one.stage} ${one.result}`),
      ['Validate', 'Train', 'Evaluate', 'Register', 'Package', 'Staging', 'Production'].map(
        (name) => `${name} succeeded`,
      ),
    );
    assert.deepEqual(
      [first.decision?.decision, first.deployedToProduction, first.approvedBy, first.run.requestedFor],
      ['firstModel', true, 'Ben Okafor', 'Ana Ruiz'],
    );
    assert.match(first.decision?.why ?? '', /mse 3298\.9/);
    const [endpoint] = first.endpoints;
    assert.match(endpoint?.model ?? '', /\/models\/diabetes\/versions\/1$/);
    assert.deepEqual(Object.values(endpoint?.traffic ?? {}), [100]);
    const before = predictions(first.scored);

    const second = await demo('--open', '--set', 'alpha=2.0');
    assert.equal(second.result, 'succeeded');
    assert.deepEqual(
      [second.decision?.decision, second.deployedToProduction, second.approvedBy],
      ['notBetter', false, undefined],
    );
    assert.deepEqual(
      second.stages.filter((one) => one.result === 'skipped').map((one) => one.stage),
      ['Register', 'Package', 'Staging', 'Production'],
    );
    assert.deepEqual(second.endpoints, first.endpoints);
    assert.deepEqual(predictions(second.scored), before);

    const page = await fetch(readFileSync(join(folder, 'opened'), 'utf8'));
    assert.equal(page.status, 200, 'the address that the browser was given is that of the hub');
    assert.match(await page.text(), /<title>/);
  });
});
