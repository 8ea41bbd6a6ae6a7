import type { WaitOptions } from './arm';
import type { Azure } from './azure';
import { at, isRecord, number, text, textAt } from '../agent/json';

/** api-version of container groups. */
export const containerApiVersion = '2023-05-01';

/** What a container group shall be: one container that serves. */
export interface ContainerGroup {
  name: string;
  image: string;
  port: number;
  cpu: number;
  memoryGb: number;
  /** ARM id; the group then has a private address. */
  subnet?: string;
  /** How the registry is asked for the image; absent for a public one. */
  pull?: { server: string } & ({ identity: string } | { username: string; password: string });
  tags: Record<string, string>;
}

/** A container group as its GET describes it (ContainerGroups_Get). */
export interface ContainerGroupState {
  provisioningState: string;
  /** State of the group, for example Running. */
  state?: string;
  image?: string;
  port?: number;
  cpu?: number;
  memoryGb?: number;
  subnet?: string;
  ip?: string;
  fqdn?: string;
  container?: { name: string; state: string; exitCode?: number; detail?: string; restarts: number };
  events: ContainerEvent[];
}

export interface ContainerEvent {
  name: string;
  type: string;
  message: string;
  count: number;
}

/** The name of the one container. */
export const containerName = 'scorer';

export function containerGroupId(azure: Azure, name: string): string {
  return `${azure.resourceGroupId}/providers/Microsoft.ContainerInstance/containerGroups/${name}`;
}

/** Body of ContainerGroups_CreateOrUpdate. */
export function containerGroupBody(group: ContainerGroup, location: string): Record<string, unknown> {
  const { image, port, cpu, memoryGb, subnet, pull } = group;
  const identity = pull && 'identity' in pull ? pull.identity : undefined;
  return {
    location,
    tags: group.tags,
    ...(identity === undefined
      ? {}
      : { identity: { type: 'UserAssigned', userAssignedIdentities: { [identity]: {} } } }),
    properties: {
      sku: 'Standard',
      osType: 'Linux',
      restartPolicy: 'Always',
      ...(pull === undefined ? {} : { imageRegistryCredentials: [pull] }),
      ...(subnet === undefined ? {} : { subnetIds: [{ id: subnet }] }),
      ipAddress: { type: subnet === undefined ? 'Public' : 'Private', ports: [{ protocol: 'TCP', port }] },
      containers: [
        {
          name: containerName,
          properties: {
            image,
            ports: [{ port, protocol: 'TCP' }],
            resources: { requests: { cpu, memoryInGB: memoryGb } },
            readinessProbe: {
              httpGet: { path: '/', port, scheme: 'http' },
              initialDelaySeconds: 5,
              periodSeconds: 5,
              failureThreshold: 60,
            },
          },
        },
      ],
    },
  };
}

/** Creates or updates a group and waits until it is provisioned. */
export async function putContainerGroup(
  azure: Azure,
  name: string,
  body: unknown,
  options: WaitOptions,
): Promise<void> {
  const id = containerGroupId(azure, name);
  const answer = await azure.arm.put(id, containerApiVersion, body);
  await azure.arm.wait(id, containerApiVersion, answer, options);
}

export async function getContainerGroup(azure: Azure, name: string): Promise<ContainerGroupState | undefined> {
  const body = await azure.arm.getIfExists(containerGroupId(azure, name), containerApiVersion);
  return body === undefined ? undefined : readContainerGroup(body);
}

/** The last lines of the container's log. Operation: Containers_ListLogs. */
export async function containerLog(azure: Azure, name: string, container: string, tail: number): Promise<string> {
  const path = `${containerGroupId(azure, name)}/containers/${container}/logs?tail=${tail}`;
  return textAt(await azure.arm.get(path, containerApiVersion), 'content') ?? '';
}

export function readContainerGroup(body: unknown): ContainerGroupState {
  const properties = at(body, 'properties');
  const container = first(at(properties, 'containers'));
  const view = at(container, 'properties', 'instanceView');
  const request = at(container, 'properties', 'resources', 'requests');
  const current = at(view, 'currentState');
  return {
    provisioningState: textAt(properties, 'provisioningState') ?? 'Unknown',
    state: textAt(properties, 'instanceView', 'state'),
    image: textAt(container, 'properties', 'image'),
    port: number(at(first(at(properties, 'ipAddress', 'ports')), 'port')),
    cpu: number(at(request, 'cpu')),
    memoryGb: number(at(request, 'memoryInGB')),
    subnet: textAt(first(at(properties, 'subnetIds')), 'id'),
    ip: textAt(properties, 'ipAddress', 'ip'),
    fqdn: textAt(properties, 'ipAddress', 'fqdn'),
    container: isRecord(current)
      ? {
          name: textAt(container, 'name') ?? containerName,
          state: text(current['state']) ?? 'Unknown',
          exitCode: number(current['exitCode']),
          detail: text(current['detailStatus']),
          restarts: number(at(view, 'restartCount')) ?? 0,
        }
      : undefined,
    events: [...readEvents(at(properties, 'instanceView', 'events')), ...readEvents(at(view, 'events'))],
  };
}

function readEvents(list: unknown): ContainerEvent[] {
  if (!Array.isArray(list)) return [];
  return list.filter(isRecord).map((event) => ({
    name: text(event['name']) ?? '',
    type: text(event['type']) ?? '',
    message: text(event['message']) ?? '',
    count: number(event['count']) ?? 1,
  }));
}

function first(list: unknown): unknown {
  return Array.isArray(list) ? (list[0] as unknown) : undefined;
}
