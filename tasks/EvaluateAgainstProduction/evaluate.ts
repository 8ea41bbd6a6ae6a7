import { setImmediate } from 'node:timers/promises';
import type { Agent, Outcome } from '../../lib/agent/agent';
import { CancelledError, TaskError } from '../../lib/agent/errors';
import { leaveEvidence } from '../../lib/agent/leave-evidence';
import type { Azure } from '../../lib/azure/azure';
import { textAt } from '../../lib/agent/json';
import { mlApiVersion } from '../../lib/azure/workspace';
import { evaluationSchema } from '../../lib/evidence/schemas/evaluation';
import type { EvaluationEvidence } from '../../lib/evidence/types';
import { findChampion, type Champion } from './champion';
import { compare, measure } from './compare';
import type { Rows } from './difference';
import { decide, firstModel, type Guardrail, type Verdict } from './decide';
import type { Inputs } from './inputs';
import { metricNames, orientations, isMetric, type MetricName } from './metric-names';
import type { Policy } from './policy';
import { holdoutFingerprint, joinByKey, readPredictions, type Predictions } from './predictions';
import { resultLine, summaryMarkdown } from './report';
import { measureSegments, type GroupedRows } from './segments';

export interface Collaborators {
  azure: Azure;
  agent: Agent;
  /** Asks Azure DevOps to cancel this run. */
  cancelRun: () => Promise<void>;
}

/** Below this, intervals of the bootstrap are too short: 93 % instead of 95 % at 200 rows, and worse below. */
const fewRows = 200;

/** Compares the candidate with what serves production and publishes the decision. */
export async function evaluate(inputs: Inputs, policy: Policy, collaborators: Collaborators): Promise<Outcome> {
  const { azure, agent } = collaborators;
  await requireCompleted(azure, inputs.candidateJob);
  const champion = await findChampion(azure, agent, inputs);
  agent.progress(20, 'reading predictions');
  const candidate = await readPredictions(
    azure,
    inputs.candidateJob,
    inputs.predictions,
    'candidate',
    segmentColumns(policy),
  );
  const body = champion
    ? await againstChampion(inputs, policy, collaborators, candidate, champion)
    : withoutChampion(inputs, policy, candidate);
  await publish(agent, body);
  return conclude(body, inputs, collaborators);
}

function withoutChampion(inputs: Inputs, policy: Policy, predictions: Predictions): EvaluationEvidence {
  const rows = [...predictions.values()];
  const truth = rows.map((row) => row.truth);
  const predicted = rows.map((row) => row.predicted);
  const metrics = metricsOf(inputs.metric, policy, truth, predicted);
  return {
    ...common(inputs, policy, firstModel()),
    candidate: { job: inputs.candidateJob, metrics },
    guardrails: [],
    segments: segmentsOf(inputs, policy, { truth, candidate: predicted, groups: rows.map((row) => row.groups) }),
    holdout: { ...holdout(inputs, predictions), rows: rows.length, overlap: 1 },
    warnings: [],
  };
}

async function againstChampion(
  inputs: Inputs,
  policy: Policy,
  { azure, agent }: Collaborators,
  candidate: Predictions,
  champion: Champion,
): Promise<EvaluationEvidence> {
  const { name, version } = champion.model;
  agent.print(
    `Production: ${name}:${version} (deployment ${champion.deployment} of ${champion.endpoint}, ${champion.traffic} % of the traffic), from job ${champion.job}.`,
  );
  const theirs = await readPredictions(azure, champion.job, inputs.predictions, `champion ${name}:${version}`);
  const rows = joinByKey(candidate, theirs, policy.minimumOverlap);
  agent.print(`Comparing on ${rows.truth.length} hold-out rows that both models scored.`);
  agent.progress(40, 'comparing');
  const breathe = async (): Promise<void> => {
    await setImmediate();
    if (agent.cancelled.aborted) throw new CancelledError('Cancelled.');
  };
  const primary = await compare(inputs.metric, rows, policy, breathe);
  const guardrails: Guardrail[] = [];
  for (const { metric, margin } of policy.guardrails) {
    guardrails.push({ metric, margin, ...(await compare(metric, rows, policy, breathe)) });
  }
  const verdict = decide(primary, guardrails, rows.truth.length, policy);
  const { improvement, lower, upper, method } = primary;
  return {
    ...common(inputs, policy, verdict),
    candidate: { job: inputs.candidateJob, metrics: metricsOf(inputs.metric, policy, rows.truth, rows.candidate) },
    champion: {
      model: champion.model,
      job: champion.job,
      endpoint: champion.endpoint,
      deployment: champion.deployment,
      metrics: metricsOf(inputs.metric, policy, rows.truth, rows.champion),
    },
    comparison: { improvement, lower, upper, method, margin: policy.minimumImprovement - policy.margin },
    guardrails: guardrails.map((rail) => ({
      metric: rail.metric,
      improvement: rail.improvement,
      lower: rail.lower,
      upper: rail.upper,
      method: rail.method,
      margin: -rail.margin,
      passed: rail.lower > -rail.margin,
    })),
    segments: segmentsOf(inputs, policy, rows),
    holdout: { ...holdout(inputs, candidate), rows: rows.truth.length, overlap: rows.overlap },
    warnings: warningsOf(rows, inputs, champion),
  };
}

function common(
  inputs: Inputs,
  policy: Policy,
  verdict: Verdict,
): Pick<EvaluationEvidence, 'decision' | 'promote' | 'reason' | 'metric' | 'orientation' | 'policy'> {
  const { confidence, margin, minimumImprovement, resamples, seed, minimumRows, minimumOverlap, sha256 } = policy;
  return {
    ...verdict,
    metric: inputs.metric,
    orientation: orientations[inputs.metric],
    policy: { confidence, margin, minimumImprovement, resamples, seed, minimumRows, minimumOverlap, sha256 },
  };
}

function holdout(
  inputs: Inputs,
  predictions: Predictions,
): Pick<EvaluationEvidence['holdout'], 'fingerprint' | 'predictions'> {
  return { fingerprint: holdoutFingerprint(predictions), predictions: inputs.predictions };
}

/** The metric, its usual companions, and those of the guardrails. */
function wanted(metric: MetricName, policy: Policy): MetricName[] {
  const family: readonly string[] = companions.find((names) => names.includes(metric)) ?? [metric];
  const names = [metric, ...family, ...policy.guardrails.map((guardrail) => guardrail.metric)];
  return [...new Set(names)].filter(isMetric).sort((left, right) => order(left) - order(right));
}

const companions: readonly (readonly string[])[] = [
  ['mse', 'rmse', 'mae', 'r2'],
  ['accuracy', 'f1', 'precision', 'recall'],
];

function order(metric: MetricName): number {
  return metricNames.indexOf(metric);
}

function metricsOf(
  metric: MetricName,
  policy: Policy,
  truth: readonly string[],
  predicted: readonly string[],
): Record<string, number> {
  return Object.fromEntries(
    wanted(metric, policy).flatMap((name) => {
      try {
        return [[name, measure(name, truth, predicted, policy)]];
      } catch (error) {
        // A companion that does not fit (no positive class is known, say) is left out; the metric itself never is.
        if (name === metric || !(error instanceof TaskError)) throw error;
        return [];
      }
    }),
  );
}

function segmentColumns(policy: Policy): string[] {
  return policy.segments.map(({ column }) => column);
}

function segmentsOf(inputs: Inputs, policy: Policy, rows: GroupedRows): EvaluationEvidence['segments'] {
  return policy.segments.length === 0 ? undefined : measureSegments(inputs.metric, policy, rows);
}

function warningsOf(rows: Rows, inputs: Inputs, champion: Champion): string[] {
  const warnings: string[] = [];
  if (rows.truth.length < fewRows) {
    warnings.push(`${rows.truth.length} hold-out rows are few: only large differences can be told from chance.`);
  }
  if (champion.job === inputs.candidateJob) warnings.push('The candidate is the very job that production came from.');
  else if (rows.candidate.every((answer, row) => answer === rows.champion[row])) {
    warnings.push('Both models give the same answer for every row.');
  }
  return warnings;
}

async function publish(agent: Agent, body: EvaluationEvidence): Promise<void> {
  for (const warning of body.warnings) agent.print(`Note: ${warning}`);
  agent.print(resultLine(body));
  agent.summary('Evaluation against production', summaryMarkdown(body));
  agent.output('decision', body.decision);
  agent.output('promote', String(body.promote));
  agent.output('championVersion', body.champion?.model.version ?? '');
  const { decision, metric, orientation, candidate, champion } = body;
  const facts = {
    decision,
    metric,
    orientation,
    candidate: candidate.metrics[metric],
    champion: champion?.metrics[metric],
    championVersion: champion?.model.version,
  };
  const models = champion === undefined ? [] : [champion.model.name];
  const { file } = await leaveEvidence(agent, { schema: evaluationSchema, name: 'evaluation', body, facts, models });
  agent.output('evidencePath', file);
}

/** Not being promoted is an answer, not a failure, unless the input says otherwise. */
async function conclude(body: EvaluationEvidence, inputs: Inputs, collaborators: Collaborators): Promise<Outcome> {
  const message = resultLine(body);
  if (body.promote) return { result: 'succeeded', message };
  switch (inputs.whenNotBetter) {
    case 'succeed':
      return { result: 'succeeded', message };
    case 'warn':
      return { result: 'succeededWithIssues', message };
    case 'fail':
      return { result: 'failed', message };
    case 'cancelRun':
      await collaborators.cancelRun();
      return { result: 'succeeded', message: `${message} The run is being cancelled.` };
  }
}

/** A job that is not done has no predictions worth comparing. Operation: Jobs_Get. */
async function requireCompleted(azure: Azure, job: string): Promise<void> {
  const body = await azure.arm.getIfExists(`${azure.workspace.id}/jobs/${encodeURIComponent(job)}`, mlApiVersion);
  if (body === undefined) {
    throw new TaskError(
      `There is no job ${job} in the workspace ${azure.workspace.name}.`,
      'Give the output jobName of SubmitAmlTraining.',
    );
  }
  const status = textAt(body, 'properties', 'status') ?? 'Unknown';
  if (status === 'Completed') return;
  throw new TaskError(`The job ${job} is ${status}, not Completed.`, 'Evaluate a job after it has completed.');
}
