import type * as Yaml from 'yaml';
import type { LineCounter, Node, Pair, YAMLMap } from 'yaml';
import { TaskError, errorText } from './errors';
import { readTextFile } from './files';

interface Source {
  file: string;
  lines: LineCounter;
  yaml: typeof Yaml;
}

/** Values that do not stand in the file, and the line of `set` that gave them. */
const linesOfSet = new WeakMap<Node, string>();

/** Notes that a line of `set` (`path=value`) put a node into its document: every error about it says so. */
export function markSet(node: Node, line: string): void {
  linesOfSet.set(node, line);
}

/**
 * Reads a YAML 1.2 file for typed reading. Duplicate keys, aliases that explode and files above 1 MiB are refused.
 *
 * @throws TaskError with `file:line:column` for anything that cannot be read
 */
export async function readYaml(file: string): Promise<YamlReader> {
  return parseYaml(file, await readTextFile(file));
}

/** Like `readYaml`, for text already read; `file` names it in errors. */
export async function parseYaml(file: string, content: string): Promise<YamlReader> {
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(content, { lineCounter: lines, prettyErrors: false });
  const source = { file, lines, yaml };
  const [problem] = document.errors;
  if (problem) throw new TaskError(`${position(source, problem.pos[0])}: ${problem.message}`, 'Correct the YAML.');
  if (document.contents === null) throw new TaskError(`${file} is empty.`, 'Give the file its content.');
  resolveAliases(source, document);
  return new YamlReader(source, document.contents, '');
}

/** One value of a YAML document that knows where it stands. */
export class YamlReader {
  private over?: YamlReader;
  private hidden: readonly string[] = [];

  constructor(
    private readonly source: Source,
    private readonly node: Node | null,
    /** Dotted path from the root: `inputs.alpha.value`. */
    readonly path: string,
    /** The key of this value, when it is a map's. */
    private readonly keyNode?: Node,
  ) {}

  /** The key of this value, when it is a map's: a value with a place of its own, which need not be text. */
  get key(): YamlReader | undefined {
    return this.keyNode && new YamlReader(this.source, this.keyNode, this.path);
  }

  /** `file:line:column` of this value; of one that `set` gave, with the line of `set`. */
  get where(): string {
    return this.whereAt(this.node?.range?.[0] ?? 0);
  }

  /** `file:line:column: key`, without the key for a whole document. */
  get place(): string {
    return this.path === '' ? this.where : `${this.where}: ${this.path}`;
  }

  get isNull(): boolean {
    return this.node === null || (this.source.yaml.isScalar(this.node) && this.node.value === null);
  }

  get isMap(): boolean {
    return this.source.yaml.isMap(this.node);
  }

  get isList(): boolean {
    return this.source.yaml.isSeq(this.node);
  }

  /** The value as plain JavaScript. */
  plain(): unknown {
    return this.node === null ? null : (this.node.toJSON() as unknown);
  }

  /** Checks that this is a map with no other keys than `allowed`; returns itself. */
  object(allowed?: readonly string[]): this {
    for (const { key, reader } of this.pairs()) {
      if (allowed && !allowed.includes(key)) {
        throw reader.error(
          `unknown key "${key}"${this.path ? ` in ${this.path}` : ''}`,
          `Known keys: ${allowed.join(', ')}.`,
          true,
        );
      }
    }
    return this;
  }

  /** This map with the members of another over its own, as deep as both have maps; each keeps its place in its file. */
  overlaid(other: YamlReader): YamlReader {
    const merged = this.copy();
    merged.over = other;
    return merged;
  }

  /** This map as if it had no such keys. */
  without(...keys: readonly string[]): YamlReader {
    const rest = this.copy();
    rest.hidden = keys;
    return rest;
  }

  entries(): [string, YamlReader][] {
    return this.pairs().map(({ key, reader }) => [key, reader]);
  }

  has(key: string): boolean {
    return this.optional(key) !== undefined;
  }

  /** The value of a key; `undefined` when absent or null. */
  optional(key: string): YamlReader | undefined {
    const found = this.pairs().find((pair) => pair.key === key)?.reader;
    return found === undefined || found.isNull ? undefined : found;
  }

  required(key: string): YamlReader {
    const found = this.optional(key);
    if (found) return found;
    throw this.error(`"${key}" is missing${this.path ? ` in ${this.path}` : ''}`);
  }

  string(key: string): string {
    return this.required(key).asString();
  }

  optionalString(key: string): string | undefined {
    return this.optional(key)?.asString();
  }

  number(key: string): number {
    return this.required(key).asNumber();
  }

  optionalNumber(key: string): number | undefined {
    return this.optional(key)?.asNumber();
  }

  optionalBoolean(key: string): boolean | undefined {
    return this.optional(key)?.asBoolean();
  }

  /** The items of a list; empty when the key is absent. */
  list(key: string): YamlReader[] {
    return this.optional(key)?.asList() ?? [];
  }

  /** A scalar as text: numbers and booleans as they were written. */
  asString(): string {
    const scalar = this.scalar();
    if (typeof scalar.value === 'string') return scalar.value;
    return scalar.source ?? String(scalar.value);
  }

  asNumber(): number {
    const { value } = this.scalar();
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.error(`${this.path} must be a number`);
  }

  asBoolean(): boolean {
    const { value } = this.scalar();
    if (typeof value === 'boolean') return value;
    throw this.error(`${this.path} must be true or false`);
  }

  asList(): YamlReader[] {
    const { node } = this;
    if (!this.source.yaml.isSeq(node)) throw this.error(`${this.path} must be a list`);
    return node.items.map((item, index) => new YamlReader(this.source, item as Node | null, `${this.path}[${index}]`));
  }

  /** An error that names the place of this value. */
  error(problem: string, advice?: string, atKey = false): TaskError {
    const offset = (atKey ? this.keyNode?.range?.[0] : undefined) ?? this.node?.range?.[0] ?? 0;
    return new TaskError(`${this.whereAt(offset)}: ${problem}.`, advice);
  }

  private whereAt(offset: number): string {
    const line = this.node ? linesOfSet.get(this.node) : undefined;
    return position(this.source, offset) + (line === undefined ? '' : `: set ${line}`);
  }

  private scalar(): { value: unknown; source?: string } {
    if (this.source.yaml.isScalar(this.node)) return this.node;
    throw this.error(`${this.path} must be a single value`);
  }

  private copy(): YamlReader {
    const same = new YamlReader(this.source, this.node, this.path, this.keyNode);
    same.over = this.over;
    same.hidden = this.hidden;
    return same;
  }

  private pairs(): { key: string; reader: YamlReader }[] {
    const own = this.ownPairs().filter(({ key }) => !this.hidden.includes(key));
    if (!this.over) return own;
    const changes = this.over.pairs();
    const kept = own.map((pair) => {
      const change = changes.find(({ key }) => key === pair.key);
      if (!change) return pair;
      const isDeeper = pair.reader.isMap && change.reader.isMap;
      return isDeeper ? { key: pair.key, reader: pair.reader.overlaid(change.reader) } : change;
    });
    return [...kept, ...changes.filter(({ key }) => !own.some((pair) => pair.key === key))];
  }

  private ownPairs(): { key: string; reader: YamlReader }[] {
    const { node } = this;
    if (!this.source.yaml.isMap(node)) throw this.error(`${this.path || 'the document'} must be a map`);
    return (node as YAMLMap<Node, Node | null>).items.map((pair) => this.pair(pair));
  }

  private pair({ key, value }: Pair<Node, Node | null>): { key: string; reader: YamlReader } {
    const plain: unknown = key.toJSON();
    // A date as the file has it.
    const written = this.source.yaml.isScalar(key) && typeof plain === 'object' ? key.source : undefined;
    const name = written || String(plain);
    const childPath = this.path ? `${this.path}.${name}` : name;
    return { key: name, reader: new YamlReader(this.source, value, childPath, key) };
  }
}

/** Replaces aliases by what they stand for; the package counts them and refuses a document that would explode. */
function resolveAliases(source: Source, document: Yaml.Document.Parsed): void {
  try {
    document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new TaskError(`${source.file}: ${errorText(error)}.`, 'Use fewer aliases.');
  }
  source.yaml.visit(document, {
    Alias(_key, alias) {
      return alias.resolve(document);
    },
  });
}

function position(source: Source, offset: number): string {
  const { line, col } = source.lines.linePos(offset);
  return `${source.file}:${Math.max(1, line)}:${Math.max(1, col)}`;
}
