import type { FakeService } from '../../devops/fake-service';
import { buildOf, indexOf, serveRun, type Sample, type SampleAttachment } from '../../data/run-sample';

/** Runs that trained, judged and registered a version of `churn`, with records that fit their schemas. */

export const digest = (character: string): string => `sha256:${character.repeat(64)}`;
const at = '2026-11-20T09:10:00Z';

export function registered(version: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    kind: 'mlops.model-version.v1',
    model: { name: 'churn', version },
    job: `job-${version}`,
    path: 'model',
    modelType: 'mlflow_model',
    digest: digest('a'),
    created: true,
    metrics: { auc: 0.9 },
    tags: {},
    ...changes,
  };
}

export function evaluation(version: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const rule = { improvement: 0.02, lower: 0.01, upper: 0.03, method: 'paired bootstrap', margin: 0 };
  return {
    kind: 'mlops.evaluation.v1',
    decision: 'better',
    promote: true,
    reason: 'The whole interval lies above the margin.',
    candidate: { job: `job-${version}`, metrics: { auc: 0.92 } },
    champion: {
      model: { name: 'churn', version: '6' },
      job: 'job-6',
      endpoint: 'churn',
      deployment: 'blue',
      metrics: { auc: 0.9 },
    },
    metric: 'auc',
    orientation: 'higher',
    comparison: rule,
    guardrails: [{ metric: 'recall', passed: true, ...rule }],
    segments: [{ segment: 'country', value: 'NO', rows: 40, candidate: 0.91, champion: 0.89 }],
    holdout: { rows: 500, fingerprint: 'f'.repeat(64), predictions: 'predictions.csv', overlap: 1 },
    policy: {
      confidence: 0.95,
      margin: 0,
      minimumImprovement: 0,
      resamples: 1000,
      seed: 1,
      minimumRows: 50,
      minimumOverlap: 1,
    },
    warnings: [],
    ...changes,
  };
}

export function training(version: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    kind: 'mlops.training.v1',
    jobName: `job-${version}`,
    status: 'Completed',
    studioUrl: 'https://ml.azure.com/runs/job',
    metrics: { auc: 0.9, loss: 'NaN' },
    ...changes,
  };
}

export interface ChurnRun {
  id: number;
  version: string;
  /** Bodies of records; the registration of `churn` is one of them unless they are given. */
  records?: Record<string, unknown>[];
  /** Facts of the registration's entry that differ from the record's. */
  entry?: Record<string, unknown>;
  /** Entries of the index beside that of the registration, by kind: `deployment`. */
  index?: Record<string, unknown[]>;
  sample?: Partial<Sample>;
  build?: Record<string, unknown>;
}

const stage = 'Train';

/** Teaches a service these runs, the last queued first in the list. */
export function serveChurn(service: FakeService, runs: readonly ChurnRun[]): FakeService {
  const samples = runs.map(sampleOf);
  const builds = samples.map((sample, position) => ({
    ...buildOf(sample),
    properties: Object.fromEntries(
      Object.entries(sample.properties ?? {}).map(([name, value]) => [
        name,
        { $type: 'System.String', $value: typeof value === 'string' ? value : JSON.stringify(value) },
      ]),
    ),
    ...runs[position]?.build,
  }));
  service.list(/^build\/builds$/, () => builds);
  service.list(/^pipelines\/approvals$/, () => []);
  for (const sample of samples) serveRun(service, sample);
  return service;
}

function sampleOf({ id, version, records = [registered(version)], entry = {}, index = {}, sample }: ChurnRun): Sample {
  const attachments = records.map((content, position): SampleAttachment => ({
    kind: String(content['kind']),
    name: `record-${position}`,
    content,
  }));
  const [first = {}] = records;
  const own = { model: 'churn', version, workspace: 'ml-dev', metrics: { auc: 0.9 }, ...entry };
  const entries = { 'model-version': [indexOf(stage, 'record-0', first, own, at)], ...index };
  return {
    id,
    finishTime: '2026-11-20T10:00:00Z',
    tags: ['mlops', 'mlops.register'],
    stages: [{ name: stage, finishTime: '2026-11-20T09:30:00Z', attachments }],
    properties: Object.fromEntries(Object.entries(entries).map(([kind, list]) => [`mlops.v1.${kind}`, list])),
    ...sample,
  };
}

/** Entry of a step that left a version serving on the endpoint `churn`. */
export function deployed(version: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: `deployment-${version}`,
    sha256: 'd'.repeat(64),
    stage: 'Production',
    at: '2026-11-20T09:40:00Z',
    target: 'managedEndpoint',
    service: 'churn',
    deployment: `v${version}`,
    model: 'churn',
    version,
    traffic: { [`v${version}`]: 100 },
    environment: 'churn-prod',
    ...changes,
  };
}

export function evaluated(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: 'evaluation',
    sha256: 'e'.repeat(64),
    stage,
    at,
    decision: 'better',
    metric: 'auc',
    orientation: 'higher',
    candidate: 0.92,
    ...changes,
  };
}

/** Texts that do harm wherever one is taken for markup, code, a property's name or a piece of an address. */
export const attacks = [
  '<img src=x onerror="globalThis.hacked=1">',
  '"><script>globalThis.hacked=1</script>',
  'a/b,c"d\'e&f?g#h%2C',
  'constructor',
  '\u202egpj.exe',
  '\ud800 half',
];
