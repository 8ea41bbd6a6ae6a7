import { useQuery } from '@tanstack/react-query';
import { useHost } from '../../app/providers';
import { EmptyState } from '../../components/EmptyState';
import { EvidenceProblems } from '../../components/EvidenceProblems';
import { ProblemMessage } from '../../components/ProblemMessage';
import { SkeletonRows } from '../../components/SkeletonRows';
import { displayText } from '../../components/display-text';
import { useBypasses, useRunEvidence } from '../../data/queries';
import type { RunEvidence } from '../../data/types';
import { RecordSection } from './RecordSection';

/** Tab on the page of a pipeline run: everything that our tasks left in it. */
export default function RunPage() {
  const host = useHost();
  const id = useQuery({ queryKey: ['run tab'], queryFn: () => host.runId(), staleTime: Infinity, retry: false });
  const { evidence, isLoading, problem, refresh } = useRunEvidence(id.data);
  const { bypasses } = useBypasses(id.data);
  if (id.error !== null) return <ProblemMessage what="The run" error={id.error} onRetry={() => void id.refetch()} />;
  return (
    <>
      <ProblemMessage what="The evidence of the run" problem={problem} onRetry={refresh} />
      {bypasses.map(({ stage, check, message }) => (
        <p key={`${stage} ${check}`} role="alert">
          <strong>{`Bypassed: ${displayText(check)} of stage ${displayText(stage)}.`}</strong> {displayText(message)}
        </p>
      ))}
      {(id.isPending || isLoading) && <SkeletonRows rows={6} label="Loading the evidence" />}
      {evidence !== undefined && <Records evidence={evidence} />}
    </>
  );
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
      {records.map((record) => (
        <RecordSection key={JSON.stringify([record.stage, record.kind, record.name])} record={record} run={run} />
      ))}
    </>
  );
}
