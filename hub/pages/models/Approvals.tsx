import { useEffect } from 'react';
import { OnlyNewest } from '../../components/OnlyNewest';
import { ProblemMessage } from '../../components/ProblemMessage';
import { Verdict, verdictOf } from '../../components/Verdict';
import { ViewLink } from '../../components/ViewLink';
import { useApprovals } from '../../data/queries';
import type { Approval } from '../../data/types';

/** What is known of approvals: those that wait for the viewer at once, all others after the list is shown. */
export interface RunApprovals {
  /** Ids of those that wait for the viewer, by run. */
  waiting: ReadonlyMap<number, readonly string[]>;
  /** Newest approval of each run, as far as they were read. */
  newest: ReadonlyMap<number, Approval>;
}

/** Reads the state of all approvals. Stands on the page only after the list does, whose requests go first. */
export function ReadApprovals({ onRead }: { onRead: (newest: RunApprovals['newest']) => void }) {
  const pending = useApprovals('pending');
  const history = useApprovals('history');
  useEffect(
    () => onRead(newestByRun([...pending.approvals, ...history.approvals])),
    [pending.approvals, history.approvals, onRead],
  );
  return (
    <>
      <OnlyNewest isCut={pending.isCut || history.isCut} />
      <ProblemMessage
        what="The state of approvals"
        severity="warning"
        problem={pending.problem ?? history.problem}
        onRetry={() => {
          pending.refresh();
          history.refresh();
        }}
      />
    </>
  );
}

export function newestByRun(approvals: readonly Approval[]): Map<number, Approval> {
  const newest = new Map<number, Approval>();
  for (const approval of approvals) {
    const known = newest.get(approval.run.id);
    if (known === undefined || Date.parse(approval.createdAt) > Date.parse(known.createdAt)) {
      newest.set(approval.run.id, approval);
    }
  }
  return newest;
}

/** Approval state of the run that registered a version. */
export function ApprovalCell({ run, approvals }: { run: number; approvals: RunApprovals }) {
  const waiting = approvals.waiting.get(run) ?? [];
  if (waiting.length > 0) {
    return waiting.map((id) => (
      <div key={id}>
        <ViewLink view="approvals" params={{ approval: id }}>
          <Verdict kind="waiting" text="Waits for you" />
        </ViewLink>
      </div>
    ));
  }
  const approval = approvals.newest.get(run);
  if (approval === undefined) return null;
  return (
    <ViewLink view="approvals" params={{ approval: approval.id }}>
      <Verdict {...verdictOf(approval.status)} />
    </ViewLink>
  );
}
