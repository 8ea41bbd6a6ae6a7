import { RunLink } from '../../components/RunLink';
import '../../components/table.css';
import { Text } from '../../components/Text';
import { TimeAgo } from '../../components/TimeAgo';
import { Verdict, verdictOf } from '../../components/Verdict';
import { ViewLink } from '../../components/ViewLink';
import { recordKey } from './smoke';
import type { Known } from './known';

export function DeploymentsTab({ known }: { known: Known }) {
  const { deployments, smokeTests } = known;
  if (deployments.length === 0) return <p>This version was not deployed by a run that you may see.</p>;
  return (
    <div className="hub-scroll" role="region" aria-label="Deployments of this version" tabIndex={0}>
      <table className="hub-table">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Environment</th>
            <th scope="col">Where</th>
            <th scope="col">Traffic after it</th>
            <th scope="col">Smoke tests of the run</th>
            <th scope="col">Approval</th>
            <th scope="col">Run</th>
          </tr>
        </thead>
        <tbody>
          {deployments.map(({ run, entry, environment, at }) => (
            <tr key={recordKey(run.id, entry)}>
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
                <Text value={shares(entry.traffic) ?? 'all'} max={80} />
              </td>
              <td>
                {smokeTests
                  .filter((test) => test.run.id === run.id && test.entry.stage === entry.stage)
                  .map((test) => (
                    <Verdict key={test.entry.name} {...verdictOf(test.entry.verdict)} />
                  ))}
              </td>
              <td>
                {entry.approval !== undefined && (
                  <ViewLink view="approvals" params={{ approval: entry.approval }}>
                    Who approved
                  </ViewLink>
                )}
              </td>
              <td>
                <RunLink run={run} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function shares(traffic: Readonly<Record<string, number>> | undefined): string | undefined {
  if (traffic === undefined) return undefined;
  return Object.entries(traffic)
    .map(([name, percent]) => `${name} ${percent} %`)
    .join(', ');
}
