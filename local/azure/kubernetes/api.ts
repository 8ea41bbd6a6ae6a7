import { asNumber, asObject, asString } from '../json';
import type { Answer, Call } from '../service';
import type { Access } from './access';
import { coreVersions, groupDocument, groupList, resourceList, versionDocument } from './discovery';
import { nameOf, namespaceOf, now, uidOf, type ApiObject, type Objects } from './objects';
import { openapiDocument, openapiIndex, swagger } from './openapi';
import { mergePatch } from './patch';
import type { PodLogs } from './pod-logs';
import { fieldTest, labelTest, type Test } from './selectors';
import { ApiError, badRequest, notFound, statusAnswer } from './status';
import { table } from './table';
import { watch } from './watch';
import { scaleOf, Writes, type Admit, type Target, type Written } from './writes';
import { apiVersionOf, resourceTypes, type ResourceType } from './types';

interface Cluster {
  /** ARM id. */
  id: string;
  url: string;
}

/** The API server of one cluster. */
export class ApiServer {
  private readonly writes: Writes;

  constructor(
    private readonly cluster: Cluster,
    private readonly objects: Objects,
    private readonly access: Access,
    private readonly logs: PodLogs,
    admit: Admit,
  ) {
    this.writes = new Writes(objects, admit);
  }

  async handle(call: Call, path: string): Promise<Answer> {
    try {
      return await this.route(call, path.replace(/^\/+|\/+$/g, ''));
    } catch (error) {
      if (error instanceof ApiError) return statusAnswer(error);
      throw error;
    }
  }

  private route(call: Call, path: string): Answer | Promise<Answer> {
    // What any cluster tells anyone.
    if (['healthz', 'livez', 'readyz'].includes(path))
      return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'ok' };
    if (path === 'version') return json(200, versionDocument());
    const caller = this.access.authenticate(call.headers.authorization);
    const document = call.method === 'GET' ? this.document(path) : undefined;
    if (document !== undefined) return json(200, document);
    const target = parseTarget(path);
    if (target === undefined) throw new ApiError(404, 'NotFound', 'the server could not find the requested resource');
    this.access.authorize(caller, verbOf(call, target), target.type, { ...target, cluster: this.cluster.id });
    return this.resource(call, target);
  }

  private document(path: string): unknown {
    if (path === 'api') return coreVersions(new URL(this.cluster.url).host);
    if (path === 'apis') return groupList();
    if (path === 'openapi/v2') return swagger();
    if (path === 'openapi/v3') return openapiIndex();
    if (path.startsWith('openapi/v3/')) return openapiDocument(path.slice('openapi/v3/'.length));
    const parts = path.split('/');
    if (parts[0] === 'api' && parts.length === 2) return resourceList('', parts[1] ?? '');
    if (parts[0] === 'apis' && parts.length === 2) return groupDocument(parts[1] ?? '');
    if (parts[0] === 'apis' && parts.length === 3) return resourceList(parts[1] ?? '', parts[2] ?? '');
    return undefined;
  }

  private resource(call: Call, target: Target): Answer | Promise<Answer> {
    const { method } = call;
    if (target.subresource === 'log') return this.logs.answer(call, this.find(target));
    if (target.subresource === 'scale') return this.scale(call, target);
    if (target.subresource !== '' && !(target.subresource === 'status' && target.type.hasStatus)) {
      throw new ApiError(404, 'NotFound', 'the server could not find the requested resource');
    }
    if (method === 'GET')
      return target.name === ''
        ? this.list(call, target)
        : this.rendered(call, target.type, [this.find(target)], false);
    if (method === 'POST' && target.name === '') return this.written(call, target, this.writes.create(call, target));
    if (method === 'PUT' && target.name !== '') return this.written(call, target, this.writes.update(call, target));
    if (method === 'PATCH' && target.name !== '') return this.written(call, target, this.writes.patch(call, target));
    if (method === 'DELETE') return this.delete(call, target);
    throw new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
  }

  private find(target: Target): ApiObject {
    const found = this.objects.get(target.type, target.type.namespaced ? target.namespace : '', target.name);
    if (found === undefined) throw notFound(target.type.resource, target.type.group, target.name);
    return found;
  }

  private list(call: Call, target: Target): Answer {
    const { type } = target;
    const namespace = target.namespace === '' ? undefined : target.namespace;
    const tests = [labelTest(call.query.get('labelSelector') ?? ''), fieldTest(call.query.get('fieldSelector') ?? '')];
    const matches: Test = (object) => tests.every((test) => test(object));
    if (['true', '1'].includes(call.query.get('watch') ?? '')) return this.watch(call, type, namespace, matches);
    const items = this.objects.list(type, namespace).filter(matches);
    return this.rendered(call, type, items, true);
  }

  private watch(call: Call, type: ResourceType, namespace: string | undefined, matches: Test): Answer {
    const version = call.query.get('resourceVersion');
    const asTable = wantsTable(call);
    const stream = watch(this.objects, {
      type,
      namespace,
      matches,
      since: version === null || version === '' ? undefined : Number(version),
      bookmarks: call.query.get('allowWatchBookmarks') === 'true',
      initialEvents: call.query.get('sendInitialEvents') === 'true',
      timeoutSeconds: Number(call.query.get('timeoutSeconds') ?? 0) || 1800,
      render: (object) =>
        asTable
          ? table(
              type,
              [object],
              { resourceVersion: object.metadata['resourceVersion'] },
              call.query.get('includeObject'),
            )
          : shown(object, type),
    });
    return { status: 200, headers: { 'content-type': 'application/json' }, stream };
  }

  private rendered(call: Call, type: ResourceType, objects: ApiObject[], isList: boolean): Answer {
    const metadata = { resourceVersion: String(this.objects.version) };
    if (wantsTable(call)) return json(200, table(type, objects, metadata, call.query.get('includeObject')));
    const [first] = objects;
    if (!isList && first !== undefined) return json(200, shown(first, type));
    return json(200, {
      kind: `${type.kind}List`,
      apiVersion: apiVersionOf(type),
      metadata,
      items: objects.map((object) => shown(object, type)),
    });
  }

  private written(call: Call, target: Target, { status, object, warnings }: Written): Answer {
    const headers: Record<string, string> =
      warnings.length === 0
        ? {}
        : { warning: warnings.map((text) => `299 - "${text.replaceAll('"', '\\"')}"`).join(', ') };
    const answer = wantsTable(call)
      ? this.rendered(call, target.type, [object], false)
      : json(status, shown(object, target.type));
    return { ...answer, headers: { ...answer.headers, ...headers } };
  }

  private delete(call: Call, target: Target): Answer {
    const { type } = target;
    if (target.name === '') {
      const tests = [
        labelTest(call.query.get('labelSelector') ?? ''),
        fieldTest(call.query.get('fieldSelector') ?? ''),
      ];
      const found = this.objects.list(type, target.namespace).filter((object) => tests.every((test) => test(object)));
      for (const object of found) this.deleteOne(type, object, 30);
      return this.rendered(call, type, found, true);
    }
    const object = this.find(target);
    const options = call.body.length === 0 ? {} : asObject(call.json());
    const wanted = asString(asObject(options['preconditions'])['uid']);
    if (wanted !== undefined && wanted !== uidOf(object))
      throw new ApiError(
        409,
        'Conflict',
        `the UID in the precondition (${wanted}) does not match the UID in record (${uidOf(object)})`,
      );
    const grace = asNumber(options['gracePeriodSeconds']) ?? Number(call.query.get('gracePeriodSeconds') ?? 30);
    const isDryRun =
      call.query.get('dryRun') === 'All' || (Array.isArray(options['dryRun']) && options['dryRun'].length > 0);
    const left = isDryRun ? object : this.deleteOne(type, object, grace);
    if (type.resource === 'pods' || type.resource === 'namespaces') return json(200, shown(left, type));
    const details = { name: target.name, group: type.group, kind: type.resource, uid: uidOf(object) };
    return json(200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
  }

  /** A pod lives on until its process has ended; whoever runs it removes it then. */
  private deleteOne(type: ResourceType, object: ApiObject, grace: number): ApiObject {
    if (type.resource === 'pods') {
      if (object.metadata['deletionTimestamp'] !== undefined) return object;
      const metadata = { ...object.metadata, deletionTimestamp: now(), deletionGracePeriodSeconds: grace };
      return this.objects.update(type, { ...object, metadata });
    }
    if (type.resource === 'namespaces') {
      if (['default', 'kube-system'].includes(nameOf(object))) {
        throw new ApiError(
          403,
          'Forbidden',
          `namespaces "${nameOf(object)}" is forbidden: this namespace may not be deleted`,
          { name: nameOf(object), kind: 'namespaces' },
        );
      }
      for (const other of resourceTypes.filter(({ namespaced }) => namespaced)) {
        for (const inside of this.objects.list(other, nameOf(object))) this.deleteOne(other, inside, 1);
      }
    }
    return this.objects.delete(type, namespaceOf(object), nameOf(object));
  }

  private scale(call: Call, target: Target): Answer {
    const object = this.find(target);
    if (call.method === 'GET') return json(200, scaleOf(object));
    const body: unknown = call.json();
    const scale = call.method === 'PATCH' ? asObject(mergePatch(scaleOf(object), body)) : asObject(body);
    const replicas = asNumber(asObject(scale['spec'])['replicas']);
    if (replicas === undefined || replicas < 0) throw badRequest('spec.replicas must be a number that is not negative');
    return json(
      200,
      scaleOf(this.objects.update(target.type, { ...object, spec: { ...asObject(object['spec']), replicas } })),
    );
  }
}

/** `api/v1/namespaces/{ns}/pods/{name}/log`, `apis/apps/v1/deployments`, … */
export function parseTarget(path: string): Target | undefined {
  const parts = path.split('/');
  const isCore = parts[0] === 'api';
  if (!isCore && parts[0] !== 'apis') return undefined;
  const group = isCore ? '' : (parts[1] ?? '');
  const version = parts[isCore ? 1 : 2];
  let rest = parts.slice(isCore ? 2 : 3);
  let namespace = '';
  if (
    rest[0] === 'namespaces' &&
    rest.length > 2 &&
    !(group === '' && ['status', 'finalize'].includes(rest[2] ?? ''))
  ) {
    namespace = rest[1] ?? '';
    rest = rest.slice(2);
  }
  const [resource, name = '', subresource = ''] = rest;
  const type = resourceTypes.find((one) => one.group === group && one.version === version && one.resource === resource);
  if (type === undefined || rest.length > 3) return undefined;
  return { type, namespace, name, subresource };
}

function verbOf(call: Call, target: Target): string {
  if (call.method === 'GET') {
    if (['true', '1'].includes(call.query.get('watch') ?? '')) return 'watch';
    return target.name === '' ? 'list' : 'get';
  }
  if (call.method === 'DELETE') return target.name === '' ? 'deletecollection' : 'delete';
  return { POST: 'create', PUT: 'update', PATCH: 'patch' }[call.method] ?? 'get';
}

function wantsTable(call: Call): boolean {
  return (call.headers.accept ?? '').split(',')[0]?.includes('as=Table') ?? false;
}

function shown(object: ApiObject, type: ResourceType): unknown {
  const rest = Object.fromEntries(Object.entries(object).filter(([key]) => key !== 'kind' && key !== 'apiVersion'));
  return { kind: type.kind, apiVersion: apiVersionOf(type), ...rest };
}

function json(status: number, body: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body };
}
