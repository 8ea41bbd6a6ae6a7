import assert from 'node:assert/strict';
import { decide } from '../../../hub/data/decide';
import { bind, endedBefore, gatedStage } from '../../../hub/data/gate';
import { readApproval } from '../../../hub/data/approvals';
import { passedApprovals, readBypasses } from '../../../hub/data/bypasses';
import { readEvidence } from '../../../hub/data/runs';
import { readGates } from '../../../hub/data/stage-gates';
import type { Approval } from '../../../hub/data/types';
import { RequestProblem } from '../../../hub/devops/problems';
import { FakeService, json, userId } from '../devops/fake-service';
import { dataSanity, guid, serveRun, sha256, textOf, type Sample } from './run-sample';

const approvalId = guid('approval');
const openedOn = '2026-11-20T09:32:00.1234567Z';

function waiting(): Sample {
  return {
    id: 812,
    stages: [
      {
        name: 'Data',
        finishTime: '2026-11-20T09:20:00Z',
        attachments: [
          { kind: 'mlops.data-sanity.v1', name: 'data.json', content: dataSanity() },
          { kind: 'mlops.data-sanity.v1', name: 'old.json', content: dataSanity(), old: true },
        ],
      },
      // Not a record of its kind, and yet bytes that an approver decides about.
      {
        name: 'Train',
        finishTime: openedOn,
        attachments: [{ kind: 'mlops.training.v1', name: 't.json', content: 'not json' }],
      },
      {
        name: 'Late',
        finishTime: '2026-11-20T09:32:00.1240000Z',
        attachments: [{ kind: 'mlops.smoke.v1', name: 's.json', content: '{}' }],
      },
      {
        name: 'Production',
        approval: approvalId,
        attachments: [{ kind: 'mlops.deployment.v1', name: 'd.json', content: '{}' }],
      },
    ],
  };
}

interface Gate {
  service: FakeService;
  sample: Sample;
  approval: Record<string, unknown>;
}

function gateService(): Gate {
  const sample = waiting();
  const service = serveRun(new FakeService(), sample);
  const approval: Record<string, unknown> = {
    id: approvalId,
    status: 'pending',
    createdOn: openedOn,
    permissions: 'view, update',
    steps: [{ assignedApprover: { id: userId, displayName: 'Ana' }, status: 'pending', order: 1 }],
    pipeline: { owner: { id: 812 } },
  };
  service.list(/^pipelines\/approvals$/, () => [approval]);
  service.on('PATCH', /^pipelines\/approvals$/, ({ body }) => {
    const [update] = body as { status: string; comment: string }[];
    approval['status'] = update?.status;
    approval['steps'] = [{ actualApprover: { id: userId, displayName: 'Ana' }, ...update, order: 1 }];
    return { count: 1, value: [approval] };
  });
  return { service, sample, approval };
}

/** Written out by hand: canonical JSON of the manifest, in the order of stage, kind, name. */
const expectedManifest = `{"evidence":[{"kind":"mlops.data-sanity.v1","name":"data.json","sha256":"${sha256(
  textOf(dataSanity()),
)}","stage":"Data"},{"kind":"mlops.training.v1","name":"t.json","sha256":"${sha256(
  'not json',
)}","stage":"Train"}],"kind":"mlops.manifest.v1","run":"812"}`;

describe('a gate', () => {
  it('is about the newest attempt of every stage that had ended when it opened', async () => {
    const { service } = gateService();
    const evidence = await readEvidence(service.client(), 812);
    const { items, digest } = await bind(evidence, { createdAt: openedOn });
    assert.deepEqual(
      items.map(({ stage, name }) => [stage, name]),
      [
        ['Data', 'data.json'],
        ['Train', 't.json'],
      ],
    );
    assert.equal(digest, sha256(expectedManifest));
    assert.equal(gatedStage(evidence.timeline, approvalId.toUpperCase()), 'Production');
  });

  it('has a digest without evidence too', async () => {
    const { service, sample } = gateService();
    sample.stages = [{ name: 'Production', approval: approvalId }];
    const { digest } = await bind(await readEvidence(service.client(), 812), { createdAt: openedOn });
    assert.equal(digest, sha256('{"evidence":[],"kind":"mlops.manifest.v1","run":"812"}'));
  });

  it('has no digest when something cannot be read or listed', async () => {
    for (const [path, status] of [
      [/\/data\.json$/, 500],
      [/attachments\/mlops\.evaluation\.v1$/, 403],
    ] as const) {
      const { service } = gateService();
      service.on('GET', path, () => json({ message: 'no' }, status));
      const { digest, unbound } = await bind(await readEvidence(service.client(), 812), { createdAt: openedOn });
      assert.equal(digest, undefined);
      assert.ok(unbound);
    }
  });

  it('compares times to the millisecond, as the task does that computes the digest again', () => {
    const ended = (finishTime: string) => {
      const stage = { id: 's', type: 'Stage', name: 's', state: 'completed', attempt: 1, finishTime };
      return endedBefore(stage, '2026-11-20T09:32:00.1231000Z');
    };
    assert.deepEqual(
      ['09:32:00.1239999Z', '09:32:00.1230000Z', '10:32:00.123+01:00', '09:32:00.1240000Z', '09:32:01Z'].map((time) =>
        ended(`2026-11-20T${time}`),
      ),
      [true, true, true, false, false],
    );
  });
});

describe('gates of a run', () => {
  it('are the approvals of its own timeline, each with its stage and what was there when it opened', async () => {
    const { service } = gateService();
    const { stages, gates } = await readGates(service.client(), await readEvidence(service.client(), 812));
    assert.deepEqual(stages, ['Data', 'Train', 'Late', 'Production']);
    assert.deepEqual(
      gates.map(({ stage, approvalId: id, digest, approval }) => [stage, id, digest, approval?.status]),
      [['Production', approvalId, sha256(expectedManifest), 'pending']],
    );
  });

  it('name the environment whose approval each is', async () => {
    const { service } = gateService();
    const resource = { type: 'environment', id: '3', name: 'churn-dev' };
    const pool = { type: 'agentpool', id: '3', name: 'mlops-agents' };
    service.on('GET', /^pipelines\/checks\/runs\//, () => ({
      checkRuns: [
        { id: guid('of a pool'), status: 'approved', checkConfigurationRef: { resource: pool } },
        { id: approvalId.toUpperCase(), status: 'approved', checkConfigurationRef: { resource } },
      ],
    }));
    const { gates } = await readGates(service.client(), await readEvidence(service.client(), 812));
    assert.deepEqual(
      gates.map(({ environment }) => environment),
      ['churn-dev'],
    );
  });

  it('say when an approval is of no environment at all', async () => {
    const { service } = gateService();
    const resource = { type: 'endpoint', id: guid('azure'), name: 'azure-dev' };
    service.on('GET', /^pipelines\/checks\/runs\//, () => ({
      checkRuns: [{ id: approvalId, status: 'approved', checkConfigurationRef: { resource } }],
    }));
    const { gates } = await readGates(service.client(), await readEvidence(service.client(), 812));
    assert.deepEqual(
      gates.map(({ environment, elsewhere }) => [environment, elsewhere]),
      [[undefined, 'endpoint azure-dev']],
    );
  });

  it('stand there without an approval that the service does not show', async () => {
    const { service } = gateService();
    service.list(/^pipelines\/approvals$/, () => []);
    const { gates } = await readGates(service.client(), await readEvidence(service.client(), 812));
    assert.deepEqual(gates, [{ stage: 'Production', approvalId }]);
  });
});

describe('a decision', () => {
  async function shown(gate: Gate): Promise<{ approval: Approval; digest: string }> {
    const client = gate.service.client();
    const approval = await readApproval(client, approvalId);
    const { digest } = await bind(await readEvidence(client, 812), approval);
    return { approval, digest: digest ?? '' };
  }
  async function refused(promise: Promise<unknown>, { service }: Gate): Promise<string> {
    const error = await promise.then(
      () => assert.fail('it was not refused'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof RequestProblem, String(error));
    assert.deepEqual(service.paths('PATCH'), []);
    return error.problem.kind === 'refused' ? error.problem.reason : error.problem.kind;
  }

  it('carries the words and the digest of what was shown', async () => {
    const gate = gateService();
    const seen = await shown(gate);
    const decided = await decide(gate.service.client(), { status: 'approved', comment: ' AUC is up ', ...seen });
    const patch = gate.service.asked.find(({ method }) => method === 'PATCH');
    assert.deepEqual(patch?.body, [
      { approvalId, status: 'approved', comment: `AUC is up\n\nevidence sha256:${sha256(expectedManifest)}` },
    ]);
    assert.equal(decided.status, 'approved');
    assert.equal(decided.steps[0]?.evidenceSha256, seen.digest);
    assert.equal(decided.mayDecide, false);
  });

  it('may be put off, and may be a rejection with a reason', async () => {
    const later = gateService();
    const deferredTo = '2099-01-01T00:00:00.000Z';
    await decide(later.service.client(), { status: 'deferred', comment: '', deferredTo, ...(await shown(later)) });
    const [update] = later.service.asked.flatMap(({ method, body }) => (method === 'PATCH' ? [body] : []));
    assert.deepEqual(update, [
      { approvalId, status: 'deferred', deferredTo, comment: `evidence sha256:${sha256(expectedManifest)}` },
    ]);
    const no = gateService();
    const seen = await shown(no);
    assert.equal(
      (await decide(no.service.client(), { status: 'rejected', comment: 'No.', ...seen })).status,
      'rejected',
    );
  });

  it('is refused when the evidence is no longer what was shown', async () => {
    const changes: ((sample: Sample) => void)[] = [
      ({ stages }) => {
        const [attachment] = stages[0]?.attachments ?? [];
        if (attachment) attachment.content = dataSanity('failed');
      },
      ({ stages }) => void stages[0]?.attachments?.push({ kind: 'mlops.smoke.v1', name: 'new', content: '{}' }),
      ({ stages }) => void stages[0]?.attachments?.shift(),
      // The stage ran again after the gate had opened.
      ({ stages: [first] }) => {
        if (first) first.finishTime = '2026-11-20T10:00:00Z';
      },
    ];
    for (const change of changes) {
      const gate = gateService();
      const seen = await shown(gate);
      change(gate.sample);
      const promise = decide(gate.service.client(), { status: 'approved', comment: '', ...seen });
      assert.equal(await refused(promise, gate), 'evidenceChanged');
    }
  });

  it('is refused to the requester, to others than approvers, and when it is made already', async () => {
    const cases: [string, (gate: Gate) => void][] = [
      ['requester', ({ sample }) => void (sample.requestedFor = userId.toUpperCase())],
      ['requester', ({ sample }) => void (sample.requestedBy = userId.toUpperCase())],
      ['notApprover', ({ approval }) => void (approval['permissions'] = 'view')],
      ['notApprover', ({ approval }) => void (approval['blockedApprovers'] = [{ id: userId }])],
      ['notPending', ({ approval }) => void (approval['status'] = 'timedOut')],
      ['notFound', ({ service }) => void service.on('GET', /^build\/builds\/812$/, () => json({}, 404))],
      ['evidenceUnreadable', ({ service }) => void service.on('GET', /\/t\.json$/, () => json({}, 500))],
    ];
    for (const [reason, change] of cases) {
      const gate = gateService();
      const seen = await shown(gate);
      change(gate);
      const promise = decide(gate.service.client(), { status: 'approved', comment: '', ...seen });
      assert.equal(await refused(promise, gate), reason);
    }
  });

  it('is refused without the words or the time that it needs, and with a digest of its own', async () => {
    const gate = gateService();
    const seen = await shown(gate);
    const client = gate.service.client();
    const digest = `evidence sha256:${'a'.repeat(64)}`;
    assert.equal(await refused(decide(client, { status: 'rejected', comment: ' ', ...seen }), gate), 'commentMissing');
    assert.equal(
      await refused(decide(client, { status: 'approved', comment: digest, ...seen }), gate),
      'commentCarriesDigest',
    );
    for (const deferredTo of ['2020-01-01T00:00:00Z', 'soon']) {
      const promise = decide(client, { status: 'deferred', comment: '', deferredTo, ...seen });
      assert.equal(await refused(promise, gate), 'deferredToMissing');
    }
  });

  it('that the service does not show afterwards, or refuses, is told', async () => {
    const silent = gateService();
    const seen = await shown(silent);
    silent.service.on('PATCH', /approvals$/, () => ({ value: [silent.approval] }));
    const decision = { status: 'approved', comment: '', ...seen } as const;
    await assert.rejects(decide(silent.service.client(), decision), /shows no such decision/);
    silent.service.on('PATCH', /approvals$/, () => json({ message: 'already decided' }, 409));
    await assert.rejects(decide(silent.service.client(), decision), /already decided/);
  });
});

describe('bypasses', () => {
  const recordsOf = async (started: boolean) => {
    const { service, sample } = gateService();
    for (const stage of sample.stages) if (stage.approval) stage.started = started;
    const { timeline } = await readEvidence(service.client(), 812);
    return timeline;
  };
  const approvalOf = (status: string) => ({
    id: approvalId,
    status,
    instructions: '',
    createdAt: openedOn,
    changedAt: openedOn,
    minRequiredApprovers: 1,
    inSequence: false,
    steps: [],
    blocked: [],
  });

  it('are approvals whose stage ran although nobody approved', async () => {
    const ran = await recordsOf(true);
    assert.deepEqual(
      passedApprovals(ran, [approvalOf('skipped')]).map(({ stage, check }) => [stage, check]),
      [['Production', 'Approval']],
    );
    assert.equal(passedApprovals(ran, []).length, 1);
    assert.deepEqual(passedApprovals(ran, [approvalOf('approved')]), []);
    assert.deepEqual(passedApprovals(await recordsOf(false), [approvalOf('rejected')]), []);
  });

  it('of checks that the service does not show are not known; a checkpoint without checks has none', async () => {
    const { service, approval } = gateService();
    approval['status'] = 'approved';
    service.on('GET', /^pipelines\/checks\/runs\//, () => json({ message: 'no suite' }, 404));
    assert.deepEqual(await readBypasses(service.client(), 812), { bypasses: [], unread: ['Production'] });
    service.on('GET', /^pipelines\/checks\/runs\//, () => ({ checkRuns: [] }));
    assert.deepEqual(await readBypasses(service.client(), 812), { bypasses: [], unread: [] });
  });
});
