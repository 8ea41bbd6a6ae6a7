import { asList, asNumber, asObject, asString, asStrings, type JsonObject } from '../json';
import type { ApiObject } from './objects';
import type { ResourceType } from './types';

/** Fills in what the API server fills in. Changes the object given. */
export function applyDefaults(object: ApiObject, type: ResourceType): void {
  if (type.resource === 'deployments') deployment(part(object, 'spec'));
  else if (type.resource === 'replicasets') replicaSet(part(object, 'spec'));
  else if (type.resource === 'pods') podSpec(part(object, 'spec'));
  else if (type.resource === 'services') service(part(object, 'spec'));
  else if (type.resource === 'secrets') secret(object);
  else if (type.resource === 'namespaces') namespace(object);
}

function part(object: JsonObject, key: string): JsonObject {
  const found = asObject(object[key]);
  object[key] = found;
  return found;
}

function fill(object: JsonObject, values: JsonObject): void {
  for (const [key, value] of Object.entries(values)) object[key] ??= value;
}

function deployment(spec: JsonObject): void {
  fill(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 });
  const strategy = part(spec, 'strategy');
  fill(strategy, { type: 'RollingUpdate' });
  if (strategy['type'] === 'RollingUpdate')
    fill(part(strategy, 'rollingUpdate'), { maxUnavailable: '25%', maxSurge: '25%' });
  template(spec);
}

function replicaSet(spec: JsonObject): void {
  fill(spec, { replicas: 1 });
  template(spec);
}

function template(spec: JsonObject): void {
  const inner = part(spec, 'template');
  fill(part(inner, 'metadata'), { creationTimestamp: null });
  podSpec(part(inner, 'spec'));
}

function podSpec(spec: JsonObject): void {
  fill(spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  });
  const account = asString(spec['serviceAccountName']) ?? asString(spec['serviceAccount']);
  if (account !== undefined) fill(spec, { serviceAccountName: account, serviceAccount: account });
  for (const container of asList(spec['containers']).map(asObject)) defaultContainer(container);
}

function defaultContainer(container: JsonObject): void {
  const image = asString(container['image']) ?? '';
  const isLatest = !image.includes('@') && (/:latest$/.test(image) || !/:[^/]+$/.test(image));
  fill(container, {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: isLatest ? 'Always' : 'IfNotPresent',
    resources: {},
  });
  for (const port of asList(container['ports']).map(asObject)) fill(port, { protocol: 'TCP' });
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = container[name];
    if (probe === undefined || probe === null) continue;
    fill(asObject(probe), { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 });
    const get = asObject(asObject(probe)['httpGet']);
    if (get['port'] !== undefined) fill(get, { path: '/', scheme: 'HTTP' });
  }
  for (const variable of asList(container['env']).map(asObject)) {
    const field = asObject(asObject(variable['valueFrom'])['fieldRef']);
    if (field['fieldPath'] !== undefined) fill(field, { apiVersion: 'v1' });
  }
  const { limits, requests } = asObject(container['resources']);
  // What has a limit and no request requests its limit.
  if (limits !== undefined) part(container, 'resources')['requests'] = { ...asObject(limits), ...asObject(requests) };
}

function service(spec: JsonObject): void {
  fill(spec, { type: 'ClusterIP', sessionAffinity: 'None' });
  for (const port of asList(spec['ports']).map(asObject))
    fill(port, { protocol: 'TCP', targetPort: asNumber(port['port']) });
  if (spec['type'] !== 'ExternalName')
    fill(spec, { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', internalTrafficPolicy: 'Cluster' });
  if (spec['type'] === 'LoadBalancer')
    fill(spec, { allocateLoadBalancerNodePorts: true, externalTrafficPolicy: 'Cluster' });
}

/** `stringData` is written into `data` and not kept. */
function secret(object: ApiObject): void {
  fill(object, { type: 'Opaque' });
  const texts = Object.entries(asStrings(object['stringData']));
  if (texts.length > 0) {
    const encoded = texts.map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
    object['data'] = { ...asObject(object['data']), ...asObject(Object.fromEntries(encoded)) };
  }
  Reflect.deleteProperty(object, 'stringData');
}

function namespace(object: ApiObject): void {
  fill(part(object, 'spec'), { finalizers: ['kubernetes'] });
  fill(part(object, 'status'), { phase: 'Active' });
  const { metadata } = object;
  metadata['labels'] = { ...asObject(metadata['labels']), 'kubernetes.io/metadata.name': metadata['name'] };
}
