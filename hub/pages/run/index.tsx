import { useQuery } from '@tanstack/react-query';
import { useHost } from '../../app/providers';
import { EmptyState } from '../../components/EmptyState';
import { EvidenceProblems } from '../../components/EvidenceProblems';
import { ProblemMessage } from '../../components/ProblemMessage';
import { SkeletonRows } from '../../components/SkeletonRows';
import { ViewLink } from '../../components/ViewLink';
import { useRunEvidence, useWaitingByRun } from '../../data/queries';
import type { ReadRecord, RunEvidence } from '../../data/types';
import { Bypasses } from './Bypasses';
import { RecordSection } from './RecordSection';

/** Tab on the page of a pipeline run: everything that our tasks left in it. */
export default function RunPage() {
  const host = useHost();
  const id = useQuery({ queryKey: ['run tab'], queryFn: () => host.runId(), staleTime: Infinity, retry: false });
  const { evidence, isLoading, problem, refresh } = useRunEvidence(id.data);
  if (id.error !== null) return <ProblemMessage what="The run" error={id.error} onRetry={() => void id.refetch()} />;
  return (
    <>
      <ProblemMessage what="The evidence of the run" problem={problem} onRetry={refresh} />
      {(id.isPending || isLoading) && <SkeletonRows rows={6} label="Loading the evidence" />}
      {evidence !== undefined && (
        <>
          <Bypasses run={evidence.run} />
          <Waiting run={evidence.run.id} />
          <Records evidence={evidence} />
        </>
      )}
    </>
  );
}

function Waiting({ run }: { run: number }) {
  const waiting = useWaitingByRun().byRun.get(run) ?? [];
  return waiting.map((approval) => (
    <p key={approval}>
      <ViewLink view="approvals" params={{ approval }}>
        Decide the approval that waits for you
      </ViewLink>
    </p>
  ));
}

function Records({ evidence }: { evidence: RunEvidence }) {
  const { run, records, problems } = evidence;
  if (records.length === 0 && problems.length === 0) {
    return (
      <EmptyState title="No evidence yet">
        {run.finishedAt === undefined
          ? 'The run has left no record so far. Refresh when a task has ended.'
          : 'None of the tasks in this run came far enough to leave a record.'}
      </EmptyState>
    );
  }
  return (
    <>
      <EvidenceProblems of={`run ${run.number}`} problems={problems} />
      {[...records].sort(byOrigin).map((record) => (
        <RecordSection
          key={JSON.stringify([record.stage, record.kind, record.name, record.sha256])}
          record={record}
          run={run}
          isOnly={records.filter(({ kind }) => kind === record.kind).length === 1}
        />
      ))}
    </>
  );
}

const order: Record<ReadRecord['kind'], number> = {
  'mlops.data-sanity.v1': 0,
  'mlops.training.v1': 1,
  'mlops.evaluation.v1': 2,
  'mlops.model-version.v1': 3,
  'mlops.package.v1': 4,
  'mlops.deployment.v1': 5,
  'mlops.smoke.v1': 6,
};

/** As a model comes about; within a kind the order that the records came in stays. */
function byOrigin(one: ReadRecord, other: ReadRecord): number {
  return order[one.kind] - order[other.kind];
}
