import { Graph, layout, type EdgeLabel, type GraphLabel, type NodeLabel } from '@dagrejs/dagre';
import { knownEdges, nodeSize, type Lineage } from './graph';

/** Where the nodes' upper left corners and the edges' bends are, in pixels; columns run from left to right. */
export interface LineageLayout {
  width: number;
  height: number;
  nodes: ReadonlyMap<string, { x: number; y: number }>;
  edges: { from: string; to: string; points: { x: number; y: number }[] }[];
}

/** Ranks the nodes from origin to outcome (dagre's layered layout). Its own module: dagre is fetched when a graph is opened. */
export function layOut(lineage: Lineage): LineageLayout {
  const graph = new Graph<GraphLabel, NodeLabel, EdgeLabel>();
  graph.setGraph({ rankdir: 'LR', nodesep: 18, ranksep: 44, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of lineage.nodes) graph.setNode(id, { ...nodeSize });
  for (const { from, to } of knownEdges(lineage)) graph.setEdge(from, to);
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  const corners = lineage.nodes.map(({ id }): [string, { x: number; y: number }] => {
    const { x = 0, y = 0 } = graph.node(id);
    return [id, { x: x - nodeSize.width / 2, y: y - nodeSize.height / 2 }];
  });
  const edges = graph.edges().map((edge) => {
    const { points = [] } = graph.edge(edge);
    return { from: edge.v, to: edge.w, points };
  });
  return { width: finite(width), height: finite(height), nodes: new Map(corners), edges };
}

/** The size of a graph without nodes is minus infinity. */
function finite(size: number): number {
  return Number.isFinite(size) ? size : 0;
}
