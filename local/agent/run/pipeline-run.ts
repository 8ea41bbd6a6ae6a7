import { evaluateCondition } from '../expressions/evaluate';
import { graphFunctions } from '../expressions/status';
import { Dict, type Value } from '../expressions/values';
import { mergeResults, serverResult, type TaskResult } from '../result';
import type { JobPlan, StagePlan } from '../yaml/model';
import type { JobSummary, StageSummary } from './events';
import { ancestors, runGraph } from './graph';
import { JobScheduler } from './job-scheduler';
import { runVariables } from './predefined';
import { RecordWriter } from './record';
import type { RunState } from './state';
import { resolveVariables, variablesDict, type RuntimeScope, type RuntimeVariable } from './runtime-variables';

/** Runs the stages of a pipeline (the server's part of the work). */
export class PipelineRun {
  private rootVariables: RuntimeVariable[] = [];
  private readonly records = new Map<StagePlan, RecordWriter>();
  private readonly summaries = new Map<StagePlan, StageSummary>();

  constructor(private readonly state: RunState) {}

  async run(): Promise<{ result: TaskResult; stages: StageSummary[] }> {
    const { plan, timeline, cancel } = this.state;
    for (const [index, stage] of plan.stages.entries()) {
      const base = {
        type: 'Stage' as const,
        name: stage.displayName,
        identifier: stage.name,
        refName: stage.name,
        order: index + 1,
      };
      this.records.set(stage, new RecordWriter(timeline, base));
    }
    this.rootVariables = await this.resolveRoot();
    await runGraph(plan.stages, (stage) => this.stage(stage));
    await timeline.flush();
    const stages = plan.stages.flatMap((stage) => this.summaries.get(stage) ?? []);
    return { result: cancel.aborted ? 'Canceled' : overall(stages.map(({ result }) => result)), stages };
  }

  private async resolveRoot(): Promise<RuntimeVariable[]> {
    const { options, plan, run } = this.state;
    const predefined = this.predefined();
    const queued = Object.entries(options.variables ?? {}).map(([name, value]) => ({ name, value }));
    const scope = this.scope(new Map());
    const own = await resolveVariables(plan.variables, [...predefined, ...queued], scope);
    return [...queued, ...own, { name: 'System.AccessToken', value: run.accessToken, secret: true }];
  }

  private predefined(): RuntimeVariable[] {
    const { run, number, repository, options } = this.state;
    const values = runVariables({ run, number, repository, server: options.server, workFolder: options.workFolder });
    return Object.entries(values).map(([name, value]) => ({ name, value }));
  }

  private scope(values: ReadonlyMap<string, Value>): RuntimeScope {
    const { options, run, prepared, outcomes, startedAt } = this.state;
    const pipeline = new Dict([['startTime', startedAt.toISOString()]]);
    return {
      values: new Map<string, Value>([['pipeline', pipeline], ['resources', new Dict()], ...values]),
      groups: prepared.groups,
      counter: (prefix, seed) => options.server.counter(run.definition.name, prefix, seed),
      secrets: outcomes.secretOutputs(),
    };
  }

  /** Never throws: what goes wrong is the stage's result. */
  private async stage(stage: StagePlan): Promise<void> {
    const { emit, outcomes, timeline } = this.state;
    const record = this.records.get(stage);
    if (!record) return;
    const started = new Date();
    const jobs: JobSummary[] = [];
    let result: TaskResult;
    const issues: { type: 'error'; message: string }[] = [];
    try {
      result = await this.decideStage(stage, record, jobs);
    } catch (error) {
      issues.push({ type: 'error', message: error instanceof Error ? error.message : String(error) });
      result = 'Failed';
    }
    const finished = new Date();
    outcomes.finishStage(stage.name, result);
    const times = result === 'Skipped' ? {} : { startTime: started.toISOString(), finishTime: finished.toISOString() };
    record.update({
      state: 'completed',
      result: serverResult(result),
      ...times,
      ...(issues.length > 0 ? { issues } : {}),
    });
    for (const issue of issues) emit({ type: 'line', place: { stage: stage.name }, text: `##[error]${issue.message}` });
    emit({ type: 'stageFinished', place: { stage: stage.name }, displayName: stage.displayName, result, at: finished });
    this.summaries.set(stage, {
      name: stage.name,
      displayName: stage.displayName,
      recordId: record.id,
      result,
      ...times,
      durationMs: result === 'Skipped' ? 0 : finished.getTime() - started.getTime(),
      jobs,
    });
    await timeline
      .flush()
      .catch((error: unknown) => emit({ type: 'note', text: `The server could not be told: ${String(error)}` }));
  }

  private async decideStage(stage: StagePlan, record: RecordWriter, jobs: JobSummary[]): Promise<TaskResult> {
    const { emit, timeline, cancel } = this.state;
    if (!this.stageWanted(stage)) return 'Skipped';
    const decision = await this.check(stage, record);
    if (decision === 'rejected') return 'Failed';
    if (decision === 'timedOut') return 'Skipped';
    if (decision === 'canceled') return cancel.aborted ? 'Canceled' : 'Failed';
    const started = new Date();
    record.update({ state: 'inProgress', startTime: started.toISOString() });
    emit({ type: 'stageStarted', place: { stage: stage.name }, displayName: stage.displayName, at: started });
    await timeline.flush();
    const before = [...this.predefined(), ...this.rootVariables];
    const variables = await resolveVariables(stage.variables, before, this.scope(this.stageValues(stage)));
    const scheduler = new JobScheduler(this.state, stage, record.id, [...before, ...variables], (values) =>
      this.scope(values),
    );
    const results: TaskResult[] = [];
    await runGraph(stage.jobs, async (job: JobPlan) => {
      const summary = await scheduler.run(job);
      jobs.push(...summary.jobs);
      results.push(summary.result);
    });
    return stageResult(results, cancel.aborted);
  }

  private stageValues(stage: StagePlan): ReadonlyMap<string, Value> {
    const { outcomes } = this.state;
    return new Map<string, Value>([
      ['dependencies', outcomes.stageDependencies(stage)],
      ['stagedependencies', outcomes.jobsOfStages(stage)],
    ]);
  }

  private stageWanted(stage: StagePlan): boolean {
    const { outcomes, plan, cancel } = this.state;
    const before = ancestors(plan.stages, stage.name);
    const results = new Map(before.flatMap((name) => pair(name, outcomes.stageResult(name))));
    const functions = graphFunctions({
      canceled: cancel.aborted,
      ancestors: results,
      result: (name) => results.get(name.toLowerCase()),
    });
    const variables = variablesDict([...this.predefined(), ...this.rootVariables]);
    const values = new Map<string, Value>([...this.scope(this.stageValues(stage)).values, ['variables', variables]]);
    return evaluateCondition(stage.condition?.text ?? 'succeeded()', { values, functions });
  }

  /** Waits for the checks of the environments that the stage's deployment jobs use. */
  private async check(
    stage: StagePlan,
    record: RecordWriter,
  ): Promise<'passed' | 'rejected' | 'timedOut' | 'canceled'> {
    const { options, run, cancel, emit, timeline } = this.state;
    const names = stage.jobs.flatMap(({ body }) => (body.kind === 'deployment' ? [body.environment.name] : []));
    if (names.length === 0) return 'passed';
    const environments = await Promise.all([...new Set(names)].map((name) => options.server.environment(name)));
    await timeline.flush();
    const place = { stage: stage.name };
    const asked: string[] = [];
    const request = { runId: run.id, stage: { name: stage.name, recordId: record.id, attempt: 1 }, environments };
    const decision = await options.server.waitForChecks(request, cancel, (approvals) => {
      asked.push(...approvals.map(({ id }) => id));
      emit({ type: 'waitingForApproval', place, approvals });
    });
    if (asked.length > 0 || decision !== 'passed') emit({ type: 'checksDecided', place, decision });
    return decision;
  }
}

function pair(name: string, result: TaskResult | undefined): [string, TaskResult][] {
  return result === undefined ? [] : [[name, result]];
}

/** A failed, abandoned or canceled job fails its stage; skipped ones do not count beside others. */
function stageResult(results: TaskResult[], canceled: boolean): TaskResult {
  const counted = results.filter((result) => result !== 'Skipped');
  if (canceled && counted.includes('Canceled')) return 'Canceled';
  if (results.length > 0 && counted.length === 0) return 'Skipped';
  return overall(counted);
}

function overall(results: TaskResult[]): TaskResult {
  if (results.some((result) => result === 'Failed' || result === 'Abandoned' || result === 'Canceled')) return 'Failed';
  return results.filter((result) => result !== 'Skipped').reduce<TaskResult>(mergeResults, 'Succeeded');
}
