/**
 * What the local agent needs of Azure DevOps: the calls that the real agent and the real server exchange during a run.
 * `local/devops` implements it; the agent's own tests use one in memory.
 */
export interface Server {
  readonly collectionUrl: string;
  readonly project: { id: string; name: string };

  /** Queues a run of a pipeline file. Numbers, ids and the token of the job are the server's. */
  createRun(request: RunRequest): Promise<Run>;
  updateRun(runId: number, change: RunChange): Promise<void>;
  /** Creates or changes timeline records (stage, phase, job, task, checkpoint). Merged by id. */
  updateTimeline(runId: number, records: TimelineRecord[]): Promise<void>;
  /** Appends masked lines to the log of a record; the server gives the record its log id. */
  appendLog(runId: number, recordId: string, lines: string[]): Promise<void>;
  addAttachment(runId: number, recordId: string, type: string, name: string, file: string): Promise<void>;
  addTag(runId: number, tag: string): Promise<void>;
  uploadArtifact(runId: number, name: string, jobRecordId: string, folder: string): Promise<void>;
  /** Copies an artifact of this run (all of them when `name` is absent) into `folder/<name>`. */
  downloadArtifact(runId: number, name: string | undefined, folder: string): Promise<string[]>;
  publishTestRun(runId: number, run: TestRun): Promise<void>;

  variableGroup(name: string): Promise<VariableGroup | undefined>;
  serviceConnection(nameOrId: string): Promise<ServiceConnection | undefined>;
  serviceConnectionNames(): Promise<string[]>;
  /** Finds the environment, or creates it on first use as the service does. */
  environment(name: string): Promise<{ id: number; name: string }>;
  addDeploymentRecord(environmentId: number, record: DeploymentRecord): Promise<void>;
  /**
   * Evaluates the checks of the environments a stage uses. Creates the approvals, resolves when all are decided (or timed out).
   * `onPending` is told when a person must decide. Aborting cancels the approvals.
   */
  waitForChecks(
    request: ChecksRequest,
    signal: AbortSignal,
    onPending: (approvals: PendingApproval[]) => void,
  ): Promise<'passed' | 'rejected' | 'timedOut' | 'canceled'>;
  /** A run asks to be stopped through REST or the hub. */
  onCancelRequested(runId: number, listener: () => void): () => void;
  /** `counter(prefix, seed)` of runtime expressions. */
  counter(pipeline: string, prefix: string, seed: number): Promise<number>;
}

export interface RunRequest {
  /** Path of the YAML file in its repository, for the definition's name and the record. */
  yamlFile: string;
  pipelineName: string;
  requestedFor: string;
  repository: { name: string; url: string; branch: string; commit: string };
  templateParameters: Record<string, unknown>;
  variables: Record<string, string>;
}

export interface Run {
  id: number;
  number: string;
  definition: { id: number; name: string };
  planId: string;
  timelineId: string;
  requestedFor: { id: string; displayName: string; email: string };
  /** Job access token (System.AccessToken). A secret. */
  accessToken: string;
  /** Address that hands out OIDC tokens for workload identity federation (System.OidcRequestUri). */
  oidcRequestUri: string;
  webUrl: string;
}

export type Result = 'succeeded' | 'succeededWithIssues' | 'failed' | 'canceled' | 'skipped' | 'abandoned';

export interface RunChange {
  number?: string;
  state?: 'notStarted' | 'inProgress' | 'cancelling' | 'completed';
  result?: Result;
  startTime?: string;
  finishTime?: string;
}

export interface TimelineRecord {
  id: string;
  parentId?: string;
  type: 'Stage' | 'Phase' | 'Job' | 'Task' | 'Checkpoint' | 'Checkpoint.Approval';
  name: string;
  /** Dotted identifier: Stage.Job.step. */
  identifier?: string;
  refName?: string;
  state?: 'pending' | 'inProgress' | 'completed';
  result?: Result;
  startTime?: string;
  finishTime?: string;
  order?: number;
  attempt?: number;
  percentComplete?: number;
  currentOperation?: string;
  workerName?: string;
  task?: { id: string; name: string; version: string };
  issues?: { type: 'error' | 'warning'; message: string; data?: Record<string, string> }[];
  errorCount?: number;
  warningCount?: number;
  variables?: Record<string, { value: string; isSecret: boolean }>;
}

export interface TestRun {
  title: string;
  recordId: string;
  tests: {
    suite: string;
    name: string;
    outcome: 'Passed' | 'Failed' | 'NotExecuted';
    durationMs: number;
    message?: string;
  }[];
}

export interface VariableGroup {
  id: number;
  name: string;
  variables: Record<string, { value: string; isSecret: boolean }>;
}

export interface ServiceConnection {
  id: string;
  name: string;
  type: string;
  url: string;
  authorization: { scheme: string; parameters: Record<string, string> };
  data: Record<string, string>;
}

export interface DeploymentRecord {
  runId: number;
  stageName: string;
  jobName: string;
  stageAttempt: number;
  jobAttempt: number;
  queueTime: string;
  startTime: string;
  finishTime: string;
  result: Result;
}

export interface ChecksRequest {
  runId: number;
  stage: { name: string; recordId: string; attempt: number };
  environments: { id: number; name: string }[];
}

export interface PendingApproval {
  id: string;
  environment: string;
  approvers: string[];
  instructions: string;
}
