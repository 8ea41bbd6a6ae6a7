import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type {
  ChecksRequest,
  DeploymentRecord,
  PendingApproval,
  Run,
  RunChange,
  RunRequest,
  Server,
  ServiceConnection,
  TestRun,
  TimelineRecord,
  VariableGroup,
} from '../../local/agent/server';

type Decision = 'passed' | 'rejected' | 'timedOut' | 'canceled';

/** Azure DevOps in memory: keeps what an agent sends, and answers from what a test puts in. */
export class MemoryServer implements Server {
  readonly collectionUrl = 'https://localhost/DefaultCollection/';
  readonly project = { id: '33333333-3333-4333-8333-333333333333', name: 'mlops' };
  readonly groups: VariableGroup[] = [];
  readonly connections: ServiceConnection[] = [];
  /** Environments that need an approval. */
  readonly gated = new Set<string>();

  readonly requests: RunRequest[] = [];
  readonly changes: RunChange[] = [];
  readonly records = new Map<string, TimelineRecord>();
  readonly logs = new Map<string, string[]>();
  readonly attachments: { recordId: string; type: string; name: string; content: string }[] = [];
  readonly tags: string[] = [];
  readonly tests: TestRun[] = [];
  readonly deployments: (DeploymentRecord & { environmentId: number })[] = [];
  readonly checks: ChecksRequest[] = [];
  private readonly environments: string[] = [];
  private readonly artifacts = new Map<string, string>();
  private readonly counters = new Map<string, number>();
  private readonly cancelListeners = new Set<() => void>();
  private readonly waiting: { environment: string; decide: (decision: Decision) => void }[] = [];
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'memory-server-'));

  /** Decides every approval that is waiting. */
  decide(decision: Decision): void {
    for (const { decide } of this.waiting.splice(0)) decide(decision);
  }

  requestCancel(): void {
    for (const listener of this.cancelListeners) listener();
  }

  recordOf(identifier: string): TimelineRecord | undefined {
    return [...this.records.values()].find((record) => record.identifier === identifier);
  }

  logOf(identifier: string): string[] {
    return this.logs.get(this.recordOf(identifier)?.id ?? '') ?? [];
  }

  allLogs(): string {
    return [...this.logs.values()].flat().join('\n');
  }

  createRun(request: RunRequest): Promise<Run> {
    this.requests.push(request);
    const id = this.requests.length;
    return Promise.resolve({
      id,
      number: `20260101.${id}`,
      definition: { id: 1, name: request.pipelineName },
      planId: '44444444-4444-4444-8444-444444444444',
      timelineId: '55555555-5555-4555-8555-555555555555',
      requestedFor: {
        id: '66666666-6666-4666-8666-666666666666',
        displayName: request.requestedFor,
        email: 'dev@example.com',
      },
      accessToken: 'job-access-token-of-the-memory-server',
      oidcRequestUri: 'https://localhost/DefaultCollection/oidctoken',
      webUrl: `https://localhost/DefaultCollection/mlops/_build/results?buildId=${id}`,
    });
  }

  updateRun(_runId: number, change: RunChange): Promise<void> {
    this.changes.push(change);
    return Promise.resolve();
  }

  updateTimeline(_runId: number, records: TimelineRecord[]): Promise<void> {
    for (const record of records) this.records.set(record.id, { ...this.records.get(record.id), ...record });
    return Promise.resolve();
  }

  appendLog(_runId: number, recordId: string, lines: string[]): Promise<void> {
    this.logs.set(recordId, [...(this.logs.get(recordId) ?? []), ...lines]);
    return Promise.resolve();
  }

  addAttachment(_runId: number, recordId: string, type: string, name: string, file: string): Promise<void> {
    this.attachments.push({ recordId, type, name, content: readFileSync(file, 'utf8') });
    return Promise.resolve();
  }

  addTag(_runId: number, tag: string): Promise<void> {
    this.tags.push(tag);
    return Promise.resolve();
  }

  uploadArtifact(_runId: number, name: string, _jobRecordId: string, folder: string): Promise<void> {
    const stored = path.join(this.folder, name);
    cpSync(folder, stored, { recursive: true });
    this.artifacts.set(name, stored);
    return Promise.resolve();
  }

  downloadArtifact(_runId: number, name: string | undefined, folder: string): Promise<string[]> {
    const wanted = [...this.artifacts].filter(([artifact]) => name === undefined || artifact === name);
    for (const [artifact, stored] of wanted) {
      mkdirSync(folder, { recursive: true });
      if (existsSync(stored)) cpSync(stored, path.join(folder, artifact), { recursive: true });
    }
    return Promise.resolve(wanted.map(([artifact]) => artifact));
  }

  publishTestRun(_runId: number, run: TestRun): Promise<void> {
    this.tests.push(run);
    return Promise.resolve();
  }

  variableGroup(name: string): Promise<VariableGroup | undefined> {
    return Promise.resolve(this.groups.find((group) => group.name === name));
  }

  serviceConnection(nameOrId: string): Promise<ServiceConnection | undefined> {
    return Promise.resolve(this.connections.find(({ id, name }) => id === nameOrId || name === nameOrId));
  }

  serviceConnectionNames(): Promise<string[]> {
    return Promise.resolve(this.connections.map(({ name }) => name));
  }

  environment(name: string): Promise<{ id: number; name: string }> {
    if (!this.environments.includes(name)) this.environments.push(name);
    return Promise.resolve({ id: this.environments.indexOf(name) + 1, name });
  }

  addDeploymentRecord(environmentId: number, record: DeploymentRecord): Promise<void> {
    this.deployments.push({ ...record, environmentId });
    return Promise.resolve();
  }

  async waitForChecks(
    request: ChecksRequest,
    signal: AbortSignal,
    onPending: (approvals: PendingApproval[]) => void,
  ): Promise<Decision> {
    this.checks.push(request);
    const gated = request.environments.filter(({ name }) => this.gated.has(name));
    if (gated.length === 0) return 'passed';
    const decided = gated.map(
      ({ name }) =>
        new Promise<Decision>((resolve) => {
          this.waiting.push({ environment: name, decide: resolve });
          if (signal.aborted) resolve('canceled');
          signal.addEventListener('abort', () => resolve('canceled'));
        }),
    );
    onPending(
      gated.map(({ name }, index) => ({
        id: `approval-${index}`,
        environment: name,
        approvers: ['approver'],
        instructions: '',
      })),
    );
    const decisions = await Promise.all(decided);
    return decisions.find((decision) => decision !== 'passed') ?? 'passed';
  }

  onCancelRequested(_runId: number, listener: () => void): () => void {
    this.cancelListeners.add(listener);
    return () => this.cancelListeners.delete(listener);
  }

  counter(_pipeline: string, prefix: string, seed: number): Promise<number> {
    const next = (this.counters.get(prefix) ?? seed - 1) + 1;
    this.counters.set(prefix, next);
    return Promise.resolve(next);
  }
}
