import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { at, textAt } from '../local/azure/client';
import { call, user, type Reply } from '../local/devops/support';
import { environments, otherImage, sanity, sha256, startGateStage } from '../support/gated-run';
import type { Gate, GateStage, Person, Ran } from '../support/gated-run';
import { node24 } from '../support/node24';

const approvals = 'diabetes/_apis/pipelines/approvals?api-version=7.2-preview.2';
const deployment = 'mlops.deployment.v1';

describe('the gate in front of a deployment', function () {
  this.timeout(60_000);
  let on: GateStage;
  before(async () => {
    on = await startGateStage();
  });
  after(() => on.stop());

  const { guarded, lenient, pair, open } = environments;
  const bound = (digest: string): string => `better than production. evidence sha256:${digest}`;

  /** A decision of Ben's; `seen` takes the digest that was right at that moment. */
  const byBen =
    (comment: (digest: string) => string, seen: string[] = []) =>
    async (gate: Gate): Promise<void> => {
      const digest = await on.digest(gate);
      seen.push(digest);
      await on.approve('ben', gate, comment(digest));
    };
  const decide = (who: Person, { approvalId }: Gate, status: string, comment = ''): Promise<Reply> =>
    on.rest(who, 'PATCH', approvals, [{ approvalId, status, comment }]);

  async function assertRefused(ran: Ran, ...messages: (string | RegExp)[]): Promise<void> {
    assert.deepEqual(ran.stages, { ...ran.stages, Evidence: 'Succeeded', Production: 'Failed' }, ran.log);
    for (const message of messages) {
      const found = typeof message === 'string' ? ran.errors.includes(message) : message.test(ran.errors);
      assert.ok(found, `${String(message)} is not in\n${ran.errors}`);
    }
    assert.deepEqual(ran.azureRequests, []);
    assert.deepEqual(await on.attachments(ran.runId, deployment), []);
  }

  /** Asserts that the container serves; gives the approval as the record has it, with the record's own facts. */
  async function assertDeployed(ran: Ran, ...lines: string[]): Promise<{ approval: unknown; recordId: string }> {
    assert.equal(ran.stages['Production'], 'Succeeded', `${ran.log}\n${ran.errors}`);
    assert.match(ran.log, /Container group diabetes (was there already and )?serves\./);
    for (const line of lines) assert.ok(ran.log.includes(line), `${line} is not in\n${ran.log}`);
    const [left, ...more] = await on.attachments(ran.runId, deployment);
    assert.ok(left);
    assert.equal(more.length, 0);
    const record: unknown = JSON.parse(left.bytes.toString());
    const { body } = await on.rest(
      'ben',
      'GET',
      `diabetes/_apis/build/builds/${ran.runId}/properties?filter=mlops.v1.deployment`,
    );
    const [entry]: unknown[] = JSON.parse(textAt(body, 'value', 'mlops.v1.deployment', '$value')) as unknown[];
    assert.equal(at(entry, 'sha256'), sha256(left.bytes));
    assert.equal(at(entry, 'approval'), at(record, 'approval', 'id'));
    assert.equal(at(entry, 'environment'), at(record, 'environment'));
    return { approval: at(record, 'approval'), recordId: left.recordId };
  }

  const person = (who: Person): { id: string; displayName: string } => {
    const { id, displayName } = user(on.devops, who);
    return { id, displayName };
  };

  /** A step of the job that prints a line, as a training log might. */
  const printing = (line: string): string =>
    `                - script: |\n                    echo "the model says ${line}"`;

  describe('approved by another person', () => {
    it('deploys on the evidence named, and the record says who approved what', async () => {
      const seen: string[] = [];
      const gates: Gate[] = [];
      const atGate = async (gate: Gate): Promise<void> => {
        gates.push(gate);
        await byBen(bound, seen)(gate);
      };
      const ran = await on.run({ environment: guarded, atGate });
      const [gate] = gates;
      const [digest] = seen;
      assert.ok(gate);
      const { approval, recordId } = await assertDeployed(ran, `Approved by Ben Okafor on evidence sha256:${digest}.`);
      assert.equal(await on.digest(gate), digest, 'what the deployment left is no part of what was approved');
      assert.deepEqual(approval, {
        id: gate.approvalId,
        evidenceSha256: digest,
        decidedBy: [person('ben')],
        decidedOn: textAt(await on.approval(gate.approvalId), 'steps', 0, 'lastModifiedOn'),
        bound: true,
      });
      const records = new Map((await on.records(ran.runId)).map((record) => [record['id'], record]));
      const above = (id: unknown): unknown[] => {
        const record = records.get(id);
        return record === undefined ? [] : [record['type'], ...above(record['parentId'])];
      };
      assert.deepEqual(above(gate.approvalId), ['Checkpoint.Approval', 'Checkpoint', 'Stage']);
      assert.deepEqual(above(recordId), ['Task', 'Job', 'Phase', 'Stage']);
    });

    it('deploys on Node 24', async () => {
      const agent = { handler: 'node24', nodePath: { node24: node24() } } as const;
      const seen: string[] = [];
      const ran = await on.run({ environment: guarded, policy: 'required', atGate: byBen(bound, seen), agent });
      await assertDeployed(ran, `Approved by Ben Okafor on evidence sha256:${seen[0]}.`);
    });

    it('is refused without a digest, and says which one was expected', async () => {
      const seen: string[] = [];
      const ran = await on.run({ environment: guarded, atGate: byBen(() => 'looks good', seen) });
      await assertRefused(
        ran,
        `Ben Okafor approved it without naming the evidence; expected was the comment "evidence sha256:${seen[0]}".`,
        `with the comment "evidence sha256:${seen[0]}"`,
      );
    });

    it('deploys without a digest where the policy is unbound, and notes it', async () => {
      const ran = await on.run({ environment: guarded, policy: 'unbound', atGate: byBen(() => 'looks good') });
      const { approval } = await assertDeployed(
        ran,
        'approved it without naming the evidence',
        'The approvalPolicy unbound lets it pass.',
      );
      assert.equal(at(approval, 'bound'), false);
      assert.equal(at(approval, 'evidenceSha256'), undefined);
      assert.deepEqual(at(approval, 'decidedBy'), [person('ben')]);
    });

    it('is refused for other evidence, also where the policy is unbound', async () => {
      const seen: string[] = [];
      const named = sha256('other');
      const made = await on.run({ environment: guarded, atGate: byBen(() => bound(named), seen) });
      await assertRefused(made, `approved evidence sha256:${named}; expected was evidence sha256:${seen[0]}.`);
      // The same data with the same verdict, but in the run before.
      const old = byBen(() => bound(seen[0] ?? ''), seen);
      const ran = await on.run({ environment: guarded, policy: 'unbound', atGate: old });
      await assertRefused(ran, `approved evidence sha256:${seen[0]}; expected was evidence sha256:${seen[1]}.`);
    });

    it('is refused when the same person names two digests, one of them right', async () => {
      const two = (digest: string): string => `${bound(digest)}, evidence sha256:${sha256('other')}`;
      await assertRefused(await on.run({ environment: guarded, atGate: byBen(two) }), /The evidence is not what was/);
    });
  });

  describe('evidence', () => {
    it('that was added after the approver had looked is refused', async () => {
      const file = path.join(on.folder, 'evaluation.json');
      writeFileSync(file, '{"kind":"mlops.evaluation.v1"}');
      const digests: string[] = [];
      const atGate = async (gate: Gate): Promise<void> => {
        digests.push(await on.digest(gate));
        const [sane] = await on.attachments(gate.runId, 'mlops.data-sanity.v1');
        assert.ok(sane);
        const { server } = on.devops;
        await server.addAttachment(gate.runId, sane.recordId, 'mlops.evaluation.v1', 'late', file);
        digests.push(await on.digest(gate));
        await on.approve('ben', gate, bound(digests[0] ?? ''));
      };
      const ran = await on.run({ environment: guarded, policy: 'unbound', atGate });
      assert.notEqual(digests[0], digests[1]);
      await assertRefused(ran, `sha256:${digests[0]}; expected was evidence sha256:${digests[1]}.`);
    });

    it('that was changed after the approval is refused', async () => {
      const file = path.join(on.folder, 'changed.json');
      writeFileSync(file, '{"kind":"mlops.data-sanity.v1","verdict":"pass"}');
      const gates: Gate[] = [];
      const seen: string[] = [];
      const atGate = async (gate: Gate): Promise<void> => {
        gates.push(gate);
        await byBen(bound, seen)(gate);
      };
      const { server } = on.devops;
      // Between the decision and the first step of the stage.
      const waitForChecks: typeof server.waitForChecks = async (...wait) => {
        const decision = await server.waitForChecks(...wait);
        const [gate] = gates;
        assert.ok(gate);
        const [sane] = await on.attachments(gate.runId, 'mlops.data-sanity.v1');
        assert.ok(sane);
        await server.addAttachment(gate.runId, sane.recordId, 'mlops.data-sanity.v1', sane.name, file);
        return decision;
      };
      const agent = { server: { ...server, collectionUrl: server.collectionUrl, waitForChecks } };
      const ran = await on.run({ environment: guarded, atGate, agent });
      const [gate] = gates;
      assert.ok(gate);
      const now = await on.digest(gate);
      assert.notEqual(now, seen[0]);
      await assertRefused(ran, `sha256:${seen[0]}; expected was evidence sha256:${now}.`);
    });

    it('of another run does not count, though a step said that this is that run', async () => {
      const seen: string[] = [];
      const approved = await on.run({ environment: guarded, atGate: byBen(bound, seen) });
      await assertDeployed(approved, 'Approved by Ben Okafor');
      const ran = await on.run({
        environment: guarded,
        policy: 'required',
        ahead: printing(`##vso[task.setvariable variable=Build.BuildId]${approved.runId}`),
        atGate: byBen(() => 'looks good'),
      });
      await assertRefused(ran, 'is not the one that this job');
    });

    it('is asked for, though a step said that this is no run', async () => {
      const ran = await on.run({
        environment: lenient,
        packaged: 'other',
        ahead: printing('##vso[task.setvariable variable=Build.BuildId]none'),
        atGate: async (gate) => on.approve('ana', gate, 'looks good'),
      });
      await assertRefused(ran, 'Build.BuildId is "none", which is no run.');
    });

    it('is asked for where the policy is unbound too, whatever run a step said that this is', async () => {
      for (const id of ['none', '999999']) {
        const ran = await on.run({
          environment: lenient,
          policy: 'unbound',
          ahead: printing(`##vso[task.setvariable variable=Build.BuildId]${id}`),
          atGate: async (gate) => on.approve('ana', gate, 'looks good'),
        });
        await assertRefused(ran, 'Did a step of this job set Build.BuildId?');
      }
    });

    it("is asked for though a step's variable stands in the place of what the agent says of the run", async () => {
      const forged: [string, string, string][] = [
        ['SYSTEM_HOSTTYPE', 'release', 'System.HostType'],
        ['SYSTEM_HOSTTYPE;issecret=true', 'release', 'System.HostType'],
        ['System StageName', '', 'System.StageName'],
        ['SYSTEM_PLANID', '', 'System.PlanId'],
      ];
      for (const [variable, value, place] of forged) {
        const ran = await on.run({
          environment: lenient,
          ahead: printing(`##vso[task.setvariable variable=${variable}]${value}`),
          atGate: async (gate) => on.approve('ana', gate, 'looks good'),
        });
        await assertRefused(ran, `stands in the place of the agent's own ${place}.`);
      }
    });

    it('is asked for whatever a variable would put into the environment of the step', async () => {
      const variables = [
        "NODE_OPTIONS=--import;preserveCase=true]data:text/javascript,process.env.SYSTEM_HOSTTYPE='release'",
        'SYSTEM_HOSTTYPE=RELEASE]x',
        'AGENT_PROXYURL]http://127.0.0.1:1',
        'agent cainfo]/tmp/ca.pem',
      ];
      for (const variable of variables) {
        const ran = await on.run({
          environment: lenient,
          ahead: printing(`##vso[task.setvariable variable=${variable}`),
          atGate: async (gate) => on.approve('ana', gate, 'looks good'),
        });
        await assertRefused(ran, "which would redirect this task's identity, proxy, certificates or diagnostics");
      }
    });

    it('is judged by the policy of the step, whatever a step before printed', async () => {
      // Of two variables of one place task-lib knows the secret one alone, and an agent of before July 2026 gives the other.
      const secret = ['INPUT_APPROVALPOLICY', 'input.approvalPolicy;issecret=true'];
      for (const variables of [['INPUT_APPROVALPOLICY'], ['input.approvalPolicy'], secret]) {
        const ran = await on.run({
          environment: guarded,
          policy: 'required',
          packaged: 'other',
          ahead: variables.map((name) => printing(`##vso[task.setvariable variable=${name}]unbound`)).join('\n'),
          atGate: byBen(() => 'looks good'),
        });
        const [shown = ''] = (variables.at(-1) ?? '').split(';');
        await assertRefused(ran, `The variable ${shown} stands in the place of an input.`);
      }
    });

    it("comes from the agent's own address, whatever a step printed", async () => {
      const heard: string[] = [];
      const listener = createServer((request, response) => {
        heard.push(request.url ?? '');
        response.writeHead(404).end();
      });
      await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
      const elsewhere = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`;
      const names = ['System.TeamFoundationCollectionUri', 'System.CollectionUri'];
      const lines = names.map((name) => printing(`##vso[task.setvariable variable=${name}]${elsewhere}`));
      const seen: string[] = [];
      const ran = await on.run({ environment: guarded, ahead: lines.join('\n'), atGate: byBen(bound, seen) });
      await assertDeployed(ran, `Approved by Ben Okafor on evidence sha256:${seen[0]}.`);
      const forged = printing(`##vso[task.setvariable variable=ENDPOINT_URL_SYSTEMVSSCONNECTION]${elsewhere}`);
      await assertRefused(
        await on.run({ environment: guarded, ahead: forged, atGate: byBen(bound, seen) }),
        "stands in the place of one of the agent's endpoints",
      );
      listener.close();
      assert.deepEqual(heard, []);
    });

    it('that names another image, or none, is refused though it was approved', async () => {
      const other = await on.run({ environment: guarded, packaged: 'other', atGate: byBen(bound) });
      const about = `The evidence that was approved is about image ${otherImage} (model diabetes version 17), not about image `;
      await assertRefused(other, about, 'a stage of this run before the gate');
      const none = await on.run({ environment: guarded, policy: 'required', packaged: 'none', atGate: byBen(bound) });
      await assertRefused(none, /about no model version or image at all, not about image .*@sha256:[0-9a-f]{64}\./);
    });

    it('that names another image passes where the policy is unbound, and binds nothing', async () => {
      const atGate = byBen(bound);
      const ran = await on.run({ environment: guarded, policy: 'unbound', packaged: 'other', atGate });
      const note = /is about image .* not about image .* The approvalPolicy unbound lets it pass\./;
      assert.match(ran.log, note);
      assert.equal(at((await assertDeployed(ran)).approval, 'bound'), false);
    });

    it('of a stage that had not ended when the gate opened changes nothing', async () => {
      const signal = path.join(on.folder, 'go');
      const before = `
  - stage: Aside
    dependsOn: []
    jobs:
      - job: data
        steps:
          - script: until [ -e '${signal}' ]; do sleep 0.05; done
${sanity}`;
      const counts: number[] = [];
      const seen: string[] = [];
      const atGate = async (gate: Gate): Promise<void> => {
        const first = await on.digest(gate);
        const ended = gate.ended('Aside');
        writeFileSync(signal, '');
        await ended;
        counts.push((await on.attachments(gate.runId, 'mlops.data-sanity.v1')).length);
        await byBen(bound, seen)(gate);
        assert.equal(seen[0], first);
      };
      const ran = await on.run({ environment: guarded, before, atGate });
      assert.ok(existsSync(signal));
      assert.deepEqual(counts, [2]);
      await assertDeployed(ran, `on evidence sha256:${seen[0]}.`);
    });
  });

  describe('decided by the wrong person', () => {
    it('is refused when who queued the run approved it, though the check allows that', async () => {
      for (const policy of ['bound', 'unbound'] as const) {
        const atGate = async (gate: Gate): Promise<void> => on.approve('ana', gate, bound(await on.digest(gate)));
        const ran = await on.run({ environment: lenient, policy, atGate });
        await assertRefused(ran, 'Ana Ruiz approved it and requested this run: somebody else must decide.');
      }
    });

    it('keeps waiting when others try, and when Ben tries to bypass it', async () => {
      const atGate = async (gate: Gate): Promise<void> => {
        const comment = bound(await on.digest(gate));
        for (const who of ['ana', 'dora', 'emil'] as const) {
          assert.equal((await decide(who, gate, 'approved', comment)).status, 403, who);
        }
        const update = [{ approvalId: gate.approvalId, status: 'approved', comment }];
        assert.equal((await call(on.devops, gate.jobToken, 'PATCH', approvals, update)).status, 403);
        assert.equal((await bypass('ben', gate)).status, 403);
        await assertWaiting(gate);
        assert.equal((await decide('ben', gate, 'rejected', 'not now')).status, 200);
      };
      const ran = await on.run({ environment: guarded, atGate });
      assert.notEqual(ran.stages['Production'], 'Succeeded');
      assert.equal(ran.log, '');
      assert.deepEqual(ran.azureRequests, []);
    });

    it('is refused when an administrator of the environment bypassed the approval', async () => {
      for (const policy of ['bound', 'unbound', 'required'] as const) {
        const atGate = async (gate: Gate): Promise<void> => assert.equal((await bypass('cleo', gate)).status, 200);
        const ran = await on.run({ environment: guarded, policy, atGate });
        await assertRefused(ran, /Approval [0-9a-f-]{36}: it is skipped, not approved/);
      }
    });
  });

  describe('with two approvers', () => {
    const both = (comment: (digest: string) => string) => async (gate: Gate) => {
      const digest = await on.digest(gate);
      await on.approve('ben', gate, bound(digest));
      await on.approve('cleo', gate, comment(digest));
    };

    it('deploys when both name the evidence', async () => {
      const { approval } = await assertDeployed(await on.run({ environment: pair, atGate: both(bound) }));
      assert.deepEqual(at(approval, 'decidedBy'), [person('ben'), person('cleo')]);
    });

    it('is refused when one of them names other evidence', async () => {
      const ran = await on.run({ environment: pair, atGate: both(() => bound(sha256('other'))) });
      await assertRefused(ran, /Cleo Lind approved evidence sha256:/);
      assert.doesNotMatch(ran.errors, /Ben Okafor/);
    });

    it('is refused when one approved and the other was bypassed', async () => {
      const atGate = async (gate: Gate): Promise<void> => {
        await on.approve('ben', gate, bound(await on.digest(gate)));
        await assertWaiting(gate);
        assert.equal((await bypass('cleo', gate)).status, 200);
      };
      await assertRefused(
        await on.run({ environment: pair, policy: 'unbound', atGate }),
        /not approved: it was bypassed/,
      );
    });
  });

  describe('without an approval', () => {
    it('deploys where the policy is bound, and says so', async () => {
      const { approval } = await assertDeployed(
        await on.run({ environment: open }),
        'Stage Production needs no approval.',
      );
      assert.equal(approval, undefined);
    });

    it('is refused where one is required', async () => {
      const ran = await on.run({ environment: open, policy: 'required' });
      await assertRefused(ran, 'Stage Production has no approval, and approvalPolicy is required.');
    });
  });

  describe('a claim of an approval in what the run wrote itself', () => {
    const claim = JSON.stringify({ kind: 'mlops.approval.v1', approval: { status: 'approved', bound: true } });
    const steps = `
          - script: |
              echo '${claim}' > claim.json
              echo "##vso[build.addbuildtag]mlops.approved"
              echo "##vso[task.addattachment type=mlops.approval.v1;name=approval]$PWD/claim.json"
`;
    const claimInIndex = async (gate: Pick<Gate, 'runId'>): Promise<void> => {
      const run = `diabetes/_apis/build/builds/${gate.runId}`;
      const patch = [{ op: 'add', path: '/mlops.v1.approval', value: claim }];
      assert.equal((await on.rest('ana', 'PATCH', `${run}/properties?api-version=7.1-preview.1`, patch)).status, 200);
      assert.equal((await on.rest('ana', 'PUT', `${run}/tags/approved?api-version=7.1`)).status, 200);
    };

    it('opens no gate, and stands for no digest', async () => {
      const atGate = async (gate: Gate): Promise<void> => {
        await claimInIndex(gate);
        assert.equal((await on.attachments(gate.runId, 'mlops.approval.v1')).length, 1);
        await assertWaiting(gate);
        await on.approve('ben', gate, 'see the tag');
      };
      await assertRefused(await on.run({ environment: guarded, steps, atGate }), /without naming the evidence/);
    });

    it('is no approval where one is required', async () => {
      let claimed: Promise<void> | undefined;
      const onEvent: NonNullable<Parameters<GateStage['run']>[0]['agent']>['onEvent'] = (event) => {
        if (event.type === 'runStarted') claimed = claimInIndex({ runId: event.run.id });
      };
      const ran = await on.run({ environment: open, policy: 'required', steps, agent: { onEvent } });
      assert.ok(claimed);
      await claimed;
      await assertRefused(ran, 'Stage Production has no approval, and approvalPolicy is required.');
    });
  });

  /** Lets the stage pass without a decision, where the caller may. */
  async function bypass(who: Person, { runId, approvalId }: Gate): Promise<Reply> {
    const approval = (await on.records(runId)).find(({ id }) => id === approvalId);
    const suite = textAt(approval, 'parentId');
    const body = { action: 'bypass', checkId: approvalId };
    return on.rest(
      who,
      'PATCH',
      `diabetes/_apis/pipelines/checks/runs/${suite}?$expand=resources&api-version=7.2-preview.1`,
      body,
    );
  }

  async function assertWaiting({ runId, approvalId }: Gate): Promise<void> {
    assert.equal(textAt(await on.approval(approvalId), 'status'), 'pending');
    const stage = (await on.records(runId)).find(
      ({ type, identifier }) => type === 'Stage' && identifier === 'Production',
    );
    assert.equal(stage?.['state'], 'pending');
  }
});
