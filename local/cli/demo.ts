import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { AzureClient } from './azure-client';
import type { Command } from './command';
import { withServices } from './connect';
import { startDaemon } from './daemon';
import { whoMay } from './decide';
import { DevOpsClient, userNamed, type Approval } from './devops-client';
import { requirePython } from './doctor';
import { Failure } from './errors';
import { boundComment, evidenceOf, type NamedEvidence } from './evidence';
import { readEvaluation } from './evaluation';
import type { Followed } from './follow';
import { openInBrowser, openingUrl } from './hub';
import { takeLock } from './lock';
import type { Output } from './output';
import { pairs } from './pairs';
import { exampleFolder, stateFolder } from './paths';
import { seconds } from './progress';
import { stageTable, summary } from './report';
import { exitCodeOf, handlerOf, refuseLateOptions } from './run';
import { execute, failureLogs, pipelineFile } from './run-pipeline';
import { findRunning, type Running } from './running';
import { waitingApprovals, waitingLineOf } from './waiting';

/** Attachment with which the evaluation tells its decision. */
const evaluationType = 'mlops.evaluation.v1';

/** Environment of the example's last stage. */
const production = 'diabetes-production';

export const demo: Command = {
  name: 'demo',
  summary: 'Take the diabetes model from its data to production, on this machine',
  usage: '',
  positionals: 0,
  options: {
    set: { type: 'string', multiple: true },
    'wait-for-approval': { type: 'boolean' },
    keep: { type: 'boolean' },
    open: { type: 'boolean' },
    handler: { type: 'string' },
    state: { type: 'string' },
    record: { type: 'string' },
    json: { type: 'boolean' },
  },
  help: {
    'set NAME=VALUE': 'a parameter of the pipeline, such as alpha=2.0; may be repeated',
    'wait-for-approval': 'leave the approval to a person: mlops approve, in another terminal',
    keep: 'leave the services running afterwards, as `mlops up` does',
    open: 'show the result in the hub, in a browser; the services stay, as with --keep',
    'handler NAME': 'node20 or node24: the Node on which tasks run',
    'state DIR': 'folder of the state (default: .mlops)',
    'record FILE': 'write every exchange with Azure to FILE, secrets hidden',
    json: 'print the outcome as one JSON document',
  },
  async run(args, output) {
    const parameters = pairs('set', args.values('set'));
    const stateDir = stateFolder(args.value('state'));
    const handler = handlerOf(args.value('handler'));
    const recordFile = args.value('record');
    refuseLateOptions(args, stateDir);
    requirePython();
    const begun = Date.now();
    const unlock = takeLock(join(stateDir, 'demo.lock'), 'mlops demo');
    try {
      const keep = args.flag('keep') || args.flag('open');
      if (keep && findRunning(stateDir)?.kind !== 'daemon') {
        const given = { handler, record: recordFile };
        await startDaemon(
          stateDir,
          Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
        );
      }
      const options = { stateDir, handler, recordFile, what: 'mlops demo' };
      return await withServices(options, output, async ({ running, signal }) => {
        const show = new Demo(running, output, args.value('state'));
        const followed = await show.run(parameters, signal, args.flag('wait-for-approval'));
        const outcome = await show.outcome(followed);
        if (output.json) output.document({ ...outcome, totalSeconds: (Date.now() - begun) / 1000 });
        else await show.tell(followed, outcome, begun, keep);
        if (args.flag('open')) await show.open();
        return exitCodeOf(followed.build.result);
      });
    } finally {
      unlock();
    }
  },
};

interface Decision {
  decision: string;
  why: string;
  /** sha256 of the manifest of evidence before the gate. */
  evidence: string;
}

interface Scored {
  endpoint: string;
  status: number;
  answer: string;
  milliseconds: number;
  deployment: string | undefined;
}

interface Outcome extends Record<string, unknown> {
  /** Whether this run deployed to the production environment. */
  deployedToProduction: boolean;
  decision: Decision | null;
  approvedBy: string | null;
  endpoints: { name: string; url: string | undefined; traffic: Record<string, number>; model: string | undefined }[];
  staging: { name: string; url: string | undefined }[];
  scored: Scored | null;
}

class Demo {
  private readonly requester: DevOpsClient;
  private approvedBy: string | null = null;
  /** What the approval was bound to. */
  private evidence: NamedEvidence | undefined;

  constructor(
    private readonly running: Running,
    private readonly output: Output,
    /** What `--state` was given. */
    private readonly state: string | undefined,
  ) {
    this.requester = new DevOpsClient(running.devops, userNamed(running.devops, 'ana'));
  }

  run(parameters: Record<string, string>, signal: AbortSignal, wait: boolean): Promise<Followed> {
    const pipeline = pipelineFile(join(exampleFolder(), 'azure-pipelines.yml'));
    const onApproval = async (approval: Approval): Promise<void> => {
      if (!wait) return this.approve(approval);
      const line = await waitingLineOf(this.running, approval, { state: this.state });
      if (line !== undefined) this.output.note(`  ${line} (or reject)`);
    };
    return execute(this.requester, { pipeline, parameters, variables: {}, output: this.output, signal, onApproval });
  }

  async outcome(followed: Followed): Promise<Outcome> {
    const azure = await AzureClient.open(this.running.azure);
    const found = await azure.endpoints();
    const endpoints = [];
    for (const { name, properties } of found) {
      const traffic = properties.traffic ?? {};
      const [serving] = Object.entries(traffic).sort((a, b) => b[1] - a[1])[0] ?? [];
      const model = serving === undefined ? undefined : await azure.deployedModel(name, serving);
      endpoints.push({ name, url: properties.scoringUri, traffic, model });
    }
    const serves = found.find((one) => Object.values(one.properties.traffic ?? {}).some((share) => share > 0));
    return {
      ...summary(followed),
      decision: await this.decision(followed.build.id),
      deployedToProduction: (await this.requester.deployments(production)).some(
        (one) => one.owner.id === followed.build.id,
      ),
      approvedBy: this.approvedBy ?? (await this.approver(followed.build.id)),
      endpoints,
      staging: await azure.containerGroups(),
      scored: serves ? await this.score(azure, serves) : null,
    };
  }

  async tell(followed: Followed, outcome: Outcome, begun: number, keep: boolean): Promise<void> {
    const { output } = this;
    output.line();
    for (const line of stageTable(followed)) output.line(line);
    output.line();
    if (outcome.decision) {
      output.line(
        `Decision    ${outcome.decision.decision}${outcome.decision.why === '' ? '' : `: ${outcome.decision.why}`}`,
      );
      output.line(`Evidence    sha256:${outcome.decision.evidence}`);
    }
    if (outcome.approvedBy !== null) output.line(`Approved    by ${outcome.approvedBy}`);
    for (const one of outcome.staging) output.line(`Staging     ${one.url ?? 'no address'} (${one.name})`);
    for (const one of outcome.endpoints) {
      const traffic = Object.entries(one.traffic)
        .map(([name, share]) => `${name} ${share} %`)
        .join(', ');
      output.line(
        `Production  ${one.url ?? 'no address'} (${[traffic, modelOf(one.model)].filter((part) => part !== '').join('; ')})`,
      );
    }
    if (!outcome.deployedToProduction && outcome.endpoints.length > 0) output.line('            untouched by this run');
    if (outcome.scored) {
      const { status, answer, milliseconds } = outcome.scored;
      output.line(`Scored      ${answer.trim().slice(0, 200)} (HTTP ${status}, ${Math.round(milliseconds)} ms)`);
    }
    for (const line of await failureLogs(this.requester, followed)) output.line(line);
    output.line();
    output.line(
      `All of it took ${seconds((Date.now() - begun) / 1000)}.${keep ? ' The services stay: `mlops status`, `mlops down`.' : ''}`,
    );
  }

  /** The address works without a browser too, and is printed in any case. */
  async open(): Promise<void> {
    const { url } = this.running.hub;
    this.output.note(`Hub         ${url}`);
    const result = await openInBrowser(await openingUrl(url));
    if (!result.opened) this.output.note(`${result.why} Open the address above yourself.`);
  }

  private async approve(approval: Approval): Promise<void> {
    const waiting = (await waitingApprovals(this.running)).find((one) => one.approval.id === approval.id);
    // Somebody else decided meanwhile.
    if (!waiting) return;
    const user = whoMay(waiting);
    const client = new DevOpsClient(this.running.devops, user);
    this.evidence = await evidenceOf(client, approval.pipeline.owner.id, approval);
    await client.decide(approval.id, 'approved', boundComment('Approved by mlops demo.', this.evidence));
    this.approvedBy = user.displayName;
  }

  private async approver(runId: number): Promise<string | null> {
    const approvals = (await this.requester.approvals('state=all')).filter((one) => one.pipeline.owner.id === runId);
    const decided = approvals.flatMap((one) => one.steps).find((step) => step.status === 'approved');
    return decided?.actualApprover?.displayName ?? null;
  }

  private async decision(runId: number): Promise<Decision | null> {
    const evidence = (await this.requester.attachments(runId, evaluationType)).at(-1);
    if (!evidence) return null;
    // Nobody was asked, or somebody else decided: the evidence of all that has ended.
    const { digest } = this.evidence ?? (await this.evidenceAtGate(runId));
    return { ...readEvaluation(evidence.content), evidence: digest };
  }

  private async evidenceAtGate(runId: number): Promise<NamedEvidence> {
    const approvals = await this.requester.approvals('state=all');
    return evidenceOf(
      this.requester,
      runId,
      approvals.find((one) => one.pipeline.owner.id === runId),
    );
  }

  private async score(azure: AzureClient, endpoint: Parameters<AzureClient['score']>[0]): Promise<Scored> {
    const file = join(exampleFolder(), 'smoke', 'requests.jsonl');
    const request = readFileSync(file, 'utf8')
      .split('\n')
      .find((line) => line.trim() !== '');
    if (request === undefined) throw new Failure(`${file} holds no request.`);
    const { status, answer, ms, deployment } = await azure.score(endpoint, request);
    return { endpoint: endpoint.name, status, answer, milliseconds: ms, deployment };
  }
}

/** `diabetes version 3` of a model's ARM id. */
function modelOf(id: string | undefined): string {
  const parts = /\/models\/([^/]+)\/versions\/([^/]+)$/i.exec(id ?? '');
  return parts ? `${parts[1] ?? ''} version ${parts[2] ?? ''}` : (id ?? '');
}
