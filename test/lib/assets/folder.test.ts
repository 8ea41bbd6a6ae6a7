import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import type { TaskError } from '../../../lib/agent/errors';
import { contentHash, listAsset, markedFile, objectHash } from '../../../lib/assets/folder';
import { checkUnchanged, contentsOf } from '../../../lib/assets/read-files';

function folder(files: Record<string, string>): string {
  const root = path.join(mkdtempSync(path.join(tmpdir(), 'asset-')), 'repo/src');
  mkdirSync(root, { recursive: true });
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

  it('refuses one that is missing, or has nothing left', () => {
    const root = folder({ 'a.py': '', '.gitignore': '*\n' });
    assert.throws(() => listAsset(root, 'code'), /holds no file to upload/);
    assert.throws(() => listAsset(`${root}/none`, 'code'), /does not exist/);
  });
});

describe('links in a folder to upload', () => {
  /** A repository whose `src` holds these links, and `src/a.py`. */
  function linked(
    links: Record<string, string>,
    files: Record<string, string> = {},
  ): { root: string; project: string } {
    const root = realpathSync(folder({ 'a.py': 'a', '../shared/help.py': 'h', '../../key': 'secret', ...files }));
    for (const [name, target] of Object.entries(links)) symlinkSync(target, path.join(root, name));
    return { root, project: path.dirname(root) };
  }

  const paths = ({ root, project }: { root: string; project: string }): string[] =>
    listAsset(root, 'code', { project }).files.map((file) => file.path);

  it('stand for what they lead to: files, hashes and the marked file are those of the Python SDK', async () => {
    const files = {
      'main.py': '1',
      '.amlignore': '*.log\n/shared\n',
      '../shared/help.py': '22',
      '../shared/inner/Deep.py': '333',
      '../shared/skip.log': 'x',
      '../shared/note.txt': 'n',
      '../shared/.gitignore': '*.txt\n',
      'own/x.log': '',
    };
    const links = {
      Common: '../shared',
      'own/again': '../../shared/inner',
      'beside.py': 'main.py',
      '../shared/inner/Up.py': '../help.py',
      '../code': 'src',
    };
    const { root, project } = linked(links, files);
    rmSync(path.join(root, 'a.py'));
    for (const named of [root, path.join(project, 'code')]) {
      const asset = listAsset(named, 'code', { project });
      assert.deepEqual([asset.name, asset.root], ['src', root]);
      assert.deepEqual(
        asset.files.map((file) => [file.path, file.size]),
        [
          ['.amlignore', 14],
          ['beside.py', 1],
          ['Common/.gitignore', 6],
          ['Common/help.py', 2],
          ['Common/inner/Deep.py', 3],
          ['Common/inner/Up.py', 2],
          ['Common/note.txt', 1],
          ['main.py', 1],
          ['own/again/Deep.py', 3],
          ['own/again/Up.py', 2],
        ],
      );
      assert.equal(asset.files[5]?.file, path.join(project, 'shared/help.py'));
      assert.equal(markedFile(asset.files)?.path, 'Common/.gitignore');
      assert.equal(await contentHash(asset), '4623d9fb9d299c4f3a66577e6be9f5c22faf775f8f2962dd28985f472e330a6f');
      assert.equal(await objectHash(asset), '5e4815589e5c0f156205be01f9f79b3934b8f72066f60ef9ede428859188f9f4');
    }
  });

  it('are judged by the ignore file, as is what lies behind them, by its own path', () => {
    const links = { common: '../shared', gone: 'nowhere', out: '../../key', up: '..' };
    const rules = (text: string): string[] => paths(linked(links, { '.amlignore': `${text}gone\nout\nup/\n` }));
    assert.deepEqual(rules(''), ['.amlignore', 'a.py', 'common/help.py']);
    assert.deepEqual(rules('/common\n'), ['.amlignore', 'a.py']);
    assert.deepEqual(rules('common/\n!help.py\n'), ['.amlignore', 'a.py']);
    assert.deepEqual(rules('shared/\n'), ['.amlignore', 'a.py']);
    assert.deepEqual(rules('common/help.py\n'), ['.amlignore', 'a.py', 'common/help.py']);
  });

  it('may lead to an ignore file, whose rules then count from where it is', () => {
    const shared = linked({ '.amlignore': '../rules' }, { '../rules': '/a.py\n/src/b.py\n', 'b.py': '' });
    assert.deepEqual(paths(shared), ['.amlignore', 'a.py']);
  });

  const refused: [what: string, links: Record<string, string>, message: RegExp][] = [
    ['out of the project', { key: '../../key' }, /^x:1:2: code: .*\/src\/key is a link that leads out of .*, to .*\/key\.$/],
    ['out of it by another link', { a: '../shared/b', '../shared/b': '/etc' }, /src\/a is a link that leads out of .*, to \/etc\.$/],
    ['out of it from a linked folder', { a: '../shared', '../shared/b': '../../key' }, /shared\/b is a link that leads out/],
    ['nowhere', { gone: '../none' }, /src\/gone is a link that leads nowhere, to \.\.\/none\.$/],
    ['to themselves', { self: 'self' }, /src\/self is a link that leads nowhere, to self\.$/],
    ['to their folder', { here: '.' }, /src\/here is a link to .*\/src, which would contain itself/],
    ['to a folder above', { up: '..' }, /src\/up is a link to .*, which would contain itself/],
    ['to each other', { a: '../shared', '../shared/b': '../src' }, /shared\/b is a link to .*\/src, which would contain itself/],
    ['to a device', { null: '../dev' , '../dev': '/dev/null' }, /src\/null is a link that leads out of/],
  ]; // prettier-ignore
  for (const [what, links, message] of refused) {
    it(`are refused when they lead ${what}`, () => {
      const { root, project } = linked(links);
      assert.throws(
        () => listAsset(root, 'x:1:2: code', { project }),
        (error: TaskError) => message.test(error.message) && /leave it out in \.amlignore/.test(error.advice ?? ''),
      );
    });
  }

  it('stay in the folder itself where there is no project', () => {
    const { root } = linked({ 'b.py': 'a.py' });
    assert.deepEqual(names(root), ['a.py', 'b.py']);
    symlinkSync('../shared', path.join(root, 'common'));
    assert.throws(() => listAsset(root, 'code'), /common is a link that leads out of .*src, to .*shared/);
  });

  it('that multiply count as often as they are followed', () => {
    const { root, project } = linked({});
    for (let level = 0; level < 40; level++) {
      mkdirSync(path.join(root, `${level}`));
      for (const name of ['l', 'r']) symlinkSync(`../${level + 1}`, path.join(root, `${level}`, name));
    }
    mkdirSync(path.join(root, '40'));
    assert.throws(() => listAsset(root, 'code', { project, most: 1_000 }), /holds more than 1000 files/);
  });

  it('that are changed, or put in the place of a file, after listing let nothing else be read', async () => {
    const { root, project } = linked({ 'b.py': '../shared/help.py' }, { '../../other': 'h' });
    const asset = listAsset(root, 'code', { project });
    const hash = await contentHash(asset);
    rmSync(path.join(root, 'b.py'));
    symlinkSync('../../other', path.join(root, 'b.py'));
    assert.equal(await contentHash(asset), hash);
    const help = path.join(project, 'shared/help.py');
    const { atime, mtime } = statSync(help);
    rmSync(help);
    symlinkSync('../../other', help);
    utimesSync(path.join(project, '../other'), atime, mtime);
    await assert.rejects(contentHash(asset), /help\.py (?:cannot be read|changed)/);
    assert.throws(() => asset.files.forEach(checkUnchanged), /help\.py changed/);
  });
});

describe('a folder of very many files', () => {
  it('is refused as soon as there are more than fit', () => {
    const root = folder({ 'a.py': '', 'b/c.py': '', 'b/d.py': '' });
    assert.equal(listAsset(root, 'code', { most: 3 }).files.length, 3);
    assert.throws(() => listAsset(root, 'job.yml:3:7', { most: 2 }), /job\.yml:3:7: .* holds more than 2 files/);
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

  it('have the names of folders that none of the files is in, unless they are left out by name', async () => {
    const files = { 'a/b/x.log': 'x', 'logs/in/y': 'y', 'cache/z': 'z', 'main.py': 'm' };
    const root = folder({ ...files, '.amlignore': '*.log\nlogs/\ncache\n' });
    mkdirSync(path.join(root, 'Empty'));
    const object = createHash('sha256')
      .update('Initialize for october 2021 AML CLI version.amlignore*.log\nlogs/\ncache\nabEmptylogsmain.pym')
      .digest('hex');
    assert.equal(await objectHash(listAsset(root, 'data')), object);
  });

  it('do not look into a folder that is left out by name, though files of it are brought back and uploaded', async () => {
    const root = folder({
      '.amlignore': '*.pyc\n!*.py\n',
      'keep/z.pyc/x.py': 'x\n',
      'only/z.pyc/o.py': 'o\n',
      'y.txt': 'y\n',
    });
    const asset = listAsset(root, 'data');
    assert.deepEqual(
      asset.files.map((file) => file.path),
      ['.amlignore', 'keep/z.pyc/x.py', 'only/z.pyc/o.py', 'y.txt'],
    );
    // As azure-ai-ml 1.35.2 hashes it.
    assert.equal(await objectHash(asset), '593a5e57bd53c1db5a3087f71c25b026fc7a4e69a48f64e85bc2b7239ae132be');
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
