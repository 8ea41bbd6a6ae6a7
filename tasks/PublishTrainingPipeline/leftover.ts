import { at, isRecord } from '../../lib/agent/json';
import type { Step } from '../../lib/assets/reconcile/plan';

/** Settings of a pipeline that are off where nobody says; `continue_run_on_failed_optional_input` is on then. */
const switches = ['continue_on_step_failure', 'force_rerun'];

/**
 * Settings as they go out: one that is on in the service, and that the file does not give, is switched off. What the service
 * adds on its own stays.
 *
 * @param there settings of what is published already
 */
export function withSwitchedOff(settings: Record<string, unknown>, there: unknown): Record<string, unknown> {
  const left = switches.filter(
    (key) => (settings[key] === undefined || settings[key] === null) && /^true$/i.test(String(at(there, key))),
  );
  return { ...settings, ...Object.fromEntries(left.map((key) => [key, 'false'])) };
}

/**
 * The step with the inputs that the scheduled job has and the file no longer gives. One with the default of the component
 * says nothing: the service may have filled it in.
 *
 * @param given inputs of the file
 * @param spec specification of the component
 */
export function withoutLeftInputs(step: Step, given: Record<string, unknown>, spec: unknown): Step {
  const there = at(step.found, 'properties', 'action', 'jobDefinition', 'inputs');
  const gone = Object.entries(isRecord(there) ? there : {}).filter(
    ([name, value]) => !(name in given) && !isSame(at(value, 'value'), at(spec, 'inputs', name, 'default')),
  );
  if (gone.length === 0) return step;
  const changes = gone.map(([name, from]) => ({
    path: `properties.action.jobDefinition.inputs.${name}`,
    from,
    to: undefined,
  }));
  return { ...step, action: 'update', changes: [...step.changes, ...changes] };
}

/** A literal, which is always text on a job, and a default, which may be a number or a boolean. */
function isSame(literal: unknown, byDefault: unknown): boolean {
  if (typeof literal !== 'string' || byDefault === undefined) return false;
  const text = typeof byDefault === 'string' ? byDefault : JSON.stringify(byDefault);
  return literal.toLowerCase() === text.toLowerCase();
}
