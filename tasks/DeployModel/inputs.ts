import { statSync } from 'node:fs';
import type { Agent } from '../../lib/agent/agent';
import { TaskError } from '../../lib/agent/errors';

/**
 * What an approval of the stage must be. `bound`: where the stage has one, given by somebody else than the requester and on
 * the evidence that is there. `required`: that, and the stage must have one. `unbound`: it need not name the evidence.
 */
export type ApprovalPolicy = 'bound' | 'required' | 'unbound';

/** What is deployed: an image by digest, or a version of a registered model. */
export type Subject = { kind: 'image'; image: string } | ({ kind: 'model' } & ModelVersion);

/** A version of a registered model. */
export interface ModelVersion {
  name: string;
  version: string;
}

/** Inputs of every target. */
interface CommonInputs {
  timeoutMinutes: number;
  approvalPolicy: ApprovalPolicy;
}

export interface ManagedInputs extends CommonInputs {
  target: 'managedEndpoint';
  /** Absent: the deployment file names the model. */
  subject: Subject | undefined;
  endpointName: string | undefined;
  /** Absolute paths. */
  deploymentFile: string | undefined;
  endpointFile: string | undefined;
  /** Folder that what these files name must lie in. */
  root?: string;
  instanceCount: number | undefined;
  /** Percent for the new deployment once it is healthy. */
  traffic: number;
  onFailure: 'keep' | 'delete';
}

export interface ContainerInputs extends CommonInputs {
  target: 'containerInstance';
  /** What the image holds, as the pipeline states it. */
  model: ModelVersion | undefined;
  name: string;
  image: string;
  cpu: number;
  memoryGb: number;
  port: number;
  /** ARM id of the subnet; the group then has a private address. */
  subnet: string | undefined;
  /** ARM id of the user-assigned identity that pulls the image. */
  pullIdentity: string | undefined;
}

export interface KubernetesInputs extends CommonInputs {
  target: 'aks';
  /** What the image holds, as the pipeline states it. */
  model: ModelVersion | undefined;
  name: string;
  image: string;
  cpu: number;
  memoryGb: number;
  port: number;
  /** Name or ARM id of the cluster. */
  cluster: string;
  namespace: string;
  replicas: number;
  internalLoadBalancer: boolean;
  /** Name of the subnet that gives the internal address. */
  subnet: string | undefined;
}

export type Inputs = ManagedInputs | ContainerInputs | KubernetesInputs;

type Target = Inputs['target'];
type Own<I extends CommonInputs> = Omit<I, keyof CommonInputs>;

/** Inputs that belong to some targets only. */
const belongings: Record<string, readonly Target[]> = {
  endpointName: ['managedEndpoint'],
  deploymentFile: ['managedEndpoint'],
  endpointFile: ['managedEndpoint'],
  traffic: ['managedEndpoint'],
  instanceCount: ['managedEndpoint', 'aks'],
  name: ['containerInstance', 'aks'],
  cpu: ['containerInstance', 'aks'],
  memoryGb: ['containerInstance', 'aks'],
  port: ['containerInstance', 'aks'],
  subnet: ['containerInstance', 'aks'],
  pullIdentity: ['containerInstance'],
  cluster: ['aks'],
  namespace: ['aks'],
};

const paths = ['deploymentFile', 'endpointFile'];

/** @throws TaskError that names the input, or those that contradict each other, before anything is called */
export function readInputs(agent: Agent): Inputs {
  for (const name of ['azureSubscription', 'resourceGroup', 'workspace']) agent.requiredInput(name);
  const target = readTarget(agent.requiredInput('target'));
  refuseForeign(agent, target);
  const common = {
    timeoutMinutes: amount(agent, 'timeoutMinutes', { fallback: 90, least: 1, most: 1440 }),
    approvalPolicy: readPolicy(agent.input('approvalPolicy') ?? 'bound'),
  };
  switch (target) {
    case 'managedEndpoint':
      return { ...common, ...readManaged(agent) };
    case 'containerInstance':
      return { ...common, ...readContainer(agent), target, ...readSubnetId(agent) };
    case 'aks':
      return { ...common, ...readKubernetes(agent) };
  }
}

function readPolicy(value: string): ApprovalPolicy {
  if (value === 'bound' || value === 'required' || value === 'unbound') return value;
  throw new TaskError(`Input "approvalPolicy" is "${value}".`, 'Write bound, required or unbound.');
}

function readTarget(value: string): Target {
  if (value === 'managedEndpoint' || value === 'containerInstance' || value === 'aks') return value;
  throw new TaskError(`Input "target" is "${value}".`, 'Write managedEndpoint, containerInstance or aks.');
}

function refuseForeign(agent: Agent, target: Target): void {
  const given = (name: string): boolean =>
    paths.includes(name) ? agent.pathInput(name) !== undefined : agent.input(name) !== undefined;
  const foreign = Object.keys(belongings).filter((name) => !belongings[name]?.includes(target) && given(name));
  if (target !== 'aks' && agent.booleanInput('internalLoadBalancer')) foreign.push('internalLoadBalancer');
  if (foreign.length === 0) return;
  throw new TaskError(
    `The inputs ${foreign.join(', ')} do not go with target ${target}.`,
    'Leave them out, or choose the target they belong to.',
  );
}

function readManaged(agent: Agent): Own<ManagedInputs> {
  const count = agent.input('instanceCount');
  const onFailure = agent.input('onFailure') ?? 'keep';
  if (onFailure !== 'keep' && onFailure !== 'delete') {
    throw new TaskError(`Input "onFailure" is "${onFailure}".`, 'Write keep or delete.');
  }
  const inputs: Own<ManagedInputs> = {
    target: 'managedEndpoint',
    subject: readSubject(agent),
    endpointName: agent.input('endpointName'),
    deploymentFile: file(agent, 'deploymentFile'),
    endpointFile: file(agent, 'endpointFile'),
    root: agent.variable('Build.SourcesDirectory'),
    instanceCount:
      count === undefined ? undefined : amount(agent, 'instanceCount', { fallback: 1, least: 1, most: 100 }),
    traffic: amount(agent, 'traffic', { fallback: 100, least: 0, most: 100 }),
    onFailure,
  };
  if (inputs.subject === undefined && inputs.deploymentFile === undefined) {
    throw new TaskError(
      'Nothing says what to deploy.',
      'Give modelName and modelVersion, or image, or a deploymentFile that names the model.',
    );
  }
  return inputs;
}

function readSubject(agent: Agent): Subject | undefined {
  const image = agent.input('image');
  if (image === undefined) {
    const model = readModel(agent);
    return model && { kind: 'model', ...model };
  }
  if (agent.input('modelName') === undefined && agent.input('modelVersion') === undefined) {
    return { kind: 'image', image: readImage(image) };
  }
  throw new TaskError(
    'The inputs image and modelName (with modelVersion) contradict each other.',
    'Give the image, or the model and its version.',
  );
}

function readModel(agent: Agent): ModelVersion | undefined {
  const [name, version] = [agent.input('modelName'), agent.input('modelVersion')];
  if (name === undefined && version === undefined) return undefined;
  if (name === undefined || version === undefined) {
    const missing = name === undefined ? 'modelName' : 'modelVersion';
    throw new TaskError(`Input "${missing}" is missing.`, 'modelName and modelVersion go together.');
  }
  if (version.toLowerCase() === 'latest') {
    throw new TaskError('Input "modelVersion" is "latest".', 'Deploy an approved version, never latest.');
  }
  for (const [input, value] of [['modelName', name], ['modelVersion', version]] as const) {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/.test(value)) {
      throw new TaskError(`Input "${input}" is "${value}".`, 'Use letters, digits, dots, dashes and underscores.');
    }
  } // prettier-ignore
  return { name, version };
}

/** A tag can be moved after the approval; a digest cannot. */
function readImage(value: string): string {
  if (/^[A-Za-z0-9.-]+(?::\d+)?\/[a-z0-9._/-]+@sha256:[0-9a-f]{64}$/.test(value)) return value;
  throw new TaskError(
    `Input "image" is "${value}".`,
    'Name the image with its registry and by digest (registry/name@sha256:…), as the output image of PackageModel does: what a tag stands for can change after the approval.',
  );
}

function readContainer(agent: Agent): Pick<ContainerInputs, 'name' | 'image' | 'model' | 'cpu' | 'memoryGb' | 'port'> {
  const name = agent.requiredInput('name');
  if (!/^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) {
    throw new TaskError(
      `Input "name" is "${name}".`,
      'Use lower-case letters, digits and dashes; start with a letter; at most 63 characters.',
    );
  }
  return {
    name,
    image: readImage(agent.requiredInput('image')),
    model: readModel(agent),
    cpu: amount(agent, 'cpu', { fallback: 1, least: 0.1, most: 64, isFraction: true }),
    memoryGb: amount(agent, 'memoryGb', { fallback: 2, least: 0.5, most: 512, isFraction: true }),
    port: amount(agent, 'port', { fallback: 5001, least: 1, most: 65535 }),
  };
}

function readSubnetId(agent: Agent): Pick<ContainerInputs, 'subnet' | 'pullIdentity'> {
  return {
    subnet: armId(agent, 'subnet', /\/virtualNetworks\/[^/]+\/subnets\/[^/]+$/i, 'of a subnet'),
    pullIdentity: armId(agent, 'pullIdentity', /\/userAssignedIdentities\/[^/]+$/i, 'of a user-assigned identity'),
  };
}

function armId(agent: Agent, input: string, pattern: RegExp, what: string): string | undefined {
  const value = agent.input(input);
  if (value === undefined || (/^\/subscriptions\//i.test(value) && pattern.test(value))) return value;
  throw new TaskError(`Input "${input}" is "${value}".`, `With this target, write the ARM id ${what}.`);
}

function readKubernetes(agent: Agent): Own<KubernetesInputs> {
  const namespace = agent.input('namespace') ?? 'default';
  if (!/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace)) {
    throw new TaskError(`Input "namespace" is "${namespace}".`, 'Use lower-case letters, digits and dashes.');
  }
  const internalLoadBalancer = agent.booleanInput('internalLoadBalancer');
  const subnet = agent.input('subnet');
  if (subnet !== undefined && !internalLoadBalancer) {
    throw new TaskError(
      'Input "subnet" is given without internalLoadBalancer.',
      'On a cluster the subnet gives the internal load balancer its address: set internalLoadBalancer to true.',
    );
  }
  if (subnet !== undefined && !/^[A-Za-z0-9][\w.-]{0,79}$/.test(subnet)) {
    throw new TaskError(`Input "subnet" is "${subnet}".`, "With target aks, write the subnet's name.");
  }
  return {
    ...readContainer(agent),
    target: 'aks',
    cluster: agent.requiredInput('cluster'),
    namespace,
    replicas: amount(agent, 'instanceCount', { fallback: 1, least: 1, most: 1000 }),
    internalLoadBalancer,
    subnet,
  };
}

interface Limits {
  fallback: number;
  least: number;
  most: number;
  isFraction?: boolean;
}

function amount(agent: Agent, input: string, { fallback, least, most, isFraction }: Limits): number {
  const value = agent.input(input);
  if (value === undefined) return fallback;
  const found = Number(value);
  const isNumber = isFraction === true ? /^\d+(?:\.\d+)?$/.test(value) : /^\d+$/.test(value);
  if (isNumber && found >= least && found <= most) return found;
  throw new TaskError(
    `Input "${input}" is "${value}".`,
    `Write a ${isFraction === true ? 'number' : 'whole number'} from ${least} to ${most}.`,
  );
}

function file(agent: Agent, input: string): string | undefined {
  const found = agent.pathInput(input);
  if (found === undefined || statSync(found, { throwIfNoEntry: false })?.isFile() === true) return found;
  throw new TaskError(`Input "${input}": ${found} is no file.`, 'Paths are relative to the repository.');
}
