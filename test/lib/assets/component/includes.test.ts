import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { folderOf, registered } from './support';

const yaml = (includes: string, code = 'code: src\n'): string =>
  `name: a\ntype: command\ncommand: x\nenvironment: azureml:e:1\n${code}additional_includes: ${includes}\n`;

const files = {
  'src/main.py': 'm',
  'src/x.log': '',
  'src/__pycache__/m.pyc': '',
  'src/.amlignore': '*.log\n',
  'common/help.py': 'h',
  'common/help.log': '',
  'common/skip/s.py': '',
  'common/.gitignore': 'skip\n',
  'lone.txt': 'l',
};

async function uploaded(folder: string): Promise<string[]> {
  return (await registered(folder)).uploads.flatMap((upload) => upload.files.map((file) => file.path));
}

describe('additional includes of a component', () => {
  it('lie beside the content of the code folder; the ignore files of both count', async () => {
    const folder = folderOf({ ...files, 'component.yml': yaml('[common, ./lone.txt]') });
    const root = 'code_with_additional_includes';
    assert.deepEqual(await uploaded(folder), [
      `${root}/.amlignore`,
      `${root}/common/.gitignore`,
      `${root}/common/help.py`,
      `${root}/lone.txt`,
      `${root}/main.py`,
    ]);
    assert.deepEqual((await registered(folder)).spec['additional_includes'], ['common', './lone.txt']);
  });

  it('are the whole code where there is no code folder', async () => {
    const folder = folderOf({ ...files, 'component.yml': yaml('[lone.txt]', '') });
    assert.deepEqual(await uploaded(folder), ['code_with_additional_includes/lone.txt']);
  });

  it('without any, the code folder alone goes up under its own name', async () => {
    const folder = folderOf({ ...files, 'component.yml': yaml('[]') });
    assert.deepEqual(await uploaded(folder), ['src/.amlignore', 'src/main.py']);
  });

  it('are refused when they are not there, or the code has one of that name', async () => {
    const missing = folderOf({ ...files, 'component.yml': yaml('[common, none]') });
    await assert.rejects(uploaded(missing), /component\.yml:6:31: additional_includes\[1\]: .*none does not exist/);
    const taken = folderOf({ ...files, 'src/common/x.py': '', 'component.yml': yaml('[common]') });
    await assert.rejects(uploaded(taken), /additional_includes\[0\]: the code has common as well/);
  });

  it('may be linked into the code folder', async () => {
    const folder = folderOf({ ...files, 'component.yml': yaml('[lone.txt]') });
    symlinkSync('../lone.txt', path.join(folder, 'src', 'lone.txt'));
    assert.ok((await uploaded(folder)).includes('code_with_additional_includes/lone.txt'));
  });

  it('follow links in the repository, each judged by its own name; the ignore file of a linked folder counts', async () => {
    const shared = { ...files, 'inc/i.py': 'i', '.git/HEAD': '' };
    const folder = folderOf({ ...shared, 'component.yml': yaml('[linked, lone.log]', 'code: code\n') });
    const links = { code: 'src', linked: 'inc', 'lone.log': 'lone.txt', 'src/Shared': '../common', 'src/h.log': '../lone.txt', 'inc/up': '../common/help.py' }; // prettier-ignore
    for (const [name, target] of Object.entries(links)) symlinkSync(target, path.join(folder, name));
    const root = 'code_with_additional_includes';
    assert.deepEqual(await uploaded(folder), [
      `${root}/.amlignore`,
      `${root}/inc/i.py`,
      `${root}/inc/up`,
      `${root}/lone.txt`,
      `${root}/main.py`,
      `${root}/Shared/.gitignore`,
      `${root}/Shared/help.py`,
    ]);
  });

  const refused: [what: string, name: string, target: string, message: RegExp][] = [
    ['out of the repository', 'src/users', '/etc/passwd', /:5:7: code: .*src\/users is a link that leads out of .*, to \/etc\/passwd/],
    ['out of it in an include', 'common/users', '/etc', /:6:23: additional_includes\[0\]: .*common\/users is a link that leads out of .*, to \/etc/],
    ['in a circle', 'common/up', '..', /:6:23: additional_includes\[0\]: .*common\/up is a link to .*, which would contain itself/],
    ['nowhere', 'src/gone', 'none', /:5:7: code: .*src\/gone is a link that leads nowhere, to none/],
    ['nowhere, as an include', 'gone', 'none', /:6:31: additional_includes\[1\]: .*gone is a link that leads nowhere, to none/],
  ]; // prettier-ignore
  for (const [what, name, target, message] of refused) {
    it(`are refused with a link that leads ${what}`, async () => {
      const includes = name === 'gone' ? '[common, gone]' : '[common]';
      const folder = folderOf({ ...files, '.git/HEAD': '', 'component.yml': yaml(includes) });
      symlinkSync(target, path.join(folder, name));
      await assert.rejects(uploaded(folder), message);
    });
  }
});
