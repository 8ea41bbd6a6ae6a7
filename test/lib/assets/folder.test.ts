import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { contentHash, listAsset, objectHash } from '../../../lib/assets/folder';
import { checkUnchanged, contentsOf } from '../../../lib/assets/read-files';

function folder(files: Record<string, string>): string {
  const root = path.join(mkdtempSync(path.join(tmpdir(), 'asset-')), 'src');
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), content);
  }
  return root;
}

const names = (root: string): string[] => listAsset(root, 'code').files.map((file) => file.path);

describe('a folder to upload', () => {
  it('lists files in order of their lower-cased paths', () => {
    assert.deepEqual(names(folder({ 'Zed.py': '', 'a/b.py': '', 'a.py': '', _x: '' })), [
      '_x',
      'a.py',
      'a/b.py',
      'Zed.py',
    ]);
  });

  it('takes .amlignore before .gitignore', () => {
    const files = { '.amlignore': '*.csv\n', '.gitignore': '*.py\n', 'a.py': '', 'b.csv': '' };
    assert.deepEqual(names(folder(files)), ['.amlignore', '.gitignore', 'a.py']);
  });

  it('lets a later rule bring a file of an excluded folder back', () => {
    const files = {
      '.amlignore': 'data/\n!data/keep.csv\n# data/keep.csv\n',
      'data/keep.csv': '',
      'data/x.csv': '',
      'a.py': '',
    };
    assert.deepEqual(names(folder(files)), ['.amlignore', 'a.py', 'data/keep.csv']);
  });

  it('refuses a symbolic link, unless it is left out', () => {
    const root = folder({ 'a.py': '' });
    symlinkSync('/etc/passwd', path.join(root, 'link'));
    assert.throws(() => listAsset(root, 'code'), /code: .*link is a symbolic link; it is not uploaded/);
    writeFileSync(path.join(root, '.amlignore'), 'link\n');
    assert.deepEqual(names(root), ['.amlignore', 'a.py']);
  });

  it('refuses a folder that is a link, is missing, or has nothing left', () => {
    const root = folder({ 'a.py': '', '.gitignore': '*\n' });
    assert.throws(() => listAsset(root, 'code'), /holds no file to upload/);
    assert.throws(() => listAsset(`${root}/none`, 'code'), /does not exist/);
    symlinkSync(root, `${root}-link`);
    assert.throws(() => listAsset(`${root}-link`, 'code'), /symbolic link/);
  });
});

describe('a folder of very many files', () => {
  it('is refused as soon as there are more than fit', () => {
    const root = folder({ 'a.py': '', 'b/c.py': '', 'b/d.py': '' });
    assert.equal(listAsset(root, 'code', [], 3).files.length, 3);
    assert.throws(() => listAsset(root, 'job.yml:3:7', [], 2), /job\.yml:3:7: .* holds more than 2 files/);
  });
});

describe('the content of files', () => {
  it('comes in order, in pieces, an empty file as one empty piece', async () => {
    const big = 'x'.repeat(512 * 1024) + 'end';
    const asset = listAsset(folder({ 'a.txt': 'a', 'b.bin': big, 'c.txt': '', 'd.txt': 'd' }), 'code');
    const sizes: number[] = [];
    const text: string[] = [];
    for await (const piece of contentsOf(asset.files)) {
      sizes.push(piece.length);
      text.push(piece.toString());
    }
    assert.deepEqual(sizes, [1, 512 * 1024, 3, 0, 1]);
    assert.equal(text.join(''), `a${big}d`);
  });

  it('of more files than are read ahead is whole', async () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`${index}.txt`, `${index};`]));
    const asset = listAsset(folder(many), 'code');
    const text: string[] = [];
    for await (const piece of contentsOf(asset.files)) text.push(piece.toString());
    assert.equal(text.join(''), asset.files.map((file) => `${parseInt(file.path)};`).join(''));
  });

  const changes: [string, (file: string) => void, RegExp][] = [
    ['grew', (file) => appendFileSync(file, 'x'), /b\.py changed while it was read/],
    ['shrank', (file) => truncateSync(file, 1), /b\.py changed while it was read/],
    ['was written again', (file) => utimesSync(file, 1, 1), /b\.py changed while it was read/],
    ['is gone', (file) => rmSync(file), /b\.py cannot be read: ENOENT/],
  ];
  for (const [what, change, message] of changes) {
    it(`is refused when a file ${what} after it was listed, whichever hash is made`, async () => {
      const asset = listAsset(folder({ 'a.py': 'aa', 'b.py': 'bb', 'c.py': 'cc' }), 'code');
      change(path.join(asset.root, 'b.py'));
      await assert.rejects(contentHash(asset), message);
      await assert.rejects(objectHash(asset), message);
    });
  }
});

it('a file that changed since it was listed is noticed before its upload counts as complete', () => {
  const [file] = listAsset(folder({ 'a.py': 'aa' }), 'code').files;
  assert.ok(file);
  checkUnchanged(file);
  appendFileSync(file.file, 'x');
  assert.throws(() => checkUnchanged(file), /a\.py changed while it was read or uploaded/);
  rmSync(file.file);
  assert.throws(() => checkUnchanged(file), /a\.py changed/);
});

describe('the hashes of an asset', () => {
  it('follow the published algorithms', async () => {
    const asset = listAsset(folder({ 'B.txt': 'bb', 'a/c.txt': 'c' }), 'code');
    const code = createHash('sha256').update('2#a/c.txt#1#B.txt#2cbb').digest('hex');
    assert.equal(await contentHash(asset), code);
    const object = createHash('sha256')
      .update('Initialize for october 2021 AML CLI versionac.txtcB.txtbb')
      .digest('hex');
    assert.equal(await objectHash(asset), object);
    const single = listAsset(path.join(asset.root, 'B.txt'), 'data');
    assert.equal(
      await objectHash(single),
      createHash('sha256').update('Initialize for october 2021 AML CLI versionbb').digest('hex'),
    );
  });

  it('count the entries of a folder before those that sort after its name, empty files too', async () => {
    const asset = listAsset(folder({ 'a.b': '1', 'a/z': '', 'A/y/x': '3', b: '4' }), 'data');
    const object = createHash('sha256').update('Initialize for october 2021 AML CLI versionAyx3aza.b1b4').digest('hex');
    assert.equal(await objectHash(asset), object);
  });

  it('are equal for equal content wherever the folder is, and differ for any other content', async () => {
    const file = fc.stringMatching(/^[a-zA-Z0-9_]{1,6}$/);
    const content = fc.dictionary(file, fc.string({ maxLength: 20 }), {
      minKeys: 1,
      maxKeys: 4,
      noNullPrototype: true,
    });
    await fc.assert(
      fc.asyncProperty(content, async (files) => {
        const hash = await contentHash(listAsset(folder(files), 'code'));
        assert.equal(await contentHash(listAsset(folder(files), 'code')), hash);
        const [first = ''] = Object.keys(files);
        assert.notEqual(
          await contentHash(listAsset(folder({ ...files, [first]: `${files[first] ?? ''}x` }), 'code')),
          hash,
        );
      }),
      { numRuns: 25 },
    );
  });
});
