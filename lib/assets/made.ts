import { TaskError } from '../agent/errors';
import type { Remote } from './remote';

/**
 * Does work that registers several things. A failure on the way names those that are there by then: nobody has to look for
 * what a step left behind.
 */
export async function namingMade<T>(remote: Remote, work: () => Promise<T>): Promise<T> {
  const before = remote.made?.length ?? 0;
  try {
    return await work();
  } catch (error) {
    const made = remote.made?.slice(before) ?? [];
    if (made.length === 0 || !(error instanceof TaskError)) throw error;
    const left = `Done before that: ${made.join('; ')}. It stays, and a second run uses again what is the same.`;
    throw new TaskError(error.message, error.advice === undefined ? left : `${error.advice}\n${left}`, {
      cause: error,
    });
  }
}
