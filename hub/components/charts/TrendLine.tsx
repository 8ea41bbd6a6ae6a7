import { scalePoint } from 'd3-scale';
import { line, symbol, symbolCircle, symbolDiamond } from 'd3-shape';
import type { ReactElement } from 'react';
import { displayText } from '../display-text';
import './charts.css';
import { placeLabels } from './labels';
import { linear } from './linear';
import { fontSize, numberText, widthOf } from './text';
import { marksOf, trendText, valueRange, type TrendPoint } from './trend';
import { useWidth } from './use-width';

export type { TrendPoint } from './trend';

interface TrendProps {
  /** What the values are: the metric's name. */
  title: string;
  /** In the order of the versions, oldest first. */
  points: readonly TrendPoint[];
}

/** The course of a metric in the space of a word. Production is a diamond, the latest version a circle. */
export function Sparkline({
  title,
  points,
  width = 96,
  height = 24,
}: TrendProps & { width?: number; height?: number }): ReactElement {
  return (
    <span className="chart">
      <svg role="img" aria-label={displayText(trendText(title, points))} width={width} height={height}>
        <Course points={points} box={{ left: 6, right: width - 6, top: 6, bottom: height - 6 }} marks="telling" />
      </svg>
    </span>
  );
}

/**
 * A metric over versions, with its range, the versions' names where they fit, production marked by shape and word, and the version
 * that the page is about by a ring and words.
 */
export function TrendLine({ title, points, height = 160 }: TrendProps & { height?: number }): ReactElement {
  const [element, width] = useWidth<HTMLDivElement>(480);
  const hasValues = points.some(({ value }) => Number.isFinite(value));
  const [low, high] = valueRange(points);
  const isFlat = points
    .filter(({ value }) => Number.isFinite(value))
    .every(({ value }, _, all) => value === all[0]?.value);
  const ticks = isFlat ? [(low + high) / 2] : [high, low];
  const axis = Math.max(...ticks.map((tick) => widthOf(numberText(tick)))) + 12;
  const box = { left: axis, right: width - 10, top: 14, bottom: height - 2.4 * fontSize };
  const y = linear([low, high], [box.bottom, box.top]);
  return (
    <div className="chart" ref={element}>
      <svg role="img" aria-label={displayText(trendText(title, points))} width={width} height={height}>
        {hasValues ? (
          <>
            {ticks.map((tick) => (
              <g key={tick}>
                <line className="rule dashed" x1={box.left} x2={box.right} y1={y(tick)} y2={y(tick)} />
                <text className="muted" x={axis - 8} y={y(tick) + fontSize / 3} textAnchor="end">
                  {numberText(tick)}
                </text>
              </g>
            ))}
            <Course points={points} box={box} marks="all" />
            <Names points={points} left={box.left} right={box.right} width={width} y={height - fontSize / 2} />
          </>
        ) : (
          <text className="muted" x={0} y={height / 2}>
            No values yet
          </text>
        )}
      </svg>
    </div>
  );
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

function Course({
  points,
  box,
  marks,
}: {
  points: readonly TrendPoint[];
  box: Box;
  marks: 'all' | 'telling';
}): ReactElement {
  const x = horizontal(points, box);
  const y = linear(valueRange(points), [box.bottom, box.top]);
  const path = line<TrendPoint>()
    .defined(({ value }) => Number.isFinite(value))
    .x((_, index) => x(index))
    .y(({ value }) => y(value))(points);
  const last = points.findLastIndex(({ value }) => Number.isFinite(value));
  return (
    <>
      {path !== null && <path className="line" d={path} />}
      {points.map((point, index) => {
        if (!Number.isFinite(point.value)) return null;
        const [isProduction, isCurrent] = [point.isProduction === true, point.isCurrent === true];
        const isTelling = isProduction || isCurrent || index === last;
        if (!isTelling && (marks === 'telling' || points.length > 60)) return null;
        const shape = symbol(isProduction ? symbolDiamond : symbolCircle, isProduction ? 64 : 28)();
        return (
          <g key={index} transform={`translate(${x(index)},${y(point.value)})`}>
            <path
              className={isProduction ? 'point production' : 'point'}
              data-version={point.label}
              d={shape ?? undefined}
            />
            {isCurrent && <circle className="ring" r={8} />}
          </g>
        );
      })}
    </>
  );
}

function Names(props: {
  points: readonly TrendPoint[];
  left: number;
  right: number;
  width: number;
  y: number;
}): ReactElement {
  const { points, width } = props;
  const x = horizontal(points, props);
  const wanted = points.map(({ label, ...point }, index) => ({
    id: String(index),
    text: displayText([label, marksOf(point).join(', ')].filter(Boolean).join(' ')),
    x: x(index),
    rank: rankOf(point, index, points.length - 1),
  }));
  return (
    <>
      {placeLabels(wanted, width).map(({ id, text, left }) => (
        <text key={id} x={left} y={props.y}>
          {text}
        </text>
      ))}
    </>
  );
}

/** Where there is no room for all names, the lowest ranks are written. */
function rankOf({ isCurrent, isProduction }: Omit<TrendPoint, 'label'>, index: number, last: number): number {
  if (isCurrent === true) return 0;
  if (isProduction === true) return 1;
  if (index === last) return 2;
  return index === 0 ? 3 : 4;
}

/** One point stands in the middle, several from edge to edge. */
function horizontal(
  points: readonly TrendPoint[],
  { left, right }: { left: number; right: number },
): (index: number) => number {
  const scale = scalePoint(points.keys(), [left, Math.max(left, right)]);
  return (index) => scale(index) ?? left;
}
