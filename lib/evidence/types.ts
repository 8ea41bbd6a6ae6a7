/** Shapes of the records that runs leave behind, one for each kind. Times are ISO 8601 in UTC, digests SHA-256 in hex. */
export interface EvidenceBodies {
  'mlops.data-sanity.v1': DataSanityEvidence;
  'mlops.training.v1': TrainingEvidence;
  'mlops.evaluation.v1': EvaluationEvidence;
  'mlops.model-version.v1': ModelVersionEvidence;
  'mlops.package.v1': PackageEvidence;
  'mlops.deployment.v1': DeploymentEvidence;
  'mlops.smoke.v1': SmokeTestEvidence;
}

export type EvidenceKind = keyof EvidenceBodies;

/** A model version of a workspace or registry. `id` is its ARM id. */
export interface ModelReference {
  name: string;
  version: string;
  id?: string;
}

export interface DataSanityEvidence {
  /** `passed`: nothing found; `warned`: findings below `failOn`; `failed`: findings at or above it. */
  verdict: 'passed' | 'warned' | 'failed';
  contract: { id?: string; version?: string; name?: string; sha256: string };
  dataFingerprint: string;
  rowCount: number;
  files: { path: string; bytes: number; rows: number; sha256: string }[];
  checks: DataCheck[];
}

/** One rule of a contract and what came of it. */
export interface DataCheck {
  table: string;
  /** `undefined` for a rule of the whole table. */
  column?: string;
  /** `required`, `unique`, `type`, `minimum`, … or the name of a quality metric. */
  rule: string;
  /** The rule in words, limits included. */
  description: string;
  severity: 'error' | 'warning';
  passed: boolean;
  /** Rows (or values) that break the rule. */
  violations: number;
  /** What was measured for a metric with an operator. */
  measured?: number;
  /** Where the first ones are: the line of the file (the header is line 1). Never a value. */
  first: { file: string; line: number }[];
}

export interface TrainingEvidence {
  jobName: string;
  status: string;
  studioUrl?: string;
  experiment?: string;
  /** Last value of each metric. */
  metrics: Record<string, number>;
  params?: Record<string, string>;
  codeId?: string;
  environmentId?: string;
  commit?: string;
  dataFingerprint?: string;
  startTime?: string;
  endTime?: string;
}

export interface EvaluationEvidence {
  decision: 'better' | 'notBetter' | 'unsure' | 'firstModel';
  promote: boolean;
  /** The decision in one sentence. */
  reason: string;
  candidate: { job: string; metrics: Record<string, number> };
  /** Absent when nothing serves yet. */
  champion?: {
    model: ModelReference;
    job: string;
    endpoint: string;
    deployment: string;
    metrics: Record<string, number>;
  };
  metric: string;
  /** Which way the metric is good. */
  orientation: 'lower' | 'higher';
  /** Candidate against champion, oriented so that a positive number is an improvement; absent without a champion. */
  comparison?: Comparison;
  guardrails: (Comparison & { metric: string; passed: boolean })[];
  holdout: {
    rows: number;
    /** Over the sorted pairs of key and truth: equal for two files exactly when they hold the same hold-out rows. */
    fingerprint: string;
    predictions: string;
    /** Rows of each file that were compared, as a share of the larger one. */
    overlap: number;
  };
  policy: {
    confidence: number;
    margin: number;
    minimumImprovement: number;
    resamples: number;
    seed: number;
    minimumRows: number;
    minimumOverlap: number;
    sha256?: string;
  };
  warnings: string[];
}

/** An improvement with its interval, in the metric's own unit. */
export interface Comparison {
  improvement: number;
  lower: number;
  upper: number;
  method: string;
  /** Improvement that must be exceeded. */
  margin: number;
}

export interface ModelVersionEvidence {
  model: ModelReference;
  job: string;
  path: string;
  modelType: string;
  /** Over the model's files. */
  digest: string;
  /** `false` when the same job and digest had been registered before. */
  created: boolean;
  metrics: Record<string, number>;
  tags: Record<string, string>;
  commit?: string;
  dataFingerprint?: string;
}

export interface PackageEvidence {
  /** `registry/name@sha256:…` */
  image: string;
  digest: string;
  registry: string;
  model: ModelReference;
  modelDigest?: string;
  /** Name of the registry's run that built it. */
  buildRun?: string;
  baseImage?: string;
  /** Over the build context. */
  contextDigest?: string;
}

export interface DeploymentEvidence {
  target: 'containerInstance' | 'aks' | 'managedEndpoint';
  /** Endpoint, container group or Kubernetes deployment. */
  name: string;
  deployment?: string;
  previousDeployment?: string;
  scoringUri: string;
  image?: string;
  model?: ModelReference;
  /** Percent by deployment, before and after. */
  trafficBefore?: Record<string, number>;
  traffic?: Record<string, number>;
}

export interface SmokeTestEvidence {
  verdict: 'passed' | 'failed';
  /** Address without its query. */
  scoringUri: string;
  endpoint?: string;
  deployment?: string;
  authentication: 'none' | 'key' | 'amlToken' | 'aadToken';
  requestsSha256: string;
  expectation: string;
  /** Seconds from the first attempt until the service answered. */
  startupSeconds: number;
  p95LatencyMs?: number;
  maxLatencyMs?: number;
  /** Requests sent, of those planned: fewer when the service never came up. */
  sent: number;
  planned: number;
  /** What concerns all requests together. */
  problems: string[];
  requests: { index: number; status?: number; latencyMs?: number; passed: boolean; problem?: string }[];
}
