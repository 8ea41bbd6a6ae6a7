import { asList, asNumber, asObject, asString, asStrings, type JsonObject } from '../json';
import { applyDefaults } from './defaults';
import type { Events } from './events';
import { nameOf, namespaceOf, typeOf, uidOf, type ApiObject, type Objects } from './objects';

const pods = typeOf('pods');
const replicaSets = typeOf('replicasets');

/** Objects that belong to an owner and are not on their way out. */
export function ownedBy(objects: Objects, resource: 'pods' | 'replicasets', owner: ApiObject): ApiObject[] {
  return objects
    .list(typeOf(resource), namespaceOf(owner))
    .filter((object) =>
      asList(object.metadata['ownerReferences']).some((reference) => asObject(reference)['uid'] === uidOf(owner)),
    );
}

export function ownerReference(owner: ApiObject, kind: string, apiVersion: string): JsonObject {
  return { apiVersion, kind, name: nameOf(owner), uid: uidOf(owner), controller: true, blockOwnerDeletion: true };
}

export function isReady(pod: ApiObject): boolean {
  if (pod.metadata['deletionTimestamp'] !== undefined) return false;
  return asList(asObject(pod['status'])['conditions']).some(
    (entry) => asObject(entry)['type'] === 'Ready' && asObject(entry)['status'] === 'True',
  );
}

/** Ready for at least `minReadySeconds`. */
export function isAvailable(pod: ApiObject, minReadySeconds: number): boolean {
  if (!isReady(pod)) return false;
  const ready = asList(asObject(pod['status'])['conditions'])
    .map(asObject)
    .find((entry) => entry['type'] === 'Ready');
  return Date.now() - Date.parse(asString(ready?.['lastTransitionTime']) ?? '') >= minReadySeconds * 1000;
}

/** Keeps as many pods as each replica set wants, and says so in its status. */
export function syncReplicaSet(objects: Objects, events: Events, set: ApiObject): void {
  const spec = asObject(set['spec']);
  const wanted = asNumber(spec['replicas']) ?? 1;
  const owned = ownedBy(objects, 'pods', set);
  const living = owned.filter((pod) => pod.metadata['deletionTimestamp'] === undefined && !isOver(pod));
  for (let missing = wanted - living.length; missing > 0; missing--) createPod(objects, events, set);
  const surplus = [...living].sort((a, b) => rank(a) - rank(b)).slice(0, Math.max(living.length - wanted, 0));
  for (const pod of surplus) {
    objects.update(pods, {
      ...pod,
      metadata: { ...pod.metadata, deletionTimestamp: stamp(), deletionGracePeriodSeconds: 5 },
    });
    events.record(
      set,
      replicaSets,
      'Normal',
      'SuccessfulDelete',
      `Deleted pod: ${nameOf(pod)}`,
      'replicaset-controller',
    );
  }
  const current = objects.get(replicaSets, namespaceOf(set), nameOf(set));
  if (current !== undefined) objects.update(replicaSets, { ...current, status: statusOf(objects, current) });
}

function statusOf(objects: Objects, set: ApiObject): JsonObject {
  const minReady = asNumber(asObject(set['spec'])['minReadySeconds']) ?? 0;
  const living = ownedBy(objects, 'pods', set).filter(
    (pod) => pod.metadata['deletionTimestamp'] === undefined && !isOver(pod),
  );
  const ready = living.filter(isReady).length;
  const available = living.filter((pod) => isAvailable(pod, minReady)).length;
  return {
    replicas: living.length,
    ...(living.length === 0 ? {} : { fullyLabeledReplicas: living.length }),
    ...(ready === 0 ? {} : { readyReplicas: ready }),
    ...(available === 0 ? {} : { availableReplicas: available }),
    observedGeneration: set.metadata['generation'],
  };
}

/** The first to go: those that are not ready, then the youngest. */
function rank(pod: ApiObject): number {
  const age = Number(pod.metadata['resourceVersion']);
  return (isReady(pod) ? 1e12 : 0) - age;
}

function isOver(pod: ApiObject): boolean {
  const phase = asObject(pod['status'])['phase'];
  return phase === 'Failed' || phase === 'Succeeded';
}

function createPod(objects: Objects, events: Events, set: ApiObject): void {
  const template = asObject(asObject(set['spec'])['template']);
  const metadata = asObject(template['metadata']);
  const pod: ApiObject = {
    metadata: {
      generateName: `${nameOf(set)}-`,
      namespace: namespaceOf(set),
      labels: asStrings(metadata['labels']),
      ...(metadata['annotations'] === undefined ? {} : { annotations: asStrings(metadata['annotations']) }),
      ownerReferences: [ownerReference(set, 'ReplicaSet', 'apps/v1')],
    },
    spec: structuredClone(asObject(template['spec'])),
    status: { phase: 'Pending' },
  };
  applyDefaults(pod, pods);
  const created = objects.create(pods, pod);
  events.record(
    set,
    replicaSets,
    'Normal',
    'SuccessfulCreate',
    `Created pod: ${nameOf(created)}`,
    'replicaset-controller',
  );
}

function stamp(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}
