import '../../setup';
import assert from 'node:assert/strict';
import type { ReadRecord } from '../../../../hub/data/types';
import { comparisonOf, pinned, type Column } from '../../../../hub/pages/compare/comparison';
import { versionRecords } from '../../../../hub/pages/version/records';
import { canonicalJson } from '../../../../lib/evidence/canonical';
import { readRecord } from '../../../../lib/evidence/read';
import { registration } from '../../data/samples';
import { evaluation, registered } from '../version/churn';

function column(version: string, bodies: Record<string, unknown>[], changes: Partial<Column> = {}): Column {
  const records = bodies.map((body): ReadRecord => {
    const kind = String(body['kind']) as ReadRecord['kind'];
    const read = readRecord(kind, canonicalJson(body));
    if ('problem' in read) throw new Error(read.detail);
    return { kind, name: 'r', stage: 's', sha256: '', body: read.record };
  });
  const of = registration(version);
  const evidence = { run: of.run, records, problems: [] };
  return { version, isProduction: false, isRead: true, records: versionRecords(of, evidence), ...changes };
}

const metrics = (...columns: Column[]) => comparisonOf(columns).find(({ title }) => title === 'Metrics')?.rows ?? [];

describe('comparison', () => {
  it('pins what production serves, and names each version once', () => {
    assert.deepEqual(pinned(['7', '6', '7', '5'], ['5']), ['5', '7', '6']);
  });

  it('names the best of a metric by the orientation of the evaluation, of no other', () => {
    const lower = evaluation('7', { orientation: 'lower', candidate: { job: 'job-7', metrics: { auc: 0.7 } } });
    const [auc, other] = metrics(
      column('7', [registered('7', { metrics: { other: 1 } }), lower]),
      column('6', [registered('6', { metrics: { auc: 0.9, other: 2 } })]),
    ).sort((one, two) => (one.label < two.label ? -1 : 1));
    assert.deepEqual([auc?.label, auc?.values, auc?.best], ['auc', ['0.7', '0.9'], [0]]);
    assert.deepEqual([other?.differs, other?.best], [true, []]);
  });

  it('shows values that differ less than is rounded away', () => {
    const [auc] = metrics(
      column('7', [registered('7', { metrics: { auc: 0.812345 } })]),
      column('6', [registered('6', { metrics: { auc: 0.812349 } })]),
      column('5', [registered('5', { metrics: { auc: 0.5 } })]),
    );
    assert.deepEqual(auc?.values, ['0.81234', '0.81235', '0.5']);
  });

  it('does not hide a difference because two others differ by rounding alone', () => {
    const [auc] = metrics(
      column('7', [registered('7', { metrics: { auc: 0.1 + 0.2 } })]),
      column('6', [registered('6', { metrics: { auc: 0.3 } })]),
      column('5', [registered('5', { metrics: { auc: 0.30001 } })]),
    );
    assert.deepEqual([auc?.values, auc?.differs], [['0.3', '0.3', '0.30001'], true]);
  });

  it('has words for what is no number, and is not misled by names of properties', () => {
    const rows = metrics(
      column('7', [registered('7', { metrics: { loss: 'NaN', constructor: 1 } })]),
      column('6', [registered('6', { metrics: { loss: 'Infinity' } })]),
    );
    assert.deepEqual(
      rows.map(({ label, values }) => [label, values]),
      [
        ['constructor', ['1', undefined]],
        ['loss', ['not a number', 'infinite']],
      ],
    );
  });

  it('does not call it a difference that a version could not be read', () => {
    const columns = [column('7', [registered('7')]), column('6', [], { isRead: false })];
    assert.ok(comparisonOf(columns).every(({ rows }) => rows.every(({ differs }) => !differs)));
  });

  it('leaves out sections without a row', () => {
    assert.deepEqual(comparisonOf([column('7', []), column('6', [])]), []);
    const params = [
      column('7', [registered('7', { params: { depth: '3' } })], { image: 'r/churn@1' }),
      column('6', []),
    ];
    assert.deepEqual(
      comparisonOf(params).map(({ title }) => title),
      ['Metrics', 'Parameters', 'Environment', 'Image'],
    );
  });
});
