import type { SecretMasker } from '../masker';
import { mergeResults, type TaskResult } from '../result';
import type { ServiceConnection, TestRun } from '../server';
import { Variables } from '../variables';

export interface Issue {
  type: 'error' | 'warning';
  message: string;
  data: Record<string, string>;
}

/** The record keeps this many errors and this many warnings; the rest only counts. */
const maxIssues = 10;

/** What all steps of a job share. */
export interface JobContext {
  variables: Variables;
  masker: SecretMasker;
  /** In the order of the commands; the last one is searched first. */
  prependPath: string[];
  endpoints: ServiceConnection[];
  /** The job's own connection to the server, handed to every task. */
  system: { url: string; accessToken: string };
  /** Directory that relative `filePath` inputs start from. */
  repositoryDirectory: string;
  /** The agent's own environment for a task; not pipeline variables. */
  environment: (taskName: string) => Record<string, string>;
}

/** Where the effects of a step go: the server in a pipeline, a collection when a task runs alone. */
export interface StepSink {
  /** One line of the log, secrets already masked. */
  line(text: string): void;
  /** One line exactly as the process wrote it. */
  raw?(text: string): void;
  attach(type: string, name: string, file: string): Promise<void>;
  addTag(tag: string): Promise<void>;
  updateBuildNumber(number: string): Promise<void>;
  uploadArtifact(name: string, path: string): Promise<void>;
  publishTests(run: Omit<TestRun, 'recordId'>): Promise<void>;
  /** Progress, issues or outputs of the record changed. */
  changed(step: StepContext): void;
}

export interface StepRestrictions {
  restricted: boolean;
  settable: string[] | undefined;
}

/** State of one running step: its result, issues, outputs and log (agent source `ExecutionContext.cs`). */
export class StepContext {
  result: TaskResult | undefined;
  /** Result of failed logging commands; merged into `result` once the step has ended. Not reset by a retry. */
  commandResult: TaskResult | undefined;
  readonly issues: Issue[] = [];
  errorCount = 0;
  warningCount = 0;
  percentComplete = 0;
  currentOperation: string | undefined;
  readonly outputs = new Map<string, { value: string; secret: boolean }>();
  /** Names that task.json declares as outputs: set without `isoutput` they are outputs too. */
  readonly outputNames = new Set<string>();
  readonly taskVariables: Variables;
  restrictions: StepRestrictions[] = [];
  readonly tags: string[] = [];
  /** Ids of sub-records that `task.logdetail` made. */
  readonly details = new Set<string>();
  readonly progress: { value: number; text: string }[] = [];
  /** Uploads under way; awaited before the step completes. */
  readonly pending: Promise<void>[] = [];
  private forceComplete: (() => void) | undefined;

  constructor(
    readonly job: JobContext,
    readonly refName: string,
    readonly sink: StepSink,
    taskVariables?: Variables,
  ) {
    this.taskVariables = taskVariables ?? new Variables(job.masker);
  }

  write(text: string): void {
    for (const line of this.job.masker.mask(text).split(/\r\n|\n|\r/)) this.sink.line(line);
  }

  debug(text: string): void {
    if (!this.job.variables.flag('system.debug')) return;
    for (const line of text.split(/\r\n|\n|\r/)) this.write(`##[debug]${line}`);
  }

  error(message: string): void {
    this.addIssue({ type: 'error', message, data: {} });
  }

  warning(message: string): void {
    this.addIssue({ type: 'warning', message, data: {} });
  }

  addIssue(issue: Issue): void {
    const masked = { ...issue, message: this.job.masker.mask(issue.message) };
    if (masked.message !== '') this.write(`##[${issue.type}]${masked.message}`);
    const count = issue.type === 'error' ? this.errorCount++ : this.warningCount++;
    if (count < maxIssues) this.issues.push(masked);
    this.sink.changed(this);
  }

  setProgress(percent: number, operation: string): void {
    this.currentOperation = this.job.masker.mask(operation);
    this.percentComplete = Math.max(percent, this.percentComplete);
    this.progress.push({ value: this.percentComplete, text: this.currentOperation });
    this.sink.changed(this);
  }

  /** An output lives as `<step>.<name>` and not under its plain name (agent source `ExecutionContext.SetVariable`). */
  setVariable(
    name: string,
    value: string,
    flags: { secret: boolean; output: boolean; readOnly: boolean; preserveCase: boolean },
  ): void {
    const { secret, preserveCase } = flags;
    if (!flags.output && !this.outputNames.has(name.toLowerCase())) {
      this.job.variables.set(name, value, { secret, readOnly: flags.readOnly, preserveCase });
      return;
    }
    this.outputs.set(name, { value, secret });
    const readOnly = flags.output || flags.readOnly;
    this.job.variables.set(`${this.refName}.${name}`, value, { secret, readOnly, preserveCase });
    this.sink.changed(this);
  }

  mergeResult(result: TaskResult): void {
    this.result = mergeResults(this.result, result);
  }

  failCommand(): void {
    this.commandResult = 'Failed';
  }

  /** Starts an upload; a failure fails the step once the process has ended. */
  background(what: string, work: Promise<void>): void {
    this.pending.push(
      work.catch((error: unknown) => {
        this.error(`${what}: ${error instanceof Error ? error.message : String(error)}`);
        this.commandResult = mergeResults(this.commandResult, 'Failed');
      }),
    );
  }

  /** Waits for the uploads, then merges what commands left behind into the result. */
  async settle(): Promise<TaskResult> {
    while (this.pending.length > 0) await Promise.all(this.pending.splice(0));
    if (this.commandResult !== undefined) this.mergeResult(this.commandResult);
    this.result ??= 'Succeeded';
    return this.result;
  }

  /** `task.complete done=true`: the agent stops waiting for the process a little later. */
  requestForceComplete(): void {
    this.forceComplete?.();
  }

  onForceComplete(listener: () => void): void {
    this.forceComplete = listener;
  }
}
