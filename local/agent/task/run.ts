import { mkdirSync } from 'node:fs';
import path from 'node:path';

import { processLine } from '../commands/dispatch';
import { delay, runProcess, type ProcessGroups, type ProcessRequest } from '../process';
import type { StepContext } from './context';
import type { TaskDefinition } from './definition';
import { ownEnvironment, taskEnvironment } from './environment';
import { resolveInputs } from './inputs';
import { selectHandler } from './node-handler';

const maxRetries = 10;
const forceCompleteMs = 5000;

/** The step was cancelled; the agent words it so. */
export class StepCanceled extends Error {
  constructor() {
    super('The operation was canceled.');
  }
}

export interface TaskRun {
  definition: TaskDefinition;
  inputs: Record<string, string>;
  env: Record<string, string>;
  node: string;
  signal: AbortSignal;
  groups: ProcessGroups;
  retries: number;
  /** Milliseconds of the first wait between two tries; the agent's is 1000. */
  retryUnitMs: number;
}

/** Runs a task, again when it fails and retries are asked for. */
export function runTaskStep(step: StepContext, run: TaskRun): Promise<number> {
  return withRetries(step, run, () => runOnce(step, run));
}

/** Waits 1, 4, 9… units between the tries (agent source `TaskRunner.cs`, `RetryHelper.cs`). */
export async function withRetries(
  step: StepContext,
  run: Pick<TaskRun, 'retries' | 'retryUnitMs' | 'signal'>,
  once: () => Promise<number>,
): Promise<number> {
  let retries = run.retries;
  if (retries > maxRetries) {
    const reduced = `Retry attempts count will be decreased to ${maxRetries}.`;
    step.warning(`The maximum allowed number of attempts is ${maxRetries} but got ${retries}. ${reduced}`);
    retries = maxRetries;
  }
  for (let attempt = 0; ; attempt++) {
    const waitMs = (attempt + 1) ** 2 * run.retryUnitMs;
    const tries = `will retry (attempt #: ${attempt + 1}`;
    try {
      const exitCode = await once();
      if (step.result !== 'Failed' || attempt >= retries) return exitCode;
      step.result = undefined;
      step.warning(`RetryHelper encountered task failure, ${tries} out of ${retries}) after ${waitMs} ms`);
    } catch (error) {
      if (error instanceof StepCanceled || attempt >= retries) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      step.warning(`RetryHelper encountered exception, ${tries} ${reason}) afer ${waitMs} ms`);
    }
    await delay(waitMs, run.signal);
    if (run.signal.aborted) throw new StepCanceled();
  }
}

async function runOnce(step: StepContext, run: TaskRun): Promise<number> {
  const { definition } = run;
  const handler = selectHandler(definition);
  const own = ownEnvironment(step.job, definition.name);
  const { inputs, endpoints } = resolveInputs(definition, run.inputs, step.job, own);
  for (const name of definition.outputVariables) step.outputNames.add(name.toLowerCase());
  const cwd =
    handler.workingDirectory === '' ? workingDirectory(step) : step.job.variables.expand(handler.workingDirectory);
  mkdirSync(cwd, { recursive: true });
  const environment = { ...own, ...taskEnvironment(step, inputs.values(), endpoints, run.env) };
  const script = path.join(definition.folder, handler.target);
  step.debug(`Using node path: ${run.node}`);
  return runChild(step, {
    file: run.node,
    args: [script],
    cwd,
    env: environment,
    signal: run.signal,
    groups: run.groups,
  });
}

function workingDirectory(step: StepContext): string {
  return step.job.variables.get('System.DefaultWorkingDirectory') ?? step.job.repositoryDirectory;
}

export interface ChildRun {
  file: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  signal: AbortSignal;
  groups: ProcessGroups;
  /** Told of every line on the standard error stream, besides its ordinary way into the log. */
  onStderr?: () => void;
}

/**
 * Runs the process of a step; every line is a command or goes to the log.
 * @throws Error on a non-zero exit code, StepCanceled when the step was cancelled, whatever the process said.
 */
export async function runChild(step: StepContext, child: ChildRun): Promise<number> {
  let forced = false;
  const forcedComplete = new Promise<undefined>((resolve) => {
    step.onForceComplete(() => {
      const timer = setTimeout(() => {
        forced = true;
        resolve(undefined);
      }, forceCompleteMs);
      timer.unref();
    });
  });
  const request: ProcessRequest = {
    ...child,
    ...cancelTimes(step),
    onLine: (line, stream) => {
      step.sink.raw?.(line);
      if (stream === 'stderr') child.onStderr?.();
      // What comes after a forced completion is dropped.
      if (!forced && !processLine(step, line)) step.write(line);
    },
  };
  const ended = await Promise.race([runProcess(request), forcedComplete]);
  if (!ended) {
    const reason = 'but the process has not closed after 5 seconds. Treating the task as complete.';
    step.debug(`The task was marked as "done", ${reason}`);
    return 0;
  }
  if (child.signal.aborted) throw new StepCanceled();
  if (ended.exitCode !== 0) throw new ExitCodeError(ended.exitCode, child);
  return 0;
}

export class ExitCodeError extends Error {
  constructor(
    readonly exitCode: number,
    child: { file: string; args: string[] },
  ) {
    const args = child.args.map((argument) => `"${argument}"`).join(' ');
    super(`Exit code ${exitCode} returned from process: file name '${child.file}', arguments '${args}'.`);
  }
}

function cancelTimes(step: StepContext): Pick<ProcessRequest, 'sigintMs' | 'sigtermMs' | 'graceful'> {
  const variables = step.job.variables;
  const time = (name: string, fallback: number): number => {
    const value = variables.get(name) ?? process.env[name] ?? '';
    return /^\d+$/.test(value) ? Number(value) : fallback;
  };
  return {
    sigintMs: time('PROCESS_SIGINT_TIMEOUT', 7500),
    sigtermMs: time('PROCESS_SIGTERM_TIMEOUT', 2500),
    graceful: variables.flag('USE_GRACEFUL_PROCESS_SHUTDOWN'),
  };
}
