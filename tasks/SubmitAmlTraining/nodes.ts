import type { Agent } from '../../lib/agent/agent';
import { errorText } from '../../lib/agent/errors';
import type { Azure } from '../../lib/azure/azure';
import { AzureError } from '../../lib/azure/errors';
import { childRuns, type ChildRun } from '../../lib/azure/runs';
import { canonicalStatus, isEnded, type Progress } from './follow';
import { JobLog } from './log';

/** A node of a pipeline or a trial of a sweep, as last seen. */
export interface Node {
  runId: string;
  /** `prep`, or `train / prep` below a pipeline inside the pipeline. */
  name: string;
  depth: number;
  status: string;
  /** ISO 8601. */
  startTime?: string;
  endTime?: string;
  /** The end of its log; empty for one that has nodes of its own. */
  lastLines: readonly string[];
}

/** Runs with runs of their own: pipelines, sweeps, AutoML (`runType` of run history). */
const parentType = /pipeline|hyperdrive|sweep|automl/i;

/** A step of a pipeline: a command, which has a log, or a pipeline inside it, which has steps. */
const stepType = /steprun/i;

/** A sweep may have a hundred trials: their logs are for the studio, their states and scores for here. */
const trialParent = /hyperdrive|sweep|automl/i;

interface Entry {
  run: ChildRun;
  node: Node;
  parent: string;
  log?: JobLog;
  /** Runs were seen below it. */
  hasNodes: boolean;
}

/**
 * Shows the nodes of a job while it runs: a line for each change of a node's state with the time that it took, and the logs
 * of its commands, each line with the node's name in front.
 */
export class NodeTree implements Progress {
  private readonly entries = new Map<string, Entry>();
  private hasComplained = false;

  constructor(
    private readonly azure: Azure,
    private readonly agent: Agent,
    private readonly jobName: string,
    /** Are the runs below trials of a sweep or of AutoML? */
    private readonly ofTrials: boolean,
  ) {}

  /** In the order of the tree. */
  get nodes(): Node[] {
    return this.below(this.jobName);
  }

  /** Runs come to be at any time: those of one parent stand together, whenever they were seen first. */
  private below(parent: string): Node[] {
    return [...this.entries.values()]
      .filter((entry) => entry.parent === parent)
      .flatMap(({ node }) => [node, ...this.below(node.runId)]);
  }

  async pump(): Promise<void> {
    await this.look(this.jobName, '', 0, !this.ofTrials);
  }

  async finish(): Promise<void> {
    await this.pump();
    for (const { log, node, hasNodes } of this.entries.values()) {
      if (hasNodes) continue;
      await log?.finish();
      node.lastLines = log?.lastLines ?? [];
    }
    if (this.entries.size > 0) this.agent.print(treeText(this.nodes));
  }

  /** @returns whether there are runs below `parent` */
  private async look(parent: string, above: string, depth: number, showLogs: boolean): Promise<boolean> {
    const runs = await this.runsBelow(parent);
    for (const run of runs) {
      const name = above === '' ? run.displayName : `${above} / ${run.displayName}`;
      const entry = this.see(run, parent, name, depth);
      if (isWaiting(run.status)) continue;
      const mayHaveNodes = parentType.test(run.runType) || (stepType.test(run.runType) && entry.log?.isFound !== true);
      if (mayHaveNodes) {
        const found = await this.look(run.runId, name, depth + 1, showLogs && !trialParent.test(run.runType));
        entry.hasNodes ||= found;
      }
      if (showLogs && !parentType.test(run.runType) && !entry.hasNodes) {
        entry.log ??= new JobLog(this.azure, this.agent, run.runId, `[${name}] `);
        // A log is complete once a look came after the run's end.
        if (!isEnded(entry.node.status) || !isEnded(entry.run.status)) await entry.log.pump();
        entry.node.lastLines = entry.log.lastLines;
      }
      entry.run = run;
    }
    return runs.length > 0;
  }

  /** Of a run that cannot be looked into there are none: the others are shown all the same. */
  private async runsBelow(parent: string): Promise<ChildRun[]> {
    try {
      return await childRuns(this.azure, parent);
    } catch (error) {
      // Before the first node starts run history may not know the job at all.
      if (this.hasComplained || (error instanceof AzureError && error.status === 404)) return [];
      this.hasComplained = true;
      this.agent.warn(`The nodes of job ${this.jobName} cannot be shown: ${errorText(error)}`);
      return [];
    }
  }

  private see(run: ChildRun, parent: string, name: string, depth: number): Entry {
    const known = this.entries.get(run.runId);
    const status = canonicalStatus(run.status);
    const entry = known ?? {
      run: { ...run, status: 'NotStarted' },
      node: { runId: run.runId, name, depth, status: '', lastLines: [] },
      parent,
      hasNodes: false,
    };
    this.entries.set(run.runId, entry);
    Object.assign(entry.node, { startTime: run.startTime, endTime: run.endTime });
    if (entry.node.status !== status) {
      entry.node.status = status;
      this.agent.print(`Node ${name}: ${status}${durationOf(entry.node)}`);
    }
    return entry;
  }
}

function isWaiting(status: string): boolean {
  return /^(?:notstarted|queued)$/i.test(status);
}

/** ` (1 min 5 s)`; empty before the start. */
function durationOf({ startTime, endTime }: Node): string {
  const text = duration(startTime, endTime);
  return text === '' ? '' : ` (${text})`;
}

/** From start to end, or to now; '' when it has not started. */
export function duration(startTime: string | undefined, endTime: string | undefined, now = Date.now()): string {
  const start = Date.parse(startTime ?? '');
  if (Number.isNaN(start)) return '';
  const end = Date.parse(endTime ?? '');
  const total = Math.max(0, Math.round(((Number.isNaN(end) ? now : end) - start) / 1000));
  return total < 60 ? `${total} s` : `${Math.floor(total / 60)} min ${total % 60} s`;
}

/** The tree with state and time, a node a line. */
function treeText(nodes: readonly Node[]): string {
  const label = ({ name, depth }: Node): string => '  '.repeat(depth + 1) + (name.split(' / ').at(-1) ?? name);
  const width = Math.max(...nodes.map((node) => label(node).length));
  const row = (node: Node): string =>
    `${label(node).padEnd(width)}  ${node.status.padEnd(10)} ${duration(node.startTime, node.endTime)}`.trimEnd();
  return ['Nodes:', ...nodes.map(row)].join('\n');
}
