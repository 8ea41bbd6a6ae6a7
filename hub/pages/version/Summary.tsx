import { Pill, PillSize } from 'azure-devops-ui/Pill';
import { listParam } from '../../app/list-param';
import { displayText } from '../../components/display-text';
import { RunLink } from '../../components/RunLink';
import { Verdict, verdictOf } from '../../components/Verdict';
import { ViewLink } from '../../components/ViewLink';
import { useWaitingByRun } from '../../data/queries';
import { productionNow, servingNow, type Known } from './known';

/** Above the tabs: where it serves, the verdict, and what can be done next. */
export function Summary({ known }: { known: Known }) {
  const { version, registrations } = known;
  const { model } = version;
  const waiting = useWaitingByRun().byRun.get(version.run.id) ?? [];
  const others = productionNow(known).flatMap((serving) =>
    serving.version === undefined || serving.version === version.version ? [] : serving.version,
  );
  return (
    <div className="version-summary">
      {servingNow(known).map(({ environment, name, deployment, traffic }) => (
        <Pill key={`${environment} ${name} ${deployment ?? ''}`} size={PillSize.regular}>
          {`${displayText(environment)}: ${traffic} %`}
        </Pill>
      ))}
      <Verdict {...verdictOf(version.evaluation?.decision)} />
      <RunLink run={version.run} withPipeline />
      {others[0] !== undefined && (
        <ViewLink view="compare" params={{ model, versions: listParam([others[0], version.version]) }}>
          Compare with production
        </ViewLink>
      )}
      {waiting.map((approval) => (
        <ViewLink key={approval} view="approvals" params={{ approval }}>
          Decide the approval that waits for you
        </ViewLink>
      ))}
      {registrations.length > 1 && (
        <span className="secondary-text">
          {`Registered by ${registrations.length} runs; shown is the newest. `}
          {registrations.slice(1, 4).map(({ run }) => (
            <RunLink key={run.id} run={run} />
          ))}
        </span>
      )}
    </div>
  );
}
