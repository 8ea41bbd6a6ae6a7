import { constants } from 'node:os';

import type { Output } from './output';

/** Signals closer together are one key press: npm passes on what the terminal has sent to everybody already. */
const samePressMs = 300;

/**
 * The first Ctrl-C (or SIGTERM, or a closed terminal) asks for an orderly end: the signal aborts. The second one ends the process at once, after `kill`
 * has ended the processes it started.
 */
export function onInterrupt(output: Output, what: string, kill: () => void): { signal: AbortSignal; done: () => void } {
  const controller = new AbortController();
  let first = 0;
  const listener = (name: NodeJS.Signals): void => {
    if (!controller.signal.aborted) {
      output.note(`${what} Once more to stop at once.`);
      first = Date.now();
      controller.abort(name);
      return;
    }
    if (Date.now() - first < samePressMs) return;
    kill();
    process.exit(128 + constants.signals[name]);
  };
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  process.on('SIGHUP', listener);
  return {
    signal: controller.signal,
    done: () => {
      process.off('SIGINT', listener);
      process.off('SIGTERM', listener);
      process.off('SIGHUP', listener);
    },
  };
}
