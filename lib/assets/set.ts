import type * as YamlPackage from 'yaml';
import type { Document, Node, YAMLMap } from 'yaml';
import { TaskError } from '../agent/errors';
import { closest } from '../agent/suggestion';
import { deepest } from './aliases';

type Yaml = typeof YamlPackage;

/**
 * Changes values of a document, like `--set` of `az ml`: each line is `path=value`, for example `inputs.alpha=2.0` or
 * `resources.instance_count=2`. What the file does not have is added, unless it looks like something that it has: then it is
 * a misspelt path. `inputs.alpha=2.0` changes `inputs.alpha` also where the file writes it as `alpha: {path: …}`, by
 * replacing it. Values are read as YAML scalars; quotes make text of a number.
 *
 * @throws TaskError that names the line and what the file has at that place
 */
export function applySet(yaml: Yaml, document: Document, set: readonly string[], file: string): void {
  for (const line of set) {
    const { path, value } = parseLine(line);
    const [parent, last] = findParent(yaml, document, path, line, file);
    if (!parent.has(last)) checkNewKey(yaml, parent, path, line, file);
    const node = scalarNode(yaml, document, value);
    const old = parent.get(last, true);
    node.range = yaml.isNode(old) ? old.range : undefined;
    put(yaml, parent, last, node);
  }
}

/** A new key is a node too, as those of the file are. */
function put(yaml: Yaml, parent: Parent, key: string | number, value: Node): void {
  if (yaml.isMap(parent) && !parent.has(key)) parent.add(new yaml.Pair(new yaml.Scalar(key), value));
  else parent.set(key, value);
}

/** Lists do not grow, and a key that is nearly one of the file's is a slip. */
function checkNewKey(yaml: Yaml, parent: Parent, path: string[], line: string, file: string): void {
  const near = yaml.isMap(parent) ? closest(path.at(-1) ?? '', keysOf(parent)) : undefined;
  if (!yaml.isMap(parent) || near !== undefined)
    throw unknownPath(yaml, parent, path.length - 1, path, line, file, near);
}

function keysOf(map: YAMLMap): string[] {
  return map.items.map((pair) => String((pair.key as Node).toJSON()));
}

/** `path=value` lines of a task input; empty lines and `#` comments are left out. */
export function setLines(input: string | undefined): string[] {
  return (input ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

interface Parent {
  has(key: string | number): boolean;
  get(key: string | number, keepScalar: true): unknown;
  set(key: string | number, value: unknown): void;
}

function parseLine(line: string): { path: string[]; value: string } {
  const at = line.indexOf('=');
  const path = line.slice(0, at).trim().split('.');
  if (path.length > deepest) {
    throw new TaskError(`Input "set": "${line.slice(0, 80)}…" has more than ${deepest} parts.`, 'Use a shorter path.');
  }
  if (at < 1 || path.includes('')) {
    throw new TaskError(
      `Input "set": "${line}" is not of the form path=value.`,
      'Write one change a line, for example inputs.alpha=2.0',
    );
  }
  return { path, value: line.slice(at + 1).trim() };
}

function findParent(
  yaml: Yaml,
  document: Document,
  path: string[],
  line: string,
  file: string,
): [Parent, string | number] {
  let node: unknown = document.contents;
  for (const [depth, key] of path.entries()) {
    if (!yaml.isCollection(node)) throw unknownPath(yaml, node, depth, path, line, file);
    const step = yaml.isSeq(node) && /^\d+$/.test(key) ? Number(key) : key;
    if (depth === path.length - 1) return [node, step];
    if (!node.has(step)) {
      checkNewKey(yaml, node, path.slice(0, depth + 1), line, file);
      put(yaml, node, step, new yaml.YAMLMap());
    }
    node = node.get(step, true);
  }
  throw new TaskError(`Input "set": "${line}" names nothing.`);
}

function unknownPath(
  yaml: Yaml,
  node: unknown,
  depth: number,
  path: string[],
  line: string,
  file: string,
  near?: string,
): TaskError {
  const where = depth === 0 ? 'The file' : path.slice(0, depth).join('.');
  const keys = yaml.isMap(node) ? keysOf(node) : [];
  const known = keys.length > 0 ? `has ${keys.join(', ')}` : 'has no members';
  return new TaskError(
    `Input "set": "${line}": ${file} has no ${path.slice(0, depth + 1).join('.')}.`,
    near === undefined ? `${where} ${known}.` : `Did you mean "${near}"? ${where} ${known}.`,
  );
}

/** The text as YAML reads it in the place of a scalar: the tags of the document decide what is a number. */
function scalarNode(yaml: Yaml, document: Document, value: string): Node {
  const quoted = /^(["'])(.*)\1$/s.exec(value);
  if (quoted) return new yaml.Scalar(quoted[2]);
  for (const tag of document.schema.tags) {
    if (!('test' in tag) || tag.default !== true || !tag.test?.test(value) || !('resolve' in tag)) continue;
    const scalar = new yaml.Scalar(tag.resolve(value, ignoreErrors, {}));
    scalar.source = value;
    return scalar;
  }
  return new yaml.Scalar(value);
}

function ignoreErrors(): void {
  // The tags of a document have no rule that a scalar matching its pattern could break.
}
