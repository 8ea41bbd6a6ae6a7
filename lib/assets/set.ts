import type * as YamlPackage from 'yaml';
import type { Document, Node, YAMLMap } from 'yaml';
import { TaskError } from '../agent/errors';
import { closest } from '../agent/suggestion';
import { markSet } from '../agent/yaml';
import { deepest } from './aliases';

type Yaml = typeof YamlPackage;

/**
 * Changes values of a document, like `--set` of `az ml`: each line is `path=value`, for example `inputs.alpha=2.0` or
 * `resources.instance_count=2`. What the file does not have is added, unless it looks like something that it has: then it is
 * a misspelt path. `inputs.alpha=2.0` changes `inputs.alpha` also where the file writes it as `alpha: {path: …}`, by
 * replacing it. Values are text as it stands, as with `az ml`: where a number or a boolean is due, the text of one counts, and
 * `tags.build=2024` or `inputs.rate=0.10` stay what was typed. Quotes around a value are left out; no value is null. Errors
 * of such a value name the line; they stand at what it replaces, or at the nearest map of the file that it was put into.
 *
 * @throws TaskError that names the line and what the file has at that place
 */
export function applySet(yaml: Yaml, document: Document, set: readonly string[], file: string): void {
  for (const line of set) {
    const { path, value } = parseLine(line);
    const [parent, last] = findParent(yaml, document, path, line, file);
    if (!parent.has(last)) checkNewKey(yaml, parent, path, line, file);
    put(yaml, parent, last, new yaml.Scalar(typed(value)), line);
  }
}

/** What stands in a log: a value that is a secret by its name does not, nor the query of an address, which may sign it. */
function shownLine(line: string): string {
  const at = line.indexOf('=');
  const isSecret = /credential|password|secret|token|key/i.test(line.slice(0, at));
  const shown = isSecret ? `${line.slice(0, at)}=…` : line.replace(/(:\/\/[^?]*\?).*$/s, '$1…');
  return shown.length > 80 ? `${shown.slice(0, 80)}…` : shown;
}

/** A new key is a node too, as those of the file are. */
function put(yaml: Yaml, parent: Parent, key: string | number, value: Node, line: string): void {
  const old = parent.get(key, true);
  value.range = yaml.isNode(old) ? old.range : parent.range;
  markSet(value, shownLine(line));
  if (yaml.isMap(parent) && !parent.has(key)) parent.add(new yaml.Pair(new yaml.Scalar(key), value));
  else parent.set(key, value);
}

/** Maps whose keys are the user's own: none of them is a slip of another. */
const free = new Set(['tags', 'environment_variables', 'properties', 'traffic', 'mirror_traffic']);

/** Lists do not grow, and a key that is nearly one of the file's is a slip; one with another number is not. */
function checkNewKey(yaml: Yaml, parent: Parent, path: string[], line: string, file: string): void {
  const key = path.at(-1) ?? '';
  const isFree = free.has(path.at(-2) ?? '');
  const near = yaml.isMap(parent) && !isFree ? closest(key, keysOf(parent).filter(differsMore(key))) : undefined;
  if (!yaml.isMap(parent) || near !== undefined)
    throw unknownPath(yaml, parent, path.length - 1, path, line, file, near);
}

function differsMore(key: string): (other: string) => boolean {
  const bare = key.replace(/\d+/g, '');
  return (other) => other.replace(/\d+/g, '') !== bare;
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

interface Parent extends Pick<Node, 'range'> {
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
      put(yaml, node, step, new yaml.YAMLMap(), line);
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
    `Input "set": "${shownLine(line)}": ${file} has no ${path.slice(0, depth + 1).join('.')}.`,
    near === undefined ? `${where} ${known}.` : `Did you mean "${near}"? ${where} ${known}.`,
  );
}

/** A value without the quotes around it. */
function typed(value: string): string | null {
  return value === '' ? null : (/^(["'])(.*)\1$/s.exec(value)?.[2] ?? value);
}
