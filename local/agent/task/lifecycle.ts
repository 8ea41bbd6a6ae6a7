import { mergeResults, type TaskResult } from '../result';
import type { StepContext } from './context';
import { StepCanceled } from './run';

/** How a step is bounded in time and cancelled. */
export interface StepLimits {
  /** The job's own signal (with its time-out): a cancelled job gives a canceled step. */
  cancel: AbortSignal;
  /** Milliseconds, 0 without limit: a step that takes longer has failed. */
  timeoutMs: number;
  continueOnError: boolean;
}

/**
 * Runs the work of a step and decides its result (agent source `StepsRunner.RunStepAsync`): time-out → Failed, cancellation →
 * Canceled, any other error → Failed; failed commands are merged in; `continueOnError` softens Failed only.
 */
export async function completeStep(
  step: StepContext,
  limits: StepLimits,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<TaskResult> {
  const timeout = new AbortController();
  const timer = limits.timeoutMs > 0 ? setTimeout(() => timeout.abort(), limits.timeoutMs) : undefined;
  const signal = AbortSignal.any([limits.cancel, timeout.signal]);
  try {
    await work(signal);
  } catch (error) {
    if (error instanceof StepCanceled && timeout.signal.aborted && !limits.cancel.aborted) {
      step.error('The task has timed out.');
      step.result = 'Failed';
    } else {
      step.error(error instanceof Error ? error.message : String(error));
      step.result = error instanceof StepCanceled ? 'Canceled' : 'Failed';
    }
  } finally {
    clearTimeout(timer);
  }
  await step.settle();
  if (step.result === 'Failed' && limits.continueOnError) step.result = 'SucceededWithIssues';
  return mergeResults(step.result, 'Succeeded');
}
