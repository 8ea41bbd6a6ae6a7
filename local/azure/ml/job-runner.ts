import type { Core } from '../service';
import { finishJob, JobControl, type JobEnd, type Work } from './job-control';
import { endLeftover } from './process-group';
import type { RunError } from './tracking-store';
import { errorMessage, isObject } from './wire';

/** Jobs of all types while they run: starts them, ends them, and writes how they ended. */
export class JobRunner {
  private readonly running = new Map<string, { control: JobControl; done: Promise<JobEnd> }>();

  constructor(private readonly core: Core) {}

  /** Starts a stored job in the background. The promise settles when the job has ended, and never rejects. */
  start(id: string, work: Work): Promise<JobEnd> {
    const control = new JobControl(this.core, id);
    const done = this.run(control, work).finally(() => this.running.delete(id.toLowerCase()));
    this.running.set(id.toLowerCase(), { control, done });
    return done;
  }

  /** Asks a job to end; settles at once. A job that has ended stays as it is. */
  cancel(id: string): void {
    const control = this.running.get(id.toLowerCase())?.control;
    if (control === undefined || control.stop !== undefined) return;
    control.setStatus('CancelRequested');
    control.end('cancel');
  }

  /** Settles when the job has ended (at once when it is not running). */
  async ended(id: string): Promise<void> {
    await this.running.get(id.toLowerCase())?.done;
  }

  /** Ends every running job; each is marked Canceled. */
  async stop(): Promise<void> {
    const message = 'The job was ended because the local Azure was stopped.';
    const entries = [...this.running.values()];
    for (const { control } of entries) control.end('shutdown', { code: 'ServiceError', message });
    await Promise.all(entries.map(({ done }) => done));
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
      const message = 'The job was lost: the local Azure ended while it ran.';
      finishJob(this.core, key.slice('job-process/'.length), {
        status: 'Failed',
        error: { code: 'ServiceError', message },
      });
    }
  }

  private async run(control: JobControl, work: Work): Promise<JobEnd> {
    this.core.store.set(`job-process/${control.id}`, {});
    let error: RunError | undefined;
    try {
      // Not at once: whoever starts a job first gets to know how to end it.
      await Promise.resolve();
      error = await work(control);
    } catch (cause) {
      error = { code: 'UserError', message: errorMessage(cause) };
    }
    const end: JobEnd =
      control.stop !== undefined
        ? { status: 'Canceled', error: control.stopError }
        : { status: error === undefined ? 'Completed' : 'Failed', error };
    try {
      finishJob(this.core, control.id, end);
    } catch (cause) {
      this.core.log(`Job ${control.name}: ${errorMessage(cause)}`);
    } finally {
      this.core.store.delete(`job-process/${control.id}`);
    }
    return end;
  }
}
