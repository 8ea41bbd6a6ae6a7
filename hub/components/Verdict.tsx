import { Icon } from 'azure-devops-ui/Icon';
import { Status, Statuses, StatusSize } from 'azure-devops-ui/Status';
import { cut, displayText } from './display-text';

export type VerdictKind = 'good' | 'bad' | 'warning' | 'unsure' | 'neutral' | 'waiting' | 'running';

export interface VerdictProps {
  kind: VerdictKind;
  text: string;
}

const icons = {
  good: Statuses.Success,
  bad: Statuses.Failed,
  warning: Statuses.Warning,
  neutral: Statuses.Skipped,
  waiting: Statuses.Waiting,
  running: Statuses.Running,
} as const;

/** A verdict as shape and word; colour only repeats it. */
export function Verdict({ kind, text }: VerdictProps) {
  const whole = displayText(text);
  return (
    <span className="hub-verdict" title={whole}>
      <span aria-hidden="true" className="hub-verdict-icon">
        {kind === 'unsure' ? (
          <Icon iconName="Unknown" className="medium" />
        ) : (
          <Status {...icons[kind]} size={StatusSize.m} animated={false} />
        )}
      </span>
      <span>{cut(whole, 60)}</span>
    </span>
  );
}

const known: Readonly<Record<string, VerdictProps>> = {
  better: { kind: 'good', text: 'Better than production' },
  notBetter: { kind: 'bad', text: 'Not better than production' },
  unsure: { kind: 'unsure', text: 'Not sure' },
  firstModel: { kind: 'neutral', text: 'First model' },
  passed: { kind: 'good', text: 'Passed' },
  warned: { kind: 'warning', text: 'Passed with warnings' },
  failed: { kind: 'bad', text: 'Failed' },
  succeeded: { kind: 'good', text: 'Succeeded' },
  partiallySucceeded: { kind: 'warning', text: 'Partially succeeded' },
  canceled: { kind: 'neutral', text: 'Canceled' },
  pending: { kind: 'waiting', text: 'Waiting for approval' },
  deferred: { kind: 'waiting', text: 'Approved, takes effect later' },
  approved: { kind: 'good', text: 'Approved' },
  rejected: { kind: 'bad', text: 'Rejected' },
  skipped: { kind: 'neutral', text: 'Skipped' },
  timedOut: { kind: 'bad', text: 'Timed out' },
  bypassed: { kind: 'warning', text: 'Bypassed' },
};

/** Verdict for a word of an evaluation, a data or smoke test, a run or an approval; a word nobody knows is shown as it is. */
export function verdictOf(word: string | undefined): VerdictProps {
  if (word === undefined || word === '') return { kind: 'neutral', text: 'None' };
  return Object.hasOwn(known, word)
    ? (known[word] ?? { kind: 'neutral', text: word })
    : { kind: 'neutral', text: word };
}
