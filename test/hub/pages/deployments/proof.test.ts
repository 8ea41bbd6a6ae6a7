import assert from 'node:assert/strict';
import {
  approvalText,
  evidenceText,
  isAlarming,
  proofOf,
  type Readings,
} from '../../../../hub/pages/deployments/proof';
import type { Approval, ReadRecord, RunEvidence } from '../../../../hub/data/types';
import { digest, run, step } from '../../data/samples';

const event = step('2026-11-02T00:00:00Z', { approval: 'gate-1', deployment: 'blue', traffic: { blue: 100 } });
const ben = { id: 'ben', displayName: 'Ben' };

function approval(changes: Partial<Approval> = {}, actual = ben): Approval {
  return {
    id: 'gate-1',
    status: 'approved',
    run: event.run,
    instructions: '',
    createdAt: '2026-11-01T00:00:00Z',
    changedAt: '2026-11-01T08:00:00Z',
    minRequiredApprovers: 1,
    inSequence: false,
    steps: [
      {
        assigned: { ...ben, isGroup: false },
        actual,
        status: 'approved',
        comment: '',
        order: 1,
        evidenceSha256: digest('f'),
      },
    ],
    blocked: [],
    mayDecide: false,
    ...changes,
  };
}

function evidence(sha256?: string, problems: RunEvidence['problems'] = []): RunEvidence {
  const body = {
    kind: 'mlops.deployment.v1',
    target: 'managedEndpoint',
    name: 'churn',
    scoringUri: 'https://x.test/',
  } as const;
  const record: ReadRecord<'mlops.deployment.v1'> = {
    kind: 'mlops.deployment.v1',
    name: 'deployment.json',
    stage: 'deploy',
    sha256: sha256 ?? '',
    body,
  };
  return { run: event.run, records: sha256 === undefined ? [] : [record], problems };
}

const good: Readings = { approval: approval(), bypasses: [], evidence: evidence(digest('d')) };
const proof = (changes: Readings) => proofOf(event, { ...good, ...changes });

describe('proof of a deployment', () => {
  it('is an approval as the service has it, and the record with the digest of the index', () => {
    const { approval: given, evidence: read } = proof({});
    assert.equal(approvalText(given), 'Approved by Ben, 2026-11-01 08:00 UTC');
    assert.deepEqual(given.digests, [digest('f')]);
    assert.equal(read.state, 'verified');
    assert.equal(isAlarming(proof({})), false);
  });

  it('shows a bypass whatever the index says', () => {
    for (const stage of ['deploy', 'other']) {
      const bypasses = [{ stage, check: 'Approval', approvalId: 'gate-1', message: 'skipped by an administrator' }];
      const found = proof({ bypasses });
      assert.equal(approvalText(found.approval), 'BYPASSED: Approval: skipped by an administrator');
      assert.ok(isAlarming(found));
    }
    const elsewhere = [{ stage: 'other', check: 'Approval', message: '' }];
    assert.equal(proof({ bypasses: elsewhere }).approval.state, 'approved');
  });

  it('shows an approval that is none, and one by the requester', () => {
    for (const status of ['rejected', 'pending', 'skipped', 'canceled']) {
      const found = proof({ approval: approval({ status }) });
      assert.equal(found.approval.state, 'notApproved');
      assert.ok(isAlarming(found));
    }
    const own = proof({ approval: approval({}, { id: 'ANA', displayName: 'Ana Li' }) });
    assert.ok(own.approval.isByRequester && isAlarming(own));
  });

  it('verifies nothing that it could not read, nor an approval of another run', () => {
    assert.deepEqual(proof({ approval: 'You are offline.' }).approval.detail, 'You are offline.');
    for (const changes of [{ approval: 'gone' }, { approval: approval({ run: run(99) }) }, { bypasses: 'gone' }]) {
      assert.equal(proof(changes).approval.state, 'notVerified');
    }
    assert.equal(proof({ evidence: 'gone' }).evidence.state, 'notVerified');
    const plain = step('2026-11-02T00:00:00Z');
    assert.equal(proofOf(plain, { bypasses: 'gone' }).approval.state, 'notVerified');
    assert.equal(proofOf(plain, { bypasses: [] }).approval.state, 'none');
  });

  it('waits for what is being read', () => {
    assert.equal(proofOf(event, {}).approval.state, 'reading');
    assert.equal(proofOf(event, { bypasses: [] }).approval.state, 'reading');
    assert.equal(proofOf(event, {}).evidence.state, 'reading');
  });

  it('says when the record is another one, or gone', () => {
    const other = proof({ evidence: evidence(digest('9')) });
    assert.equal(other.evidence.state, 'differs');
    assert.equal(other.evidence.sha256, digest('9'));
    assert.match(evidenceText(other.evidence), /^INDEX AND EVIDENCE DIFFER: the index says sha256:d/);
    const gone = proof({ evidence: evidence() });
    assert.equal(gone.evidence.state, 'missing');
    assert.ok(isAlarming(other) && isAlarming(gone));
    const told = {
      kind: 'indexDiffers',
      type: 'mlops.deployment.v1',
      name: 'x',
      stage: 'deploy',
      detail: 'version',
    } as const;
    assert.equal(proof({ evidence: evidence(digest('d'), [told]) }).evidence.state, 'differs');
  });
});
