import { Button } from 'azure-devops-ui/Button';
import { MessageCard, MessageCardSeverity } from 'azure-devops-ui/MessageCard';
import { useRef, useState } from 'react';
import { useHost } from '../../app/providers';
import { counted } from '../../components/counted';
import { Digest } from '../../components/Digest';
import { displayLines, displayText } from '../../components/display-text';
import { EvidenceProblems } from '../../components/EvidenceProblems';
import { KeyValueList } from '../../components/KeyValueList';
import { PersonName } from '../../components/PersonName';
import { ProblemMessage } from '../../components/ProblemMessage';
import { RunLink } from '../../components/RunLink';
import { SkeletonRows } from '../../components/SkeletonRows';
import { Text } from '../../components/Text';
import { TimeAgo } from '../../components/TimeAgo';
import { Verdict } from '../../components/Verdict';
import { ViewLink } from '../../components/ViewLink';
import { useApproval, useBypasses, useGate } from '../../data/queries';
import type { Gate } from '../../data/results';
import type { Approval } from '../../data/types';
import { Decisions } from './Decisions';
import { DecisionForm } from './DecisionForm';
import { EvidencePart } from './EvidencePart';
import { gatedRecords } from './judgement';
import { approvalVerdict, whyNot } from './reasons';
import { namesNothing, subjectOf, withoutGreen } from './subject';
import { WhatChanged } from './WhatChanged';

export interface ApprovalPanelProps {
  id: string;
  onClose: () => void;
}

/** Everything that an approver should see beside the decision, and the decision. Its first heading takes the focus. */
export function ApprovalPanel({ id, onClose }: ApprovalPanelProps) {
  const { user } = useHost();
  const { approval, isLoading, problem, refresh } = useApproval(id);
  const reading = useGate(approval);
  const { gate } = reading;
  const evidence = useRef<HTMLHeadingElement>(null);
  const unnamed = gate && namesNothing(gate);
  const shown = { digest: gate?.digest, isReading: reading.isFetching, isUnnamed: unnamed !== undefined };
  return (
    <section aria-label="Approval" className="approvals-panel">
      <Button subtle iconProps={{ iconName: 'Back' }} text="All approvals" onClick={onClose} />
      <h2 tabIndex={-1} className="hub-heading title-s">
        <Title approval={approval} gate={gate} />
      </h2>
      <ProblemMessage what="The approval" problem={problem} onRetry={refresh} />
      {isLoading && <SkeletonRows rows={6} label="Loading the approval" />}
      {approval !== undefined && (
        <>
          {unnamed !== undefined && (
            <MessageCard severity={MessageCardSeverity.Error} className="hub-problem" role="alert">
              {unnamed}
            </MessageCard>
          )}
          <Facts approval={approval} stage={gate?.stage} isUnnamed={unnamed !== undefined} />
          <ProblemMessage what="The evidence" problem={reading.problem} onRetry={reading.refresh} />
          {reading.isLoading && <SkeletonRows rows={6} label="Reading the evidence" />}
          {gate !== undefined && (
            <>
              <ChangedNotice digest={gate.digest} />
              <EvidenceProblems of={`run ${approval.run.number}`} problems={gate.evidence.problems} />
              <EvidencePart gate={gate} heading={evidence} />
              <WhatChanged gate={gate} />
              <GateDigest gate={gate} />
            </>
          )}
          <Decisions approval={approval} shown={shown} />
          <DecisionForm
            approval={approval}
            digest={gate?.digest}
            isUnnamed={unnamed !== undefined}
            reason={whyNot(approval, user, { gate, isReading: reading.isFetching })}
            onReadAgain={() => {
              reading.refresh();
              evidence.current?.focus();
            }}
          />
        </>
      )}
    </section>
  );
}

function Title({ approval, gate }: { approval: Approval | undefined; gate: Gate | undefined }) {
  if (approval === undefined) return <>Approval</>;
  const subject = gate && subjectOf(gatedRecords(gate));
  if (subject === undefined) {
    // Of what is still read, or could not be, nobody can say what it names.
    const words = gate?.digest === undefined ? '' : ' names no model version';
    return <Text value={`Run ${approval.run.number}${words}`} />;
  }
  if ('image' in subject) return <Text value={subject.image} max={120} />;
  return (
    <ViewLink view="version" params={{ ...subject }}>
      <Text value={`${subject.model} version ${subject.version}`} />
    </ViewLink>
  );
}

interface FactsProps {
  approval: Approval;
  stage: string | undefined;
  isUnnamed: boolean;
}

function Facts({ approval, stage, isUnnamed }: FactsProps) {
  const { bypasses, problem, refresh } = useBypasses(approval.run.id);
  const { run, instructions, status } = approval;
  return (
    <>
      <KeyValueList
        items={[
          { label: 'State', value: <Verdict {...withoutGreen(approvalVerdict(status), isUnnamed)} /> },
          { label: 'Stage', value: stage === undefined ? undefined : <Text value={stage} /> },
          { label: 'Run', value: <RunLink run={run} withPipeline /> },
          { label: 'Queued by', value: <PersonName person={run.requestedFor} /> },
          { label: 'Branch', value: <Text value={run.branch} /> },
          {
            label: status === 'pending' ? 'Waiting since' : 'Asked for',
            value: <TimeAgo time={approval.createdAt} />,
          },
        ]}
      />
      <ProblemMessage what="Whether somebody bypassed a check" severity="warning" problem={problem} onRetry={refresh} />
      {bypasses.map(({ stage: of, check, message }, position) => (
        <p key={position} role="alert">
          <Verdict kind="warning" text="Bypassed" />{' '}
          <strong>{`${displayText(check)} of stage ${displayText(of)}.`}</strong> {displayText(message)}
        </p>
      ))}
      {instructions !== '' && (
        <section aria-label="Instructions">
          <h3 className="title-xs">Instructions</h3>
          <p className="hub-lines">{displayLines(instructions)}</p>
        </section>
      )}
    </>
  );
}

/** Only when the viewer asks is the evidence read again; that it is another by then must not go by unseen. */
function ChangedNotice({ digest }: { digest: string | undefined }) {
  const [first, setFirst] = useState(digest);
  if (first === undefined && digest !== undefined) setFirst(digest);
  const isChanged = first !== undefined && first !== digest;
  return (
    <div role="status">
      {isChanged && <Verdict kind="warning" text="The evidence is another than when you opened this approval" />}
    </div>
  );
}

function GateDigest({ gate }: { gate: Gate }) {
  return (
    <section aria-label="Digest of the evidence">
      <h3 className="title-xs">Digest of the evidence</h3>
      {gate.digest === undefined && <p>{displayText(gate.unbound ?? 'The evidence could not be hashed.')}</p>}
      {gate.digest !== undefined && gate.items.length === 0 && (
        <p>There is no record, so that there is nothing that a digest could stand for.</p>
      )}
      {gate.digest !== undefined && gate.items.length > 0 && (
        <p>
          <Digest sha256={gate.digest} of="the evidence" />
          {` over ${counted(gate.items.length, 'record')}, read `}
          <TimeAgo time={gate.openedAt} />. It goes into the comment, and the deployment refuses any other.
        </p>
      )}
    </section>
  );
}
