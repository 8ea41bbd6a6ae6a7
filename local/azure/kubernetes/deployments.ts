import { createHash } from 'node:crypto';
import { asNumber, asObject, asString, asStrings, type JsonObject } from '../json';
import { deploymentStatus } from './deployment-status';
import type { Events } from './events';
import { nameOf, namespaceOf, same, typeOf, type ApiObject, type Objects } from './objects';
import { ownedBy, ownerReference } from './replicasets';

const deployments = typeOf('deployments');
const replicaSets = typeOf('replicasets');
const revisionKey = 'deployment.kubernetes.io/revision';
const hashKey = 'pod-template-hash';

/** One step of a deployment's controller: the new replica set, the sizes of all of them, the status. */
export function syncDeployment(objects: Objects, events: Events, deployment: ApiObject): void {
  const spec = asObject(deployment['spec']);
  const sets = ownedBy(objects, 'replicasets', deployment);
  const wanted = spec['template'];
  let current = sets.find((set) => same(plainTemplate(asObject(set['spec'])['template']), wanted));
  if (spec['paused'] !== true) {
    const old = sets.filter((set) => set !== current);
    current = ensureCurrent(objects, events, deployment, current, sets);
    const scale = (set: ApiObject, replicas: number): void => resize(objects, events, deployment, set, replicas);
    if (asString(asObject(spec['strategy'])['type']) === 'Recreate') recreate(objects, deployment, current, old, scale);
    else roll(deployment, current, old, scale);
    forgetOld(objects, deployment, old);
  }
  publish(objects, deployment, current);
}

/** Selects the set of the present template, or makes it, and gives it the newest revision. */
function ensureCurrent(
  objects: Objects,
  events: Events,
  deployment: ApiObject,
  found: ApiObject | undefined,
  sets: ApiObject[],
): ApiObject {
  const newest = Math.max(0, ...sets.filter((set) => set !== found).map(revisionOf));
  if (found !== undefined) {
    const revision = Math.max(revisionOf(found), newest + (revisionOf(found) > newest ? 0 : 1));
    annotate(objects, deployment, deployments, revision);
    return annotate(objects, found, replicaSets, revision);
  }
  const spec = asObject(deployment['spec']);
  const template = structuredClone(asObject(spec['template']));
  const hash = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10);
  const labels = { ...asStrings(asObject(template['metadata'])['labels']), [hashKey]: hash };
  const selector = asObject(spec['selector']);
  const set: ApiObject = {
    metadata: {
      name: freeName(objects, deployment, hash),
      namespace: namespaceOf(deployment),
      labels,
      annotations: { ...kept(deployment), [revisionKey]: String(newest + 1) },
      ownerReferences: [ownerReference(deployment, 'Deployment', 'apps/v1')],
    },
    spec: {
      replicas: 0,
      ...(spec['minReadySeconds'] === undefined ? {} : { minReadySeconds: spec['minReadySeconds'] }),
      selector: { ...selector, matchLabels: { ...asObject(selector['matchLabels']), [hashKey]: hash } },
      template: { ...template, metadata: { ...asObject(template['metadata']), labels } },
    },
    status: { replicas: 0 },
  };
  annotate(objects, deployment, deployments, newest + 1);
  const created = objects.create(replicaSets, set);
  events.record(
    deployment,
    deployments,
    'Normal',
    'NewReplicaSetCreated',
    `Created new replica set "${nameOf(created)}"`,
    'deployment-controller',
  );
  return created;
}

/** A set of another template may have the same short hash: then the name differs. */
function freeName(objects: Objects, deployment: ApiObject, hash: string): string {
  const base = `${nameOf(deployment)}-${hash}`;
  let name = base;
  for (let count = 1; objects.get(replicaSets, namespaceOf(deployment), name) !== undefined; count++)
    name = `${base}${count}`;
  return name;
}

function kept(deployment: ApiObject): Record<string, string> {
  const annotations = asStrings(deployment.metadata['annotations']);
  const skipped = ['kubectl.kubernetes.io/last-applied-configuration', revisionKey];
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !skipped.includes(key)));
}

/** Rolling update: never more than `replicas + maxSurge` pods, never fewer than `replicas - maxUnavailable` available. */
function roll(
  deployment: ApiObject,
  current: ApiObject,
  old: ApiObject[],
  scale: (set: ApiObject, replicas: number) => void,
): void {
  const wanted = replicasOf(deployment);
  const { surge, unavailable } = limits(deployment, wanted);
  const total = sumOf([current, ...old], replicasOf);
  const size = replicasOf(current);
  let grown = size;
  if (size > wanted) grown = wanted;
  else if (size < wanted) grown = Math.min(wanted, size + Math.max(0, wanted + surge - total));
  if (grown !== size) scale(current, grown);
  const available = sumOf([current, ...old], availableOf);
  const newMissing = Math.max(0, grown - availableOf(current));
  // Pods of an old set that do not work may go first: they are not missed.
  let spare = total - size + grown - (wanted - unavailable) - newMissing;
  let removable = Math.max(0, available - (wanted - unavailable));
  for (const set of [...old].sort((a, b) => revisionOf(a) - revisionOf(b))) {
    const now = replicasOf(set);
    const broken = Math.min(now - availableOf(set), Math.max(spare, 0));
    const healthy = Math.min(now - broken, removable);
    if (broken + healthy === 0) continue;
    spare -= broken + healthy;
    removable -= healthy;
    scale(set, now - broken - healthy);
  }
}

/** Recreate: all old pods are gone before the first new one is made. */
function recreate(
  objects: Objects,
  deployment: ApiObject,
  current: ApiObject,
  old: ApiObject[],
  scale: (set: ApiObject, replicas: number) => void,
): void {
  for (const set of old) if (replicasOf(set) > 0) scale(set, 0);
  const left = old.some((set) => ownedBy(objects, 'pods', set).length > 0);
  if (!left && replicasOf(current) !== replicasOf(deployment)) scale(current, replicasOf(deployment));
}

function limits(deployment: ApiObject, wanted: number): { surge: number; unavailable: number } {
  const rolling = asObject(asObject(asObject(deployment['spec'])['strategy'])['rollingUpdate']);
  const share = (value: unknown, round: (x: number) => number): number => {
    const percent = /^(\d+)%$/.exec(String(value))?.[1];
    return percent === undefined ? Number(value ?? 0) : round((Number(percent) * wanted) / 100);
  };
  const surge = share(rolling['maxSurge'], Math.ceil);
  const unavailable = share(rolling['maxUnavailable'], Math.floor);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

function resize(objects: Objects, events: Events, deployment: ApiObject, set: ApiObject, replicas: number): void {
  const found = objects.get(replicaSets, namespaceOf(set), nameOf(set));
  if (found === undefined) return;
  const before = replicasOf(found);
  objects.update(replicaSets, { ...found, spec: { ...asObject(found['spec']), replicas } });
  const direction = replicas > before ? 'up' : 'down';
  const text = `Scaled ${direction} replica set ${nameOf(set)} from ${before} to ${replicas}`;
  events.record(deployment, deployments, 'Normal', 'ScalingReplicaSet', text, 'deployment-controller');
}

function forgetOld(objects: Objects, deployment: ApiObject, old: ApiObject[]): void {
  const limit = asNumber(asObject(deployment['spec'])['revisionHistoryLimit']) ?? 10;
  const empty = old.filter((set) => replicasOf(set) === 0 && ownedBy(objects, 'pods', set).length === 0);
  const sorted = empty.sort((a, b) => revisionOf(b) - revisionOf(a));
  for (const set of sorted.slice(limit)) objects.delete(replicaSets, namespaceOf(set), nameOf(set));
}

function publish(objects: Objects, deployment: ApiObject, current: ApiObject | undefined): void {
  const found = objects.get(deployments, namespaceOf(deployment), nameOf(deployment));
  if (found === undefined) return;
  const sets = ownedBy(objects, 'replicasets', found);
  const newest = current === undefined ? undefined : objects.get(replicaSets, namespaceOf(current), nameOf(current));
  objects.update(deployments, { ...found, status: deploymentStatus(found, sets, newest) });
}

function annotate(objects: Objects, object: ApiObject, type: typeof deployments, revision: number): ApiObject {
  const found = objects.get(type, namespaceOf(object), nameOf(object)) ?? object;
  const annotations = { ...asStrings(found.metadata['annotations']), [revisionKey]: String(revision) };
  return objects.update(type, { ...found, metadata: { ...found.metadata, annotations } });
}

/** A set's template without the label that tells the sets apart. */
function plainTemplate(template: unknown): JsonObject {
  const plain = structuredClone(asObject(template));
  const metadata = asObject(plain['metadata']);
  const labels = asObject(metadata['labels']);
  Reflect.deleteProperty(labels, hashKey);
  return plain;
}

function revisionOf(set: ApiObject): number {
  return Number(asStrings(set.metadata['annotations'])[revisionKey] ?? 0);
}

export function replicasOf(object: ApiObject): number {
  return asNumber(asObject(object['spec'])['replicas']) ?? 1;
}

function availableOf(set: ApiObject): number {
  return asNumber(asObject(set['status'])['availableReplicas']) ?? 0;
}

function sumOf(sets: ApiObject[], value: (set: ApiObject) => number): number {
  return sets.reduce((total, set) => total + value(set), 0);
}
