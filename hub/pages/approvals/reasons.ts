import { utcText } from '../../components/charts/text';
import { verdictOf, type VerdictProps } from '../../components/Verdict';
import type { Gate } from '../../data/results';
import { isRequester } from '../../data/approvals';
import type { Approval, ApprovalStep, Person } from '../../data/types';

/** States of approvals that no other page shows. */
const notAsked: VerdictProps = { kind: 'neutral', text: 'Not asked yet' };
const verdicts: Readonly<Record<string, VerdictProps>> = {
  undefined: notAsked,
  uninitiated: notAsked,
  completed: { kind: 'good', text: 'Completed' },
};

/** State of an approval or of a step of it; a word nobody knows is shown as it is. */
export function approvalVerdict(status: string): VerdictProps {
  return Object.hasOwn(verdicts, status) ? (verdicts[status] ?? notAsked) : verdictOf(status);
}

const closed: Readonly<Record<string, string>> = {
  undefined: 'Nobody is asked yet: another check of this stage comes first.',
  uninitiated: 'Nobody is asked yet: another check of this stage comes first.',
  approved: 'This was approved.',
  rejected: 'This was rejected; the stage does not run.',
  deferred: 'This was approved and takes effect later: see the approvers above.',
  timedOut: 'Nobody decided in time; the stage is skipped.',
  canceled: 'This was canceled before anybody decided.',
  skipped: 'This was skipped: nobody decided.',
};

/** What the panel knows of the evidence when it says whether the viewer can decide. */
export interface EvidenceState {
  gate: Pick<Gate, 'digest' | 'unbound'> | undefined;
  isReading: boolean;
}

type Viewer = Pick<Person, 'id' | 'uniqueName'>;

/** Why the viewer cannot decide; `undefined` when they can. */
export function whyNot(approval: Approval, viewer: Viewer, evidence: EvidenceState): string | undefined {
  const { status } = approval;
  if (status !== 'pending') {
    const known = Object.hasOwn(closed, status) ? closed[status] : undefined;
    return known ?? `Azure DevOps calls this approval "${status}": there is nothing to decide.`;
  }
  return whyNotViewer(approval, viewer) ?? whyNotEvidence(evidence);
}

function whyNotViewer(approval: Approval, person: Viewer): string | undefined {
  const viewer = person.id;
  if (isRequester(approval.run, person)) return 'You queued this run, so somebody else has to decide.';
  if (approval.blocked.some(({ id }) => sameId(id, viewer)))
    return 'You may not decide on this run: the approval excludes you.';
  const turn = turnText(approval, viewer);
  if (!approval.mayDecide) return turn ?? 'You are not an approver of this stage.';
  // Where the service does not say what the viewer may do, the steps may: a group that is asked may be theirs.
  const isAsked = approval.steps.some(
    ({ assigned, status }) => status === 'pending' && (assigned.isGroup || sameId(assigned.id, viewer)),
  );
  return isAsked ? undefined : turn;
}

function whyNotEvidence({ gate, isReading }: EvidenceState): string | undefined {
  if (isReading) return 'The evidence is still being read.';
  if (gate === undefined) return 'The evidence could not be read, so a decision cannot be bound to it.';
  if (gate.digest !== undefined) return undefined;
  return `The evidence could not be read completely, so a decision cannot be bound to it. ${gate.unbound ?? ''}`.trim();
}

/** Of several approvers: that the viewer has had their turn, or that it is still to come. */
function turnText(approval: Approval, viewer: string): string | undefined {
  const { steps } = approval;
  const waiting = namesOf(steps.filter(({ status }) => status === 'pending'));
  const waits = waiting === '' ? '' : `: the approval waits for ${waiting}`;
  const own = steps.find(({ actual, status }) => status !== 'pending' && sameId(actual?.id ?? '', viewer));
  const may = waiting !== '' && hasEnough(approval) ? `; ${waiting} may still decide` : waits;
  if (own?.status === 'deferred' && own.deferredTo !== undefined)
    return `You have approved already, ${fromText(own.deferredTo)}${may}.`;
  if (own !== undefined) return `You have decided already${may}.`;
  const later = steps.some(({ assigned, status }) => isNotAsked(status) && sameId(assigned.id, viewer));
  return later ? `It is not your turn yet${waits}.` : undefined;
}

export function isNotAsked(status: string): boolean {
  return status === 'uninitiated' || status === 'undefined';
}

/** How many have to approve; all who are asked where the service does not say. */
export function neededOf({ steps, minRequiredApprovers }: Pick<Approval, 'steps' | 'minRequiredApprovers'>): number {
  return minRequiredApprovers > 0 ? minRequiredApprovers : steps.length;
}

/** Whether as many approved as have to, now or for later: others may still decide, nobody has to. */
export function hasEnough(approval: Pick<Approval, 'steps' | 'minRequiredApprovers'>): boolean {
  const given = approval.steps.filter(({ status }) => status === 'approved' || status === 'deferred');
  return given.length > 0 && given.length >= neededOf(approval);
}

/** `from 2099-01-01 00:00 UTC on`: when an approval for later takes effect. */
export function fromText(time: string): string {
  return `from ${utcText(time)} on`;
}

export function namesOf(steps: readonly ApprovalStep[]): string {
  return steps.map(({ actual, assigned }) => (actual ?? assigned).displayName).join(', ');
}

function sameId(one: string, other: string): boolean {
  return one !== '' && one.toLowerCase() === other.toLowerCase();
}
