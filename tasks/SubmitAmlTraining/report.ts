import type { Agent } from '../../lib/agent/agent';
import { textAt } from '../../lib/agent/json';
import { leaveEvidence } from '../../lib/agent/leave-evidence';
import { markdownBlock, markdownLink, markdownTable, markdownText } from '../../lib/agent/markdown';
import type { PipelineRun } from '../../lib/agent/pipeline-run';
import type { Job } from '../../lib/azure/jobs';
import type { RunDetails } from '../../lib/azure/runs';
import { canonicalJson } from '../../lib/evidence/canonical';
import { trainingSchema } from '../../lib/evidence/schemas/training';
import type { TrainingEvidence } from '../../lib/evidence/types';
import type { PreparedJob } from './job';
import type { Submitted } from './submit';

/** A job that ended, and what is known of it. */
export interface Training {
  job: Job;
  submitted: Submitted;
  prepared: PreparedJob;
  run: PipelineRun;
  metrics: Record<string, number>;
  params: Record<string, string>;
  details?: RunDetails;
  /** The end of the job's log. */
  lastLines: readonly string[];
}

/** The output `metrics`: JSON with sorted keys; NaN and infinities are texts. */
export function metricsJson(metrics: Record<string, number>): string {
  return canonicalJson(metrics);
}

/** Why a job failed, in one line: the end of its log, which names the exception, and what run history says. */
export function failureText({ job, details, lastLines }: Training): string {
  const exception = lastLines.filter((line) => line.trim() !== '').at(-1);
  const reason = details?.error?.split('\n')[0];
  const fallback =
    job.status === 'Canceled'
      ? 'it was cancelled in Azure ML.'
      : 'the service gives no reason; see the end of its log.';
  const why = [exception, reason].filter(Boolean).join(' | ') || fallback;
  return [`Job ${job.name} ended as ${job.status}: ${why}`, job.studioUrl].filter(Boolean).join('\n');
}

/** Log, summary and evidence of a job that ended. */
export async function report(agent: Agent, training: Training): Promise<void> {
  const { job, metrics } = training;
  const names = Object.keys(metrics).sort();
  if (names.length > 0) {
    const width = Math.max(...names.map((name) => name.length));
    agent.print(['Metrics:', ...names.map((name) => `  ${name.padEnd(width)}  ${String(metrics[name])}`)].join('\n'));
  }
  agent.summary(`training ${job.name}`, summary(training));
  const facts = { job: job.name, status: job.status };
  await leaveEvidence(agent, { schema: trainingSchema, name: 'training', body: trainingEvidence(training), facts });
}

function trainingEvidence({ job, metrics, params, prepared, run, details }: Training): TrainingEvidence {
  return {
    jobName: job.name,
    status: job.status,
    studioUrl: job.studioUrl,
    experiment: job.experimentName,
    metrics,
    params,
    codeId: textAt(prepared.properties, 'codeId'),
    environmentId: textAt(prepared.properties, 'environmentId'),
    commit: run.commit,
    startTime: details?.startTime,
    endTime: details?.endTime,
  };
}

function summary({ job, submitted, metrics, params, details, lastLines }: Training): string {
  const rows = (values: Record<string, number | string>): string[][] =>
    Object.entries(values)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, String(value)]);
  const parts = [
    `### Training: ${markdownText(job.status)}`,
    `Job ${markdownLink(job.name, job.studioUrl)} in experiment ${markdownText(job.experimentName ?? '')}, attempt ${submitted.attempt}${submitted.isAttached ? ', followed on from an earlier attempt' : ''}.`,
  ];
  if (details?.error) parts.push(`**Why it failed:** ${markdownText(details.error)}`);
  if (Object.keys(metrics).length > 0) parts.push(markdownTable(['metric', 'value'], rows(metrics)));
  if (Object.keys(params).length > 0) parts.push(markdownTable(['parameter', 'value'], rows(params)));
  if (job.status !== 'Completed' && lastLines.length > 0)
    parts.push('The end of its log:', markdownBlock(lastLines.slice(-20)));
  return `${parts.join('\n\n')}\n`;
}
