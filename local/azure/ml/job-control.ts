import type { Core } from '../service';
import { terminal, TrackingStore, type RunError, type RunStatus } from './tracking-store';
import { isObject, optionalObject } from './wire';

/** Why a job is to end before its time. */
export type Stop = 'cancel' | 'timeout' | 'shutdown';

/** How a job ended. */
export interface JobEnd {
  status: RunStatus;
  error?: RunError;
}

/** What a job does: settles when it has ended, with its error when it failed. */
export type Work = (control: JobControl) => Promise<RunError | undefined>;

/** A job while it runs, whatever its type: its status, and the wish that it end. */
export class JobControl {
  readonly name: string;
  readonly workspace: string;
  private readonly ending = new AbortController();
  private wish: { stop: Stop; error: RunError | undefined } | undefined;

  constructor(
    private readonly core: Core,
    /** ARM id of the job. */
    readonly id: string,
  ) {
    const parts = id.split('/jobs/');
    this.name = parts.pop() ?? '';
    this.workspace = parts.join('/jobs/');
  }

  /** Aborted when the job is to end. */
  get signal(): AbortSignal {
    return this.ending.signal;
  }

  get stop(): Stop | undefined {
    return this.wish?.stop;
  }

  /** The error that a job which was ended is left with. */
  get stopError(): RunError | undefined {
    return this.wish?.error;
  }

  /** Asks the job to end. The first reason stays. */
  end(stop: Stop, error?: RunError): void {
    this.wish ??= { stop, error };
    this.ending.abort(new Error('The job is to end.'));
  }

  /** A job that is to end makes no further steps forward. */
  setStatus(status: RunStatus): void {
    const last = status === 'CancelRequested' || terminal.includes(status);
    if (this.wish === undefined || last) setJobStatus(this.core, this.id, status);
  }
}

/** Writes a job's status where it is read: in its resource and in its run. */
export function setJobStatus(core: Core, id: string, status: RunStatus): void {
  const now = Date.now();
  const document = core.store.get(id);
  if (!isObject(document)) return;
  const properties = optionalObject(document['properties'], 'properties');
  const details = optionalObject(properties['properties'], 'properties');
  if (status === 'Running') details['StartTimeUtc'] = utc(now);
  if (terminal.includes(status)) {
    details['StartTimeUtc'] ??= utc(now);
    details['EndTimeUtc'] = utc(now);
  }
  core.store.set(id, { ...document, properties: { ...properties, properties: details, status } });
  const [workspace = '', name = ''] = id.split('/jobs/');
  new TrackingStore(core, workspace).updateRun(name, (run) => {
    run.status = status;
    if (status === 'Running') run.started = now;
    if (terminal.includes(status)) run.ended = now;
  });
}

/** Writes a job's last status, and why it failed. */
export function finishJob(core: Core, id: string, { status, error }: JobEnd): void {
  const [workspace = '', name = ''] = id.split('/jobs/');
  if (error !== undefined) new TrackingStore(core, workspace).updateRun(name, (run) => (run.error = error));
  setJobStatus(core, id, status);
}

/** `2025-11-04 09:28:29`, as the job's properties tell times. */
function utc(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}
