import { randomUUID } from 'node:crypto';
import { asObject, asString, asStrings, type JsonObject } from '../json';
import type { Store } from '../service';
import { ApiError, notFound } from './status';
import { resourceTypes, type ResourceType } from './types';

/** An object of the API: metadata is always there. */
export type ApiObject = JsonObject & { metadata: JsonObject };

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  version: number;
  resource: ResourceType;
  object: ApiObject;
  /** The object before a change: a selector may have matched then and no longer. */
  before?: ApiObject;
}

export type Listener = (event: WatchEvent) => void;

const historyLength = 2000;
const storePrefix = 'kubernetes/';

/** All objects of a cluster with their resource versions, and the stream of changes. */
export class Objects {
  private readonly objects = new Map<string, ApiObject>();
  private readonly listeners = new Set<Listener>();
  private history: WatchEvent[] = [];
  private latest: number;

  constructor(private readonly store: Store) {
    for (const key of store.keys(storePrefix)) {
      const object = store.get(key);
      if (isApiObject(object)) this.objects.set(key.slice(storePrefix.length), object);
    }
    const versions = [...this.objects.values()].map((object) => Number(object.metadata['resourceVersion']));
    // A gap, so that no version of an earlier life that was not kept comes again.
    this.latest = Math.max(1000, ...versions) + 1000;
  }

  get version(): number {
    return this.latest;
  }

  get(type: ResourceType, namespace: string, name: string): ApiObject | undefined {
    const found = this.objects.get(keyOf(type, namespace, name));
    return found === undefined ? undefined : structuredClone(found);
  }

  /** Objects of a type, of one namespace or of all; sorted by namespace and name. */
  list(type: ResourceType, namespace?: string): ApiObject[] {
    const prefix = namespace === undefined ? `${idOf(type)}/` : `${idOf(type)}/${namespace}/`;
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    return keys.flatMap((key) => {
      const object = this.objects.get(key);
      return object === undefined ? [] : [structuredClone(object)];
    });
  }

  create(type: ResourceType, given: ApiObject): ApiObject {
    const object = structuredClone(given);
    const { metadata } = object;
    const generate = asString(metadata['generateName']);
    if (asString(metadata['name']) === undefined && generate !== undefined) metadata['name'] = generate + suffix(5);
    const name = nameOf(object);
    if (this.objects.has(keyOf(type, namespaceOf(object), name))) {
      const full = type.group === '' ? type.resource : `${type.resource}.${type.group}`;
      throw new ApiError(409, 'AlreadyExists', `${full} "${name}" already exists`, {
        name,
        group: type.group,
        kind: type.resource,
      });
    }
    metadata['uid'] = randomUUID();
    metadata['creationTimestamp'] = now();
    if (type.hasStatus && type.resource !== 'namespaces') metadata['generation'] = 1;
    return this.put(type, object, undefined);
  }

  /**
   * Replaces an object; nothing happens when nothing changed. The generation rises when the specification did.
   * @throws ApiError 409 when `resourceVersion` is given and is not the current one.
   */
  update(type: ResourceType, given: ApiObject): ApiObject {
    const object = structuredClone(given);
    const name = nameOf(object);
    const before = this.objects.get(keyOf(type, namespaceOf(object), name));
    if (before === undefined) throw notFound(type.resource, type.group, name);
    const expected = asString(object.metadata['resourceVersion']);
    if (expected !== undefined && expected !== '' && expected !== before.metadata['resourceVersion']) {
      const full = type.group === '' ? type.resource : `${type.resource}.${type.group}`;
      throw new ApiError(
        409,
        'Conflict',
        `Operation cannot be fulfilled on ${full} "${name}": the object has been modified; please apply your changes to the latest version and try again`,
        { name, group: type.group, kind: type.resource },
      );
    }
    for (const field of ['uid', 'creationTimestamp', 'generation', 'resourceVersion']) {
      if (before.metadata[field] === undefined) Reflect.deleteProperty(object.metadata, field);
      else object.metadata[field] = before.metadata[field];
    }
    if (same(before, object)) return structuredClone(before);
    if (typeof before.metadata['generation'] === 'number' && !same(before['spec'], object['spec'])) {
      object.metadata['generation'] = before.metadata['generation'] + 1;
    }
    return this.put(type, object, before);
  }

  delete(type: ResourceType, namespace: string, name: string): ApiObject {
    const key = keyOf(type, namespace, name);
    const object = this.objects.get(key);
    if (object === undefined) throw notFound(type.resource, type.group, name);
    this.objects.delete(key);
    if (type.durable) this.store.delete(storePrefix + key);
    this.latest += 1;
    const gone = structuredClone(object);
    gone.metadata['resourceVersion'] = String(this.latest);
    this.publish({ type: 'DELETED', version: this.latest, resource: type, object: gone });
    return structuredClone(gone);
  }

  /** Changes after a version; `undefined` when that is too long ago to know. */
  since(version: number): WatchEvent[] | undefined {
    const oldest = this.history[0]?.version ?? this.latest + 1;
    if (version > this.latest || (version + 1 < oldest && version < this.latest)) return undefined;
    return this.history.filter((event) => event.version > version);
  }

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private put(type: ResourceType, object: ApiObject, before: ApiObject | undefined): ApiObject {
    this.latest += 1;
    object.metadata['resourceVersion'] = String(this.latest);
    const key = keyOf(type, namespaceOf(object), nameOf(object));
    this.objects.set(key, object);
    if (type.durable) this.store.set(storePrefix + key, object);
    const common = { version: this.latest, resource: type, object: structuredClone(object) };
    this.publish(before === undefined ? { type: 'ADDED', ...common } : { type: 'MODIFIED', ...common, before });
    return structuredClone(object);
  }

  private publish(event: WatchEvent): void {
    this.history.push(event);
    if (this.history.length > historyLength) this.history = this.history.slice(-historyLength / 2);
    for (const listener of this.listeners) listener(event);
  }
}

export function isApiObject(value: unknown): value is ApiObject {
  const object = asObject(value);
  return typeof object['metadata'] === 'object' && object['metadata'] !== null && !Array.isArray(object['metadata']);
}

export function nameOf(object: ApiObject): string {
  return asString(object.metadata['name']) ?? '';
}

export function namespaceOf(object: ApiObject): string {
  return asString(object.metadata['namespace']) ?? '';
}

export function uidOf(object: ApiObject): string {
  return asString(object.metadata['uid']) ?? '';
}

export function labelsOf(object: ApiObject): Record<string, string> {
  return asStrings(object.metadata['labels']);
}

/** Time in the API's form: whole seconds. */
export function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Random letters as Kubernetes uses them in names: no vowels, nothing that looks alike. */
export function suffix(length: number): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  return Array.from({ length }, () => alphabet.charAt(Math.floor(Math.random() * alphabet.length))).join('');
}

export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, entry]) => [key, sorted(entry)]));
}

function idOf(type: ResourceType): string {
  return type.group === '' ? type.resource : `${type.resource}.${type.group}`;
}

/** Objects without a namespace have an empty part, so that all keys are alike. */
function keyOf(type: ResourceType, namespace: string, name: string): string {
  return `${idOf(type)}/${namespace}/${name}`;
}

export function typeOf(resource: string): ResourceType {
  const found = resourceTypes.find((type) => type.resource === resource);
  if (found === undefined) throw new Error(`No resource ${resource}`);
  return found;
}
