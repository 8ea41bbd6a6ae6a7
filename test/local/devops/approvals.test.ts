import assert from 'node:assert/strict';

import type { Run } from '../../../local/agent/server';
import type { LocalDevOps, Seed } from '../../../local/devops';
import { call, newRun, stage, start, temporaryFolder, user, values, type Reply } from './support';

const version = 'api-version=7.2-preview.2';
const approvalsPath = 'diabetes/_apis/pipelines/approvals';

interface Gate {
  run: Run;
  id: string;
  outcome: Promise<string>;
  abort: () => void;
}

type ApprovalSeed = NonNullable<NonNullable<Seed['environments']>[number]['approval']>;

async function withApproval(approval: ApprovalSeed): Promise<LocalDevOps> {
  return start({ seed: { environments: [{ name: 'production', approval }] } });
}

async function openGate(devops: LocalDevOps): Promise<Gate> {
  const run = await newRun(devops);
  const { server } = devops;
  await server.updateRun(run.id, { state: 'inProgress' });
  const record = stage('Production');
  await server.updateTimeline(run.id, [record]);
  const controller = new AbortController();
  let id = '';
  const environments = [await server.environment('production')];
  const outcome = server.waitForChecks(
    { runId: run.id, stage: { name: 'Production', recordId: record.id, attempt: 1 }, environments },
    controller.signal,
    (pending) => {
      id = pending[0]?.id ?? '';
    },
  );
  assert.notEqual(id, '');
  return { run, id, outcome, abort: () => controller.abort() };
}

function decide(
  devops: LocalDevOps,
  who: 'ana' | 'ben' | 'cleo' | 'dora' | 'emil',
  id: string,
  update: Record<string, unknown>,
): Promise<Reply> {
  return call(devops, user(devops, who).token, 'PATCH', `${approvalsPath}?${version}`, [{ approvalId: id, ...update }]);
}

async function approval(devops: LocalDevOps, id: string, expand = 'steps'): Promise<Record<string, unknown>> {
  return (await call(devops, user(devops, 'cleo').token, 'GET', `${approvalsPath}/${id}?$expand=${expand}&${version}`))
    .body;
}

describe('approvals of an environment', () => {
  it('lets the stage pass when a member of the assigned group approves, and keeps who and why', async () => {
    const devops = await withApproval({
      approvers: ['Model approvers'],
      requesterCannotBeApprover: true,
      instructions: 'look',
    });
    const gate = await openGate(devops);
    const reply = await decide(devops, 'ben', gate.id, { status: 'approved', comment: 'evidence sha256:ab' });
    const [changed] = values(reply);
    assert.equal(changed?.['status'], 'approved');
    assert.equal(await gate.outcome, 'passed');
    const [step] = (await approval(devops, gate.id))['steps'] as Record<string, Record<string, unknown>>[];
    assert.equal(step?.['assignedApprover']?.['displayName'], '[diabetes]\\Model approvers');
    assert.equal(step['actualApprover']?.['displayName'], 'Ben Okafor');
    assert.equal(step['comment'], 'evidence sha256:ab');
    await devops.stop();
  });

  it('stops the stage when rejected', async () => {
    const devops = await withApproval({ approvers: ['Model approvers'] });
    const gate = await openGate(devops);
    await decide(devops, 'cleo', gate.id, { status: 'rejected', comment: 'worse on women' });
    assert.equal(await gate.outcome, 'rejected');
    await devops.stop();
  });

  it('refuses the requester, strangers, jobs and a second decision', async () => {
    const devops = await withApproval({
      approvers: ['ana', 'ben'],
      minRequiredApprovers: 1,
      requesterCannotBeApprover: true,
    });
    const gate = await openGate(devops);
    const requester = await decide(devops, 'ana', gate.id, { status: 'approved' });
    assert.equal(requester.status, 403);
    assert.match(String(requester.body['message']), /requester of a run cannot approve/);
    assert.equal((await decide(devops, 'cleo', gate.id, { status: 'approved' })).status, 403);
    const job = await call(devops, gate.run.accessToken, 'PATCH', `${approvalsPath}?${version}`, [
      { approvalId: gate.id, status: 'approved' },
    ]);
    assert.equal(job.status, 403);
    const blocked = (await approval(devops, gate.id))['blockedApprovers'] as Record<string, unknown>[];
    assert.deepEqual(
      blocked.map((one) => one['displayName']),
      ['Ana Ruiz'],
    );
    assert.equal((await decide(devops, 'ben', gate.id, { status: 'approved' })).status, 200);
    assert.equal(await gate.outcome, 'passed');
    const again = await decide(devops, 'ben', gate.id, { status: 'rejected' });
    assert.equal(again.status, 400);
    assert.match(String(again.body['message']), /not pending any more: it is approved/);
    await devops.stop();
  });

  it('needs all approvers unless fewer are asked for', async () => {
    const devops = await withApproval({ approvers: ['ben', 'cleo'] });
    const gate = await openGate(devops);
    const [first] = values(await decide(devops, 'ben', gate.id, { status: 'approved' }));
    assert.equal(first?.['status'], 'pending');
    await decide(devops, 'cleo', gate.id, { status: 'approved' });
    assert.equal(await gate.outcome, 'passed');
    await devops.stop();
  });

  it('asks approvers one after the other when the order is inSequence', async () => {
    const devops = await start({ seed: { environments: [{ name: 'production' }] } });
    const [ben, cleo] = [user(devops, 'ben'), user(devops, 'cleo')];
    const environment = await devops.server.environment('production');
    const created = await call(
      devops,
      cleo.token,
      'POST',
      'diabetes/_apis/pipelines/checks/configurations?api-version=7.2-preview.1',
      {
        type: { id: '8c6f20a7-a545-4486-9777-f762fafe0d4d', name: 'Approval' },
        settings: {
          approvers: [{ id: ben.id }, { id: cleo.id }],
          executionOrder: 'inSequence',
          minRequiredApprovers: 0,
        },
        resource: { type: 'environment', id: String(environment.id), name: 'production' },
        timeout: 1440,
      },
    );
    assert.equal(created.status, 200, JSON.stringify(created.body));
    const gate = await openGate(devops);
    assert.equal((await decide(devops, 'cleo', gate.id, { status: 'approved' })).status, 403);
    await decide(devops, 'ben', gate.id, { status: 'approved' });
    await decide(devops, 'cleo', gate.id, { status: 'approved' });
    assert.equal(await gate.outcome, 'passed');
    await devops.stop();
  });

  it('times out, and a deferred approval takes effect at its time', async () => {
    const devops = await withApproval({ approvers: ['ben'], timeoutMinutes: 0.005 });
    const late = await openGate(devops);
    assert.equal(await late.outcome, 'timedOut');
    assert.equal((await approval(devops, late.id))['status'], 'timedOut');
    await devops.stop();
    const patient = await withApproval({ approvers: ['ben'] });
    const gate = await openGate(patient);
    const when = Date.now() + 400;
    const [deferred] = values(
      await decide(patient, 'ben', gate.id, { status: 'deferred', deferredTo: new Date(when).toISOString() }),
    );
    assert.equal(deferred?.['status'], 'deferred');
    assert.equal(await gate.outcome, 'passed');
    assert.ok(Date.now() >= when);
    await patient.stop();
  });

  it('cancels the approval when the run is cancelled', async () => {
    const devops = await withApproval({ approvers: ['ben'] });
    const gate = await openGate(devops);
    gate.abort();
    assert.equal(await gate.outcome, 'canceled');
    assert.equal((await approval(devops, gate.id))['status'], 'canceled');
    const timeline = await call(
      devops,
      user(devops, 'ana').token,
      'GET',
      `diabetes/_apis/build/builds/${gate.run.id}/timeline`,
    );
    const records = timeline.body['records'] as Record<string, unknown>[];
    assert.equal(records.find((one) => one['id'] === gate.id)?.['result'], 'canceled');
    await devops.stop();
  });

  it('passes on a step to somebody else and keeps the history', async () => {
    const devops = await withApproval({ approvers: ['ben'] });
    const gate = await openGate(devops);
    await decide(devops, 'ben', gate.id, { reassignTo: { id: user(devops, 'cleo').id }, comment: 'on holiday' });
    assert.equal((await decide(devops, 'ben', gate.id, { status: 'approved' })).status, 403);
    await decide(devops, 'cleo', gate.id, { status: 'approved' });
    assert.equal(await gate.outcome, 'passed');
    const [step] = (await approval(devops, gate.id))['steps'] as {
      history: { comment: string; assignedTo: { displayName: string } }[];
    }[];
    assert.deepEqual(
      step?.history.map((one) => [one.assignedTo.displayName, one.comment]),
      [['Ben Okafor', 'on holiday']],
    );
    await devops.stop();
  });

  it('shows each caller what they may do, and finds those assigned to a person through a group', async () => {
    const devops = await withApproval({ approvers: ['Model approvers'], requesterCannotBeApprover: true });
    const gate = await openGate(devops);
    const flags = async (who: 'ana' | 'ben' | 'cleo'): Promise<string> => {
      const reply = await call(
        devops,
        user(devops, who).token,
        'GET',
        `${approvalsPath}?approvalIds=${gate.id}&$expand=permissions&${version}`,
      );
      return String(values(reply)[0]?.['permissions']);
    };
    assert.equal(await flags('ana'), 'view, queueBuild');
    assert.equal(await flags('ben'), 'view, update, reassign, queueBuild');
    assert.equal(await flags('cleo'), 'view, update, reassign, resourceAdmin, queueBuild');
    const assigned = async (name: string): Promise<number> =>
      values(
        await call(
          devops,
          user(devops, 'ana').token,
          'GET',
          `${approvalsPath}?state=pending&assignedTo=${user(devops, name === 'ben' ? 'ben' : 'ana').id}&${version}`,
        ),
      ).length;
    assert.equal(await assigned('ben'), 1);
    assert.equal(await assigned('ana'), 0);
    gate.abort();
    await gate.outcome;
    await devops.stop();
  });

  it('lets only an administrator of the environment bypass it, and says so', async () => {
    const devops = await withApproval({ approvers: ['ben'] });
    const gate = await openGate(devops);
    const timeline = await call(
      devops,
      user(devops, 'ana').token,
      'GET',
      `diabetes/_apis/build/builds/${gate.run.id}/timeline`,
    );
    const suite =
      (timeline.body['records'] as { id: string; parentId: string }[]).find((one) => one.id === gate.id)?.parentId ??
      '';
    const path = `diabetes/_apis/pipelines/checks/runs/${suite}?$expand=resources&api-version=7.2-preview.1`;
    assert.equal(
      (await call(devops, user(devops, 'ben').token, 'PATCH', path, { action: 'bypass', checkId: gate.id })).status,
      403,
    );
    const reply = await call(devops, user(devops, 'cleo').token, 'PATCH', path, { action: 'bypass', checkId: gate.id });
    assert.equal(await gate.outcome, 'passed');
    const message = 'The check was bypassed by Cleo Lind (cleo@mlops.localhost).';
    for (const one of [reply, await call(devops, user(devops, 'ana').token, 'GET', path)]) {
      const [check] = one.body['checkRuns'] as Record<string, unknown>[];
      assert.deepEqual([check?.['resultMessage'], check?.['status']], [message, 'approved']);
      assert.deepEqual([one.body['status'], one.body['message']], ['approved', message]);
    }
    const bypassed = await approval(devops, gate.id);
    assert.equal(bypassed['status'], 'skipped');
    const [step] = bypassed['steps'] as Record<string, unknown>[];
    assert.deepEqual([step?.['status'], step?.['actualApprover'], step?.['comment']], ['skipped', null, '']);
    const records = (
      await call(devops, user(devops, 'ana').token, 'GET', `diabetes/_apis/build/builds/${gate.run.id}/timeline`)
    ).body['records'] as Record<string, unknown>[];
    assert.equal(records.find((one) => one['id'] === gate.id)?.['result'], 'skipped');
    assert.equal((await call(devops, user(devops, 'cleo').token, 'PATCH', path, { action: 'bypass' })).status, 400);
    await devops.stop();
  });

  it('keeps nothing of what somebody writes who may not decide', async () => {
    const devops = await withApproval({ approvers: ['ben'], requesterCannotBeApprover: true });
    const gate = await openGate(devops);
    const before = await approval(devops, gate.id);
    const forged = { comment: `evidence sha256:${'0'.repeat(64)}` };
    for (const who of ['ana', 'cleo', 'dora', 'emil'] as const) {
      assert.equal((await decide(devops, who, gate.id, { ...forged, status: 'approved' })).status, 403, who);
      assert.ok([400, 403].includes((await decide(devops, who, gate.id, forged)).status));
    }
    for (const who of ['ana', 'dora'] as const)
      assert.equal(
        (await decide(devops, who, gate.id, { ...forged, reassignTo: { id: user(devops, who).id } })).status,
        403,
      );
    assert.equal((await decide(devops, 'ben', gate.id, forged)).status, 400);
    assert.deepEqual(await approval(devops, gate.id), before);
    gate.abort();
    await gate.outcome;
    await devops.stop();
  });

  it('lets an administrator of the environment reassign, without making the requester able to approve', async () => {
    const devops = await withApproval({ approvers: ['ben'], requesterCannotBeApprover: true });
    const gate = await openGate(devops);
    const to = (who: 'ana' | 'dora'): Promise<Reply> =>
      decide(devops, 'cleo', gate.id, { reassignTo: { id: user(devops, who).id }, comment: 'stand-in' });
    assert.equal((await to('ana')).status, 200);
    assert.equal((await decide(devops, 'ana', gate.id, { status: 'approved' })).status, 403);
    assert.equal((await to('dora')).status, 200);
    assert.equal((await decide(devops, 'dora', gate.id, { status: 'approved' })).status, 200);
    assert.equal(await gate.outcome, 'passed');
    await devops.stop();
  });

  it('answers approvals in any state when none is asked for, the newest first, as many as wanted', async () => {
    const devops = await withApproval({ approvers: ['ben'] });
    const first = await openGate(devops);
    await decide(devops, 'ben', first.id, { status: 'approved' });
    const second = await openGate(devops);
    const ids = async (query: string): Promise<unknown[]> =>
      values(await call(devops, user(devops, 'ana').token, 'GET', `${approvalsPath}?${query}&${version}`)).map(
        (one) => one['id'],
      );
    assert.deepEqual(await ids(''), [second.id, first.id]);
    assert.deepEqual(await ids('top=1'), [second.id]);
    assert.deepEqual(await ids('state=completed'), [first.id]);
    const none = await call(devops, user(devops, 'ana').token, 'GET', `${approvalsPath}?top=0&${version}`);
    assert.equal(none.status, 400);
    second.abort();
    await second.outcome;
    await devops.stop();
  });

  it('keeps decided approvals over a restart and cancels those that waited', async () => {
    const stateDir = temporaryFolder();
    const seed: Seed = { environments: [{ name: 'production', approval: { approvers: ['ben'] } }] };
    const first = await start({ stateDir, seed });
    const decided = await openGate(first);
    await decide(first, 'ben', decided.id, { status: 'approved' });
    await decided.outcome;
    const open = await openGate(first);
    await first.stop();
    const second = await start({ stateDir, seed });
    assert.equal(second.url, first.url);
    assert.equal((await approval(second, decided.id))['status'], 'approved');
    assert.equal((await approval(second, open.id))['status'], 'canceled');
    const run = await call(second, user(second, 'ana').token, 'GET', `diabetes/_apis/build/builds/${open.run.id}`);
    assert.deepEqual([run.body['status'], run.body['result']], ['completed', 'failed']);
    await second.stop();
    open.abort();
  });
});
