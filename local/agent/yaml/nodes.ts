import { readFileSync, statSync } from 'node:fs';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node as YamlSource } from 'yaml';

export interface Position {
  file: string;
  line: number;
  column: number;
}

/** Every scalar is text, as in the service's reader; types come from where the text is used. */
export interface ScalarNode {
  kind: 'scalar';
  text: string;
  at: Position;
}
export interface MapNode {
  kind: 'map';
  entries: { key: ScalarNode; value: YamlNode }[];
  at: Position;
}
export interface ListNode {
  kind: 'list';
  items: YamlNode[];
  at: Position;
}
export type YamlNode = ScalarNode | MapNode | ListNode;

const maxBytes = 1024 * 1024;
const maxDepth = 64;

/** An error in a pipeline file, with the place of each. */
export class PipelineError extends Error {
  constructor(readonly problems: { message: string; at: Position }[]) {
    super(problems.map(({ message, at }) => `${at.file}:${at.line}:${at.column}: ${message}`).join('\n'));
    this.name = 'PipelineError';
  }
}

export function fail(at: Position, message: string): never {
  throw new PipelineError([{ message, at }]);
}

/**
 * Reads a YAML file with positions. `shown` is the name errors use.
 * @throws PipelineError on a missing, too large or malformed file, on anchors, tags and double keys.
 */
export function readYamlFile(file: string, shown: string): YamlNode {
  const start = { file: shown, line: 1, column: 1 };
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile()) fail(start, 'The file does not exist.');
  if (found.size > maxBytes) fail(start, `The file has ${found.size} bytes; at most ${maxBytes} are read.`);
  return readYaml(readFileSync(file, 'utf8'), shown);
}

export function readYaml(source: string, file: string): YamlNode {
  const lines = new LineCounter();
  const document = parseDocument(source, {
    schema: 'failsafe',
    lineCounter: lines,
    uniqueKeys: false,
    prettyErrors: false,
  });
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems = document.errors.map((error) => ({ message: error.message, at: position(error.pos[0]) }));
  if (problems.length > 0) throw new PipelineError(problems);
  return convert(document.contents, position, position(0), 0);
}

function convert(node: unknown, position: (offset: number) => Position, parent: Position, depth: number): YamlNode {
  if (node === null || node === undefined) return { kind: 'scalar', text: '', at: parent };
  if (!isScalar(node) && !isMap(node) && !isSeq(node) && !isAlias(node)) fail(parent, 'Unexpected YAML content.');
  const at = node.range ? position(node.range[0]) : parent;
  if (depth > maxDepth) fail(at, `The file is nested deeper than ${maxDepth} levels.`);
  refuseSpecial(node, at);
  if (isScalar(node)) return { kind: 'scalar', text: typeof node.value === 'string' ? node.value : '', at };
  if (isSeq(node)) return { kind: 'list', items: node.items.map((item) => convert(item, position, at, depth + 1)), at };
  if (!isMap(node)) fail(at, 'Anchors and aliases are not supported in a pipeline file.');
  const entries = node.items.map((pair) => {
    const key = convert(pair.key, position, at, depth + 1);
    if (key.kind !== 'scalar') fail(key.at, 'The name of an entry must be a text.');
    return { key, value: convert(pair.value, position, key.at, depth + 1) };
  });
  refuseDoubleKeys(entries);
  return { kind: 'map', entries, at };
}

function refuseSpecial(node: YamlSource, at: Position): void {
  if (isAlias(node) || ('anchor' in node && node.anchor !== undefined)) {
    fail(at, 'Anchors and aliases are not supported in a pipeline file.');
  }
  const tag = node.tag ?? '';
  if (tag !== '' && !tag.startsWith('tag:yaml.org,2002:'))
    fail(at, `The tag ${tag} is not supported in a pipeline file.`);
}

/** Template directives may repeat (`${{ else }}` of two conditions); names may not. */
function refuseDoubleKeys(entries: MapNode['entries']): void {
  const seen = new Set<string>();
  for (const { key } of entries) {
    if (key.text.includes('${{')) continue;
    if (seen.has(key.text)) fail(key.at, `'${key.text}' is already defined.`);
    seen.add(key.text);
  }
}

export function entry(node: MapNode, name: string): YamlNode | undefined {
  return node.entries.find(({ key }) => key.text === name)?.value;
}

export function isEmpty(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.text === '';
}
