import type * as YamlPackage from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import type { TaskError } from '../agent/errors';

type Yaml = typeof YamlPackage;

/** Levels of collections in each other: no Azure ML file needs a tenth of it, and readers descend once a level. */
export const deepest = 100;

/** Values that aliases may stand for in all: a few lines could become millions. */
const mostValues = 200_000;

/** Makes the error for a problem at a node. */
export type Fault = (node: Node, problem: string, advice: string) => TaskError;

/** How large a node is once its aliases are written out. */
interface Extent {
  values: number;
  levels: number;
}

/**
 * Replaces the aliases of a document by what they stand for. Every node is looked at once, however often it is named.
 *
 * @throws TaskError at the alias that stands for nothing, contains itself, or makes the document too large or too deep
 */
export function resolveAliases(yaml: Yaml, document: Document, fault: Fault): void {
  const contents: unknown = document.contents;
  if (yaml.isNode(contents)) new Resolver(yaml, fault).extentOf(contents, 1);
}

class Resolver {
  /** The newest node of each name, in the order of the document. */
  private readonly named = new Map<string, Node>();
  /** Of nodes with a name; absent while the node is being looked at. */
  private readonly extents = new Map<Node, Extent>();
  private aliased = 0;

  constructor(
    private readonly yaml: Yaml,
    private readonly fault: Fault,
  ) {}

  extentOf(node: Node, level: number): Extent {
    const { yaml } = this;
    const anchor = yaml.isScalar(node) || yaml.isCollection(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.named.set(anchor, node);
    const extent = { values: 1, levels: 0 };
    const add = (child: unknown, put: (target: Node) => void): void => {
      if (!yaml.isNode(child)) return;
      const { values, levels } = yaml.isAlias(child)
        ? this.replace(child, level + 1, put)
        : this.extentOf(child, level + 1);
      extent.values += values;
      extent.levels = Math.max(extent.levels, levels + 1);
    };
    if (yaml.isSeq(node)) {
      for (const [index, item] of node.items.entries()) {
        if (yaml.isPair(item)) this.addPair(item, add);
        else add(item, (target) => (node.items[index] = target));
      }
    } else if (yaml.isMap(node)) {
      for (const pair of node.items) this.addPair(pair, add);
    }
    if (anchor !== undefined) this.extents.set(node, extent);
    return extent;
  }

  private addPair(pair: Pair, add: (child: unknown, put: (target: Node) => void) => void): void {
    add(pair.key, (target) => (pair.key = target));
    add(pair.value, (target) => (pair.value = target));
  }

  private replace(alias: YamlPackage.Alias, level: number, put: (target: Node) => void): Extent {
    const target = this.named.get(alias.source);
    if (!target) {
      throw this.fault(
        alias,
        `*${alias.source} stands for nothing`,
        `Put &${alias.source} before a value further up, or quotes around a text that starts with *.`,
      );
    }
    const extent = this.extents.get(target);
    if (!extent) throw this.fault(alias, `*${alias.source} contains itself`, 'Write out what is meant.');
    this.aliased += extent.values;
    if (this.aliased > mostValues) {
      throw this.fault(
        alias,
        `with *${alias.source} aliases stand for more than ${mostValues} values`,
        'Use fewer aliases.',
      );
    }
    if (level + extent.levels > deepest) {
      throw this.fault(alias, `*${alias.source} nests more than ${deepest} levels`, 'Use fewer levels.');
    }
    put(target);
    return extent;
  }
}
