import type { Agent } from '../../agent/agent';
import { markdownTable } from '../../agent/markdown';
import { shownChange, type Action, type Step } from './plan';

const words: Readonly<Record<Action, string>> = { create: 'create', update: 'update', unchanged: '–' };

function detailsOf({ action, changes, note }: Step): string {
  const parts = changes.map((change) => {
    const { from, to } = shownChange(change);
    return `${change.path}: ${from} → ${to}`;
  });
  if (note !== undefined) parts.push(note);
  if (parts.length > 0) return parts.join('; ');
  return action === 'unchanged' ? 'as it is' : '';
}

const nameOf = ({ what, version }: Step): string => (version === undefined ? what : `${what}:${version}`);

/** Prints a plan as a table. @returns it for the run's summary */
export function showPlan(agent: Agent, steps: readonly Step[]): string {
  const rows = steps.map((step) => [words[step.action], nameOf(step), detailsOf(step)]);
  const width = Math.max(...rows.map(([, name = '']) => name.length));
  agent.print('Plan:');
  for (const [action = '', name = '', details = ''] of rows) {
    agent.print(`  ${action.padEnd(7)} ${name.padEnd(width)}  ${details}`.trimEnd());
  }
  return markdownTable(['', 'what', 'how'], rows);
}

/** A plan as a JSON list. Secrets are not among the values, nor are long texts. */
export function planJson(steps: readonly Step[]): string {
  const values = (changes: Step['changes']) => changes.map((change) => ({ path: change.path, ...shownChange(change) }));
  return JSON.stringify(
    steps.map(({ action, what, version, changes, note }) => ({
      action,
      what,
      version,
      changes: changes.length === 0 ? undefined : values(changes),
      note,
    })),
  );
}

export type Tally = Record<'created' | 'updated' | 'unchanged', number>;

export function tally(steps: readonly Step[]): Tally {
  const count = (action: Action): number => steps.filter((step) => step.action === action).length;
  return { created: count('create'), updated: count('update'), unchanged: count('unchanged') };
}

/**
 * How far the work on a plan came that ended early.
 *
 * @param registered what was registered and uploaded for the current step
 */
export function progressText(
  steps: readonly Step[],
  finished: readonly Step[],
  current?: Step,
  registered: readonly string[] = [],
): string {
  const changed = steps.filter(({ action }) => action !== 'unchanged');
  const names = (some: readonly Step[]): string => (some.length === 0 ? 'nothing' : some.map(nameOf).join(', '));
  const left = changed.filter((step) => !finished.includes(step) && step !== current);
  const parts = [`Done: ${names(changed.filter((step) => finished.includes(step)))}.`];
  if (current) {
    const there =
      registered.length > 0 ? `so far: ${registered.join('; ')}` : 'nothing is confirmed to be registered for it';
    parts.push(`At work on: ${nameOf(current)}; ${there}.`);
  }
  parts.push(`Not begun: ${names(left)}.`, 'Run the step again to go on: what is as wanted is left alone.');
  return parts.join(' ');
}
