import type { Evidence, EvidenceKind } from '../../lib/evidence/evidence';
import type { TimelineRecord } from '../devops/timeline';

/** An attachment of the newest attempt of its stage. */
export interface HashedAttachment {
  kind: EvidenceKind;
  name: string;
  /** Absent when the step lies below no stage. */
  stage?: TimelineRecord;
  /** The step that attached it. */
  step?: TimelineRecord;
  /** SHA-256 of the bytes as attached; absent when they could not be read. */
  sha256?: string;
  record?: Evidence<EvidenceKind>;
}
