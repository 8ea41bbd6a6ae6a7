import assert from 'node:assert/strict';
import { CancelledError } from '../../../lib/agent/errors';
import { sha256Hex } from '../../../lib/agent/hash';
import { evidenceText } from '../../../lib/evidence/evidence';
import { manifestText } from '../../../lib/evidence/manifest';
import { packageSchema } from '../../../lib/evidence/schemas/package';
import type { Intended } from '../../../tasks/DeployModel/about';
import { checkApproval } from '../../../tasks/DeployModel/approval';
import type { ApprovalPolicy } from '../../../tasks/DeployModel/inputs';
import { samples } from '../../lib/evidence/samples';
import { FakeAgent } from '../../support/fake-agent';
import { FakeRun, guid, person, token } from '../../support/fake-run';

const variables = {
  'Build.BuildId': '812',
  'System.TeamProject': 'Churn',
  'System.StageName': 'deploy',
  'System.StageAttempt': '2',
  'System.JobId': guid('work'),
};
const packaged = evidenceText(packageSchema, samples['mlops.package.v1']);
const item = { stage: 'train', kind: 'mlops.package.v1', name: 'package.json', sha256: sha256Hex(packaged) };
const intended: Intended = { kind: 'image', image: samples['mlops.package.v1'].image };
const expected = sha256Hex(manifestText(812, [item]));

/** A run whose second attempt of the stage deploy was approved by bob; ana requested it. */
function world(comment = `evidence sha256:${expected}`): FakeRun {
  const run = new FakeRun();
  const record = (name: string, type: string, parent?: string, more: object = {}) =>
    run.records.push({ id: guid(name), type, parentId: parent === undefined ? null : guid(parent), name, ...more });
  record('train', 'Stage', undefined, {
    ...{ identifier: 'train', state: 'completed', attempt: 1, finishTime: '2026-11-20T09:59:59.9999999Z' },
  });
  record('job', 'Job', 'train');
  record('step', 'Task', 'job');
  record('deploy', 'Stage', undefined, { identifier: 'deploy', state: 'inProgress', attempt: 2 });
  record('work', 'Job', 'deploy', { state: 'inProgress' });
  record('check', 'Checkpoint', 'deploy');
  record('gate', 'Checkpoint.Approval', 'check');
  const common = { type: item.kind, name: item.name };
  run.attachments = [
    { ...common, recordId: guid('step'), content: packaged },
    { ...common, recordId: guid('gone'), content: 'of an earlier attempt' },
    { type: 'mlops.junit', name: 'a.xml', recordId: guid('step'), content: 'no evidence' },
  ];
  const step = { status: 'approved', comment, actualApprover: person('bob'), lastModifiedOn: '2026-11-20T10:05:00Z' };
  run.approvals = [
    { id: guid('gate').toUpperCase(), status: 'approved', createdOn: '2026-11-20T10:00:00Z', minRequiredApprovers: 1, steps: [step] },
    { id: guid('old'), status: 'rejected', createdOn: '2026-11-20T08:00:00Z', steps: [] },
  ]; // prettier-ignore
  run.override = ({ path }) =>
    path.startsWith('pipelines/approvals') ? { body: { value: run.approvals } } : undefined;
  return run;
}

function check(run: FakeRun, agent = new FakeAgent({ variables }), policy: ApprovalPolicy = 'bound', what = intended) {
  return checkApproval(agent, policy, what, () => run.service);
}

describe('approval of a deployment', () => {
  it('is read again with the evidence it was given on', async () => {
    const run = world();
    const agent = new FakeAgent({ variables });
    const approval = await check(run, agent);
    assert.deepEqual(approval, {
      ...{ id: guid('gate'), evidenceSha256: expected, bound: true, decidedOn: '2026-11-20T10:05:00.000Z' },
      decidedBy: [{ id: guid('bob'), displayName: 'bob' }],
    });
    assert.match(agent.log, new RegExp(`Approved by bob on evidence sha256:${expected}`));
    assert.ok(run.paths('GET').every((path) => !path.includes(guid('gone')) && !path.includes('junit')));
    assert.doesNotMatch(agent.everything, new RegExp(token));
  });

  it('gives the record of the deployment no word of the comment', async () => {
    const approval = await check(world(`Mark said yes. evidence sha256:${expected}`));
    assert.equal(approval?.bound, true);
    assert.doesNotMatch(JSON.stringify(approval), /Mark/);
  });

  it('is refused when the evidence is not what was looked at', async () => {
    const run = world();
    run.attachments[0]!.content = packaged.replace('python:3.11', 'python:3.12');
    await assert.rejects(check(run), /expected was evidence sha256:/);
  });

  it('is refused when that evidence is not about what is deployed', async () => {
    const other: Intended = { kind: 'model', name: 'diabetes', version: '5' };
    for (const policy of ['bound', 'required'] as const) {
      await assert.rejects(
        check(world(), undefined, policy, other),
        /about image .*@sha256:.* \(model diabetes version 3\), not about model diabetes version 5\./,
      );
    }
    const agent = new FakeAgent({ variables });
    assert.equal((await check(world(), agent, 'unbound', other))?.bound, false);
    assert.match(agent.log, /not about model diabetes version 5\. The approvalPolicy unbound lets it pass/);
  });

  it('is refused when the one who requested the run gave it', async () => {
    const run = world();
    run.build = { requestedFor: person('bob'), requestedBy: person('service') };
    await assert.rejects(check(run), /bob approved it and requested this run/);
  });

  it('is not looked for beyond the timeline when the stage has none', async () => {
    const run = world();
    run.records = run.records.filter(({ type }) => type !== 'Checkpoint');
    const agent = new FakeAgent({ variables });
    assert.equal(await check(run, agent), undefined);
    assert.match(agent.log, /needs no approval/);
    assert.equal(run.calls.length, 1);
    await assert.rejects(check(run, agent, 'required'), /no approval, and approvalPolicy is required/);
  });

  const unreadable: [string, (run: FakeRun) => void, RegExp][] = [
    ['the timeline is refused', (run) => (run.override = () => ({ status: 403 })), /answered 403.*timeline/],
    [
      'the approvals are refused',
      (run) => (run.override = ({ path }) => (path.includes('approvals') ? { status: 401 } : undefined)),
      /answered 401.*approvals/,
    ],
    ['an approval is not shown', (run) => void run.approvals.shift(), /does not show approval/],
    [
      'the stage was started again',
      (run) => run.records.filter(({ name }) => name === 'deploy').forEach((stage) => (stage['attempt'] = 3)),
      /attempt 3 now/,
    ],
    [
      'evidence cannot be read',
      (run) => (run.override = ({ path }) => (path.includes(`${guid('step')}/`) ? { status: 404 } : undefined)),
      /answered 404.*package\.json/,
    ],
  ];
  for (const [what, spoil, message] of unreadable) {
    it(`is no approval when ${what}, unless that may pass unseen`, async () => {
      for (const policy of ['bound', 'required'] as const) {
        const run = world();
        spoil(run);
        const said = await check(run, undefined, policy).then(
          () => '',
          (error: unknown) => (error instanceof Error ? error.message : ''),
        );
        assert.match(said, message);
        assert.match(said, /stage deploy was approved cannot be read[\s\S]*Nothing was changed in Azure/);
      }
      const run = world();
      spoil(run);
      const agent = new FakeAgent({ variables });
      assert.equal(await check(run, agent, 'unbound'), undefined);
      assert.match(agent.warnings.join(), /unbound lets it pass/);
    });
  }

  it('is not asked for outside a run, unless it is required', async () => {
    const elsewhere: Record<string, string>[] = [{}, { ...variables, 'System.HostType': 'release' }];
    for (const own of elsewhere) {
      const run = world();
      const agent = new FakeAgent({ variables: own });
      assert.equal(await check(run, agent), undefined);
      await assert.rejects(check(run, agent, 'required'), /approvalPolicy is required/);
      assert.equal(run.calls.length, 0);
    }
  });

  it('is asked for though a step said that this is no run', async () => {
    for (const id of ['none', '']) {
      const own = { ...variables, 'System.HostType': 'build', 'Build.BuildId': id, 'System.TeamProjectId': 'p' };
      for (const policy of ['bound', 'required', 'unbound'] as const) {
        const agent = new FakeAgent({ variables: own });
        await assert.rejects(checkApproval(agent, policy, intended), /Build\.BuildId is ".*", which is no run/);
      }
    }
  });

  it('is refused when it is of another run in which a job of the same id is at work', async () => {
    const run = world();
    const agent = new FakeAgent({ variables: { ...variables, 'System.PlanId': guid('mine') } });
    run.build = { ...run.build, orchestrationPlan: { planId: guid('mine').toUpperCase() } };
    assert.equal((await check(run, agent))?.bound, true);
    run.build = { ...run.build, orchestrationPlan: { planId: guid('other') } };
    await assert.rejects(check(run, agent), /is not the one that this job works in/);
    // Nor does one without a gate say that none is needed.
    run.records = run.records.filter(({ type }) => type !== 'Checkpoint');
    await assert.rejects(check(run, agent), /is not the one that this job works in/);
  });

  it('is refused under every policy when Build.BuildId names no run of this job', async () => {
    const agent = () => new FakeAgent({ variables: { ...variables, 'System.PlanId': guid('mine') } });
    const spoils: ((run: FakeRun) => void)[] = [
      (run) => (run.build = { ...run.build, orchestrationPlan: { planId: guid('other') } }),
      (run) => (run.override = ({ path }) => (path.includes('/timeline') ? { status: 404 } : undefined)),
      (run) => {
        run.build = { ...run.build, orchestrationPlan: { planId: guid('mine') } };
        for (const record of run.records) if (record['type'] === 'Job') record['state'] = 'completed';
      },
    ];
    for (const spoil of spoils) {
      for (const policy of ['bound', 'required', 'unbound'] as const) {
        const run = world();
        spoil(run);
        await assert.rejects(check(run, agent(), policy), /Build\.BuildId names[\s\S]*Nothing was changed in Azure/);
      }
    }
  });

  it('ends with the step when that is cancelled', async () => {
    const run = world();
    run.override = () => {
      throw new CancelledError('Cancelled.');
    };
    await assert.rejects(check(run, undefined, 'unbound'), CancelledError);
  });
});
