import { indexProperty, type IndexEntry } from '../evidence/index-entry';
import type { EvidenceKind } from '../evidence/evidence';
import { isRecord } from '../azure/json';
import { TaskError } from './errors';
import type { RunService } from './run-service';

/** What a list of runs may carry for each run and kind, in bytes of UTF-8. */
const largest = 2048;
const mostWrites = 3;

/**
 * Enters a record in the run's index. Another job of the run may write the same property at the same moment: what was
 * written is read again, and written again when it is gone.
 *
 * @param wait pause before the next write, by the number of those that were lost
 */
export async function enterInIndex<K extends EvidenceKind>(
  service: Pick<RunService, 'property' | 'setProperty'>,
  kind: K,
  entry: IndexEntry<K>,
  wait: (lost: number) => Promise<void>,
): Promise<void> {
  const property = indexProperty(kind);
  for (let written = 1; ; written++) {
    await service.setProperty(property, mergeEntry(await service.property(property), entry));
    if (entriesOf(await service.property(property)).some((found) => isSame(found, entry))) return;
    if (written === mostWrites) throw new TaskError('Other jobs of this run keep overwriting the index.');
    await wait(written);
  }
}

/**
 * The property's text with the entry in it: in place of one with its name and stage, else at the end; the first ones go
 * when there is no room.
 *
 * @param text what the property holds; anybody who may edit runs can have written it
 * @throws TaskError for an entry that is too large by itself
 */
export function mergeEntry(text: string | undefined, entry: IndexEntry): string {
  const others = entriesOf(text).filter(({ name, stage }) => name !== entry.name || stage !== entry.stage);
  for (let entries = [...others, entry]; entries.length > 0; entries = entries.slice(1)) {
    const merged = JSON.stringify(entries);
    if (Buffer.byteLength(merged) <= largest) return merged;
  }
  throw new TaskError(`The entry has more than ${largest} bytes.`);
}

function entriesOf(text: string | undefined): Record<string, unknown>[] {
  try {
    const found: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(found) ? found.filter(isRecord) : [];
  } catch {
    return []; // Not ours: the next write makes it right.
  }
}

function isSame(found: Record<string, unknown>, entry: IndexEntry): boolean {
  return found['name'] === entry.name && found['stage'] === entry.stage && found['sha256'] === entry.sha256;
}
