import { asList, asObject, asString, isObject, type JsonObject } from '../json';
import { same } from './objects';
import type { Type } from './schema';
import { ApiError, badRequest } from './status';

/** JSON merge patch (RFC 7386). */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: JsonObject = { ...asObject(target) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** JSON patch (RFC 6902). @throws ApiError 422 when a test fails or a path does not exist. */
export function jsonPatch(target: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw badRequest('a JSON patch must be a list of operations');
  return asList(operations)
    .map(asObject)
    .reduce<unknown>((document, operation) => applyOperation(structuredClone(document), operation), target);
}

function applyOperation(document: unknown, operation: JsonObject): unknown {
  const path = pointer(operation['path']);
  switch (operation['op']) {
    case 'add':
      return put(document, path, operation['value'], true);
    case 'replace':
      valueAt(document, path);
      return put(document, path, operation['value'], false);
    case 'remove':
      return remove(document, path);
    case 'test':
      if (!same(valueAt(document, path), operation['value']))
        throw unprocessable(`testing path ${String(operation['path'])} failed`);
      return document;
    case 'copy':
      return put(document, path, structuredClone(valueAt(document, pointer(operation['from']))), true);
    case 'move': {
      const from = pointer(operation['from']);
      const value = valueAt(document, from);
      return put(remove(document, from), path, value, true);
    }
    default:
      throw badRequest(`unexpected kind: ${String(operation['op'])}`);
  }
}

function pointer(value: unknown): string[] {
  const path = asString(value);
  if (path === undefined || (path !== '' && !path.startsWith('/')))
    throw badRequest('a JSON patch operation needs a path that starts with /');
  return path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function valueAt(document: unknown, path: string[]): unknown {
  return path.reduce<unknown>((value, key) => {
    const found: unknown = Array.isArray(value) ? asList(value)[Number(key)] : asObject(value)[key];
    if (found === undefined) throw unprocessable(`doc is missing path: /${path.join('/')}`);
    return found;
  }, document);
}

function put(document: unknown, path: string[], value: unknown, insert: boolean): unknown {
  const key = path.at(-1);
  if (key === undefined) return value;
  const parent = valueAt(document, path.slice(0, -1));
  if (Array.isArray(parent)) {
    const index = key === '-' ? parent.length : Number(key);
    if (!Number.isInteger(index) || index < 0 || index > parent.length)
      throw unprocessable(`index out of bounds: /${path.join('/')}`);
    parent.splice(index, insert ? 0 : 1, value);
  } else if (isObject(parent)) parent[key] = value;
  return document;
}

function remove(document: unknown, path: string[]): unknown {
  valueAt(document, path);
  const key = path.at(-1) ?? '';
  const parent = valueAt(document, path.slice(0, -1));
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else if (isObject(parent)) Reflect.deleteProperty(parent, key);
  return document;
}

function unprocessable(message: string): ApiError {
  return new ApiError(422, 'Invalid', `the server rejected our request due to an error in our request: ${message}`);
}

/** Strategic merge patch: like a merge patch, but lists of objects are merged by their key, and directives steer it. */
export function strategicMerge(target: unknown, patch: unknown, type: Type): unknown {
  if (!isObject(patch)) return patch;
  if (patch['$patch'] === 'replace') return withoutDirectives(patch);
  if (patch['$patch'] === 'delete') return {};
  const result: JsonObject = { ...asObject(target) };
  retainKeys(result, patch);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$deleteFromPrimitiveList/')) deleteFrom(result, key, value);
    if (key.startsWith('$')) continue;
    const field = fieldType(type, key);
    if (value === null) Reflect.deleteProperty(result, key);
    else if (Array.isArray(value))
      result[key] = mergeList(asList(result[key]), value, field, patch[`$setElementOrder/${key}`]);
    else result[key] = strategicMerge(result[key], value, field);
  }
  for (const [key, order] of Object.entries(patch)) {
    const name = key.startsWith('$setElementOrder/') ? key.slice('$setElementOrder/'.length) : undefined;
    if (name !== undefined && Array.isArray(result[name]))
      result[name] = ordered(asList(result[name]), asList(order), fieldType(type, name));
  }
  return result;
}

function fieldType(type: Type, key: string): Type {
  if (type.kind === 'object') return type.fields[key] ?? { kind: 'any' };
  return type.kind === 'map' ? type.of : { kind: 'any' };
}

function retainKeys(result: JsonObject, patch: JsonObject): void {
  if (!Array.isArray(patch['$retainKeys'])) return;
  const kept = asList(patch['$retainKeys']);
  for (const key of Object.keys(result)) if (!kept.includes(key)) Reflect.deleteProperty(result, key);
}

function deleteFrom(result: JsonObject, directive: string, values: unknown): void {
  const key = directive.slice('$deleteFromPrimitiveList/'.length);
  result[key] = asList(result[key]).filter((entry) => !asList(values).includes(entry));
}

function mergeList(target: unknown[], patch: unknown[], type: Type, order: unknown): unknown[] {
  if (type.kind !== 'list') return patch;
  if (type.isSet) return [...target, ...patch.filter((entry) => !target.includes(entry))];
  const [key] = type.keys;
  if (key === undefined) return patch;
  const items = patch.map(asObject);
  if (items.some((item) => item['$patch'] === 'replace')) return items.filter((item) => item['$patch'] === undefined);
  const result = target.map(asObject);
  for (const item of items) {
    const index = result.findIndex((entry) => entry[key] === item[key]);
    if (item['$patch'] === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (index >= 0) result[index] = asObject(strategicMerge(result[index], item, type.of));
    else result.push(asObject(strategicMerge({}, item, type.of)));
  }
  return order === undefined ? result : ordered(result, asList(order), type);
}

/** What the order names comes first, in that order; the rest keeps its own. */
function ordered(items: unknown[], order: unknown[], type: Type): unknown[] {
  const [key] = type.kind === 'list' ? type.keys : [];
  const idOf = (value: unknown): unknown => (key === undefined ? value : asObject(value)[key]);
  const wanted = order.map(idOf);
  const rank = (value: unknown): number => {
    const index = wanted.indexOf(idOf(value));
    return index < 0 ? wanted.length : index;
  };
  return [...items].sort((a, b) => rank(a) - rank(b));
}

function withoutDirectives(patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith('$')));
}
