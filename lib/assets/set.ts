import type * as YamlPackage from 'yaml';
import type { Document, Node } from 'yaml';
import { TaskError } from '../agent/errors';

type Yaml = typeof YamlPackage;

/**
 * Changes values of a document, like `--set` of `az ml`: each line is `path=value`, for example `inputs.alpha=2.0` or
 * `resources.instance_count=2`. Only what the file has can be changed, so a misspelt path is an error and not a new key.
 * `inputs.alpha=2.0` changes `inputs.alpha` also where the file writes it as `alpha: {path: …}`, by replacing it.
 * Values are read as YAML scalars; quotes make text of a number.
 *
 * @throws TaskError that names the line and what the file has at that place
 */
export function applySet(yaml: Yaml, document: Document, set: readonly string[], file: string): void {
  for (const line of set) {
    const { path, value } = parseLine(line);
    const [parent, last] = findParent(yaml, document, path, line, file);
    if (!parent.has(last)) throw unknownPath(yaml, parent, path.length - 1, path, line, file);
    const node = scalarNode(yaml, document, value);
    const old = parent.get(last, true);
    node.range = yaml.isNode(old) ? old.range : undefined;
    parent.set(last, node);
  }
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
    if (!node.has(step)) throw unknownPath(yaml, node, depth, path, line, file);
    node = node.get(step, true);
  }
  throw new TaskError(`Input "set": "${line}" names nothing.`);
}

function unknownPath(yaml: Yaml, node: unknown, depth: number, path: string[], line: string, file: string): TaskError {
  const where = depth === 0 ? 'The file' : path.slice(0, depth).join('.');
  const keys = yaml.isMap(node) ? node.items.map((pair) => String((pair.key as Node).toJSON())) : [];
  const known = keys.length > 0 ? `has ${keys.join(', ')}` : 'has no members';
  return new TaskError(
    `Input "set": "${line}": ${file} has no ${path.slice(0, depth + 1).join('.')}.`,
    `${where} ${known}. Only what the file has can be changed.`,
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
