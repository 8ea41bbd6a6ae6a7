import { displayText } from '../../components/display-text';
import { PersonName } from '../../components/PersonName';
import { RunLink } from '../../components/RunLink';
import { Text } from '../../components/Text';
import { TimeAgo } from '../../components/TimeAgo';
import { Verdict, verdictOf } from '../../components/Verdict';
import { ViewLink } from '../../components/ViewLink';
import { headlineOf, type ModelRow } from '../../data/registry';
import { MetricCell } from './MetricCell';

export interface VersionRowsProps {
  row: ModelRow;
  chosen: readonly string[];
  canChooseMore: boolean;
  onChoose: (version: string, isChosen: boolean) => void;
}

/** The versions of a model, newest first, each beneath the columns of its model. */
export function VersionRows({ row, chosen, canChooseMore, onChoose }: VersionRowsProps) {
  const { model, versions, production } = row;
  const serving = new Map(production.map((one) => [one.version, one]));
  return (
    <>
      {versions.map((one) => {
        const isChosen = chosen.includes(one.version);
        const place = serving.get(one.version);
        return (
          <tr key={one.version} className="models-version">
            <th scope="row">
              <label className="models-choose">
                <input
                  type="checkbox"
                  checked={isChosen}
                  disabled={!isChosen && !canChooseMore}
                  onChange={(event) => onChoose(one.version, event.target.checked)}
                />
                <span className="hub-only-read">{`Compare version ${displayText(one.version)} of ${displayText(model)}`}</span>
              </label>
              <span className="secondary-text">
                <Text value={one.run.pipeline.name} max={32} />
              </span>
            </th>
            <td>
              <ViewLink view="version" params={{ model, version: one.version }}>
                <Text value={one.version} max={16} />
              </ViewLink>
            </td>
            <td>{place === undefined ? '' : `serves ${place.traffic} %`}</td>
            <td>
              <MetricCell headline={headlineOf(one)} />
            </td>
            <td />
            <td>{one.evaluation !== undefined && <Verdict {...verdictOf(one.evaluation.decision)} />}</td>
            <td />
            <td>
              <TimeAgo time={one.registration.at} />
              <div className="secondary-text">
                <PersonName person={one.run.requestedFor} />
              </div>
            </td>
            <td>
              <RunLink run={one.run} />
            </td>
          </tr>
        );
      })}
    </>
  );
}
