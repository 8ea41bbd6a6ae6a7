import { digestsIn } from '../../../lib/evidence/manifest';
import { displayLines, displayText } from '../../components/display-text';
import { PersonName } from '../../components/PersonName';
import { TimeAgo } from '../../components/TimeAgo';
import { absoluteTime } from '../../components/time';
import { Verdict, type VerdictProps } from '../../components/Verdict';
import type { Approval, ApprovalStep } from '../../data/types';
import { progressOf } from './progress';
import { approvalVerdict, isNotAsked } from './reasons';
import { withoutGreen } from './subject';

/** The evidence that is shown, to hold the decisions against. */
export interface ShownEvidence {
  digest: string | undefined;
  isReading: boolean;
  /** Nothing in it names what is deployed. */
  isUnnamed: boolean;
}

/** Who has decided what so far, as the service recorded it, and whether each decision was about the evidence shown. */
export function Decisions({ approval, shown }: { approval: Approval; shown: ShownEvidence }) {
  const steps = [...approval.steps].sort((left, right) => left.order - right.order);
  return (
    <section aria-label="Approvers">
      <h3 className="title-xs">Approvers</h3>
      <p>
        {displayText(progressOf(approval))}
        {approval.inSequence ? ', one after the other' : ''}.
      </p>
      <ol className="approvals-steps">
        {steps.map((step, position) => (
          <Step key={position} step={step} shown={shown} />
        ))}
      </ol>
      {approval.blocked.length > 0 && (
        <p>
          Excluded from deciding on this run:{' '}
          {approval.blocked.map((person, position) => (
            <span key={position}>
              {position > 0 && ', '}
              <PersonName person={person} />
            </span>
          ))}
          .
        </p>
      )}
    </section>
  );
}

function Step({ step, shown }: { step: ApprovalStep; shown: ShownEvidence }) {
  const { assigned, actual, status, comment, changedAt, deferredTo } = step;
  const bound = boundVerdict(step, shown);
  return (
    <li>
      <PersonName person={assigned} /> <Verdict {...withoutGreen(approvalVerdict(status), shown.isUnnamed)} />
      {actual !== undefined && status !== 'pending' && !isNotAsked(status) && (
        <>
          {' by '}
          <PersonName person={actual} /> <TimeAgo time={changedAt} />
        </>
      )}
      {deferredTo !== undefined && (
        <>
          {`, takes effect at ${absoluteTime(Date.parse(deferredTo))} (`}
          <TimeAgo time={deferredTo} />)
        </>
      )}
      {comment !== '' && <blockquote className="hub-lines">{displayLines(comment)}</blockquote>}
      {bound !== undefined && <Verdict {...bound} />}
    </li>
  );
}

export const outsideThisPage: VerdictProps = {
  kind: 'warning',
  text: 'Names no evidence: given outside this page',
};

/** An approval is worth what it was given for. */
function boundVerdict(step: ApprovalStep, { digest, isReading, isUnnamed }: ShownEvidence): VerdictProps | undefined {
  if (step.status !== 'approved' && step.status !== 'deferred') return undefined;
  if (step.evidenceSha256 === undefined) return outsideThisPage;
  if (isReading) return { kind: 'running', text: 'Names evidence: reading what is there now' };
  if (digest === undefined) return { kind: 'unsure', text: 'Names evidence that could not be read here' };
  if (digestsIn(step.comment).some((each) => each !== digest))
    return { kind: 'bad', text: 'Given for other evidence than is shown here' };
  return isUnnamed
    ? { kind: 'warning', text: 'Given for the evidence shown here, which names no version' }
    : { kind: 'good', text: 'Given for the evidence shown here' };
}
