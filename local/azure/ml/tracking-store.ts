import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Core } from '../service';
import { isObject, type Json } from './wire';

/** Status words of run history, which are those of jobs. */
export type RunStatus =
  | 'NotStarted'
  | 'Starting'
  | 'Preparing'
  | 'Queued'
  | 'Running'
  | 'Finalizing'
  | 'CancelRequested'
  | 'Completed'
  | 'Failed'
  | 'Canceled';

export interface Experiment {
  id: string;
  name: string;
  lifecycle: 'active' | 'deleted';
  created: number;
  updated: number;
  tags: Record<string, string>;
}

/** A measured value. Values JSON has no number for (`NaN`, `Infinity`) travel as texts, as protobuf's JSON does. */
export interface Metric {
  key: string;
  value: number | string;
  /** Milliseconds since 1970. */
  timestamp: number;
  step: number;
}

export interface RunError {
  code: string;
  message: string;
}

/** A run: of a command job (then its id is the job's name), or one that an MLflow client created. */
export interface Run {
  runId: string;
  experimentId: string;
  name: string;
  status: RunStatus;
  userId: string;
  isJob: boolean;
  lifecycle: 'active' | 'deleted';
  /** Milliseconds since 1970. */
  created: number;
  started?: number;
  ended?: number;
  number: number;
  params: Record<string, string>;
  tags: Record<string, string>;
  /** The latest value of each metric. */
  metrics: Record<string, Metric>;
  /** As MLflow clients logged them: datasets, and the models of MLflow 3. */
  datasets: unknown[];
  modelInputs: unknown[];
  modelOutputs: unknown[];
  error?: RunError;
}

export const terminal: readonly RunStatus[] = ['Completed', 'Failed', 'Canceled'];

/** Experiments, runs and metric histories of one workspace. */
export class TrackingStore {
  constructor(
    private readonly core: Core,
    readonly workspace: string,
  ) {}

  experiments(): Experiment[] {
    return this.all('experiments')
      .filter(isExperiment)
      .sort((a, b) => a.created - b.created);
  }

  experiment(id: string): Experiment | undefined {
    // Clients that never chose an experiment ask for "0"; the service's counterpart is the experiment "Default".
    if (id === '0') return this.ensureExperiment('Default');
    const found = this.core.store.get(this.key('experiments', id));
    return isExperiment(found) ? found : undefined;
  }

  experimentByName(name: string): Experiment | undefined {
    return this.experiments().find((experiment) => experiment.name === name);
  }

  ensureExperiment(name: string, tags: Record<string, string> = {}): Experiment {
    const existing = this.experimentByName(name);
    if (existing !== undefined) return existing;
    const now = Date.now();
    const experiment: Experiment = { id: randomUUID(), name, lifecycle: 'active', created: now, updated: now, tags };
    this.saveExperiment(experiment);
    return experiment;
  }

  saveExperiment(experiment: Experiment): void {
    this.core.store.set(this.key('experiments', experiment.id), { ...experiment, updated: Date.now() });
  }

  runs(): Run[] {
    return this.all('runs')
      .filter(isRun)
      .sort((a, b) => b.created - a.created || b.number - a.number);
  }

  run(id: string): Run | undefined {
    const found = this.core.store.get(this.key('runs', id));
    return isRun(found) ? found : undefined;
  }

  createRun(run: Pick<Run, 'experimentId' | 'status' | 'userId'> & Partial<Run>): Run {
    const runId = run.runId ?? randomUUID();
    const created: Run = {
      name: runId,
      isJob: false,
      lifecycle: 'active',
      created: Date.now(),
      number: this.core.store.keys(this.key('runs', '')).length + 1,
      params: {},
      tags: {},
      metrics: {},
      datasets: [],
      modelInputs: [],
      modelOutputs: [],
      ...run,
      runId,
    };
    this.saveRun(created);
    return created;
  }

  saveRun(run: Run): void {
    this.core.store.set(this.key('runs', run.runId), run);
  }

  /** Applies a change to a stored run; nothing happens when the run is gone. */
  updateRun(id: string, change: (run: Run) => unknown): void {
    const run = this.run(id);
    if (run === undefined) return;
    change(run);
    this.saveRun(run);
  }

  /** Adds to the history and keeps the latest value of each key: the one with the highest step, then time. */
  logMetrics(run: Run, metrics: readonly Metric[]): void {
    if (metrics.length === 0) return;
    appendFileSync(this.historyFile(run.runId), metrics.map((metric) => `${JSON.stringify(metric)}\n`).join(''));
    for (const metric of metrics) {
      const latest = run.metrics[metric.key];
      const newer =
        latest === undefined ||
        metric.step > latest.step ||
        (metric.step === latest.step && metric.timestamp >= latest.timestamp);
      if (newer) run.metrics[metric.key] = metric;
    }
  }

  history(runId: string, key: string): Metric[] {
    const file = this.historyFile(runId);
    if (!existsSync(file)) return [];
    const found: Metric[] = [];
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (line === '') continue;
      const metric: unknown = JSON.parse(line);
      if (isMetric(metric) && metric.key === key) found.push(metric);
    }
    return withoutRepeats(found).sort((a, b) => a.step - b.step || a.timestamp - b.timestamp);
  }

  /** Any further document of the tracking service (the models that MLflow 3 logs). */
  document(kind: string, id: string): Json | undefined {
    const found = this.core.store.get(this.key(kind, id));
    return isObject(found) ? found : undefined;
  }

  documents(kind: string): Json[] {
    return this.all(kind).filter(isObject);
  }

  saveDocument(kind: string, id: string, value: Json): void {
    this.core.store.set(this.key(kind, id), value);
  }

  private all(kind: string): unknown[] {
    return this.core.store.keys(this.key(kind, '')).map((key) => this.core.store.get(key));
  }

  private key(kind: string, id: string): string {
    return `tracking${this.workspace}/${kind}/${id}`;
  }

  private historyFile(runId: string): string {
    const name = this.workspace.split('/').pop() ?? '';
    return join(this.core.folder('metrics'), `${name}.${runId}.jsonl`.toLowerCase().replace(/[^a-z0-9._-]/g, '_'));
  }
}

/** A value is stored once: MLflow 3 sends the run's values again with each model that it logs. */
function withoutRepeats(metrics: readonly Metric[]): Metric[] {
  const seen = new Map(metrics.map((metric) => [`${metric.step} ${metric.timestamp} ${metric.value}`, metric]));
  return [...seen.values()];
}

function isExperiment(value: unknown): value is Experiment {
  return (
    isObject(value) && typeof value['id'] === 'string' && typeof value['name'] === 'string' && isObject(value['tags'])
  );
}

function isRun(value: unknown): value is Run {
  return (
    isObject(value) &&
    typeof value['runId'] === 'string' &&
    typeof value['experimentId'] === 'string' &&
    isObject(value['params']) &&
    isObject(value['metrics'])
  );
}

function isMetric(value: unknown): value is Metric {
  return isObject(value) && typeof value['key'] === 'string' && typeof value['step'] === 'number';
}
