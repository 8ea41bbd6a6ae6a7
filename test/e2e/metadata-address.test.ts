import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { namespaceProblem, skip } from '../support/clients';

const script = path.join(__dirname, 'fixtures', 'metadata-address.ts');

describe('metadata service at its real address', function () {
  this.timeout(120_000);
  let folder: string;

  before(function () {
    const problem = namespaceProblem();
    if (problem !== undefined) skip(this, problem);
    folder = mkdtempSync(path.join(os.tmpdir(), 'metadata-address-'));
  });
  after(() => {
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  it('gives a task its token inside a network namespace', () => {
    const inside = 'ip link set lo up && ip address add 169.254.169.254/32 dev lo && exec "$@"';
    const tsx = path.join(path.dirname(require.resolve('tsx/package.json')), 'dist', 'cli.mjs');
    const result = spawnSync('unshare', ['-rn', 'sh', '-c', inside, 'sh', process.execPath, tsx, script, folder], {
      encoding: 'utf8',
    });
    assert.equal(result.status, 0, result.stdout + result.stderr);
    assert.match(result.stdout, /Workspace mlw-mlops/);
    assert.match(result.stdout, /no-such-job/);
  });
});
