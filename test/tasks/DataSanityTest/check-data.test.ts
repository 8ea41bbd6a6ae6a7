import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TaskError } from '../../../lib/agent/errors';
import type { DataCheck, DataSanityEvidence } from '../../../lib/evidence/types';
import { checkData } from '../../../tasks/DataSanityTest/check-data';
import type { Inputs } from '../../../tasks/DataSanityTest/inputs';
import { FakeAgent } from '../../support/fake-agent';

const folder = mkdtempSync(path.join(tmpdir(), 'data-sanity-'));
after(() => rmSync(folder, { recursive: true }));

const head = 'apiVersion: v3.1.0\nkind: DataContract\nid: people\nversion: 1.0.0\nstatus: active\n';

/** A contract of one table whose `properties` and, optionally, `quality` are given as YAML flow lines. */
function contract(properties: string[], quality: string[] = []): string {
  const list = (items: string[], indent: string): string => items.map((item) => `${indent}- ${item}\n`).join('');
  const rules = quality.length > 0 ? `    quality:\n${list(quality, '      ')}` : '';
  return `${head}schema:\n  - name: people\n    properties:\n${list(properties, '      ')}${rules}`;
}

interface Checked {
  agent: FakeAgent;
  outcome: Awaited<ReturnType<typeof checkData>>;
  broken: DataCheck[];
}

async function check(yaml: string, csv: string | Buffer, change: Partial<Inputs> = {}): Promise<Checked> {
  const inputs: Inputs = {
    contract: path.join(folder, 'contract.yaml'),
    data: path.join(folder, 'people.csv'),
    failOn: 'error',
    showSamples: false,
    ...change,
  };
  writeFileSync(inputs.contract, yaml);
  writeFileSync(path.join(folder, 'people.csv'), csv);
  const agent = new FakeAgent();
  const outcome = await checkData(inputs, agent);
  const record = agent.attachments.find(({ type }) => type === 'mlops.data-sanity.v1');
  const { checks } = JSON.parse(record?.content ?? '') as DataSanityEvidence;
  return { agent, outcome, broken: checks.filter(({ passed }) => !passed) };
}

async function refused(yaml: string, csv: string | Buffer, pattern: RegExp): Promise<void> {
  await assert.rejects(check(yaml, csv), (error) => {
    assert.ok(error instanceof TaskError, String(error));
    assert.match(`${error.message} ${error.advice ?? ''}`, pattern);
    return true;
  });
}

const anything = contract(['{ name: a, logicalType: string }', '{ name: b, logicalType: string }']);

describe('DataSanityTest', () => {
  it('passes data that keeps its contract and sets its outputs', async () => {
    const { agent, outcome } = await check(anything, 'a,b\n1,2\n3,4\n');
    assert.equal(outcome.result, 'succeeded');
    const { dataFingerprint, ...rest } = agent.outputs;
    assert.deepEqual(rest, { verdict: 'passed', rowCount: '2', failedChecks: '0' });
    assert.match(dataFingerprint ?? '', /^[0-9a-f]{64}$/);
    assert.equal(agent.testRuns.length, 1);
  });

  describe('rules', () => {
    const cases: [string, string, string, string[], number[]][] = [
      ['required', '{ name: x, required: true }', 'required', ['1', '', '""', '2'], [3, 4]],
      ['unique', '{ name: x, unique: true }', 'unique', ['1', '2', '1', '', ''], [4]],
      ['primary key', '{ name: x, primaryKey: true }', 'primaryKey', ['1', '2', '2'], [4]],
      [
        'integers',
        '{ name: x, logicalType: integer }',
        'type',
        ['7', '-7', '+7', '1.0', ' 7', '0x1F', '1e3', '1_0'],
        [5, 6, 7, 8, 9],
      ],
      ['numbers', '{ name: x, logicalType: number }', 'type', ['7', '.5', '-1e-3', 'NaN', 'abc', 'Infinity'], [6, 7]],
      ['booleans', '{ name: x, logicalType: boolean }', 'type', ['true', 'False', 'yes', '1'], [4, 5]],
      [
        'dates',
        '{ name: x, logicalType: date }',
        'type',
        ['2024-02-29', '2023-02-29', '2020-1-5', '2026-11-31'],
        [3, 4, 5],
      ],
      [
        'dates in a format',
        '{ name: x, logicalType: date, logicalTypeOptions: { format: dd/MM/yyyy } }',
        'type',
        ['31/12/2026', '2026-12-31', '31/13/2026'],
        [3, 4],
      ],
      [
        'timestamps',
        '{ name: x, logicalType: timestamp }',
        'type',
        ['2026-11-21T10:00:00Z', '2026-11-21 10:00', '2026-11-21', '2026-11-21T25:00:00Z'],
        [4, 5],
      ],
      [
        'minimum',
        '{ name: x, logicalType: number, logicalTypeOptions: { minimum: 0 } }',
        'minimum',
        ['0', '-0.001'],
        [3],
      ],
      [
        'exclusiveMaximum',
        '{ name: x, logicalType: integer, logicalTypeOptions: { exclusiveMaximum: 5 } }',
        'exclusiveMaximum',
        ['4', '5'],
        [3],
      ],
      [
        'ranges beyond 2^53',
        '{ name: x, logicalType: integer, logicalTypeOptions: { format: i64 } }',
        'format',
        ['9223372036854775807', '9223372036854775808'],
        [3],
      ],
      [
        'multipleOf',
        '{ name: x, logicalType: number, logicalTypeOptions: { multipleOf: 0.1 } }',
        'multipleOf',
        ['0.3', '0.35'],
        [3],
      ],
      [
        'lengths in characters',
        '{ name: x, logicalType: string, logicalTypeOptions: { maxLength: 2 } }',
        'maxLength',
        ['👍👍', 'abc'],
        [3],
      ],
      [
        'patterns',
        "{ name: x, logicalType: string, logicalTypeOptions: { pattern: '^[A-Z]{2}$' } }",
        'pattern',
        ['DE', 'De', 'DEU'],
        [3, 4],
      ],
      [
        'formats',
        '{ name: x, logicalType: string, logicalTypeOptions: { format: email } }',
        'format',
        ['a@b.de', 'a@', 'b.de'],
        [3, 4],
      ],
      [
        'dates in a range',
        "{ name: x, logicalType: date, logicalTypeOptions: { minimum: '2020-01-01' } }",
        'minimum',
        ['2020-01-01', '2019-12-31'],
        [3],
      ],
    ];
    for (const [name, property, rule, values, lines] of cases) {
      it(`hold ${name}`, async () => {
        const { broken } = await check(
          contract([property, '{ name: y }']),
          `x,y\n${values.map((value) => `${value},-\n`).join('')}`,
        );
        assert.deepEqual(
          broken.map((entry) => entry.rule),
          [rule],
        );
        assert.deepEqual(
          broken[0]?.first.map(({ line }) => line),
          lines,
        );
        assert.equal(broken[0].violations, lines.length);
        assert.equal(broken[0].column, 'x');
      });
    }

    it('take equal numbers for equal keys', async () => {
      const { broken } = await check(contract(['{ name: x, logicalType: number, unique: true }']), 'x\n1\n1.0\n1e0\n');
      assert.equal(broken[0]?.violations, 2);
    });

    it('hold keys over several columns and several files', async () => {
      const yaml = contract([
        '{ name: a, primaryKey: true, primaryKeyPosition: 1 }',
        '{ name: b, primaryKey: true, primaryKeyPosition: 2 }',
      ]);
      const parts = path.join(folder, 'parts');
      mkdirSync(parts, { recursive: true });
      writeFileSync(path.join(parts, '1.csv'), 'a,b\n1,23\n12,3\n');
      writeFileSync(path.join(parts, '2.csv'), 'b,a\n23,1\n');
      const { broken, agent } = await check(yaml, 'x\n', { data: parts });
      assert.deepEqual(
        broken.map(({ rule, violations, first }) => [rule, violations, first]),
        [['primaryKey', 1, [{ file: '2.csv', line: 2 }]]],
      );
      assert.equal(agent.outputs['rowCount'], '3');
    });

    it('hold metrics with operators, units and severities', async () => {
      const metric = async (quality: string, values: string[]): Promise<[string, number | undefined][]> => {
        const { broken } = await check(contract([`{ name: x, quality: [${quality}] }`]), `x\n${values.join('\n')}\n`);
        return broken.map(({ rule, measured }) => [rule, measured]);
      };
      const four = ['a', 'b', '', 'b'];
      assert.deepEqual(await metric('{ metric: nullValues, mustBe: 0 }', four), [['nullValues', 1]]);
      assert.deepEqual(await metric('{ metric: nullValues, mustBeLessThan: 25, unit: percent }', four), [
        ['nullValues', 25],
      ]);
      assert.deepEqual(await metric('{ metric: nullValues, mustBeLessOrEqualTo: 25, unit: percent }', four), []);
      assert.deepEqual(await metric('{ metric: duplicateValues, mustBe: 0 }', four), [['duplicateValues', 1]]);
      assert.deepEqual(
        await metric("{ metric: missingValues, arguments: { missingValues: [null, 'b'] }, mustBeLessThan: 3 }", four),
        [['missingValues', 3]],
      );
      assert.deepEqual(await metric('{ metric: invalidValues, arguments: { validValues: [a] }, mustBe: 0 }', four), [
        ['invalidValues', 2],
      ]);
      // Both ends of a range are excluded.
      assert.deepEqual(await metric('{ metric: nullValues, mustBeBetween: [0, 1] }', four), [['nullValues', 1]]);
      assert.deepEqual(await metric('{ metric: nullValues, mustNotBeBetween: [0, 2] }', four), [['nullValues', 1]]);
    });

    it('count rows', async () => {
      const yaml = contract(['{ name: a }', '{ name: b }'], ['{ metric: rowCount, mustBeGreaterOrEqualTo: 3 }']);
      const { broken } = await check(yaml, 'a,b\n1,2\n\n3,4\n');
      assert.deepEqual([broken[0]?.rule, broken[0]?.measured], ['rowCount', 2]);
    });
  });

  describe('the structure of the file', () => {
    it('reads quotes, line breaks inside them, CRLF and a byte order mark', async () => {
      const yaml = contract([
        "{ name: a, logicalType: string, logicalTypeOptions: { pattern: '^x\"?,\\ny$|^z$' } }",
        '{ name: b, required: true }',
      ]);
      const { broken } = await check(yaml, '\uFEFFa,b\r\n"x"",\ny",1\r\nz,\r\n');
      // The second record starts in line 4, because the first one takes two lines.
      assert.deepEqual(
        broken.map(({ rule, first }) => [rule, first[0]?.line]),
        [['required', 4]],
      );
    });

    it('finds rows with another number of fields and broken quotes, by line', async () => {
      const { broken, agent } = await check(anything, 'a,b\n1\n1,2,3\n1,2\n1"x,2\n"1"x,2\n"never closed,2\n');
      assert.deepEqual(
        broken[0]?.first.map(({ line }) => line),
        [2, 3, 5, 6, 7],
      );
      assert.equal(agent.outputs['rowCount'], '6');
    });

    it('finds missing columns and repeated names', async () => {
      const { broken } = await check(anything, 'a,a\n1,2\n');
      assert.deepEqual(
        broken.map(({ rule, column }) => [rule, column]),
        [
          ['header', undefined],
          ['column', 'b'],
        ],
      );
    });

    it('refuses files that hold no table, in one sentence', async () => {
      await refused(anything, '', /people\.csv is empty/);
      await refused(anything, Buffer.from([0x1f, 0x8b, 8]), /gzip/);
      await refused(anything, Buffer.from('PAR1'), /Parquet/);
      await refused(anything, Buffer.from([0x61, 0, 0x62]), /binary/);
      await refused(anything, Buffer.from([0x61, 0x2c, 0xe4, 0x0a]), /not UTF-8/);
      await refused(anything, 'a;b\n1;2\n', /separated by ";"/);
    });

    it('refuses data that is not there', async () => {
      const empty = path.join(folder, 'empty');
      mkdirSync(empty, { recursive: true });
      await assert.rejects(check(anything, 'a\n', { data: path.join(folder, 'none.csv') }), /no file or folder/);
      await assert.rejects(check(anything, 'a\n', { data: empty }), /no \.csv file/);
      await assert.rejects(check(anything, 'a\n', { data: path.join(folder, '*.tsv') }), /No file matches/);
    });
  });

  describe('the contract', () => {
    const wrong: [string, string, RegExp][] = [
      ['an unknown key', contract(['{ name: a, requird: true }']), /contract\.yaml:\d+:\d+: unknown key "requird"/],
      [
        'foreign keys',
        contract(['{ name: a, relationships: [{ to: x.y }] }']),
        /:9:20: "relationships" \(foreign keys\)/,
      ],
      [
        'SQL',
        contract(['{ name: a }'], ['{ type: sql, query: SELECT 1, mustBe: 1 }']),
        /:\d+:\d+: quality of type "sql"/,
      ],
      [
        'custom engines',
        contract(['{ name: a, quality: [{ type: custom, engine: soda, implementation: x }] }']),
        /quality of type "custom"/,
      ],
      ['nested types', contract(['{ name: a, logicalType: object }']), /logicalType "object" is not supported/],
      [
        'an unknown metric',
        contract(['{ name: a, quality: [{ metric: rows, mustBe: 1 }] }']),
        /metric "rows" is unknown/,
      ],
      [
        'two operators',
        contract(['{ name: a, quality: [{ metric: nullValues, mustBe: 1, mustBeLessThan: 3 }] }']),
        /one operator/,
      ],
      [
        'a broken pattern',
        contract(["{ name: a, logicalType: string, logicalTypeOptions: { pattern: '[' } }"]),
        /not a regular expression/,
      ],
      [
        'options of another type',
        contract(['{ name: a, logicalType: string, logicalTypeOptions: { minimum: 1 } }']),
        /unknown key "minimum"/,
      ],
      ['another version', anything.replace('v3.1.0', 'v2.2.2'), /apiVersion v2\.2\.2 is not supported/],
      [
        'service levels',
        `${anything}slaProperties:\n  - { property: latency, value: 4 }\n`,
        /"slaProperties" \(service levels\)/,
      ],
    ];
    for (const [name, yaml, pattern] of wrong) {
      it(`refuses ${name} where it stands`, () => refused(yaml, 'a,b\n1,2\n', pattern));
    }
  });

  it('ends as failOn says', async () => {
    const yaml = (severity: string): string =>
      contract([`{ name: x, quality: [{ metric: nullValues, mustBe: 0, severity: ${severity} }] }`, '{ name: y }']);
    const results: [string, Inputs['failOn'], string, string][] = [
      ['error', 'error', 'failed', 'failed'],
      ['error', 'never', 'warned', 'succeededWithIssues'],
      ['warning', 'error', 'warned', 'succeededWithIssues'],
      ['warning', 'warning', 'failed', 'failed'],
    ];
    for (const [severity, failOn, verdict, result] of results) {
      const { agent, outcome } = await check(yaml(severity), 'x,y\n,1\n', { failOn });
      assert.deepEqual([agent.outputs['verdict'], outcome.result], [verdict, result]);
    }
  });

  describe('values of the data', () => {
    const secret = 'Zappa-1940';
    const properties = [
      '{ name: a, logicalType: integer, unique: true }',
      '{ name: b, logicalType: string, logicalTypeOptions: { maxLength: 1 }, quality: [{ metric: invalidValues, arguments: { validValues: [q] }, mustBe: 0 }] }',
    ];
    const csv = `a,b\n${secret},${secret}\n${secret},${secret}\n${secret}\n"${secret}\n`;

    it('are nowhere unless they were asked for', async () => {
      const { agent, outcome, broken } = await check(contract(properties), csv);
      assert.ok(broken.length >= 4);
      assert.ok(!`${agent.everything}${JSON.stringify(outcome)}`.includes(secret));
    });

    it('are nowhere when the file has no header line either', async () => {
      const { agent, outcome } = await check(contract(properties), `${secret},${secret}\n`);
      assert.equal(outcome.result, 'failed');
      assert.ok(!`${agent.everything}${JSON.stringify(outcome)}`.includes(secret));
    });

    it('are shown when they were asked for, but never in the evidence', async () => {
      const { agent } = await check(contract(properties), csv, { showSamples: true });
      assert.ok(agent.log.includes(secret));
      const record = agent.attachments.find(({ type }) => type === 'mlops.data-sanity.v1');
      assert.ok(!record?.content.includes(secret));
    });
  });

  it('names data by its names and bytes', async () => {
    const print = async (csv: string): Promise<string | undefined> =>
      (await check(anything, csv)).agent.outputs['dataFingerprint'];
    assert.equal(await print('a,b\n1,2\n'), await print('a,b\n1,2\n'));
    assert.notEqual(await print('a,b\n1,2\n'), await print('a,b\r\n1,2\r\n'));
  });
});
