import { ProblemMessage } from '../../components/ProblemMessage';
import { SkeletonRows } from '../../components/SkeletonRows';
import '../../components/table.css';
import { displayText } from '../../components/display-text';
import { Text } from '../../components/Text';
import { Verdict, type VerdictProps } from '../../components/Verdict';
import type { AuditedEnvironment, AuditFinding, EnvironmentAudit } from '../../data/results';
import { environmentRights, unmetText } from './words';

/** Checks of every environment, production first. */
export function EnvironmentPart({ audit }: { audit: EnvironmentAudit }) {
  const { rows, isCut, checksKnown, problem, checksProblem } = audit.environments;
  const production = rows.filter(({ isProduction }) => isProduction);
  const others = rows.filter(({ isProduction }) => !isProduction);
  const isRead = problem === undefined && !audit.isLoading;
  return (
    <section aria-label="Environments">
      <h2 className="title-s">What stands before a deployment</h2>
      <ProblemMessage what="The environments" problem={problem} onRetry={audit.refresh} />
      <ProblemMessage what="The checks" problem={checksProblem} onRetry={audit.refresh} />
      {audit.isLoading && !checksKnown && checksProblem === undefined && (
        <SkeletonRows rows={4} label="Reading environments and checks" />
      )}
      {isRead && rows.length === 0 && <p>You see no environment in this project.</p>}
      {isRead && rows.length > 0 && production.length === 0 && (
        <p>
          No environment that you see has production in its name. One counts as production when a part of its name is
          prod or production, as in churn-prod.
        </p>
      )}
      {isCut && <p>There are more environments than were read: these are the first {rows.length}.</p>}
      {production.map((each) => (
        <section key={each.id} className="settings-environment" aria-label={`Environment ${displayText(each.name)}`}>
          <h3 className="title-xs">
            <Text value={each.name} /> (production)
          </h3>
          <Environment environment={each} checksKnown={checksKnown} />
        </section>
      ))}
      {others.map((each) => (
        <details key={each.id} className="settings-environment">
          <summary>
            <Text value={each.name} />
            {checksKnown && `: ${unmetText(each.findings)}`}
          </summary>
          <Environment environment={each} checksKnown={checksKnown} />
        </details>
      ))}
    </section>
  );
}

function Environment({ environment, checksKnown }: { environment: AuditedEnvironment; checksKnown: boolean }) {
  const { name, findings, approvers, otherChecks, viewer, isProduction } = environment;
  return (
    <>
      {checksKnown ? (
        <>
          <p>{unmetText(findings)}.</p>
          <Findings findings={findings} isProduction={isProduction} of={name} />
          <p>{displayText(`Approvers: ${approvers.length === 0 ? 'nobody' : approvers.join(', ')}.`)}</p>
          {otherChecks.length > 0 && <p>{displayText(`Other checks: ${otherChecks.join(', ')}.`)}</p>}
        </>
      ) : (
        <p>Its checks are not known, so nothing can be said about it.</p>
      )}
      <p>{environmentRights(viewer)}</p>
    </>
  );
}

const ruleNames: Record<AuditFinding['rule'], string> = {
  approval: 'Approval',
  requester: 'Four eyes',
  template: 'Required template',
  exclusiveLock: 'Exclusive lock',
  branch: 'Branch control',
};

interface FindingsProps {
  findings: readonly AuditFinding[];
  isProduction: boolean;
  /** Name of the environment. */
  of: string;
}

function Findings({ findings, isProduction, of }: FindingsProps) {
  return (
    <div className="hub-scroll" role="region" aria-label={`Checks of ${displayText(of)}`} tabIndex={0}>
      <table className="hub-table">
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col">Verdict</th>
            <th scope="col">What it means, and what to do</th>
          </tr>
        </thead>
        <tbody>
          {findings.map(({ rule, met, text }) => (
            <tr key={rule}>
              <th scope="row">{ruleNames[rule]}</th>
              <td>
                <Verdict {...findingVerdict(met, isProduction)} />
              </td>
              <td>{displayText(text)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Outside production a missing check may be meant. */
function findingVerdict(met: boolean, isProduction: boolean): VerdictProps {
  if (met) return { kind: 'good', text: 'In order' };
  return isProduction ? { kind: 'bad', text: 'Open' } : { kind: 'neutral', text: 'Open, not production' };
}
