import { canonicalJson } from './canonical';
import { checkRecord, type EvidenceSchema } from './check';
import { fitRecord } from './fit';
import type { EvidenceBodies, EvidenceKind } from './types';

export type { EvidenceSchema } from './check';
export type { Evidence, EvidenceBodies, EvidenceKind } from './types';

/**
 * The text to attach, and to take a digest of: canonical JSON of the record, checked against its schema. What is too much
 * for a record is left out and counted in `omitted`. The schema is passed, so that a task carries only those it writes.
 *
 * @example agent.attach('mlops.package.v1', 'package.json', evidenceText(packageSchema, body))
 * @throws EvidenceError for a body that is not what the schema says
 */
export function evidenceText<K extends EvidenceKind>(schema: EvidenceSchema<K>, body: EvidenceBodies[K]): string {
  const record = fitRecord(schema, { ...body, kind: schema.properties.kind.const });
  return canonicalJson(checkRecord(schema, record));
}
