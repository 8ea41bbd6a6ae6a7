import { asList, asObject, asString, type JsonObject } from '../json';
import { fromFieldsV1, leavesOf, mergeApplied, removeField, shownPath, toFieldsV1, type Path } from './fields';
import { now, same, type ApiObject } from './objects';
import { ApiError } from './status';
import { apiVersionOf, type ResourceType } from './types';

/** Who owns which fields: one entry of `managedFields`. */
interface Manager {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource: string;
  time: string;
  paths: Set<Path>;
}

/** Fields that the server alone decides, or that name the object. */
const ownerless = ['f:apiVersion', 'f:kind', 'f:metadata\0f:name'];
const serverFields = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'selfLink',
  'namespace',
  'name',
  'generateName',
  'managedFields',
  'deletionGracePeriodSeconds',
];

/**
 * Server-side apply: merges a configuration into an object on behalf of a manager.
 * @param live the object as it is, or `undefined` when it is to be created.
 * @returns the new object with its `managedFields`, before defaults.
 * @throws ApiError 409 for fields that others own with another value, unless `force`.
 */
export function serverSideApply(
  live: ApiObject | undefined,
  applied: JsonObject,
  type: ResourceType,
  by: { manager: string; force: boolean; subresource: string },
): ApiObject {
  const leaves = ownable(applied, type);
  const managers = live === undefined ? [] : readManagers(live);
  const isOwn = (one: Manager): boolean =>
    one.manager === by.manager && one.operation === 'Apply' && one.subresource === by.subresource;
  const others = managers.filter((one) => !isOwn(one));
  if (live !== undefined) settleConflicts(live, leaves, others, type, by.force);
  const merged = live === undefined ? mergeApplied({}, applied, type.schema) : mergeApplied(live, applied, type.schema);
  const former = managers.find(isOwn)?.paths ?? new Set<Path>();
  const object = prune(asObject(merged), type, former, new Set(leaves.keys()), others);
  const own: Manager = {
    ...by,
    operation: 'Apply',
    apiVersion: apiVersionOf(type),
    time: now(),
    paths: new Set(leaves.keys()),
  };
  const metadata = asObject(object['metadata']);
  const result: ApiObject = { ...object, metadata };
  writeManagers(result, [...others, own]);
  return result;
}

function settleConflicts(
  live: ApiObject,
  leaves: Map<Path, unknown>,
  others: Manager[],
  type: ResourceType,
  force: boolean,
): void {
  const current = leavesOf(live, type.schema);
  const conflicts = others.map((other) => ({
    other,
    paths: [...other.paths].filter(
      (path) => leaves.has(path) && !path.endsWith('\0.') && !same(leaves.get(path), current.get(path)),
    ),
  }));
  const found = conflicts.filter(({ paths }) => paths.length > 0);
  if (force) {
    for (const { other, paths } of found) for (const path of paths) other.paths.delete(path);
    return;
  }
  const causes = found.flatMap(({ other, paths }) =>
    paths.map((path) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with "${other.manager}"${other.subresource === '' ? '' : ` with subresource "${other.subresource}"`} using ${other.apiVersion}`,
      field: shownPath(path),
    })),
  );
  if (causes.length === 0) return;
  const lines = found.map(({ other, paths }) => {
    const who = `with "${other.manager}" using ${other.apiVersion}`;
    if (paths.length === 1) return `conflict ${who}: ${shownPath(paths[0] ?? '')}`;
    return `conflicts ${who}:\n${paths.map((path) => `- ${shownPath(path)}`).join('\n')}`;
  });
  const count = `${causes.length} conflict${causes.length === 1 ? '' : 's'}`;
  throw new ApiError(409, 'Conflict', `Apply failed with ${count}: ${lines.join('\n')}`, { causes });
}

/** What the manager applied before, applies no longer, and nobody else owns goes away. */
function prune(
  object: JsonObject,
  type: ResourceType,
  former: Set<Path>,
  wanted: Set<Path>,
  others: Manager[],
): JsonObject {
  let result: unknown = object;
  const dropped = [...former].filter((path) => !wanted.has(path));
  for (const path of dropped) {
    const isItem = path.endsWith('\0.');
    const prefix = isItem ? path.slice(0, -1) : path;
    const isOwned = others.some(
      ({ paths }) => paths.has(path) || (isItem && [...paths].some((one) => one.startsWith(prefix))),
    );
    if (!isOwned) result = removeField(result, type.schema, path);
  }
  return asObject(result);
}

/**
 * Notes who changed what in a create, update or patch: the changed fields are the writer's from now on.
 * Changes `after.metadata.managedFields`.
 */
export function trackUpdate(
  before: ApiObject | undefined,
  after: ApiObject,
  type: ResourceType,
  manager: string,
  subresource: string,
): void {
  const old = before === undefined ? new Map<Path, unknown>() : ownable(before, type);
  const current = ownable(after, type);
  const changed = [...current.keys()].filter((path) => !old.has(path) || !same(old.get(path), current.get(path)));
  const managers = before === undefined ? [] : readManagers(before);
  const isOwn = (one: Manager): boolean =>
    one.manager === manager && one.operation === 'Update' && one.subresource === subresource;
  const own = managers.find(isOwn) ?? {
    manager,
    operation: 'Update' as const,
    apiVersion: apiVersionOf(type),
    subresource,
    time: now(),
    paths: new Set<Path>(),
  };
  for (const path of changed) {
    // The existence of a list item is no value: adding below it takes nothing from who made it.
    if (!path.endsWith('\0.')) for (const other of managers) other.paths.delete(path);
    own.paths.add(path);
  }
  if (changed.length > 0) own.time = now();
  const all = managers.includes(own) || changed.length === 0 ? managers : [...managers, own];
  for (const one of all) for (const path of one.paths) if (!current.has(path)) one.paths.delete(path);
  writeManagers(after, all);
}

/** Leaves of an object that can have an owner. */
function ownable(object: JsonObject, type: ResourceType): Map<Path, unknown> {
  const metadata = Object.fromEntries(
    Object.entries(asObject(object['metadata'])).filter(([key]) => !serverFields.includes(key)),
  );
  const rest = Object.fromEntries(Object.entries(object).filter(([key]) => key !== 'metadata'));
  const leaves = leavesOf(Object.keys(metadata).length === 0 ? rest : { ...rest, metadata }, type.schema);
  for (const path of ownerless) leaves.delete(path);
  return leaves;
}

function readManagers(object: ApiObject): Manager[] {
  return asList(object.metadata['managedFields']).map((value) => {
    const entry = asObject(value);
    return {
      manager: asString(entry['manager']) ?? '',
      operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update',
      apiVersion: asString(entry['apiVersion']) ?? '',
      subresource: asString(entry['subresource']) ?? '',
      time: asString(entry['time']) ?? now(),
      paths: fromFieldsV1(entry['fieldsV1']),
    };
  });
}

function writeManagers(object: ApiObject, managers: Manager[]): void {
  object.metadata['managedFields'] = managers
    .filter(({ paths }) => paths.size > 0)
    .map(({ manager, operation, apiVersion, time, paths, subresource }) => ({
      manager,
      operation,
      apiVersion,
      time,
      fieldsType: 'FieldsV1',
      fieldsV1: toFieldsV1(paths),
      ...(subresource === '' ? {} : { subresource }),
    }));
}
