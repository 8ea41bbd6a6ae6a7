import { utcText } from '../../components/charts/text';
import type { Bypass } from '../../data/results';
import type { Approval, DeploymentEvent, Person, RunEvidence } from '../../data/types';

/** What was read of the approval that let a step in. Only the service's own record counts; the index merely names it. */
export interface ApprovalProof {
  state:
    | 'reading'
    /** The service says so, now. */
    | 'approved'
    /** An administrator let the stage in without the decision. */
    | 'bypassed'
    /** The service knows another state: the step should not have run. */
    | 'notApproved'
    /** The index names no approval, and none was passed over. */
    | 'none'
    /** It could not be read. */
    | 'notVerified';
  by: Person[];
  at?: string;
  /** Digests that the approvers' comments carry. */
  digests: string[];
  /** The run's requester is among the approvers. */
  isByRequester: boolean;
  detail?: string;
}

/** Whether the record behind an index entry is there, with the digest that the index names. */
export interface EvidenceProof {
  state: 'reading' | 'verified' | 'differs' | 'missing' | 'notVerified';
  /** Of the record as it was read; else as the index says. */
  sha256: string;
  detail?: string;
}

export interface Proof {
  approval: ApprovalProof;
  evidence: EvidenceProof;
}

/** What was read for a step; a part is absent while it is being read, a text says why it could not be. */
export interface Readings {
  approval?: Approval | string;
  bypasses?: readonly Bypass[] | string;
  evidence?: RunEvidence | string;
}

export function proofOf(event: DeploymentEvent, readings: Readings): Proof {
  return { approval: approvalProof(event, readings), evidence: evidenceProof(event, readings.evidence) };
}

const nothing = { by: [], digests: [], isByRequester: false };

function approvalProof({ run, entry }: DeploymentEvent, { approval, bypasses }: Readings): ApprovalProof {
  const passed = typeof bypasses === 'object' ? bypasses.find((bypass) => concerns(bypass, entry)) : undefined;
  if (passed !== undefined) return { ...nothing, state: 'bypassed', detail: `${passed.check}: ${passed.message}` };
  if (bypasses === undefined) return { ...nothing, state: 'reading' };
  const unsure = typeof bypasses === 'string' ? `whether a check was bypassed is not known: ${bypasses}` : undefined;
  if (entry.approval === undefined) {
    return unsure === undefined ? { ...nothing, state: 'none' } : { ...nothing, state: 'notVerified', detail: unsure };
  }
  if (approval === undefined) return { ...nothing, state: 'reading' };
  if (typeof approval === 'string') return { ...nothing, state: 'notVerified', detail: approval };
  if (approval.run.id !== run.id) {
    const detail = `the index names an approval of another run (${approval.run.number})`;
    return { ...nothing, state: 'notVerified', detail };
  }
  const decided = approval.steps.filter(({ status }) => status === 'approved');
  const by = decided.flatMap(({ actual }) => (actual === undefined ? [] : [actual]));
  const read = {
    by,
    at: approval.changedAt,
    digests: decided.flatMap(({ evidenceSha256 }) => evidenceSha256 ?? []),
    isByRequester: by.some(({ id }) => id.toLowerCase() === run.requestedFor.id.toLowerCase()),
  };
  if (approval.status !== 'approved') return { ...read, state: 'notApproved', detail: `it is ${approval.status}` };
  if (unsure !== undefined) return { ...read, state: 'notVerified', detail: unsure };
  return { ...read, state: 'approved' };
}

function concerns({ stage, approvalId }: Bypass, entry: DeploymentEvent['entry']): boolean {
  return stage === entry.stage || (approvalId !== undefined && approvalId === entry.approval);
}

function evidenceProof({ entry }: DeploymentEvent, evidence: Readings['evidence']): EvidenceProof {
  const { sha256 } = entry;
  if (evidence === undefined) return { state: 'reading', sha256 };
  if (typeof evidence === 'string') return { state: 'notVerified', sha256, detail: evidence };
  const records = evidence.records.filter(({ kind, stage }) => kind === 'mlops.deployment.v1' && stage === entry.stage);
  const same = records.find((record) => record.sha256 === sha256);
  const told = evidence.problems.find(({ type, stage }) => type === 'mlops.deployment.v1' && stage === entry.stage);
  if (same !== undefined) {
    return told?.kind === 'indexDiffers'
      ? { state: 'differs', sha256, detail: told.detail }
      : { state: 'verified', sha256 };
  }
  const [other] = records;
  if (other !== undefined) return { state: 'differs', sha256: other.sha256, detail: `the index says sha256:${sha256}` };
  return { state: 'missing', sha256, detail: told?.detail ?? 'the run holds no such record any more' };
}

export function approvalText({ state, by, at, isByRequester, detail }: ApprovalProof): string {
  const names = by.map(({ displayName }) => displayName).join(', ') || 'nobody who is named';
  const more = detail === undefined ? '' : `: ${detail}`;
  switch (state) {
    case 'reading':
      return 'Reading…';
    case 'approved':
      return `Approved by ${names}${at === undefined ? '' : `, ${utcText(at)}`}${isByRequester ? ' – who requested the run' : ''}`;
    case 'bypassed':
      return `BYPASSED${more}`;
    case 'notApproved':
      return `NOT APPROVED${more}`;
    case 'none':
      return 'No approval was asked for';
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
    notVerified: 'Not verified',
  };
  return `${texts[state]}${more}`;
}

/** What deserves to be seen from afar. */
export function isAlarming({ approval, evidence }: Proof): boolean {
  const loud = approval.state === 'bypassed' || approval.state === 'notApproved' || approval.isByRequester;
  return loud || evidence.state === 'differs' || evidence.state === 'missing';
}
