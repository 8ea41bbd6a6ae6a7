import type { EvidenceKind } from '../../../lib/evidence/evidence';
import type { ModelVersionResult } from '../../data/results';
import { servingAt } from '../../data/serving';
import type { ModelVersion, ReadRecord, RunEvidence, Serving } from '../../data/types';

/** What was read of a version that was found. */
export interface Known extends ModelVersionResult {
  version: ModelVersion;
}

/** The newest record of a kind among a run's. */
export function recordOf<K extends EvidenceKind>(
  evidence: RunEvidence | undefined,
  kind: K,
): ReadRecord<K> | undefined {
  const isKind = (record: ReadRecord): record is ReadRecord<K> => record.kind === kind;
  return evidence?.records.filter(isKind).at(-1);
}

/** Where this version answers requests now. */
export function servingNow({ version, modelDeployments }: Known): Serving[] {
  return servingAt(modelDeployments, new Date()).filter(
    (serving) => serving.model === version.model && serving.version === version.version && serving.traffic > 0,
  );
}

/** Versions of the model that production serves, this one among them where it does. */
export function productionNow({ version, modelDeployments }: Known): Serving[] {
  return servingAt(modelDeployments, new Date()).filter(
    (serving) => serving.isProduction && serving.model === version.model && serving.traffic > 0,
  );
}
