import assert from 'node:assert/strict';
import { hasContracts } from '../../support/contracts';
import { comparer, expectedFiles, translate } from './parity';

/**
 * Files whose calls still differ from the Python SDK's, each with the reason. The list may only get shorter: a file in it
 * that has come to agree fails the test.
 */
const different: Record<string, string> = {};

describe('Azure ML files against the recorded calls of azure-ai-ml', function () {
  if (!hasContracts('aml-files')) {
    it('needs ../shared/contracts/aml-files, which is not here', function () {
      this.skip();
    });
    return;
  }
  for (const kind of ['command job', 'environment']) {
    it(`translates every ${kind} file into the same calls`, async () => {
      const compare = await comparer();
      const files = expectedFiles(kind);
      const problems: string[] = [];
      let equal = 0;
      for (const expected of files) {
        const differences = compare(expected, await translate(expected));
        const isListed = expected.file in different;
        if (differences.length === 0) equal++;
        if ((differences.length === 0) === isListed) {
          problems.push(
            `${expected.file}: ${isListed ? 'now equal, take it off the list' : JSON.stringify(differences, null, 1)}`,
          );
        }
      }
      process.stdout.write(`      ${kind}: ${equal} of ${files.length} equal, ${files.length - equal} on the list\n`);
      assert.ok(files.length > 5);
      assert.deepEqual(problems, []);
    });
  }
});
