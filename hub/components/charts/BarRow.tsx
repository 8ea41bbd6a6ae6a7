import type { ReactElement } from 'react';
import { displayText } from '../display-text';
import './charts.css';
import { fitText, listText, numberText } from './text';
import { useWidth } from './useWidth';

export interface Part {
  label: string;
  /** Of the same unit as `total`. */
  value: number;
}

interface BarRowProps {
  title: string;
  parts: readonly Part[];
  /** What the whole bar stands for; the parts' sum where that is more. */
  total?: number;
  unit?: string;
}

/** The bar in words. */
export function barText({ title, parts, total = 100, unit = '%' }: BarRowProps): string {
  const shown = usable(parts);
  if (shown.length === 0) return `${title}: nothing.`;
  const rest = total - sum(shown);
  const texts = shown.map(({ label, value }) => `${label} ${numberText(value)} ${unit}`);
  return `${title}: ${listText(texts)}${rest > 1e-9 ? `; ${numberText(rest)} ${unit} to nothing that is known` : ''}.`;
}

/** Shares of one whole, side by side. The legend repeats each in words, so that no part is told by its shade alone. */
export function BarRow(props: BarRowProps): ReactElement {
  const { parts, total = 100, unit = '%' } = props;
  const [element, width] = useWidth<HTMLDivElement>(240);
  const shown = usable(parts);
  const whole = Math.max(total, sum(shown));
  let left = 0;
  return (
    <div className="chart" ref={element}>
      <svg role="img" aria-label={displayText(barText(props))} width={width} height={22}>
        <rect className="bar other" x={0.5} y={0.5} width={Math.max(0, width - 1)} height={21} fillOpacity={0} />
        {shown.map(({ label, value }, index) => {
          const size = whole > 0 ? (value / whole) * width : 0;
          const x = left;
          left += size;
          return (
            <g key={index} transform={`translate(${x},0)`}>
              <rect
                className={index === 0 ? 'bar' : 'bar other'}
                x={0.5}
                y={0.5}
                width={Math.max(0, size - 1)}
                height={21}
              />
              <text x={6} y={15}>
                {fitText(`${label} ${numberText(value)} ${unit}`, size - 12)}
              </text>
            </g>
          );
        })}
      </svg>
      {shown.length > 1 && (
        <ul className="chart-legend" aria-hidden="true">
          {shown.map(({ label, value }, index) => (
            <li key={index}>
              {displayText(label)}: {numberText(value)} {unit}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function usable(parts: readonly Part[]): Part[] {
  return parts.filter(({ value }) => Number.isFinite(value) && value > 0);
}

function sum(parts: readonly Part[]): number {
  return parts.reduce((total, { value }) => total + value, 0);
}
