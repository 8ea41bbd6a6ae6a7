import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWith, noteProperties } from '../job-children';
import type { JobControl, JobEnd } from '../job-control';
import type { JobHost } from '../job-host';
import { JobLog } from '../job-log';
import { copyPlace, registerOutputs } from '../job-outputs';
import { jobOutputs } from '../job-parts';
import { TrackingStore, type RunError } from '../tracking-store';
import { combinations, type Combination } from './sampling';
import type { SweepSettings } from './settings';
import { bestOf, Termination } from './termination';

export const sweepLog = 'azureml-logs/hyperdrive.txt';

/** How often the trials' metrics are looked at. */
const lookMs = 200;

/** After so many trials that all failed, the rest are not tried. */
const initialTrials = 3;

interface Trial {
  name: string;
  values: Combination;
  end?: JobEnd;
}

/** Starts a trial as a job of its own, part of the sweep. */
export type StartTrial = (name: string, values: Combination) => Promise<JobEnd>;

/** The work of a sweep: tries combinations until the limits, ends trials that fall behind, and notes the best. */
export class SweepRun {
  private readonly log: JobLog;
  private readonly tracking: TrackingStore;
  private readonly trials: Trial[] = [];
  private readonly active = new Map<string, Promise<void>>();
  private readonly termination: Termination | undefined;

  constructor(
    private readonly host: JobHost,
    private readonly control: JobControl,
    private readonly settings: SweepSettings,
    private readonly startTrial: StartTrial,
  ) {
    this.log = new JobLog(host.core, control.name, sweepLog);
    this.tracking = new TrackingStore(host.core, control.workspace);
    const { policy, goal } = settings;
    this.termination = policy === undefined ? undefined : new Termination(policy, goal);
  }

  async run(): Promise<RunError | undefined> {
    const { control } = this;
    control.setStatus('Preparing');
    this.line('API', 'Experiment created');
    this.describe();
    const forget = endWith(this.host, control, () => this.active.keys());
    const { timeoutMs } = this.settings.limits;
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.timeOut(timeoutMs), timeoutMs);
    try {
      control.setStatus('Running');
      await this.tryAll();
      return control.stop === undefined ? await this.conclude() : undefined;
    } finally {
      clearTimeout(timer);
      forget();
      this.line('CONTROLLER', "Experiment was 'ExperimentStatus.RUNNING', is 'ExperimentStatus.FINISHED'.");
      await this.log.flush();
    }
  }

  private async tryAll(): Promise<void> {
    const source = combinations(this.settings);
    const { total, concurrent } = this.settings.limits;
    const width = Math.min(concurrent ?? total, availableParallelism());
    let isExhausted = false;
    for (;;) {
      while (!isExhausted && this.mayStart(width, total)) {
        const next = source.next();
        if (next.done === true) isExhausted = true;
        else this.start(next.value);
      }
      if (this.active.size === 0) return;
      await this.look();
    }
  }

  private mayStart(width: number, total: number): boolean {
    return (
      this.control.stop === undefined && !this.isHopeless() && this.active.size < width && this.trials.length < total
    );
  }

  private isHopeless(): boolean {
    const ended = this.trials.filter(({ end }) => end !== undefined);
    return ended.length >= initialTrials && ended.every(({ end }) => end?.status === 'Failed');
  }

  private start(values: Combination): void {
    const trial: Trial = { name: `${this.control.name}_${this.trials.length}`, values };
    this.trials.push(trial);
    this.line('GENERATOR', "Trying to sample '1' jobs from the hyperparameter space");
    this.line('SCHEDULER', `Scheduling job, id='${trial.name}'`);
    const done = this.startTrial(trial.name, values)
      .then((end) => void (trial.end = end))
      .finally(() => this.active.delete(trial.name));
    this.active.set(trial.name, done);
    this.line('SCHEDULER', `Successfully scheduled a job. Id='${trial.name}'`);
  }

  /** Waits until a trial has ended or it is time to look at their metrics, and does so. */
  private async look(): Promise<void> {
    const waiting = new AbortController();
    const pause = sleep(this.termination === undefined ? 60_000 : lookMs, undefined, { signal: waiting.signal });
    await Promise.race([...this.active.values(), pause.catch(() => undefined)]);
    waiting.abort();
    const progress = this.trials.map((trial) => ({
      id: trial.name,
      values: this.values(trial),
      isRunning: this.active.has(trial.name),
    }));
    for (const name of this.termination?.toStop(progress) ?? []) {
      this.line('ENFORCER', `Jobs [${name}] are behind the others by the termination policy and are to be cancelled.`);
      this.host.runner.cancel(`${this.control.workspace}/jobs/${name}`);
    }
  }

  private values(trial: Trial): number[] {
    return this.tracking.history(trial.name, this.settings.metric).map(({ value }) => Number(value));
  }

  private timeOut(limitMs: number): void {
    const message = `The sweep ran longer than its limit of ${limitMs / 1000} s and was ended.`;
    this.control.end('timeout', { code: 'UserError', message });
  }

  /** Notes the best trial and gives its outputs as those of the sweep. */
  private async conclude(): Promise<RunError | undefined> {
    const failed = this.trials.filter(({ end }) => end?.status === 'Failed');
    if (failed.length > 0 && failed.length === this.trials.length) {
      const first = failed[0];
      return {
        code: 'UserError',
        message:
          `Marking the sweep as failed because its initial trials have failed: ${failed.map(({ name }) => name).join(', ')}. ` +
          `The first, ${first?.name ?? ''}: ${first?.end?.error?.message ?? ''}`,
      };
    }
    const best = this.best();
    if (best === undefined) {
      this.note({ best_metric_status: 'Failed' });
      this.line('CONTROLLER', `No trial that ended well has logged the metric '${this.settings.metric}'.`);
      return undefined;
    }
    this.control.setStatus('Finalizing');
    await this.takeOutputs(best.name);
    this.note({ best_child_run_id: best.name, score: String(best.score), best_metric_status: 'Succeeded' });
    return undefined;
  }

  private best(): { name: string; score: number } | undefined {
    const { goal } = this.settings;
    const scored = this.trials
      .filter(({ end }) => end?.status === 'Completed')
      .flatMap((trial) => {
        const score = bestOf(this.values(trial), goal);
        return score === undefined ? [] : [{ name: trial.name, score }];
      });
    // The earlier of two that are as good.
    return scored.sort((a, b) => (goal === 'maximize' ? b.score - a.score : a.score - b.score))[0];
  }

  private async takeOutputs(best: string): Promise<void> {
    const { core } = this.host;
    const { workspace, id, name } = this.control;
    const from = jobOutputs(core.store.get(`${workspace}/jobs/${best}`));
    const outputs = jobOutputs(core.store.get(id));
    for (const [key, output] of Object.entries(outputs)) {
      const source = from[key];
      if (source !== undefined) await copyPlace(core, workspace, source.uri, output.uri);
    }
    await registerOutputs(core, { name, workspace, outputs });
  }

  private describe(): void {
    const { metric, goal } = this.settings;
    this.note({ 'azureml.runsource': 'hyperdrive', primary_metric_config: JSON.stringify({ name: metric, goal }) });
  }

  private note(added: Record<string, string>): void {
    noteProperties(this.host, this.control.id, added);
  }

  private line(part: string, text: string): void {
    this.log.line(`[${new Date().toISOString().slice(0, -1)}][${part}][INFO]${text}`);
  }
}
