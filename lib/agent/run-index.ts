import { indexProperty, type IndexEntry } from '../evidence/index-entry';
import type { EvidenceKind } from '../evidence/evidence';
import { isRecord, text } from './json';
import { TaskError } from './errors';
import type { RunService } from './run-service';

/**
 * Bytes of UTF-8 for each run and kind. Lists of fifty runs carry it, and stay small, for a usual run has a few entries of some 300
 * bytes; only a run that registers or deploys by the dozen comes near it.
 */
const largest = 16 * 1024;
const mostWrites = 3;

/**
 * Enters a record in the run's index. Another job of the run may write the same property at the same moment: what was
 * written is read again, and written again when it is gone.
 *
 * @param wait pause before the next write, by the number of those that were lost
 * @returns names of records whose entries had to go, oldest first
 */
export async function enterInIndex<K extends EvidenceKind>(
  service: Pick<RunService, 'property' | 'setProperty'>,
  kind: K,
  entry: IndexEntry<K>,
  wait: (lost: number) => Promise<void>,
): Promise<string[]> {
  const property = indexProperty(kind);
  for (let written = 1; ; written++) {
    const { merged, gone } = mergeEntry(await service.property(property), entry);
    await service.setProperty(property, merged);
    if (entriesOf(await service.property(property)).some((found) => isSame(found, entry))) return gone;
    if (written === mostWrites) throw new TaskError('Other jobs of this run keep overwriting the index.');
    await wait(written);
  }
}

/**
 * The property's text with the entry in it: in place of one with its name, stage and attempt, else at the end; the first ones go
 * when there is no room.
 *
 * @param property what the property holds; anybody who may edit runs can have written it
 * @returns its new text, and the names of the records whose entries went
 * @throws TaskError for an entry that is too large by itself
 */
export function mergeEntry(property: string | undefined, entry: IndexEntry): { merged: string; gone: string[] } {
  const others = entriesOf(property).filter((known) => !isReplaced(known, entry));
  for (let first = 0; first <= others.length; first++) {
    const merged = JSON.stringify([...others.slice(first), entry]);
    if (Buffer.byteLength(merged) > largest) continue;
    return { merged, gone: others.slice(0, first).map(({ name }) => text(name) ?? 'one without a name') };
  }
  throw new TaskError(`The entry has more than ${largest} bytes.`);
}

function entriesOf(property: string | undefined): Record<string, unknown>[] {
  try {
    const found: unknown = JSON.parse(property ?? '[]');
    return Array.isArray(found) ? found.filter(isRecord) : [];
  } catch {
    return []; // Not ours: the next write makes it right.
  }
}

function isReplaced({ name, stage, attempt = 1 }: Record<string, unknown>, entry: IndexEntry): boolean {
  return name === entry.name && stage === entry.stage && attempt === (entry.attempt ?? 1);
}

function isSame(found: Record<string, unknown>, entry: IndexEntry): boolean {
  return found['name'] === entry.name && found['stage'] === entry.stage && found['sha256'] === entry.sha256;
}
