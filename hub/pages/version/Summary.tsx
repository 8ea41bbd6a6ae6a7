import { Pill, PillSize } from 'azure-devops-ui/Pill';
import { listParam } from '../../app/list-param';
import { displayText } from '../../components/display-text';
import { RunLink } from '../../components/RunLink';
import { Verdict, verdictOf } from '../../components/Verdict';
import { ViewLink } from '../../components/ViewLink';
import { useWaitingByRun } from '../../data/queries';
import { isSameWorkspace } from '../../data/workspaces';
import { productionNow, servingNow, type Known } from './known';

/** Above the tabs: where it serves, the verdict, and what can be done next. */
export function Summary({ known }: { known: Known }) {
  const { version } = known;
  const { model } = version;
  const { workspace } = version.registration;
  const waiting = useWaitingByRun().byRun.get(version.run.id) ?? [];
  const other = otherInProduction(known);
  return (
    <div className="version-summary">
      {servingNow(known).map(({ environment, name, deployment, traffic }) => (
        <Pill key={JSON.stringify([environment, name, deployment])} size={PillSize.regular}>
          {displayText(`${environment}: ${traffic} %`)}
        </Pill>
      ))}
      {version.evaluation === undefined ? (
        <Verdict kind="neutral" text="Not evaluated" />
      ) : (
        <Verdict {...verdictOf(version.evaluation.decision)} />
      )}
      <RunLink run={version.run} withPipeline />
      {other !== undefined && (
        <ViewLink view="compare" params={{ model, workspace, versions: listParam([other, version.version]) }}>
          Compare with production
        </ViewLink>
      )}
      {waiting.map((approval) => (
        <ViewLink key={approval} view="approvals" params={{ approval }}>
          Decide the approval that waits for you
        </ViewLink>
      ))}
      <SeveralRegistrations known={known} />
    </div>
  );
}

/** The version beside this one that production serves; where no deployment was read, the one it was evaluated against. */
function otherInProduction(known: Known): string | undefined {
  const { version } = known;
  const production = productionNow(known);
  const served = production.length === 0 ? [version.evaluation?.championVersion] : production.map((one) => one.version);
  return served.find((one) => one !== undefined && one !== version.version);
}

function SeveralRegistrations({ known: { registrations } }: { known: Known }) {
  if (registrations.length < 2) return null;
  const [newest] = registrations;
  const named = registrations.map(({ registration }) => registration.workspace);
  const workspaces = named.filter((one, index) => named.findIndex((other) => isSameWorkspace(one, other)) === index);
  const others = workspaces.slice(1);
  const runs = [...new Map(registrations.slice(1).map(({ run }) => [run.id, run])).values()];
  const where = workspaces.length < 2 ? '' : ` in ${workspaces.length} workspaces`;
  return (
    <span className="secondary-text">
      {`Registered ${registrations.length} times${where}; shown is the newest. Before: `}
      {runs.slice(0, 3).map((run) => (
        <span key={run.id}>
          <RunLink run={run} />{' '}
        </span>
      ))}
      {runs.length > 3 && `and ${runs.length - 3} more`}
      {others.map((workspace) => (
        <span key={workspace}>
          {' '}
          <ViewLink view="version" params={{ model: newest?.model, version: newest?.version, workspace }}>
            {displayText(`The version of workspace ${workspace}`)}
          </ViewLink>
        </span>
      ))}
    </span>
  );
}
