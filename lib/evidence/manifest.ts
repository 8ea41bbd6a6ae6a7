import { canonicalJson } from './canonical';

/** One record in a manifest: where it was left, what it is, and the digest of its bytes. */
export interface ManifestItem {
  /** Identifier of the stage that left the record (`System.StageName`). */
  stage: string;
  /** Type of the attachment: `mlops.evaluation.v1`. */
  kind: string;
  /** Name of the attachment. */
  name: string;
  /** SHA-256 of the attachment's bytes, 64 lower-case hexadecimal digits. */
  sha256: string;
}

/**
 * The text whose SHA-256 names all evidence that an approver sees: canonical JSON over the run and its records, sorted by
 * stage, kind, name and digest. Whoever decides puts `evidence sha256:<hex>` into the comment; whoever acts on the decision
 * computes it again.
 */
export function manifestText(runId: number | string, items: readonly ManifestItem[]): string {
  const evidence = items
    .map(({ stage, kind, name, sha256 }) => ({ stage, kind, name, sha256 }))
    .sort((left, right) => compare(keyOf(left), keyOf(right)));
  return canonicalJson({ kind: 'mlops.manifest.v1', run: String(runId), evidence });
}

/** The digests that a comment names, lower case, in order. */
export function digestsIn(comment: string): string[] {
  return [...comment.matchAll(/\bevidence sha256:([0-9a-f]{64})\b/gi)].map((match) => (match[1] ?? '').toLowerCase());
}

function keyOf({ stage, kind, name, sha256 }: ManifestItem): string {
  return JSON.stringify([stage, kind, name, sha256]);
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
