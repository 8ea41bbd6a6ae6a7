import type { Agent, Outcome } from '../../lib/agent/agent';
import { readPipelineRun } from '../../lib/agent/pipeline-run';
import { namingMade } from '../../lib/assets/made';
import { setLines } from '../../lib/assets/set';
import type { Azure } from '../../lib/azure/azure';
import type { Job } from '../../lib/azure/jobs';
import { azureRemote } from '../../lib/azure/remote';
import { withCancellation, type InFlight } from './cancel';
import { follow, type FollowOptions } from './follow';
import type { Inputs } from './inputs';
import { prepareJob, readJobFile, refuseUserIdentity } from './job';
import { JobLog } from './log';
import { NodeTree } from './nodes';
import { readOutcome } from './outcome';
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
  const file = await readJobFile(inputs.jobFile, azure.workspace.id, setLines(inputs.set), inputs.root);
  refuseUserIdentity(file, inputs.jobFile);
  if (file.ownName !== undefined) {
    agent.print(
      `The file names the job "${file.ownName}"; a job's name is used once for ever, so the run's own name is taken.`,
    );
  }
  const run = readPipelineRun(agent);
  agent.progress(5, 'uploading code and environment');
  const remote = azureRemote(azure, agent);
  inFlight.made = remote.made;
  const { job, submitted } = await namingMade(remote, file.scope, async () => {
    const prepared = await prepareJob(file, remote);
    agent.progress(15, 'submitting the job');
    const name = (chosen: string): string => (inFlight.jobName = chosen);
    return { job: prepared, submitted: await submit(azure, agent, run, prepared, name) };
  });
  announce(agent, submitted.job);
  if (!inputs.wait) return handOver(agent, submitted);

  const shown = progressOf(job.jobType, submitted.job.name, azure, agent);
  const ended = await follow(azure, agent, submitted.job.name, shown, {
    timeoutMs: inputs.timeoutMinutes * 60_000,
    ...pace,
  });
  inFlight.hasEnded = true;
  const nodes = shown instanceof NodeTree ? shown.nodes : [];
  const training: Training = {
    job: ended,
    submitted,
    prepared: job,
    run,
    nodes,
    lastLines: shown instanceof JobLog ? shown.lastLines : [],
    ...(await readOutcome(azure, agent, ended, nodes)),
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

/** A command has a log; pipelines, sweeps and AutoML have runs below them. */
function progressOf(jobType: string, name: string, azure: Azure, agent: Agent): JobLog | NodeTree {
  if (jobType === 'Pipeline') return new NodeTree(azure, agent, name, false);
  if (jobType === 'Sweep' || jobType === 'AutoML') return new NodeTree(azure, agent, name, true);
  return new JobLog(azure, agent, name);
}
