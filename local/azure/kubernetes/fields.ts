import { asList, asObject, isObject, type JsonObject } from '../json';
import type { Type } from './schema';

/**
 * Field sets as server-side apply has them. A path is a list of parts: `f:spec`, `k:{"name":"web"}` (an item of a list with
 * keys), `v:"x"` (an item of a set), `.` (the item itself). Here it is kept as one text, its parts joined by a NUL.
 */
export type Path = string;

const joint = '\0';

export function partsOf(path: Path): string[] {
  return path.split(joint);
}

/** Every leaf of a value with its content; items of lists with keys have a leaf of their own besides. */
export function leavesOf(value: unknown, type: Type, parts: string[] = []): Map<Path, unknown> {
  const leaves = new Map<Path, unknown>();
  collect(value, type, parts, leaves);
  return leaves;
}

function collect(value: unknown, type: Type, parts: string[], leaves: Map<Path, unknown>): void {
  if (value === undefined || value === null) return;
  const children = childrenOf(value, type);
  if (children === undefined || (children.length === 0 && !Array.isArray(value))) {
    leaves.set(parts.join(joint), value);
    return;
  }
  for (const child of children) {
    const below = [...parts, child.part];
    if (child.part.startsWith('k:')) leaves.set([...below, '.'].join(joint), undefined);
    if (child.part.startsWith('v:')) leaves.set(below.join(joint), child.value);
    else collect(child.value, child.type, below, leaves);
  }
}

interface Child {
  part: string;
  value: unknown;
  type: Type;
}

/** What lies below a value, or `undefined` when the value is one piece. */
function childrenOf(value: unknown, type: Type): Child[] | undefined {
  if (type.kind === 'object' && !type.atomic && isObject(value)) {
    return Object.entries(value).map(([key, entry]) => ({
      part: `f:${key}`,
      value: entry,
      type: type.fields[key] ?? { kind: 'any' },
    }));
  }
  if (type.kind === 'map' && !type.atomic && isObject(value)) {
    return Object.entries(value).map(([key, entry]) => ({ part: `f:${key}`, value: entry, type: type.of }));
  }
  if (type.kind === 'list' && Array.isArray(value)) {
    if (type.isSet)
      return asList(value).map((entry) => ({ part: `v:${JSON.stringify(entry)}`, value: entry, type: type.of }));
    if (type.keys.length > 0)
      return asList(value).map((entry) => ({ part: itemPart(entry, type.keys), value: entry, type: type.of }));
  }
  return undefined;
}

/** A key that is left out has its default: only protocols have one. */
function itemPart(item: unknown, keys: string[]): string {
  const object = asObject(item);
  const found = keys.map((key) => [key, object[key] ?? (key === 'protocol' ? 'TCP' : undefined)]);
  return `k:${JSON.stringify(Object.fromEntries(found))}`;
}

/** Merges what is applied into what is there: objects and keyed lists by their parts, everything else is replaced. */
export function mergeApplied(live: unknown, applied: unknown, type: Type): unknown {
  if (applied === null || applied === undefined) return live;
  const children = childrenOf(applied, type);
  if (children === undefined || live === undefined || live === null) return dropNulls(applied);
  if (type.kind === 'list') {
    const existing = childrenOf(live, type) ?? [];
    const merged = existing.map((child) => {
      const own = children.find(({ part }) => part === child.part);
      return own === undefined ? child.value : mergeApplied(child.value, own.value, type.of);
    });
    const added = children
      .filter(({ part }) => !existing.some((child) => child.part === part))
      .map(({ value }) => dropNulls(value));
    return [...merged, ...added];
  }
  const result: JsonObject = { ...asObject(live) };
  for (const { part, value, type: below } of children)
    result[part.slice(2)] = mergeApplied(result[part.slice(2)], value, below);
  return result;
}

function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) return asList(value).map(dropNulls);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, entry]) => entry !== null)
      .map(([key, entry]) => [key, dropNulls(entry)]),
  );
}

/** Takes one field or list item out of a value; containers that become empty by it go too, as an apply leaves them unowned. */
export function removeField(value: unknown, type: Type, path: Path): unknown {
  const parts = partsOf(path).filter((part) => part !== '.');
  return takeOut(value, type, parts);
}

function takeOut(value: unknown, type: Type, [part, ...rest]: string[]): unknown {
  if (part === undefined) return undefined;
  const children = childrenOf(value, type);
  const child = children?.find((one) => one.part === part);
  if (children === undefined || child === undefined) return value;
  const left = takeOut(child.value, child.type, rest);
  if (Array.isArray(value)) {
    const items = children.flatMap((one) => (one !== child ? [one.value] : left === undefined ? [] : [left]));
    return items.length === 0 ? undefined : items;
  }
  const object = { ...asObject(value) };
  if (left === undefined) Reflect.deleteProperty(object, part.slice(2));
  else object[part.slice(2)] = left;
  return Object.keys(object).length === 0 ? undefined : object;
}

/** `fieldsV1` of a set of paths. */
export function toFieldsV1(paths: Iterable<Path>): JsonObject {
  const tree: JsonObject = {};
  for (const path of [...paths].sort()) {
    let node = tree;
    for (const part of partsOf(path)) {
      const next = asObject(node[part]);
      node[part] = next;
      node = next;
    }
  }
  return tree;
}

/** The paths of a `fieldsV1`: nodes without anything below. */
export function fromFieldsV1(tree: unknown): Set<Path> {
  const paths = new Set<Path>();
  const visit = (node: JsonObject, parts: string[]): void => {
    const entries = Object.entries(node);
    if (entries.length === 0 && parts.length > 0) paths.add(parts.join(joint));
    for (const [part, below] of entries) visit(asObject(below), [...parts, part]);
  };
  visit(asObject(tree), []);
  return paths;
}

/** `.spec.template.spec.containers[name="web"].image` */
export function shownPath(path: Path): string {
  return partsOf(path)
    .map((part) => {
      if (part.startsWith('f:')) return `.${part.slice(2)}`;
      if (part.startsWith('v:')) return `[=${part.slice(2)}]`;
      if (!part.startsWith('k:')) return '';
      const keys: unknown = JSON.parse(part.slice(2));
      return `[${Object.entries(asObject(keys))
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join(',')}]`;
    })
    .join('');
}
