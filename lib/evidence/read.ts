import { canonicalJson } from './canonical';
import { EvidenceError, checkRecord } from './check';
import type { Evidence } from './evidence';
import { largestRecordBytes } from './fit';
import { evidenceSchemas, isEvidenceKind } from './schemas/all';
import type { EvidenceKind } from './types';

export interface RecordProblem {
  /**
   * `unknownVersion`: a kind of ours in a version that this reader does not know; `notThisShape`: no JSON, or not what the
   * schema says; `notCanonical`: the right content, spelled as no task of ours spells it.
   */
  problem: 'notThisShape' | 'unknownVersion' | 'notCanonical';
  detail: string;
}

/** @throws EvidenceError that names the place of what is wrong */
export function checkEvidence<K extends EvidenceKind>(kind: K, value: unknown): Evidence<K> {
  return checkRecord<K>(evidenceSchemas[kind], value);
}

/**
 * Reads the text of an attachment. Its digest is the caller's to compare: it is of the bytes, right or wrong.
 *
 * @param type of the attachment: `mlops.evaluation.v1`
 */
export function readRecord(type: string, text: string): { record: Evidence<EvidenceKind> } | RecordProblem {
  if (!isEvidenceKind(type)) return notOurs(type);
  if (new TextEncoder().encode(text).length > largestRecordBytes)
    return wrongShape(`it is larger than ${largestRecordBytes} bytes`);
  const value = parsed(text);
  if (value === undefined) return wrongShape('it is not JSON');
  try {
    const record = checkEvidence(type, value);
    return canonicalJson(record) === text
      ? { record }
      : { problem: 'notCanonical', detail: `${type}: the text is not canonical JSON (RFC 8785)` };
  } catch (error) {
    if (error instanceof EvidenceError) return wrongShape(error.message);
    // What has the shape and still no canonical form: half of a surrogate pair.
    if (error instanceof TypeError) return { problem: 'notCanonical', detail: `${type}: ${error.message}` };
    throw error;
  }
}

function notOurs(type: string): RecordProblem {
  const [, family] = /^(mlops\.[a-z-]+\.v)\d+$/.exec(type) ?? [];
  const isOfOurs = family !== undefined && Object.keys(evidenceSchemas).some((kind) => kind.startsWith(family));
  return isOfOurs
    ? { problem: 'unknownVersion', detail: `${type} is a version that is not known here` }
    : { problem: 'notThisShape', detail: `${type} is no kind of record` };
}

function wrongShape(detail: string): RecordProblem {
  return { problem: 'notThisShape', detail };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
