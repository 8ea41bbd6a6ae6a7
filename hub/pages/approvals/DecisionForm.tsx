import { Button } from 'azure-devops-ui/Button';
import { MessageCard, MessageCardSeverity } from 'azure-devops-ui/MessageCard';
import { getSafeId } from 'azure-devops-ui/Util';
import { useEffect, useId, useRef, useState, type RefObject } from 'react';
import { useHost } from '../../app/providers';
import { displayText } from '../../components/display-text';
import { ProblemMessage } from '../../components/ProblemMessage';
import { useDecide, type Problem } from '../../data/queries';
import type { Decision } from '../../data/results';
import type { Approval } from '../../data/types';

export interface DecisionFormProps {
  approval: Approval;
  /** Digest of the evidence that is shown. */
  digest: string | undefined;
  /** Nothing in the evidence names what is deployed. */
  isUnnamed: boolean;
  /** Why the viewer cannot decide. */
  reason: string | undefined;
  onReadAgain: () => void;
}

type Status = Decision['status'];

/** Approve, reject, or approve from a later time on. Nothing is shown as decided before the service says so. */
export function DecisionForm({ approval, digest, isUnnamed, reason, onReadAgain }: DecisionFormProps) {
  const { send, isDeciding, wasSent, outcome, problem, reset } = useDecision(approval, digest, isUnnamed);
  const said = useRef<HTMLParagraphElement>(null);
  const reasonId = useId();
  useEffect(() => {
    // The buttons are gone by now: what came of them is where the keyboard goes on.
    if (outcome !== undefined) said.current?.focus();
  }, [outcome]);
  const isChanged = problem?.kind === 'refused' && problem.reason === 'evidenceChanged';
  return (
    <section aria-label="Decision" className="approvals-decision">
      <h3 className="title-xs">Decision</h3>
      <p ref={said} role="status" tabIndex={-1} className="hub-heading">
        {outcome ?? ''}
      </p>
      <ProblemMessage problem={problem} />
      {wasSent && mayHaveArrived(problem) && (
        <p>Your decision may have arrived all the same: look at the state above before you try again.</p>
      )}
      {isChanged && (
        <Button
          text="Read the evidence again"
          onClick={() => {
            reset();
            onReadAgain();
          }}
        />
      )}
      {reason !== undefined && (
        <MessageCard severity={MessageCardSeverity.Info} className="hub-problem">
          {/* The library's buttons change the ids that they refer to. */}
          <span id={getSafeId(reasonId)}>{displayText(reason)}</span>
        </MessageCard>
      )}
      {approval.status === 'pending' && (
        <Fields
          isDisabled={reason !== undefined || digest === undefined || isChanged}
          isDeciding={isDeciding}
          lacksComment={problem?.kind === 'refused' && problem.reason === 'commentMissing'}
          describedBy={reason === undefined ? undefined : reasonId}
          onSend={(status, words) => void send(status, words)}
        />
      )}
    </section>
  );
}

interface Words {
  comment: string;
  /** What the browser's field for a time holds. */
  later: string;
}

function useDecision(approval: Approval, digest: string | undefined, isUnnamed: boolean) {
  const host = useHost();
  const { decide, isDeciding, wasSent, problem, reset } = useDecide();
  const [outcome, setOutcome] = useState<string>();
  const isBusy = useRef(false);
  const send = async (status: Status, { comment, later }: Words): Promise<void> => {
    // A second click may come before the buttons are drawn anew.
    if (digest === undefined || isBusy.current) return;
    isBusy.current = true;
    setOutcome(undefined);
    const common = { approval, digest, comment };
    try {
      await decide(status === 'deferred' ? { status, deferredTo: instantOf(later), ...common } : { status, ...common });
    } catch {
      // The problem stands on the page; what was typed stays.
      return;
    } finally {
      isBusy.current = false;
    }
    const said = isUnnamed && status !== 'rejected' ? `${done[status]} No model version is named.` : done[status];
    setOutcome(said);
    // The page says it too: a host that shows no messages takes nothing away.
    host.toast(said).catch(() => undefined);
  };
  return { send, isDeciding, wasSent, outcome, problem, reset };
}

interface FieldsProps {
  isDisabled: boolean;
  isDeciding: boolean;
  lacksComment: boolean;
  /** Id of the text that says why nothing can be pressed. */
  describedBy: string | undefined;
  onSend: (status: Status, words: Words) => void;
}

function Fields({ isDisabled, isDeciding, lacksComment, describedBy, onSend }: FieldsProps) {
  const [comment, setComment] = useState('');
  const [later, setLater] = useState('');
  const ids = { comment: useId(), later: useId() };
  const commentField = useRef<HTMLTextAreaElement>(null);
  const laterField = useRef<HTMLInputElement>(null);
  const button = { disabled: isDisabled || isDeciding, ariaDescribedBy: describedBy };
  /** The decision itself refuses what is missing, in words; the keyboard goes where it is typed. */
  const press = (status: Status, needed?: RefObject<HTMLElement>): void => {
    needed?.current?.focus();
    onSend(status, { comment, later });
  };
  return (
    <>
      <label htmlFor={ids.comment}>Comment (required to reject)</label>
      <textarea
        ref={commentField}
        id={ids.comment}
        rows={3}
        maxLength={1000}
        value={comment}
        disabled={isDisabled}
        aria-invalid={lacksComment && comment.trim() === ''}
        onChange={(event) => setComment(event.target.value)}
      />
      <div className="approvals-buttons">
        <Button primary text={isDeciding ? 'Sending' : 'Approve'} {...button} onClick={() => press('approved')} />
        <Button
          danger
          text="Reject"
          {...button}
          onClick={() => press('rejected', comment.trim() === '' ? commentField : undefined)}
        />
        <span className="approvals-later">
          <label htmlFor={ids.later}>From (your time)</label>
          <input
            ref={laterField}
            id={ids.later}
            type="datetime-local"
            value={later}
            disabled={isDisabled}
            onChange={(event) => setLater(event.target.value)}
          />
          <Button
            text="Approve later"
            {...button}
            onClick={() => press('deferred', later === '' ? laterField : undefined)}
          />
        </span>
      </div>
    </>
  );
}

const done: Record<Status, string> = {
  approved: 'Approved for the evidence shown.',
  rejected: 'Rejected. The stage will not run.',
  deferred: 'Approved; it takes effect at the time you chose.',
};

/** A decision is sent once; without an answer nobody knows here whether it took effect. */
function mayHaveArrived(problem: Problem | undefined): boolean {
  return problem !== undefined && ['timeout', 'missingScopeOrOffline', 'serverError', 'notJson'].includes(problem.kind);
}

/** What the browser's field holds has no zone: it is the viewer's own. A text that is no time is refused by the decision itself. */
function instantOf(local: string): string {
  const time = new Date(local);
  return Number.isNaN(time.getTime()) ? local : time.toISOString();
}
