import path from 'node:path';

import { evaluateCondition } from '../expressions/evaluate';
import { graphFunctions } from '../expressions/status';
import type { Value } from '../expressions/values';
import { serverResult, type TaskResult } from '../result';
import type { TimelineRecord } from '../server';
import type { HookName, JobPlan, StagePlan, StepPlan } from '../yaml/model';
import type { JobSummary } from './events';
import { ancestors, type Output, Slots } from './graph';
import { runJob, type JobOutcome } from './job-runner';
import type { RunState } from './state';
import { jobFolders, jobVariables } from './predefined';
import { RecordWriter } from './record';
import { resolveVariables, variablesDict, type RuntimeScope, type RuntimeVariable } from './runtime-variables';

const hookTitles: Record<HookName, string> = {
  preDeploy: 'PreDeploy',
  deploy: 'Deploy',
  routeTraffic: 'RouteTraffic',
  postRouteTraffic: 'PostRouteTraffic',
  onSuccess: 'OnSuccess',
  onFailure: 'OnFailure',
};

const cycleNames: Record<HookName, string> = {
  preDeploy: 'PreIteration',
  deploy: 'Iteration',
  routeTraffic: 'Iteration',
  postRouteTraffic: 'Iteration',
  onSuccess: 'PostIteration',
  onFailure: 'PostIteration',
};

/** One agent job: the job itself, a leg of its matrix, or a hook of a deployment. */
interface Instance {
  name: string;
  displayName: string;
  steps: StepPlan[];
  variables: RuntimeVariable[];
  /** Before `step.name` in the outputs. */
  outputPrefix: string;
}

export interface PhaseOutcome {
  result: TaskResult;
  jobs: JobSummary[];
}

/** Runs the jobs of one stage (the server's part: conditions, matrix, hooks, deployment records). */
export class JobScheduler {
  private readonly phases = new Map<JobPlan, RecordWriter>();

  constructor(
    private readonly state: RunState,
    private readonly stage: StagePlan,
    stageRecordId: string,
    /** Variables of the run and the stage. */
    private readonly before: RuntimeVariable[],
    private readonly scope: (values: ReadonlyMap<string, Value>) => RuntimeScope,
  ) {
    for (const [index, job] of stage.jobs.entries()) {
      const identifier = `${stage.name}.${job.name}`;
      const base = {
        type: 'Phase' as const,
        parentId: stageRecordId,
        name: job.displayName,
        identifier,
        refName: job.name,
        order: index + 1,
      };
      this.phases.set(job, new RecordWriter(state.timeline, base));
    }
  }

  /** Never throws: what goes wrong is the job's result. */
  async run(job: JobPlan): Promise<PhaseOutcome> {
    const started = new Date();
    const jobs: JobSummary[] = [];
    const outputs = new Map<string, Output>();
    const issues: TimelineRecord['issues'] = [];
    let result: TaskResult;
    try {
      result = await this.decide(job, jobs, outputs);
    } catch (error) {
      issues.push({ type: 'error', message: error instanceof Error ? error.message : String(error) });
      result = 'Failed';
    }
    if (result === 'Failed' && job.continueOnError) result = 'SucceededWithIssues';
    this.state.outcomes.finishJob(this.stage.name, job.name, result, outputs);
    const times =
      result === 'Skipped' ? {} : { startTime: started.toISOString(), finishTime: new Date().toISOString() };
    this.phases.get(job)?.update({ state: 'completed', result: serverResult(result), ...times, issues });
    if (issues.length > 0) {
      const place = { stage: this.stage.name, job: job.name };
      for (const { message } of issues) this.state.emit({ type: 'line', place, text: `##[error]${message}` });
    }
    return { result, jobs };
  }

  private async decide(job: JobPlan, jobs: JobSummary[], outputs: Map<string, Output>): Promise<TaskResult> {
    const { outcomes } = this.state;
    const values = new Map<string, Value>([
      ['dependencies', outcomes.jobDependencies(this.stage, job.dependsOn)],
      ['stagedependencies', outcomes.jobsOfStages(this.stage)],
    ]);
    const scope = this.scope(values);
    const own = await resolveVariables(job.variables, this.before, scope);
    const variables = [...this.before, ...own];
    if (!this.wanted(job, variables, scope)) return 'Skipped';
    this.phases.get(job)?.update({ state: 'inProgress', startTime: new Date().toISOString() });
    if (job.body.kind === 'deployment') return this.deploy(job, job.body, variables, jobs, outputs);
    const { steps } = job.body;
    if (!job.matrix) {
      const instance = {
        name: '__default',
        displayName: job.displayName,
        steps: withCheckout(steps),
        variables,
        outputPrefix: '',
      };
      return this.instance(job, instance, jobs, outputs);
    }
    const legs = new Slots(job.maxParallel > 0 ? job.maxParallel : job.matrix.length);
    const results = await Promise.all(
      job.matrix.map((leg) => {
        const own = Object.entries(leg.variables).map(([name, value]) => ({ name, value }));
        const instance: Instance = {
          name: leg.name,
          displayName: `${job.displayName} ${leg.name}`,
          steps: withCheckout(steps),
          variables: [...variables, ...own],
          outputPrefix: `${leg.name}.`,
        };
        return legs.use(() => this.instance(job, instance, jobs, outputs));
      }),
    );
    return worst(results);
  }

  private wanted(job: JobPlan, variables: RuntimeVariable[], scope: RuntimeScope): boolean {
    const { outcomes, cancel } = this.state;
    const before = ancestors(this.stage.jobs, job.name);
    const results = new Map(
      before.flatMap((name): [string, TaskResult][] => {
        const result = outcomes.jobResult(this.stage.name, name);
        return result === undefined ? [] : [[name, result]];
      }),
    );
    const functions = graphFunctions({
      canceled: cancel.aborted,
      ancestors: results,
      result: (name) => results.get(name.toLowerCase()),
    });
    const values = new Map<string, Value>([...scope.values, ['variables', variablesDict(variables)]]);
    return evaluateCondition(job.condition?.text ?? 'succeeded()', { values, functions });
  }

  /** `runOnce`: the hooks in their order; after a failed one the rest is skipped and `on.failure` runs. */
  private async deploy(
    job: JobPlan,
    body: JobPlan['body'] & { kind: 'deployment' },
    variables: RuntimeVariable[],
    jobs: JobSummary[],
    outputs: Map<string, Output>,
  ): Promise<TaskResult> {
    const { server } = this.state.options;
    const queueTime = new Date().toISOString();
    const environment = await server.environment(body.environment.name);
    const results: TaskResult[] = [];
    const run = async (name: HookName): Promise<void> => {
      const hook = body.hooks.find((candidate) => candidate.name === name);
      if (!hook) return;
      const strategy = [
        { name: 'Environment.Name', value: environment.name },
        { name: 'Environment.Id', value: String(environment.id) },
        { name: 'Strategy.Name', value: 'runOnce' },
        { name: 'Strategy.CycleName', value: cycleNames[name] },
        { name: 'Strategy.Action', value: name },
      ];
      const title = hookTitles[name];
      const steps = name === 'deploy' ? withDownload(hook.steps) : withoutCheckout(hook.steps);
      const instance = {
        name: title,
        displayName: title,
        steps,
        variables: [...variables, ...strategy],
        outputPrefix: `${job.name}.`,
      };
      results.push(await this.instance(job, instance, jobs, outputs));
    };
    for (const name of ['preDeploy', 'deploy', 'routeTraffic', 'postRouteTraffic'] as const) {
      if (good(results)) await run(name);
    }
    await run(good(results) ? 'onSuccess' : 'onFailure');
    const result = worst(results);
    await server.addDeploymentRecord(environment.id, {
      runId: this.state.run.id,
      stageName: this.stage.name,
      jobName: job.name,
      stageAttempt: 1,
      jobAttempt: 1,
      queueTime,
      startTime: jobs.find(({ startTime }) => startTime !== undefined)?.startTime ?? queueTime,
      finishTime: new Date().toISOString(),
      result: serverResult(result),
    });
    return result;
  }

  private instance(
    job: JobPlan,
    instance: Instance,
    jobs: JobSummary[],
    outputs: Map<string, Output>,
  ): Promise<TaskResult> {
    const { slots, cancel } = this.state;
    return slots.use(async () => {
      // Cancelled while it waited for an agent: it never started.
      if (cancel.aborted && job.condition === undefined) return 'Canceled';
      const summary = await this.execute(job, instance);
      jobs.push(summary.job);
      for (const [name, output] of summary.outputs) outputs.set(`${instance.outputPrefix}${name}`, output);
      return summary.job.result;
    });
  }

  private async execute(
    job: JobPlan,
    instance: Instance,
  ): Promise<{ job: JobSummary; outputs: JobOutcome['outputs'] }> {
    const { state, stage } = this;
    const index = state.nextFolder();
    const agentName = `local-${index}`;
    const identifier = `${stage.name}.${job.name}.${instance.name}`;
    const parentId = this.phases.get(job)?.id;
    const { timeline, options, run } = state;
    const base = {
      type: 'Job' as const,
      parentId,
      name: instance.displayName,
      identifier,
      refName: instance.name,
      attempt: 1,
      workerName: agentName,
    };
    const record = new RecordWriter(timeline, base);
    const workFolder = path.resolve(options.workFolder);
    const folders = jobFolders(workFolder, index);
    const place = { stage: stage.name, job: instance.name === '__default' ? job.name : `${job.name}.${instance.name}` };
    const names = {
      stage,
      phase: job,
      job: { name: instance.name, displayName: instance.displayName, id: record.id },
      agentName,
    };
    const own = Object.entries(jobVariables(names, folders, workFolder)).map(([name, value]) => ({ name, value }));
    const started = new Date();
    record.update({ state: 'inProgress', startTime: started.toISOString() });
    state.emit({ type: 'jobStarted', place, displayName: instance.displayName, at: started });
    const outcome = await runJob({
      place,
      steps: instance.steps,
      variables: [...instance.variables, ...own],
      endpoints: state.prepared.endpoints,
      system: { url: options.server.collectionUrl, accessToken: run.accessToken },
      environment: options.environment,
      folders,
      tools: {
        server: options.server,
        runId: run.id,
        defaultArtifact: `${stage.name}.${job.name}`,
        repositoryRoot: path.resolve(options.repositoryRoot),
        workFolder,
        retryUnitMs: state.timing.retryUnitMs,
        task: (plan) => state.prepared.tasks.get(plan),
      },
      record,
      childRecord: (name, refName, order, task) =>
        new RecordWriter(timeline, {
          type: 'Task',
          parentId: record.id,
          name,
          identifier: `${identifier}.${refName}`,
          refName,
          order,
          attempt: 1,
          workerName: agentName,
          ...(task ? { task } : {}),
        }),
      timeline,
      timing: state.timing,
      timeoutMinutes: job.timeoutMinutes,
      cancelTimeoutMinutes: job.cancelTimeoutMinutes,
      cancel: state.cancel,
      emit: state.emit,
      renumber: state.renumber,
    });
    const finished = new Date();
    const errors = outcome.issues.filter(({ type }) => type === 'error').length;
    record.update({
      state: 'completed',
      result: serverResult(outcome.result),
      startTime: started.toISOString(),
      finishTime: finished.toISOString(),
      percentComplete: 100,
      issues: outcome.issues,
      errorCount: errors,
      warningCount: outcome.issues.length - errors,
    });
    for (const issue of outcome.issues) state.emit({ type: 'line', place, text: `##[${issue.type}]${issue.message}` });
    state.emit({ type: 'jobFinished', place, displayName: instance.displayName, result: outcome.result, at: finished });
    return { outputs: outcome.outputs, job: summarize(place.job, instance, record.id, outcome, started, finished) };
  }
}

function summarize(
  name: string,
  instance: Instance,
  recordId: string,
  outcome: JobOutcome,
  started: Date,
  finished: Date,
): JobSummary {
  const outputs: Record<string, string> = {};
  for (const [output, { value, secret }] of outcome.outputs)
    outputs[`${instance.outputPrefix}${output}`] = secret ? '***' : value;
  return {
    name,
    displayName: instance.displayName,
    recordId,
    result: outcome.result,
    startTime: started.toISOString(),
    finishTime: finished.toISOString(),
    durationMs: finished.getTime() - started.getTime(),
    issues: outcome.issues,
    steps: outcome.steps,
    outputs,
  };
}

function good(results: TaskResult[]): boolean {
  return results.every((result) => result === 'Succeeded' || result === 'SucceededWithIssues' || result === 'Skipped');
}

function worst(results: TaskResult[]): TaskResult {
  for (const result of ['Canceled', 'Failed', 'Abandoned', 'SucceededWithIssues'] as const) {
    if (results.includes(result)) return result;
  }
  return 'Succeeded';
}

/** A job checks out its repository unless it says something else. */
function withCheckout(steps: StepPlan[]): StepPlan[] {
  if (steps.some((step) => step.kind === 'checkout')) return withoutCheckout(steps);
  return [implicit('__system_checkout', 'Checkout', steps, { kind: 'checkout', repository: 'self' }), ...steps];
}

function withoutCheckout(steps: StepPlan[]): StepPlan[] {
  return steps.filter((step) => step.kind !== 'checkout' || step.repository !== 'none');
}

/** The `deploy` hook downloads the run's artifacts unless it says something else. */
function withDownload(steps: StepPlan[]): StepPlan[] {
  const rest = withoutCheckout(steps);
  if (rest.some((step) => step.kind === 'download'))
    return rest.filter((step) => step.kind !== 'download' || step.source !== 'none');
  const download = { kind: 'download' as const, source: 'current' as const, artifact: undefined, path: undefined };
  return [implicit('__system_download', 'Download', steps, download), ...rest];
}

function implicit(
  refName: string,
  displayName: string,
  steps: StepPlan[],
  what:
    | { kind: 'checkout'; repository: 'self' }
    | { kind: 'download'; source: 'current'; artifact: undefined; path: undefined },
): StepPlan {
  const at = steps[0]?.at ?? { file: '', line: 1, column: 1 };
  const base = {
    condition: undefined,
    continueOnError: false,
    enabled: true,
    env: {},
    timeoutMinutes: 0,
    retries: 0,
    restrictions: undefined,
    at,
  };
  return { refName, displayName, ...base, ...what };
}
