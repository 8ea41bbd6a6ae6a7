import '../../support';
import assert from 'node:assert/strict';
import type { Approval, ApprovalStep } from '../../../../hub/data/types';
import { progressOf } from '../../../../hub/pages/approvals/progress';
import { whyNot } from '../../../../hub/pages/approvals/reasons';
import { run } from '../../data/samples';

const newYear = '2099-01-01T00:00:00Z';

function step(name: string, status: string, deferredTo?: string): ApprovalStep {
  const person = { id: name.toLowerCase(), displayName: name };
  const actual = status === 'pending' ? undefined : person;
  return { assigned: { ...person, isGroup: false }, actual, status, comment: '', order: 1, deferredTo };
}

function approval(minRequiredApprovers: number, ...steps: ApprovalStep[]): Approval {
  const at = '2026-11-20T09:30:00Z';
  const base = { id: 'a', status: 'pending', run: run(1), instructions: '', createdAt: at, changedAt: at };
  return { ...base, minRequiredApprovers, inSequence: false, steps, blocked: [], mayDecide: false };
}

function why(of: Approval, viewer: string): string | undefined {
  return whyNot(of, { id: viewer }, { gate: { digest: 'd' }, isReading: false });
}

describe('an approval for later', () => {
  it('that is enough waits for nobody: it says from when on it counts, and who may still decide', () => {
    const of = approval(1, step('Ben', 'deferred', newYear), step('Cleo', 'pending'));
    assert.equal(progressOf(of), '1 of 1 approved, from 2099-01-01 00:00 UTC on (Ben); Cleo may still decide');
    assert.equal(why(of, 'ben'), 'You have approved already, from 2099-01-01 00:00 UTC on; Cleo may still decide.');
  });

  it('that is not enough leaves the others’ to come', () => {
    const of = approval(2, step('Ben', 'deferred', newYear), step('Cleo', 'pending'));
    assert.equal(progressOf(of), '1 of 2 approved, from 2099-01-01 00:00 UTC on (Ben); waits for Cleo');
    assert.equal(
      why(of, 'ben'),
      'You have approved already, from 2099-01-01 00:00 UTC on: the approval waits for Cleo.',
    );
  });

  it('that was rejected by another or canceled takes effect at no time', () => {
    const rejected = { ...approval(2, step('Ben', 'deferred', newYear), step('Cleo', 'rejected')), status: 'rejected' };
    assert.equal(progressOf(rejected), '1 of 2 approved (Ben); rejected by Cleo');
    const canceled = { ...approval(1, step('Ben', 'deferred', newYear)), status: 'canceled' };
    assert.equal(progressOf(canceled), '1 of 1 approved (Ben)');
  });

  it('counts from when as many approved as have to', () => {
    const [soon, late] = ['2030-01-01T00:00:00Z', newYear];
    const three = [step('Ana', 'approved'), step('Ben', 'deferred', late), step('Cleo', 'deferred', soon)];
    assert.equal(progressOf(approval(2, ...three)), '3 of 2 approved, from 2030-01-01 00:00 UTC on (Ana, Ben, Cleo)');
    assert.equal(progressOf(approval(3, ...three)), '3 of 3 approved, from 2099-01-01 00:00 UTC on (Ana, Ben, Cleo)');
    assert.equal(progressOf(approval(1, ...three)), '3 of 1 approved (Ana, Ben, Cleo)');
  });
});

describe('an approval of one of several', () => {
  it('waits for the others', () => {
    const of = approval(2, step('Ben', 'approved'), step('Cleo', 'pending'));
    assert.equal(progressOf(of), '1 of 2 approved (Ben); waits for Cleo');
    assert.equal(why(of, 'ben'), 'You have decided already: the approval waits for Cleo.');
  });
});
