import type { EvidenceKind } from '../../../lib/evidence/evidence';
import type { ModelVersionResult } from '../../data/results';
import { servingAt } from '../../data/serving';
import type { ModelVersion, Serving } from '../../data/types';
import { versionRecords, type VersionRecords } from './records';

/** What was read of a version that was found. */
export interface Known extends ModelVersionResult {
  version: ModelVersion;
  records: VersionRecords;
  /** What of the model answers requests now, this version or another. */
  serving: Serving[];
}

export function knownOf(result: ModelVersionResult, version: ModelVersion, now: Date): Known {
  const serving = servingAt(result.modelDeployments, now).filter(
    ({ model, traffic }) => model === version.model && traffic > 0,
  );
  return { ...result, version, records: versionRecords(version, result.evidence), serving };
}

/** Where this version answers requests now. */
export function servingNow({ version, serving }: Known): Serving[] {
  return serving.filter((one) => one.version === version.version);
}

/** What production serves of the model now, this version among it where it does. */
export function productionNow({ serving }: Known): Serving[] {
  return serving.filter(({ isProduction }) => isProduction);
}

/** Whether the records are still being read: until then nothing can be said to be missing. */
export function isReading({ evidence, evidenceProblem }: ModelVersionResult): boolean {
  return evidence === undefined && evidenceProblem === undefined;
}

/**
 * Why a record is not there. That a step did not run can only be said when everything was read and nothing of the kind was put
 * aside.
 */
export function absence({ evidence }: ModelVersionResult, kind: EvidenceKind, otherwise: string): string {
  if (evidence === undefined) return 'The evidence of the run could not be read.';
  return evidence.problems.some(({ type }) => type === kind)
    ? 'What the run left of this is not in order, and is not shown: the reason stands above.'
    : otherwise;
}
