import type { Output } from './output';
import { killDescendants } from './processes';
import { findRunning, type Running } from './running';
import type { SessionOptions } from './session';
import { onInterrupt } from './signals';

export interface Connected {
  running: Running;
  /** Aborts on Ctrl-C. */
  signal: AbortSignal;
}

/**
 * Does the work with the services that `mlops up` started on this state folder, else with services of its own, which end with it.
 * On Ctrl-C the signal aborts: the work is to cancel its run and come to its end.
 */
export async function withServices<T>(
  options: Omit<SessionOptions, 'kind'>,
  output: Output,
  work: (connected: Connected) => Promise<T>,
): Promise<T> {
  const found = findRunning(options.stateDir);
  const shared = found?.kind === 'daemon' ? found : undefined;
  const interrupt = onInterrupt(output, 'Cancelling…', () => {
    if (!shared) killDescendants();
  });
  try {
    if (shared) return await work({ running: shared, signal: interrupt.signal });
    output.note('Starting Azure and Azure DevOps on this machine…');
    // Loaded only where it is needed: it brings all of Azure, and most commands only ask.
    const { startSession } = await import('./session');
    const session = await startSession({ ...options, kind: 'command' });
    try {
      return await work({ running: session.running, signal: interrupt.signal });
    } finally {
      await session.stop();
      // Everything has been asked to end; whatever has not is ended now.
      killDescendants();
    }
  } finally {
    interrupt.done();
  }
}
