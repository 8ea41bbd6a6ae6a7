import { Button } from 'azure-devops-ui/Button';
import { MessageCard, MessageCardSeverity } from 'azure-devops-ui/MessageCard';
import { HostError } from '../app/reading';
import { problemOf, problemText, type Problem } from '../devops/problems';
import { displayLines } from './display-text';

export interface ProblemMessageProps {
  /** What a promise was refused with, or a problem as it is. */
  error?: unknown;
  problem?: Problem;
  /** What could not be shown: "The deployments". */
  what?: string;
  /** What else there is to know, after the problem: a sentence. */
  advice?: string;
  onRetry?: () => void;
  /** Something of less weight than an error: the rest of the page works. */
  severity?: 'error' | 'warning';
}

/** What went wrong in a sentence, what to do about it, and the id that support asks for. */
export function ProblemMessage({
  error,
  problem = problemOf(error),
  what,
  advice,
  onRetry,
  severity = 'error',
}: ProblemMessageProps) {
  if (problem === undefined) return null;
  const text = error instanceof HostError ? error.message : problemText(problem);
  return (
    <MessageCard
      className="hub-problem"
      severity={severity === 'error' ? MessageCardSeverity.Error : MessageCardSeverity.Warning}
      role="alert"
    >
      <div>
        {what !== undefined && <strong>{`${what} could not be shown. `}</strong>}
        <span className="hub-lines">{displayLines(text)}</span>
        {advice !== undefined && ` ${advice}`}
        {onRetry !== undefined && (
          <>
            {' '}
            <Button subtle text="Try again" onClick={onRetry} />
          </>
        )}
      </div>
    </MessageCard>
  );
}
