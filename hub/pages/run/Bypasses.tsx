import { displayText } from '../../components/display-text';
import { ProblemMessage } from '../../components/ProblemMessage';
import { useBypasses } from '../../data/queries';
import type { Run } from '../../data/types';

/** Checks of a run that were passed without their decision, and whether that could be found out. */
export function Bypasses({ run }: { run: Pick<Run, 'id' | 'number'> }) {
  const { bypasses, unread, problem, refresh } = useBypasses(run.id);
  return (
    <>
      <ProblemMessage
        what={displayText(`Whether a check of run ${run.number} was bypassed`)}
        severity="warning"
        problem={problem}
        onRetry={refresh}
      />
      {unread.map((stage) => (
        <p key={stage} role="note">
          {displayText(`Whether checks of stage ${stage} other than its approval were bypassed cannot be read.`)}
        </p>
      ))}
      {bypasses.map(({ stage, check, message }, index) => (
        <p key={index} role="alert">
          <strong>{displayText(`Bypassed in run ${run.number}: ${check} of stage ${stage}.`)}</strong>{' '}
          {displayText(message)}
        </p>
      ))}
    </>
  );
}
