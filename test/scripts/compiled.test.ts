import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { wrap } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Script } from 'node:vm';

const built = path.resolve(__dirname, '..', '..', 'build', 'translator');

describe('the compiled code beside the translator', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'compiled-'));
    for (const file of ['index.js', 'script.js']) copyFileSync(path.join(built, file), path.join(folder, file));
    writeFileSync(path.join(folder, 'cluster.yml'), 'type: amlcompute\nname: cpu\n');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const validate = (): number | null =>
    spawnSync(process.execPath, ['index.js', 'validate', 'cluster.yml'], { cwd: folder }).status;

  it('is taken by the Node that built it', () => {
    const filename = path.join(built, 'script.js');
    const cachedData = readFileSync(`${filename}.compiled`);
    const script = new Script(wrap(readFileSync(filename, 'utf8')), { filename, cachedData });
    assert.equal(script.cachedDataRejected, false);
  });

  it('is not needed, and never trusted when it is not of this script', () => {
    assert.ok(!existsSync(path.join(folder, 'script.js.compiled')));
    assert.equal(validate(), 0);
    writeFileSync(path.join(folder, 'script.js.compiled'), 'of something else');
    assert.equal(validate(), 0);
  });
});
