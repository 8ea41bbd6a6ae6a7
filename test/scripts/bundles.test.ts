import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { taskNames } from '../../scripts/build';

const build = path.resolve(__dirname, '..', '..', 'build', 'tasks');

/** Every agent downloads a task's zip before its first job, and some unpack it at every run. */
const largestZip = 300_000;
const mostFiles = 5;

describe('built tasks', () => {
  for (const name of taskNames()) {
    it(`${name} is small: one bundle, at most ${mostFiles} files, ${largestZip} bytes zipped`, () => {
      const folder = path.join(build, name);
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
      assert.ok(files.length <= mostFiles, files.join(', '));
      assert.deepEqual(
        files.filter((file) => file.endsWith('.js')),
        ['index.js'],
      );
      const zipped = files.map(
        (file) => deflateRawSync(readFileSync(path.join(folder, file)), { level: 9 }).length + 150,
      );
      const total = zipped.reduce((sum, size) => sum + size, 0);
      assert.ok(total <= largestZip, `${total} bytes`);
    });
  }
});
