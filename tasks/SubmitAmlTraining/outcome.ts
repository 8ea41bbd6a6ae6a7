import type { Agent } from '../../lib/agent/agent';
import { errorText } from '../../lib/agent/errors';
import type { Azure } from '../../lib/azure/azure';
import type { Job } from '../../lib/azure/jobs';
import { runDetails, trackedRun, type RunDetails, type TrackedRun } from '../../lib/azure/runs';
import { JobLog } from './log';
import type { Node } from './nodes';

/** What a job has brought: metrics, parameters, the best trial, the reason of a failure. */
export interface RunFacts {
  metrics: Record<string, number>;
  params: Record<string, string>;
  details?: RunDetails;
  /** The run of the best trial of a sweep or of AutoML. */
  bestTrial?: string;
  /** The nodes that failed, with the end of their logs. */
  failed: FailedNode[];
}

export interface FailedNode {
  name: string;
  reason?: string;
  lastLines: readonly string[];
}

/** Reasons are asked for of this many nodes: one broken input can fail a hundred trials alike. */
const mostReasons = 3;

/**
 * Reads what tracking and run history know of a job that ended. A completed job does not fail because one of them cannot be
 * read: that is a warning.
 *
 * A sweep has the metrics of its best trial; a pipeline those of its nodes, under `node/metric` where two nodes have one of
 * the same name.
 */
export async function readOutcome(azure: Azure, agent: Agent, job: Job, nodes: readonly Node[]): Promise<RunFacts> {
  const attempt = async <T>(what: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      agent.warn(`The ${what} of job ${job.name} cannot be read: ${errorText(error)}`);
      return undefined;
    }
  };
  const bestTrial = job.properties['best_child_run_id'];
  const tracked = await attempt('metrics', () =>
    bestTrial === undefined ? trackedTree(azure, job.name, nodes) : trackedRun(azure, bestTrial),
  );
  return {
    metrics: tracked?.metrics ?? {},
    params: tracked?.params ?? {},
    details: await attempt('run history', () => runDetails(azure, job.name)),
    bestTrial,
    failed: await failedNodes(azure, agent, nodes),
  };
}

type Measured = Pick<TrackedRun, 'metrics' | 'params'>;

async function trackedTree(azure: Azure, name: string, nodes: readonly Node[]): Promise<Measured> {
  const own = await trackedRun(azure, name);
  const leaves = nodes.filter(({ status, runId }) => status === 'Completed' && runId !== name);
  if (leaves.length === 0 || Object.keys(own.metrics).length > 0) return own;
  const measured: { node: string; run: Measured }[] = [];
  for (const { runId, name: node } of leaves) measured.push({ node, run: await trackedRun(azure, runId) });
  return {
    metrics: merged(measured.map(({ node, run }) => ({ node, values: run.metrics }))),
    params: merged(measured.map(({ node, run }) => ({ node, values: run.params }))),
  };
}

/** A name that one node alone has stays; otherwise the node stands in front. */
function merged<T>(parts: readonly { node: string; values: Record<string, T> }[]): Record<string, T> {
  const counts = new Map<string, number>();
  for (const { values } of parts) for (const key of Object.keys(values)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return Object.fromEntries(
    parts.flatMap(({ node, values }) =>
      Object.entries(values).map(([key, value]): [string, T] => [
        counts.get(key) === 1 ? key : `${node}/${key}`,
        value,
      ]),
    ),
  );
}

/** Those that failed by themselves: a pipeline or a sweep fails when something below it does. */
async function failedNodes(azure: Azure, agent: Agent, nodes: readonly Node[]): Promise<FailedNode[]> {
  const failed = nodes.filter(({ status }) => status === 'Failed');
  const isBelow = (one: Node, other: Node): boolean => one.name.startsWith(`${other.name} / `);
  const leaves = failed.filter((node) => !failed.some((other) => isBelow(other, node)));
  // A sweep outlives trials that fail: they break nothing.
  const causes = leaves.filter((node) => nodes.every((other) => !isBelow(node, other) || other.status === 'Failed'));
  const found: FailedNode[] = [];
  for (const { runId, name, lastLines } of causes.slice(0, mostReasons)) {
    const details = await runDetails(azure, runId).catch(() => undefined);
    const lines = lastLines.length > 0 ? lastLines : await endOfLog(azure, agent, runId);
    found.push({ name, reason: details?.error?.split('\n')[0], lastLines: lines });
  }
  return found;
}

/** Logs of trials are not shown while they run. */
async function endOfLog(azure: Azure, agent: Agent, runId: string): Promise<readonly string[]> {
  const log = new JobLog(azure, agent, runId, null);
  await log.finish();
  return log.lastLines;
}
