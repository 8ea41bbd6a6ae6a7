import { answered } from '../parts/answered';
import { statSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { errorText } from '../../agent/errors';
import type { Soon } from '../later';
import { computeIdentity, pathName, resourceId, subnet, type ResourceIdentity } from '../parts/arm';
import { applications, idleDuration, idleMinutes, schedules, setupScripts } from '../parts/compute-instance';
import { seconds } from '../parts/durations';
import { location } from '../parts/endpoint';
import { mapOf, tagged } from '../shape/collections';
import { dropped, optional, record, required, withDefault } from '../shape/record';
import { anything, boolean, integer, integerIn, names, text, words } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';
import { kind } from './kind';

/** What the request needs, as each type of compute gives it. */
interface Compute {
  name: string;
  location: Soon<string>;
  tags?: Record<string, string>;
  identity?: ResourceIdentity;
  properties: Record<string, unknown>;
  apiVersion?: string;
}

const defaultSize = 'STANDARD_DS3_V2';

const common = (type: string) => ({
  name: required(pathName),
  type: dropped(words(type)),
  description: optional(text),
  tags: optional(mapOf(text)),
  id: answered,
  created_on: answered,
  provisioning_state: answered,
  provisioning_errors: answered,
});

/** The region of all but clusters is the workspace's, whatever the file says. */
const elsewhere = { location: dropped(text) };

const cluster: Shape<Compute> = refine(
  record({
    ...common('amlcompute'),
    location: optional(text),
    resource_id: dropped(text),
    size: withDefault(text, () => defaultSize),
    tier: optional(names('LowPriority', 'Dedicated')),
    min_instances: withDefault(integerIn(0), () => 0),
    max_instances: withDefault(integerIn(0), () => 4),
    idle_time_before_scale_down: withDefault(seconds, () => 'PT2M'),
    ssh_public_access_enabled: optional(boolean),
    ssh_settings: optional(
      record({
        admin_username: required(text, { as: 'adminUserName' }),
        admin_password: optional(text, { as: 'adminUserPassword' }),
        ssh_key_value: optional(text, { as: 'adminUserSshPublicKey' }),
      }),
    ),
    network_settings: optional(subnet),
    identity: optional(computeIdentity),
    enable_node_public_ip: withDefault(boolean, () => true),
  }),
  (value, at) => {
    if (value.minInstances > value.maxInstances) {
      const place = at.optional('max_instances') ?? at.required('min_instances');
      throw place.error(`min_instances is ${value.minInstances}, more than max_instances (${value.maxInstances})`);
    }
    return {
      name: value.name,
      location: value.location ?? location,
      tags: value.tags,
      identity: value.identity,
      properties: {
        computeType: 'AmlCompute',
        description: value.description,
        disableLocalAuth: value.sshSettings === undefined,
        properties: {
          vmSize: value.size,
          vmPriority: value.tier,
          osType: 'Linux',
          scaleSettings: {
            minNodeCount: value.minInstances,
            maxNodeCount: value.maxInstances,
            nodeIdleTimeBeforeScaleDown: value.idleTimeBeforeScaleDown,
          },
          userAccountCredentials: value.sshSettings,
          subnet: value.networkSettings,
          remoteLoginPortPublicAccess: openOrClosed(value.sshPublicAccessEnabled) ?? 'NotSpecified',
          enableNodePublicIp: value.enableNodePublicIp,
        },
      },
    };
  },
);

function openOrClosed(open: boolean | undefined): string | undefined {
  if (open === undefined) return undefined;
  return open ? 'Enabled' : 'Disabled';
}

const instance: Shape<Compute> = refine(
  record({
    ...common('computeinstance'),
    ...elsewhere,
    resource_id: dropped(text),
    size: withDefault(text, () => defaultSize),
    network_settings: optional(subnet),
    create_on_behalf_of: optional(
      record({
        user_tenant_id: optional(text, { as: 'tenantId' }),
        user_object_id: optional(text, { as: 'objectId' }),
      }),
    ),
    ssh_settings: optional(record({ ssh_key_value: optional(text), admin_username: answered, ssh_port: answered })),
    ssh_public_access_enabled: optional(boolean),
    schedules: optional(schedules),
    identity: optional(computeIdentity),
    idle_time_before_shutdown: optional(idleDuration),
    idle_time_before_shutdown_minutes: optional(idleMinutes),
    custom_applications: optional(applications),
    setup_scripts: optional(setupScripts),
    enable_node_public_ip: withDefault(boolean, () => true),
    enable_sso: withDefault(boolean, () => true),
    enable_root_access: withDefault(boolean, () => true),
    release_quota_on_stop: withDefault(boolean, () => false),
    enable_os_patching: withDefault(boolean, () => false),
    state: answered,
    last_operation: answered,
    services: answered,
    os_image_metadata: answered,
  }),
  (value) => ({
    name: value.name,
    location,
    tags: value.tags,
    identity: value.identity,
    properties: {
      computeType: 'ComputeInstance',
      description: value.description,
      disableLocalAuth: value.sshPublicAccessEnabled !== true,
      properties: {
        vmSize: value.size,
        subnet: value.networkSettings,
        sshSettings:
          value.sshSettings === undefined && value.sshPublicAccessEnabled === undefined
            ? undefined
            : {
                sshPublicAccess: openOrClosed(value.sshPublicAccessEnabled ?? false),
                adminPublicKey: value.sshSettings?.sshKeyValue,
              },
        personalComputeInstanceSettings: value.createOnBehalfOf && { assignedUser: value.createOnBehalfOf },
        idleTimeBeforeShutdown: value.idleTimeBeforeShutdownMinutes ?? value.idleTimeBeforeShutdown,
        enableNodePublicIp: value.enableNodePublicIp,
        enableSSO: value.enableSso,
        enableRootAccess: value.enableRootAccess,
        enableOSPatching: value.enableOsPatching,
        releaseQuotaOnStop: value.releaseQuotaOnStop,
        applicationSharingPolicy: 'Shared',
        computeInstanceAuthorizationType: 'personal',
        schedules: value.schedules,
        setupScripts: value.setupScripts,
        customServices: value.customApplications?.length === 0 ? undefined : value.customApplications,
      },
    },
    // Some of the members are in preview versions only.
    apiVersion: '2023-08-01-preview',
  }),
);

const kubernetes: Shape<Compute> = refine(
  record({
    ...common('kubernetes'),
    ...elsewhere,
    resource_id: optional(resourceId),
    namespace: withDefault(text, () => 'default'),
    properties: withDefault(mapOf(anything), () => ({})),
    identity: optional(computeIdentity),
  }),
  ({ name, tags, identity, description, resourceId: id, namespace, properties }) => ({
    name,
    location,
    tags,
    identity,
    properties: {
      computeType: 'Kubernetes',
      computeLocation: location,
      description,
      resourceId: id,
      properties: { ...withNamespace(properties, namespace), namespace },
    },
  }),
);

/** An exported cluster has its properties twice, one in the other. */
function withNamespace(properties: Record<string, unknown>, namespace: string): Record<string, unknown> {
  const { properties: inner } = properties;
  if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return properties;
  return { ...properties, properties: { ...inner, namespace } };
}

/** Keys of a machine are longer than any other value, but not long. */
const largestKey = 64 * 1024;

const privateKey: Shape<string> = refine(text, (name, at, scope) => {
  const file = path.resolve(scope.folder, name);
  try {
    const stats = statSync(file);
    if (stats.isFile() && stats.size <= largestKey) return readFileSync(file, 'utf8');
  } catch (error) {
    throw at.error(`${file} cannot be read: ${errorText(error)}`, 'Paths are relative to the YAML file.');
  }
  throw at.error(`${file} is no key`);
});

const virtualMachine: Shape<Compute> = refine(
  record({
    ...common('virtualmachine'),
    ...elsewhere,
    resource_id: required(resourceId),
    compute_location: answered,
    ssh_settings: required(
      record({
        admin_username: required(text),
        admin_password: optional(text),
        ssh_port: withDefault(integer, () => 22),
        ssh_private_key_file: optional(privateKey),
      }),
    ),
  }),
  ({ name, tags, description, resourceId: id, sshSettings }) => ({
    name,
    location,
    tags,
    properties: {
      computeType: 'VirtualMachine',
      description,
      resourceId: id,
      properties: {
        sshPort: sshSettings.sshPort,
        administratorAccount: {
          username: sshSettings.adminUsername,
          password: sshSettings.adminPassword,
          privateKeyData: sshSettings.sshPrivateKeyFile,
        },
      },
    },
  }),
);

const sparkPool: Shape<Compute> = refine(
  record({
    ...common('synapsespark'),
    ...elsewhere,
    resource_id: required(resourceId),
    identity: optional(computeIdentity),
    node_family: answered,
    node_size: answered,
    node_count: answered,
    spark_version: answered,
    scale_settings: answered,
    auto_pause_settings: answered,
  }),
  ({ name, tags, identity, description, resourceId: id }) => ({
    name,
    location,
    tags,
    identity,
    properties: { computeType: 'SynapseSpark', description, resourceId: id },
  }),
);

/** `az ml compute create` and `attach`. Body: Compute_CreateOrUpdate. */
export const compute = kind({
  name: 'compute',
  schemas: [
    'amlCompute.schema.json',
    'computeInstance.schema.json',
    'kubernetesCompute.schema.json',
    'vmCompute.schema.json',
    'synapseSparkCompute.schema.json',
  ],
  signs: {
    type: ['amlcompute', 'computeinstance', 'kubernetes', 'virtualmachine', 'synapsespark'],
    keys: ['resource_id', 'namespace', 'size', 'min_instances', 'max_instances', 'ssh_settings'],
  },
  shape: tagged('type', {
    amlcompute: cluster,
    computeinstance: instance,
    kubernetes,
    virtualmachine: virtualMachine,
    synapsespark: sparkPool,
  }),
  resource: ({ name, apiVersion, ...body }, scope) => ({
    path: `${scope.workspaceId}/computes/${name}`,
    body,
    apiVersion,
  }),
});
