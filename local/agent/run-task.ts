import { readFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';

import { isSecretParameter, SecretMasker } from './masker';
import { ProcessGroups } from './process';
import type { TaskResult } from './result';
import type { ServiceConnection, TestRun } from './server';
import { StepContext, type Issue, type JobContext, type StepSink } from './task/context';
import { readTaskDefinition } from './task/definition';
import { resolveServiceConnections } from './task/inputs';
import { completeStep } from './task/lifecycle';
import { nodeBinary, selectRuntime } from './task/node-handler';
import { ExitCodeError, runTaskStep } from './task/run';
import { Variables } from './variables';

export interface RunTaskOptions {
  /** Folder of a built task: task.json and what it names. */
  taskFolder: string;
  inputs: Record<string, string>;
  variables?: Record<string, string>;
  secretVariables?: Record<string, string>;
  /** `connectedService:*` inputs name one of these by name or id. */
  serviceConnections?: ServiceConnection[];
  /** The agent's own environment, beyond that of this process. */
  environment?: Record<string, string>;
  /** The step's `env:`. */
  env?: Record<string, string>;
  /** Path of the Node binary; by default Node 20 (the running one, or what NODE20 names). */
  node?: string;
  /** Plays the part of `_work`. */
  workFolder: string;
  /** Repository directory: base of relative file inputs; by default `<workFolder>/1/s`. */
  sourcesDirectory?: string;
  signal?: AbortSignal;
  accessToken?: string;
  collectionUrl?: string;
  /** Name of the step, the prefix of its outputs among the variables. */
  stepName?: string;
  retryCountOnTaskFailure?: number;
  retryUnitMs?: number;
  timeoutMs?: number;
  continueOnError?: boolean;
  onLine?: (line: string) => void;
}

export interface StepResult {
  result: TaskResult;
  exitCode: number;
  /** The log, secrets masked, as the service would show it. */
  lines: string[];
  /** Every line exactly as the process wrote it, commands included. */
  rawLines: string[];
  outputs: Record<string, string>;
  /** All variables of the job afterwards, secret ones included. */
  variables: Record<string, string>;
  secrets: string[];
  issues: Issue[];
  attachments: { type: string; name: string; content: string }[];
  tags: string[];
  artifacts: { name: string; path: string }[];
  progress: { value: number; text: string }[];
  tests: Omit<TestRun, 'recordId'>[];
  buildNumber: string | undefined;
}

/** Runs one built task exactly as the agent would run it in a job of its own. */
export async function runTask(options: RunTaskOptions): Promise<StepResult> {
  const definition = readTaskDefinition(options.taskFolder);
  const connections = options.serviceConnections ?? [];
  const { inputs } = await resolveServiceConnections(definition, options.inputs, (reference) =>
    connections.find(({ id, name }) => id.toLowerCase() === reference.toLowerCase() || name === reference),
  );
  const job = createJob(options, connections);
  const record = new Recorder(options.onLine);
  const step = new StepContext(job, options.stepName ?? definition.name, record);
  step.restrictions = [definition.restrictions];
  const node = options.node ?? nodeBinary(selectRuntime(definition, 'node20')).file;
  const groups = new ProcessGroups();
  let exitCode = 0;
  const limits = {
    cancel: options.signal ?? new AbortController().signal,
    timeoutMs: options.timeoutMs ?? 0,
    continueOnError: options.continueOnError ?? false,
  };
  const result = await completeStep(step, limits, async (signal) => {
    try {
      const retries = options.retryCountOnTaskFailure ?? 0;
      const retryUnitMs = options.retryUnitMs ?? 1000;
      exitCode = await runTaskStep(step, {
        definition,
        inputs,
        env: options.env ?? {},
        node,
        signal,
        groups,
        retries,
        retryUnitMs,
      });
    } catch (error) {
      if (error instanceof ExitCodeError) exitCode = error.exitCode;
      throw error;
    }
  });
  groups.end();
  return { result, exitCode, ...record.collected(), ...outcomeOf(step) };
}

function createJob(options: RunTaskOptions, connections: ServiceConnection[]): JobContext {
  const work = path.resolve(options.workFolder);
  const sources = path.resolve(options.sourcesDirectory ?? path.join(work, '1', 's'));
  const temp = path.join(work, '_temp');
  for (const folder of [sources, temp, path.join(work, '1', 'a')]) mkdirSync(folder, { recursive: true });
  const masker = new SecretMasker();
  maskEndpoints(masker, connections);
  const accessToken = options.accessToken ?? 'local-job-access-token';
  masker.addUserSecret(accessToken);
  const url = options.collectionUrl ?? 'https://localhost/DefaultCollection/';
  const variables = new Variables(masker);
  const standard: Record<string, string> = {
    'Agent.JobStatus': 'Succeeded',
    'Agent.TempDirectory': temp,
    'Agent.WorkFolder': work,
    'Agent.BuildDirectory': path.join(work, '1'),
    'Pipeline.Workspace': path.join(work, '1'),
    'Build.SourcesDirectory': sources,
    'Build.ArtifactStagingDirectory': path.join(work, '1', 'a'),
    'Build.BuildId': '1',
    'System.DefaultWorkingDirectory': sources,
    'System.HostType': 'build',
    'System.TeamFoundationCollectionUri': url,
    'System.CollectionUri': url,
  };
  const given = { ...standard, ...options.variables };
  variables.load(Object.entries(given).map(([name, value]) => ({ name, value })));
  variables.load(Object.entries(options.secretVariables ?? {}).map(([name, value]) => ({ name, value, secret: true })));
  return {
    variables,
    masker,
    prependPath: [],
    endpoints: connections.map((connection) => structuredClone(connection)),
    system: { url, accessToken },
    repositoryDirectory: sources,
    environment: () => options.environment ?? {},
  };
}

/** Secret parameters of service connections are masked from the start of a job. */
export function maskEndpoints(masker: SecretMasker, connections: ServiceConnection[]): void {
  for (const { authorization } of connections) {
    for (const [name, value] of Object.entries(authorization.parameters)) {
      if (isSecretParameter(name)) masker.addUserSecret(value);
    }
  }
}

function outcomeOf(
  step: StepContext,
): Pick<StepResult, 'outputs' | 'variables' | 'secrets' | 'issues' | 'tags' | 'progress'> {
  const variables = step.job.variables.all();
  return {
    outputs: Object.fromEntries([...step.outputs].map(([name, { value }]) => [name, value])),
    variables: Object.fromEntries(variables.map(({ name, value }) => [name, value])),
    secrets: variables.filter(({ secret }) => secret).map(({ name }) => name),
    issues: step.issues,
    tags: step.tags,
    progress: step.progress,
  };
}

/** Keeps in memory what a step does. */
class Recorder implements StepSink {
  private readonly lines: string[] = [];
  private readonly rawLines: string[] = [];
  private readonly attachments: StepResult['attachments'] = [];
  private readonly artifacts: StepResult['artifacts'] = [];
  private readonly tests: StepResult['tests'] = [];
  private buildNumber: string | undefined;

  constructor(private readonly onLine: ((line: string) => void) | undefined) {}

  line(text: string): void {
    this.lines.push(text);
    this.onLine?.(text);
  }

  raw(text: string): void {
    this.rawLines.push(text);
  }

  attach(type: string, name: string, file: string): Promise<void> {
    this.attachments.push({ type, name, content: readFileSync(file, 'utf8') });
    return Promise.resolve();
  }

  addTag(): Promise<void> {
    return Promise.resolve();
  }

  updateBuildNumber(number: string): Promise<void> {
    this.buildNumber = number;
    return Promise.resolve();
  }

  uploadArtifact(name: string, source: string): Promise<void> {
    this.artifacts.push({ name, path: source });
    return Promise.resolve();
  }

  publishTests(run: Omit<TestRun, 'recordId'>): Promise<void> {
    this.tests.push(run);
    return Promise.resolve();
  }

  changed(): void {
    // Nobody watches a record here; the step is read when it has ended.
  }

  collected(): Pick<StepResult, 'lines' | 'rawLines' | 'attachments' | 'artifacts' | 'tests' | 'buildNumber'> {
    const { lines, rawLines, attachments, artifacts, tests, buildNumber } = this;
    return { lines, rawLines, attachments, artifacts, tests, buildNumber };
  }
}
