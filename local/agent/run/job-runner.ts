import { mkdir, rm } from 'node:fs/promises';

import { evaluateCondition } from '../expressions/evaluate';
import { stepFunctions } from '../expressions/status';
import { Dict } from '../expressions/values';
import { SecretMasker } from '../masker';
import { ProcessGroups } from '../process';
import { mergeResults, serverResult, type TaskResult } from '../result';
import { maskEndpoints } from '../run-task';
import type { ServiceConnection } from '../server';
import { StepContext, type JobContext } from '../task/context';
import { completeStep } from '../task/lifecycle';
import { Variables, type Variable } from '../variables';
import type { StepPlan } from '../yaml/model';
import type { AgentEvent, Place, StepSummary } from './events';
import type { Output } from './graph';
import type { Timing } from './options';
import type { JobFolders } from './predefined';
import type { RecordWriter, Timeline } from './record';
import { ServerSink, stepFields } from './sink';
import { workStep, type StepTools } from './step-kinds';

export interface JobRequest {
  place: Place;
  steps: StepPlan[];
  /** Predefined, pipeline, stage and job variables, in this order: a later one wins. */
  variables: (Pick<Variable, 'name' | 'value'> & { secret?: boolean; readOnly?: boolean })[];
  endpoints: ServiceConnection[];
  system: JobContext['system'];
  environment: (taskName: string) => Record<string, string>;
  folders: JobFolders;
  tools: Omit<StepTools, 'groups' | 'folders' | 'jobRecordId'>;
  record: RecordWriter;
  childRecord: (name: string, refName: string, order: number, task?: StepSummaryTask) => RecordWriter;
  timeline: Timeline;
  timing: Timing;
  timeoutMinutes: number;
  cancelTimeoutMinutes: number;
  /** The run is cancelled. */
  cancel: AbortSignal;
  emit: (event: AgentEvent) => void;
  renumber: (number: string) => Promise<void>;
}

export type StepSummaryTask = { id: string; name: string; version: string };

export interface JobOutcome {
  result: TaskResult;
  steps: StepSummary[];
  /** `step.name` → value. */
  outputs: Map<string, Output>;
  issues: { type: 'error' | 'warning'; message: string; data: Record<string, string> }[];
}

/** Runs one job: its steps in order, by the agent's rules (agent source `JobRunner.cs`, `StepsRunner.cs`). */
export async function runJob(request: JobRequest): Promise<JobOutcome> {
  return new JobRun(request).run();
}

class JobRun {
  private readonly groups = new ProcessGroups();
  private readonly context: JobContext;
  private readonly tools: StepTools;
  private readonly outcome: JobOutcome = { result: 'Succeeded', steps: [], outputs: new Map(), issues: [] };
  private readonly cancel = new AbortController();
  /** The worker's own end, when a cancelled job does not stop by itself. */
  private readonly kill = new AbortController();
  private readonly timers: NodeJS.Timeout[] = [];
  private status: TaskResult | undefined;

  constructor(private readonly request: JobRequest) {
    const masker = new SecretMasker();
    maskEndpoints(masker, request.endpoints);
    masker.addUserSecret(request.system.accessToken);
    const { folders } = request;
    this.context = {
      variables: new Variables(masker),
      masker,
      prependPath: [],
      endpoints: structuredClone(request.endpoints),
      system: request.system,
      repositoryDirectory: folders.sources,
      environment: request.environment,
    };
    this.tools = { ...request.tools, folders, groups: this.groups, jobRecordId: request.record.id };
  }

  async run(): Promise<JobOutcome> {
    const { folders } = this.request;
    try {
      await rm(folders.workspace, { recursive: true, force: true });
      await rm(folders.temp, { recursive: true, force: true });
      for (const folder of Object.values(folders)) await mkdir(String(folder), { recursive: true });
      const warnings = this.context.variables.load(this.request.variables);
      for (const message of warnings) this.outcome.issues.push({ type: 'warning', message, data: {} });
      this.watchTime();
      await this.runSteps();
      await this.request.timeline.flush();
    } catch (error) {
      // The job itself failed: a folder, or the server that must know its records.
      this.fail(error instanceof Error ? error.message : String(error));
    } finally {
      this.request.cancel.removeEventListener('abort', this.onRunCanceled);
      for (const timer of this.timers) clearTimeout(timer);
      this.groups.end();
      await rm(folders.temp, { recursive: true, force: true });
    }
    this.outcome.result = this.status ?? 'Succeeded';
    return this.outcome;
  }

  private fail(message: string): void {
    this.outcome.issues.push({ type: 'error', message: this.context.masker.mask(message), data: {} });
    this.status = mergeResults(this.status, 'Failed');
  }

  private readonly onRunCanceled = (): void => this.cancel.abort();

  private watchTime(): void {
    const { timing, timeoutMinutes, cancelTimeoutMinutes, cancel } = this.request;
    this.cancel.signal.addEventListener('abort', () => {
      const minutes = Math.max(1, cancelTimeoutMinutes);
      this.timers.push(setTimeout(() => this.endNow(), minutes * timing.minuteMs));
    });
    if (cancel.aborted) this.cancel.abort();
    else cancel.addEventListener('abort', this.onRunCanceled);
    if (timeoutMinutes <= 0) return;
    const timeout = setTimeout(() => {
      const agent = this.context.variables.get('Agent.Name') ?? '';
      const message = `The job running on agent ${agent} ran longer than the maximum time of ${timeoutMinutes} minutes.`;
      this.outcome.issues.push({ type: 'error', message, data: {} });
      this.cancel.abort();
    }, timeoutMinutes * timing.minuteMs);
    this.timers.push(timeout);
  }

  /** A cancelled job has had its time: what still runs is ended. */
  private endNow(): void {
    this.outcome.issues.push({
      type: 'error',
      message: 'The job did not stop after it was canceled and was ended.',
      data: {},
    });
    this.kill.abort();
    this.groups.end();
  }

  private async runSteps(): Promise<void> {
    const enabled = this.request.steps.filter((step) => step.enabled);
    const records = enabled.map((plan, index) =>
      this.request.childRecord(plan.displayName, plan.refName, index + 1, this.taskOf(plan)),
    );
    for (const [index, plan] of enabled.entries()) {
      const record = records[index];
      if (!record) continue;
      await this.runStep(plan, record);
      this.setStatus(this.status);
    }
  }

  private taskOf(plan: StepPlan): StepSummaryTask | undefined {
    const definition = this.tools.task(plan)?.definition;
    return definition && { id: definition.id, name: definition.name, version: definition.version };
  }

  private setStatus(status: TaskResult | undefined): void {
    this.status = status;
    this.context.variables.set('Agent.JobStatus', status ?? 'Succeeded');
  }

  private async runStep(plan: StepPlan, record: RecordWriter): Promise<void> {
    const started = new Date();
    const place = { ...this.request.place, step: plan.refName };
    const { emit } = this.request;
    const sink = new ServerSink(record, this.tools, place, emit, this.request.renumber);
    const step = new StepContext(this.context, plan.refName, sink);
    const definition = this.tools.task(plan)?.definition;
    step.restrictions = [definition?.restrictions, plan.restrictions].filter((one) => one !== undefined);
    for (const message of this.context.variables.recalculate()) step.warning(message);
    const displayName = this.context.masker.mask(this.context.variables.expand(plan.displayName));
    this.introduce(plan, displayName, record.id);
    record.update({ state: 'inProgress', name: displayName, startTime: started.toISOString() });
    emit({ type: 'stepStarted', place, displayName, at: started });
    const result = await this.decide(step, plan, displayName);
    if (result === 'SucceededWithIssues' || result === 'Failed') this.status = mergeResults(this.status, result);
    const finished = new Date();
    record.update({
      ...stepFields(step),
      name: displayName,
      state: 'completed',
      result: serverResult(result),
      startTime: started.toISOString(),
      finishTime: finished.toISOString(),
      percentComplete: 100,
    });
    emit({ type: 'stepFinished', place, displayName, result, at: finished });
    this.collect(step, plan, displayName, result, record.id, started, finished);
    await this.request.timeline.flush();
  }

  /** What a step can learn of itself; the next step overwrites it, as environments printed by agents show. */
  private introduce({ refName }: StepPlan, displayName: string, recordId: string): void {
    const { variables } = this.context;
    variables.set('System.TaskInstanceName', refName);
    variables.set('System.TaskInstanceId', recordId);
    variables.set('System.TaskDisplayName', displayName);
    variables.set('Task.DisplayName', displayName);
  }

  private async decide(step: StepContext, plan: StepPlan, displayName: string): Promise<TaskResult> {
    const stop = new AbortController();
    const end = (): void => stop.abort();
    this.kill.signal.addEventListener('abort', end);
    const onCancel = (): void => {
      this.setStatus('Canceled');
      if (this.stillWanted(step, plan)) return;
      step.error('The Operation will be canceled. The next steps may not contain expected logs.');
      stop.abort();
    };
    if (this.cancel.signal.aborted) this.setStatus('Canceled');
    else this.cancel.signal.addEventListener('abort', onCancel);
    try {
      if (this.kill.signal.aborted) return 'Skipped';
      let wanted: boolean;
      try {
        wanted = this.wanted(plan);
      } catch (error) {
        step.error(error instanceof Error ? error.message : String(error));
        return 'Failed';
      }
      if (!wanted) {
        step.write(`Skipping step due to condition evaluation.`);
        step.write(`Evaluating: ${plan.condition?.text ?? 'succeeded()'}`);
        step.write('Result: False');
        return 'Skipped';
      }
      return await this.perform(step, plan, displayName, stop.signal);
    } finally {
      this.cancel.signal.removeEventListener('abort', onCancel);
      this.kill.signal.removeEventListener('abort', end);
    }
  }

  private async perform(
    step: StepContext,
    plan: StepPlan,
    displayName: string,
    cancel: AbortSignal,
  ): Promise<TaskResult> {
    step.write(`##[section]Starting: ${displayName}`);
    const limits = {
      cancel,
      timeoutMs: plan.timeoutMinutes * this.request.timing.minuteMs,
      continueOnError: plan.continueOnError,
    };
    const result = await completeStep(step, limits, (signal) => workStep(step, plan, this.tools, signal));
    step.write(`##[section]Finishing: ${displayName}`);
    return result;
  }

  /** An `always()` step goes on when the job is cancelled; a condition that cannot be evaluated does not. */
  private stillWanted(step: StepContext, plan: StepPlan): boolean {
    try {
      return this.wanted(plan);
    } catch (error) {
      step.error(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  /** The condition of a step, with the status the job has now. */
  private wanted(plan: StepPlan): boolean {
    const variables = new Dict(this.context.variables.all().map(({ name, value }) => [name, value]));
    const scope = { values: new Map([['variables', variables]]), functions: stepFunctions(this.status) };
    return evaluateCondition(plan.condition?.text ?? 'succeeded()', scope);
  }

  private collect(
    step: StepContext,
    plan: StepPlan,
    displayName: string,
    result: TaskResult,
    recordId: string,
    started: Date,
    finished: Date,
  ): void {
    for (const [name, output] of step.outputs) this.outcome.outputs.set(`${plan.refName}.${name}`, output);
    this.outcome.steps.push({
      name: plan.refName,
      displayName,
      ...(plan.kind === 'task' ? { task: plan.task } : {}),
      recordId,
      result,
      startTime: started.toISOString(),
      finishTime: finished.toISOString(),
      durationMs: finished.getTime() - started.getTime(),
      outputs: Object.fromEntries([...step.outputs].map(([name, { value, secret }]) => [name, secret ? '***' : value])),
      issues: step.issues,
      errorCount: step.errorCount,
      warningCount: step.warningCount,
      tags: step.tags,
    });
  }
}
