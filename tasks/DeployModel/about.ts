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
  const read = readRecord(kind, bytes.toString('utf8'));
  return 'record' in read ? aboutRecord(read.record) : undefined;
}
