import { count, dialect, flag, model, name, number, numbers, omitted, sentence, sha256, share, text } from './parts';

const comparison = {
  improvement: number,
  lower: number,
  upper: number,
  method: name,
  margin: { ...number, description: 'Improvement that must be exceeded.' },
} as const;

const segment = {
  type: 'object',
  additionalProperties: false,
  required: ['segment', 'value', 'rows'],
  properties: {
    segment: { ...name, description: 'Column of the predictions.' },
    value: { ...text(512), description: 'Group, one that the policy names.' },
    rows: { ...count, description: 'Hold-out rows of the group.' },
    candidate: { ...number, description: 'The metric on the group; absent when its rows are too few.' },
    champion: number,
    note: { ...sentence, description: 'Why there is no figure.' },
  },
} as const;

export const evaluationSchema = {
  $schema: dialect,
  title: 'mlops.evaluation.v1',
  description: 'A candidate held against what serves production, on the same hold-out rows.',
  type: 'object',
  additionalProperties: false,
  required: [
    'kind',
    'decision',
    'promote',
    'reason',
    'candidate',
    'metric',
    'orientation',
    'guardrails',
    'holdout',
    'policy',
    'warnings',
  ],
  properties: {
    kind: { const: 'mlops.evaluation.v1' },
    decision: { enum: ['better', 'notBetter', 'unsure', 'firstModel'] },
    promote: flag,
    reason: { ...sentence, description: 'The decision in one sentence.' },
    candidate: {
      type: 'object',
      additionalProperties: false,
      required: ['job', 'metrics'],
      properties: { job: name, metrics: numbers },
    },
    champion: {
      type: 'object',
      description: 'Absent when nothing serves yet.',
      additionalProperties: false,
      required: ['model', 'job', 'endpoint', 'deployment', 'metrics'],
      properties: { model, job: name, endpoint: name, deployment: name, metrics: numbers },
    },
    metric: name,
    orientation: { enum: ['lower', 'higher'], description: 'Which way the metric is good.' },
    comparison: {
      type: 'object',
      description:
        'Candidate against champion in the metric’s unit; positive is an improvement. Absent without a champion.',
      additionalProperties: false,
      required: ['improvement', 'lower', 'upper', 'method', 'margin'],
      properties: comparison,
    },
    guardrails: {
      type: 'array',
      maxItems: 50,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['metric', 'passed', 'improvement', 'lower', 'upper', 'method', 'margin'],
        properties: { metric: name, passed: flag, ...comparison },
      },
    },
    segments: {
      type: 'array',
      description: 'The metric in the groups that the policy names; no part of the decision.',
      maxItems: 200,
      items: segment,
    },
    holdout: {
      type: 'object',
      additionalProperties: false,
      required: ['rows', 'fingerprint', 'predictions', 'overlap'],
      properties: {
        rows: count,
        fingerprint: {
          ...sha256,
          description:
            'Over the sorted pairs of key and truth: equal for two files exactly when they hold the same rows.',
        },
        predictions: text(1024),
        overlap: { ...share, description: 'Rows of each file that were compared, as a share of the larger one.' },
      },
    },
    policy: {
      type: 'object',
      additionalProperties: false,
      required: ['confidence', 'margin', 'minimumImprovement', 'resamples', 'seed', 'minimumRows', 'minimumOverlap'],
      properties: {
        confidence: number,
        margin: number,
        minimumImprovement: number,
        resamples: count,
        seed: count,
        minimumRows: count,
        minimumOverlap: share,
        sha256,
      },
    },
    warnings: { type: 'array', maxItems: 50, items: sentence },
    omitted,
  },
} as const;
