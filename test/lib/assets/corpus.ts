import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { DryRun } from '../../../lib/assets/dry-run';
import { kinds } from '../../../lib/assets/kinds/all';
import { readTranslation, send } from '../../../lib/assets/translate';
import { contracts } from '../../support/contracts';

/** What azure-ai-ml sends for a file, or why it refuses it, as recorded. */
export interface Expected {
  file: string;
  kind: string;
  calls?: unknown[];
  error?: { message: string };
  set?: Record<string, unknown>;
}

export const corpus = path.join(contracts, 'aml-files');
export const workspaceId =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/resource-group/providers/Microsoft.MachineLearningServices/workspaces/workspace';

/** The expected files, in order of their names. */
export function expectedFiles(): Expected[] {
  return readdirSync(path.join(corpus, 'expected'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(path.join(corpus, 'expected', name), 'utf8')) as Expected);
}

export interface Difference {
  path: string;
  expected: unknown;
  found: unknown;
}

type Compare = (expected: unknown, candidate: unknown, options?: { ignore?: string }) => Difference[];

export async function comparer(): Promise<Compare> {
  return ((await import(path.join(corpus, 'compare.mjs'))) as { compare: Compare }).compare;
}

/** `--set` lines of the members that the recording gave. */
export function setLinesOf({ set = {} }: Expected): string[] {
  return Object.entries(set).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? `"${value}"` : String(value)}`,
  );
}

/** Our calls for a file, or our refusal, in the comparer's form. */
export async function translated(
  expected: Expected,
  file = path.join(corpus, 'files', expected.file),
): Promise<unknown> {
  const remote = new DryRun(workspaceId, 'westeurope', '2024-10-01');
  try {
    const kind = kinds.find(({ name }) => name === expected.kind);
    await send(await readTranslation(file, workspaceId, setLinesOf(expected), kind), remote, 'a-name');
    return { calls: remote.calls };
  } catch (error) {
    if (error instanceof Error && error.name === 'TaskError') return { error: { message: error.message } };
    throw error;
  }
}
