import assert from 'node:assert/strict';
import fc from 'fast-check';
import { auditCsv, auditJson, csvField, fileName, type Audit } from '../../../../hub/pages/deployments/export';
import { fromField, readMoment, toField } from '../../../../hub/pages/deployments/moment';
import { proofOf } from '../../../../hub/pages/deployments/proof';
import { servingAt } from '../../../../hub/data/serving';
import { container } from '../../data/samples';

const at = '2026-11-20T09:30:00Z';

function audit(changes: Partial<Audit> = {}): Audit {
  const [serving] = servingAt([container('2026-11-02T00:00:00Z', '7')], at);
  const proof = proofOf(serving!.event, {
    bypasses: [],
    gates: { stages: ['deploy'], gates: [] },
    evidence: 'You are offline.',
  });
  const head = {
    organization: 'https://dev.azure.com/fabrikam/',
    project: 'Churn',
    readBy: 'Ana Li',
    readAt: '2026-11-21T00:00:00Z',
  };
  return {
    at,
    ...head,
    rows: [{ serving: serving!, proof }],
    unverified: ['Runs of last year were not read.'],
    ...changes,
  };
}

/** White space and characters that do not show: spreadsheets look behind some of them. */
const hidden = ['\u00A0', '\uFEFF', '\u200B', '\u00AD', '\u2060', '\u2028', '\u0000', '\u180E', ' \u200D'];

describe('export for auditors', () => {
  it('neutralises what a spreadsheet would take for a formula', () => {
    for (const start of [
      '=',
      '+',
      '-',
      '@',
      '\t',
      '\r',
      '\n',
      ' =',
      '＝',
      '＋',
      '－',
      '＠',
      ...hidden.map((one) => `${one}=`),
    ]) {
      assert.ok(csvField(`${start}cmd`).startsWith(`"'`), JSON.stringify(start));
    }
    assert.equal(csvField('7'), '"7"');
    assert.equal(csvField('a "b", c'), '"a ""b"", c"');
  });

  it('never lets a field leave its quotes', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const inner = csvField(text).slice(1, -1);
        assert.doesNotMatch(inner.replaceAll('""', ''), /"/);
      }),
    );
  });

  it('is CSV with a byte order mark, a row for each share, and what is not verified', () => {
    const text = auditCsv(audit());
    assert.ok(text.startsWith('\uFEFF"at (UTC)",'));
    const [, row, note, end] = text.split('\r\n');
    assert.ok(row!.includes('"churn-prod","yes","scorer","","","churn","7","","100"'));
    assert.ok(row!.includes('"Not verified: You are offline."'));
    assert.equal(note, '"Not verified: Runs of last year were not read."');
    assert.equal(end, '');
    assert.ok(row!.endsWith('"https://dev.azure.com/fabrikam/","Churn","Ana Li","2026-11-21T00:00:00Z"'), row);
    assert.match(
      auditCsv(audit({ rows: [] })),
      /"Nothing was found serving at .* project Churn of https:.* read by Ana Li at 2026-11-21T00:00:00Z\."/,
    );
  });

  it('carries the digests of approval and gate', () => {
    const rows = audit().rows.map(({ serving, proof }) => {
      const digests = { digests: ['1'.repeat(64)], expected: ['2'.repeat(64)], approvals: ['gate-1'] };
      const approval = { ...proof!.approval, state: 'otherEvidence' as const, ...digests };
      return { serving, proof: { ...proof!, approval } };
    });
    assert.match(auditCsv(audit({ rows })), /OTHER EVIDENCE APPROVED[^"]*","gate-1","1{64}","2{64}"/);
    assert.match(auditJson(audit({ rows })), /"expected":\["2{64}"\].*"state":"otherEvidence"/);
  });

  it('is canonical JSON with the digests and the same admissions', () => {
    const text = auditJson(audit());
    const read = JSON.parse(text) as {
      serving: { evidence: unknown; index: { sha256: string } }[];
      unverified: string[];
      kind: string;
    };
    assert.equal(read.kind, 'mlops.audit.v1');
    assert.equal(read.serving[0]!.index.sha256, 'd'.repeat(64));
    assert.deepEqual(read.serving[0]!.evidence, {
      detail: 'You are offline.',
      sha256: 'd'.repeat(64),
      state: 'notVerified',
    });
    assert.deepEqual(read.unverified, ['Runs of last year were not read.']);
    assert.equal(text, auditJson(audit()));
    assert.match(auditJson(audit({ rows: audit().rows.map(({ serving }) => ({ serving })) })), /"detail":"not read"/);
  });

  it('is named by the moment', () => {
    assert.equal(fileName(at, 'csv'), 'deployments-2026-11-20T093000Z.csv');
  });
});

describe('moment', () => {
  it('is read from the address only with a zone', () => {
    assert.equal(readMoment('2026-11-20T10:30:00+01:00'), at);
    assert.equal(readMoment('2026-11-20T09:30Z'), at);
    for (const bad of [
      undefined,
      '',
      '2026-11-20T09:30',
      '2026-13-40T09:30Z',
      '2026-02-30T09:30Z',
      '2026-02-28T24:00Z',
      'now',
      '<b>',
    ])
      assert.equal(readMoment(bad), undefined);
  });

  it('goes into a field and back, in both zones', () => {
    for (const zone of ['utc', 'local'] as const) assert.equal(fromField(toField(at, zone), zone), at);
    assert.equal(toField(at, 'utc'), '2026-11-20T09:30:00');
    assert.equal(fromField('', 'utc'), undefined);
    assert.equal(fromField('2026-02-30T09:30', 'utc'), undefined);
    assert.equal(readMoment('2028-02-29T23:30:00-02:00'), '2028-03-01T01:30:00Z');
  });
});
