import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { TimelineRecord } from '../../../local/agent/server';
import { approve } from '../../../local/cli/decide';
import { DevOpsClient, userNamed } from '../../../local/cli/devops-client';
import { Failure } from '../../../local/cli/errors';
import { boundComment, evidenceOf } from '../../../local/cli/evidence';
import { publishRunning, type Running } from '../../../local/cli/running';
import type { LocalDevOps } from '../../../local/devops';
import { newRun, stage, start, temporaryFolder } from '../devops/support';
import { Heard } from './heard';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('the evidence of a gate', () => {
  let devops: LocalDevOps;
  let folder: string;
  let running: Running;
  before(async () => {
    folder = temporaryFolder();
    const environments = [
      { name: 'production', approval: { approvers: ['Model approvers'], requesterCannotBeApprover: true } },
    ];
    devops = await start({ stateDir: folder, seed: { environments } });
    running = {
      pid: process.pid,
      started: '',
      kind: 'daemon',
      devops: { url: devops.url, project: devops.project.name, users: devops.users },
      hub: { url: 'http://127.0.0.1:1/#key=x' },
      azure: { url: '', imdsUrl: '', caFile: '', logFile: '', environment: {} },
    };
    publishRunning(folder, running);
  });
  after(() => devops.stop());

  /** A run whose stages Train and Register have ended, with evidence; Production waits at its gate, with a record of its own already. */
  async function gatedRun(): Promise<{ id: number; approvalId: string; end: () => void }> {
    const run = await newRun(devops);
    const { server } = devops;
    await server.updateRun(run.id, { state: 'inProgress' });
    const hang = async (above: TimelineRecord, kind: string, name: string, text: string): Promise<void> => {
      const task: TimelineRecord = {
        id: randomUUID(),
        type: 'Task',
        name: 'a task',
        parentId: above.id,
        state: 'completed',
      };
      await server.updateTimeline(run.id, [task]);
      const file = join(folder, `${randomUUID()}.json`);
      writeFileSync(file, text);
      await server.addAttachment(run.id, task.id, kind, name, file);
    };
    const done = {
      state: 'completed',
      result: 'succeeded',
      finishTime: new Date(Date.now() - 1000).toISOString(),
    } as const;
    const [train, register, production] = [stage('Train', done), stage('Register', done), stage('Production')];
    await server.updateTimeline(run.id, [train, register, production]);
    await hang(register, 'mlops.model-version.v1', 'm.1', '{"b":1}');
    await hang(train, 'mlops.training.v1', 't', '{"a":1}');
    await hang(train, 'mlops.unknown.v1', 'u', '{}');
    await hang(production, 'mlops.smoke.v1', 's', '{}');
    const controller = new AbortController();
    let approvalId = '';
    const environment = await server.environment('production');
    const checks = {
      runId: run.id,
      stage: { name: 'Production', recordId: production.id, attempt: 1 },
      environments: [environment],
    };
    const waiting = server.waitForChecks(checks, controller.signal, (pending) => {
      approvalId = pending[0]?.id ?? '';
    });
    waiting.catch(() => undefined);
    return { id: run.id, approvalId, end: () => controller.abort() };
  }

  function expected(runId: number): string {
    const item = (kind: string, name: string, text: string, stageName: string): string =>
      `{"kind":"${kind}","name":"${name}","sha256":"${sha256(text)}","stage":"${stageName}"}`;
    const items = [
      item('mlops.model-version.v1', 'm.1', '{"b":1}', 'Register'),
      item('mlops.training.v1', 't', '{"a":1}', 'Train'),
    ];
    return sha256(`{"evidence":[${items.join(',')}],"kind":"mlops.manifest.v1","run":"${runId}"}`);
  }

  it('is what ended stages left, and not what the gated one has', async () => {
    const gate = await gatedRun();
    const client = new DevOpsClient(running.devops, userNamed(running.devops, 'ben'));
    const [approval] = await client.approvals(`approvalIds=${gate.approvalId}`);
    const evidence = await evidenceOf(client, gate.id, approval);
    assert.deepEqual(evidence.items.map((one) => `${one.stage} ${one.kind}`).sort(), [
      'Register mlops.model-version.v1',
      'Train mlops.training.v1',
    ]);
    assert.equal(evidence.digest, expected(gate.id));
    // A stage that ends after the gate has opened does not count.
    const early = await evidenceOf(client, gate.id, { createdOn: new Date(Date.now() - 60_000).toISOString() });
    assert.deepEqual(early.items, []);
    gate.end();
  });

  it('is named in the comment of `mlops approve`, and shown', async () => {
    const gate = await gatedRun();
    const output = new Heard();
    const values: Record<string, string> = { state: folder, comment: 'Better on every segment.' };
    const args = {
      positionals: [gate.approvalId],
      flag: () => false,
      value: (name: string) => values[name],
      values: () => [],
    };
    assert.equal(await approve.run(args, output), 0);
    const [approval] = await new DevOpsClient(running.devops, userNamed(running.devops, 'ana')).approvals(
      `approvalIds=${gate.approvalId}`,
    );
    assert.deepEqual(
      [approval?.status, approval?.steps[0]?.comment],
      ['approved', `Better on every segment. evidence sha256:${expected(gate.id)}`],
    );
    const shown = output.lines.join('\n');
    assert.ok(shown.includes(`Evidence    sha256:${expected(gate.id)}`), shown);
    assert.match(shown, /Train .*mlops\.training\.v1 {2}t[^]*Register .*mlops\.model-version\.v1 {2}m\.1/);
    gate.end();
  });

  it('is never mixed with other evidence that a comment names', () => {
    const evidence = { digest: 'a'.repeat(64), items: [] };
    assert.equal(boundComment('', evidence), `evidence sha256:${'a'.repeat(64)}`);
    const named = `Fine. evidence sha256:${'A'.repeat(64)}.`;
    assert.equal(boundComment(named, evidence), named);
    assert.throws(() => boundComment(`evidence sha256:${'b'.repeat(64)}`, evidence), Failure);
  });
});
