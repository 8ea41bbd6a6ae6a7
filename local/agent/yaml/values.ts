import { Dict, List, asText, type Value } from '../expressions/values';
import type { Position, YamlNode } from './nodes';

/** What an expression sees of a piece of YAML; the origin is kept, so that it can be put back with its positions. */
export function toValue(node: YamlNode): Value {
  if (node.kind === 'scalar') return node.text;
  if (node.kind === 'list') return new List(node.items.map(toValue), node);
  return new Dict(
    node.entries.map(({ key, value }) => [key.text, toValue(value)]),
    node,
  );
}

/** The piece of YAML a value stands for; scalars become text. */
export function toNode(value: Value, at: Position): YamlNode {
  if (value instanceof List || value instanceof Dict) {
    const origin = value.origin;
    if (origin !== undefined && isNode(origin)) return origin;
  }
  if (value instanceof List) return { kind: 'list', items: value.items.map((item) => toNode(item, at)), at };
  if (value instanceof Dict) {
    const entries = value.entries().map(({ name, value: item }) => ({
      key: { kind: 'scalar' as const, text: name, at },
      value: toNode(item, at),
    }));
    return { kind: 'map', entries, at };
  }
  return { kind: 'scalar', text: asText(value) ?? '', at };
}

function isNode(origin: object): origin is YamlNode {
  return 'kind' in origin && 'at' in origin;
}
