import { evaluate } from '../expressions/evaluate';
import { templateFunctions } from '../expressions/functions';
import { Dict, ExpressionError, List, asText, toBoolean, type Value } from '../expressions/values';
import { entry, fail, type ListNode, type MapNode, type Position, type ScalarNode, type YamlNode } from './nodes';
import { toNode } from './values';

/** What template expressions may read. */
export interface ExpandScope {
  parameters: Dict;
  variables: Dict;
  /** Names of `each` loops. */
  loops: ReadonlyMap<string, Value>;
  /** File the text came from: templates are found relative to it. */
  folder: string;
  depth: number;
}

/** Lists whose items may be templates. */
export type ListKind = 'stages' | 'jobs' | 'steps' | 'variables';
const listKinds: readonly string[] = ['stages', 'jobs', 'steps', 'variables'];

/** Reads an included file and answers its items, expanded. */
export type Include = (item: MapNode, kind: ListKind, scope: ExpandScope) => YamlNode[];

/** Answers the values that a `variables:` block gives to the expressions around it. */
export type StaticVariables = (node: YamlNode) => [string, string][];

const wholeExpression = /^\s*\$\{\{(.*)\}\}\s*$/s;
const directive = /^\$\{\{\s*(if|elseif|else|each|insert)\b(.*)\}\}$/s;

/** Expands `${{ }}` in a file: values, conditions, loops, insertions and templates. */
export class Expander {
  constructor(
    private readonly include: Include,
    private readonly staticVariables: StaticVariables,
  ) {}

  node(node: YamlNode, scope: ExpandScope, kind?: ListKind): YamlNode {
    if (node.kind === 'scalar') return this.scalar(node, scope);
    return node.kind === 'list' ? this.list(node, scope, kind) : this.map(node, scope);
  }

  private scalar(node: ScalarNode, scope: ExpandScope): YamlNode {
    if (!node.text.includes('${{')) return node;
    const whole = wholeExpression.exec(node.text)?.[1];
    if (whole !== undefined && !whole.includes('${{')) return toNode(this.evaluate(whole, node.at, scope), node.at);
    return { ...node, text: this.interpolate(node, scope) };
  }

  private interpolate(node: ScalarNode, scope: ExpandScope): string {
    return node.text.replace(/\$\{\{((?:'(?:[^']|'')*'|[^'])*?)\}\}/gs, (_, expression: string) => {
      const value = this.evaluate(expression, node.at, scope);
      return (
        asText(value) ?? fail(node.at, `'${expression.trim()}' is an object or a list; it cannot stand inside a text.`)
      );
    });
  }

  private evaluate(expression: string, at: Position, scope: ExpandScope): Value {
    const values = new Map<string, Value>([
      ['parameters', scope.parameters],
      ['variables', scope.variables],
      ...scope.loops,
    ]);
    try {
      return evaluate(expression.trim(), { values, functions: templateFunctions });
    } catch (error) {
      if (error instanceof ExpressionError) fail(at, error.message);
      throw error;
    }
  }

  private list(node: ListNode, scope: ExpandScope, kind: ListKind | undefined): ListNode {
    const items: YamlNode[] = [];
    const chain = new Chain();
    for (const item of node.items) {
      if (item.kind === 'map' && item.entries.some(({ key }) => directive.test(key.text))) {
        for (const { key, value } of item.entries) {
          this.directive(key, value, scope, chain, (body, inner) => items.push(...this.spliced(body, inner, kind)));
        }
        continue;
      }
      chain.end();
      items.push(...this.item(item, scope, kind));
    }
    return { ...node, items };
  }

  /** The body of a directive in a list: its items, or one single item. */
  private spliced(body: YamlNode, scope: ExpandScope, kind: ListKind | undefined): YamlNode[] {
    return body.kind === 'list' ? this.list(body, scope, kind).items : this.item(body, scope, kind);
  }

  /** An item that is one expression and gives a list is replaced by the items of that list. */
  private item(item: YamlNode, scope: ExpandScope, kind: ListKind | undefined): YamlNode[] {
    const expanded = this.node(item, scope);
    const items = item.kind === 'scalar' && expanded.kind === 'list' ? expanded.items : [expanded];
    if (kind === undefined) return items;
    return items.flatMap((one) =>
      one.kind === 'map' && entry(one, 'template') ? this.include(one, kind, scope) : [one],
    );
  }

  private map(node: MapNode, outer: ExpandScope): YamlNode {
    const scope = this.withOwnVariables(node, outer);
    const entries: MapNode['entries'] = [];
    const chain = new Chain();
    const add = (body: YamlNode, inner: ExpandScope, at: Position): void => {
      const expanded = this.node(body, inner);
      if (expanded.kind !== 'map') fail(at, 'Expected a mapping here.');
      for (const { key, value } of expanded.entries) setEntry(entries, key, value);
    };
    for (const { key, value } of node.entries) {
      if (directive.test(key.text)) {
        this.directive(key, value, scope, chain, (body, inner) => add(body, inner, key.at));
        continue;
      }
      chain.end();
      const name = this.scalar(key, scope);
      if (name.kind !== 'scalar') fail(key.at, 'The name of an entry must be a text.');
      const kind = listKinds.includes(name.text) ? asKind(name.text) : undefined;
      setEntry(entries, name, this.node(value, scope, kind));
    }
    return { ...node, entries };
  }

  /** A stage or job's own variables are known to the expressions beside them. */
  private withOwnVariables(node: MapNode, scope: ExpandScope): ExpandScope {
    const own = entry(node, 'variables');
    const owner = ['stages', 'stage', 'jobs', 'job', 'deployment', 'steps', 'extends'];
    if (!own || !owner.some((name) => entry(node, name) !== undefined)) return scope;
    const variables = new Dict(scope.variables.entries().map(({ name, value }) => [name, value]));
    for (const [name, value] of this.staticVariables(this.node(own, scope, 'variables'))) variables.set(name, value);
    return { ...scope, variables };
  }

  private directive(
    key: ScalarNode,
    body: YamlNode,
    scope: ExpandScope,
    chain: Chain,
    take: (body: YamlNode, scope: ExpandScope) => void,
  ): void {
    const match = directive.exec(key.text);
    if (!match) fail(key.at, `'${key.text}' cannot stand beside a template condition in one list item.`);
    const [, word, rest = ''] = match;
    const test = (): boolean => toBoolean(this.evaluate(rest, key.at, scope));
    if (word === 'if' || word === 'elseif' || word === 'else') {
      if (chain.takes(word, test, key.at)) take(body, scope);
      return;
    }
    chain.end();
    if (word === 'insert') take(body, scope);
    else this.each(key, rest, scope, (inner) => take(body, inner));
  }

  private each(key: ScalarNode, rest: string, scope: ExpandScope, take: (scope: ExpandScope) => void): void {
    const match = /^\s*([A-Za-z_]\w*)\s+in\s+(.*)$/s.exec(rest);
    if (!match) fail(key.at, `'${key.text}': expected each <name> in <list>.`);
    const [, name = '', expression = ''] = match;
    const collection = this.evaluate(expression, key.at, scope);
    const with_ = (value: Value): ExpandScope => ({
      ...scope,
      loops: new Map([...scope.loops, [name.toLowerCase(), value]]),
    });
    if (collection instanceof List) {
      for (const item of collection.items) take(with_(item));
    } else if (collection instanceof Dict) {
      for (const item of collection.entries()) {
        take(
          with_(
            new Dict([
              ['key', item.name],
              ['value', item.value],
            ]),
          ),
        );
      }
    } else if (collection !== null && collection !== '') {
      fail(key.at, `'${expression.trim()}' is not a list or an object.`);
    }
  }
}

function asKind(name: string): ListKind {
  return name === 'stages' || name === 'jobs' || name === 'steps' ? name : 'variables';
}

/** `if`, then any `elseif`, then `else`: one of them is taken. */
class Chain {
  private state: 'none' | 'open' | 'taken' = 'none';

  end(): void {
    this.state = 'none';
  }

  takes(word: 'if' | 'elseif' | 'else', test: () => boolean, at: Position): boolean {
    if (word !== 'if' && this.state === 'none') fail(at, `'${word}' without a template 'if' before it.`);
    const taken = word === 'if' ? test() : this.state === 'open' && (word === 'else' || test());
    if (word === 'if') this.state = taken ? 'taken' : 'open';
    else if (taken) this.state = 'taken';
    if (word === 'else') this.state = 'none';
    return taken;
  }
}

function setEntry(entries: MapNode['entries'], key: ScalarNode, value: YamlNode): void {
  if (entries.some((other) => other.key.text === key.text)) fail(key.at, `'${key.text}' is already defined.`);
  entries.push({ key, value });
}
