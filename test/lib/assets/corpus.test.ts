import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { readAssetFile } from '../../../lib/assets/document';
import { kinds as allKinds } from '../../../lib/assets/kinds/all';
import { kindOfContent } from '../../../lib/assets/kinds/recognise';
import { hasContracts } from '../../support/contracts';
import {
  comparer,
  corpus,
  expectedFiles,
  setLinesOf,
  translated,
  workspaceId,
  type Difference,
  type Expected,
} from './corpus';
import { copyOfFiles, mutants, verdictOn, type Mutant } from './mutants';
import { fits, rowsBelow, type Row } from './parity-lists';

const place = /^\S+:\d+:\d+: /;
const mostDifferences = 15;

/**
 * Real files of the Azure ML CLI and what azure-ai-ml makes of each, and damaged copies of them. Where the two of us disagree
 * is said in docs/parity.md, and nothing else is.
 */
describe('Azure ML files and azure-ai-ml', function () {
  this.timeout(120_000);
  if (!hasContracts('aml-files')) {
    it('the recorded files (../shared/contracts/aml-files) are not beside the repository: nothing is compared');
    return;
  }
  const files = expectedFiles();
  const kinds = [...new Set(files.map(({ kind }) => kind))].sort();

  describe('the calls that a file stands for', () => {
    const rows = rowsBelow('Differences');
    const used = new Set<Row>();

    it(`differ in at most ${mostDifferences} listed ways`, () => {
      assert.ok(rows.length <= mostDifferences, `${rows.length} rows`);
      assert.deepEqual(
        rows.filter(({ why = '' }) => why.length < 20),
        [],
      );
    });

    for (const kind of kinds) {
      it(`are the same for every ${kind}`, async () => {
        const compare = await comparer();
        const wrong: string[] = [];
        for (const expected of files.filter((one) => one.kind === kind)) {
          const ours = await translated(expected);
          if ('calls' in ours && ours.kind !== kind) wrong.push(`${expected.file}: taken for a ${ours.kind}`);
          if ('error' in ours && !place.test(ours.error.message))
            wrong.push(`${expected.file}: no place: ${ours.error.message}`);
          for (const difference of compare(expected, ours)) {
            const row = rows.find(
              (one) => fits(one['file'], expected.file) && fits(one['difference'], difference.path),
            );
            if (row) used.add(row);
            else wrong.push(`${expected.file}: ${described(difference)}`);
          }
        }
        assert.deepEqual(wrong, []);
      });
    }

    it('differ in every listed way', () => {
      assert.deepEqual(
        rows.filter((row) => !used.has(row)),
        [],
      );
    });
  });

  describe('a file without $schema', () => {
    /** Their keys are the same: only whoever calls knows. */
    const alike = [
      ['batch endpoint', 'managed online endpoint'],
      ['model', 'data'],
    ];

    it('is recognised by its content', async () => {
      const wrong: string[] = [];
      for (const { file, kind } of files.filter(({ calls }) => calls)) {
        const { reader, scope } = await readAssetFile(path.join(corpus, 'files', file), [], workspaceId);
        const found = kindOfContent(reader, scope, allKinds).name;
        if (found !== kind && !alike.some((pair) => pair[0] === kind && pair[1] === found))
          wrong.push(`${file}: a ${found}, not a ${kind}`);
      }
      assert.deepEqual(wrong, []);
    });
  });

  describe('a damaged file', () => {
    const rows = rowsBelow('Damaged files');
    const used = new Set<Row>();
    let folder: string;
    before(() => (folder = copyOfFiles()));
    after(() => rmSync(folder, { recursive: true }));
    const all = mutants();

    for (const kind of kinds) {
      it(`is refused, at its place, as by azure-ai-ml: ${kind}`, async () => {
        const wrong: string[] = [];
        for (const mutant of all.filter((one) => one.kind === kind)) {
          const expected = files.find(({ file }) => file === mutant.file);
          assert.ok(expected, mutant.file);
          const said = await verdictOn(mutant, folder, expected);
          if (said !== undefined && !said.split('\n').every((line) => place.test(line)))
            wrong.push(`no place: ${said}`);
          if (said !== undefined && mutant.verdict !== 'accepts' && !namesKey(said, mutant))
            wrong.push(`no key: ${said}`);
          const side = said === undefined ? 'accepted' : 'refused';
          if ((side === 'refused') === (mutant.verdict !== 'accepts')) continue;
          const row = rows.find((one) => isAbout(one, side, mutant));
          if (row) used.add(row);
          else wrong.push(`${side}: ${describedMutant(mutant)}: ${said ?? mutant.message ?? ''}`);
        }
        assert.deepEqual(wrong, []);
      });
    }

    it('is judged otherwise in every listed way', () => {
      assert.deepEqual(
        rows.filter((row) => !used.has(row)),
        [],
      );
    });
  });

  describe('mlops translate, in the folder of the file', () => {
    const script = path.resolve(__dirname, '..', '..', '..', 'build', 'mlops.js');
    // One of a kind, and one that is refused.
    const some = kinds
      .map((kind) => files.find((one) => one.kind === kind && one.calls))
      .concat(files.find(({ error }) => error))
      .filter((one) => one !== undefined);

    before(() => assert.ok(existsSync(script), `${script} is not there: run \`npm run build\` first.`));

    for (const expected of some) {
      it(`prints the calls of ${expected.file}`, async () => {
        const compare = await comparer();
        const { code, out, err } = await mlops(script, expected);
        const listed = rowsBelow('Differences').filter((row) => fits(row['file'], expected.file));
        const differences = compare(expected, JSON.parse(out)).filter(
          (one) => !listed.some((row) => fits(row['difference'], one.path)),
        );
        assert.deepEqual([differences, code], [[], expected.error ? 1 : 0], err);
        assert.match(err, expected.error ? place : /^$/);
      });
    }
  });
});

function mlops(script: string, expected: Expected): Promise<{ code: number; out: string; err: string }> {
  const file = path.join(corpus, 'files', expected.file);
  const set = setLinesOf(expected).flatMap((line) => ['--set', line]);
  const args = [script, 'translate', path.basename(file), ...set];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: path.dirname(file), maxBuffer: 2 ** 24 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

function described({ path: at, expected, found }: Difference): string {
  return `${at}: ${short(expected)} expected, ${short(found)} found`;
}

function short(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? 'nothing' : text.slice(0, 200);
}

function isAbout(row: Row, side: string, { kind, what, op }: Mutant): boolean {
  const value = op.op === 'rename' ? (op.to ?? '') : typeof op.value === 'string' ? op.value : JSON.stringify(op.value);
  return (
    fits(row['we'], side) &&
    fits(row['kind'], kind) &&
    fits(row['damage'], what) &&
    fits(row['place'], op.path) &&
    fits(row['value'], op.op === 'remove' ? '' : value)
  );
}

/** Is a key told of that was damaged, or that azure-ai-ml tells of? */
function namesKey(said: string, { op, where = [] }: Mutant): boolean {
  const damaged = op.path.split('/').filter((part) => !/^\d*$/.test(part));
  const told = where.flatMap((one) => one.split('.').slice(-2)).filter((part) => !/^\d+$/.test(part));
  return [damaged.at(-1), op.to, ...told].some((key) => key !== undefined && said.includes(key));
}

function describedMutant({ kind, file, what, op }: Mutant): string {
  return `${kind}, ${file}, ${what}, ${JSON.stringify(op).slice(0, 200)}`;
}
