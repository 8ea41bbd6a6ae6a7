import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { serverResult, type TaskResult } from '../result';
import type { PipelinePlan } from '../yaml/model';
import { readPipeline } from '../yaml/pipeline';
import type { AgentEvent, RunResult } from './events';
import { repositoryState, type RepositoryState } from './git';
import { Outcomes, Slots } from './graph';
import { realTiming, type RunPipelineOptions } from './options';
import { PipelineRun } from './pipeline-run';
import type { RunState } from './state';
import { compileTimeVariables } from './predefined';
import { prepare } from './prepare';
import { Timeline } from './record';
import { runName } from './run-name';

const defaultParallelJobs = 2;

/**
 * Reads, checks and runs a pipeline.
 * @throws PipelineError, before anything runs, with everything that is wrong in the file or missing for it.
 */
export async function runPipeline(options: RunPipelineOptions): Promise<RunResult> {
  const emit = (event: AgentEvent): void => options.onEvent?.(event);
  const { plan, repository, definitionName } = await compile(options);
  const prepared = await prepare(plan, options);
  await mkdir(path.resolve(options.workFolder), { recursive: true });
  const { server } = options;
  const run = await server.createRun({
    yamlFile: options.yamlFile,
    pipelineName: definitionName,
    requestedFor: options.requestedFor ?? 'local',
    repository: { name: repository.name, url: repository.url, branch: repository.branch, commit: repository.commit },
    templateParameters: plan.parameters,
    variables: options.variables ?? {},
  });
  const startedAt = new Date();
  const canceling = new AbortController();
  const stopListening = listenForCancel(options, run.id, canceling, emit);
  let folders = 0;
  const state: RunState = {
    options,
    plan,
    prepared,
    run,
    number: run.number,
    repository,
    startedAt,
    timing: { ...realTiming, ...options.timing },
    timeline: new Timeline(server, run.id),
    outcomes: new Outcomes(plan.stages),
    slots: new Slots(options.maxParallelJobs ?? defaultParallelJobs),
    cancel: canceling.signal,
    emit,
    nextFolder: () => ++folders,
    renumber: async (number) => {
      state.number = number;
      await server.updateRun(run.id, { number });
    },
  };
  try {
    if (plan.name) await state.renumber(await numberOf(plan.name.text, state));
    await server.updateRun(run.id, { state: 'inProgress', startTime: startedAt.toISOString() });
    emit({ type: 'runStarted', run, number: state.number, at: startedAt });
    const notes = [...plan.notes, ...prepared.notes];
    for (const text of notes) emit({ type: 'note', text });
    const { result, stages } = await new PipelineRun(state).run();
    const finishedAt = await finish(state, result);
    const times = { startTime: startedAt.toISOString(), finishTime: finishedAt.toISOString() };
    return {
      run,
      number: state.number,
      result,
      ...times,
      durationMs: finishedAt.getTime() - startedAt.getTime(),
      stages,
      notes,
    };
  } catch (error) {
    // Not a result of the pipeline: the run itself could not be carried on, and must not stay open.
    await finish(state, 'Failed').catch(() => undefined);
    throw error;
  } finally {
    stopListening();
  }
}

async function finish(state: RunState, result: TaskResult): Promise<Date> {
  const finishedAt = new Date();
  const change = { state: 'completed' as const, result: serverResult(result), finishTime: finishedAt.toISOString() };
  await state.options.server.updateRun(state.run.id, change);
  state.emit({ type: 'runFinished', result, at: finishedAt });
  return finishedAt;
}

export interface CheckOptions {
  yamlFile: string;
  repositoryRoot: string;
  parameters?: Record<string, string>;
  server?: RunPipelineOptions['server'];
  tasksFolder?: string;
  variables?: Record<string, string>;
}

export interface PipelineCheck {
  plan: PipelinePlan;
  notes: string[];
}

/**
 * Parses a pipeline, expands its templates and checks it; with a server and a tasks folder, its tasks, variable groups and
 * service connections too.
 * @throws PipelineError with the place of everything that is wrong.
 */
export async function checkPipeline(options: CheckOptions): Promise<PipelineCheck> {
  const { plan } = await compile(options);
  if (!options.server || options.tasksFolder === undefined) return { plan, notes: plan.notes };
  const { server, tasksFolder } = options;
  const prepared = await prepare(plan, {
    server,
    tasksFolder,
    ...(options.variables ? { variables: options.variables } : {}),
  });
  return { plan, notes: [...plan.notes, ...prepared.notes] };
}

async function compile(
  options: CheckOptions & { pipelineName?: string },
): Promise<{ plan: PipelinePlan; repository: RepositoryState; definitionName: string }> {
  const repositoryRoot = path.resolve(options.repositoryRoot);
  const repository = await repositoryState(repositoryRoot);
  const definitionName = options.pipelineName ?? repository.name;
  const server = options.server ?? { collectionUrl: '', project: { id: '', name: '' } };
  const predefined = { ...compileTimeVariables(server, repository, definitionName), ...options.variables };
  const { yamlFile, parameters = {} } = options;
  return { plan: readPipeline({ yamlFile, repositoryRoot, parameters, predefined }), repository, definitionName };
}

/** Both the caller and the server may ask a run to stop; once is enough. */
function listenForCancel(
  options: RunPipelineOptions,
  runId: number,
  canceling: AbortController,
  emit: (event: AgentEvent) => void,
): () => void {
  const cancel = (): void => {
    if (canceling.signal.aborted) return;
    emit({ type: 'canceling' });
    canceling.abort();
    options.server.updateRun(runId, { state: 'cancelling' }).catch((error: unknown) => {
      emit({ type: 'note', text: `The server could not be told of the cancellation: ${String(error)}` });
    });
  };
  const stop = options.server.onCancelRequested(runId, cancel);
  if (options.signal?.aborted) cancel();
  else options.signal?.addEventListener('abort', cancel);
  return () => {
    stop();
    options.signal?.removeEventListener('abort', cancel);
  };
}

function numberOf(format: string, state: RunState): Promise<string> {
  const { run, repository, options, plan } = state;
  const values = new Map(
    plan.variables.flatMap((entry) =>
      entry.kind === 'value' ? [[entry.name.toLowerCase(), entry.value] as const] : [],
    ),
  );
  return runName(format, {
    now: state.startedAt,
    buildId: run.id,
    definitionName: run.definition.name,
    sourceBranchName: repository.branch.split('/').at(-1) ?? '',
    teamProject: options.server.project.name,
    variable: (name) => values.get(name.toLowerCase()),
    revision: (prefix) => options.server.counter(run.definition.name, `Rev:${prefix}`, 1),
  });
}
