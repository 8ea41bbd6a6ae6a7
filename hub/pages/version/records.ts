import type { EvidenceKind } from '../../../lib/evidence/evidence';
import type { EntryOfAnyKind } from '../../../lib/evidence/index-entry';
import type { ModelReference } from '../../../lib/evidence/types';
import { recordsOf } from '../../data/queries';
import type { ModelVersion, ReadRecord, RunEvidence } from '../../data/types';
import { isSameWorkspace, versionParams } from '../../data/workspaces';

/** The records of a run that speak of one version, as far as there are any. */
export interface VersionRecords {
  registered?: ReadRecord<'mlops.model-version.v1'>;
  training?: ReadRecord<'mlops.training.v1'>;
  evaluation?: ReadRecord<'mlops.evaluation.v1'>;
  dataSanity?: ReadRecord<'mlops.data-sanity.v1'>;
  packed?: ReadRecord<'mlops.package.v1'>;
  deployed: ReadRecord<'mlops.deployment.v1'>[];
}

/**
 * A run may train, evaluate and register several models: what names this version or its job belongs to it. An evaluation or a data
 * test that fits nothing is still shown, for that it does not fit has to be said.
 */
export function versionRecords(version: ModelVersion, evidence: RunEvidence | undefined): VersionRecords {
  const isThis = (reference: ModelReference | undefined): boolean => {
    if (reference?.name !== version.model || reference.version !== version.version) return false;
    // A run may register in a workspace for tests and then in that of production.
    const { workspace } = versionParams(reference);
    return workspace === undefined || isSameWorkspace(workspace, version.registration.workspace);
  };
  const registered = pick(
    recordsOf(evidence, 'mlops.model-version.v1').filter(({ body }) => isThis(body.model)),
    version.registration,
  );
  const job = registered?.body.job;
  const trainings = recordsOf(evidence, 'mlops.training.v1');
  const training = pick(job === undefined ? trainings : trainings.filter(({ body }) => body.jobName === job));
  const data = registered?.body.dataFingerprint;
  const evaluations = recordsOf(evidence, 'mlops.evaluation.v1');
  const tests = recordsOf(evidence, 'mlops.data-sanity.v1');
  return {
    registered,
    training,
    evaluation:
      pick(
        evaluations.filter(({ body }) => body.candidate.job === job),
        version.evaluation,
      ) ?? pick(evaluations, version.evaluation),
    dataSanity:
      pick(
        tests.filter(({ body }) => body.dataFingerprint === data),
        version.dataSanity,
      ) ?? pick(tests, version.dataSanity),
    packed: pick(recordsOf(evidence, 'mlops.package.v1').filter(({ body }) => isThis(body.model))),
    deployed: recordsOf(evidence, 'mlops.deployment.v1').filter(({ body }) => isThis(body.model)),
  };
}

/** Of several the one that the index names beside the version, else the last in the order of the stages' names. */
function pick<K extends EvidenceKind>(
  records: readonly ReadRecord<K>[],
  entry?: EntryOfAnyKind,
): ReadRecord<K> | undefined {
  return records.findLast(({ stage, name }) => stage === entry?.stage && name === entry.name) ?? records.at(-1);
}
