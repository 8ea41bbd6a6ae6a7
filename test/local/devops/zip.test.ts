import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHash, randomBytes } from 'node:crypto';

import { zipOf } from '../../../local/devops/zip';
import { temporaryFolder } from './support';

/** Reads an archive with Python's own module, an independent judge. */
const read =
  'import sys,zipfile,hashlib,json;z=zipfile.ZipFile(sys.argv[1]);assert z.testzip() is None;print(json.dumps({n:hashlib.sha256(z.read(n)).hexdigest() for n in z.namelist()}))';

describe('the zip of an artifact', () => {
  it('is one that Python reads back, with small, empty, large and oddly named files', async function () {
    if (spawnSync('python3', ['--version']).status !== 0) {
      this.skip();
    }
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'in', 'deep', 'größe'), { recursive: true });
    const contents: Record<string, Buffer> = {
      'a.txt': Buffer.from('text '.repeat(1000)),
      empty: Buffer.alloc(0),
      'deep/größe/ü b.bin': randomBytes(5000),
      large: randomBytes(9 * 1024 * 1024),
    };
    for (const [name, content] of Object.entries(contents)) writeFileSync(join(folder, 'in', name), content);
    const chunks: Buffer[] = [];
    for await (const chunk of zipOf(join(folder, 'in'), 'drop')) chunks.push(Buffer.from(chunk as Buffer));
    writeFileSync(join(folder, 'out.zip'), Buffer.concat(chunks));
    const { stdout, stderr } = spawnSync('python3', ['-c', read, join(folder, 'out.zip')], { encoding: 'utf8' });
    const expected = Object.fromEntries(
      Object.keys(contents).map((name) => [
        `drop/${name}`,
        createHash('sha256')
          .update(readFileSync(join(folder, 'in', name)))
          .digest('hex'),
      ]),
    );
    assert.deepEqual(JSON.parse(stdout === '' ? JSON.stringify(stderr) : stdout), expected);
  });
});
