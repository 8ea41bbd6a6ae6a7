import { displayText } from '../../components/display-text';
import { RunLink } from '../../components/RunLink';
import type { UnreadableEntry } from '../../data/results';

/** Runs whose index says something that cannot be: named, so that nothing is missing unseen. */
export function Unreadable({ entries }: { entries: readonly UnreadableEntry[] }) {
  if (entries.length === 0) return null;
  return (
    <details className="models-unreadable">
      <summary>{`${entries.length} ${entries.length === 1 ? 'entry' : 'entries'} could not be read`}</summary>
      <ul>
        {entries.map(({ run, kind, problem }, index) => (
          <li key={`${run.id} ${kind} ${index}`}>
            <RunLink run={run} withPipeline />
            {`: ${displayText(problem)}`}
          </li>
        ))}
      </ul>
    </details>
  );
}
