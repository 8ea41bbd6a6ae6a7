import type { Agent } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';
import { isMetric, metricNames, type MetricName } from './metric-names';

/** What to do with the run when the candidate is not promoted. */
export type WhenNotBetter = 'succeed' | 'warn' | 'fail' | 'cancelRun';

export interface Inputs {
  /** Name of the candidate's job. */
  candidateJob: string;
  /** Path of the hold-out predictions among the artifacts of the job's run. */
  predictions: string;
  /** Online endpoint that serves production. */
  endpoint?: string;
  /** Name of the model that production serves. */
  modelName?: string;
  metric: MetricName;
  /** Absolute path. */
  policy?: string;
  whenNotBetter: WhenNotBetter;
}

// Names of Azure Machine Learning: jobs and models up to 255 characters, endpoints 3 to 32 (mfe.json, 2024-10-01).
const assetName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;
const endpointName = /^[A-Za-z](?:-?[A-Za-z0-9]){2,31}$/;

/** @throws TaskError for a missing, malformed or contradictory input */
export function readInputs(agent: Agent): Inputs {
  const inputs: Inputs = {
    candidateJob: named(agent, 'candidateJob', assetName) ?? agent.requiredInput('candidateJob'),
    predictions: readPredictions(agent.requiredInput('predictions')),
    endpoint: named(agent, 'endpoint', endpointName),
    modelName: named(agent, 'modelName', assetName),
    metric: readMetric(agent.requiredInput('metric')),
    policy: agent.pathInput('policy'),
    whenNotBetter: readWhenNotBetter(agent.input('whenNotBetter') ?? 'succeed'),
  };
  if (inputs.endpoint === undefined && inputs.modelName === undefined) {
    throw new TaskError(
      'Neither "endpoint" nor "modelName" is given, so production cannot be found.',
      'Name the endpoint that serves production, or the model it serves.',
    );
  }
  return inputs;
}

function named(agent: Agent, input: string, pattern: RegExp): string | undefined {
  const value = agent.input(input);
  if (value === undefined || pattern.test(value)) return value;
  throw new TaskError(
    `Input "${input}" is "${value}", which is no name in Azure Machine Learning.`,
    /[$[\]()]/.test(value)
      ? 'A variable was not replaced: check its name, and that the stage depends on the one that sets it.'
      : 'Use letters, digits and dashes.',
  );
}

function readPredictions(value: string): string {
  const path = value.replace(/\\/g, '/').replace(/^(\.?\/)+/, '');
  if (path !== '' && !path.split('/').some((part) => part === '' || part === '.' || part === '..')) return path;
  throw new TaskError(
    `Input "predictions" is "${value}".`,
    'Give the path of the file in the outputs of the job, for example predictions.csv.',
  );
}

function readMetric(value: string): MetricName {
  const name = value.toLowerCase();
  if (isMetric(name)) return name;
  throw new TaskError(`Input "metric" is "${value}".`, `Metrics: ${metricNames.join(', ')}.`);
}

function readWhenNotBetter(value: string): WhenNotBetter {
  if (value === 'succeed' || value === 'warn' || value === 'fail' || value === 'cancelRun') return value;
  throw new TaskError(`Input "whenNotBetter" is "${value}".`, 'Write succeed, warn, fail or cancelRun.');
}
