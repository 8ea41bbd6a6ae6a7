import { Button } from 'azure-devops-ui/Button';
import { useEffect, useRef, useState } from 'react';
import { displayText } from '../../components/display-text';
import { PersonName } from '../../components/PersonName';
import { RunLink } from '../../components/RunLink';
import { Text } from '../../components/Text';
import { TimeAgo } from '../../components/TimeAgo';
import { Verdict, verdictOf } from '../../components/Verdict';
import { ViewLink } from '../../components/ViewLink';
import { headlineOf, type ModelRow } from '../../data/registry';
import type { ModelVersion } from '../../data/types';
import { ApprovalCell, type RunApprovals } from './Approvals';
import { MetricCell } from './MetricCell';

export interface VersionRowsProps {
  row: ModelRow;
  approvals: RunApprovals;
  chosen: readonly string[];
  canChooseMore: boolean;
  onChoose: (version: string, isChosen: boolean) => void;
}

/** A model may have hundreds; the newest are what is looked for. */
const shownAtFirst = 25;

/** The versions of a model, newest first, each beneath the columns of its model. */
export function VersionRows({ row, approvals, chosen, canChooseMore, onChoose }: VersionRowsProps) {
  const { versions } = row;
  const [isWhole, setWhole] = useState(false);
  const firstMore = useRef<HTMLInputElement>(null);
  // The button that was pressed is gone: the keyboard goes on where the new rows begin.
  useEffect(() => {
    if (isWhole) firstMore.current?.focus();
  }, [isWhole]);
  const shown = isWhole ? versions : versions.slice(0, shownAtFirst);
  return (
    <>
      {shown.map((one, index) => {
        const isChosen = chosen.includes(one.version);
        return (
          <tr key={one.version} className="models-version">
            <th scope="row">
              <label className="models-choose">
                <input
                  ref={index === shownAtFirst ? firstMore : undefined}
                  type="checkbox"
                  checked={isChosen}
                  disabled={!isChosen && !canChooseMore}
                  onChange={(event) => onChoose(one.version, event.target.checked)}
                />
                <span className="hub-only-read">{displayText(`Compare version ${one.version} of ${row.model}`)}</span>
              </label>
              <span className="secondary-text">
                <Text value={one.run.pipeline.name} max={32} />
              </span>
            </th>
            <Cells one={one} row={row} approvals={approvals} />
          </tr>
        );
      })}
      {shown.length < versions.length && (
        <tr>
          <td colSpan={9}>
            <Button subtle text={`Show all ${versions.length} versions`} onClick={() => setWhole(true)} />
          </td>
        </tr>
      )}
    </>
  );
}

function Cells({ one, row, approvals }: { one: ModelVersion; row: ModelRow; approvals: RunApprovals }) {
  const { version, evaluation, registration, run } = one;
  const places = row.production.filter((serving) => serving.version === version);
  return (
    <>
      <td>
        <ViewLink view="version" params={{ model: row.model, version, workspace: row.among }}>
          <Text value={version} max={16} />
        </ViewLink>
      </td>
      <td>
        {places.map(({ environment, name, deployment, traffic }) => (
          <div key={JSON.stringify([environment, name, deployment])} title={displayText(`${environment}: ${name}`)}>
            {displayText(places.length > 1 ? `${environment}: ${traffic} %` : `serves ${traffic} %`)}
          </div>
        ))}
      </td>
      <td>
        <MetricCell headline={headlineOf(one, championOf(row))} version={version} />
      </td>
      <td />
      <td>{evaluation !== undefined && <Verdict {...verdictOf(evaluation.decision)} />}</td>
      <td>
        <ApprovalCell run={run.id} approvals={approvals} />
      </td>
      <td>
        <TimeAgo time={registration.at} />
        <div className="secondary-text">
          <PersonName person={run.requestedFor} />
        </div>
      </td>
      <td>
        <RunLink run={run} />
      </td>
    </>
  );
}

/** Each version is held against what production serves now, as its model is. */
function championOf({ production, versions }: ModelRow): ModelVersion | { version: string } | undefined {
  const served = production[0]?.version;
  return served === undefined ? undefined : (versions.find(({ version }) => version === served) ?? { version: served });
}
