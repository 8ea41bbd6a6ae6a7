import type { Result } from './server';

/** Results in the agent's order: a higher one is worse. */
export const taskResults = ['Succeeded', 'SucceededWithIssues', 'Failed', 'Canceled', 'Skipped', 'Abandoned'] as const;
export type TaskResult = (typeof taskResults)[number];

/**
 * Reads the `result` of `task.complete`. Upper and lower case count, as in the agent, which also takes the numbers of its
 * enumeration. `Cancelled` with two l is therefore not a result.
 */
export function parseTaskResult(text: string): TaskResult | undefined {
  const trimmed = text.trim();
  const byName = taskResults.find((result) => result === trimmed);
  return byName ?? (/^[+]?\d+$/.test(trimmed) ? taskResults[Number(trimmed)] : undefined);
}

/** The worse of two, except that what is beyond Failed (canceled, skipped, abandoned) stays (`TaskResultUtil.cs`). */
export function mergeResults(current: TaskResult | undefined, coming: TaskResult): TaskResult {
  if (current === undefined) return coming;
  if (rank(current) > rank('Failed')) return current;
  return rank(coming) >= rank(current) ? coming : current;
}

function rank(result: TaskResult): number {
  return taskResults.indexOf(result);
}

const serverResults: Record<TaskResult, Result> = {
  Succeeded: 'succeeded',
  SucceededWithIssues: 'succeededWithIssues',
  Failed: 'failed',
  Canceled: 'canceled',
  Skipped: 'skipped',
  Abandoned: 'abandoned',
};

/** The word the REST API uses. */
export function serverResult(result: TaskResult): Result {
  return serverResults[result];
}
