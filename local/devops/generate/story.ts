import type { Collection } from '../collection';
import type { Approval, Deployment } from '../model';
import { sha256 } from './canonical';
import { Draft, type DraftRequest, type Stage } from './draft';
import * as evidence from './evidence';
import type { Candidate, Decision, Scene, Version } from './evidence';
import { gateDays, passGate, type Ending } from './gate';
import type { Random } from './random';
import type { Model, Text } from './world';

/** What a run is about. `version`: it registers one; `pending`: and stands at its
 * gate; `attempt`: it trains and does not; `redeploy`: an older version goes live again. */
export type Plot = 'version' | 'pending' | 'attempt' | 'redeploy' | 'checks';

/** What a run leaves outside itself. */
export interface Outcome {
  draft: Draft;
  approvals: Approval[];
  deployments: Omit<Deployment, 'id'>[];
  /** Version that was registered. */
  registered?: string;
}

type Step = Omit<DraftRequest, 'definition' | 'commit' | 'reason'>;

/** The life of one model, run by run. */
export class Story {
  private readonly versions: Version[] = [];
  /** What serves production, the newest last. */
  private readonly served: Version[] = [];
  private traffic: Record<string, number> | undefined;
  /** When the last run that could change production was through: they take turns. */
  private busyUntil = 0;

  constructor(
    private readonly collection: Collection,
    private readonly random: Random,
    private readonly model: Model,
    private readonly text: Text,
    private readonly card: string,
    /** End of the history. */
    private readonly end: number,
  ) {}

  /** Whether there is an older version to go back to. */
  get canGoBack(): boolean {
    return this.served.length > 1;
  }

  run(plot: Plot, step: Step): Outcome {
    if (plot === 'checks') return this.checks(step);
    const inTurn = { ...step, notBefore: this.busyUntil };
    const outcome = plot === 'redeploy' ? this.redeploy(inTurn) : this.train(plot, inTurn);
    // A gate that nobody has answered holds nobody up.
    if (!outcome.approvals.some(({ status }) => status === 'timedOut' || status === 'pending'))
      this.busyUntil = outcome.draft.clock;
    return outcome;
  }

  private get scene(): Scene {
    return { random: this.random, model: this.model, text: this.text };
  }

  private draft(step: Step, definition: Model['train'], reason: string): Draft {
    const aside = this.random.chance(0.06);
    const branch = aside ? `refs/heads/${this.text('feature/new-features', 200)}` : definition.repository.branch;
    const draft = new Draft(this.random, { ...step, definition, reason, branch, commit: this.random.hex(40) });
    if (aside) draft.tag(this.text('experiment', 200));
    return draft;
  }

  /** Tests of the code: most runs of a project, and none of the extension's business. */
  private checks(step: Step): Outcome {
    const draft = this.draft(step, this.model.checks, 'pullRequest');
    const stage = draft.openStage('Checks');
    draft.openJob(stage, 'test');
    const result = this.random.chance(0.1) ? 'failed' : 'succeeded';
    draft.step(stage, 'CmdLine', 90, result, result === 'failed' ? 'The process ended with exit code 1.' : '');
    draft.closeStage(stage, result);
    draft.finish(result);
    return { draft, approvals: [], deployments: [] };
  }

  private train(plot: 'version' | 'pending' | 'attempt', step: Step): Outcome {
    const draft = this.draft(step, this.model.train, 'individualCI');
    const outcome: Outcome = { draft, approvals: [], deployments: [] };
    this.tag(draft);
    const champion = this.served.at(-1);
    const decision = this.decisionOf(plot, champion);
    const candidate = this.candidate(draft, decision, champion);
    const ends = plot === 'attempt' ? this.random.next() : 1;
    if (!this.validate(draft, candidate, ends >= 0.12))
      return this.ended(outcome, ['Train', 'Evaluate', 'Register', 'Staging', 'Production']);
    if (!this.submit(draft, candidate, ends >= 0.25))
      return this.ended(outcome, ['Evaluate', 'Register', 'Staging', 'Production']);
    this.evaluate(draft, candidate, { decision, champion });
    if (plot === 'attempt') {
      for (const name of ['Register', 'Staging', 'Production']) draft.skipStage(name);
      draft.finish('succeeded');
      return outcome;
    }
    const version = this.register(draft, candidate);
    outcome.registered = version.version;
    if (!this.stageIt(outcome, version, plot)) return this.ended(outcome, ['Production']);
    this.produce(outcome, version, plot);
    return outcome;
  }

  private redeploy(step: Step): Outcome {
    const draft = this.draft(step, this.model.deploy, 'manual');
    const outcome: Outcome = { draft, approvals: [], deployments: [] };
    this.tag(draft);
    const older = this.served.slice(0, -1);
    const version = older.at(-this.random.integer(1, Math.min(3, older.length))) ?? this.served[0];
    if (!version) throw new Error('There is nothing to go back to.');
    draft.run.templateParameters = { version: version.version };
    this.random.aside(() => this.find(draft, version));
    this.produce(outcome, version, 'redeploy');
    return outcome;
  }

  /** Approvers have to see what they let back in. */
  private find(draft: Draft, version: Version): void {
    const stage = draft.openStage('Package', this.text('Find the image of the version'));
    draft.openJob(stage, 'package');
    draft.leave(stage, draft.step(stage, 'PackageModel', 20), evidence.packaged(this.scene, version, false));
    draft.closeStage(stage);
  }

  private tag(draft: Draft): void {
    draft.tag('mlops', `mlops.m.${sha256(this.model.name).slice(0, 8)}`);
  }

  private decisionOf(plot: Plot, champion: Version | undefined): Decision {
    if (!champion) return 'firstModel';
    if (plot !== 'attempt') return 'better';
    return this.random.chance(0.7) ? 'notBetter' : 'unsure';
  }

  private candidate(draft: Draft, decision: Decision, champion: Version | undefined): Candidate {
    const { name, orientation, start, gain } = this.model.metric;
    const before = champion?.candidate.metrics[name] ?? start;
    const room = orientation === 'higher' ? 1 - before : -before;
    const share =
      this.random.between(0.15, 1) * gain * (decision === 'better' ? 1 : decision === 'unsure' ? 0.1 : -0.8);
    const latency = this.random.between(30, 60);
    return {
      job: `${this.random.pick(['amber', 'brave', 'calm', 'deep', 'eager'])}_${this.random.hex(10)}`,
      metrics: { [name]: before + (champion ? room * share : 0), accuracy: this.random.between(0.7, 0.95), latency },
      commit: draft.run.repository.commit,
      fingerprint: this.random.hex(64),
      alpha: this.random.pick(['0.1', '0.5', '1.0']),
    };
  }

  private validate(draft: Draft, candidate: Candidate, passed: boolean): boolean {
    const stage = draft.openStage('Validate', this.text('Is the data what we agreed on?'));
    draft.openJob(stage, 'data');
    const result = passed ? 'succeeded' : 'failed';
    const step = draft.step(stage, 'DataSanityTest', 25, result, passed ? '' : this.text('age: values below 18.'));
    draft.leave(stage, step, evidence.sanity(this.scene, candidate, passed));
    draft.closeStage(stage, result);
    return passed;
  }

  private submit(draft: Draft, candidate: Candidate, passed: boolean): boolean {
    const stage = draft.openStage('Train', this.text('Train on Azure Machine Learning'));
    draft.openJob(stage, 'train');
    const from = draft.now;
    const result = passed ? 'succeeded' : 'failed';
    const step = draft.step(
      stage,
      'SubmitAmlTraining',
      1200,
      result,
      passed ? '' : this.text('The job failed: out of memory.'),
    );
    if (passed) draft.leave(stage, step, evidence.training(this.scene, candidate, from, draft.now));
    draft.closeStage(stage, result);
    return passed;
  }

  private evaluate(draft: Draft, candidate: Candidate, comparison: evidence.Comparison): void {
    draft.tag('mlops.evaluate');
    const stage = draft.openStage('Evaluate', this.text('Is it better than production?'));
    draft.openJob(stage, 'evaluate');
    const step = draft.step(stage, 'EvaluateAgainstProduction', 60);
    draft.leave(stage, step, evidence.evaluation(this.scene, candidate, comparison));
    draft.closeStage(stage);
  }

  private register(draft: Draft, candidate: Candidate): Version {
    draft.tag('mlops.register');
    const version: Version = {
      version: String(this.versions.length + 1),
      candidate,
      image: `mlops.azurecr.io/${this.model.workspace}/model@sha256:${this.random.hex(64)}`,
      digest: `sha256:${this.random.hex(64)}`,
    };
    this.versions.push(version);
    const stage = draft.openStage('Register', this.text('Register the model'));
    draft.openJob(stage, 'register');
    const registered = draft.step(stage, 'RegisterModel', 20);
    draft.leave(stage, registered, evidence.modelVersion(this.scene, version, this.card));
    const step = draft.step(stage, 'PackageModel', 300);
    draft.leave(stage, step, evidence.packaged(this.scene, version));
    draft.closeStage(stage);
    return version;
  }

  private stageIt(outcome: Outcome, version: Version, plot: Plot): boolean {
    const { draft } = outcome;
    const stage = draft.openStage('Staging', this.text('Deploy to staging and test'));
    draft.openJob(stage, 'staging');
    const rollout = { target: 'containerInstance', environment: this.model.staging.name } as const;
    this.deploy(outcome, stage, version, rollout);
    const passed = this.smoke(draft, stage, this.model.staging.name, plot === 'pending' ? 1 : 0.97);
    this.recordDeployment(outcome, stage, this.model.staging.id, passed);
    draft.closeStage(stage, passed ? 'succeeded' : 'failed');
    return passed;
  }

  /** The gated stage: approval, a tenth of the traffic, smoke test, all of the traffic. */
  private produce(outcome: Outcome, version: Version, plot: Plot): void {
    const { draft } = outcome;
    const stage = draft.openStage(
      'Production',
      this.text(plot === 'redeploy' ? 'Back to an older version' : 'Deploy to production'),
    );
    const ending = plot === 'pending' ? 'pending' : this.endingOf(plot === 'redeploy', draft.clock);
    const approval = passGate(this.collection, this.random, this.model, draft, stage, ending, this.text);
    outcome.approvals.push(approval);
    if (ending === 'pending') {
      Object.assign(stage.record, { state: 'pending', startTime: undefined, result: undefined });
      draft.wait();
      return;
    }
    if (approval.status !== 'approved' && !approval.bypassed) {
      draft.closeStage(stage, approval.status === 'rejected' ? 'failed' : 'skipped');
      draft.finish(approval.status === 'rejected' ? 'failed' : 'succeeded');
      return;
    }
    draft.openJob(stage, 'production');
    // The task refuses what nobody approved for this evidence; not every pipeline lets it look.
    if (ending === 'otherEvidence' || (ending === 'bypassed' && this.random.chance(0.5))) {
      draft.step(stage, 'DeployModel', 5, 'failed', this.text('The approval does not cover this evidence.'));
      this.recordDeployment(outcome, stage, this.model.production.id, false);
      draft.closeStage(stage, 'failed');
      draft.finish('failed');
      return;
    }
    const previous = this.served.at(-1);
    const environment = this.model.production.name;
    const rollout = {
      target: 'managedEndpoint',
      environment,
      previous,
      approval: approvalFacts(this.collection, approval),
    } as const;
    this.deploy(outcome, stage, version, { ...rollout, ...this.shift(version, previous, 10) });
    const passed = this.smoke(draft, stage, environment, 0.96);
    if (passed) this.deploy(outcome, stage, version, { ...rollout, ...this.shift(version, previous, 100) });
    this.recordDeployment(outcome, stage, this.model.production.id, passed);
    draft.closeStage(stage, passed ? 'succeeded' : 'failed');
    if (passed) this.served.push(version);
    draft.finish(passed ? 'succeeded' : 'failed');
  }

  /** Gives the version its share of production's requests, and the one before it the rest. */
  private shift(
    to: Version,
    from: Version | undefined,
    share: number,
  ): Pick<evidence.Rollout, 'trafficBefore' | 'traffic'> {
    const [current, before] = [evidence.deploymentName(to.version), from && evidence.deploymentName(from.version)];
    const trafficBefore = this.traffic;
    this.traffic =
      before === undefined || before === current ? { [current]: 100 } : { [current]: share, [before]: 100 - share };
    return { trafficBefore, traffic: this.traffic };
  }

  private endingOf(back: boolean, opened: number): Ending {
    const drawn = this.random.next();
    if (back) return drawn < 0.15 ? 'bypassed' : 'approved';
    if (drawn < 0.07) return 'rejected';
    if (drawn < 0.1) return opened + gateDays * 86_400_000 < this.end ? 'timedOut' : 'rejected';
    if (drawn < 0.12) return 'bypassed';
    if (drawn < 0.15) return 'unbound';
    return drawn < 0.16 ? 'otherEvidence' : 'approved';
  }

  private deploy(outcome: Outcome, stage: Stage, version: Version, rollout: evidence.Rollout): void {
    outcome.draft.tag('mlops.deploy');
    const step = outcome.draft.step(stage, 'DeployModel', 240);
    outcome.draft.leave(stage, step, evidence.deployment(this.scene, version, rollout));
  }

  private smoke(draft: Draft, stage: Stage, environment: string, chance: number): boolean {
    const passed = this.random.chance(chance);
    const message = passed ? '' : this.text('1 of 5 requests failed.');
    const step = draft.step(stage, 'SmokeTest', 15, passed ? 'succeeded' : 'failed', message);
    draft.leave(stage, step, evidence.smoke(this.scene, environment, passed));
    return passed;
  }

  private recordDeployment(
    { draft, deployments }: Outcome,
    stage: Stage,
    environmentId: number,
    passed: boolean,
  ): void {
    const { record, job } = stage;
    deployments.push({
      environmentId,
      runId: draft.run.id,
      stageName: record.identifier ?? '',
      jobName: job.name,
      stageAttempt: 1,
      jobAttempt: 1,
      queueTime: record.startTime ?? draft.now,
      startTime: job.startTime ?? draft.now,
      finishTime: draft.now,
      result: passed ? 'succeeded' : 'failed',
    });
  }

  private ended(outcome: Outcome, skipped: string[]): Outcome {
    for (const name of skipped) outcome.draft.skipStage(name);
    outcome.draft.finish('failed');
    return outcome;
  }
}

/** What the deployment's record says of the approval that let it in. */
function approvalFacts(collection: Collection, approval: Approval): Record<string, unknown> & { id: string } {
  const step = approval.steps[0];
  const digest = /evidence sha256:([0-9a-f]{64})/.exec(step?.comment ?? '')?.[1];
  const by = step?.actualApprover;
  return {
    id: approval.id,
    ...(digest === undefined ? {} : { evidenceSha256: digest }),
    decidedBy: by === undefined ? [] : [{ id: by, displayName: collection.identity(by).displayName }],
    decidedOn: approval.lastModifiedOn,
    bound: digest !== undefined,
  };
}
