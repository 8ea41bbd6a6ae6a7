import { digestsIn } from '../../lib/evidence/manifest';
import type { ServiceApproval } from '../devops/approvals';
import { isRequester, sameId } from './approvals';
import { approvedSubject } from './approved-subject';
import type { RunGates, StageGate } from './gate';
import type { Bypass } from './results';
import type { Person, ProvenStep, RunEvidence } from './types';

export type ApprovalState =
  | 'reading'
  /** The service says so, now, and every approver named the evidence that the run left. */
  | 'approved'
  /** An administrator let the stage in without the decision. */
  | 'bypassed'
  /** The service knows another state: the step should not have run. */
  | 'notApproved'
  /** A comment names other evidence than was there when the gate opened. */
  | 'otherEvidence'
  /** The evidence that was approved is about another model, version or image than was deployed. */
  | 'otherSubject'
  /** A comment names no evidence. */
  | 'namesNoEvidence'
  /** The stage's timeline has no approval. */
  | 'none'
  /** Nor has it one, though the environment that the step claims asks for one today: any step can claim any environment. */
  | 'notAsked'
  /** It could not be read, or does not fit together. */
  | 'notVerified';

/** What was read of the approvals that let a step in. Only the service's own records count, never the index. */
export interface ApprovalProof {
  state: ApprovalState;
  /** Ids of the stage's approvals. */
  approvals: string[];
  by: Person[];
  at?: string;
  /** Digests that the approvers' comments carry. */
  digests: string[];
  /** Digests of what had been there when the gates opened. */
  expected: string[];
  /** The run's requester is among the approvers. */
  isByRequester: boolean;
  detail?: string;
}

/** A part is absent while it is being read, a text says why it could not be. */
export interface ApprovalReadings {
  gates?: RunGates | string;
  bypasses?: readonly Bypass[] | string;
  evidence?: RunEvidence | string;
  /** Whether the claimed environment asks for an approval today, `later` where it did not yet; absent where that cannot be read. */
  asksToday?: boolean | 'later' | 'reading';
}

const nothing = { approvals: [], by: [], digests: [], expected: [], isByRequester: false };

export function approvalProof(
  step: ProvenStep,
  { gates, bypasses, evidence, asksToday }: ApprovalReadings,
): ApprovalProof {
  const older = olderAttempt(step, gates);
  const own =
    older === undefined && typeof gates === 'object' ? gates.gates.filter(({ stage }) => stage === step.stage) : [];
  const passed = typeof bypasses === 'object' ? bypasses.find((bypass) => concerns(bypass, step, own)) : undefined;
  const read = { ...nothing, ...readOf(step, own) };
  if (passed !== undefined) return { ...read, state: 'bypassed', detail: `${passed.check}: ${passed.message}` };
  if (bypasses === undefined || gates === undefined) return { ...nothing, state: 'reading' };
  if (typeof gates === 'string') return { ...nothing, state: 'notVerified', detail: gates };
  if (older !== undefined) return { ...nothing, state: 'notVerified', detail: older };
  const found = [
    ...own.flatMap((gate) => gateFindings(gate)),
    ...subjectFindings(step, own, evidence),
    ...environmentFindings(step, own),
    ...claimFindings(step, gates, own),
    ...(asksToday === true ? unaskedFindings(step, gates) : []),
    ...(typeof bypasses === 'string'
      ? [{ state: 'notVerified' as const, detail: `whether a check was bypassed is not known: ${bypasses}` }]
      : []),
  ];
  if (asksToday === 'reading' && isUnasked(step, gates)) return { ...nothing, state: 'reading' };
  const worst = severity.flatMap((state) => found.find((finding) => finding.state === state) ?? [])[0];
  if (worst !== undefined) return { ...read, ...worst };
  if (own.length > 0) return { ...read, state: 'approved', ...notOfEnvironment(own) };
  return { ...read, state: 'none', ...whyNone(step, asksToday) };
}

/** Approvers of a service connection or a variable group are not those of the environment: whose approval it is must be seen. */
function notOfEnvironment(own: readonly StageGate[]): Pick<ApprovalProof, 'detail'> {
  const others = own.flatMap(({ elsewhere }) => elsewhere ?? []);
  return others.length < own.length ? {} : { detail: `the approval is of ${others.join(', ')}, not of an environment` };
}

/** That none was asked for is one thing; that nobody here can tell whether one should have been is another. */
function whyNone({ environment }: ProvenStep, asksToday: ApprovalReadings['asksToday']): Pick<ApprovalProof, 'detail'> {
  if (asksToday === 'later') return { detail: 'its environment began to ask for one after the run had ended' };
  if (asksToday !== undefined || environment === undefined) return {};
  return { detail: `whether environment ${environment} asks for one today cannot be read here` };
}

/**
 * Whether the stage is there and its timeline has no approval, or only those of other resources, a service connection's for
 * one: then it matters whether its environment asks for one.
 */
export function isUnasked(step: ProvenStep, gates: ApprovalReadings['gates']): boolean {
  if (typeof gates !== 'object' || !gates.stages.includes(step.stage)) return false;
  return (
    (newestAttempt(step, gates) ?? 1) === (step.attempt ?? 1) &&
    !gates.gates.some(({ stage, elsewhere }) => stage === step.stage && elsewhere === undefined)
  );
}

/** The timeline keeps a stage's newest attempt: gates and records of those before it are not there to be read. */
export function olderAttempt(step: ClaimedAttempt, gates: ApprovalReadings['gates']): string | undefined {
  const { stage, attempt = 1 } = step;
  const newest = newestAttempt(step, gates);
  if (newest === undefined || attempt >= newest) return undefined;
  return `the index says that attempt ${attempt} of stage ${stage} did it, and the run keeps attempt ${newest} only`;
}

/** An attempt that the stage never had: somebody made it up. */
export function inventedAttempt(step: ClaimedAttempt, gates: ApprovalReadings['gates']): string | undefined {
  const { stage, attempt = 1 } = step;
  const newest = newestAttempt(step, gates);
  if (newest === undefined || attempt <= newest) return undefined;
  return `the index says that attempt ${attempt} of stage ${stage} did it, and the stage has ${newest} only`;
}

type ClaimedAttempt = Pick<ProvenStep, 'stage' | 'attempt'>;

function newestAttempt({ stage }: ClaimedAttempt, gates: ApprovalReadings['gates']): number | undefined {
  if (typeof gates !== 'object') return undefined;
  const { attempts = {} } = gates;
  return Object.hasOwn(attempts, stage) ? (attempts[stage] ?? 1) : 1;
}

interface Finding {
  state: ApprovalState;
  detail: string;
}

/** What a reader has to know first. */
const severity: readonly ApprovalState[] = [
  'notApproved',
  'otherEvidence',
  'otherSubject',
  'namesNoEvidence',
  'notAsked',
  'notVerified',
];

/** Whether a state deserves to be seen from afar. */
export function isAlarmingApproval({ state, isByRequester }: ApprovalProof): boolean {
  return isByRequester || state === 'bypassed' || (state !== 'notVerified' && severity.includes(state));
}

function concerns({ stage, approvalId = '' }: Bypass, step: ProvenStep, own: readonly StageGate[]): boolean {
  const ids = [step.approval ?? '', ...own.map((gate) => gate.approvalId)];
  return stage === step.stage || ids.some((id) => sameId(id, approvalId));
}

function approvedSteps({ steps }: ServiceApproval): ServiceApproval['steps'] {
  return steps.filter(({ status }) => status === 'approved');
}

function readOf({ run }: ProvenStep, own: readonly StageGate[]): Partial<ApprovalProof> {
  const approvals = own.flatMap(({ approval }) => approval ?? []);
  const decided = approvals.flatMap(approvedSteps);
  const by = decided.flatMap(({ actual }) => actual ?? []);
  return {
    approvals: own.map(({ approvalId }) => approvalId),
    by,
    at: approvals
      .map(({ changedAt }) => changedAt)
      .sort((one, other) => Date.parse(one) - Date.parse(other))
      .at(-1),
    digests: [...new Set(decided.flatMap(({ comment }) => digestsIn(comment)))],
    expected: [...new Set(own.flatMap(({ digest }) => digest ?? []))],
    isByRequester: by.some((person) => isRequester(run, person)),
  };
}

/** Every approval of the stage and every approver of it must hold. */
function gateFindings({ approvalId, approval, digest, unbound }: StageGate): Finding[] {
  if (approval === undefined) {
    return [{ state: 'notVerified', detail: `the service does not show approval ${approvalId} of this stage` }];
  }
  const decided = approvedSteps(approval);
  const needed = Math.max(1, approval.minRequiredApprovers);
  if (approval.status !== 'approved') return [{ state: 'notApproved', detail: `it is ${approval.status}` }];
  if (decided.length < needed) {
    return [
      { state: 'notApproved', detail: `${decided.length} of ${needed} approvers approved, the rest was bypassed` },
    ];
  }
  const named = decided.map(({ comment }) => digestsIn(comment));
  if (named.some((digests) => digests.length === 0)) {
    const other = digest !== undefined && named.some((digests) => digests.some((each) => each !== digest));
    return [other ? otherEvidence : { state: 'namesNoEvidence', detail: 'the approval names no evidence' }];
  }
  if (digest === undefined) {
    return [{ state: 'notVerified', detail: `what was approved cannot be compared. ${unbound ?? ''}`.trim() }];
  }
  return named.flat().every((each) => each === digest) ? [] : [otherEvidence];
}

const otherEvidence: Finding = {
  state: 'otherEvidence',
  detail: 'the approval was given for other evidence than the run left',
};

/** Only a record that was read says what was deployed; where it is missing that is alarm enough. */
function subjectFindings(
  step: ProvenStep,
  own: readonly StageGate[],
  evidence: RunEvidence | string | undefined,
): Finding[] {
  if (own.length === 0) return [];
  if (typeof evidence !== 'object') {
    return [{ state: 'notVerified', detail: `what was deployed is not known: ${evidence ?? 'it was not read'}` }];
  }
  return own.flatMap(({ items = [] }): Finding[] => {
    const other = approvedSubject(step, items, evidence);
    return other === undefined ? [] : [{ state: 'otherSubject', detail: other }];
  });
}

function unaskedFindings(step: ProvenStep, gates: RunGates): Finding[] {
  const { environment } = step;
  if (environment === undefined || !isUnasked(step, gates)) return [];
  const others = gates.gates.flatMap(({ stage, elsewhere }) => (stage === step.stage && elsewhere ? [elsewhere] : []));
  const given = others.length === 0 ? '' : `the approval is of ${others.join(', ')}; `;
  const why = `${given}the check was added later, or the step claims an environment that is not its own`;
  return [{ state: 'notAsked', detail: `environment ${environment} asks for one today: ${why}` }];
}

/** Who may approve is the environment's affair: the approval of another one stands for nothing here. */
function environmentFindings({ environment }: ProvenStep, own: readonly StageGate[]): Finding[] {
  const asked = own.flatMap((gate) => gate.environment ?? []);
  if (environment === undefined || asked.length === 0) return [];
  if (asked.some((each) => each.toLowerCase() === environment.toLowerCase())) return [];
  const detail = `the approval is of environment ${asked.join(', ')}, and the step claims ${environment}`;
  return [{ state: 'otherSubject', detail }];
}

/** An index or a record that does not fit the timeline: one of them was made up. */
function claimFindings(step: ProvenStep, gates: RunGates, own: readonly StageGate[]): Finding[] {
  const { stage, approval } = step;
  const invented = inventedAttempt(step, gates);
  const tell = (detail: string): Finding[] => [{ state: 'notVerified', detail }];
  if (!gates.stages.includes(stage)) return tell(`the run has no stage ${stage}`);
  if (invented !== undefined) return tell(invented);
  if (approval === undefined || own.some(({ approvalId }) => sameId(approvalId, approval))) return [];
  const other = gates.gates.find(({ approvalId }) => sameId(approvalId, approval));
  return tell(
    other === undefined
      ? 'the index names an approval that no stage of this run waited for'
      : `the index names the approval of another stage (${other.stage})`,
  );
}
