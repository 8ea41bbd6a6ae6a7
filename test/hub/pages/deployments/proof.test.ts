import assert from 'node:assert/strict';
import {
  approvalText,
  evidenceText,
  isAlarming,
  proofOf,
  type Readings,
} from '../../../../hub/pages/deployments/proof';
import type { RunGates, StageGate } from '../../../../hub/data/gate';
import type { EvidenceProblem, Person, ReadRecord, RunEvidence } from '../../../../hub/data/types';
import { digest, step } from '../../data/samples';

const facts = { deployment: 'blue', traffic: { blue: 100 }, name: 'deployment', model: 'churn', version: '7' };
const event = step('2026-11-02T00:00:00Z', { approval: 'gate-1', ...facts });
const ben = { id: 'ben', displayName: 'Ben' };
const registered = { stage: 'Train', kind: 'mlops.model-version.v1', name: 'version', sha256: digest('a') } as const;
const bound = `looks good\n\nevidence sha256:${digest('f')}`;

interface GateChanges extends Partial<StageGate> {
  status?: string;
  comment?: string;
  actual?: Person;
  needed?: number;
}

function gate({
  status = 'approved',
  comment = bound,
  actual = ben,
  needed = 1,
  ...changes
}: GateChanges = {}): StageGate {
  const assigned = { ...ben, isGroup: false };
  return {
    stage: 'deploy',
    approvalId: 'gate-1',
    items: [registered],
    digest: digest('f'),
    approval: {
      id: 'gate-1',
      status,
      instructions: '',
      createdAt: '2026-11-01T00:00:00Z',
      changedAt: '2026-11-01T08:00:00Z',
      minRequiredApprovers: needed,
      inSequence: false,
      steps: [{ assigned, actual, status: 'approved', comment, order: 1 }],
      blocked: [],
    },
    ...changes,
  };
}

const gates = (...all: StageGate[]): RunGates => ({ stages: ['deploy', 'other'], gates: all });

function evidence(sha256?: string, problems: EvidenceProblem[] = [], deployed = {}): RunEvidence {
  const version: ReadRecord<'mlops.model-version.v1'> = {
    ...registered,
    body: {
      kind: 'mlops.model-version.v1',
      model: { name: 'churn', version: '7' },
      job: 'job',
      path: 'model',
      modelType: 'mlflow_model',
      digest: `sha256:${digest('1')}`,
      created: true,
      metrics: {},
      tags: {},
    },
  };
  const record: ReadRecord<'mlops.deployment.v1'> = {
    kind: 'mlops.deployment.v1',
    name: 'deployment',
    stage: 'deploy',
    sha256: sha256 ?? '',
    body: {
      kind: 'mlops.deployment.v1',
      target: 'managedEndpoint',
      name: 'churn',
      scoringUri: 'https://x.test/',
      deployment: 'blue',
      traffic: { blue: 100 },
      environment: 'churn-prod',
      approval: { id: 'gate-1', decidedBy: [], decidedOn: '', bound: true },
      model: { name: 'churn', version: '7' },
      ...deployed,
    },
  };
  return { run: event.run, records: sha256 === undefined ? [version] : [version, record], problems };
}

const good: Readings = { gates: gates(gate()), bypasses: [], evidence: evidence(digest('d')) };
const proof = (changes: Readings) => proofOf(event, { ...good, ...changes });
const state = (changes: GateChanges) => proof({ gates: gates(gate(changes)) }).approval.state;

describe('proof of a deployment', () => {
  it('is an approval as the service has it on the evidence of the gate, and the record with the digest of the index', () => {
    const { approval: given, evidence: read } = proof({});
    assert.equal(approvalText(given), 'Approved by Ben, 2026-11-01 08:00 UTC');
    assert.deepEqual([given.digests, given.expected, given.approvals], [[digest('f')], [digest('f')], ['gate-1']]);
    assert.equal(read.state, 'verified');
    assert.equal(isAlarming(proof({})), false);
  });

  it('shows the approval of the stage though the index names none', () => {
    const silent = proofOf(step(event.at, facts), good);
    assert.equal(approvalText(silent.approval), 'Approved by Ben, 2026-11-01 08:00 UTC');
  });

  it('takes nothing from an index that names an approval of another stage, or one that no stage has', () => {
    const other = gate({ stage: 'other' });
    const elsewhere = proof({ gates: gates(other) }).approval;
    assert.equal(elsewhere.state, 'notVerified');
    assert.match(approvalText(elsewhere), /the approval of another stage \(other\)/);
    assert.deepEqual(elsewhere.by, []);
    const both = proof({ gates: gates(other, gate({ approvalId: 'gate-2' })) }).approval;
    assert.deepEqual([both.state, both.approvals], ['notVerified', ['gate-2']]);
    assert.match(approvalText(proof({ gates: gates() }).approval), /no stage of this run waited for/);
  });

  it('takes no approval of another environment than the step claims', () => {
    const own = step(event.at, { ...facts, approval: 'gate-1', environment: 'churn-prod' });
    const of = (environment?: string) => proofOf(own, { ...good, gates: gates(gate({ environment })) });
    for (const same of [undefined, 'churn-prod', 'Churn-Prod']) assert.equal(isAlarming(of(same)), false);
    const other = of('churn-dev');
    assert.match(approvalText(other.approval), /^APPROVED FOR SOMETHING ELSE: .* churn-dev, .* claims churn-prod\. /);
    assert.equal(isAlarming(other), true);
  });

  it('says that none was asked for only when the timeline was read and has none', () => {
    const plain = step(event.at, facts);
    const read = (changes: Readings) => proofOf(plain, { bypasses: [], evidence: good.evidence, ...changes }).approval;
    assert.equal(read({ gates: gates() }).state, 'none');
    assert.equal(read({}).state, 'reading');
    assert.equal(read({ gates: 'You are offline.' }).state, 'notVerified');
    assert.equal(read({ gates: gates(), bypasses: 'gone' }).state, 'notVerified');
    assert.match(approvalText(read({ gates: { stages: [], gates: [] } })), /the run has no stage deploy/);
  });

  it('is loud about an approval that names no evidence, or other evidence than the run left', () => {
    const none = proof({ gates: gates(gate({ comment: 'fine' })) });
    assert.match(approvalText(none.approval), /^NAMES NO EVIDENCE: .*Approved by Ben/);
    const other = proof({ gates: gates(gate({ comment: `evidence sha256:${digest('0')}` })) });
    assert.match(approvalText(other.approval), /given for other evidence than the run left/);
    assert.deepEqual([other.approval.digests, other.approval.expected], [[digest('0')], [digest('f')]]);
    assert.ok(isAlarming(none) && isAlarming(other));
    assert.equal(state({ comment: `${bound} evidence sha256:${digest('0')}` }), 'otherEvidence');
    assert.equal(state({ digest: undefined, unbound: 'Not readable: x.' }), 'notVerified');
  });

  it('is loud about another model, version or image than the approved evidence is about', () => {
    for (const model of [
      { name: 'churn', version: '8' },
      { name: 'fraud', version: '7' },
    ]) {
      const found = proof({ evidence: evidence(digest('d'), [], { model }) });
      assert.equal(found.approval.state, 'otherSubject');
      assert.match(approvalText(found.approval), /the approved evidence is about model churn version 7, deployed was/);
      assert.ok(isAlarming(found));
    }
  });

  it('holds images against the evidence as the task does: by digest, named themselves, with no other model in them', () => {
    const image = (character: string, registry = 'a') => `${registry}.io/churn@sha256:${digest(character)}`;
    const state = (
      deployed: { image?: string; model?: { name: string; version: string; id?: string } },
      packed?: string,
    ) => {
      const of = evidence(digest('d'), [], deployed);
      const made = { stage: 'Train', kind: 'mlops.package.v1', name: 'package', sha256: digest('5') } as const;
      const model = { name: 'churn', version: '7' };
      const body = { kind: made.kind, image: packed ?? '', digest: `sha256:${digest('1')}`, registry: 'a', model };
      if (packed !== undefined) of.records.push({ ...made, body });
      return proof({ evidence: of, gates: gates(gate({ items: [registered, made] })) }).approval.state;
    };
    assert.equal(state({ image: image('1') }, image('1')), 'approved');
    assert.equal(state({ image: image('1', 'copy') }, image('1')), 'approved');
    assert.equal(state({ image: image('2') }, image('1')), 'otherSubject');
    assert.equal(state({ image: image('1') }), 'otherSubject');
    assert.equal(state({ image: image('1'), model: { name: 'churn', version: '8' } }, image('1')), 'otherSubject');
    assert.equal(state({ model: undefined }), 'otherSubject');
  });

  it('never takes evidence that names no model and no image for an approval of one', () => {
    const nothing = proof({ gates: gates(gate({ items: [] })) });
    assert.match(approvalText(nothing.approval), /is about no model version or image at all, deployed was model churn/);
    assert.equal(proof({ evidence: 'gone' }).approval.state, 'notVerified');
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

  it('shows an approval that is none, one that lacks approvers, and one by the requester', () => {
    for (const status of ['rejected', 'pending', 'skipped', 'canceled']) assert.equal(state({ status }), 'notApproved');
    assert.equal(state({ needed: 2 }), 'notApproved');
    const own = proof({ gates: gates(gate({ actual: { id: 'ANA', displayName: 'Ana Li' } })) });
    assert.ok(own.approval.isByRequester && isAlarming(own));
    const queued = step(event.at, { approval: 'gate-1', ...facts }, { requestedBy: ben });
    assert.ok(proofOf(queued, good).approval.isByRequester);
  });

  it('holds every approval of the stage, and the worst of them shows', () => {
    const second = gate({ approvalId: 'gate-2', comment: 'fine' });
    assert.equal(proof({ gates: gates(gate(), second) }).approval.state, 'namesNoEvidence');
    const unseen = gate({ approvalId: 'gate-2', approval: undefined, digest: undefined });
    assert.equal(proof({ gates: gates(gate(), unseen) }).approval.state, 'notVerified');
  });

  it('waits for what is being read, and verifies nothing that it could not read', () => {
    assert.equal(proofOf(event, {}).approval.state, 'reading');
    assert.equal(proofOf(event, { bypasses: [] }).approval.state, 'reading');
    assert.equal(proofOf(event, {}).evidence.state, 'reading');
    assert.equal(proof({ gates: 'You are offline.' }).approval.detail, 'You are offline.');
    assert.equal(proof({ bypasses: 'gone' }).approval.state, 'notVerified');
    assert.equal(proof({ evidence: 'gone' }).evidence.state, 'notVerified');
  });

  it('compares the very entry that is shown with the record, whatever the index says by now', () => {
    const forged = proofOf({ ...event, entry: { ...event.entry, version: '99' } }, good).evidence;
    assert.match(evidenceText(forged), /^INDEX AND EVIDENCE DIFFER: version: the index says 99, the record 7/);
    const invented = proofOf({ ...event, entry: { ...event.entry, attempt: 2 } }, good);
    assert.deepEqual([invented.approval.state, invented.evidence.state], ['notVerified', 'differs']);
  });

  it('says when the record is another one, or gone', () => {
    const other = proof({ evidence: evidence(digest('9')) });
    assert.equal(other.evidence.sha256, digest('9'));
    assert.match(evidenceText(other.evidence), /^INDEX AND EVIDENCE DIFFER: the index says sha256:d/);
    const gone = proof({ evidence: evidence() });
    assert.equal(gone.evidence.state, 'missing');
    assert.ok(isAlarming(other) && isAlarming(gone));
  });

  it('verifies nothing of an attempt that the timeline no longer keeps, and blames nobody for it', () => {
    const again: Readings = {
      ...good,
      gates: { ...gates(gate({ comment: 'fine' })), attempts: { deploy: 2 } },
      evidence: evidence(digest('9')),
    };
    const first = proofOf(event, again);
    assert.deepEqual(
      [first.approval.state, first.evidence.state, isAlarming(first)],
      ['notVerified', 'notVerified', false],
    );
    assert.match(evidenceText(first.evidence), /attempt 1 of stage deploy did it, and the run keeps attempt 2 only/);
    const second = proofOf({ ...event, entry: { ...event.entry, attempt: 2 } }, again);
    assert.deepEqual([second.approval.state, second.evidence.state], ['namesNoEvidence', 'differs']);
  });

  it('says whatever is wrong with this record, and leaves what is wrong with others', () => {
    const place = { type: 'mlops.deployment.v1', name: 'deployment', stage: 'deploy', detail: 'x' };
    const told = (...problems: EvidenceProblem[]) => proof({ evidence: evidence(digest('d'), problems) });
    const another: EvidenceProblem = { ...place, kind: 'indexDiffers', name: 'second' };
    assert.equal(told(another).evidence.state, 'verified');
    assert.equal(told(another, { ...place, kind: 'indexDiffers' }).evidence.state, 'differs');
    const late = told(another, { ...place, kind: 'clockSkew', detail: 'too late' });
    assert.equal(evidenceText(late.evidence), 'NOT IN ORDER: too late');
    assert.ok(isAlarming(late));
    const unlisted: EvidenceProblem = { kind: 'unreadable', type: place.type, name: '', detail: 'no right' };
    assert.equal(proof({ evidence: evidence(undefined, [unlisted]) }).evidence.state, 'notVerified');
  });

  it('without an approval is an alarm only where the claimed environment is known to ask for one today', () => {
    const bare = proofOf(step('2026-11-02T00:00:00Z', facts), { ...good, gates: gates() });
    assert.deepEqual([bare.approval.state, isAlarming({ ...bare, evidence: proof({}).evidence })], ['none', false]);
    const read = (asksToday: Readings['asksToday'], more: Partial<Readings> = {}) =>
      proofOf(step('2026-11-02T00:00:00Z', facts), { ...good, gates: gates(), asksToday, ...more });
    assert.equal(approvalText(read(false).approval), 'No approval was asked for');
    assert.match(
      approvalText(read(undefined).approval),
      /^No approval was asked for: whether environment churn-prod asks/,
    );
    assert.equal(read('reading').approval.state, 'reading');
    const told = read(true);
    assert.deepEqual([told.approval.state, isAlarming(told)], ['notAsked', true]);
    assert.match(approvalText(told.approval), /^No approval was asked for, though environment churn-prod asks for one/);
    // Nor does an alarm go under because something else is not known; what was bypassed was asked for.
    assert.equal(read(true, { bypasses: 'no rights' }).approval.state, 'notAsked');
    assert.equal(read(true, { gates: { stages: [], gates: [] } }).approval.state, 'notVerified');
    assert.equal(proof({ asksToday: true }).approval.state, 'approved');
    assert.equal(proof({ asksToday: 'reading' }).approval.state, 'approved');
  });

  it('is let in by no approval of a service connection where the claimed environment asks for one', () => {
    const connection = gate({ elsewhere: 'endpoint azure-dev' });
    const read = (asksToday: Readings['asksToday'], ...more: StageGate[]) =>
      proof({ gates: gates(connection, ...more), asksToday });
    assert.equal(read(true).approval.state, 'notAsked');
    assert.equal(isAlarming(read(true)), true);
    assert.match(approvalText(read(true).approval), /the approval is of endpoint azure-dev/);
    for (const none of [false, undefined]) {
      assert.equal(read(none).approval.state, 'approved');
      assert.match(
        approvalText(read(none).approval),
        /^Approved by Ben, .*; the approval is of endpoint azure-dev, not of/,
      );
    }
    const both = read(false, gate({ approvalId: 'gate-2', environment: 'churn-prod' })).approval;
    assert.equal(approvalText(both), 'Approved by Ben, Ben, 2026-11-01 08:00 UTC');
    assert.equal(read(true, gate({ environment: 'churn-prod' })).approval.state, 'approved');
  });
});
