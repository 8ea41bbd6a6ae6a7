import type { EvidenceKind } from '../../lib/evidence/evidence';
import type { ReadRecord, RunEvidence } from './types';

/** The records of one kind, in the order of the stages' names. */
export function recordsOf<K extends EvidenceKind>(evidence: RunEvidence | undefined, kind: K): ReadRecord<K>[] {
  return evidence?.records.filter((record): record is ReadRecord<K> => record.kind === kind) ?? [];
}
