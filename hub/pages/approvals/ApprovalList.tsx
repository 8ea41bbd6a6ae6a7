import { EmptyState } from '../../components/EmptyState';
import { OnlyNewest } from '../../components/OnlyNewest';
import { PersonName } from '../../components/PersonName';
import { ProblemMessage } from '../../components/ProblemMessage';
import { RunLink } from '../../components/RunLink';
import { SkeletonRows } from '../../components/SkeletonRows';
import '../../components/table.css';
import { Text } from '../../components/Text';
import { TimeAgo } from '../../components/TimeAgo';
import { Verdict, type VerdictProps } from '../../components/Verdict';
import { ViewLink } from '../../components/ViewLink';
import { WorkspaceName } from '../../components/WorkspaceName';
import { displayText } from '../../components/display-text';
import { useApprovals } from '../../data/queries';
import type { ApprovalScope } from '../../data/results';
import type { Approval, NamedVersion } from '../../data/types';
import { outsideThisPage } from './Decisions';
import { progressOf } from './progress';
import { approvalVerdict } from './reasons';

const empty: Record<ApprovalScope, { title: string; text: string }> = {
  mine: { title: 'Nothing waits for you', text: 'A run that needs your decision appears here.' },
  pending: { title: 'Nothing waits', text: 'No run that you may see waits for a decision.' },
  history: { title: 'No decisions yet', text: 'Decided approvals of runs that you may see appear here.' },
};

export interface ApprovalListProps {
  scope: ApprovalScope;
  onOpen: (id: string) => void;
}

export function ApprovalList({ scope, onOpen }: ApprovalListProps) {
  const { approvals, isCut, isLoading, problem, refresh } = useApprovals(scope);
  if (isLoading) return <SkeletonRows rows={5} label="Loading approvals" />;
  if (problem !== undefined && approvals.length === 0) {
    return <ProblemMessage what="The approvals" problem={problem} onRetry={refresh} />;
  }
  if (approvals.length === 0) {
    return (
      <>
        <EmptyState title={empty[scope].title}>{empty[scope].text}</EmptyState>
        <OnlyNewest isCut={isCut} />
      </>
    );
  }
  const isHistory = scope === 'history';
  return (
    <>
      <ProblemMessage what="Newer approvals" severity="warning" problem={problem} onRetry={refresh} />
      <div className="hub-scroll" role="region" aria-label="Approvals" tabIndex={0}>
        <table className="hub-table">
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col">Run</th>
              <th scope="col">Requested by</th>
              <th scope="col">{isHistory ? 'Last change' : 'Waiting since'}</th>
              <th scope="col">State</th>
              <th scope="col">Approvers</th>
              {isHistory && <th scope="col">Evidence</th>}
              <th scope="col">Decision</th>
            </tr>
          </thead>
          <tbody>
            {approvals.map((approval) => (
              <Row key={approval.id} approval={approval} isHistory={isHistory} onOpen={onOpen} />
            ))}
          </tbody>
        </table>
      </div>
      <OnlyNewest isCut={isCut} />
    </>
  );
}

interface RowProps {
  approval: Approval;
  isHistory: boolean;
  onOpen: (id: string) => void;
}

function Row({ approval, isHistory, onOpen }: RowProps) {
  const { id, run, named: versions = [], status, createdAt, changedAt, mayDecide } = approval;
  const named = isHistory ? evidenceVerdict(approval) : undefined;
  return (
    <tr>
      <td>
        {versions.map(({ model, version, workspace }) => (
          <div key={JSON.stringify([model, version, workspace])}>
            <ViewLink view="version" params={{ model, version, workspace }}>
              <Text value={`${model} ${version}`} max={40} />
            </ViewLink>
            {versions.some((other) => isSameName(other, { model, workspace })) && (
              <WorkspaceName workspace={workspace} />
            )}
          </div>
        ))}
      </td>
      <th scope="row">
        <RunLink run={run} withPipeline />
      </th>
      <td>
        <PersonName person={run.requestedFor} />
      </td>
      <td>
        <TimeAgo time={isHistory ? changedAt : createdAt} />
      </td>
      <td>
        <Verdict {...approvalVerdict(status)} />
      </td>
      <td>{displayText(progressOf(approval))}</td>
      {isHistory && <td>{named !== undefined && <Verdict {...named} />}</td>}
      <td>
        <button
          type="button"
          className="hub-link approvals-open"
          data-approval={id}
          aria-label={`${mayDecide ? 'Decide' : 'Open'}: approval of run ${displayText(run.number)}`}
          onClick={() => onOpen(id)}
        >
          {mayDecide ? 'Decide' : 'Open'}
        </button>
      </td>
    </tr>
  );
}

/** A run may register its model in a workspace for tests and then in that of production. */
function isSameName(one: NamedVersion, { model, workspace }: Omit<NamedVersion, 'version'>): boolean {
  return one.model === model && one.workspace !== workspace;
}

/** What the comments say; whether it is the evidence that is there now, only the panel knows. */
function evidenceVerdict({ steps }: Approval): VerdictProps | undefined {
  const approved = steps.filter(({ status }) => status === 'approved' || status === 'deferred');
  if (approved.length === 0) return undefined;
  return approved.some(({ evidenceSha256 }) => evidenceSha256 === undefined)
    ? outsideThisPage
    : { kind: 'neutral', text: 'Named in every approval' };
}
