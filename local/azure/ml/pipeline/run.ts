import { createHash, randomUUID } from 'node:crypto';
import { endWith } from '../job-children';
import type { JobControl, JobEnd } from '../job-control';
import type { JobHost } from '../job-host';
import { JobLog } from '../job-log';
import { jobInputs, jobOutputs } from '../job-parts';
import type { RunError } from '../tracking-store';
import { bindNode, type Bound, type Place } from './bind';
import type { Graph, Node } from './model';

export const pipelineLog = 'logs/azureml/executionlogs.txt';

interface Step {
  node: Node;
  /** Name of the child job, once it was started. */
  child?: string;
  end?: JobEnd;
}

/** Starts the child job of a node under a name; settles when it has ended. */
export type StartNode = (node: Node, child: string, bound: Bound, control: JobControl) => Promise<JobEnd>;

/** The work of a pipeline: each node as a job of its own, as soon as those that it needs have ended well. */
export class PipelineRun {
  private readonly log: JobLog;
  private readonly steps: Map<string, Step>;
  private readonly active = new Map<string, Promise<void>>();
  private readonly places: Record<string, Record<string, Place>> = {};
  private isHalted = false;

  constructor(
    private readonly host: JobHost,
    private readonly control: JobControl,
    private readonly graph: Graph,
    private readonly startNode: StartNode,
  ) {
    this.log = new JobLog(host.core, control.name, pipelineLog);
    this.steps = new Map(Object.values(graph.nodes).map((node) => [node.name, { node }]));
  }

  async run(): Promise<RunError | undefined> {
    const { control } = this;
    const { onInit, onFinalize } = this.graph.settings;
    control.setStatus('Preparing');
    const forget = endWith(this.host, control, () => this.children());
    try {
      control.setStatus('Running');
      if (onInit !== undefined) await this.settle([onInit]);
      const frame = [onInit, onFinalize];
      await this.settle([...this.steps.keys()].filter((name) => !frame.includes(name)));
      this.isHalted = false;
      if (onFinalize !== undefined) await this.settle([onFinalize]);
      control.setStatus('Finalizing');
      return this.failure();
    } finally {
      forget();
      this.line('Finishing experiment: no runs left and nothing to schedule.');
      await this.log.flush();
    }
  }

  /** Runs these nodes: in the order of their needs, as many at a time as can be. */
  private async settle(names: string[]): Promise<void> {
    for (;;) {
      const ready = this.isHalted ? [] : names.filter((name) => this.isReady(name));
      if (this.control.stop === undefined && ready.length > 0) this.submit(ready);
      if (this.active.size === 0) return;
      await Promise.race(this.active.values());
    }
  }

  private isReady(name: string): boolean {
    const step = this.steps.get(name);
    if (step === undefined || step.child !== undefined) return false;
    return step.node.needs.every((other) => this.steps.get(other)?.end?.status === 'Completed');
  }

  private submit(names: string[]): void {
    const begun = names.flatMap((name) => {
      const step = this.steps.get(name);
      return step === undefined ? [] : [this.start(step)];
    });
    const shown = begun.slice(0, 5).join(',');
    this.line(`Submitting ${begun.length} runs, first five are: ${shown}`);
  }

  private start(step: Step): string {
    const child = randomUUID();
    const { node } = step;
    step.child = child;
    const bound = bindNode(node, child, {
      inputs: jobInputs(this.stored()),
      outputs: jobOutputs(this.stored()),
      places: this.places,
      settings: this.graph.settings,
    });
    this.places[node.name] = bound.places;
    const done = this.startNode(node, child, bound, this.control)
      .then((end) => this.ended(step, end))
      .finally(() => this.active.delete(child));
    this.active.set(child, done);
    return `${createHash('sha256').update(node.name).digest('hex').slice(0, 8)}:${child}`;
  }

  private ended(step: Step, end: JobEnd): void {
    step.end = end;
    this.line(`Completing processing run id ${step.child ?? ''}.`);
    if (end.status === 'Completed' || this.graph.settings.continueOnStepFailure || this.isHalted) return;
    this.isHalted = true;
    if (this.control.stop !== undefined) return;
    this.line('Execution of experiment failed, update experiment status and cancel running nodes.');
    for (const name of this.children()) this.host.runner.cancel(`${this.control.workspace}/jobs/${name}`);
  }

  private children(): string[] {
    return [...this.active.keys()];
  }

  private stored(): unknown {
    return this.host.core.store.get(this.control.id);
  }

  /** Of a pipeline with nodes that did not end well: names them, with the first one's reason. */
  private failure(): RunError | undefined {
    const ended = [...this.steps.values()].filter(({ end }) => end !== undefined && end.status !== 'Completed');
    if (ended.length === 0) return undefined;
    const failed = ended.filter(({ end }) => end?.status === 'Failed');
    const named = failed.length > 0 ? failed : ended;
    const first = named[0];
    const names = named.map(({ node }) => `/${node.name}`).join(', ');
    return {
      code: 'UserError',
      message:
        `Pipeline has failed child jobs. Failed nodes: ${names}. For more details and logs, please go to the job detail page and ` +
        `check the child jobs. The first, ${first?.node.name ?? ''} (${first?.child ?? ''}): ` +
        (first?.end?.error?.message ?? `it ended as ${first?.end?.status ?? ''}.`),
    };
  }

  private line(text: string): void {
    this.log.line(`[${new Date().toISOString().slice(0, 19).replace('T', ' ')}Z] ${text}`);
  }
}
