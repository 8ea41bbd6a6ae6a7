import type { Bypass } from '../../data/results';
import { sameId } from '../../data/approvals';
import type { VerdictKind } from '../../components/Verdict';
import type { Known } from './known';

/** One statement about where a version comes from, with what it rests on. */
export interface Provenance {
  kind: VerdictKind;
  text: string;
}

/**
 * What can be said of the origin from what was read; what could not be read is said as well.
 *
 * @param bypasses of the run; `undefined` while they are not known
 */
export function provenanceOf(known: Known, bypasses: readonly Bypass[] | undefined): Provenance[] {
  return [
    evidenceOf(known),
    branchOf(known),
    digestOf(known),
    dataOf(known),
    evaluationOf(known),
    ...approvalsOf(known),
    bypassesOf(bypasses),
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

function digestOf({ evidence, records: { registered, packed } }: Known): Provenance {
  if (evidence === undefined) return { kind: 'unsure', text: 'The digest of the files was not read' };
  if (registered === undefined) return { kind: 'unsure', text: 'No record of the registration' };
  if (packed === undefined) return { kind: 'neutral', text: 'No image of it in this run' };
  if (packed.body.modelDigest === undefined)
    return { kind: 'unsure', text: 'The image does not say which files it holds' };
  return packed.body.modelDigest === registered.body.digest
    ? { kind: 'good', text: 'The image holds the files that were registered' }
    : { kind: 'bad', text: 'The image holds other files than were registered' };
}

function dataOf({ evidence, records: { registered, training, dataSanity } }: Known): Provenance {
  if (evidence === undefined) return { kind: 'unsure', text: 'The data test was not read' };
  if (dataSanity === undefined) return { kind: 'neutral', text: 'The data was not tested in this run' };
  const trained = registered?.body.dataFingerprint ?? training?.body.dataFingerprint;
  if (trained === undefined) return { kind: 'neutral', text: 'The training names no data fingerprint' };
  return trained === dataSanity.body.dataFingerprint
    ? { kind: 'good', text: 'Trained on the data that was tested' }
    : { kind: 'bad', text: 'Trained on other data than was tested' };
}

function evaluationOf({ evidence, records: { registered, evaluation } }: Known): Provenance {
  if (evidence === undefined) return { kind: 'unsure', text: 'The evaluation was not read' };
  if (evaluation === undefined) return { kind: 'warning', text: 'Not evaluated against production in this run' };
  if (registered !== undefined && registered.body.job !== evaluation.body.candidate.job) {
    return { kind: 'bad', text: 'Another job was evaluated than was registered' };
  }
  return evaluation.body.promote
    ? { kind: 'good', text: 'The evaluation allowed the promotion' }
    : { kind: 'bad', text: 'The evaluation did not allow the promotion' };
}

/** What the deployments of the run say of the approvals that let them in. */
function approvalsOf({ version, records: { deployed } }: Known): Provenance[] {
  return deployed.flatMap(({ stage, body: { approval } }): Provenance[] => {
    if (approval === undefined) return [];
    if (approval.decidedBy.some(({ id }) => sameId(id, version.run.requestedFor.id))) {
      return [{ kind: 'bad', text: `Stage ${stage}: approved by the one who requested the run` }];
    }
    return approval.bound
      ? [{ kind: 'good', text: `Stage ${stage}: approved on exactly this evidence` }]
      : [{ kind: 'warning', text: `Stage ${stage}: approved without naming the evidence` }];
  });
}

function bypassesOf(bypasses: readonly Bypass[] | undefined): Provenance {
  if (bypasses === undefined) return { kind: 'unsure', text: 'Whether a check was bypassed is not known' };
  return bypasses.length === 0
    ? { kind: 'good', text: 'No check of the run was bypassed' }
    : { kind: 'bad', text: `${count(bypasses.length, 'check')} of the run bypassed` };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
