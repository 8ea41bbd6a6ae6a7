import { scaleUtc } from 'd3-scale';
import type { ReactElement } from 'react';
import { displayText } from '../display-text';
import './charts.css';
import { placeLabels } from './labels';
import { fitText, fontSize, listText, utcText } from './text';
import { useWidth } from './use-width';

export interface StripPeriod {
  /** ISO 8601; `to` is absent while it lasts. */
  from: string;
  to?: string;
  /** What served: `churn 7`. */
  label: string;
  /** In words, where something is to be said of it: `rolled back`. */
  note?: string;
}

export interface StripRow {
  label: string;
  periods: readonly StripPeriod[];
}

interface TimelineStripProps {
  title: string;
  rows: readonly StripRow[];
  /** What the strip spans, ISO 8601. */
  from: string;
  to: string;
  /** A moment to mark. */
  at?: string;
}

/** The strip in words. */
export function stripText({ title, rows }: TimelineStripProps): string {
  const told = rows.filter(({ periods }) => periods.length > 0);
  if (told.length === 0) return `${title}: nothing served.`;
  const texts = told.map(({ label, periods }) => {
    const parts = periods.map((period) => {
      const end = period.to === undefined ? 'on' : `to ${utcText(period.to)}`;
      return `${period.label} from ${utcText(period.from)} ${end}${period.note === undefined ? '' : `, ${period.note}`}`;
    });
    return `${label}: ${listText(parts)}`;
  });
  return `${title}. ${texts.join('. ')}.`;
}

const rowHeight = 42;
const barHeight = 22;

/** What served when: a row a place, a bar a period. A name stands in its bar where it fits, cut where it nearly does. */
export function TimelineStrip(props: TimelineStripProps): ReactElement {
  const { rows, from, to, at } = props;
  const [element, width] = useWidth<HTMLDivElement>(640);
  const [start, end] = [Date.parse(from), Date.parse(to)];
  const isDated = Number.isFinite(start) && Number.isFinite(end) && start < end;
  const x = scaleUtc([start, end], [0, width]).clamp(true);
  const bottom = rows.length * rowHeight;
  const marked = at === undefined ? NaN : Date.parse(at);
  return (
    <div className="chart" ref={element}>
      <svg role="img" aria-label={displayText(stripText(props))} width={width} height={bottom + 2 * fontSize}>
        {isDated && (
          <>
            {rows.map((row, index) => (
              <g key={index} transform={`translate(0,${index * rowHeight})`}>
                <text className="muted" x={0} y={fontSize}>
                  {fitText(row.label, width)}
                </text>
                {row.periods.map((period, number) => (
                  <Bar key={number} period={period} x={(time) => x(time)} end={end} isOther={number % 2 === 1} />
                ))}
              </g>
            ))}
            {marked >= start && marked <= end && (
              <line className="rule" data-line="at" x1={x(marked)} x2={x(marked)} y1={0} y2={bottom} strokeWidth={2} />
            )}
            <Dates x={(time) => x(time)} start={start} end={end} marked={marked} width={width} y={bottom + fontSize} />
          </>
        )}
      </svg>
    </div>
  );
}

interface BarProps {
  period: StripPeriod;
  x: (time: number) => number;
  end: number;
  isOther: boolean;
}

function Bar({ period, x, end, isOther }: BarProps): ReactElement | null {
  const from = Date.parse(period.from);
  const to = period.to === undefined ? end : Date.parse(period.to);
  if (!Number.isFinite(from) || !Number.isFinite(to) || to < from) return null;
  const left = x(from);
  const size = x(to) - left;
  if (size <= 0) return null;
  return (
    <g transform={`translate(${left},${fontSize + 5})`}>
      <rect
        className={isOther ? 'bar other' : 'bar'}
        x={0.5}
        y={0.5}
        width={Math.max(1, size - 1)}
        height={barHeight}
      />
      <text x={5} y={barHeight - 6}>
        {fitText(period.note === undefined ? period.label : `${period.label} (${period.note})`, size - 10)}
      </text>
    </g>
  );
}

interface DatesProps {
  x: (time: number) => number;
  start: number;
  end: number;
  marked: number;
  width: number;
  y: number;
}

function Dates({ x, start, end, marked, width, y }: DatesProps): ReactElement {
  const day = (time: number): string => new Date(time).toISOString().slice(0, 10);
  const wanted = [
    { id: 'start', text: day(start), x: x(start), rank: 1 },
    { id: 'end', text: day(end), x: x(end), rank: 2 },
    // A moment outside the strip has no place on it: at an edge it would be taken for where the strip begins.
    ...(marked >= start && marked <= end ? [{ id: 'at', text: utcText(marked), x: x(marked), rank: 0 }] : []),
  ];
  return (
    <>
      {placeLabels(wanted, width).map(({ id, text, left }) => (
        <text key={id} className={id === 'at' ? undefined : 'muted'} x={left} y={y}>
          {text}
        </text>
      ))}
    </>
  );
}
