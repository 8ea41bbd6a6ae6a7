import { PersonName } from '../../components/PersonName';
import { RunLink } from '../../components/RunLink';
import '../../components/table.css';
import { Text } from '../../components/Text';
import { TimeAgo } from '../../components/TimeAgo';
import { Verdict, verdictOf } from '../../components/Verdict';
import { ViewLink } from '../../components/ViewLink';
import type { DeploymentEvent } from '../../data/types';
import type { Known } from './known';

const columns = [
  'When',
  'Environment',
  'Where',
  'Traffic after it',
  'Smoke tests of the stage',
  'Approval',
  'By',
  'Run',
];

export function DeploymentsTab({ known: { deployments, smokeTests } }: { known: Known }) {
  if (deployments.length === 0) return <p>This version was not deployed by a run that you may see.</p>;
  return (
    <div className="hub-scroll" role="region" aria-label="Deployments of this version" tabIndex={0}>
      <table className="hub-table">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {deployments.map((event) => (
            // A stage that ran again replaces its entry, so that run, stage and name are unique.
            <Row
              key={JSON.stringify([event.run.id, event.entry.stage, event.entry.name])}
              event={event}
              verdicts={smokeTests
                .filter(({ run, entry }) => run.id === event.run.id && entry.stage === event.entry.stage)
                .map(({ entry }) => entry.verdict)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ event, verdicts }: { event: DeploymentEvent; verdicts: readonly string[] }) {
  const { run, entry, environment, at } = event;
  return (
    <tr>
      <td>
        <TimeAgo time={at} />
      </td>
      <td>
        <Text value={environment} max={40} />
      </td>
      <td>
        <Text
          value={entry.deployment === undefined ? entry.service : `${entry.service}/${entry.deployment}`}
          max={60}
        />
      </td>
      <td>
        <Text value={traffic(event)} max={80} />
      </td>
      <td>
        {verdicts.length === 0 && <span className="secondary-text">none</span>}
        {verdicts.map((verdict, index) => (
          <Verdict key={index} {...verdictOf(verdict)} />
        ))}
      </td>
      <td>
        {entry.approval === undefined ? (
          <span className="secondary-text">none named</span>
        ) : (
          <ViewLink view="approvals" params={{ approval: entry.approval }}>
            Who approved
          </ViewLink>
        )}
      </td>
      <td>
        <PersonName person={run.requestedFor} />
      </td>
      <td>
        <RunLink run={run} />
      </td>
    </tr>
  );
}

/** A container group or a Kubernetes deployment takes every request; an endpoint only says so itself. */
function traffic({ entry }: DeploymentEvent): string {
  if (entry.traffic === undefined) return entry.target === 'managedEndpoint' ? 'not said' : 'all';
  const shares = Object.entries(entry.traffic).map(([name, percent]) => `${name} ${percent} %`);
  return shares.length === 0 ? 'none' : shares.join(', ');
}
