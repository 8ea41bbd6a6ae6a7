import { line, curveBasis } from 'd3-shape';
import { useEffect, useId, useState, type KeyboardEvent, type MouseEvent, type ReactElement } from 'react';
import { displayText } from '../../display-text';
import { Text } from '../../Text';
import '../charts.css';
import { fitText, fontSize } from '../text';
import { neighbours, nodeSize, nodeText, type Lineage, type LineageNode } from './graph';
import type { LineageLayout } from './layout';

export type { Lineage, LineageEdge, LineageNode } from './graph';

interface LineageGraphProps extends Lineage {
  title: string;
  /** Called instead of following the link, for places inside the hub; `false` lets the browser follow it. */
  onOpen?: (node: LineageNode) => boolean;
}

/**
 * From origin to outcome, left to right, in a box of its own that scrolls. Each node takes the keyboard's focus; the arrow keys
 * walk along the edges and up and down a column. The same as a table is one step away.
 */
export function LineageGraph(props: LineageGraphProps): ReactElement {
  const { title, nodes } = props;
  const { layout, failed } = useLayout(props);
  const summary = useId();
  if (nodes.length === 0) return <p>Nothing is known of the origin.</p>;
  return (
    <div className="chart">
      <p id={summary} hidden>
        {displayText(`${title}: ${nodes.map((node) => nodeText(props, node)).join('; ')}.`)}
      </p>
      {failed && <p role="alert">The graph could not be drawn. The table says the same.</p>}
      {!failed && layout === undefined && <p role="status">Drawing the graph…</p>}
      {layout !== undefined && <Drawing {...props} layout={layout} summary={summary} />}
      <details open={failed}>
        <summary>As a table</summary>
        <LineageTable {...props} />
      </details>
    </div>
  );
}

/** The layout of this very graph; its library is fetched when the first graph is drawn. */
function useLayout({ nodes, edges }: Lineage): { layout?: LineageLayout; failed: boolean } {
  const [state, setState] = useState<{ of: string; layout?: LineageLayout; failed: boolean }>({
    of: '',
    failed: false,
  });
  const key = JSON.stringify([nodes.map(({ id }) => id), edges.map(({ from, to }) => [from, to])]);
  useEffect(() => {
    let isCurrent = true;
    const show = (drawn: { layout?: LineageLayout; failed: boolean }): void => {
      if (isCurrent) setState({ of: key, ...drawn });
    };
    import('./layout')
      .then(
        ({ layOut }) => show({ layout: layOut({ nodes, edges }), failed: false }),
        () => show({ failed: true }),
      )
      .catch(() => show({ failed: true }));
    return () => {
      isCurrent = false;
    };
    // The key names the graph; a new array with the same nodes is no new graph.
  }, [key]);
  return state.of === key ? state : { failed: false };
}

function Drawing(props: LineageGraphProps & { layout: LineageLayout; summary: string }): ReactElement {
  const { layout, nodes, title, summary } = props;
  const box = { width: layout.width + 4, height: layout.height + 4 };
  const path = line<{ x: number; y: number }>()
    .x(({ x }) => x)
    .y(({ y }) => y)
    .curve(curveBasis);
  return (
    <div
      className="scroll"
      role="group"
      aria-label={title}
      aria-describedby={summary}
      onKeyDown={(event) => walk(event, props)}
    >
      <svg width={box.width} height={box.height}>
        <g aria-hidden="true">
          {layout.edges.map(({ from, to, points }) => (
            <g key={`${from} ${to}`}>
              <path className="edge" d={path(points) ?? undefined} />
              <ArrowHead points={points} />
            </g>
          ))}
        </g>
        {nodes.map((node) => (
          <Node key={node.id} node={node} {...props} />
        ))}
      </svg>
    </div>
  );
}

function ArrowHead({ points }: { points: readonly { x: number; y: number }[] }): ReactElement | null {
  const end = points[points.length - 1];
  return end === undefined ? null : <path className="arrow" d={`M${end.x},${end.y}l-7,-4v8z`} />;
}

interface NodeProps extends LineageGraphProps {
  node: LineageNode;
  layout: LineageLayout;
}

function Node({ node, layout, onOpen, ...lineage }: NodeProps): ReactElement | null {
  const place = layout.nodes.get(node.id);
  if (place === undefined) return null;
  const common = {
    className: node.isCurrent === true ? 'node current' : 'node',
    transform: `translate(${place.x},${place.y})`,
    'aria-label': nodeName(lineage, node),
    'data-node': node.id,
  };
  if (node.href === undefined) {
    return (
      <g {...common} role="img" tabIndex={0}>
        <Face node={node} />
      </g>
    );
  }
  return (
    <a {...common} href={node.href} target="_top" onClick={(event) => follow(event, node, onOpen)}>
      <Face node={node} />
    </a>
  );
}

/** Whoever speaks to the page says what stands in the box: where that is shortened, it comes before the whole. */
function nodeName(lineage: Lineage, node: LineageNode): string {
  const whole = displayText(nodeText(lineage, node));
  const { kind, label, detail = '' } = node;
  const read = faceLines(node);
  const isCut = [kind, label, detail].some((text, line) => text !== read[line]);
  return isCut ? `${read.join(' ').trim()}: ${whole}` : whole;
}

function faceLines({ kind, label, detail = '' }: LineageNode): string[] {
  return [kind, label, detail].map((text) => fitText(text, nodeSize.width - 20));
}

function Face({ node }: { node: LineageNode }): ReactElement {
  const { label, detail } = node;
  const heights = [16, 18 + 1.2 * fontSize, 20 + 2.5 * fontSize];
  return (
    <>
      <title>{displayText(detail === undefined ? label : `${label}, ${detail}`)}</title>
      <rect width={nodeSize.width} height={nodeSize.height} rx={4} />
      {faceLines(node).map((text, line) => (
        // Without the space the lines are one word to whoever listens.
        <text key={line} className={line === 1 ? 'name' : 'muted'} x={10} y={heights[line]}>{`${text} `}</text>
      ))}
    </>
  );
}

/** A plain click stays inside the hub where `onOpen` takes it; one that asks for another tab does not. */
function follow(event: MouseEvent, node: LineageNode, onOpen: LineageGraphProps['onOpen']): void {
  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (isPlain && onOpen?.(node) === true) event.preventDefault();
}

/** Right and left along the edges; up and down to the nearest node of the same column. */
function walk(event: KeyboardEvent<HTMLElement>, props: LineageGraphProps & { layout: LineageLayout }): void {
  const from = event.target instanceof Element ? event.target.getAttribute('data-node') : null;
  if (from === null) return;
  const next = nextNode(event.key, from, props);
  if (next === undefined) return;
  event.preventDefault();
  for (const node of event.currentTarget.querySelectorAll<SVGElement>('[data-node]')) {
    if (node.getAttribute('data-node') === next) node.focus();
  }
}

/** The node that an arrow key leads to. */
export function nextNode(key: string, from: string, props: Lineage & { layout: LineageLayout }): string | undefined {
  if (key === 'ArrowRight') return neighbours(props, from, 'to')[0]?.id;
  if (key === 'ArrowLeft') return neighbours(props, from, 'from')[0]?.id;
  if (key !== 'ArrowUp' && key !== 'ArrowDown') return undefined;
  const here = props.layout.nodes.get(from);
  if (here === undefined) return undefined;
  const down = key === 'ArrowDown' ? 1 : -1;
  const column = [...props.layout.nodes].filter(([, { x, y }]) => Math.abs(x - here.x) < 1 && (y - here.y) * down > 0);
  column.sort(([, one], [, other]) => Math.abs(one.y - here.y) - Math.abs(other.y - here.y));
  return column[0]?.[0];
}

/** The graph as rows: what it is, and what it came from. */
export function LineageTable({ title, onOpen, ...lineage }: LineageGraphProps): ReactElement {
  return (
    <table className="chart-table">
      <caption className="hub-only-read">{title}</caption>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Name</th>
          <th scope="col">Detail</th>
          <th scope="col">Made from</th>
        </tr>
      </thead>
      <tbody>
        {lineage.nodes.map((node) => (
          <tr key={node.id}>
            <td>{node.kind}</td>
            <th scope="row">
              {node.href === undefined ? (
                <Text value={node.label} />
              ) : (
                <a href={node.href} target="_top" onClick={(event) => follow(event, node, onOpen)}>
                  <Text value={node.label} />
                </a>
              )}
            </th>
            <td>{node.detail !== undefined && <Text value={node.detail} max={200} />}</td>
            <td>
              <Text value={origin(lineage, node)} max={400} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function origin(lineage: Lineage, { id }: LineageNode): string {
  return neighbours(lineage, id, 'from')
    .map(({ kind, label }) => `${kind} ${label}`)
    .join(', ');
}
