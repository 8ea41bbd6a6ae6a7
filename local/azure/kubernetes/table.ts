import { asList, asNumber, asObject, asString, type JsonObject } from '../json';
import { nameOf, type ApiObject } from './objects';
import type { ResourceType } from './types';

interface Column {
  name: string;
  type?: string;
  /** 0: always shown; 1: only in wide output. */
  priority?: number;
  value: (object: ApiObject) => string | number;
}

const name: Column = { name: 'Name', value: nameOf };
const age: Column = { name: 'Age', value: (object) => since(asString(object.metadata['creationTimestamp'])) };

const columns: Record<string, Column[]> = {
  namespaces: [name, { name: 'Status', value: (object) => asString(status(object)['phase']) ?? '' }, age],
  pods: [
    name,
    { name: 'Ready', value: (object) => readyContainers(object) },
    { name: 'Status', value: podStatus },
    { name: 'Restarts', value: (object) => sum(asList(status(object)['containerStatuses']), 'restartCount') },
    age,
    { name: 'IP', priority: 1, value: (object) => asString(status(object)['podIP']) ?? '<none>' },
    { name: 'Node', priority: 1, value: (object) => asString(spec(object)['nodeName']) ?? '<none>' },
  ],
  deployments: [
    name,
    {
      name: 'Ready',
      value: (object) => `${asNumber(status(object)['readyReplicas']) ?? 0}/${asNumber(spec(object)['replicas']) ?? 0}`,
    },
    { name: 'Up-to-date', type: 'integer', value: (object) => asNumber(status(object)['updatedReplicas']) ?? 0 },
    { name: 'Available', type: 'integer', value: (object) => asNumber(status(object)['availableReplicas']) ?? 0 },
    age,
    { name: 'Containers', priority: 1, value: (object) => containers(object, 'name') },
    { name: 'Images', priority: 1, value: (object) => containers(object, 'image') },
    {
      name: 'Selector',
      priority: 1,
      value: (object) => pairs(asObject(asObject(spec(object)['selector'])['matchLabels'])),
    },
  ],
  replicasets: [
    name,
    { name: 'Desired', type: 'integer', value: (object) => asNumber(spec(object)['replicas']) ?? 0 },
    { name: 'Current', type: 'integer', value: (object) => asNumber(status(object)['replicas']) ?? 0 },
    { name: 'Ready', type: 'integer', value: (object) => asNumber(status(object)['readyReplicas']) ?? 0 },
    age,
  ],
  services: [
    name,
    { name: 'Type', value: (object) => asString(spec(object)['type']) ?? '' },
    { name: 'Cluster-IP', value: (object) => asString(spec(object)['clusterIP']) ?? '<none>' },
    { name: 'External-IP', value: externalIp },
    { name: 'Port(s)', value: servicePorts },
    age,
    { name: 'Selector', priority: 1, value: (object) => pairs(asObject(spec(object)['selector'])) },
  ],
  events: [
    { name: 'Last Seen', value: (object) => since(asString(object['lastTimestamp'])) },
    { name: 'Type', value: (object) => asString(object['type']) ?? '' },
    { name: 'Reason', value: (object) => asString(object['reason']) ?? '' },
    { name: 'Object', value: involved },
    { name: 'Message', value: (object) => asString(object['message']) ?? '' },
  ],
};

/** Objects as a `Table` of `meta.k8s.io/v1`, with the columns that kubectl shows. */
export function table(
  type: ResourceType,
  objects: ApiObject[],
  listMetadata: JsonObject,
  include: string | null,
): unknown {
  const shown = columns[type.resource] ?? [name, age];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: listMetadata,
    columnDefinitions: shown.map((column) => ({
      name: column.name,
      type: column.type ?? 'string',
      format: column.name === 'Name' ? 'name' : '',
      description: '',
      priority: column.priority ?? 0,
    })),
    rows: objects.map((object) => ({
      cells: shown.map((column) => column.value(object)),
      object: included(object, include),
    })),
  };
}

function included(object: ApiObject, include: string | null): unknown {
  if (include === 'None') return undefined;
  if (include === 'Object') return object;
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

function spec(object: ApiObject): JsonObject {
  return asObject(object['spec']);
}

function status(object: ApiObject): JsonObject {
  return asObject(object['status']);
}

function sum(entries: unknown[], key: string): number {
  return entries.reduce<number>((total, entry) => total + (asNumber(asObject(entry)[key]) ?? 0), 0);
}

function readyContainers(object: ApiObject): string {
  const statuses = asList(status(object)['containerStatuses']).map(asObject);
  return `${statuses.filter((entry) => entry['ready'] === true).length}/${asList(spec(object)['containers']).length}`;
}

function podStatus(object: ApiObject): string {
  if (object.metadata['deletionTimestamp'] !== undefined) return 'Terminating';
  for (const entry of asList(status(object)['containerStatuses'])) {
    const state = asObject(asObject(entry)['state']);
    const reason = asString(asObject(state['waiting'])['reason']) ?? asString(asObject(state['terminated'])['reason']);
    if (reason !== undefined) return reason;
  }
  return asString(status(object)['phase']) ?? 'Unknown';
}

function containers(object: ApiObject, field: string): string {
  const template = asObject(asObject(spec(object)['template'])['spec']);
  return asList(template['containers'])
    .map((entry) => asString(asObject(entry)[field]) ?? '')
    .join(',');
}

function pairs(map: JsonObject): string {
  const entries = Object.entries(map).map(([key, value]) => `${key}=${String(value)}`);
  return entries.length === 0 ? '<none>' : entries.join(',');
}

function externalIp(object: ApiObject): string {
  const ingress = asList(asObject(status(object)['loadBalancer'])['ingress']).map(
    (entry) => asString(asObject(entry)['ip']) ?? '',
  );
  if (ingress.length > 0) return ingress.join(',');
  return spec(object)['type'] === 'LoadBalancer' ? '<pending>' : '<none>';
}

function servicePorts(object: ApiObject): string {
  const ports = asList(spec(object)['ports']).map(asObject);
  return ports
    .map(
      (port) =>
        `${asNumber(port['port']) ?? ''}${port['nodePort'] === undefined ? '' : `:${asNumber(port['nodePort']) ?? ''}`}/${asString(port['protocol']) ?? 'TCP'}`,
    )
    .join(',');
}

function involved(object: ApiObject): string {
  const { kind, name: involvedName } = asObject(object['involvedObject']);
  return `${(asString(kind) ?? '').toLowerCase()}/${asString(involvedName) ?? ''}`;
}

/** `45s`, `3m12s`, `2h`, `5d`: as kubectl words an age. */
function since(time: string | undefined): string {
  if (time === undefined) return '<unknown>';
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(time)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return `${minutes}m${seconds % 60 === 0 ? '' : `${seconds % 60}s`}`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}
