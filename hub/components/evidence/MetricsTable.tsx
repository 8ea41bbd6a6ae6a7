import type { Direction } from '../../data/registry';
import { differenceText, numberTexts } from '../charts/text';
import '../table.css';
import { Text } from '../Text';
import { Verdict } from '../Verdict';
import type { MetricRow } from './metrics';

const directions: Record<Direction, string> = {
  improvement: 'better',
  worse: 'worse',
  same: 'the same',
  unknown: '',
};

export interface MetricsTableProps {
  rows: readonly MetricRow[];
  /** Name of the version that this one is held against; "Production" where nobody names it. */
  other?: string;
}

/** This version beside the one that served production, metric by metric. */
export function MetricsTable({ rows, other = 'Production' }: MetricsTableProps) {
  return (
    <div className="hub-scroll" role="region" aria-label="Table of metrics" tabIndex={0}>
      <table className="hub-table">
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col">This version</th>
            <th scope="col">
              <Text value={other} max={40} />
            </th>
            <th scope="col">Difference</th>
            <th scope="col">Threshold</th>
            <th scope="col">Verdict</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ metric: name, value, production, difference, threshold, passed, direction }) => (
            <tr key={name}>
              <th scope="row">
                <Text value={name} max={48} />
              </th>
              <Values value={value} production={production} />
              <td>
                {difference === undefined ? '' : differenceText(difference)}
                {directions[direction] !== '' && ` (${directions[direction]})`}
              </td>
              <td>{threshold ?? ''}</td>
              <td>
                {passed !== undefined && <Verdict kind={passed ? 'good' : 'bad'} text={passed ? 'Passed' : 'Failed'} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Values({ value, production }: Pick<MetricRow, 'value' | 'production'>) {
  const texts = numberTexts([value ?? NaN, production ?? NaN]);
  return (
    <>
      <td>{value === undefined ? '' : texts[0]}</td>
      <td>{production === undefined ? '' : texts[1]}</td>
    </>
  );
}
