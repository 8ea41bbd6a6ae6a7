import { randomUUID } from 'node:crypto';
import { DryRun, type PlannedCall } from './dry-run';
import { kinds } from './kinds/all';
import type { Kind } from './kinds/kind';
import { readTranslation, send } from './translate';

/** The workspace that a plan is made for; nothing has to exist. */
export interface PlannedWorkspace {
  /** ARM id. */
  id: string;
  /** Region. */
  location: string;
}

/** The api-version of calls that name no other. */
export const usualApiVersion = '2024-10-01';

/** The calls that a file stands for, in the order that the service needs. */
export interface Plan {
  /** As the caller named it. */
  file: string;
  /** Name of the kind. */
  kind: string;
  calls: PlannedCall[];
}

/**
 * Reads a file and writes down what would be sent, without a network: look-ups are answered as `DryRun` says. A call that
 * repeats an earlier one is left out.
 *
 * @param set changes to apply first, lines `path=value`
 * @param kind of the file where it does not say
 * @throws TaskError, or `Problems` for several
 */
export async function plan(
  file: string,
  workspace: PlannedWorkspace,
  set: readonly string[] = [],
  kind?: Kind,
): Promise<Plan> {
  const dryRun = new DryRun(workspace.id, workspace.location, usualApiVersion);
  const translation = await readTranslation(file, workspace.id, { kinds, set, kind });
  await send(translation, dryRun, randomUUID());
  return { file, kind: translation.kind.name, calls: withoutRepeats(dryRun.calls) };
}

/** Two nodes of a pipeline may register the same environment: the second call changes nothing. */
function withoutRepeats(calls: readonly PlannedCall[]): PlannedCall[] {
  const seen = new Set<string>();
  return calls.filter((call) => {
    if ('upload' in call) return true;
    const key = JSON.stringify([call.method, call.path, call.body]);
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}
