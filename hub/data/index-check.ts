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
 * @param stages newest attempt of each stage, as the timeline has it: what entries claim themselves proves nothing
 * @param unlisted kinds whose attachments could not be listed: nothing can be said about them
 */
export function indexProblems(
  attachments: readonly HashedAttachment[],
  index: RunIndex,
  stages: Attempts,
  unlisted: ReadonlySet<EvidenceKind>,
): EvidenceProblem[] {
  return evidenceKinds.flatMap((kind) => {
    const entries = index.entries[kind];
    const claims = [...unknownAttempts(kind, entries, stages), ...duplicates(kind, entries)];
    if (unlisted.has(kind)) return claims;
    const ofKind = attachments.filter((attachment) => attachment.kind === kind);
    return [...claims, ...wrongEntries(kind, entries, ofKind, stages), ...unknownTo(entries, ofKind, stages)];
  });
}

/** Newest attempt by stage. */
export type Attempts = ReadonlyMap<string, number>;

function newestOf({ stage }: EntryOfAnyKind, stages: Attempts): number {
  return stages.get(stage) ?? 1;
}

function unknownAttempts(kind: EvidenceKind, entries: readonly EntryOfAnyKind[], stages: Attempts): EvidenceProblem[] {
  return entries.flatMap(({ attempt = 1, ...entry }): EvidenceProblem[] => {
    const newest = newestOf(entry, stages);
    if (attempt <= newest) return [];
    const detail = `the index claims attempt ${attempt}, the stage has ${newest} only`;
    return [{ kind: 'indexDiffers', type: kind, name: entry.name, stage: entry.stage, detail }];
  });
}

/** A task replaces its own entry: two of one name, stage and attempt are not both its. */
function duplicates(kind: EvidenceKind, entries: readonly EntryOfAnyKind[]): EvidenceProblem[] {
  const seen = new Set<string>();
  return entries.flatMap(({ name, stage, attempt = 1 }): EvidenceProblem[] => {
    const key = JSON.stringify([name, stage, attempt]);
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [{ kind: 'indexDiffers', type: kind, name, stage, detail: 'the index names it more than once' }];
  });
}

function wrongEntries(
  kind: EvidenceKind,
  entries: readonly IndexEntry[],
  attachments: readonly HashedAttachment[],
  stages: Attempts,
): EvidenceProblem[] {
  return entries.flatMap((entry): EvidenceProblem[] => {
    const place = { type: kind, name: entry.name, stage: entry.stage };
    const there = attachments.filter((attachment) => isAt(attachment, entry));
    const same = there.find(({ sha256 }) => sha256 === entry.sha256);
    // Files of attempts before the newest are in no current timeline: there is nothing to compare with.
    if (same === undefined && isOlder(kind, entry, stages)) return [];
    if (there.length === 0)
      return [{ kind: 'missing', ...place, detail: 'the index names it, the run has no such file' }];
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

/** Of deployments every attempt keeps its entry; of the other kinds the newest stands for all. */
function isOlder(kind: EvidenceKind, entry: EntryOfAnyKind, stages: Attempts): boolean {
  return kind === 'mlops.deployment.v1' && (entry.attempt ?? 1) < newestOf(entry, stages);
}

function unknownTo(
  entries: readonly IndexEntry[],
  attachments: readonly HashedAttachment[],
  stages: Attempts,
): EvidenceProblem[] {
  return attachments
    .filter((attachment) => !entries.some((entry) => isMeant(attachment, entry, attachments, stages)))
    .map(({ kind, name, stage, sha256 }) => ({
      kind: 'notInIndex',
      type: kind,
      name,
      stage: stage && stageName(stage),
      detail: entries.some((entry) => isAt({ name, stage }, entry) && !isOlder(kind, entry, stages))
        ? `the index names another file of this name, not the one with sha256:${sha256 ?? ''}`
        : 'the index does not name it',
    }));
}

/**
 * Whether an entry is about an attachment. Steps may leave files of one name: where one of them has the bytes that the entry
 * names, the entry says nothing of the others. Where none has, `wrongEntries` tells of all of them.
 */
function isMeant(
  attachment: HashedAttachment,
  entry: IndexEntry,
  attachments: readonly HashedAttachment[],
  stages: Attempts,
): boolean {
  if (!isAt(attachment, entry)) return false;
  if (entry.sha256 === attachment.sha256) return true;
  if (isOlder(attachment.kind, entry, stages)) return false;
  // What could not be read has its own problem.
  if (attachment.sha256 === undefined) return true;
  return !attachments.some((other) => isAt(other, entry) && other.sha256 === entry.sha256);
}

function isAt({ name, stage }: Pick<HashedAttachment, 'name' | 'stage'>, entry: EntryOfAnyKind): boolean {
  return name === entry.name && (stage ? stageName(stage) : '') === entry.stage;
}
