import { utcText } from '../../components/charts/text';
import {
  approvalProof,
  inventedAttempt,
  isAlarmingApproval,
  olderAttempt,
  type ApprovalProof,
  type ApprovalReadings,
} from '../../data/approval-proof';
import { contradictions } from '../../data/index-facts';
import type { DeploymentEvent, EvidenceProblem, ProvenStep } from '../../data/types';

const kind = 'mlops.deployment.v1';

/** Whether the record behind an index entry is there, in order, and says what the index says. */
export interface EvidenceProof {
  state:
    | 'reading'
    | 'verified'
    | 'differs'
    | 'missing'
    /** Something else is wrong with it. */
    | 'notInOrder'
    | 'notVerified';
  /** Of the record as it was read; else as the index says. */
  sha256: string;
  detail?: string;
}

export interface Proof {
  approval: ApprovalProof;
  evidence: EvidenceProof;
}

/** What was read for a step; a part is absent while it is being read, a text says why it could not be. */
export type Readings = ApprovalReadings;

export function proofOf({ run, entry }: DeploymentEvent, readings: Readings): Proof {
  const step: ProvenStep = { run, ...entry };
  return { approval: approvalProof(step, readings), evidence: evidenceProof(step, entry, readings) };
}

function evidenceProof(step: ProvenStep, entry: DeploymentEvent['entry'], readings: Readings): EvidenceProof {
  const { evidence, gates } = readings;
  const { stage, name, sha256 } = step;
  if (evidence === undefined) return { state: 'reading', sha256 };
  if (typeof evidence === 'string') return { state: 'notVerified', sha256, detail: evidence };
  const isHere = (place: { name: string; stage?: string }): boolean => place.name === name && place.stage === stage;
  const records = evidence.records.filter((record) => record.kind === kind && isHere(record));
  const told = evidence.problems.filter((problem) => problem.type === kind && isHere(problem));
  const [other] = records;
  const invented = inventedAttempt(step, gates);
  if (invented !== undefined) return { state: 'differs', sha256, detail: invented };
  const older = olderAttempt(step, gates);
  if (older !== undefined && !records.some((record) => record.sha256 === sha256)) {
    return { state: 'notVerified', sha256, detail: older };
  }
  if (other !== undefined && !records.some((record) => record.sha256 === sha256)) {
    return { state: 'differs', sha256: other.sha256, detail: `the index says sha256:${sha256}` };
  }
  const [problem] = told;
  if (problem !== undefined) return { state: stateOf(problem), sha256, detail: detailsOf(told) };
  // The list may have been read while the index said something else than it does now.
  const same = records.find((record) => record.sha256 === sha256);
  const wrong = same === undefined ? [] : contradictions(entry, same.body);
  if (wrong.length > 0) return { state: 'differs', sha256, detail: wrong.join('; ') };
  if (same !== undefined) return { state: 'verified', sha256 };
  const unlisted = evidence.problems.find(
    (each) => each.kind === 'unreadable' && each.type === kind && each.name === '',
  );
  if (unlisted !== undefined) return { state: 'notVerified', sha256, detail: unlisted.detail };
  return { state: 'missing', sha256, detail: 'the run holds no such record any more' };
}

function stateOf({ kind: problem }: EvidenceProblem): EvidenceProof['state'] {
  if (problem === 'indexDiffers') return 'differs';
  return problem === 'missing' ? 'missing' : 'notInOrder';
}

function detailsOf(problems: readonly EvidenceProblem[]): string {
  return problems.map(({ detail }) => detail).join('; ');
}

export function approvalText({ state, by, at, isByRequester, detail }: ApprovalProof): string {
  const more = detail === undefined ? '' : `: ${detail}`;
  const names = by.map(({ displayName }) => displayName).join(', ') || 'nobody who is named';
  const when = at === undefined ? '' : `, ${utcText(at)}`;
  const given = `Approved by ${names}${when}${isByRequester ? ' – who requested the run' : ''}`;
  switch (state) {
    case 'reading':
      return 'Reading…';
    case 'approved':
      return detail === undefined ? given : `${given}; ${detail}`;
    case 'bypassed':
      return `BYPASSED${more}`;
    case 'notApproved':
      return `NOT APPROVED${more}`;
    case 'otherEvidence':
      return `OTHER EVIDENCE APPROVED${more}. ${given}`;
    case 'otherSubject':
      return `APPROVED FOR SOMETHING ELSE${more}. ${given}`;
    case 'namesNoEvidence':
      return `NAMES NO EVIDENCE${more}. ${given}`;
    case 'none':
      return `No approval was asked for${more}`;
    case 'notAsked':
      return `No approval was asked for, though ${detail ?? 'the environment asks for one today'}`;
    case 'notVerified':
      return `Not verified${more}`;
  }
}

export function evidenceText({ state, detail }: EvidenceProof): string {
  const more = detail === undefined ? '' : `: ${detail}`;
  const texts = {
    reading: 'Reading…',
    verified: 'Verified',
    differs: 'INDEX AND EVIDENCE DIFFER',
    missing: 'MISSING',
    notInOrder: 'NOT IN ORDER',
    notVerified: 'Not verified',
  };
  return `${texts[state]}${more}`;
}

/** What deserves to be seen from afar. */
export function isAlarming({ approval, evidence }: Proof): boolean {
  return isAlarmingApproval(approval) || isAlarmingEvidence(evidence);
}

export function isAlarmingEvidence({ state }: EvidenceProof): boolean {
  return state === 'differs' || state === 'missing' || state === 'notInOrder';
}
