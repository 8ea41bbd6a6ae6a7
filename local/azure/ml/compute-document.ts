import { randomUUID } from 'node:crypto';
import { invalid, object, optionalObject, optionalText, provider, text, textMap, type Json } from './wire';

/** What a request for a compute becomes. Secrets are kept apart: no answer but listKeys shows them. */
export interface NewCompute {
  document: Json;
  secrets?: Json;
}

interface Kind {
  /** Lengths of the name, as Azure's rules for names say. */
  name: [number, number];
  /** Type of the resource that is attached; absent for what the workspace makes itself. */
  attaches?: RegExp;
  /** The inner properties as stored. @throws ArmFault */
  settings(asked: Json, now: string, createdBy: string): Json;
  secrets?(asked: Json): Json | undefined;
}

const kinds: Record<string, Kind> = {
  AmlCompute: { name: [3, 32], settings: cluster },
  ComputeInstance: { name: [3, 24], settings: instance },
  Kubernetes: {
    name: [2, 16],
    attaches: /\/providers\/Microsoft\.(ContainerService\/managedClusters|Kubernetes\/connectedClusters)\/[^/]+$/i,
    settings: kubernetes,
  },
  VirtualMachine: {
    name: [2, 16],
    attaches: /\/providers\/Microsoft\.Compute\/virtualMachines\/[^/]+$/i,
    settings: virtualMachine,
    secrets: (asked) => {
      const account = optionalObject(asked['administratorAccount'], 'properties.properties.administratorAccount');
      return Object.keys(account).length === 0 ? undefined : { administratorAccount: account };
    },
  },
  SynapseSpark: {
    name: [2, 16],
    attaches: /\/providers\/Microsoft\.Synapse\/workspaces\/[^/]+\/bigDataPools\/[^/]+$/i,
    settings: (asked) => ({ ...asked }),
  },
};

/** Checks a request for a compute (swagger: `ComputeResource`) and makes its stored resource. Throws 400. */
export function newCompute(
  id: string,
  body: unknown,
  before: Json | undefined,
  location: string,
  by: string,
): NewCompute {
  const request = object(body, 'body');
  const asked = object(request['properties'], 'properties');
  const type = text(asked, 'computeType', 'properties');
  const kind = kinds[type];
  if (kind === undefined)
    throw invalid(
      `This local workspace has computes of type ${Object.keys(kinds).join(', ')}, not '${type}'.`,
      'NotSupported',
      'properties.computeType',
    );
  const name = id.split('/').pop() ?? '';
  checkName(name, kind.name);
  const resourceId = attached(asked, kind);
  const now = new Date().toISOString();
  const inner = optionalObject(asked['properties'], 'properties.properties');
  const former = optionalObject(before?.['properties'], 'properties');
  const settings = kind.settings(inner, now, by);
  if (before !== undefined) checkChange(former, type, settings);
  return {
    secrets: kind.secrets?.(inner),
    document: {
      id,
      name,
      type: `${provider}/workspaces/computes`,
      location: optionalText(request, 'location', 'body') ?? location,
      tags: textMap(request['tags'], 'tags'),
      ...(request['identity'] === undefined || request['identity'] === null
        ? {}
        : { identity: identity(object(request['identity'], 'identity')) }),
      properties: {
        computeType: type,
        computeLocation: optionalText(asked, 'computeLocation', 'properties') ?? location,
        description: optionalText(asked, 'description', 'properties') ?? '',
        createdOn: former['createdOn'] ?? now,
        modifiedOn: now,
        disableLocalAuth: asked['disableLocalAuth'] === true,
        isAttachedCompute: kind.attaches !== undefined,
        provisioningErrors: null,
        provisioningState: before === undefined ? 'Creating' : 'Updating',
        resourceId: resourceId ?? null,
        properties: settings,
      },
    },
  };
}

/** A cluster with the size that its smallest number of nodes gives it. */
export function scaled(settings: Json, now: string): Json {
  const nodes = optionalObject(settings['scaleSettings'], 'scaleSettings')['minNodeCount'];
  return {
    ...settings,
    allocationState: 'Steady',
    allocationStateTransitionTime: now,
    currentNodeCount: nodes,
    targetNodeCount: nodes,
    nodeStateCounts: {
      idleNodeCount: nodes,
      leavingNodeCount: 0,
      preemptedNodeCount: 0,
      preparingNodeCount: 0,
      runningNodeCount: 0,
      unusableNodeCount: 0,
    },
  };
}

/** Scale settings with `minNodeCount` filled in; 400 when they contradict themselves. */
export function scaleSettings(value: unknown): Json {
  const at = 'properties.properties.scaleSettings';
  const asked = object(value, at);
  const max = asked['maxNodeCount'];
  const min = asked['minNodeCount'] ?? 0;
  const isCount = (count: unknown): count is number =>
    typeof count === 'number' && Number.isInteger(count) && count >= 0;
  if (!isCount(max) || !isCount(min))
    throw invalid('minNodeCount and maxNodeCount must be whole numbers from 0 on.', 'ValidationError', at);
  if (min > max) throw invalid(`minNodeCount (${min}) must not be above maxNodeCount (${max}).`, 'ValidationError', at);
  const idle = optionalText(asked, 'nodeIdleTimeBeforeScaleDown', at) ?? 'PT120S';
  return { maxNodeCount: max, minNodeCount: min, nodeIdleTimeBeforeScaleDown: idle };
}

function cluster(asked: Json, now: string): Json {
  const at = 'properties.properties';
  const credentials = optionalObject(asked['userAccountCredentials'], `${at}.userAccountCredentials`);
  const settings = {
    osType: 'Linux',
    vmPriority: 'Dedicated',
    enableNodePublicIp: true,
    isolatedNetwork: false,
    remoteLoginPortPublicAccess: 'NotSpecified',
    errors: null,
    ...asked,
    vmSize: text(asked, 'vmSize', at).toUpperCase(),
    scaleSettings: scaleSettings(asked['scaleSettings'] ?? { maxNodeCount: 1 }),
    ...(Object.keys(credentials).length === 0
      ? {}
      : {
          userAccountCredentials: { adminUserName: text(credentials, 'adminUserName', `${at}.userAccountCredentials`) },
        }),
  };
  return scaled(settings, now);
}

function instance(asked: Json, now: string, createdBy: string): Json {
  return {
    applicationSharingPolicy: 'Shared',
    computeInstanceAuthorizationType: 'personal',
    enableNodePublicIp: true,
    errors: [],
    ...asked,
    sshSettings: { sshPublicAccess: 'Disabled', ...optionalObject(asked['sshSettings'], 'sshSettings') },
    vmSize: text(asked, 'vmSize', 'properties.properties').toUpperCase(),
    createdBy: { userId: createdBy },
    state: 'Creating',
    lastOperation: {
      operationName: 'Create',
      operationTime: now,
      operationStatus: 'InProgress',
      operationTrigger: 'User',
    },
  };
}

function kubernetes(asked: Json): Json {
  const secret = new Set(['relayConnectionString', 'serviceBusConnectionString']);
  return {
    namespace: 'default',
    extensionPrincipalId: null,
    extensionInstanceReleaseTrain: null,
    defaultInstanceType: 'defaultinstancetype',
    instanceTypes: { defaultinstancetype: { nodeSelector: null, resources: { limits: { cpu: '2', memory: '8Gi' } } } },
    ...Object.fromEntries(Object.entries(asked).filter(([key]) => !secret.has(key))),
  };
}

function virtualMachine(asked: Json): Json {
  return {
    sshPort: 22,
    ...Object.fromEntries(Object.entries(asked).filter(([key]) => key !== 'administratorAccount')),
  };
}

function attached(asked: Json, kind: Kind): string | undefined {
  const given = optionalText(asked, 'resourceId', 'properties');
  if (kind.attaches === undefined) return given;
  if (given !== undefined && kind.attaches.test(given)) return given;
  throw invalid(
    given === undefined
      ? 'A compute that is attached needs the resourceId of what it attaches.'
      : `'${given}' is not the id of a resource that this type of compute attaches.`,
    'ValidationError',
    'properties.resourceId',
  );
}

/** Type and machine of a compute are for ever. */
function checkChange(former: Json, type: string, settings: Json): void {
  const size = (value: unknown): string => (typeof value === 'string' ? value.toLowerCase() : '');
  const old = optionalObject(former['properties'], 'properties');
  if (former['computeType'] === type && size(old['vmSize']) === size(settings['vmSize'])) return;
  throw invalid(
    'A compute of this name exists with another computeType or vmSize, which cannot be changed.',
    'ComputeImmutable',
    'properties',
  );
}

function checkName(name: string, [least, most]: [number, number]): void {
  if (name.length >= least && name.length <= most && /^[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$/.test(name)) return;
  throw invalid(
    `The compute name '${name}' must have ${least} to ${most} letters, digits and dashes, start with a letter and end with a letter or digit.`,
    'InvalidName',
    'name',
  );
}

function identity(asked: Json): Json {
  const users = Object.entries(optionalObject(asked['userAssignedIdentities'], 'identity.userAssignedIdentities'));
  const own = text(asked, 'type', 'identity').includes('SystemAssigned') ? { principalId: randomUUID() } : {};
  const known = users.map(([id, value]) => [id, { ...optionalObject(value, 'identity') }]);
  return { ...asked, ...own, ...(users.length === 0 ? {} : { userAssignedIdentities: Object.fromEntries(known) }) };
}
