/** One thing in the origin of a version: a commit, data, a job, an image, … */
export interface LineageNode {
  id: string;
  /** What it is, in a word or two: `model version`. */
  kind: string;
  label: string;
  /** A second line: a digest, a share of the traffic. */
  detail?: string;
  /** Where the node leads; already checked by whoever made it. */
  href?: string;
  /** The version that the page is about. */
  isCurrent?: boolean;
}

/** `from` went into `to`. */
export interface LineageEdge {
  from: string;
  to: string;
}

export interface Lineage {
  nodes: readonly LineageNode[];
  edges: readonly LineageEdge[];
}

/** Edges whose two ends exist and differ: what is drawn and told. */
export function knownEdges({ nodes, edges }: Lineage): LineageEdge[] {
  const ids = new Set(nodes.map(({ id }) => id));
  return edges.filter(({ from, to }) => from !== to && ids.has(from) && ids.has(to));
}

/** Nodes that lead into, or come out of, a node. */
export function neighbours(lineage: Lineage, id: string, side: 'from' | 'to'): LineageNode[] {
  const other = side === 'from' ? 'to' : 'from';
  const ids = new Set(knownEdges(lineage).flatMap((edge) => (edge[other] === id ? [edge[side]] : [])));
  return lineage.nodes.filter((node) => ids.has(node.id));
}

/** A node in words: what it is, and what it came from. */
export function nodeText(lineage: Lineage, node: LineageNode): string {
  const sources = neighbours(lineage, node.id, 'from').map(({ kind, label }) => `${kind} ${label}`);
  const origin = sources.length === 0 ? '' : `, from ${sources.join(' and ')}`;
  const detail = node.detail === undefined ? '' : `, ${node.detail}`;
  return `${node.kind}: ${node.label}${detail}${node.isCurrent === true ? ', this version' : ''}${origin}`;
}

/** Of a node's box, in pixels. */
export const nodeSize = { width: 176, height: 58 };
