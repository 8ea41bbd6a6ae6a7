import type { Text } from './model';
import { isEmpty, PipelineError, type ListNode, type MapNode, type Position, type YamlNode } from './nodes';

/** Collects what is wrong, so that one look shows all of it. */
export class Problems {
  readonly list: { message: string; at: Position }[] = [];
  readonly notes: string[] = [];
  private readonly noted = new Set<string>();

  add(at: Position, message: string): void {
    this.list.push({ message, at });
  }

  /** Accepted without effect; told once for each kind of thing. */
  note(at: Position, key: string, why: string): void {
    if (this.noted.has(key)) return;
    this.noted.add(key);
    this.notes.push(`${at.file}:${at.line}:${at.column}: '${key}' ${why}`);
  }

  throwIfAny(): void {
    if (this.list.length > 0) throw new PipelineError(this.list);
  }
}

/** Reads one mapping key by key; what nobody asked for is an error in the end. */
export class MapReader {
  private readonly taken = new Set<string>();

  constructor(
    readonly node: MapNode,
    private readonly what: string,
    private readonly problems: Problems,
  ) {}

  get at(): Position {
    return this.node.at;
  }

  has(name: string): boolean {
    return this.node.entries.some(({ key }) => key.text === name);
  }

  take(name: string): YamlNode | undefined {
    this.taken.add(name);
    return this.node.entries.find(({ key }) => key.text === name)?.value;
  }

  keyAt(name: string): Position {
    return this.node.entries.find(({ key }) => key.text === name)?.key.at ?? this.node.at;
  }

  text(name: string): Text | undefined {
    const node = this.take(name);
    if (node === undefined) return undefined;
    if (node.kind === 'scalar') return { text: node.text, at: node.at };
    this.problems.add(node.at, `${name} must be a text.`);
    return undefined;
  }

  string(name: string, fallback = ''): string {
    return this.text(name)?.text ?? fallback;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.text(name);
    if (value === undefined || value.text === '') return fallback;
    const lower = value.text.toLowerCase();
    if (['true', 'y', 'yes', 'on'].includes(lower)) return true;
    if (['false', 'n', 'no', 'off'].includes(lower)) return false;
    this.problems.add(
      value.at,
      `${name} must be true or false; '${value.text}' is decided during the run, which is not supported.`,
    );
    return fallback;
  }

  number(name: string, fallback: number): number {
    const value = this.text(name);
    if (value === undefined || value.text === '') return fallback;
    if (/^\d+(\.\d+)?$/.test(value.text)) return Number(value.text);
    this.problems.add(value.at, `${name} must be a number; '${value.text}' is not.`);
    return fallback;
  }

  map(name: string): MapNode | undefined {
    const node = this.take(name);
    if (node === undefined || isEmpty(node)) return undefined;
    if (node.kind === 'map') return node;
    this.problems.add(node.at, `${name} must be a mapping.`);
    return undefined;
  }

  list(name: string): ListNode | undefined {
    const node = this.take(name);
    if (node === undefined || isEmpty(node)) return undefined;
    if (node.kind === 'list') return node;
    this.problems.add(node.at, `${name} must be a list.`);
    return undefined;
  }

  /** A mapping of texts. */
  texts(name: string): Record<string, string> {
    const result: Record<string, string> = {};
    for (const { key, value } of this.map(name)?.entries ?? []) {
      if (value.kind === 'scalar') result[key.text] = value.text;
      else this.problems.add(value.at, `${name}.${key.text} must be a text.`);
    }
    return result;
  }

  positions(name: string): Record<string, Position> {
    const node = this.node.entries.find(({ key }) => key.text === name)?.value;
    return node?.kind === 'map' ? Object.fromEntries(node.entries.map(({ key }) => [key.text, key.at])) : {};
  }

  /** One text or a list of texts. */
  textOrList(name: string): Text[] | undefined {
    const node = this.take(name);
    if (node === undefined) return undefined;
    if (node.kind === 'scalar') return node.text === '' ? [] : [{ text: node.text, at: node.at }];
    if (node.kind === 'map') {
      this.problems.add(node.at, `${name} must be a text or a list of texts.`);
      return undefined;
    }
    return node.items.flatMap((item) => {
      if (item.kind === 'scalar') return [{ text: item.text, at: item.at }];
      this.problems.add(item.at, `${name} must be a list of texts.`);
      return [];
    });
  }

  /**
   * Keys that change nothing here; said once in the log.
   * @param inner what may stand inside them, where the service knows it: a mistyped key is no harmless one
   */
  harmless(keys: Record<string, string>, inner: Record<string, readonly string[]> = {}): void {
    for (const [name, why] of Object.entries(keys)) {
      const node = this.take(name);
      if (node === undefined) continue;
      this.problems.note(this.keyAt(name), name, why);
      for (const map of node.kind === 'list' ? node.items : [node]) this.checkKeys(name, map, inner[name]);
    }
  }

  private checkKeys(name: string, node: YamlNode, known: readonly string[] | undefined): void {
    if (known === undefined || node.kind !== 'map') return;
    for (const { key } of node.entries) {
      if (!known.includes(key.text)) this.problems.add(key.at, `Unexpected value '${key.text}' in ${name}.`);
    }
  }

  /** Keys that the service knows and this agent does not do. */
  refused(keys: Record<string, string>): void {
    for (const [name, why] of Object.entries(keys)) {
      if (this.take(name) !== undefined)
        this.problems.add(this.keyAt(name), `'${name}' is not supported on one machine: ${why}`);
    }
  }

  done(): void {
    for (const { key } of this.node.entries) {
      if (!this.taken.has(key.text)) this.problems.add(key.at, `Unexpected value '${key.text}' in ${this.what}.`);
    }
  }
}
