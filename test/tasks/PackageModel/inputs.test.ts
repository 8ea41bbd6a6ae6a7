import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readInputs } from '../../../tasks/PackageModel/inputs';
import { FakeAgent } from '../../support/fake-agent';

const folder = mkdtempSync(path.join(tmpdir(), 'package-inputs-'));
mkdirSync(path.join(folder, 'serving', 'sub'), { recursive: true });
for (const file of ['serving/score.py', 'serving/sub/score.py', 'serving/conda.yml', 'other.py']) {
  writeFileSync(path.join(folder, file), '');
}

const common = {
  azureSubscription: 'id',
  resourceGroup: 'rg',
  workspace: 'ws',
  modelName: 'Churn',
  modelVersion: '7',
  codeDirectory: path.join(folder, 'serving'),
  scoringScript: 'score.py',
  condaFile: path.join(folder, 'serving/conda.yml'),
};

function read(more: Record<string, string>) {
  return readInputs(new FakeAgent({ inputs: { ...common, ...more }, variables: { 'Build.BuildId': '481' } }));
}

describe('inputs of PackageModel', () => {
  it("name the image after the model and tag it with the model's version and the run", () => {
    const { imageName, tag, registry, scoringScript } = read({});
    assert.deepEqual([imageName, tag, registry, scoringScript], ['churn', '7-481', undefined, 'score.py']);
    assert.equal(read({ scoringScript: './sub//score.py' }).scoringScript, 'sub/score.py');
  });

  const refused: [Record<string, string>, RegExp][] = [
    [{ modelName: '' }, /"modelName"/],
    [{ modelName: 'a/b' }, /"modelName" is "a\/b"/],
    [{ modelVersion: 'latest' }, /"modelVersion" is "latest"/],
    [{ modelVersion: '../7' }, /"modelVersion"/],
    [{ codeDirectory: '' }, /"codeDirectory" is missing/],
    [{ codeDirectory: path.join(folder, 'none') }, /none does not exist/],
    [{ codeDirectory: path.join(folder, 'other.py') }, /is not a folder/],
    [{ condaFile: folder }, /is not a file/],
    [{ scoringScript: '../other.py' }, /is not below/],
    [{ scoringScript: path.join(folder, 'serving/score.py') }, /is not below/],
    [{ scoringScript: 'none.py' }, /none\.py does not exist/],
    [{ imageName: 'Churn' }, /"imageName" is "Churn"/],
    [{ imageName: 'a:1' }, /"imageName"/],
    [{ modelName: 'a__.b', imageName: '' }, /makes no image name/],
    [{ workspace: '' }, /"workspace"/],
  ];
  for (const [more, message] of refused) {
    it(`refuse ${JSON.stringify(more).replaceAll(folder, '…')}`, () => {
      assert.throws(() => read(more), message);
    });
  }
});
