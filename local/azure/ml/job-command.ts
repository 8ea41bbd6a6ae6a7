import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Core } from '../service';
import { Assets } from './assets';
import type { JobControl, Work } from './job-control';
import { readJob, type CommandJob } from './job-document';
import { jobEnvironment } from './job-environment';
import { boundCommand, collectFiles, prepareFiles, type Bindings } from './job-files';
import { JobLog } from './job-log';
import { registerOutputs } from './job-outputs';
import { processMark, startGroup } from './process-group';
import type { PythonEnvironment, PythonEnvironments } from './python';
import { Slots } from './slots';
import { TrackingStore, type RunError } from './tracking-store';
import { errorMessage } from './wire';

/** Log of what a job prints, as the Common Runtime of the service names it. */
export const stdLog = 'user_logs/std_log.txt';
export const buildLog = 'azureml-logs/20_image_build_log.txt';

/** How a child of another job differs from a job that somebody submitted. */
export interface CommandOptions {
  /** Waits for a free core before the process starts. */
  isChild?: boolean;
  /** What bash runs instead of the job's command. `folder` is the job's own, outside of its code. */
  command?: (bindings: Bindings, folder: string) => Promise<string>;
}

/** Runs command jobs as processes of this machine. */
export class Commands {
  private readonly slots = new Slots(availableParallelism());

  constructor(
    private readonly core: Core,
    private readonly environments: PythonEnvironments,
  ) {}

  /** The work of a stored command job. */
  work(id: string, options: CommandOptions = {}): Work {
    const job = readJob(this.core.store.get(id));
    return (control) => new CommandRun(this.core, this.environments, this.slots, job, control, options).run();
  }
}

class CommandRun {
  private readonly folder: string;
  private readonly log: JobLog;
  private readonly assets: Assets;

  constructor(
    private readonly core: Core,
    private readonly environments: PythonEnvironments,
    private readonly slots: Slots,
    private readonly job: CommandJob,
    private readonly control: JobControl,
    private readonly options: CommandOptions,
  ) {
    this.folder = join(core.folder('jobs'), job.name);
    this.log = new JobLog(core, job.name, stdLog);
    this.assets = new Assets(core, job.workspace);
  }

  async run(): Promise<RunError | undefined> {
    try {
      const error = await this.execute();
      await this.log.flush();
      return error;
    } catch (error) {
      await this.log.flush().catch((cause: unknown) => this.core.log(`Job ${this.job.name}: ${errorMessage(cause)}`));
      throw error;
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }

  /** The error of a job that failed, `undefined` for one that ended well. */
  private async execute(): Promise<RunError | undefined> {
    this.control.setStatus('Preparing');
    await rm(this.folder, { recursive: true, force: true });
    await mkdir(this.folder, { recursive: true });
    const [python, bindings] = await this.prepare();
    this.control.setStatus('Queued');
    this.control.signal.throwIfAborted();
    const exit = await this.inSlot(() => this.runProcess(python, bindings));
    this.control.setStatus('Finalizing');
    await this.log.flush();
    await collectFiles(this.core, this.assets, this.job, this.folder);
    if (exit === 0) {
      if (this.control.stop === undefined) await registerOutputs(this.core, this.job);
      return undefined;
    }
    return {
      code: 'UserError',
      message:
        `Execution failed. User process 'bash' exited with status code ${exit}. ` +
        `Please check log file '${stdLog}' for error details. Error: ${this.log.lastLines(20)}`,
    };
  }

  private async inSlot<T>(act: () => Promise<T>): Promise<T> {
    if (this.options.isChild !== true) return act();
    const release = await this.slots.take(this.control.signal);
    try {
      return await act();
    } finally {
      release();
    }
  }

  private async prepare(): Promise<[PythonEnvironment, Bindings]> {
    const build = new JobLog(this.core, this.job.name, buildLog);
    const making = this.environments.ensure(
      this.assets.python(this.job.environmentId),
      (line) => build.line(line),
      this.control.signal,
    );
    const files = prepareFiles(this.assets, this.job, this.folder);
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
  private async runProcess(python: PythonEnvironment, bindings: Bindings): Promise<number> {
    const { job, control } = this;
    const experiment = new TrackingStore(this.core, job.workspace).ensureExperiment(job.experimentName);
    const command = await (this.options.command?.(bindings, this.folder) ?? boundCommand(job.command, bindings));
    // The command is the user's own shell command: running it with bash is what the service does, too.
    const group = await startGroup('bash', ['-c', command], {
      cwd: join(this.folder, 'code'),
      env: jobEnvironment(this.core, job, experiment.id, python, bindings),
      onOutput: (chunk) => this.log.write(chunk),
    });
    const end = (): void => void group.end(control.stop === 'shutdown' ? 1_000 : 3_000);
    control.signal.addEventListener('abort', end, { once: true });
    this.core.store.set(`job-process/${job.id}`, { pid: group.pid, mark: processMark(group.pid) });
    control.setStatus('Running');
    const timer = job.timeoutMs === undefined ? undefined : setTimeout(() => this.timeOut(), job.timeoutMs);
    if (control.stop !== undefined) await group.end(1_000);
    const exit = await group.exited;
    clearTimeout(timer);
    control.signal.removeEventListener('abort', end);
    // What the command left running in the background ends with it, as a container's processes do.
    await group.end(control.stop === undefined ? 500 : 2_000);
    return exit.code ?? 128;
  }

  private timeOut(): void {
    const message = `The job ran longer than its limit of ${(this.job.timeoutMs ?? 0) / 1000} s and was ended.`;
    this.control.end('timeout', { code: 'UserError', message });
  }
}
