import { problemText, type AsksApproval } from '../../data/queries';
import type { Bypass } from '../../data/results';
import type { EvidenceKind } from '../../../lib/evidence/evidence';
import { approvalProof, isUnasked, type ApprovalProof } from '../../data/approval-proof';
import type { ProvenStep } from '../../data/types';
import type { VerdictKind } from '../../components/Verdict';
import { absence, isReading, type Known } from './known';

/** One statement about where a version comes from, with what it rests on. */
export interface Provenance {
  kind: VerdictKind;
  text: string;
}

/**
 * What can be said of the origin from what was read; what could not be read is said as well.
 *
 * @param bypasses of the run; `undefined` while they are not known
 * @param unread stages whose checks the service does not show
 * @param asks whether an environment asks for an approval today
 */
export function provenanceOf(
  known: Known,
  bypasses: readonly Bypass[] | undefined,
  unread: readonly string[] = [],
  asks?: AsksApproval,
): Provenance[] {
  return [
    evidenceOf(known),
    branchOf(known),
    digestOf(known),
    dataOf(known),
    evaluationOf(known),
    ...approvalsOf(known, bypasses, asks),
    bypassesOf(bypasses, unread),
  ];
}

function evidenceOf({ evidence }: Known): Provenance {
  if (evidence === undefined) return { kind: 'unsure', text: 'Evidence was not read' };
  const { problems, records } = evidence;
  if (problems.length > 0) return { kind: 'bad', text: `${count(problems.length, 'problem')} with the evidence` };
  return { kind: 'good', text: `${count(records.length, 'record')}, hashes and index agree` };
}

/** Whether a branch is protected only its policies say; a pull request's or a topic branch certainly is not what was reviewed. */
function branchOf({ version: { run } }: Known): Provenance {
  const branch = run.branch.replace(/^refs\/heads\//, '');
  if (run.branch.startsWith('refs/pull/')) return { kind: 'warning', text: 'Built from a pull request' };
  return /^(main|master|releases?\/.+)$/.test(branch)
    ? { kind: 'good', text: `Built from ${branch}` }
    : { kind: 'warning', text: `Built from ${branch}, not from a main branch` };
}

function digestOf(known: Known): Provenance {
  const { evidence, records } = known;
  const { registered, packed } = records;
  if (evidence === undefined) return { kind: 'unsure', text: 'The digest of the files was not read' };
  if (registered === undefined) {
    return missing(known, 'mlops.model-version.v1', { kind: 'unsure', text: 'No record of the registration' });
  }
  if (packed === undefined)
    return missing(known, 'mlops.package.v1', { kind: 'neutral', text: 'No image of it in this run' });
  if (packed.body.modelDigest === undefined)
    return { kind: 'unsure', text: 'The image does not say which files it holds' };
  return packed.body.modelDigest === registered.body.digest
    ? { kind: 'good', text: 'The image holds the files that were registered' }
    : { kind: 'bad', text: 'The image holds other files than were registered' };
}

function dataOf(known: Known): Provenance {
  const { evidence, records } = known;
  const { registered, dataSanity } = records;
  if (evidence === undefined) return { kind: 'unsure', text: 'The data test was not read' };
  if (dataSanity === undefined) {
    return missing(known, 'mlops.data-sanity.v1', { kind: 'neutral', text: 'The data was not tested in this run' });
  }
  const trained = registered?.body.dataFingerprint;
  if (trained === undefined) return { kind: 'neutral', text: 'The registration names no data fingerprint' };
  if (trained !== dataSanity.body.dataFingerprint) {
    return { kind: 'bad', text: 'Trained on other data than was tested' };
  }
  switch (dataSanity.body.verdict) {
    case 'passed':
      return { kind: 'good', text: 'Trained on the data that was tested' };
    case 'warned':
      return { kind: 'warning', text: 'Trained on data whose test warned' };
    case 'failed':
      return { kind: 'bad', text: 'Trained on data that failed its test' };
  }
}

function evaluationOf(known: Known): Provenance {
  const { evidence, records } = known;
  const { registered, evaluation } = records;
  if (evidence === undefined) return { kind: 'unsure', text: 'The evaluation was not read' };
  if (evaluation === undefined) {
    const otherwise = { kind: 'warning', text: 'Not evaluated against production in this run' } as const;
    return missing(known, 'mlops.evaluation.v1', otherwise);
  }
  if (registered !== undefined && registered.body.job !== evaluation.body.candidate.job) {
    return { kind: 'bad', text: 'Another job was evaluated than was registered' };
  }
  return evaluation.body.promote
    ? { kind: 'good', text: 'The evaluation allowed the promotion' }
    : { kind: 'bad', text: 'The evaluation did not allow the promotion' };
}

/** That a step did not run can only be said when all of its kind was read and in order. */
function missing(known: Known, kind: EvidenceKind, otherwise: Provenance): Provenance {
  if (isReading(known)) return { kind: 'unsure', text: 'The evidence is being read' };
  const text = absence(known, kind, otherwise.text);
  return text === otherwise.text
    ? otherwise
    : { kind: 'unsure', text: `${names[kind]}: put aside, see the problems above` };
}

const names: Record<EvidenceKind, string> = {
  'mlops.data-sanity.v1': 'Data test',
  'mlops.training.v1': 'Training',
  'mlops.evaluation.v1': 'Evaluation',
  'mlops.model-version.v1': 'Registration',
  'mlops.package.v1': 'Image',
  'mlops.deployment.v1': 'Deployment',
  'mlops.smoke.v1': 'Smoke test',
};

/** What the service says of the approvals of the stages that deployed the version; the record's own claim proves nothing. */
function approvalsOf(known: Known, bypasses: readonly Bypass[] | undefined, asks?: AsksApproval): Provenance[] {
  const { evidence, gates, gatesProblem } = known;
  const readings = {
    gates: gatesProblem === undefined ? gates : problemText(gatesProblem),
    bypasses: bypasses ?? 'it was not read',
    evidence,
  };
  return stepsOf(known).flatMap((step): Provenance[] => {
    const said = stageText(approvalProof(step, { ...readings, asksToday: asks?.(step.environment, step.run) }));
    return said === undefined ? [] : [{ kind: said.kind, text: `Stage ${step.stage}: ${said.text}` }];
  });
}

function stepsOf({ version: { run }, gates, records }: Known): ProvenStep[] {
  return records.deployed.map(({ stage, name, sha256, body: { approval, environment } }) => {
    // Records that were read are those of the newest attempt.
    const attempt = gates?.attempts?.[stage];
    return { run, stage, name, sha256, attempt, environment, approval: approval?.id };
  });
}

/** Whether a stage that deployed the version has no approval: then its environment's checks are worth being read. */
export function hasUnasked(known: Known): boolean {
  return stepsOf(known).some((step) => isUnasked(step, known.gates));
}

function stageText({ state, isByRequester, detail }: ApprovalProof): Provenance | undefined {
  if (isByRequester) return { kind: 'bad', text: 'approved by the one who requested the run' };
  switch (state) {
    case 'none':
      return undefined;
    case 'notAsked':
      return { kind: 'bad', text: 'no approval, though one is asked for today' };
    case 'reading':
      return { kind: 'unsure', text: 'the approval is being read' };
    case 'approved':
      return detail === undefined
        ? { kind: 'good', text: 'approved on exactly this evidence' }
        : { kind: 'warning', text: `approved on exactly this evidence; ${detail}` };
    case 'bypassed':
      return { kind: 'bad', text: 'its check was bypassed' };
    case 'notApproved':
      return { kind: 'bad', text: 'it ran without the approval' };
    case 'otherEvidence':
      return { kind: 'bad', text: 'approved on other evidence than the run left' };
    case 'otherSubject':
      return { kind: 'bad', text: 'approved for something else than was deployed' };
    case 'namesNoEvidence':
      return { kind: 'warning', text: 'approved without naming the evidence' };
    case 'notVerified':
      return { kind: 'unsure', text: 'the approval could not be verified' };
  }
}

function bypassesOf(bypasses: readonly Bypass[] | undefined, unread: readonly string[]): Provenance {
  if (bypasses === undefined) return { kind: 'unsure', text: 'Whether a check was bypassed is not known' };
  if (bypasses.length > 0) return { kind: 'bad', text: `${count(bypasses.length, 'check')} of the run bypassed` };
  return unread.length === 0
    ? { kind: 'good', text: 'No check of the run was bypassed' }
    : { kind: 'unsure', text: `No approval was bypassed; other checks of stage ${unread.join(', ')} cannot be read` };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
