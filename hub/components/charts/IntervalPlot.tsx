import { symbol, symbolDiamond } from 'd3-shape';
import type { ReactElement } from 'react';
import { displayText } from '../display-text';
import './charts.css';
import { placeLabels, type Wanted } from './labels';
import { linear } from './linear';
import { differenceText, fitText, fontSize } from './text';
import { useWidth } from './use-width';

export interface Interval {
  /** The metric that is compared. */
  metric: string;
  /** Oriented so that a positive number is an improvement, in the metric's own unit. */
  improvement: number;
  /** Bounds of the confidence interval; may be infinite. */
  lower: number;
  upper: number;
  /** Improvement that must be exceeded; negative where a loss is tolerated. */
  margin: number;
  /** 0.95, say. */
  confidence?: number;
  /** What lies beyond the margin, and what does not. */
  regions?: { beyond: string; below: string };
}

const ordinary = { beyond: 'better than production', below: 'not better' };

/** The plot in words. */
export function intervalText(interval: Interval): string {
  const { metric, improvement, margin, regions = ordinary } = interval;
  if (!Number.isFinite(improvement)) return `${metric}: the difference is not known.`;
  const level = interval.confidence === undefined ? '' : `${Number((interval.confidence * 100).toPrecision(3))} % `;
  const bounds = readable(interval)
    ? `${level}interval from ${differenceText(interval.lower)} to ${differenceText(interval.upper)}`
    : 'no interval';
  return `${metric}: improvement ${differenceText(improvement)}, ${bounds}; margin ${differenceText(margin)}. ${whereText(interval, regions)}`;
}

function whereText({ lower, upper, margin, ...rest }: Interval, regions: { beyond: string; below: string }): string {
  if (!readable({ lower, upper }) || !Number.isFinite(margin))
    return `Estimate only, at ${differenceText(rest.improvement)}.`;
  if (lower > margin) return `The whole interval lies in “${regions.beyond}”.`;
  if (upper <= margin) return `The whole interval lies in “${regions.below}”.`;
  return `The interval reaches over the margin: both “${regions.below}” and “${regions.beyond}” are possible.`;
}

function readable({ lower, upper }: { lower: number; upper: number }): boolean {
  return !Number.isNaN(lower) && !Number.isNaN(upper) && lower <= upper;
}

/** A difference with its interval against zero and the margin, and what lies on either side of the margin. */
export function IntervalPlot(interval: Interval): ReactElement {
  const [element, width] = useWidth<HTMLDivElement>(420);
  const text = intervalText(interval);
  return (
    <div className="chart" ref={element}>
      <svg role="img" aria-label={displayText(text)} width={width} height={height}>
        {Number.isFinite(interval.improvement) ? (
          <Plot interval={interval} width={width} />
        ) : (
          <text className="muted" x={0} y={height / 2}>
            {fitText('The difference is not known', width)}
          </text>
        )}
      </svg>
    </div>
  );
}

const height = 92;
const middle = 42;
const edge = 10;

function Plot({ interval, width }: { interval: Interval; width: number }): ReactElement {
  const { improvement, lower, upper, regions = ordinary } = interval;
  const margin = Number.isFinite(interval.margin) ? interval.margin : 0;
  const finite = [0, margin, improvement, lower, upper].filter(Number.isFinite);
  const x = linear(domainOf(finite, margin), [edge, width - edge]);
  // An infinite bound ends at the edge.
  const at = (value: number): number => {
    if (!Number.isFinite(value)) return value < 0 ? edge / 2 : width - edge / 2;
    return Math.min(Math.max(x(value), edge / 2), width - edge / 2);
  };
  const numbers: Wanted[] = [
    { id: 'improvement', text: differenceText(improvement), x: at(improvement), rank: 0 },
    ...(margin === 0 ? [] : [{ id: 'margin', text: `margin ${differenceText(margin)}`, x: at(margin), rank: 1 }]),
    { id: 'zero', text: margin === 0 ? '0 (margin)' : '0', x: at(0), rank: 2 },
    { id: 'lower', text: differenceText(lower), x: at(lower), rank: 3 },
    { id: 'upper', text: differenceText(upper), x: at(upper), rank: 3 },
  ].filter(({ text }) => !text.includes('infinite') && text !== 'not a number');
  const border = at(margin);
  return (
    <>
      <rect className="region" x={border} y={18} width={Math.max(0, width - border)} height={48} />
      <text className="muted" x={Math.max(border - 6, 0)} y={fontSize} textAnchor="end">
        {fitText(regions.below, border - 8)}
      </text>
      <text className="muted" x={border + 6} y={fontSize}>
        {fitText(regions.beyond, width - border - 8)}
      </text>
      <line className="rule" x1={at(0)} x2={at(0)} y1={18} y2={66} data-line="zero" />
      <line className="rule dashed" x1={border} x2={border} y1={0} y2={66} data-line="margin" />
      {readable(interval) && (
        <Whisker from={at(lower)} to={at(upper)} isOpen={[lower === -Infinity, upper === Infinity]} />
      )}
      <path
        className="point production"
        d={symbol(symbolDiamond, 80)() ?? undefined}
        transform={`translate(${at(improvement)},${middle})`}
      />
      {placeLabels(numbers, width).map(({ id, text, left }) => (
        <text key={id} x={left} y={height - fontSize / 2} data-label={id}>
          {text}
        </text>
      ))}
    </>
  );
}

/** A bound that is infinite has an arrow's head instead of a stop. */
function Whisker({ from, to, isOpen }: { from: number; to: number; isOpen: [boolean, boolean] }): ReactElement {
  const stop = (x: number, open: boolean, side: number): string =>
    open
      ? `M${x - side * 6},${middle - 6}L${x},${middle}L${x - side * 6},${middle + 6}`
      : `M${x},${middle - 7}V${middle + 7}`;
  return <path className="line" d={`M${from},${middle}H${to}${stop(from, isOpen[0], -1)}${stop(to, isOpen[1], 1)}`} />;
}

/** Room for every number, and on both sides of the margin for the word that stands there. */
function domainOf(values: readonly number[], margin: number): [number, number] {
  const size = Math.min(Math.max(...values) - Math.min(...values) || Math.abs(margin) || 1, Number.MAX_VALUE / 4);
  const limit = (value: number): number => Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE);
  return [
    limit(Math.min(...values, margin - size * 0.3) - size * 0.1),
    limit(Math.max(...values, margin + size * 0.3) + size * 0.1),
  ];
}
