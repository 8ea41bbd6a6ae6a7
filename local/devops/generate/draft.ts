import type { Definition, StoredRecord, StoredRun } from '../model';
import { attachmentFile } from '../runs';
import { canonical, sha256, type ManifestItem } from './canonical';
import type { Random } from './random';

type Result = NonNullable<StoredRecord['result']>;

/** The marketplace tasks of this extension, by the ids of their published interfaces. */
const tasks = {
  DataSanityTest: '6f0e0e0a-5a5b-4f7e-9a51-3d5a1f0c1a01',
  SubmitAmlTraining: '6f0e0e0a-5a5b-4f7e-9a51-3d5a1f0c1a02',
  EvaluateAgainstProduction: '6f0e0e0a-5a5b-4f7e-9a51-3d5a1f0c1a03',
  RegisterModel: '6f0e0e0a-5a5b-4f7e-9a51-3d5a1f0c1a04',
  PackageModel: '6f0e0e0a-5a5b-4f7e-9a51-3d5a1f0c1a05',
  DeployModel: '6f0e0e0a-5a5b-4f7e-9a51-3d5a1f0c1a06',
  SmokeTest: '6f0e0e0a-5a5b-4f7e-9a51-3d5a1f0c1a07',
  CmdLine: 'd9bafed4-0b18-4f58-968d-86655b4d2ce9',
} as const;
export type TaskName = keyof typeof tasks;

/** A piece of evidence: what goes into the attachment, and what the index says of it. */
export interface Evidence {
  kind: string;
  name: string;
  body: Record<string, unknown>;
  facts: Record<string, unknown>;
}

export interface Stage {
  record: StoredRecord;
  job: StoredRecord;
}

export interface DraftRequest {
  id: number;
  revision: number;
  definition: Definition;
  requestedFor: string;
  /** Milliseconds since 1970. */
  queued: number;
  /** The run waits until then for the one before it. */
  notBefore?: number;
  commit: string;
  branch?: string;
  reason: string;
  templateParameters?: Record<string, unknown>;
}

/** A run as it is written: each step takes its time, leaves its records, and perhaps evidence. */
export class Draft {
  readonly run: StoredRun;
  /** Bytes of the attachments, by the name of their file. */
  readonly files = new Map<string, string>();
  readonly items: ManifestItem[] = [];
  private readonly index = new Map<string, Record<string, unknown>[]>();
  /** Now, in the run. */
  clock: number;

  constructor(
    private readonly random: Random,
    request: DraftRequest,
  ) {
    const { definition, queued } = request;
    this.clock = Math.max(queued, request.notBefore ?? 0) + random.integer(5, 90) * 1000;
    const queueTime = new Date(queued).toISOString();
    this.run = {
      id: request.id,
      number: `${queueTime.slice(0, 10).replaceAll('-', '')}.${request.revision}`,
      revision: request.revision,
      definitionId: definition.id,
      planId: random.uuid(),
      timelineId: random.uuid(),
      state: 'completed',
      queueTime,
      startTime: this.now,
      lastChangedDate: queueTime,
      lastChangedBy: request.requestedFor,
      requestedFor: request.requestedFor,
      requestedBy: request.requestedFor,
      reason: request.reason,
      repository: {
        name: definition.repository.name,
        url: definition.repository.url,
        branch: request.branch ?? definition.repository.branch,
        commit: request.commit,
      },
      templateParameters: request.templateParameters ?? {},
      variables: {},
      tags: [],
      properties: {},
      logs: [],
      attachments: [],
      artifacts: [],
      testRuns: [],
      changeId: 1,
      records: [],
    };
  }

  get now(): string {
    return new Date(this.clock).toISOString();
  }

  tag(...tags: string[]): void {
    for (const tag of tags) if (!this.run.tags.includes(tag)) this.run.tags.push(tag);
  }

  record(more: Pick<StoredRecord, 'type' | 'name'> & Partial<StoredRecord>): StoredRecord {
    const record: StoredRecord = {
      id: this.random.uuid(),
      state: 'completed',
      result: 'succeeded',
      order: this.run.records.length + 1,
      attempt: 1,
      changeId: 1,
      ...more,
    };
    this.run.records.push(record);
    return record;
  }

  openStage(identifier: string, name = identifier): Stage {
    const record = this.record({ type: 'Stage', name, identifier, refName: identifier, startTime: this.now });
    return { record, job: record };
  }

  /** The stage's one job begins; a gate stands before it where there is one. */
  openJob(stage: Stage, name: string): void {
    const identifier = `${stage.record.identifier ?? ''}.${name}`;
    const common = { identifier, refName: name, startTime: this.now };
    const phase = this.record({ ...common, type: 'Phase', name, parentId: stage.record.id });
    const job = { ...common, identifier: `${identifier}.__default`, refName: '__default' };
    stage.job = this.record({ ...job, type: 'Job', name, parentId: phase.id, workerName: 'mlops-agents-1' });
  }

  /** A step of the job. Evidence hangs on its record. */
  step(stage: Stage, task: TaskName, seconds: number, result: Result = 'succeeded', message = ''): StoredRecord {
    const startTime = this.now;
    this.clock += Math.max(1, Math.round(seconds * this.random.between(0.6, 1.6))) * 1000;
    return this.record({
      type: 'Task',
      name: task,
      refName: task,
      identifier: `${stage.job.identifier ?? ''}.${task}`,
      parentId: stage.job.id,
      startTime,
      finishTime: this.now,
      result,
      workerName: 'mlops-agents-1',
      task: { id: tasks[task], name: task, version: '0.1.0' },
      ...(message === ''
        ? {}
        : { issues: [{ type: result === 'failed' ? ('error' as const) : ('warning' as const), message }] }),
    });
  }

  closeStage({ record, job }: Stage, result: Result = 'succeeded'): void {
    for (const one of this.run.records) {
      if (one !== record && one.id !== job.id && one.id !== job.parentId) continue;
      one.finishTime = this.now;
      one.result = result;
    }
    this.clock += this.random.integer(2, 15) * 1000;
  }

  skipStage(identifier: string): void {
    this.record({ type: 'Stage', name: identifier, identifier, refName: identifier, result: 'skipped' });
  }

  leave(stage: Stage, step: StoredRecord, { kind, name, body, facts }: Evidence): void {
    const text = canonical({ kind, ...body });
    const hash = sha256(text);
    const file = attachmentFile(step.id, kind, name);
    this.files.set(file, text);
    this.run.attachments.push({ recordId: step.id, type: kind, name, file });
    const stageName = stage.record.identifier ?? stage.record.name;
    this.items.push({ kind, name, sha256: hash, stage: stageName });
    const entry = { name, sha256: hash, stage: stageName, at: `${this.now.slice(0, 19)}Z`, ...facts };
    // What the same stage says again under the same name takes the place of what it said.
    const others = (this.index.get(kind) ?? []).filter((one) => one['name'] !== name || one['stage'] !== stageName);
    this.index.set(kind, [...others, entry]);
  }

  /** The run stands at its gate. */
  wait(): void {
    this.finish('succeeded');
    delete this.run.result;
    delete this.run.finishTime;
    this.run.state = 'inProgress';
    this.run.waiting = true;
  }

  finish(result: Result): StoredRun {
    for (const [kind, entries] of this.index) {
      const name = `mlops.v1.${kind.split('.')[1] ?? kind}`;
      this.run.properties[name] = { $type: 'System.String', $value: JSON.stringify(entries) };
    }
    this.run.result = result;
    this.run.finishTime = this.now;
    this.run.lastChangedDate = this.now;
    return this.run;
  }
}
