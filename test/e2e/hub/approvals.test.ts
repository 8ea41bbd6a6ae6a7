import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { HubStage, smallHistory, type Tab } from '../../support/hub-stage';
import { approvalPanel, at, valuesOf, waiting, type Waiting } from './pages';

const version = 'api-version=7.2-preview.2';

/** Every approval here is one of the stand-in's own, with its rules; people act through the hub, or over REST with their own token. */
describe('approvals in the hub', () => {
  let stage: HubStage;
  before(async () => {
    stage = await HubStage.start({ ...smallHistory, pending: 9, isolated: false });
  });
  after(() => stage.stop());

  const taken = new Set<string>();
  /** One that waits for the approver and was asked for by the person; none twice. */
  async function pick(approver: string, requester: string): Promise<Waiting> {
    for (const one of await waiting(stage, approver)) {
      if (taken.has(one.id)) continue;
      const build = (await stage.rest('cleo', 'GET', `diabetes/_apis/build/builds/${one.run}?api-version=7.1`)).body;
      if (at(build, 'requestedFor', 'id') !== stage.user(requester).id) continue;
      taken.add(one.id);
      return one;
    }
    throw new Error(`Nothing that ${requester} asked for waits for ${approver}.`);
  }

  const decide = (who: string, approvalId: string, comment: string): Promise<{ status: number; body: unknown }> =>
    stage.rest(who, 'PATCH', `diabetes/_apis/pipelines/approvals?${version}`, [
      { approvalId, status: 'approved', comment },
    ]);

  async function read(id: string): Promise<{ status: unknown; comments: string }> {
    const { body } = await stage.rest(
      'cleo',
      'GET',
      `diabetes/_apis/pipelines/approvals/${id}?$expand=steps&${version}`,
    );
    const steps = at(body, 'steps');
    return {
      status: at(body, 'status'),
      comments: Array.isArray(steps) ? steps.map((one) => String(at(one, 'comment'))).join('\n') : '',
    };
  }

  const approve = (tab: Tab): Promise<void> => tab.frame.getByRole('button', { name: 'Approve', exact: true }).click();
  const digestIn = async (tab: Tab): Promise<string> => {
    await tab.frame.getByRole('button', { name: 'Show all of the digest of the evidence' }).click();
    return /sha256:([0-9a-f]{64})/.exec(await tab.text())?.[1] ?? '';
  };

  async function refused(who: string, approval: Waiting, why: RegExp): Promise<void> {
    const tab = await stage.open(approvalPanel(who, approval));
    assert.match(await tab.frame.locator('.approvals-decision').innerText(), why);
    for (const name of ['Approve', 'Reject', 'Approve later'])
      assert.equal(await tab.frame.getByRole('button', { name, exact: true }).isDisabled(), true, name);
    const { status } = await decide(who, approval.id, 'let me');
    assert.ok(status === 400 || status === 403, `REST answers ${status}`);
    assert.equal((await read(approval.id)).status, 'pending');
  }

  it('cannot be given by who asked for the run, in the hub or beside it', async () => {
    await refused('ana', await pick('ben', 'ana'), /You queued this run, so somebody else has to decide\./);
  });

  it('cannot be given by somebody who is no approver', async () => {
    await refused('dora', await pick('ben', 'ana'), /You are not an approver of this stage\./);
  });

  it('are not given for evidence that changed since it was opened; once read again, for the new one', async () => {
    const approval = await pick('ben', 'ana');
    const tab = await stage.open(approvalPanel('ben', approval));
    const before = await digestIn(tab);
    await leaveEvidence(approval.run);
    await approve(tab);
    await tab.until(`document.querySelector('.approvals-decision [role=alert]')`);
    assert.match(await tab.problems(), /The evidence changed since you opened it\. Nothing was sent/);
    assert.equal((await read(approval.id)).status, 'pending');
    await tab.frame.getByRole('button', { name: 'Read the evidence again' }).click();
    await tab.until(`/another than when you opened this approval/.test(document.body.innerText)`);
    await tab.until(`document.querySelector('.approvals-buttons button:not([disabled]):not(.disabled)')`);
    await approve(tab);
    await tab.until(`/Approved for the evidence shown\\./.test(document.body.innerText)`);
    const { status, comments } = await read(approval.id);
    assert.equal(status, 'approved');
    assert.match(comments, /evidence sha256:[0-9a-f]{64}$/m);
    assert.doesNotMatch(comments, new RegExp(before));
    assert.match(await tab.text(), /Given for the evidence shown here/);
  });

  it('carry no digest that the approver typed, and say of one given elsewhere with another digest, or with none, what it is', async () => {
    const [first, second] = [await pick('ben', 'ana'), await pick('emil', 'dora')];
    const tab = await stage.open(approvalPanel('ben', first));
    const forged = `evidence sha256:${'0'.repeat(64)}`;
    await tab.frame.getByRole('textbox', { name: /^Comment/ }).fill(forged);
    await approve(tab);
    await tab.until(`document.querySelector('.approvals-decision [role=alert]')`);
    assert.match(await tab.problems(), /The comment names a digest of its own\./);
    assert.equal((await decide('ben', first.id, forged)).status, 200);
    await tab.goto(approvalPanel('ben', first));
    assert.match(await tab.text(), /Given for other evidence than is shown here/);
    assert.equal((await decide('emil', second.id, 'fine')).status, 200);
    await tab.goto(approvalPanel('emil', second));
    assert.match(await tab.text(), /Names no evidence: given outside this page/);
  });

  it('show a bypass and who did it, to the team and on the run', async () => {
    const approval = await pick('ben', 'ana');
    const { body } = await stage.rest(
      'cleo',
      'GET',
      `diabetes/_apis/build/builds/${approval.run}/timeline?api-version=7.1`,
    );
    const records = at(body, 'records');
    assert.ok(Array.isArray(records));
    const suite = String(
      at(
        records.find((one) => at(one, 'id') === approval.id),
        'parentId',
      ),
    );
    const path = `diabetes/_apis/pipelines/checks/runs/${suite}?api-version=7.2-preview.1`;
    assert.equal((await stage.rest('ana', 'PATCH', path, { action: 'bypass', checkId: approval.id })).status, 403);
    assert.equal((await stage.rest('cleo', 'PATCH', path, { action: 'bypass', checkId: approval.id })).status, 200);
    const tab = await stage.open(approvalPanel('ana', approval));
    assert.match(await tab.problems(), /Bypassed[\s\S]*Production[\s\S]*bypassed by Cleo Lind/);
  });

  it('let the gated stage go on when they are given by keyboard alone', async () => {
    const { devops } = stage;
    const run = await gatedRun();
    const gate = new AbortController();
    const ended = devops.server.waitForChecks(run.request, gate.signal, () => undefined);
    const approval = (await waiting(stage, 'ben')).find((one) => one.run === run.id);
    assert.ok(approval, 'the run waits');
    const tab = await stage.open({ user: 'ben', query: { view: 'approvals' } });
    await tab.frame.focus(`[data-approval="${approval.id}"]`);
    await tab.page.keyboard.press('Enter');
    await tab.until(`document.activeElement.matches('.approvals-panel h2')`);
    await tab.settled();
    for (let step = 0; step < 60; step += 1) {
      await tab.page.keyboard.press('Tab');
      if (await tab.frame.evaluate(`document.activeElement.innerText === 'Approve'`)) break;
    }
    await tab.page.keyboard.press('Enter');
    assert.equal(await ended, 'passed');
    await tab.until(`document.activeElement.innerText.startsWith('Approved for the evidence shown.')`);
    gate.abort();
  });

  /** The agent's side: a run whose first stage left evidence, standing before its second. */
  async function gatedRun(): Promise<{ id: number; request: Parameters<typeof stage.devops.server.waitForChecks>[0] }> {
    const { server } = stage.devops;
    const { id } = await server.createRun({
      yamlFile: 'train.yml',
      pipelineName: '\\mlops\\team-a\\hand-made',
      requestedFor: 'ana',
      repository: {
        name: 'churn',
        url: 'https://dev.azure.com/local/_git/churn',
        branch: 'refs/heads/main',
        commit: 'a'.repeat(40),
      },
      templateParameters: {},
      variables: {},
    });
    const record = { state: 'completed', result: 'succeeded', order: 1, attempt: 1 } as const;
    const [first, task, second] = [randomUUID(), randomUUID(), randomUUID()];
    const time = new Date(Date.now() - 60_000).toISOString();
    await server.updateRun(id, { state: 'inProgress' });
    await server.updateTimeline(id, [
      {
        ...record,
        id: first,
        type: 'Stage',
        name: 'Test',
        identifier: 'Test',
        refName: 'Test',
        startTime: time,
        finishTime: time,
      },
      { ...record, id: task, type: 'Task', name: 'SmokeTest', parentId: first, startTime: time, finishTime: time },
      {
        ...record,
        id: second,
        type: 'Stage',
        name: 'Production',
        identifier: 'Production',
        refName: 'Production',
        state: 'pending',
        result: undefined,
        order: 2,
      },
    ]);
    await attach(id, task);
    await server.addTag(id, 'mlops');
    const environment = await server.environment('churn-production');
    return {
      id,
      request: { runId: id, stage: { name: 'Production', recordId: second, attempt: 1 }, environments: [environment] },
    };
  }

  /** A step of an ended stage leaves another record, as a stage that was run again does. */
  async function leaveEvidence(run: number): Promise<void> {
    const { body } = await stage.rest('cleo', 'GET', `diabetes/_apis/build/builds/${run}/timeline?api-version=7.1`);
    const records = at(body, 'records');
    assert.ok(Array.isArray(records));
    await attach(
      run,
      String(
        at(
          records.find((one) => at(one, 'name') === 'EvaluateAgainstProduction'),
          'id',
        ),
      ),
    );
  }

  async function attach(run: number, record: string): Promise<void> {
    const file = join(stage.stateDir, `${randomUUID()}.json`);
    writeFileSync(file, '{"kind":"mlops.smoke.v1"}');
    await stage.devops.server.addAttachment(run, record, 'mlops.smoke.v1', 'again', file);
  }

  it('are listed for who has to decide, and as history for the team', async () => {
    const listed = async (user: string, list: string): Promise<string[]> => {
      const tab = await stage.open({ user, query: { view: 'approvals', list } });
      const ids: unknown = await tab.frame.evaluate(
        `[...document.querySelectorAll('[data-approval]')].map((it) => it.dataset.approval)`,
      );
      assert.ok(Array.isArray(ids));
      return ids.map(String);
    };
    const open = (await waiting(stage, 'emil')).map(({ id }) => id).sort();
    assert.deepEqual((await listed('emil', 'mine')).sort(), open);
    const decided = valuesOf(
      (await stage.rest('emil', 'GET', `diabetes/_apis/pipelines/approvals?state=approved&top=500&${version}`)).body,
    );
    const history = await listed('emil', 'history');
    for (const { id } of decided.slice(0, 5)) assert.ok(history.includes(String(id)), `history has ${String(id)}`);
    assert.equal(
      history.some((id) => open.includes(id)),
      false,
    );
  });
});
