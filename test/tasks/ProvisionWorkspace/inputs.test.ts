import assert from 'node:assert/strict';
import path from 'node:path';
import { findFiles } from '../../../tasks/ProvisionWorkspace/files';
import { readInputs } from '../../../tasks/ProvisionWorkspace/inputs';
import { changesByFile } from '../../../tasks/ProvisionWorkspace/set';
import { FakeAgent } from '../../support/fake-agent';
import { folderWith } from '../../support/memory-workspace';

const common = { azureSubscription: 'id', resourceGroup: 'rg', workspace: 'ws', files: 'a.yml\n# no\n\nb/*.yml' };
const variables = { 'System.DefaultWorkingDirectory': '/repo' };

describe('inputs of ProvisionWorkspace', () => {
  it('have defaults; files start at the repository', () => {
    assert.deepEqual(
      readInputs(new FakeAgent({ inputs: common, variables: { ...variables, 'Build.SourcesDirectory': '/repo' } })),
      {
        workspaceFile: undefined,
        files: ['/repo/a.yml', '/repo/b/*.yml'],
        root: '/repo',
        set: undefined,
        planOnly: false,
        timeoutMinutes: 60,
      },
    );
  });

  const refused: [string, string, RegExp][] = [
    ['workspace', '', /"workspace"/], ['workspaceFile', '/no/such.yml', /"workspaceFile"/], ['files', '', /Neither/],
    ['planOnly', 'perhaps', /"planOnly"/], ['timeoutMinutes', '0', /"timeoutMinutes"/], ['timeoutMinutes', '9999', /"timeoutMinutes"/],
  ]; // prettier-ignore
  for (const [name, value, message] of refused) {
    it(`name ${name} when it is "${value}"`, () => {
      assert.throws(() => readInputs(new FakeAgent({ inputs: { ...common, [name]: value }, variables })), message);
    });
  }
});

describe('files of ProvisionWorkspace', () => {
  const folder = folderWith({ 'b.yml': '', 'a.yml': '', 'deep/c.yml': '', 'd.txt': '' });
  const names = async (...lines: string[]): Promise<string[]> =>
    (await findFiles(lines.map((line) => path.join(folder, line)))).map((file) => path.relative(folder, file));

  it('are taken once, in the order of lines and names', async () => {
    assert.deepEqual(await names('deep/c.yml', '*.yml', 'a.yml'), ['deep/c.yml', 'a.yml', 'b.yml']);
    assert.deepEqual(await names('**/*.yml'), ['a.yml', 'b.yml', 'deep/c.yml']);
  });

  it('must be there', async () => {
    await assert.rejects(names('x.yml'), /there is no file/);
    await assert.rejects(names('*.json'), /No file matches/);
    await assert.rejects(names('deep'), /is a folder/);
    await assert.rejects(names('no/*.yml'), /There is no folder/);
  });
});

describe('changes to the files of ProvisionWorkspace', () => {
  const files = ['/r/azureml/cluster.yml', '/r/azureml/store.yml'];

  it('go to the file that a line names', () => {
    const changes = changesByFile('cluster.yml: max_instances=4\nazureml/store.yml: tags.a=b: c=d', files);
    assert.deepEqual(
      [...changes],
      [
        [files[0], ['max_instances=4']],
        [files[1], ['tags.a=b: c=d']],
      ],
    );
    assert.deepEqual([...changesByFile('size=x', ['/r/a.yml'])], [['/r/a.yml', ['size=x']]]);
  });

  it('must name one of several files', () => {
    assert.throws(() => changesByFile('size=x', files), /does not say which file/);
    assert.throws(() => changesByFile('other.yml: size=x', files), /"other.yml" .* is none of the files/);
    assert.throws(() => changesByFile('a.yml: b=c', ['/r/x/a.yml', '/r/y/a.yml']), /is several of the files/);
  });
});
