import type { Agent } from '../../lib/agent/agent';
import { textAt } from '../../lib/agent/json';
import { leaveEvidence } from '../../lib/agent/leave-evidence';
import { markdownBlock, markdownLink, markdownTable, markdownText } from '../../lib/agent/markdown';
import type { PipelineRun } from '../../lib/agent/pipeline-run';
import type { Job } from '../../lib/azure/jobs';
import { canonicalJson } from '../../lib/evidence/canonical';
import { trainingSchema } from '../../lib/evidence/schemas/training';
import type { TrainingEvidence } from '../../lib/evidence/types';
import type { PreparedJob } from './job';
import { duration, type Node } from './nodes';
import type { FailedNode, RunFacts } from './outcome';
import type { Submitted } from './submit';

/** A job that ended, and what is known of it. */
export interface Training extends RunFacts {
  job: Job;
  submitted: Submitted;
  prepared: PreparedJob;
  run: PipelineRun;
  nodes: readonly Node[];
  /** The end of the job's log. */
  lastLines: readonly string[];
}

/** The output `metrics`: JSON with sorted keys; NaN and infinities are texts. */
export function metricsJson(metrics: Record<string, number>): string {
  return canonicalJson(metrics);
}

/** Why a job failed, in one line: the end of its log, which names the exception, and what run history says. */
export function failureText({ job, details, lastLines, failed }: Training): string {
  const exception = failed[0] ? failureOf(failed[0]) : lastLine(lastLines);
  const reason = details?.error?.split('\n')[0];
  const fallback =
    job.status === 'Canceled'
      ? 'it was cancelled in Azure ML.'
      : 'the service gives no reason; see the end of its log.';
  const why = [exception, reason].filter(Boolean).join(' | ') || fallback;
  return [`Job ${job.name} ended as ${job.status}: ${why}`, job.studioUrl].filter(Boolean).join('\n');
}

/** `node train: ValueError: …` */
function failureOf({ name, reason, lastLines }: FailedNode): string {
  return `node ${name}: ${lastLine(lastLines) ?? reason ?? 'failed'}`;
}

function lastLine(lines: readonly string[]): string | undefined {
  return lines.filter((line) => line.trim() !== '').at(-1);
}

/** Log, summary and evidence of a job that ended. */
export async function report(agent: Agent, training: Training): Promise<void> {
  const { job, metrics, bestTrial } = training;
  if (bestTrial !== undefined) agent.print(`Best trial: ${bestTrial}${scoreOf(training)}`);
  else if (training.prepared.jobType === 'Sweep' && job.status === 'Completed') {
    const metric = textAt(training.prepared.properties, 'objective', 'primaryMetric') ?? '';
    agent.warn(`The sweep has no best trial: did a trial log the metric "${metric}" of its objective with MLflow?`);
  }
  const names = Object.keys(metrics).sort();
  if (names.length > 0) {
    const width = Math.max(...names.map((name) => name.length));
    agent.print(['Metrics:', ...names.map((name) => `  ${name.padEnd(width)}  ${String(metrics[name])}`)].join('\n'));
  }
  agent.summary(`training ${job.name}`, summary(training));
  const facts = { job: job.name, status: job.status };
  await leaveEvidence(agent, { schema: trainingSchema, name: 'training', body: trainingEvidence(training), facts });
}

/** ` (score 0.91; alpha=0.5, depth=3)` */
function scoreOf({ job, params }: Training): string {
  const values = Object.entries(params).map(([name, value]) => `${name}=${value}`);
  const score = job.properties['score'];
  const parts = [score === undefined ? '' : `score ${score}`, values.join(', ')].filter((part) => part !== '');
  return parts.length > 0 ? ` (${parts.join('; ')})` : '';
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

function summary(training: Training): string {
  const { job, submitted, metrics, params, details, lastLines, nodes, failed, bestTrial } = training;
  const rows = (values: Record<string, number | string>): string[][] =>
    Object.entries(values)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, String(value)]);
  const parts = [
    `### Training: ${markdownText(job.status)}`,
    `Job ${markdownLink(job.name, job.studioUrl)} in experiment ${markdownText(job.experimentName ?? '')}, attempt ${submitted.attempt}${submitted.isAttached ? ', followed on from an earlier attempt' : ''}.`,
  ];
  if (details?.error) parts.push(`**Why it failed:** ${markdownText(details.error)}`);
  if (bestTrial !== undefined) parts.push(`Best trial: ${markdownText(bestTrial + scoreOf(training))}`);
  if (nodes.length > 0) parts.push(nodeTable(nodes));
  if (Object.keys(metrics).length > 0) parts.push(markdownTable(['metric', 'value'], rows(metrics)));
  if (Object.keys(params).length > 0) parts.push(markdownTable(['parameter', 'value'], rows(params)));
  if (job.status !== 'Completed' && lastLines.length > 0)
    parts.push('The end of its log:', markdownBlock(lastLines.slice(-20)));
  for (const node of failed.filter((one) => one.lastLines.length > 0)) {
    parts.push(`The end of the log of ${markdownText(node.name)}:`, markdownBlock(node.lastLines.slice(-20)));
  }
  return `${parts.join('\n\n')}\n`;
}

/** A summary is read on a page: of a large sweep the first rows are enough there, the log has them all. */
const mostRows = 50;

function nodeTable(nodes: readonly Node[]): string {
  const rows = nodes
    .slice(0, mostRows)
    .map(({ name, status, startTime, endTime }) => [name, status, duration(startTime, endTime)]);
  const more = nodes.length > mostRows ? `\n\n… and ${nodes.length - mostRows} more.` : '';
  return markdownTable(['node', 'state', 'time'], rows) + more;
}
