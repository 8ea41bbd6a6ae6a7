import type { Agent, Outcome } from '../../lib/agent/agent';
import { errorText } from '../../lib/agent/errors';
import { readPipelineRun } from '../../lib/agent/pipeline-run';
import { setLines } from '../../lib/assets/set';
import type { Azure } from '../../lib/azure/azure';
import type { Job } from '../../lib/azure/jobs';
import { azureRemote } from '../../lib/azure/remote';
import { runDetails, trackedRun, type RunDetails } from '../../lib/azure/runs';
import { withCancellation, type InFlight } from './cancel';
import { follow, type FollowOptions } from './follow';
import type { Inputs } from './inputs';
import { prepareJob, readJobFile, refuseUserIdentity } from './job';
import { JobLog } from './log';
import { failureText, metricsJson, report, type Training } from './report';
import { submit, type Submitted } from './submit';

export interface Collaborators {
  agent: Agent;
  azure: Azure;
  /** Pace of the wait; tests shorten it. */
  pace?: Pick<FollowOptions, 'firstDelayMs' | 'now'>;
}

/**
 * Submits the job of a YAML file and follows it to its end.
 *
 * @throws TaskError for what the file or the inputs say wrongly, CancelledError when the agent cancels the step
 */
export async function train(inputs: Inputs, collaborators: Collaborators): Promise<Outcome> {
  const { agent, azure } = collaborators;
  const inFlight: InFlight = {};
  return withCancellation({ azure, agent, onCancel: inputs.onCancel }, inFlight, work(inputs, collaborators, inFlight));
}

async function work(inputs: Inputs, { agent, azure, pace }: Collaborators, inFlight: InFlight): Promise<Outcome> {
  const file = await readJobFile(inputs.jobFile, azure.workspace.id, setLines(inputs.set));
  refuseUserIdentity(file, inputs.jobFile);
  if (file.ownName !== undefined) {
    agent.print(
      `The file names the job "${file.ownName}"; a job's name is used once for ever, so the run's own name is taken.`,
    );
  }
  const run = readPipelineRun(agent);
  agent.progress(5, 'uploading code and environment');
  const job = await prepareJob(file, azureRemote(azure, agent));
  agent.progress(15, 'submitting the job');
  const submitted = await submit(azure, agent, run, job, (name) => (inFlight.jobName = name));
  announce(agent, submitted.job);
  if (!inputs.wait) return handOver(agent, submitted);

  const log = new JobLog(azure, agent, submitted.job.name);
  const ended = await follow(azure, agent, submitted.job.name, log, {
    timeoutMs: inputs.timeoutMinutes * 60_000,
    ...pace,
  });
  inFlight.hasEnded = true;
  const training: Training = {
    job: ended,
    submitted,
    prepared: job,
    run,
    lastLines: log.lastLines,
    ...(await readRun(azure, agent, ended)),
  };
  agent.output('jobStatus', ended.status);
  agent.output('metrics', metricsJson(training.metrics));
  await report(agent, training);
  agent.progress(100, `job ${ended.name}: ${ended.status}`);
  if (ended.status === 'Completed') return { result: 'succeeded', message: `Job ${ended.name} completed.` };
  return { result: 'failed', message: failureText(training) };
}

/** Set as soon as they are known: a later step may need them when this one fails. */
function announce(agent: Agent, job: Job): void {
  agent.output('jobName', job.name);
  agent.output('studioUrl', job.studioUrl ?? '');
  if (job.studioUrl !== undefined) agent.print(`Studio: ${job.studioUrl}`);
}

function handOver(agent: Agent, { job }: Submitted): Outcome {
  agent.output('jobStatus', job.status);
  agent.output('metrics', metricsJson({}));
  return { result: 'succeeded', message: `Job ${job.name} is ${job.status}; not waited for.` };
}

type RunFacts = Pick<Training, 'metrics' | 'params' | 'details'>;

/** What tracking and run history know. A completed job does not fail because one of them cannot be read. */
async function readRun(azure: Azure, agent: Agent, job: Job): Promise<RunFacts> {
  const facts: RunFacts = { metrics: {}, params: {} };
  const attempt = async (what: string, read: () => Promise<void>): Promise<void> => {
    try {
      await read();
    } catch (error) {
      agent.warn(`The ${what} of job ${job.name} cannot be read: ${errorText(error)}`);
    }
  };
  await attempt('metrics', async () => {
    const { metrics, params } = await trackedRun(azure, job.name);
    Object.assign(facts, { metrics, params });
  });
  await attempt('run history', async () => {
    const details: RunDetails = await runDetails(azure, job.name);
    facts.details = details;
  });
  return facts;
}
