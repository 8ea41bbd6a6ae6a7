import type { EvidenceKind } from '../../lib/evidence/evidence';
import type { EntryOfAnyKind, IndexEntry } from '../../lib/evidence/index-entry';
import { stageName } from '../devops/timeline';
import type { HashedAttachment } from './attachment';
import { contradictions } from './index-facts';
import { evidenceKinds, type RunIndex } from './run-index';
import type { EvidenceProblem } from './types';

/**
 * Compares the index with what is attached.
 *
 * @param unlisted kinds whose attachments could not be listed: nothing can be said about them
 */
export function indexProblems(
  attachments: readonly HashedAttachment[],
  index: RunIndex,
  unlisted: ReadonlySet<EvidenceKind>,
): EvidenceProblem[] {
  return evidenceKinds
    .filter((kind) => !unlisted.has(kind))
    .flatMap((kind) => {
      const ofKind = attachments.filter((attachment) => attachment.kind === kind);
      return [...wrongEntries(kind, index.entries[kind], ofKind), ...unknownTo(index.entries[kind], ofKind)];
    });
}

function wrongEntries(
  kind: EvidenceKind,
  entries: readonly IndexEntry[],
  attachments: readonly HashedAttachment[],
): EvidenceProblem[] {
  return newestAttempts(entries).flatMap((entry): EvidenceProblem[] => {
    const place = { type: kind, name: entry.name, stage: entry.stage };
    const there = attachments.filter((attachment) => isAt(attachment, entry));
    if (there.length === 0)
      return [{ kind: 'missing', ...place, detail: 'the index names it, the run has no such file' }];
    const same = there.find(({ sha256 }) => sha256 === entry.sha256);
    if (same === undefined) {
      const read = there.flatMap(({ sha256 }) => sha256 ?? []);
      // What could not be read has its own problem.
      if (read.length === 0) return [];
      return [
        { kind: 'indexDiffers', ...place, detail: `the index says ${entry.sha256}, the file has ${read.join()}` },
      ];
    }
    const facts = same.record === undefined ? [] : contradictions(entry, same.record);
    return facts.length === 0 ? [] : [{ kind: 'indexDiffers', ...place, detail: facts.join('; ') }];
  });
}

/** Records of earlier attempts are in no current timeline: only the newest attempt's can be compared. */
function newestAttempts(entries: readonly IndexEntry[]): IndexEntry[] {
  const isOlder = (one: IndexEntry, other: IndexEntry): boolean =>
    one.name === other.name && one.stage === other.stage && (one.attempt ?? 1) < (other.attempt ?? 1);
  return entries.filter((entry) => !entries.some((other) => isOlder(entry, other)));
}

function unknownTo(entries: readonly EntryOfAnyKind[], attachments: readonly HashedAttachment[]): EvidenceProblem[] {
  return attachments
    .filter((attachment) => !entries.some((entry) => isAt(attachment, entry)))
    .map(({ kind, name, stage }) => ({
      kind: 'notInIndex',
      type: kind,
      name,
      stage: stage && stageName(stage),
      detail: 'the index does not name it',
    }));
}

function isAt({ name, stage }: HashedAttachment, entry: EntryOfAnyKind): boolean {
  return name === entry.name && (stage ? stageName(stage) : '') === entry.stage;
}
