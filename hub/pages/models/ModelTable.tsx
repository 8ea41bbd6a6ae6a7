import { Button } from 'azure-devops-ui/Button';
import { Fragment, useState } from 'react';
import { listOf, listParam } from '../../app/list-param';
import { useNavigate } from '../../app/navigate';
import { useUrlState } from '../../app/url-state';
import { Sparkline } from '../../components/charts/TrendLine';
import { displayText } from '../../components/display-text';
import '../../components/table.css';
import { PersonName } from '../../components/PersonName';
import { RunLink } from '../../components/RunLink';
import { Text } from '../../components/Text';
import { TimeAgo } from '../../components/TimeAgo';
import { Verdict, verdictOf } from '../../components/Verdict';
import { ViewLink } from '../../components/ViewLink';
import type { ModelRow, SortKey } from '../../data/registry';
import { sortOf, sortParam } from './address';
import { MetricCell } from './MetricCell';
import './models.css';
import { ApprovalCell, type RunApprovals } from './Approvals';
import { ProductionCell, type Deployed } from './ProductionCell';
import { VersionRows } from './VersionRows';

/** Most versions that a comparison shows side by side. */
const mostCompared = 4;

export interface ModelTableProps {
  rows: readonly ModelRow[];
  approvals: RunApprovals;
  deployed: Deployed;
}

interface Chosen {
  /** Of the row: the same name in two workspaces is two models. */
  key: string;
  model: string;
  workspace?: string;
  versions: readonly string[];
}

/** A row a model; its versions beneath when it is open. Two to four versions of one model can be chosen for a comparison. */
export function ModelTable({ rows, approvals, deployed }: ModelTableProps) {
  const { open } = useNavigate();
  const [chosen, setChosen] = useState<Chosen>({ key: '', model: '', versions: [] });
  const choose = ({ key, model, among }: ModelRow, version: string, isChosen: boolean): void => {
    const others = chosen.key === key ? chosen.versions.filter((one) => one !== version) : [];
    setChosen({ key, model, workspace: among, versions: isChosen ? [...others, version] : others });
  };
  const count = chosen.versions.length;
  return (
    <>
      <div className="models-commands">
        <Button
          text={count === 0 ? 'Compare' : `Compare ${count}`}
          disabled={count < 2}
          tooltipProps={{ text: 'Choose two to four versions of one model' }}
          onClick={() => {
            const { model, workspace, versions } = chosen;
            open('compare', { model, workspace, versions: listParam(versions) });
          }}
        />
        <span role="status" className="secondary-text">
          {count === 0
            ? 'Open a model and choose versions to compare them.'
            : `${count} of ${displayText(chosen.model)} chosen, at most ${mostCompared}.`}
        </span>
      </div>
      <div className="hub-scroll" role="region" aria-label="Models" tabIndex={0}>
        <table className="hub-table models-table">
          <Head />
          <tbody>
            {rows.map((row) => (
              <Row
                key={row.key}
                row={row}
                approvals={approvals}
                deployed={deployed}
                chosen={chosen.key === row.key ? chosen.versions : []}
                canChooseMore={chosen.key !== row.key || count < mostCompared}
                onChoose={choose}
              />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

const columns: readonly { name: string; sort?: SortKey }[] = [
  { name: 'Model', sort: 'model' },
  { name: 'Latest', sort: 'version' },
  { name: 'Production', sort: 'production' },
  { name: 'Metric' },
  { name: 'Trend' },
  { name: 'Verdict', sort: 'verdict' },
  { name: 'Approval' },
  { name: 'Registered', sort: 'registered' },
  { name: 'Run' },
];

function Head() {
  const { params, patch } = useUrlState();
  const sorted = sortOf(params);
  return (
    <thead>
      <tr>
        {columns.map(({ name, sort }) => (
          <th
            key={name}
            scope="col"
            aria-sort={sort === sorted.by ? (sorted.isDescending ? 'descending' : 'ascending') : undefined}
          >
            {sort === undefined ? (
              name
            ) : (
              <button
                type="button"
                className="hub-sort"
                onClick={() => patch({ sort: sortParam(sorted, sort) }, { replace: true })}
              >
                {name}
                <span aria-hidden="true">{sort === sorted.by ? (sorted.isDescending ? ' ↓' : ' ↑') : ''}</span>
              </button>
            )}
          </th>
        ))}
      </tr>
    </thead>
  );
}

interface RowProps {
  row: ModelRow;
  approvals: RunApprovals;
  deployed: Deployed;
  chosen: readonly string[];
  canChooseMore: boolean;
  onChoose: (row: ModelRow, version: string, isChosen: boolean) => void;
}

function Row({ row, approvals, deployed, chosen, canChooseMore, onChoose }: RowProps) {
  const { params, patch } = useUrlState();
  const opened = listOf(params['open']);
  const { model, workspace, latest, folders } = row;
  const named = row.among === undefined ? model : `${model} (${row.among})`;
  // As the address carries it: not every text survives that.
  const [inAddress = named] = listOf(listParam([named]));
  const isOpen = opened.includes(inAddress);
  const toggle = (): void => {
    const next = isOpen ? opened.filter((one) => one !== inAddress) : [...opened, named];
    patch({ open: listParam(next) }, { replace: true });
  };
  const name = displayText(model);
  const count = row.versions.length;
  return (
    <Fragment>
      <tr>
        <th scope="row">
          <div className="models-name">
            <button
              type="button"
              className="models-toggle"
              aria-expanded={isOpen}
              aria-label={`${count} ${count === 1 ? 'version' : 'versions'} of ${name}`}
              onClick={toggle}
            >
              <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span>
            </button>
            <div>
              <ViewLink view="version" params={{ model, version: latest.version, workspace: row.among }}>
                <Text value={model} max={48} />
              </ViewLink>
              <div className="secondary-text">
                <Text value={[workspace, ...folders.filter((folder) => folder !== '\\')].join(', ')} max={64} />
              </div>
            </div>
          </div>
        </th>
        <td>
          <ViewLink view="version" params={{ model, version: latest.version, workspace: row.among }}>
            <Text value={latest.version} max={16} />
          </ViewLink>
        </td>
        <td>
          <ProductionCell model={model} workspace={row.among} production={row.production} deployed={deployed} />
        </td>
        <td>
          <MetricCell headline={row.headline} version={latest.version} />
        </td>
        <td>{row.headline !== undefined && <Sparkline title={row.headline.metric} points={row.trend} />}</td>
        <td>
          {row.verdict === undefined ? (
            <span className="secondary-text">not evaluated</span>
          ) : (
            <Verdict {...verdictOf(row.verdict)} />
          )}
        </td>
        <td>
          <ApprovalCell run={latest.run.id} approvals={approvals} />
        </td>
        <td>
          <TimeAgo time={latest.registration.at} />
          <div className="secondary-text">
            <PersonName person={latest.run.requestedFor} />
          </div>
        </td>
        <td>
          <RunLink run={latest.run} />
        </td>
      </tr>
      {isOpen && (
        <VersionRows
          row={row}
          approvals={approvals}
          chosen={chosen}
          canChooseMore={canChooseMore}
          onChoose={(version, isChosen) => onChoose(row, version, isChosen)}
        />
      )}
    </Fragment>
  );
}
