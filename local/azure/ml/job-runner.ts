import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Core } from '../service';
import { Assets } from './assets';
import { readJob, type CommandJob } from './job-document';
import { jobEnvironment } from './job-environment';
import { boundCommand, collectFiles, prepareFiles, type Bindings } from './job-files';
import { JobLog } from './job-log';
import { endLeftover, processMark, startGroup, type ProcessGroup } from './process-group';
import type { PythonEnvironment, PythonEnvironments } from './python';
import { terminal, TrackingStore, type RunError, type RunStatus } from './tracking-store';
import { errorMessage, isObject, optionalObject } from './wire';

/** Log of what a job prints, as the Common Runtime of the service names it. */
export const stdLog = 'user_logs/std_log.txt';
export const buildLog = 'azureml-logs/20_image_build_log.txt';

type Stop = 'cancel' | 'timeout' | 'shutdown';

interface Running {
  job: CommandJob;
  abort: AbortController;
  group: ProcessGroup | undefined;
  stop: Stop | undefined;
  done: Promise<void>;
}

/** Runs command jobs as processes of this machine and keeps their resource and their run up to date. */
export class JobRunner {
  private readonly running = new Map<string, Running>();

  constructor(
    private readonly core: Core,
    private readonly environments: PythonEnvironments,
  ) {}

  /** Starts a stored job in the background. */
  start(id: string): void {
    const job = readJob(this.core.store.get(id));
    const entry: Running = {
      job,
      abort: new AbortController(),
      group: undefined,
      stop: undefined,
      done: Promise.resolve(),
    };
    this.running.set(id.toLowerCase(), entry);
    entry.done = this.run(entry)
      .catch((error: unknown) => this.core.log(`Job ${job.name}: ${errorMessage(error)}`))
      .finally(() => this.running.delete(id.toLowerCase()));
  }

  /** Asks a job to end; settles at once. A job that has ended stays as it is. */
  cancel(id: string): void {
    const entry = this.running.get(id.toLowerCase());
    if (entry === undefined || entry.stop !== undefined) return;
    this.setStatus(entry.job, 'CancelRequested');
    this.end(entry, 'cancel');
  }

  /** Settles when the job has ended (at once when it is not running). */
  async ended(id: string): Promise<void> {
    await this.running.get(id.toLowerCase())?.done;
  }

  /** Ends every running job; each is marked Canceled. */
  async stop(): Promise<void> {
    const entries = [...this.running.values()];
    for (const entry of entries) this.end(entry, 'shutdown');
    await Promise.all(entries.map((entry) => entry.done));
  }

  /** Jobs that were running when an earlier life of this server died without a goodbye. */
  async settleLeftovers(): Promise<void> {
    for (const key of this.core.store.keys('job-process/')) {
      const left = this.core.store.get(key);
      if (isObject(left) && typeof left['pid'] === 'number') {
        const mark = typeof left['mark'] === 'string' ? left['mark'] : undefined;
        await endLeftover({ pid: left['pid'], mark });
      }
      this.core.store.delete(key);
      const id = key.slice('job-process/'.length);
      if (this.core.store.get(id) === undefined) continue;
      const job = readJob(this.core.store.get(id));
      this.finish(job, 'Failed', {
        code: 'ServiceError',
        message: 'The job was lost: the local Azure ended while it ran.',
      });
    }
  }

  private end(entry: Running, stop: Stop): void {
    entry.stop ??= stop;
    entry.abort.abort(new Error('The job is to end.'));
    if (entry.group !== undefined) void entry.group.end(stop === 'shutdown' ? 1_000 : 3_000);
  }

  private async run(entry: Running): Promise<void> {
    const { job } = entry;
    const folder = join(this.core.folder('jobs'), job.name);
    const log = new JobLog(this.core, job.name, stdLog);
    this.core.store.set(`job-process/${job.id}`, {});
    try {
      const error = await this.execute(entry, folder, log);
      await log.flush();
      if (entry.stop !== undefined) this.finish(job, 'Canceled', stopReason(entry));
      else this.finish(job, error === undefined ? 'Completed' : 'Failed', error);
    } catch (error) {
      if (entry.stop !== undefined) this.finish(job, 'Canceled', stopReason(entry));
      else this.finish(job, 'Failed', { code: 'UserError', message: errorMessage(error) });
      await log.flush().catch((cause: unknown) => this.core.log(`Job ${job.name}: ${errorMessage(cause)}`));
    } finally {
      this.core.store.delete(`job-process/${job.id}`);
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** The error of a job that failed, `undefined` for one that ended well. */
  private async execute(entry: Running, folder: string, log: JobLog): Promise<RunError | undefined> {
    const { job } = entry;
    const assets = new Assets(this.core, job.workspace);
    this.setStatus(job, 'Preparing');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const [python, bindings] = await this.prepare(entry, assets, folder);
    this.setStatus(job, 'Queued');
    entry.abort.signal.throwIfAborted();
    const exit = await this.runProcess(entry, folder, log, python, bindings);
    if (entry.stop === undefined) this.setStatus(job, 'Finalizing');
    await log.flush();
    await collectFiles(this.core, assets, job, folder);
    if (exit === 0) return undefined;
    return {
      code: 'UserError',
      message:
        `Execution failed. User process 'bash' exited with status code ${exit}. ` +
        `Please check log file '${stdLog}' for error details. Error: ${log.lastLines(20)}`,
    };
  }

  private async prepare(entry: Running, assets: Assets, folder: string): Promise<[PythonEnvironment, Bindings]> {
    const { job } = entry;
    const build = new JobLog(this.core, job.name, buildLog);
    const making = this.environments.ensure(
      assets.python(job.environmentId),
      (line) => build.line(line),
      entry.abort.signal,
    );
    const files = prepareFiles(assets, job, folder);
    try {
      // Both are waited for, so that neither goes on in the background after the other has failed.
      const [python, bindings] = await Promise.allSettled([making, files]);
      if (python.status === 'rejected') throw python.reason;
      if (bindings.status === 'rejected') throw bindings.reason;
      return [python.value, bindings.value];
    } finally {
      await build.flush();
    }
  }

  /** The exit code of the user's command; a signal counts as 128, as shells tell it. */
  private async runProcess(
    entry: Running,
    folder: string,
    log: JobLog,
    python: PythonEnvironment,
    bindings: Bindings,
  ): Promise<number> {
    const { job } = entry;
    const experiment = new TrackingStore(this.core, job.workspace).ensureExperiment(job.experimentName);
    // The command is the user's own shell command: running it with bash is what the service does, too.
    const group = await startGroup('bash', ['-c', boundCommand(job.command, bindings)], {
      cwd: join(folder, 'code'),
      env: jobEnvironment(this.core, job, experiment.id, python, bindings),
      onOutput: (chunk) => log.write(chunk),
    });
    entry.group = group;
    this.core.store.set(`job-process/${job.id}`, { pid: group.pid, mark: processMark(group.pid) });
    this.setStatus(job, 'Running');
    const timer = job.timeoutMs === undefined ? undefined : setTimeout(() => this.end(entry, 'timeout'), job.timeoutMs);
    if (entry.stop !== undefined) await group.end(1_000);
    const exit = await group.exited;
    clearTimeout(timer);
    // What the command left running in the background ends with it, as a container's processes do.
    await group.end(entry.stop === undefined ? 500 : 2_000);
    return exit.code ?? 128;
  }

  private setStatus(job: CommandJob, status: RunStatus): void {
    const now = Date.now();
    const document = this.core.store.get(job.id);
    if (!isObject(document)) return;
    const properties = optionalObject(document['properties'], 'properties');
    const details = optionalObject(properties['properties'], 'properties');
    if (status === 'Running') details['StartTimeUtc'] = utc(now);
    if (terminal.includes(status)) {
      details['StartTimeUtc'] ??= utc(now);
      details['EndTimeUtc'] = utc(now);
    }
    this.core.store.set(job.id, { ...document, properties: { ...properties, properties: details, status } });
    new TrackingStore(this.core, job.workspace).updateRun(job.name, (run) => {
      run.status = status;
      if (status === 'Running') run.started = now;
      if (terminal.includes(status)) run.ended = now;
    });
  }

  private finish(job: CommandJob, status: RunStatus, error: RunError | undefined): void {
    if (error !== undefined)
      new TrackingStore(this.core, job.workspace).updateRun(job.name, (run) => (run.error = error));
    this.setStatus(job, status);
  }
}

function stopReason(entry: Running): RunError | undefined {
  if (entry.stop === 'timeout')
    return {
      code: 'UserError',
      message: `The job ran longer than its limit of ${(entry.job.timeoutMs ?? 0) / 1000} s and was ended.`,
    };
  if (entry.stop === 'shutdown')
    return { code: 'ServiceError', message: 'The job was ended because the local Azure was stopped.' };
  return undefined;
}

/** `2025-11-04 09:28:29`, as the job's properties tell times. */
function utc(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}
