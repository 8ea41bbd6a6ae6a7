import type { Agent } from '../../agent/agent';
import { unlessCancelled } from '../../agent/cancellation';
import { CancelledError, errorText, TaskError } from '../../agent/errors';
import { atItsReference } from '../place';
import type { Step } from './plan';
import { progressText } from './report';

/** What makes a step true. */
export type Make = (step: Step) => Promise<void>;

/**
 * Carries out a plan step by step, unchanged ones left out. When the agent cancels, no further step is begun.
 *
 * @param made what was registered and uploaded so far, in words
 * @throws CancelledError, or the error of a step, with how far the work came
 */
export async function workThrough(
  agent: Agent,
  steps: readonly Step[],
  make: Make,
  made: () => readonly string[] = () => [],
): Promise<void> {
  const finished: Step[] = [];
  let current: Step | undefined;
  let before = 0;
  const work = async (): Promise<void> => {
    for (const step of steps.filter(({ action }) => action !== 'unchanged')) {
      if (agent.cancelled.aborted) throw new CancelledError('Cancelled.');
      current = step;
      before = made().length;
      agent.progress(10 + (85 * finished.length) / steps.length, step.what);
      agent.print(`${step.action === 'create' ? 'Creating' : 'Updating'} ${step.what} …`);
      await make(step);
      finished.push(step);
      current = undefined;
    }
  };
  const soFar = (): string => progressText(steps, finished, current, made().slice(before));
  try {
    await unlessCancelled(agent, work(), () => Promise.resolve(`Cancelled. ${soFar()}`));
  } catch (thrown) {
    const error = atItsReference(thrown, current?.scope);
    if (!(error instanceof TaskError)) throw error;
    const advice = error.advice === undefined ? soFar() : `${error.advice}\n${soFar()}`;
    throw new TaskError(errorText(error), advice, { cause: error });
  }
}
