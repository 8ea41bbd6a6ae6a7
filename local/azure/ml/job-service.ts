import type { Core } from '../service';
import { Commands } from './job-command';
import { newCommandJob } from './job-document';
import type { JobHost, NewJob } from './job-host';
import { askedJob } from './job-parts';
import { descendants, recordJob } from './job-record';
import { JobRunner } from './job-runner';
import { newPipelineJob } from './pipeline/document';
import { PythonEnvironments } from './python';
import { newSweepJob } from './sweep/document';
import { TrackingStore } from './tracking-store';
import { invalid, isObject, optionalText, text, type Json } from './wire';

const unsupported: Record<string, string> = {
  AutoML: 'automated machine learning',
  Labeling: 'data labelling',
  Spark: 'Spark',
  FineTuning: 'fine-tuning',
};

/** The jobs of a cloud: submits them, ends them, deletes them. There is one of it for a core (`jobService`). */
export class JobService implements JobHost {
  readonly runner: JobRunner;
  readonly commands: Commands;

  constructor(readonly core: Core) {
    this.runner = new JobRunner(core);
    this.commands = new Commands(core, new PythonEnvironments());
  }

  /**
   * Checks a job, stores it and starts it.
   * @param body `{ properties: { jobType, … } }`, as a PUT carries it.
   * @returns the stored resource.
   * @throws ArmFault 400 when the job is not valid; nothing is stored then.
   */
  submit(workspace: string, name: string, body: unknown, userId: string): Json {
    const { document, work } = this.make(workspace, name, body, userId);
    const id = `${workspace}/jobs/${name}`;
    recordJob(this.core, workspace, document, { userId });
    void this.runner.start(id, work(id));
    const stored = this.core.store.get(id);
    return isObject(stored) ? stored : document;
  }

  private make(workspace: string, name: string, body: unknown, userId: string): NewJob {
    const asked = askedJob(name, body);
    const type = text(asked, 'jobType', 'properties');
    if (type === 'Command')
      return {
        document: newCommandJob(this.core, workspace, name, body, userId),
        work: (id) => this.commands.work(id),
      };
    if (type === 'Pipeline') return newPipelineJob(this, workspace, name, asked, userId);
    if (type === 'Sweep') return newSweepJob(this, workspace, name, asked, userId);
    throw wrongType(type);
  }

  /** Asks a job to end, and with it its children. */
  cancel(id: string): void {
    this.runner.cancel(id);
  }

  /** Ends a job and removes it with its children; their runs stay, marked as deleted. */
  async delete(workspace: string, name: string): Promise<void> {
    const id = `${workspace}/jobs/${name}`;
    this.runner.cancel(id);
    await this.runner.ended(id);
    for (const one of [id, ...descendants(this.core, workspace, name)]) {
      this.core.store.delete(one);
      const run = one.split('/jobs/').pop() ?? '';
      new TrackingStore(this.core, workspace).updateRun(run, (found) => void (found.lifecycle = 'deleted'));
    }
  }

  /** The status of a stored job. */
  status(id: string): string | undefined {
    const document = this.core.store.get(id);
    if (!isObject(document) || !isObject(document['properties'])) return undefined;
    return optionalText(document['properties'], 'status', 'properties');
  }
}

const services = new WeakMap<Core, JobService>();

/** The jobs of this cloud, for every service that submits some. */
export function jobService(core: Core): JobService {
  const service = services.get(core) ?? new JobService(core);
  services.set(core, service);
  return service;
}

function wrongType(type: string): Error {
  const known = unsupported[type];
  return known === undefined
    ? invalid(`'${type}' is not a type of job.`, 'ValidationError', 'properties.jobType')
    : invalid(
        `This local workspace runs command, sweep and pipeline jobs, not ${known} jobs (jobType '${type}').`,
        'NotSupported',
        'properties.jobType',
      );
}
