import { AzureError } from '../../lib/azure/errors';
import type { Agent } from '../../lib/agent/agent';
import { CancelledError, TaskError, errorText } from '../../lib/agent/errors';
import { readPipelineRun, runTags } from '../../lib/agent/pipeline-run';
import { waitFor } from '../../lib/agent/poll';
import { at, isRecord, number, textAt } from '../../lib/agent/json';
import { clusterConfig, clusterId, connect, items, type Kubernetes } from '../../lib/azure/kubernetes';
import { adviceFor } from './advice';
import type { Collaborators, InFlight } from './collaborators';
import type { KubernetesInputs } from './inputs';
import { deploymentManifest, labels, namespaceManifest, selector, serviceManifest, type Workload } from './manifests';
import type { Deployed } from './report';

const shownLines = 100;

interface Pace {
  timeoutMs: number;
  firstDelayMs?: number;
}

/** Applies Namespace, Deployment and Service, follows the rollout and waits for the service's address. */
export async function deployToCluster(
  inputs: KubernetesInputs,
  { azure, agent, tokens, transport, firstDelayMs }: Collaborators,
  inFlight: InFlight,
): Promise<Deployed> {
  const config = await clusterConfig(azure, agent, inputs.cluster);
  const kubernetes = connect(config, { azure, agent, tokens, transport });
  const workload = workloadOf(inputs, agent);
  const { name, namespace } = workload;
  const timeoutMs = inputs.timeoutMinutes * 60_000;
  agent.progress(5, `applying to cluster ${inputs.cluster}`);
  if ((await kubernetes.get(`/api/v1/namespaces/${namespace}`)) === undefined) {
    agent.print(`Creating namespace ${namespace}.`);
    await kubernetes.apply(`/api/v1/namespaces/${namespace}`, namespaceManifest(namespace));
  }
  const before = await kubernetes.get(deploymentPath(workload));
  refuseForeign(before, workload);
  inFlight.left = `Deployment ${name} in namespace ${namespace} may be rolling out; running this step again follows it.`;
  const isNew = runningImage(before) !== inputs.image;
  agent.print(`${before === undefined ? 'Creating' : 'Applying'} deployment ${name} in namespace ${namespace}.`);
  try {
    const applied = await kubernetes.apply(deploymentPath(workload), deploymentManifest(workload));
    await kubernetes.apply(servicePath(workload), serviceManifest(workload));
    const generation = number(at(applied, 'metadata', 'generation')) ?? 0;
    const pace = { timeoutMs, firstDelayMs };
    await rolledOut(kubernetes, agent, workload, generation, pace);
    const host = await address(kubernetes, agent, workload, pace);
    const scoringUri = `http://${host}:${workload.port}/score`;
    const { image, model } = inputs;
    const place = `${clusterId(azure, inputs.cluster)}/namespaces/${namespace}`;
    return { target: 'aks', name, place, deploymentName: name, scoringUri, image, model, isNew };
  } catch (error) {
    throw await failedRollout(error, kubernetes, agent, workload, runningImage(before));
  }
}

function workloadOf(inputs: KubernetesInputs, agent: Agent): Workload {
  const { name, namespace, image, port, replicas, cpu, memoryGb, internalLoadBalancer, subnet } = inputs;
  return {
    ...{ name, namespace, image, port, replicas, cpu, memoryGb, internalLoadBalancer, subnet },
    annotations: runTags(readPipelineRun(agent)),
    // Before our own patience ends, so that the cluster says what failed.
    progressDeadlineSeconds: Math.max(30, Math.min(600, inputs.timeoutMinutes * 60 - 30)),
  };
}

/** What somebody else made under this name stays theirs. */
function refuseForeign(found: unknown, workload: Workload): void {
  if (found === undefined) return;
  const own = Object.entries(selector(workload));
  const matches = at(found, 'spec', 'selector', 'matchLabels');
  if (isRecord(matches) && own.every(([key, value]) => matches[key] === value)) return;
  throw new TaskError(
    `Deployment ${workload.name} in namespace ${workload.namespace} exists and was not made by this task.`,
    'Choose another name, or delete it.',
  );
}

function runningImage(deployment: unknown): string | undefined {
  const containers = at(deployment, 'spec', 'template', 'spec', 'containers');
  return Array.isArray(containers) ? textAt(containers[0], 'image') : undefined;
}

/**
 * A rollout is over when the controller has seen the new specification and as many new pods are available as asked for
 * (kubectl, `rollout status`).
 */
async function rolledOut(
  kubernetes: Kubernetes,
  agent: Agent,
  workload: Workload,
  generation: number,
  { timeoutMs, firstDelayMs = 1_000 }: Pace,
): Promise<void> {
  const what = `rollout of ${workload.name}`;
  const wait = { what, timeoutMs, firstDelayMs, maxDelayMs: 5_000, progress: { from: 15, to: 80 } };
  await waitFor(wait, agent, async () => {
    const found = await kubernetes.get(deploymentPath(workload));
    const status = rolloutStatus(found, generation);
    if (status.failure !== undefined) throw new TaskError(`The ${what} failed: ${status.failure}`);
    return status.done ? { done: true, value: undefined } : { done: false, state: status.state };
  });
}

/** State of a rollout by the deployment's own status. */
export function rolloutStatus(
  deployment: unknown,
  generation: number,
): { done: boolean; state: string; failure?: string } {
  const status = at(deployment, 'status');
  const count = (key: string): number => number(at(status, key)) ?? 0;
  const wanted = number(at(deployment, 'spec', 'replicas')) ?? 1;
  const conditions = at(status, 'conditions');
  const stuck = (Array.isArray(conditions) ? conditions : []).find(
    (condition) => textAt(condition, 'type') === 'Progressing' && textAt(condition, 'status') === 'False',
  ) as unknown;
  if (count('observedGeneration') < generation) return { done: false, state: 'not seen by the controller yet' };
  const [updated, available, all] = [count('updatedReplicas'), count('availableReplicas'), count('replicas')];
  const state = `${updated} of ${wanted} updated, ${available} available${all > updated ? `, ${all - updated} old` : ''}`;
  if (stuck !== undefined) {
    return { done: false, state, failure: `${textAt(stuck, 'reason') ?? ''}: ${textAt(stuck, 'message') ?? state}` };
  }
  return { done: updated === wanted && available === wanted && all === wanted, state };
}

async function address(kubernetes: Kubernetes, agent: Agent, workload: Workload, pace: Pace): Promise<string> {
  const what = `address of service ${workload.name}`;
  return waitFor({ what, ...pace, maxDelayMs: 10_000, progress: { from: 80, to: 98 } }, agent, async () => {
    const found = await kubernetes.get(servicePath(workload));
    const ingress = at(found, 'status', 'loadBalancer', 'ingress');
    const entry: unknown = Array.isArray(ingress) ? ingress[0] : undefined;
    const host = textAt(entry, 'ip') ?? textAt(entry, 'hostname');
    return host === undefined ? { done: false, state: 'the load balancer has none yet' } : { done: true, value: host };
  });
}

/** Shows what the pods of the new image say, and what serves on. */
async function failedRollout(
  error: unknown,
  kubernetes: Kubernetes,
  agent: Agent,
  workload: Workload,
  previous: string | undefined,
): Promise<unknown> {
  if (error instanceof CancelledError) return error;
  const { name, namespace } = workload;
  let shown = '';
  try {
    shown = await showPods(kubernetes, agent, workload);
  } catch (second) {
    if (second instanceof CancelledError) throw second;
    agent.print(`The pods of ${name} cannot be read: ${errorText(second)}`);
  }
  const left =
    previous === undefined || previous === workload.image
      ? `Deployment ${name} in namespace ${namespace} is left as it is.`
      : `Deployment ${name} in namespace ${namespace} is left as it is; pods of the previous image serve on: ${previous}`;
  const given = error instanceof TaskError ? error.advice : undefined;
  // A refusal of Resource Manager names the missing action; the container's words do not.
  const refused = error instanceof AzureError && error.status === 403 ? given : undefined;
  const pull = /ErrImagePull|ImagePullBackOff/.test(shown)
    ? "The image could not be pulled: attach the registry to the cluster (role AcrPull for the cluster's kubelet identity)."
    : undefined;
  const schedule = /FailedScheduling|Insufficient/.test(shown)
    ? 'No node has room: lower cpu and memoryGb, or give the cluster more nodes.'
    : undefined;
  const advice = refused ?? pull ?? schedule ?? adviceFor([], `${errorText(error)}\n${shown}`) ?? given;
  return new TaskError(`${errorText(error)}\n${left}`, advice ?? 'The events and logs above say what went wrong.', {
    cause: error,
  });
}

async function showPods(kubernetes: Kubernetes, agent: Agent, workload: Workload): Promise<string> {
  const { name, namespace } = workload;
  const wanted = Object.entries({
    ...selector(workload),
    'app.kubernetes.io/version': labels(workload)['app.kubernetes.io/version'],
  });
  const query = encodeURIComponent(wanted.map(([key, value]) => `${key}=${value ?? ''}`).join(','));
  const pods = items(await kubernetes.get(`/api/v1/namespaces/${namespace}/pods?labelSelector=${query}`));
  const shown: string[] = [];
  const print = (text: string): void => {
    agent.print(text);
    shown.push(text);
  };
  if (pods.length === 0) print(`Deployment ${name} has no pod of the new image.`);
  for (const pod of pods.slice(0, 3)) {
    const podName = textAt(pod, 'metadata', 'name') ?? '';
    print(`Pod ${podName}: ${textAt(pod, 'status', 'phase') ?? 'Unknown'}${containerState(pod)}`);
    for (const event of await podEvents(kubernetes, namespace, podName)) print(`  ${event}`);
    const path = `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(podName)}/log?tailLines=${shownLines}`;
    try {
      print((await kubernetes.log(path)).trimEnd().split('\n').map((line) => `  | ${line}`).join('\n'));
    } catch (error) {
      if (error instanceof CancelledError) throw error;
      print(`  (no log: ${errorText(error)})`);
    }
  } // prettier-ignore
  return shown.join('\n');
}

function containerState(pod: unknown): string {
  const statuses = at(pod, 'status', 'containerStatuses');
  const first: unknown = Array.isArray(statuses) ? statuses[0] : undefined;
  const waiting = at(first, 'state', 'waiting');
  const ended = at(first, 'lastState', 'terminated') ?? at(first, 'state', 'terminated');
  return [
    isRecord(waiting) ? `, waiting: ${textAt(waiting, 'reason') ?? ''} ${textAt(waiting, 'message') ?? ''}` : '',
    isRecord(ended)
      ? `, ended: ${textAt(ended, 'reason') ?? ''}, exit code ${number(ended['exitCode']) ?? 'unknown'}`
      : '',
  ].join('');
}

async function podEvents(kubernetes: Kubernetes, namespace: string, pod: string): Promise<string[]> {
  const query = encodeURIComponent(`involvedObject.name=${pod}`);
  const events = items(await kubernetes.get(`/api/v1/namespaces/${namespace}/events?fieldSelector=${query}`));
  return events
    .slice(-10)
    .map(
      (event) => `${textAt(event, 'type') ?? ''} ${textAt(event, 'reason') ?? ''}: ${textAt(event, 'message') ?? ''}`,
    );
}

function deploymentPath({ name, namespace }: Workload): string {
  return `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
}

function servicePath({ name, namespace }: Workload): string {
  return `/api/v1/namespaces/${namespace}/services/${name}`;
}
