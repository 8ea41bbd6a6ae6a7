import { address, commit, dialect, loggedMetrics, name, omitted, text, texts, time } from './parts';

export const trainingSchema = {
  $schema: dialect,
  title: 'mlops.training.v1',
  description: 'A training job that ended.',
  type: 'object',
  additionalProperties: false,
  required: ['kind', 'jobName', 'status', 'metrics'],
  properties: {
    kind: { const: 'mlops.training.v1' },
    jobName: name,
    status: text(64),
    studioUrl: address,
    experiment: name,
    metrics: { ...loggedMetrics, description: 'Last value of each metric.' },
    params: texts,
    codeId: address,
    environmentId: address,
    commit,
    startTime: time,
    endTime: time,
    omitted,
  },
} as const;
