import { TaskError } from '../../lib/agent/errors';
import { sha256Hex } from '../../lib/agent/hash';
import type { Approval, ApprovalStep, Identity, TimelineRecord } from '../../lib/agent/run-answers';
import { isSamePerson } from '../../lib/evidence/person';
import { digestsIn, manifestText, type ManifestItem } from '../../lib/evidence/manifest';
import type { DeploymentApproval } from '../../lib/evidence/types';
import { inWords, intendedInWords, notAbout, type About, type Intended } from './about';
import type { ApprovalPolicy } from './inputs';

/** What is known of the gate that let this stage in. Everything comes from the service; no clock of an agent counts. */
export interface Gate {
  runId: string;
  /** The stage that this step belongs to. */
  stage: TimelineRecord;
  /** The run's current timeline. */
  records: readonly TimelineRecord[];
  /** Approvals of the stage's checkpoint; none: the stage needs none. */
  approvals: readonly Approval[];
  /** Who requested the run. */
  requesters: readonly Identity[];
  evidence: readonly RunEvidence[];
}

/** A record of the run, of any stage and attempt. */
export interface RunEvidence {
  kind: string;
  name: string;
  sha256: string;
  /** Timeline record of the step that left it. */
  recordId: string;
  /** Absent: it names neither a model version nor an image that was made or deployed. */
  about?: About;
}

/** What came of the gate: the approval that counts, and what the log says. */
export interface Passed {
  approval?: DeploymentApproval;
  notes: string[];
}

/** Build.BuildId names no run of this job's. No reading that failed: any step of the job can have set it, so no policy lets it pass. */
export class ForeignRun extends TaskError {
  constructor(message: string) {
    super(message, 'Did a step of this job set Build.BuildId? Find it: any line of its output can.');
  }
}

/** Where a step says that it runs: the agent's own variables, which no step can change. */
export interface Place {
  /** System.StageName */
  stage: string;
  /** System.StageAttempt */
  attempt?: number;
  /** System.JobId: the timeline record of the job. */
  jobId?: string;
}

/**
 * The stage of this step in the run's current timeline. The step's own job must be at work in it: steps can change the
 * variable that names the run, and a stage of another run that was approved once must not speak for this one.
 *
 * @throws TaskError when it is not there, has ended, was started again meanwhile, or is not the stage of this job
 */
export function ownStage(records: readonly TimelineRecord[], { stage: name, attempt, jobId }: Place): TimelineRecord {
  const stage = records.find((record) => record.type === 'Stage' && stageName(record) === name);
  if (stage === undefined) throw new TaskError(`The run's timeline has no stage ${name}.`);
  if (attempt !== undefined && stage.attempt !== undefined && attempt !== stage.attempt) {
    throw new TaskError(
      `Stage ${name} is in attempt ${stage.attempt} now, and this step belongs to attempt ${attempt}.`,
    );
  }
  const byId = new Map(records.map((record) => [record.id, record]));
  const job = jobId === undefined ? undefined : byId.get(jobId.toLowerCase());
  if (stage.state === 'completed' || job?.state !== 'inProgress' || stageOf(byId, job.id) !== stage) {
    throw new ForeignRun(
      `Stage ${name} of the run that Build.BuildId names is not the one that this job (${jobId ?? 'without System.JobId'}) works in.`,
    );
  }
  return stage;
}

/** Ids of the approvals that the stage waited for, wherever below it they stand: every attempt has records of its own. */
export function approvalIds(records: readonly TimelineRecord[], stage: TimelineRecord): string[] {
  const byId = new Map(records.map((record) => [record.id, record]));
  return records
    .filter(({ type, id }) => type === 'Checkpoint.Approval' && stageOf(byId, id) === stage)
    .map(({ id }) => id);
}

type Evidenced = Pick<Gate, 'records' | 'evidence' | 'stage'>;

/**
 * The records that an approver could see: of every stage but this one that had ended when the gate opened, in its newest
 * attempt. What other attempts left has no place in the current timeline.
 *
 * @param openedOn milliseconds since 1970, by the service's clock as the stages' ends are
 */
function seen({ records, evidence, stage }: Evidenced, openedOn: number): { from: TimelineRecord; of: RunEvidence }[] {
  const byId = new Map(records.map((record) => [record.id, record]));
  return evidence.flatMap((of) => {
    const from = stageOf(byId, of.recordId);
    if (from === undefined || from.id === stage.id || from.state !== 'completed') return [];
    if (from.finishTime === undefined || from.finishTime > openedOn) return [];
    return [{ from, of }];
  });
}

/** The records that an approver could see, as the digest takes them. */
export function manifestItems(gate: Evidenced, openedOn: number): ManifestItem[] {
  return seen(gate, openedOn).map(({ from, of: { kind, name, sha256 } }) => {
    return { stage: stageName(from), kind, name, sha256 };
  });
}

function stageOf(byId: ReadonlyMap<string, TimelineRecord>, recordId: string): TimelineRecord | undefined {
  let record = byId.get(recordId);
  for (let depth = 0; record !== undefined && record.type !== 'Stage' && depth < byId.size; depth++) {
    record = record.parentId === undefined ? undefined : byId.get(record.parentId);
  }
  return record?.type === 'Stage' ? record : undefined;
}

function stageName({ identifier, refName, name }: TimelineRecord): string {
  return identifier ?? refName ?? name ?? '';
}

/** SHA-256 of the manifest of what could be seen at a moment. */
export function evidenceDigest(gate: Evidenced & Pick<Gate, 'runId'>, openedOn: number): string {
  return sha256Hex(manifestText(gate.runId, manifestItems(gate, openedOn)));
}

/**
 * Decides whether the stage was let in by people who may, on the evidence that is there, and for what the step is about to
 * deploy. Every approval of the stage and every step that approved must hold.
 *
 * @throws TaskError that names each rule that is broken, by whom, and the digest that was expected
 */
export function judgeGate(gate: Gate, policy: ApprovalPolicy, intended: Intended): Passed {
  const name = stageName(gate.stage);
  if (gate.approvals.length === 0) {
    if (policy === 'required') throw unapproved(name);
    return { notes: [`Stage ${name} needs no approval.`] };
  }
  const verdicts = gate.approvals.map((approval) => judgeApproval(gate, approval, policy, intended));
  const refusals = verdicts.flatMap((verdict) => verdict.refusals);
  if (refusals.length > 0) {
    throw new TaskError(
      [`Stage ${name} is not approved for what would be deployed; nothing was changed in Azure.`, ...refusals].join(
        '\n',
      ),
      adviceOf(gate, policy, intended),
    );
  }
  const decided = verdicts.map(({ record }) => record).sort((a, b) => (a.decidedOn < b.decidedOn ? -1 : 1));
  const last = decided.at(-1);
  // The record tells of the gate as a whole: one approval that names nothing leaves it unbound.
  const approval = last && { ...last, bound: decided.every(({ bound }) => bound) };
  return { approval, notes: verdicts.flatMap((verdict) => verdict.notes) };
}

/** Another decision helps only where the evidence that is there by now names what would be deployed. */
function adviceOf(gate: Gate, policy: ApprovalPolicy, intended: Intended): string {
  if (policy === 'unbound' || judgeEvidence(gate, Infinity, intended) === undefined) {
    return `Run the stage again and approve it, as somebody who did not request the run, with the comment "evidence sha256:${evidenceDigest(gate, Infinity)}", after looking at that evidence. The hub's page Approvals writes the comment.`;
  }
  if (intended.kind === 'unnamed' && intended.advice !== undefined) {
    return `${intended.advice} Or set approvalPolicy to unbound.`;
  }
  const named = intended.kind === 'unnamed' ? 'Give the inputs modelName and modelVersion, and let' : 'Let';
  const register = intended.kind === 'image' ? '' : 'register it (RegisterModel), ';
  return `${named} a stage of this run before the gate ${register}package it (PackageModel) or deploy it to staging (DeployModel), so that approvers see it; or set approvalPolicy to unbound.`;
}

/** The stage has no approval, or cannot have one. */
export function unapproved(stage: string): TaskError {
  return new TaskError(
    `Stage ${stage} has no approval, and approvalPolicy is required.`,
    'Make the job a deployment job of an environment with an approval check, or set approvalPolicy to bound.',
  );
}

interface Verdict {
  refusals: string[];
  notes: string[];
  record: DeploymentApproval;
}

function judgeApproval(gate: Gate, approval: Approval, policy: ApprovalPolicy, intended: Intended): Verdict {
  const expected = evidenceDigest(gate, approval.createdOn);
  const steps = approval.steps.filter(({ status }) => isApproved(status));
  const answers = steps.map((step) => judgeStep(gate, step, expected, policy));
  const elsewhere = judgeEvidence(gate, approval.createdOn, intended);
  const isLetPass = policy === 'unbound';
  const broken = [
    ...brokenOff(approval, steps),
    ...answers.flatMap((answer) => answer.refusals),
    ...(elsewhere === undefined || isLetPass ? [] : [elsewhere]),
  ];
  const isNamed = answers.every((answer) => answer.isBound);
  const who = steps.map(nameOf).join(', ');
  const decided = steps
    .map(({ lastModifiedOn }) => Date.parse(lastModifiedOn ?? ''))
    .filter((time) => !Number.isNaN(time));
  return {
    refusals: broken.map((refusal) => `  Approval ${approval.id}: ${refusal}`),
    notes: [
      `Approved by ${who}${isNamed ? ` on evidence sha256:${expected}` : ''}.`,
      ...answers.flatMap((answer) => answer.notes),
      ...(elsewhere === undefined ? [] : [`${elsewhere} The approvalPolicy unbound lets it pass.`]),
    ],
    record: {
      id: approval.id,
      evidenceSha256: isNamed ? expected : undefined,
      decidedBy: steps.map((step) => ({
        id: step.actualApprover?.id ?? step.actualApprover?.uniqueName ?? 'unknown',
        displayName: nameOf(step),
      })),
      decidedOn: new Date(Math.max(approval.createdOn, ...decided)).toISOString(),
      bound: isNamed && elsewhere === undefined,
    },
  };
}

/** What is wrong with the evidence itself: who approved it has not seen what is about to be deployed. */
function judgeEvidence(gate: Gate, openedOn: number, intended: Intended): string | undefined {
  const abouts = seen(gate, openedOn).flatMap(({ of }) => of.about ?? []);
  const wrong = notAbout(abouts, intended);
  if (wrong === undefined) return undefined;
  return wrong.isContradiction
    ? `The evidence that was approved says ${inWords(wrong.named)}, and what would be deployed is ${intendedInWords(intended)}.`
    : `The evidence that was approved is about ${inWords(wrong.named)}, not about ${intendedInWords(intended)}.`;
}

/** An administrator's bypass lets the stage in without the decisions that its approval asks for. */
function brokenOff({ status, minRequiredApprovers, steps }: Approval, approved: readonly ApprovalStep[]): string[] {
  if (!isApproved(status)) return [`it is ${status}, not approved: it was bypassed, skipped or is still open.`];
  const needed = minRequiredApprovers > 0 ? minRequiredApprovers : Math.max(1, steps.length);
  if (approved.length >= needed) return [];
  return [`${approved.length} of ${needed} approvers approved it; the rest was bypassed.`];
}

interface Answer {
  refusals: string[];
  notes: string[];
  isBound: boolean;
}

function judgeStep(gate: Gate, step: ApprovalStep, expected: string, policy: ApprovalPolicy): Answer {
  const refusals: string[] = [];
  const notes: string[] = [];
  const who = nameOf(step);
  const approver = step.actualApprover;
  if (approver === undefined) refusals.push('it does not say who approved it.');
  else if (gate.requesters.some((requester) => isSamePerson(requester, approver))) {
    refusals.push(`${who} approved it and requested this run: somebody else must decide.`);
  }
  const named = digestsIn(step.comment);
  const other = named.find((digest) => digest !== expected);
  if (other !== undefined) {
    refusals.push(
      `${who} approved evidence sha256:${other}; expected was evidence sha256:${expected}. The evidence is not what was looked at.`,
    );
  } else if (named.length === 0) {
    const said = `${who} approved it without naming the evidence; expected was the comment "evidence sha256:${expected}".`;
    if (policy === 'unbound') notes.push(`${said} The approvalPolicy unbound lets it pass.`);
    else refusals.push(said);
  }
  return { refusals, notes, isBound: named.length > 0 && other === undefined };
}

function isApproved(status: string): boolean {
  return status.toLowerCase() === 'approved';
}

function nameOf({ actualApprover }: ApprovalStep): string {
  return actualApprover?.displayName ?? 'somebody unknown';
}
