import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { TaskError } from '../../../lib/agent/errors';
import { kinds } from '../../../lib/assets/kinds/all';
import type { Kind } from '../../../lib/assets/kinds/kind';
import { plan, type Plan } from '../../../lib/assets/plan';
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

/**
 * Our calls for a file, or our refusal, in the comparer's form.
 *
 * @param kind told to the reader, as whoever made the recording knew it; without it the file has to say
 */
export async function translated(
  expected: Expected,
  file = path.join(corpus, 'files', expected.file),
  kind?: string,
): Promise<Plan | { error: { message: string } }> {
  try {
    return await plan(file, { id: workspaceId, location: 'westeurope' }, setLinesOf(expected), kindNamed(kind));
  } catch (error) {
    if (error instanceof TaskError) return { error: { message: error.message } };
    throw error;
  }
}

function kindNamed(name?: string): Kind | undefined {
  return kinds.find((one) => one.name === name);
}
