import { asList, asNumber, asObject, asString, type JsonObject } from '../json';
import { nameOf, now, type ApiObject } from './objects';

interface Counts {
  replicas: number;
  updated: number;
  ready: number;
  available: number;
  wanted: number;
}

/** The `status` of a deployment from its replica sets, with the conditions Available and Progressing. */
export function deploymentStatus(deployment: ApiObject, sets: ApiObject[], current: ApiObject | undefined): JsonObject {
  const before = asObject(deployment['status']);
  const spec = asObject(deployment['spec']);
  const count = (from: ApiObject[], key: string): number =>
    from.reduce((total, set) => total + (asNumber(asObject(set['status'])[key]) ?? 0), 0);
  const counts: Counts = {
    replicas: count(sets, 'replicas'),
    updated: current === undefined ? 0 : count([current], 'replicas'),
    ready: count(sets, 'readyReplicas'),
    available: count(sets, 'availableReplicas'),
    wanted: asNumber(spec['replicas']) ?? 1,
  };
  const positive = (key: string, value: number): JsonObject => (value > 0 ? { [key]: value } : {});
  return {
    observedGeneration: deployment.metadata['generation'],
    ...positive('replicas', counts.replicas),
    ...positive('updatedReplicas', counts.updated),
    ...positive('readyReplicas', counts.ready),
    ...positive('availableReplicas', counts.available),
    ...positive('unavailableReplicas', Math.max(0, Math.max(counts.replicas, counts.wanted) - counts.available)),
    conditions: [availability(before, spec, counts), ...progress(deployment, before, counts, current)],
  };
}

function availability(before: JsonObject, spec: JsonObject, counts: Counts): JsonObject {
  const rolling = asObject(asObject(spec['strategy'])['rollingUpdate']);
  const percent = /^(\d+)%$/.exec(String(rolling['maxUnavailable']))?.[1];
  const spared =
    percent === undefined
      ? Number(rolling['maxUnavailable'] ?? 0)
      : Math.floor((Number(percent) * counts.wanted) / 100);
  const enough = counts.available >= counts.wanted - spared;
  return condition(before, {
    type: 'Available',
    status: enough ? 'True' : 'False',
    reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: enough ? 'Deployment has minimum availability.' : 'Deployment does not have minimum availability.',
  });
}

/** Progress is anything that brings the rollout nearer to its end; without any for the deadline the rollout has failed. */
function progress(
  deployment: ApiObject,
  before: JsonObject,
  counts: Counts,
  current: ApiObject | undefined,
): JsonObject[] {
  const existing = asList(before['conditions'])
    .map(asObject)
    .find((one) => one['type'] === 'Progressing');
  if (asObject(deployment['spec'])['paused'] === true || current === undefined) {
    const paused = {
      type: 'Progressing',
      status: 'Unknown',
      reason: 'DeploymentPaused',
      message: 'Deployment is paused',
    };
    return [condition(before, paused)];
  }
  const name = `ReplicaSet "${nameOf(current)}"`;
  const complete =
    counts.updated === counts.wanted && counts.replicas === counts.wanted && counts.available >= counts.wanted;
  if (complete) {
    return [
      condition(before, {
        type: 'Progressing',
        status: 'True',
        reason: 'NewReplicaSetAvailable',
        message: `${name} has successfully progressed.`,
      }),
    ];
  }
  const isNew = deployment.metadata['generation'] !== before['observedGeneration'];
  const moved =
    counts.updated > number(before, 'updatedReplicas') ||
    counts.ready > number(before, 'readyReplicas') ||
    counts.available > number(before, 'availableReplicas') ||
    counts.replicas - counts.updated < number(before, 'replicas') - number(before, 'updatedReplicas');
  const going = {
    type: 'Progressing',
    status: 'True',
    reason: 'ReplicaSetUpdated',
    message: `${name} is progressing.`,
  };
  if (existing === undefined || isNew || moved) return [{ ...condition(before, going), lastUpdateTime: now() }];
  const deadline = (asNumber(asObject(deployment['spec'])['progressDeadlineSeconds']) ?? 600) * 1000;
  const quiet = Date.now() - Date.parse(asString(existing['lastUpdateTime']) ?? '');
  // A rollout that was complete and lost a pod since is no rollout: its deadline is over.
  if (existing['reason'] === 'NewReplicaSetAvailable' || existing['reason'] === 'ProgressDeadlineExceeded')
    return [existing];
  if (quiet < deadline) return [existing];
  return [
    condition(before, {
      type: 'Progressing',
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `${name} has timed out progressing.`,
    }),
  ];
}

function number(status: JsonObject, key: string): number {
  return asNumber(status[key]) ?? 0;
}

/** Times change only with the verdict: `lastTransitionTime` with the status, `lastUpdateTime` with the reason. */
function condition(
  before: JsonObject,
  made: { type: string; status: string; reason: string; message: string },
): JsonObject {
  const existing = asList(before['conditions'])
    .map(asObject)
    .find((one) => one['type'] === made.type);
  const isSame =
    existing?.['status'] === made.status && existing['reason'] === made.reason && existing['message'] === made.message;
  if (isSame) return existing;
  const lastTransitionTime = existing?.['status'] === made.status ? existing['lastTransitionTime'] : now();
  return { ...made, lastUpdateTime: now(), lastTransitionTime };
}
