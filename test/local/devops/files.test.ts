import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { makeFolder, readDocument } from '../../../local/devops/files';
import { number, shape } from '../../../local/devops/shape';
import { temporaryFolder } from './support';

describe('the folder of the state', () => {
  it('is made with those above it, for its owner only', () => {
    const folder = join(temporaryFolder(), 'a', 'b');
    makeFolder(folder);
    makeFolder(folder);
    assert.equal(statSync(folder).mode & 0o077, 0);
  });

  it('is refused at once where none can be', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    assert.throws(() => makeFolder(file), { code: 'EEXIST' });
    assert.throws(() => makeFolder(join(file, 'below')));
    // In a process of its own: a call that never returns is not to hold the tests.
    const code = "require('./local/devops/files.ts').makeFolder('/proc/x/y')";
    const { stderr, signal } = spawnSync(process.execPath, ['--require', 'tsx/cjs', '-e', code], {
      cwd: join(__dirname, '..', '..', '..'),
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.equal(signal, null);
    assert.match(stderr, /E(NOENT|ACCES|PERM|ROFS).*\/proc/);
  });
});

describe('a document of the state', () => {
  const ports = shape({ page: number });

  for (const [content, reason] of [
    ['{"secret', 'it is not JSON.'],
    ['{"page":"x"}', "$.page: expected a number, found 'x'."],
  ] as const) {
    it(`that is damaged is named, with what is wrong and what helps: ${content}`, () => {
      const file = join(temporaryFolder(), 'ports.json');
      writeFileSync(file, content);
      const message = (advice: string): string => `The state file ${file} cannot be read: ${reason} ${advice}`;
      assert.throws(() => readDocument(file, ports), { message: message('Remove the state folder to start afresh.') });
      assert.throws(() => readDocument(file, ports, 'Remove it.'), { message: message('Remove it.') });
    });
  }
});
