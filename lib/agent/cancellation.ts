import type { Agent } from './agent';
import { CancelledError } from './errors';

/**
 * The result of `work`, unless the agent cancels the step before: then, whatever call is on its way, `end` is run at
 * once and its sentence (what became of the work) is the step's message.
 *
 * @throws CancelledError after `end`
 */
export async function unlessCancelled<T>(agent: Agent, work: Promise<T>, end: () => Promise<string>): Promise<T> {
  const signal = agent.cancelled;
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<'aborted'>((resolve) => {
    onAbort = () => resolve('aborted');
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  work.catch(() => undefined); // Its failure after a cancellation is of no interest; before, it is thrown below.
  try {
    const first = await Promise.race([work.then((value) => ({ value })), aborted]);
    if (first !== 'aborted') return first.value;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
  throw new CancelledError(await end());
}
