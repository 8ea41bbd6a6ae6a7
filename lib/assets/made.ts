import { TaskError } from '../agent/errors';
import { atItsReference } from './place';
import type { Remote } from './remote';
import type { Scope } from './shape/shape';

/**
 * Does work that registers several things. A failure on the way names those that are there by then: nobody has to look for
 * what a step left behind.
 *
 * @param scope of the file that they are made of, for the place of what a service refuses
 */
export async function namingMade<T>(
  remote: Remote,
  scope: Pick<Scope, 'opened'> | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const before = remote.made?.length ?? 0;
  try {
    return await work();
  } catch (thrown) {
    const error = atItsReference(thrown, scope);
    const made = remote.made?.slice(before) ?? [];
    if (made.length === 0 || !(error instanceof TaskError)) throw error;
    const left = `Done before that: ${made.join('; ')}. It stays, and a second run uses again what is the same.`;
    throw new TaskError(error.message, error.advice === undefined ? left : `${error.advice}\n${left}`, {
      cause: error,
    });
  }
}
