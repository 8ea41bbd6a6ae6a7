import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { TaskError } from '../../../lib/agent/errors';
import type { Approval, ApprovalStep, Identity, TimelineRecord } from '../../../lib/agent/run-answers';
import {
  approvalIds,
  evidenceDigest,
  judgeGate,
  manifestItems,
  ownStage,
  type Gate,
  type RunEvidence,
} from '../../../tasks/DeployModel/gate';
import type { Intended } from '../../../tasks/DeployModel/about';
import type { ApprovalPolicy } from '../../../tasks/DeployModel/inputs';

const opened = Date.parse('2026-11-20T10:00:00Z');

/** Stage, job and step of a run; the step may leave evidence. */
function stage(name: string, more: Partial<TimelineRecord> = {}): TimelineRecord[] {
  return [
    { id: name, type: 'Stage', identifier: name, state: 'completed', finishTime: opened - 1000, attempt: 1, ...more },
    { id: `${name}/job`, type: 'Job', parentId: name },
    { id: `${name}/step`, type: 'Task', parentId: `${name}/job` },
  ];
}

const own: TimelineRecord = { id: 'deploy', type: 'Stage', identifier: 'deploy', state: 'inProgress', attempt: 1 };
const records = [
  ...stage('train'),
  ...stage('later', { finishTime: opened + 1 }),
  ...stage('running', { state: 'inProgress', finishTime: undefined }),
  own,
  { id: 'deploy/job', type: 'Job', parentId: 'deploy', state: 'inProgress' },
  { id: 'deploy/step', type: 'Task', parentId: 'deploy/job' },
];

const churn17 = { kind: 'model', name: 'churn', version: '17' } as const;

function left(stageName: string, name = 'model-version.json', sha256 = 'a'.repeat(64)): RunEvidence {
  const about = { model: churn17 };
  return { kind: 'mlops.model-version.v1', name, sha256, recordId: `${stageName}/step`, about };
}

const ana: Identity = { id: 'id-ana', uniqueName: 'ana@fabrikam.com', displayName: 'Ana' };
const bob: Identity = { id: 'id-bob', uniqueName: 'bob@fabrikam.com', displayName: 'Bob' };
const eve: Identity = { id: 'id-eve', uniqueName: 'eve@fabrikam.com', displayName: 'Eve' };

const base: Gate = {
  runId: '812',
  stage: own,
  records,
  approvals: [],
  requesters: [ana],
  evidence: [left('train'), left('later'), left('running'), left('deploy')],
};
const digest = evidenceDigest(base, opened);
const comment = `Looks right; evidence sha256:${digest}`;

function step(approver: Identity | undefined, more: Partial<ApprovalStep> = {}): ApprovalStep {
  return { status: 'approved', comment, actualApprover: approver, lastModifiedOn: '2026-11-20T10:05:00Z', ...more };
}

function approval(steps: ApprovalStep[], more: Partial<Approval> = {}): Approval {
  return { id: 'approval-1', status: 'approved', createdOn: opened, minRequiredApprovers: 1, steps, ...more };
}

function judge(
  approvals: Approval[],
  policy: ApprovalPolicy = 'bound',
  more: Partial<Gate> = {},
  intended: Intended = churn17,
) {
  return judgeGate({ ...base, approvals, ...more }, policy, intended);
}

function refusal(...gate: Parameters<typeof judge>): string {
  try {
    judge(...gate);
  } catch (error) {
    const { message, advice } = error as TaskError;
    return `${message}\n${advice ?? ''}`;
  }
  throw new assert.AssertionError({ message: 'the gate let it pass' });
}

describe('gate of a deployment', () => {
  const policies: ApprovalPolicy[] = ['bound', 'required', 'unbound'];

  for (const policy of policies) {
    it(`lets pass with ${policy} what somebody else approved on this evidence`, () => {
      assert.deepEqual(judge([approval([step(bob)])], policy).approval, {
        id: 'approval-1',
        evidenceSha256: digest,
        decidedBy: [{ id: 'id-bob', displayName: 'Bob' }],
        decidedOn: '2026-11-20T10:05:00.000Z',
        bound: true,
      });
    });

    for (const status of [
      'pending',
      'rejected',
      'skipped',
      'canceled',
      'timedOut',
      'deferred',
      'failed',
      'uninitiated',
    ]) {
      it(`refuses with ${policy} an approval that is ${status}, as after a bypass`, () => {
        assert.match(refusal([approval([step(bob)], { status })], policy), new RegExp(`it is ${status}, not approved`));
      });
    }

    it(`refuses with ${policy} an approval without the decisions it needs`, () => {
      const skipped = step(undefined, { status: 'skipped', comment: '' });
      assert.match(refusal([approval([])], policy), /0 of 1 approvers/);
      assert.match(refusal([approval([skipped])], policy), /0 of 1 approvers/);
      assert.match(refusal([approval([step(bob), skipped], { minRequiredApprovers: 2 })], policy), /1 of 2 approvers/);
      assert.match(refusal([approval([step(bob), skipped], { minRequiredApprovers: 0 })], policy), /1 of 2 approvers/);
      assert.match(refusal([approval([step(undefined)])], policy), /does not say who approved/);
    });

    it(`refuses with ${policy} the requester of the run, known by id or by sign-in name`, () => {
      const named = /Ana approved it and requested this run/;
      assert.match(refusal([approval([step(ana)])], policy), named);
      assert.match(refusal([approval([step({ ...ana, id: 'other-directory' })])], policy), named);
      assert.match(refusal([approval([step({ ...ana, uniqueName: 'guest' })])], policy), named);
      assert.match(refusal([approval([step(ana)])], policy, { requesters: [eve, ana] }), named);
    });

    it(`refuses with ${policy} an approval of other evidence`, () => {
      const other = `evidence sha256:${'b'.repeat(64)}`;
      const said = refusal([approval([step(bob, { comment: other })])], policy);
      assert.match(said, new RegExp(`Bob approved ${other}; expected was evidence sha256:${digest}`));
      assert.match(refusal([approval([step(bob, { comment: `${comment} ${other}` })])], policy), /Bob approved/);
    });
  }

  it('refuses a comment without digest unless told otherwise, and says what it should have been', () => {
    const careless = [approval([step(bob, { comment: 'ok' })])];
    for (const policy of ['bound', 'required'] as const) {
      assert.match(refusal(careless, policy), new RegExp(`Bob approved it without naming.*evidence sha256:${digest}`));
    }
    const { approval: record, notes } = judge(careless, 'unbound');
    assert.deepEqual([record?.bound, record?.evidenceSha256], [false, undefined]);
    assert.match(notes.join('\n'), /without naming the evidence.*unbound lets it pass/);
  });

  it('needs no approval where the stage has none, unless one is required', () => {
    assert.match(judge([]).notes.join(), /Stage deploy needs no approval/);
    assert.equal(judge([], 'unbound').approval, undefined);
    assert.match(refusal([], 'required'), /no approval, and approvalPolicy is required[\s\S]*environment/);
  });

  it('asks every approver of every approval', () => {
    const two = { minRequiredApprovers: 2 };
    assert.equal(judge([approval([step(bob), step(eve)], two)]).approval?.decidedBy.length, 2);
    assert.match(refusal([approval([step(bob), step(ana)], two)]), /Ana approved it and requested/);
    assert.match(refusal([approval([step(bob), step(eve, { comment: '' })], two)]), /Eve approved it without/);
    const second = approval([step(eve, { lastModifiedOn: '2026-11-20T11:00:00Z' })], { id: 'approval-2' });
    assert.equal(judge([second, approval([step(bob)])]).approval?.id, 'approval-2');
    assert.match(
      refusal([approval([step(bob)]), { ...second, status: 'skipped' }]),
      /Approval approval-2: it is skipped/,
    );
    const said = refusal([approval([step(ana)]), approval([step(eve, { comment: '' })], { id: 'approval-2' })]);
    assert.match(said, /approval-1: Ana[\s\S]*approval-2: Eve/);
  });

  it('does not ask approvers who had nothing to decide any more', () => {
    const open = step(undefined, { status: 'pending', comment: '' });
    assert.equal(judge([approval([step(bob), open])]).approval?.decidedBy.length, 1);
  });

  it('takes a decision that was deferred when it takes effect', () => {
    const late = step(bob, { lastModifiedOn: '2026-11-23T05:00:00Z' });
    assert.equal(judge([approval([late])]).approval?.decidedOn, '2026-11-23T05:00:00.000Z');
  });

  it('judges each approval by what there was when it opened', () => {
    const later = opened + 60_000;
    const other = evidenceDigest(base, later);
    assert.notEqual(other, digest);
    const second = approval([step(eve, { comment: `evidence sha256:${other}` })], { id: 'b', createdOn: later });
    assert.equal(judge([approval([step(bob)]), second]).notes.length, 2);
    assert.match(refusal([approval([step(bob)]), { ...second, steps: [step(eve)] }]), /Approval b: Eve approved/);
  });

  it('names the digest that the next attempt needs', () => {
    const next = evidenceDigest(base, Infinity);
    assert.match(refusal([approval([step(bob, { comment: '' })])]), new RegExp(`Run the stage again.*sha256:${next}`));
  });
});

describe('evidence about something else than is deployed', () => {
  const churn5: Intended = { kind: 'model', name: 'churn', version: '5' };
  const approved = [approval([step(bob)])];

  for (const policy of ['bound', 'required'] as const) {
    it(`is refused with ${policy}, though its digest was approved`, () => {
      const said = refusal(approved, policy, {}, churn5);
      assert.match(
        said,
        /evidence that was approved is about model churn version 17, not about model churn version 5\./,
      );
      assert.match(said, /stage of this run before the gate.*RegisterModel.*approvalPolicy to unbound/);
      assert.doesNotMatch(said, /Run the stage again/);
    });

    it(`is refused with ${policy} when there is none, or it names nothing`, () => {
      const none = evidenceDigest({ ...base, evidence: [] }, opened);
      const blind = [approval([step(bob, { comment: `evidence sha256:${none}` })])];
      assert.match(refusal(blind, policy, { evidence: [] }), /about no model version or image at all, not about model/);
      const evidence = [{ ...left('train'), about: undefined }];
      assert.match(refusal(approved, policy, { evidence }), /about no model version or image at all, not about model/);
    });
  }

  it('passes with unbound, noted, and is no approval of what was deployed', () => {
    const { approval: record, notes } = judge(approved, 'unbound', {}, churn5);
    assert.deepEqual([record?.bound, record?.evidenceSha256], [false, digest]);
    assert.match(notes.join('\n'), /not about model churn version 5\. The approvalPolicy unbound lets it pass\./);
    assert.equal(notes.length, 2);
  });

  it('does not excuse what else is wrong', () => {
    assert.match(refusal([approval([step(ana)])], 'bound', {}, churn5), /Ana approved it[\s\S]*not about model churn/);
    assert.match(refusal([approval([step(ana)])], 'unbound', {}, churn5), /Ana approved it/);
  });

  it('stays so when the right evidence came after the gate, or from its own stage', () => {
    const about = { model: churn5 };
    const evidence = [
      left('train'),
      ...['later', 'running', 'deploy'].map((name) => ({ ...left(name, 'other.json'), about })),
    ];
    const said = refusal(approved, 'bound', { evidence }, churn5);
    assert.match(said, /about model churn version 17, not about[\s\S]*Run the stage again and approve it/);
    assert.equal(judge(approved, 'bound', { evidence }).approval?.bound, true);
  });

  it('is judged for each approval by what there was when it opened', () => {
    const later = opened + 60_000;
    const evidence = [left('train'), { ...left('later'), about: { model: churn5 } }];
    const second = approval(
      [step(eve, { comment: `evidence sha256:${evidenceDigest({ ...base, evidence }, later)}` })],
      {
        id: 'b',
        createdOn: later,
      },
    );
    const said = refusal([approval([step(bob)]), second], 'bound', { evidence }, churn5);
    assert.match(said, /Approval approval-1: The evidence that was approved/);
    assert.doesNotMatch(said, /Approval b:/);
  });

  it('must not contradict what the pipeline states of the image, even where another record agrees', () => {
    const image = `acr.io/churn@sha256:${'1'.repeat(64)}`;
    const says = (version: string, name: string): RunEvidence => ({
      ...left('train', name),
      about: { image, model: { name: 'churn', version } },
    });
    const evidence = [says('7', 'package.json'), says('8', 'deployment.json')];
    const named = evidenceDigest({ ...base, evidence }, opened);
    const approvals = [approval([step(bob, { comment: `evidence sha256:${named}` })])];
    const intended: Intended = { kind: 'image', image, model: { name: 'churn', version: '8' } };
    assert.match(refusal(approvals, 'bound', { evidence }, intended), /says .*model churn version 7.*version 8/);
    assert.equal(judge(approvals, 'unbound', { evidence }, intended).approval?.bound, false);
  });

  it('leaves a gate of several approvals unbound as soon as one of them names nothing', () => {
    const first = approval([step(bob, { comment: 'fine' })], { id: 'first' });
    const second = approval([step(eve, { lastModifiedOn: '2026-11-20T11:05:00Z' })], { id: 'second' });
    assert.equal(judge([first, second], 'unbound').approval?.bound, false);
  });

  it('needs no evidence where no approval is needed', () => {
    assert.match(judge([], 'bound', { evidence: [] }, churn5).notes.join(), /needs no approval/);
  });

  it('advises for an image what names images', () => {
    const image: Intended = { kind: 'image', image: 'r/m@sha256:1', model: { name: 'churn', version: '17' } };
    const said = refusal(approved, 'bound', {}, image);
    assert.match(said, /not about image r\/m@sha256:1 \(model churn version 17\)\.\nLet a stage .* package it/);
    assert.doesNotMatch(said, /RegisterModel/);
  });

  it('asks for modelName and modelVersion where the inputs name nothing', () => {
    const unnamed = { kind: 'unnamed', what: 'azureml:churn@latest, a version that only Azure knows' } as const;
    assert.match(
      refusal(approved, 'bound', {}, unnamed),
      /not about azureml:churn@latest[\s\S]*modelName and modelVersion/,
    );
  });
});

describe('evidence of a gate', () => {
  it('is what ended before the gate opened, and never what its own stage left', () => {
    assert.deepEqual(
      manifestItems(base, opened).map((item) => item.stage),
      ['train'],
    );
    const ended = { ...own, state: 'completed', finishTime: opened - 5 };
    const rerun = { ...base, stage: ended, records: records.map((record) => (record.id === own.id ? ended : record)) };
    assert.equal(evidenceDigest(rerun, opened), digest);
  });

  it('is there when its stage ended in the very moment', () => {
    const late = { ...base, records: [...stage('train', { finishTime: opened }), own] };
    assert.equal(manifestItems(late, opened).length, 1);
    assert.equal(manifestItems(late, opened - 1).length, 0);
  });

  it('is not what an earlier attempt left, whose records are gone from the timeline', () => {
    const earlier = { ...left('train'), recordId: 'train-attempt-1/step' };
    assert.equal(evidenceDigest({ ...base, evidence: [...base.evidence, earlier] }, opened), digest);
  });

  it('ignores records whose parents lead nowhere or in a circle', () => {
    const odd = [
      { id: 'x/step', type: 'Task', parentId: 'nowhere' },
      { id: 'y/step', type: 'Task', parentId: 'y' },
      { id: 'y', type: 'Job', parentId: 'y/step' },
    ];
    const gate = { ...base, records: [...records, ...odd], evidence: [...base.evidence, left('x'), left('y')] };
    assert.equal(evidenceDigest(gate, opened), digest);
  });

  const item: fc.Arbitrary<RunEvidence> = fc.record({
    kind: fc.constantFrom('mlops.evaluation.v1', 'mlops.package.v1'),
    name: fc.string({ minLength: 1 }),
    sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
    recordId: fc.constantFrom('train/step', 'second/step'),
  });
  const items = fc.uniqueArray(item, { minLength: 1, maxLength: 6, selector: (one) => JSON.stringify(one) });
  const twoStages = { ...base, records: [...records, ...stage('second')] };
  const digestOf = (evidence: RunEvidence[], runId = '812') =>
    evidenceDigest({ ...twoStages, runId, evidence }, opened);

  it('has a digest that does not depend on the order in which it is listed', () => {
    fc.assert(
      fc.property(items, fc.infiniteStream(fc.nat()), (evidence, order) => {
        const shuffled = evidence
          .map((one) => ({ one, key: Number(order.next().value) }))
          .sort((a, b) => a.key - b.key)
          .map(({ one }) => one);
        assert.equal(digestOf(shuffled), digestOf(evidence));
      }),
    );
  });

  it('has another digest as soon as anything of it differs', () => {
    fc.assert(
      fc.property(items, fc.nat(), (evidence, place) => {
        const index = place % evidence.length;
        const found = evidence[index];
        assert.ok(found);
        const changes: RunEvidence[][] = [
          [{ ...found, name: `${found.name}x` }],
          [{ ...found, kind: 'mlops.smoke.v1' }],
          [{ ...found, sha256: found.sha256.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) }],
          [
            {
              ...found,
              recordId: found.recordId === 'train/step' ? 'second/step' : 'train/step',
              name: `${found.name}y`,
            },
          ],
          [],
          [found, { ...found, name: `${found.name}z` }],
        ];
        const digests = changes.map((change) => digestOf(evidence.toSpliced(index, 1, ...change)));
        assert.ok(!digests.includes(digestOf(evidence)));
        assert.notEqual(digestOf(evidence, '813'), digestOf(evidence));
      }),
    );
  });
});

describe('stage of a step', () => {
  const checkpoint = { id: 'checkpoint', type: 'Checkpoint', parentId: 'deploy' };
  const asked = { id: 'asked', type: 'Checkpoint.Approval', parentId: 'checkpoint' };

  const jobId = 'deploy/job';

  it('is found by identifier, reference name or name', () => {
    for (const key of ['identifier', 'refName', 'name'] as const) {
      const found = { id: 's', type: 'Stage', [key]: 'deploy' };
      const job = { id: jobId, type: 'Job', name: 'deploy', parentId: 's', state: 'inProgress' };
      assert.equal(ownStage([job, found], { stage: 'deploy', attempt: 1, jobId }), found);
    }
    assert.throws(() => ownStage(records, { stage: 'none', jobId }), /no stage none/);
  });

  it('is not one that was started again meanwhile', () => {
    assert.equal(ownStage(records, { stage: 'deploy', attempt: 1, jobId }), own);
    assert.throws(
      () => ownStage(records, { stage: 'deploy', attempt: 2, jobId }),
      /attempt 1 now, and this step belongs to attempt 2/,
    );
  });

  it('is the one that this job works in, not the stage of another run', () => {
    const ended = records.map((record) => (record === own ? { ...own, state: 'completed' } : record));
    const isNot = /is not the one that this job \(.*\) works in/;
    assert.throws(() => ownStage(ended, { stage: 'deploy', attempt: 1, jobId }), isNot);
    for (const other of ['train/job', 'nowhere', undefined]) {
      assert.throws(() => ownStage(records, { stage: 'deploy', attempt: 1, jobId: other }), isNot);
    }
    const idle = records.map((record) => (record.id === jobId ? { ...record, state: 'completed' } : record));
    assert.throws(() => ownStage(idle, { stage: 'deploy', attempt: 1, jobId }), isNot);
  });

  it('waited for the approvals that stand below it, and no other', () => {
    const others = [
      { id: 'c2', type: 'Checkpoint', parentId: 'train' },
      { id: 'other', type: 'Checkpoint.Approval', parentId: 'c2' },
      { id: 'lock', type: 'Checkpoint.ExclusiveLock', parentId: 'checkpoint' },
      { id: 'stray', type: 'Checkpoint.Approval' },
    ];
    assert.deepEqual(approvalIds([...records, ...others, asked, checkpoint], own), ['asked']);
    assert.deepEqual(approvalIds(records, own), []);
    const nested = { ...asked, parentId: 'deploy/job' };
    assert.deepEqual(approvalIds([...records, nested], own), ['asked']);
  });
});
