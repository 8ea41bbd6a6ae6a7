import type { ReactElement } from 'react';
import { RunLink } from '../../components/RunLink';
import { Text } from '../../components/Text';
import { WorkspaceName } from '../../components/WorkspaceName';
import { TimeAgo } from '../../components/TimeAgo';
import { TimelineStrip, type StripRow } from '../../components/charts/TimelineStrip';
import { utcSecondsText } from '../../components/charts/text';
import { matrix, versionText, type Flag, type Period } from '../../data/serving';
import type { Serving } from '../../data/types';
import type { Homes } from '../../data/workspaces';
import { ServedVersion } from './ServedVersion';
import { Where, whereText } from './Where';

/** Model by environment: version, how long, and its share of the requests. */
export function MatrixTable({ servings, homes }: { servings: readonly Serving[]; homes: Homes }): ReactElement {
  const { rows, environments } = matrix(servings, homes);
  return (
    <div className="hub-scroll" tabIndex={0} role="region" aria-label="Models by environment">
      <table className="hub-table">
        <caption className="hub-only-read">What serves now, by model and environment</caption>
        <thead>
          <tr>
            <th scope="col">Model</th>
            {environments.map((environment) => (
              <th key={environment} scope="col">
                <Text value={environment} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, model, workspace, cell }) => (
            <tr key={key}>
              <th scope="row">
                <Text value={model} />
                <WorkspaceName workspace={workspace} />
              </th>
              {environments.map((environment) => (
                <td key={environment}>
                  {cell(environment).map((serving, index) => (
                    <Cell key={index} serving={serving} homes={homes} />
                  ))}
                  {cell(environment).length === 0 && <span aria-label="nothing">–</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ serving, homes }: { serving: Serving; homes: Homes }): ReactElement {
  const { version, traffic, since, name, where } = serving;
  return (
    <div title={where === undefined ? name : `${name} (${whereText(where)})`}>
      <ServedVersion serving={serving} homes={homes} label={version} />
      {` ${traffic} %, `}
      <TimeAgo time={since} />
    </div>
  );
}

const flagTexts: Record<Flag, string> = {
  unknownVersion: 'requests go to a deployment whose version no step names',
  partialTraffic: 'the shares do not add up to 100 %',
  unreadableTraffic: 'the traffic in the index cannot be right: what serves is not known',
  changedElsewhere: 'a step of another environment changed a service of this name meanwhile',
  changedOutside: 'the traffic had been changed outside of these pipelines',
};

/** Every step, newest first, with what it left serving. */
export function HistoryTable({ periods }: { periods: readonly Period[] }): ReactElement {
  return (
    <div className="hub-scroll" tabIndex={0} role="region" aria-label="History of deployments">
      <table className="hub-table">
        <thead>
          <tr>
            {['From', 'Until', 'Environment', 'Service', 'Served then', 'Notes', 'Run'].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {periods.map((period, index) => (
            <tr key={index}>
              <td>{utcSecondsText(period.from)}</td>
              <td>{period.to === undefined ? 'now' : utcSecondsText(period.to)}</td>
              <td>
                <Text value={period.place.environment} />
              </td>
              <td>
                <Text value={period.place.name} />
                <Where id={period.place.where} />
              </td>
              <td>
                <Text value={servedText(period)} max={160} />
              </td>
              <td>
                <Text value={notesOf(period).join('; ')} max={300} />
              </td>
              <td>
                <RunLink run={period.event.run} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function servedText({ serving }: Period): string {
  return serving.map((one) => `${versionText(one)} ${one.traffic} %`).join(', ') || 'nothing';
}

/** What is to be said of a step: a rollback first. */
export function notesOf({ rollback, flags }: Period): string[] {
  const back =
    rollback && `rolled back from ${rollback.from.map(versionText).join(', ')} to ${versionText(rollback.to)}`;
  return [...(back === undefined ? [] : [back]), ...flags.map((flag) => flagTexts[flag])];
}

/** Production over time, a row a service. */
export function ProductionStrip({
  periods,
  at,
  now,
}: {
  periods: readonly Period[];
  at?: string;
  now: string;
}): ReactElement | null {
  const production = periods.filter(({ place }) => place.isProduction);
  const oldest = production.at(-1)?.from;
  if (oldest === undefined) return null;
  return (
    <TimelineStrip title="What served in production" rows={stripRows(production)} from={oldest} to={now} at={at} />
  );
}

function stripRows(periods: readonly Period[]): StripRow[] {
  const rows = new Map<
    string,
    { label: string; periods: { from: string; to?: string; label: string; note?: string }[] }
  >();
  for (const period of [...periods].reverse()) {
    const { key, environment, name, where } = period.place;
    const isAlone = periods.every(({ place }) => place.key === key || place.name !== name);
    const place = isAlone || where === undefined ? name : `${name} (${whereText(where)})`;
    const row = rows.get(key) ?? { label: `${environment}: ${place}`, periods: [] };
    const note = period.rollback === undefined ? undefined : 'rolled back';
    row.periods.push({ from: period.from, to: period.to, label: servedText(period), note });
    rows.set(key, row);
  }
  return [...rows.values()];
}
