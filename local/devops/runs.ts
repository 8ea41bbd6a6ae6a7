import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { appendFileSync, copyFileSync, cpSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { Run, RunChange, RunRequest, TestRun, TimelineRecord } from '../agent/server';
import type { Collection } from './collection';
import { ServiceError } from './errors';
import type { StoredRecord, StoredRun } from './model';
import { RunIndex } from './run-index';
import { RunStore } from './run-store';

/** How long a change may wait before it is on disk, for the frequent ones (log lines). */
const writeDelayMs = 200;

/** Every run of the project: its record, timeline, logs, attachments and artifacts. One folder a run. */
export class Runs {
  /** Runs by tag, pipeline and time. */
  readonly index = new RunIndex();
  private readonly runs = new Map<number, StoredRun>();
  private readonly plans = new Map<string, number>();
  private readonly store: RunStore;
  private readonly unwritten = new Set<StoredRun>();
  private timer: NodeJS.Timeout | undefined;
  /** Job access tokens of the runs in progress. In memory only: they end with the run. */
  private readonly jobTokens = new Map<string, number>();
  private readonly events = new EventEmitter().setMaxListeners(0);

  constructor(private readonly collection: Collection) {
    this.store = new RunStore(collection.folder);
    for (const run of this.store.load()) {
      this.take(run);
      this.abandonIfUnfinished(run);
    }
  }

  /** Those that are not deleted. */
  all(): StoredRun[] {
    return [...this.runs.values()].filter((run) => run.deleted === undefined);
  }

  get count(): number {
    return this.runs.size;
  }

  /** The run, deleted or not: approvals and deployment records outlive it. The REST server hides what is deleted. */
  get(id: number): StoredRun {
    const run = this.runs.get(id);
    if (!run) throw buildNotFound(id);
    return run;
  }

  find(id: number): StoredRun | undefined {
    return this.runs.get(id);
  }

  isDeleted(id: number): boolean {
    return this.runs.get(id)?.deleted !== undefined;
  }

  byPlan(planId: string): StoredRun | undefined {
    const id = this.plans.get(planId.toLowerCase());
    return id === undefined ? undefined : this.runs.get(id);
  }

  runOfToken(token: string): number | undefined {
    return this.jobTokens.get(token);
  }

  folder(run: StoredRun): string {
    return this.store.folderOf(run.id);
  }

  create(request: RunRequest, reason = 'manual'): Run {
    const person = this.collection.findIdentity(request.requestedFor);
    if (person?.kind !== 'user') {
      const people = this.collection.shared.identities.filter((one) => one.kind === 'user');
      const names = people.map((one) => one.displayName).join(', ');
      throw new Error(`There is no user '${request.requestedFor}'. The users are ${names}.`);
    }
    const { pipelineName, yamlFile, repository } = request;
    const definition = this.collection.definitionOf(pipelineName, yamlFile, repository, person.id);
    const now = new Date();
    const day = now.toISOString().slice(0, 10).replaceAll('-', '');
    const revision = this.collection.count(`number:${definition.id}:${day}`, 1);
    const run: StoredRun = {
      id: this.collection.nextId('build'),
      number: `${day}.${revision}`,
      revision,
      definitionId: definition.id,
      planId: randomUUID(),
      timelineId: randomUUID(),
      state: 'notStarted',
      queueTime: now.toISOString(),
      lastChangedDate: now.toISOString(),
      lastChangedBy: person.id,
      requestedFor: person.id,
      requestedBy: person.id,
      reason,
      repository: { ...request.repository },
      templateParameters: { ...request.templateParameters },
      variables: { ...request.variables },
      tags: [],
      properties: {},
      logs: [],
      attachments: [],
      artifacts: [],
      testRuns: [],
      changeId: 0,
      records: [],
    };
    this.take(run);
    this.save(run);
    const accessToken = randomBytes(39).toString('base64url');
    this.jobTokens.set(accessToken, run.id);
    return {
      id: run.id,
      number: run.number,
      definition: { id: definition.id, name: definition.name },
      planId: run.planId,
      timelineId: run.timelineId,
      requestedFor: { id: person.id, displayName: person.displayName, email: person.uniqueName },
      accessToken,
      oidcRequestUri: `${this.collection.projectUrl}/_apis/distributedtask/hubs/build/plans/${run.planId}/jobs/${run.timelineId}/oidctoken`,
      webUrl: this.webUrl(run),
    };
  }

  webUrl(run: StoredRun): string {
    return `${this.collection.projectUrl}/_build/results?buildId=${run.id}`;
  }

  change(id: number, change: RunChange): void {
    const run = this.get(id);
    if (run.state === 'completed') throw new Error(`Run ${run.number} has ended; it cannot be changed.`);
    if (change.number !== undefined) run.number = change.number;
    if (change.startTime !== undefined) run.startTime = change.startTime;
    if (change.finishTime !== undefined) run.finishTime = change.finishTime;
    if (change.result !== undefined) run.result = change.result;
    // A run that is being cancelled stays so until it ends.
    if (change.state !== undefined && !(run.state === 'cancelling' && change.state === 'inProgress')) {
      run.state = change.state;
    }
    if (run.state === 'completed') this.end(run);
    this.touched(run);
    this.save(run);
  }

  /** A person, or the hub, asks that the run stop. */
  requestCancel(run: StoredRun, by: string): void {
    if (run.state === 'completed') return;
    run.state = 'cancelling';
    this.touched(run, by);
    this.save(run);
    this.events.emit(`cancel:${run.id}`);
  }

  onCancel(runId: number, listener: () => void): () => void {
    const name = `cancel:${runId}`;
    this.events.on(name, listener);
    return () => this.events.off(name, listener);
  }

  updateRecords(id: number, records: (TimelineRecord | StoredRecord)[]): void {
    const run = this.get(id);
    run.changeId += 1;
    const lastModified = new Date().toISOString();
    for (const change of records) {
      const known = run.records.find((record) => record.id === change.id);
      const merged = { ...known, ...withoutUndefined(change), changeId: run.changeId, lastModified };
      const record: StoredRecord = { ...merged, variables: hideSecrets(merged.variables) };
      if (known) run.records[run.records.indexOf(known)] = record;
      else run.records.push(record);
    }
    this.save(run);
  }

  appendLog(id: number, recordId: string, lines: string[]): void {
    if (lines.length === 0) return;
    const run = this.get(id);
    const now = new Date().toISOString();
    let log = run.logs.find((one) => one.recordId === recordId);
    if (!log) {
      log = { id: run.logs.length + 1, recordId, lineCount: 0, createdOn: now, lastChangedOn: now };
      run.logs.push(log);
      const record = run.records.find((one) => one.id === recordId);
      if (record) record.logId = log.id;
    }
    const file = this.logFile(run, log.id);
    mkdirSync(join(this.folder(run), 'logs'), { recursive: true });
    appendFileSync(file, lines.map((line) => `${line.replaceAll('\r', '').replaceAll('\n', ' ')}\n`).join(''));
    log.lineCount += lines.length;
    log.lastChangedOn = now;
    this.saveSoon(run);
  }

  logFile(run: StoredRun, logId: number): string {
    return join(this.folder(run), 'logs', `${logId}.log`);
  }

  addAttachment(id: number, recordId: string, type: string, name: string, file: string): void {
    const run = this.get(id);
    if (!run.records.some((record) => record.id === recordId)) {
      throw new Error(`Run ${run.number} has no timeline record ${recordId} to attach '${name}' to.`);
    }
    const folder = join(this.folder(run), 'attachments');
    mkdirSync(folder, { recursive: true });
    const stored = attachmentFile(recordId, type, name);
    copyFileSync(file, join(folder, stored));
    // The same type and name on the same record is the same attachment, written again.
    run.attachments = run.attachments.filter((one) => one.file !== stored);
    run.attachments.push({ recordId, type, name, file: stored });
    this.save(run);
  }

  addTags(run: StoredRun, tags: string[], by?: string): void {
    for (const tag of tags) {
      if (tag.trim() === '' || tag.length > 400) {
        throw new ServiceError(400, 'InvalidTagException', `'${tag}' is not a valid tag.`);
      }
      if (!run.tags.some((known) => known.toLowerCase() === tag.toLowerCase())) run.tags.push(tag);
    }
    this.touched(run, by);
    this.save(run);
  }

  /** Keeps a copy of the folder as artifact `name`. */
  addArtifact(id: number, name: string, source: string, folder: string): void {
    const run = this.get(id);
    if (!/^[^\\/:*?"<>|]{1,255}$/.test(name) || name === '.' || name === '..') {
      throw new Error(`'${name}' is not a valid artifact name: it may not contain any of \\ / : * ? " < > |.`);
    }
    if (run.artifacts.some((one) => one.name.toLowerCase() === name.toLowerCase())) {
      throw new Error(`Artifact ${name} already exists for build ${run.id}.`);
    }
    const target = this.artifactFolder(run, name);
    cpSync(folder, target, { recursive: true, dereference: true });
    run.artifacts.push({ id: run.artifacts.length + 1, name, source, size: sizeOf(target) });
    this.save(run);
  }

  artifactFolder(run: StoredRun, name: string): string {
    return join(this.folder(run), 'artifacts', name);
  }

  addTestRun(id: number, testRun: TestRun): void {
    const run = this.get(id);
    run.testRuns.push({
      id: this.collection.nextId('testRun'),
      title: testRun.title,
      recordId: testRun.recordId,
      createdDate: new Date().toISOString(),
      tests: testRun.tests.map((test) => ({ ...test })),
    });
    this.save(run);
  }

  /** Removes what hangs on a run that has ended; that it was there, the list still tells. */
  delete(run: StoredRun, by: string): void {
    if (run.state !== 'completed') {
      throw new ServiceError(400, 'BuildStatusInvalidChangeException', `Build ${run.number} is still in progress.`);
    }
    if (this.collection.state.leases.some((lease) => lease.runId === run.id)) {
      throw new ServiceError(
        400,
        'CannotDeleteRetainedBuildException',
        `Build ${run.number} is retained and cannot be deleted. Remove its retention leases first.`,
      );
    }
    run.deleted = { on: new Date().toISOString(), by };
    run.attachments = [];
    run.artifacts = [];
    run.logs = [];
    this.touched(run, by);
    this.save(run);
    for (const part of ['attachments', 'artifacts', 'logs']) {
      rmSync(join(this.folder(run), part), { recursive: true, force: true });
    }
  }

  touched(run: StoredRun, by = this.collection.buildService.id): void {
    run.lastChangedDate = new Date().toISOString();
    run.lastChangedBy = by;
  }

  save(run: StoredRun): void {
    this.unwritten.delete(run);
    this.index.update(run);
    this.store.save(run);
  }

  /** Writes what is still only in memory, for the next start too. */
  close(): void {
    this.flush();
    this.store.writeDigest(this.runs.values());
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const run of [...this.unwritten]) this.save(run);
  }

  private take(run: StoredRun): void {
    this.runs.set(run.id, run);
    this.plans.set(run.planId.toLowerCase(), run.id);
    this.index.update(run);
  }

  private saveSoon(run: StoredRun): void {
    this.unwritten.add(run);
    this.timer ??= setTimeout(() => this.flush(), writeDelayMs).unref();
  }

  private end(run: StoredRun): void {
    run.finishTime ??= new Date().toISOString();
    for (const [token, id] of this.jobTokens) if (id === run.id) this.jobTokens.delete(token);
  }

  /** The process that ran it ended without a word: as when an agent is lost, the run fails. */
  private abandonIfUnfinished(run: StoredRun): void {
    if (run.state === 'completed' || run.waiting === true) return;
    const now = new Date().toISOString();
    for (const record of run.records) {
      if (record.state === 'completed') continue;
      record.result = record.state === 'inProgress' ? 'abandoned' : 'skipped';
      record.state = 'completed';
      record.finishTime = now;
    }
    run.state = 'completed';
    run.result = 'abandoned';
    run.finishTime = now;
    this.touched(run);
    this.save(run);
  }
}

/** Name of the file that holds an attachment. */
export function attachmentFile(recordId: string, type: string, name: string): string {
  return createHash('sha256').update(`${recordId}\n${type}\n${name}`).digest('hex').slice(0, 32);
}

export function buildNotFound(id: number | string): ServiceError {
  return new ServiceError(404, 'BuildNotFoundException', `The requested build ${id} could not be found.`);
}

function withoutUndefined<T extends object>(value: T): T {
  const copy = { ...value };
  for (const key of Object.keys(copy)) if (Reflect.get(copy, key) === undefined) Reflect.deleteProperty(copy, key);
  return copy;
}

/** Values of secret variables are never kept. */
function hideSecrets(variables: StoredRecord['variables']): StoredRecord['variables'] {
  if (!variables) return undefined;
  return Object.fromEntries(
    Object.entries(variables).map(([name, { value, isSecret }]) => [name, { value: isSecret ? '' : value, isSecret }]),
  );
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
