import { scaleBand, scaleLinear } from 'd3-scale';
import type { ReactElement } from 'react';
import { counted } from '../counted';
import { displayText } from '../display-text';
import './charts.css';
import { placeLabels } from './labels';
import { fontSize, listText, numberText, widthOf } from './text';
import { useWidth } from './use-width';

export interface Column {
  label: string;
  value: number;
}

interface ColumnsProps {
  title: string;
  columns: readonly Column[];
  height?: number;
}

/** The chart in words: the numbers of the columns that have one, and how many are empty. */
export function columnsText({ title, columns }: ColumnsProps): string {
  const shown = columns.filter(({ value }) => Number.isFinite(value) && value > 0);
  if (shown.length === 0) return `${title}: nothing in ${counted(columns.length, 'week')}.`;
  const texts = shown.map(({ label, value }) => `${label} ${numberText(value)}`);
  const empty = columns.length - shown.length;
  return `${title}: ${listText(texts, 30)}${empty > 0 ? `; ${empty} without any` : ''}.`;
}

/** Counts over time, a column each. Names stand below where they fit; each column's number above it where that fits. */
export function Columns(props: ColumnsProps): ReactElement {
  const { columns, height = 120 } = props;
  const [element, width] = useWidth<HTMLDivElement>(320);
  const x = scaleBand(columns.keys(), [0, width]).padding(0.2);
  const most = Math.max(1, ...columns.map(({ value }) => (Number.isFinite(value) ? value : 0)));
  const y = scaleLinear([0, most], [height - 2 * fontSize, 1.5 * fontSize]);
  const centre = (index: number): number => (x(index) ?? 0) + x.bandwidth() / 2;
  const hasRoom = columns.every(({ value }) => widthOf(numberText(value)) <= x.step());
  const names = columns.map(({ label }, index) => ({
    id: String(index),
    text: displayText(label),
    x: centre(index),
    rank: nameRank(index, columns.length),
  }));
  return (
    <div className="chart" ref={element}>
      <svg role="img" aria-label={displayText(columnsText(props))} width={width} height={height}>
        {columns.map(({ value }, index) => {
          if (!Number.isFinite(value) || value <= 0) return null;
          return (
            <g key={index}>
              <rect className="bar" x={x(index)} y={y(value)} width={x.bandwidth()} height={y(0) - y(value)} />
              {hasRoom && (
                <text x={centre(index)} y={y(value) - 4} textAnchor="middle">
                  {numberText(value)}
                </text>
              )}
            </g>
          );
        })}
        <line className="rule" x1={0} x2={width} y1={y(0)} y2={y(0)} />
        {placeLabels(names, width).map(({ id, text, left }) => (
          <text key={id} className="muted" x={left} y={height - fontSize / 2}>
            {text}
          </text>
        ))}
      </svg>
    </div>
  );
}

/** Last, first, middle, then the others: what is left out stays even. */
function nameRank(index: number, count: number): number {
  if (index === count - 1) return 0;
  if (index === 0) return 1;
  return index === Math.floor(count / 2) ? 2 : 3 + index;
}
