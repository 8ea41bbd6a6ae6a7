import picomatch from 'picomatch';

import type { StepContext } from '../task/context';

/** `restrictions.settableVariables`: patterns without case; a variable that none allows is not set, with a warning. */
export function maySetVariable(step: StepContext, name: string): boolean {
  const allowed = step.restrictions.every(
    ({ settable }) =>
      settable === undefined ||
      settable.some((pattern) => picomatch.isMatch(name, pattern, { nocase: true, dot: false })),
  );
  if (!allowed) step.warning(`Setting variable '${name}' has been disabled by the task or build definition.`);
  return allowed;
}
