import type { Agent } from '../../lib/agent/agent';
import { CancelledError, TaskError } from '../../lib/agent/errors';
import { gitProperties, runTags, type PipelineRun } from '../../lib/agent/pipeline-run';
import type { Azure } from '../../lib/azure/azure';
import { stringMap } from '../../lib/agent/json';
import { getJob, putJob, type Job } from '../../lib/azure/jobs';
import type { PreparedJob } from './job';
import { jobKey, jobName } from './name';

/** More failed attempts than a person would start by hand: something else is wrong. */
const mostAttempts = 50;

export interface Submitted {
  job: Job;
  key: string;
  attempt: number;
  /** The job was there already and is followed on. */
  isAttached: boolean;
}

/**
 * Submits the job under its deterministic name, or finds the one that an earlier attempt of this step submitted. A job
 * that failed or was cancelled is left as it is and a new attempt gets a new name: a PUT of its name would answer with
 * the old job.
 *
 * @param onName told the name just before the job is created, so that a cancellation can reach it
 */
export async function submit(
  azure: Azure,
  agent: Agent,
  run: PipelineRun,
  job: PreparedJob,
  onName: (name: string) => void,
): Promise<Submitted> {
  const key = jobKey(run, job);
  for (let attempt = 1; attempt <= mostAttempts; attempt++) {
    const name = jobName(key, attempt);
    const existing = await getJob(azure, name);
    if (!existing) {
      // Uploads go on for a moment when the step is cancelled; nothing is started any more.
      if (agent.cancelled.aborted) throw new CancelledError('Cancelled before a job was submitted.');
      onName(name);
      const created = await putJob(azure, name, body(job, name, run, key), job.apiVersion);
      agent.print(`Submitted job ${name}${attempt > 1 ? `, attempt ${attempt}` : ''}: ${created.status}.`);
      return { job: created, key, attempt, isAttached: false };
    }
    if (!isLost(existing.status)) {
      onName(name);
      agent.print(`Job ${name} of an earlier attempt of this step is ${existing.status}; following it.`);
      return { job: existing, key, attempt, isAttached: true };
    }
    agent.print(`Job ${name} of an earlier attempt of this step ended as ${existing.status}; a new one is made.`);
  }
  throw new TaskError(`${mostAttempts} jobs of this step have failed already.`, 'Start a new run.');
}

function isLost(status: string): boolean {
  return /^(?:failed|cancell?ed|cancelrequested)$/i.test(status);
}

/** The job as the file has it, marked with the commit and the run that made it. */
function body({ properties }: PreparedJob, name: string, run: PipelineRun, key: string): unknown {
  const { displayName, tags, properties: own } = properties;
  return {
    properties: {
      ...properties,
      // A job without a name of its own is shown under the one that it gets.
      displayName: displayName === '' ? name : displayName,
      tags: { ...stringMap(tags), ...runTags(run) },
      properties: { ...stringMap(own), ...gitProperties(run), 'mlops.key': key },
    },
  };
}
