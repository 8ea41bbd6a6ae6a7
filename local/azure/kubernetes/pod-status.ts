import type { ContainerState } from '../containers/container';
import { asList, asObject, asString, type JsonObject } from '../json';
import { now, same, uidOf, type ApiObject } from './objects';

/** What is known of one container of a pod. */
export interface ContainerView {
  spec: JsonObject;
  state: ContainerState;
  previous?: ContainerState | undefined;
  restartCount?: number;
  ready: boolean;
  started: boolean;
  imageId: string;
}

/** The `status` of a pod from its containers. */
export function podStatus(
  pod: ApiObject,
  containers: ContainerView[],
  restartPolicy: string,
  ip: string | undefined,
  startTime: string,
): JsonObject {
  const before = asObject(pod['status']);
  const ready = containers.every((one) => one.ready);
  const phase = phaseOf(containers, restartPolicy);
  const unready = containers.filter((one) => !one.ready).map((one) => asString(one.spec['name']) ?? '');
  const reason: JsonObject =
    unready.length === 0
      ? {}
      : { reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` };
  const conditions = [
    condition(before, 'PodReadyToStartContainers', ip !== undefined, {}),
    condition(before, 'Initialized', true, {}),
    condition(before, 'Ready', ready, reason),
    condition(before, 'ContainersReady', ready, reason),
    condition(before, 'PodScheduled', true, {}),
  ];
  return {
    phase,
    conditions,
    hostIP: '127.0.0.1',
    ...(ip === undefined ? {} : { podIP: ip, podIPs: [{ ip }] }),
    startTime,
    containerStatuses: containers.map((one) => containerStatus(one, pod)),
    qosClass: 'Burstable',
  };
}

function phaseOf(containers: ContainerView[], restartPolicy: string): string {
  const ended = containers.every((one) => one.state.state === 'Terminated');
  const failed = containers.some((one) => one.state.state === 'Terminated' && one.state.exitCode !== 0);
  if (ended && restartPolicy === 'Never') return failed ? 'Failed' : 'Succeeded';
  if (ended && restartPolicy === 'OnFailure' && !failed) return 'Succeeded';
  return containers.some(
    (one) => one.state.state !== 'Waiting' || (one.restartCount ?? 0) > 0 || one.previous !== undefined,
  )
    ? 'Running'
    : 'Pending';
}

/** The time of the last change stays while the verdict does. */
function condition(before: JsonObject, type: string, isTrue: boolean, reason: JsonObject): JsonObject {
  const status = isTrue ? 'True' : 'False';
  const existing = asList(before['conditions'])
    .map(asObject)
    .find((one) => one['type'] === type);
  const lastTransitionTime = existing?.['status'] === status ? existing['lastTransitionTime'] : now();
  const made = { type, status, lastProbeTime: null, lastTransitionTime, ...reason };
  return existing !== undefined && same(existing, made) ? existing : made;
}

function containerStatus(one: ContainerView, pod: ApiObject): JsonObject {
  const name = asString(one.spec['name']) ?? '';
  return {
    name,
    state: stateOf(one.state, `local://${uidOf(pod)}/${name}`),
    lastState: one.previous === undefined ? {} : stateOf(one.previous, `local://${uidOf(pod)}/${name}`),
    ready: one.ready,
    restartCount: one.restartCount ?? 0,
    image: one.spec['image'],
    imageID: one.imageId,
    containerID:
      one.state.state === 'Waiting' && one.state.reason === 'ContainerCreating' ? '' : `local://${uidOf(pod)}/${name}`,
    started: one.started,
  };
}

function stateOf(state: ContainerState, containerID: string): JsonObject {
  if (state.state === 'Waiting')
    return { waiting: { reason: state.reason, ...(state.message === '' ? {} : { message: state.message }) } };
  if (state.state === 'Running') return { running: { startedAt: seconds(state.startedAt) } };
  const { exitCode, reason, message, startedAt, finishedAt } = state;
  const times = { startedAt: seconds(startedAt), finishedAt: seconds(finishedAt) };
  return { terminated: { exitCode, reason, ...(message === '' ? {} : { message }), ...times, containerID } };
}

function seconds(time: string): string {
  return time.replace(/\.\d+Z$/, 'Z');
}
