import { parse as parseYaml } from 'yaml';
import { asObject, asString, isObject, type JsonObject } from '../json';
import type { Call } from '../service';
import { serverSideApply, trackUpdate } from './apply';
import { applyDefaults } from './defaults';
import { nameOf, typeOf, type ApiObject, type Objects } from './objects';
import { jsonPatch, mergePatch, strategicMerge } from './patch';
import { readProtobuf } from './protobuf';
import { ApiError, badRequest, notFound } from './status';
import { checkIncoming, validate } from './validation';
import type { ResourceType } from './types';

/** What a request is about. */
export interface Target {
  type: ResourceType;
  namespace: string;
  name: string;
  subresource: string;
}

export interface Written {
  status: number;
  object: ApiObject;
  warnings: string[];
}

/** Gives a new object what only the cluster knows (a service's address), before it is stored. */
export type Admit = (object: ApiObject, type: ResourceType, before: ApiObject | undefined) => void;

/** Creates, replaces and patches objects as the API server does. */
export class Writes {
  constructor(
    private readonly objects: Objects,
    private readonly admit: Admit,
  ) {}

  create(call: Call, target: Target): Written {
    const { type } = target;
    const body = readBody(call);
    const warnings = checkIncoming(body, type, call.query.get('fieldValidation'));
    const object = this.located(body, target);
    return { status: 201, object: this.store(call, target, undefined, object, true), warnings };
  }

  update(call: Call, target: Target): Written {
    const body = readBody(call);
    const warnings = checkIncoming(body, target.type, call.query.get('fieldValidation'));
    const object = this.located(body, target);
    if (nameOf(object) !== target.name) {
      throw badRequest(
        `the name of the object (${nameOf(object)}) does not match the name on the URL (${target.name})`,
      );
    }
    const before = this.objects.get(target.type, target.namespace, target.name);
    if (before === undefined) throw notFound(target.type.resource, target.type.group, target.name);
    return { status: 200, object: this.store(call, target, before, object, true), warnings };
  }

  patch(call: Call, target: Target): Written {
    const form = (call.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
    const before = this.objects.get(target.type, target.namespace, target.name);
    if (form === 'application/apply-patch+yaml' || form === 'application/apply-patch+cbor')
      return this.apply(call, target, before);
    if (before === undefined) throw notFound(target.type.resource, target.type.group, target.name);
    const patched = this.patched(form, before, readBody(call, true), target.type);
    const warnings = checkIncoming(patched, target.type, call.query.get('fieldValidation'));
    return { status: 200, object: this.store(call, target, before, this.located(patched, target), true), warnings };
  }

  private patched(form: string, before: ApiObject, patch: unknown, type: ResourceType): unknown {
    if (form === 'application/json-patch+json') return jsonPatch(before, patch);
    if (form === 'application/merge-patch+json') return mergePatch(before, patch);
    if (form === 'application/strategic-merge-patch+json') return strategicMerge(before, patch, type.schema);
    throw new ApiError(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml`,
    );
  }

  private apply(call: Call, target: Target, before: ApiObject | undefined): Written {
    const { type, subresource } = target;
    const manager = call.query.get('fieldManager') ?? '';
    if (manager === '') {
      throw new ApiError(
        422,
        'Invalid',
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      );
    }
    const body = readBody(call);
    const warnings = checkIncoming(body, type, call.query.get('fieldValidation'));
    const applied = this.located(body, target);
    if (applied.metadata['managedFields'] !== undefined) throw badRequest('metadata.managedFields must be nil');
    if (nameOf(applied) !== target.name) {
      throw badRequest(`name in URL does not match name in patch object: ${target.name} != ${nameOf(applied)}`);
    }
    const by = { manager, force: call.query.get('force') === 'true', subresource };
    const object = serverSideApply(before, applied, type, by);
    object.metadata['namespace'] ??= applied.metadata['namespace'];
    if (before === undefined && subresource !== '') throw notFound(type.resource, type.group, target.name);
    return {
      status: before === undefined ? 201 : 200,
      object: this.store(call, target, before, object, false),
      warnings,
    };
  }

  private store(
    call: Call,
    target: Target,
    before: ApiObject | undefined,
    given: ApiObject,
    track: boolean,
  ): ApiObject {
    const { type, subresource } = target;
    const object = keepOther(given, before, subresource, type);
    applyDefaults(object, type);
    this.admit(object, type, before);
    validate(
      object.metadata['generateName'] !== undefined && nameOf(object) === '' ? named(object) : object,
      type,
      before,
    );
    if (track) trackUpdate(before, object, type, managerOf(call), subresource);
    if (call.query.get('dryRun') === 'All')
      return before === undefined ? object : { ...object, metadata: { ...before.metadata, ...object.metadata } };
    return before === undefined ? this.objects.create(type, object) : this.objects.update(type, object);
  }

  /** The object in the namespace of the request, which must exist. */
  private located(body: unknown, target: Target): ApiObject {
    const document = asObject(body);
    const object: ApiObject = { ...document, metadata: { ...asObject(document['metadata']) } };
    if (!target.type.namespaced) {
      Reflect.deleteProperty(object.metadata, 'namespace');
      return object;
    }
    const own = asString(object.metadata['namespace']);
    if (own !== undefined && own !== '' && own !== target.namespace) {
      throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
    }
    object.metadata['namespace'] = target.namespace;
    if (this.objects.get(typeOf('namespaces'), '', target.namespace) === undefined)
      throw notFound('namespaces', '', target.namespace);
    return object;
  }
}

/** A write to the object leaves its status alone, and the other way round. */
function keepOther(
  given: ApiObject,
  before: ApiObject | undefined,
  subresource: string,
  type: ResourceType,
): ApiObject {
  const object = structuredClone(given);
  if (!type.hasStatus) return object;
  if (subresource === 'status' && before !== undefined) {
    const status = object['status'];
    const metadata = {
      ...before.metadata,
      managedFields: object.metadata['managedFields'],
      resourceVersion: object.metadata['resourceVersion'],
    };
    return { ...structuredClone(before), metadata, ...(status === undefined ? {} : { status }) };
  }
  if (before?.['status'] === undefined) Reflect.deleteProperty(object, 'status');
  else object['status'] = structuredClone(before['status']);
  return object;
}

/** For the check of a name that is about to be made up. */
function named(object: ApiObject): ApiObject {
  const generate = asString(object.metadata['generateName']) ?? '';
  return { ...object, metadata: { ...object.metadata, name: `${generate}xxxxx` } };
}

/** Without a name given, the program's: the first part of its user agent. */
function managerOf(call: Call): string {
  return call.query.get('fieldManager') ?? (call.headers['user-agent'] ?? 'unknown').split('/')[0] ?? 'unknown';
}

/** A body in JSON or YAML; lists only where a patch may be one. */
function readBody(call: Call, allowList = false): unknown {
  const text = call.body.toString('utf8');
  const form = call.headers['content-type'] ?? 'application/json';
  if (form.includes('protobuf')) return readProtobuf(call.body);
  const body = parse(text, form.includes('yaml'));
  if (isObject(body) || (allowList && Array.isArray(body))) return body;
  throw badRequest('the object provided is unrecognized (must be of type Object)');
}

function parse(text: string, isYaml: boolean): unknown {
  try {
    return isYaml ? parseYaml(text, { maxAliasCount: 10 }) : JSON.parse(text);
  } catch (error) {
    throw badRequest(`error decoding the body: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The `Scale` of a deployment or replica set. */
export function scaleOf(object: ApiObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const labels = asObject(asObject(asObject(object['spec'])['selector'])['matchLabels']);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: asObject(object['spec'])['replicas'] },
    status: {
      replicas: asObject(object['status'])['replicas'] ?? 0,
      selector: Object.entries(labels)
        .map(([key, value]) => `${key}=${String(value)}`)
        .join(','),
    },
  };
}
