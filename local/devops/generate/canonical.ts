import { createHash } from 'node:crypto';

import { isObject } from '../shape';

/** Canonical JSON as RFC 8785 has it: members in the order of their names' code units, no blanks, numbers as ECMAScript writes them. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (isObject(value)) {
    const members = Object.keys(value)
      .filter((name) => value[name] !== undefined)
      .sort(byCodeUnit)
      .map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
    return `{${members.join(',')}}`;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${value} has no JSON form.`);
  return JSON.stringify(value);
}

export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** One piece of evidence as the digest of a gate counts it. */
export interface ManifestItem {
  kind: string;
  name: string;
  sha256: string;
  stage: string;
}

/** The digest that binds an approval to the evidence that was there when its gate opened. */
export function evidenceDigest(runId: number, items: ManifestItem[]): string {
  const key = ({ stage, kind, name, sha256: hash }: ManifestItem): string => JSON.stringify([stage, kind, name, hash]);
  const evidence = items
    .map(({ kind, name, sha256: hash, stage }) => ({ kind, name, sha256: hash, stage }))
    .sort((a, b) => byCodeUnit(key(a), key(b)));
  return sha256(canonical({ kind: 'mlops.manifest.v1', run: String(runId), evidence }));
}
