import { displayText } from '../../components/display-text';
import { RunLink } from '../../components/RunLink';
import type { UnreadableEntry } from '../../data/results';

/** Runs whose index says something that cannot be: named, so that nothing is missing unseen. */
export function Unreadable({ entries: told }: { entries: readonly UnreadableEntry[] }) {
  // Several lists may have read the same run.
  const distinct = new Map(told.map((one) => [JSON.stringify([one.run.id, one.kind, one.problem]), one]));
  const entries = [...distinct];
  if (entries.length === 0) return null;
  return (
    <details className="models-unreadable">
      <summary>{`${entries.length} ${entries.length === 1 ? 'entry' : 'entries'} could not be read`}</summary>
      <ul>
        {entries.map(([key, { run, problem }]) => (
          <li key={key}>
            <RunLink run={run} withPipeline />
            {`: ${displayText(problem)}`}
          </li>
        ))}
      </ul>
    </details>
  );
}
