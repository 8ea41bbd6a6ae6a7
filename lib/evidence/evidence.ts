import { canonicalJson } from './canonical';
import type { EvidenceBodies, EvidenceKind } from './types';

export type { EvidenceBodies, EvidenceKind } from './types';

/** A record that a run leaves behind. `kind` is also the type of the attachment and names the version of its shape. */
export type Evidence<K extends EvidenceKind> = { kind: K } & EvidenceBodies[K];

/**
 * Builds the record of a step.
 *
 * @example agent.attach('mlops.package.v1', 'package.json', evidenceText(evidence('mlops.package.v1', body)))
 */
export function evidence<K extends EvidenceKind>(kind: K, body: EvidenceBodies[K]): Evidence<K> {
  return { kind, ...body };
}

/** The bytes to attach, and to take a digest of: canonical JSON. */
export function evidenceText<K extends EvidenceKind>(record: Evidence<K>): string {
  return canonicalJson(record);
}
