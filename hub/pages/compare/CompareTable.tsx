import { Fragment } from 'react';
import { Fingerprint } from '../../components/Fingerprint';
import { Text } from '../../components/Text';
import { ViewLink } from '../../components/ViewLink';
import '../../components/table.css';
import './compare.css';
import { comparisonOf, type Column, type Row } from './comparison';

export interface CompareTableProps {
  model: string;
  workspace?: string;
  columns: readonly Column[];
  onlyDifferent: boolean;
  onOnlyDifferent: (only: boolean) => void;
}

export function CompareTable({ model, workspace, columns, onlyDifferent, onOnlyDifferent }: CompareTableProps) {
  const sections = comparisonOf(columns)
    .map(({ title, rows }) => ({ title, rows: rows.filter((row) => row.differs || !onlyDifferent) }))
    .filter(({ rows }) => rows.length > 0);
  return (
    <>
      <label className="compare-switch">
        <input type="checkbox" checked={onlyDifferent} onChange={(event) => onOnlyDifferent(event.target.checked)} />
        Only differences
      </label>
      <div className="hub-scroll" role="region" aria-label="Comparison" tabIndex={0}>
        <table className="hub-table compare-table">
          <thead>
            <tr>
              <th scope="col">
                <span className="hub-only-read">What is compared</span>
              </th>
              {columns.map(({ version, isProduction }) => (
                <th key={version} scope="col" className={isProduction ? 'compare-production' : undefined}>
                  <ViewLink view="version" params={{ model, version, workspace }}>
                    <Text value={`Version ${version}`} max={32} />
                  </ViewLink>
                  {isProduction && <div>Production</div>}
                </th>
              ))}
            </tr>
          </thead>
          {sections.map(({ title, rows }) => (
            <tbody key={title}>
              <tr>
                <th scope="rowgroup" colSpan={columns.length + 1} className="compare-section">
                  {title}
                </th>
              </tr>
              {rows.map((row) => (
                <ValueRow key={row.label} row={row} columns={columns} />
              ))}
            </tbody>
          ))}
        </table>
      </div>
      {sections.length === 0 && (
        <p role="status">{onlyDifferent ? 'Nothing differs.' : 'The versions left nothing to compare.'}</p>
      )}
    </>
  );
}

function ValueRow({ row, columns }: { row: Row; columns: readonly Column[] }) {
  return (
    <tr>
      <th scope="row">
        <Text value={row.label} max={48} />
        {row.differs && <span className="hub-only-read">, differs</span>}
      </th>
      {columns.map(({ version, isProduction, isRead }, index) => (
        <td key={version} className={isProduction ? 'compare-production' : undefined}>
          <Value row={row} index={index} version={version} isRead={isRead} />
        </td>
      ))}
    </tr>
  );
}

interface ValueProps {
  row: Row;
  index: number;
  version: string;
  isRead: boolean;
}

function Value({ row, index, version, isRead }: ValueProps) {
  const value = row.values[index];
  if (value === undefined) return <span className="secondary-text">{isRead ? 'not said' : 'not read'}</span>;
  return (
    <Fragment>
      <span className={row.differs ? 'compare-differs' : undefined}>
        {/* Whole, unless it is a digest: ids and images differ in their last characters. */}
        <Fingerprint value={value} of={`${row.label} of version ${version}`} max={2048} />
      </span>
      {row.best.includes(index) && <span className="secondary-text"> (best)</span>}
    </Fragment>
  );
}
