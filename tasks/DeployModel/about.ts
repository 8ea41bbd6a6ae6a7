import { aboutRecord, type About } from '../../lib/evidence/about';
import { readRecord } from '../../lib/evidence/read';

export { inWords, intendedInWords, isAbout, notAbout, type About, type Intended } from '../../lib/evidence/about';

/**
 * What a record names as made or deployed. The hub reads records in the same way: what it cannot show to an approver names
 * nothing here either.
 *
 * @param kind type of the attachment
 */
export function aboutOf(kind: string, bytes: Buffer): About | undefined {
  const text = utf8(bytes);
  const read = text === undefined ? undefined : readRecord(kind, text);
  return read !== undefined && 'record' in read ? aboutRecord(read.record) : undefined;
}

/** The text only where all of it is UTF-8: another reader would put something else in place of what is not. */
function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
