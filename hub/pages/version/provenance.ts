import type { VerdictKind } from '../../components/Verdict';
import { recordOf, type Known } from './known';

/** One statement about where a version comes from, with what it rests on. */
export interface Provenance {
  kind: VerdictKind;
  text: string;
}

/** What can be said of the origin from what was read; what could not be read is said as well. */
export function provenanceOf(known: Known): Provenance[] {
  return [evidenceOf(known), branchOf(known), digestOf(known), dataOf(known), evaluationOf(known)];
}

function evidenceOf({ evidence }: Known): Provenance {
  if (evidence === undefined) return { kind: 'unsure', text: 'Evidence was not read' };
  const { problems, records } = evidence;
  if (problems.length > 0) return { kind: 'bad', text: `${problems.length} problems with the evidence` };
  return { kind: 'good', text: `${records.length} records, hashes and index agree` };
}

/** Whether a branch is protected only its policies say; a pull request's or a topic branch certainly is not what was reviewed. */
function branchOf({ version: { run } }: Known): Provenance {
  if (/^refs\/pull\//.test(run.branch)) return { kind: 'warning', text: 'Built from a pull request' };
  if (/^refs\/heads\/(main|master|release(s)?\/.+)$/.test(run.branch)) {
    return { kind: 'good', text: `Built from ${run.branch.replace(/^refs\/heads\//, '')}` };
  }
  return { kind: 'warning', text: `Built from ${run.branch.replace(/^refs\/heads\//, '')}, not from a main branch` };
}

function digestOf({ evidence }: Known): Provenance {
  const version = recordOf(evidence, 'mlops.model-version.v1')?.body;
  const packed = recordOf(evidence, 'mlops.package.v1')?.body;
  if (version === undefined) return { kind: 'unsure', text: 'No record of the registration' };
  if (packed?.modelDigest === undefined) return { kind: 'neutral', text: 'No image in this run' };
  return packed.modelDigest === version.digest
    ? { kind: 'good', text: 'The image holds the files that were registered' }
    : { kind: 'bad', text: 'The image holds other files than were registered' };
}

function dataOf({ evidence }: Known): Provenance {
  const sanity = recordOf(evidence, 'mlops.data-sanity.v1')?.body;
  const trained =
    recordOf(evidence, 'mlops.model-version.v1')?.body.dataFingerprint ??
    recordOf(evidence, 'mlops.training.v1')?.body.dataFingerprint;
  if (sanity === undefined) return { kind: 'neutral', text: 'The data was not tested in this run' };
  if (trained === undefined) return { kind: 'neutral', text: 'The training names no data fingerprint' };
  return trained === sanity.dataFingerprint
    ? { kind: 'good', text: 'Trained on the data that was tested' }
    : { kind: 'bad', text: 'Trained on other data than was tested' };
}

function evaluationOf({ evidence }: Known): Provenance {
  const evaluation = recordOf(evidence, 'mlops.evaluation.v1')?.body;
  const version = recordOf(evidence, 'mlops.model-version.v1')?.body;
  if (evaluation === undefined) return { kind: 'warning', text: 'Not evaluated against production in this run' };
  if (version !== undefined && version.job !== evaluation.candidate.job) {
    return { kind: 'bad', text: 'Another job was evaluated than was registered' };
  }
  return evaluation.promote
    ? { kind: 'good', text: 'The evaluation allowed the promotion' }
    : { kind: 'bad', text: 'The evaluation did not allow the promotion' };
}
