import {
  anything,
  atomicObject,
  bytes,
  flag,
  integer,
  intOrString,
  list,
  listMap,
  map,
  object,
  quantity,
  set,
  text,
  time,
  type Type,
} from './schema';

/** A resource of the API: where it is served and what its objects look like. */
export interface ResourceType {
  group: string;
  version: string;
  /** Plural, as in paths. */
  resource: string;
  singular: string;
  kind: string;
  shortNames: string[];
  namespaced: boolean;
  hasStatus: boolean;
  /** Kept over a restart of the stand-in. */
  durable: boolean;
  categories: string[];
  schema: Type;
}

const labels = map(text);

const ownerReference = object(
  { apiVersion: text, kind: text, name: text, uid: text, controller: flag, blockOwnerDeletion: flag },
  ['apiVersion', 'kind', 'name', 'uid'],
);

const metadata = object({
  name: text,
  generateName: text,
  namespace: text,
  selfLink: text,
  uid: text,
  resourceVersion: text,
  generation: integer,
  creationTimestamp: time,
  deletionTimestamp: time,
  deletionGracePeriodSeconds: integer,
  labels,
  annotations: map(text),
  ownerReferences: listMap(['uid'], ownerReference),
  finalizers: set(text),
  managedFields: list(anything),
});

const labelSelector = atomicObject({
  matchLabels: labels,
  matchExpressions: list(object({ key: text, operator: text, values: list(text) }, ['key', 'operator'])),
});

const keyRef = atomicObject({ name: text, key: text, optional: flag }, ['key']);

const envVar = object(
  {
    name: text,
    value: text,
    valueFrom: object({
      fieldRef: atomicObject({ apiVersion: text, fieldPath: text }, ['fieldPath']),
      resourceFieldRef: anything,
      configMapKeyRef: keyRef,
      secretKeyRef: keyRef,
    }),
  },
  ['name'],
);

const handler: Record<string, Type> = {
  exec: object({ command: list(text) }),
  httpGet: object(
    {
      path: text,
      port: intOrString,
      host: text,
      scheme: text,
      httpHeaders: list(object({ name: text, value: text }, ['name', 'value'])),
    },
    ['port'],
  ),
  tcpSocket: object({ port: intOrString, host: text }, ['port']),
  grpc: object({ port: integer, service: text }, ['port']),
};

const probe = object({
  ...handler,
  initialDelaySeconds: integer,
  timeoutSeconds: integer,
  periodSeconds: integer,
  successThreshold: integer,
  failureThreshold: integer,
  terminationGracePeriodSeconds: integer,
});

const lifecycleHandler = object({ ...handler, sleep: object({ seconds: integer }) });

const container = object(
  {
    name: text,
    image: text,
    command: list(text),
    args: list(text),
    workingDir: text,
    ports: listMap(
      ['containerPort', 'protocol'],
      object({ name: text, hostPort: integer, containerPort: integer, protocol: text, hostIP: text }, [
        'containerPort',
      ]),
    ),
    envFrom: list(
      object({
        prefix: text,
        configMapRef: object({ name: text, optional: flag }),
        secretRef: object({ name: text, optional: flag }),
      }),
    ),
    env: listMap(['name'], envVar),
    resources: object({
      limits: map(quantity),
      requests: map(quantity),
      claims: listMap(['name'], object({ name: text, request: text })),
    }),
    resizePolicy: list(anything),
    restartPolicy: text,
    volumeMounts: listMap(
      ['mountPath'],
      object(
        {
          name: text,
          readOnly: flag,
          recursiveReadOnly: text,
          mountPath: text,
          subPath: text,
          mountPropagation: text,
          subPathExpr: text,
        },
        ['name', 'mountPath'],
      ),
    ),
    volumeDevices: list(anything),
    livenessProbe: probe,
    readinessProbe: probe,
    startupProbe: probe,
    lifecycle: object({ postStart: lifecycleHandler, preStop: lifecycleHandler }),
    terminationMessagePath: text,
    terminationMessagePolicy: text,
    imagePullPolicy: text,
    securityContext: anything,
    stdin: flag,
    stdinOnce: flag,
    tty: flag,
  },
  ['name'],
);

const podSpec = object(
  {
    volumes: listMap(['name'], anything),
    initContainers: listMap(['name'], container),
    containers: listMap(['name'], container),
    ephemeralContainers: listMap(['name'], anything),
    restartPolicy: text,
    terminationGracePeriodSeconds: integer,
    activeDeadlineSeconds: integer,
    dnsPolicy: text,
    nodeSelector: map(text, true),
    serviceAccountName: text,
    serviceAccount: text,
    automountServiceAccountToken: flag,
    nodeName: text,
    hostNetwork: flag,
    hostPID: flag,
    hostIPC: flag,
    hostUsers: flag,
    shareProcessNamespace: flag,
    securityContext: anything,
    imagePullSecrets: listMap(['name'], object({ name: text })),
    hostname: text,
    subdomain: text,
    affinity: anything,
    schedulerName: text,
    tolerations: list(anything),
    hostAliases: listMap(['ip'], object({ ip: text, hostnames: list(text) })),
    priorityClassName: text,
    priority: integer,
    dnsConfig: anything,
    readinessGates: list(anything),
    runtimeClassName: text,
    enableServiceLinks: flag,
    preemptionPolicy: text,
    overhead: map(quantity),
    topologySpreadConstraints: list(anything),
    setHostnameAsFQDN: flag,
    os: object({ name: text }),
    schedulingGates: list(anything),
    resourceClaims: list(anything),
  },
  ['containers'],
);

const podTemplate = object({ metadata, spec: podSpec });

const condition = object(
  {
    type: text,
    status: text,
    reason: text,
    message: text,
    lastUpdateTime: time,
    lastTransitionTime: time,
    lastProbeTime: time,
    observedGeneration: integer,
  },
  ['type', 'status'],
);

const replicaCounts = {
  replicas: integer,
  readyReplicas: integer,
  availableReplicas: integer,
  observedGeneration: integer,
  conditions: listMap(['type'], condition),
  terminatingReplicas: integer,
};

const deployment = object({
  spec: object(
    {
      replicas: integer,
      selector: labelSelector,
      template: podTemplate,
      strategy: object({ type: text, rollingUpdate: object({ maxUnavailable: intOrString, maxSurge: intOrString }) }),
      minReadySeconds: integer,
      revisionHistoryLimit: integer,
      paused: flag,
      progressDeadlineSeconds: integer,
    },
    ['selector', 'template'],
  ),
  status: object({ ...replicaCounts, updatedReplicas: integer, unavailableReplicas: integer, collisionCount: integer }),
});

const replicaSet = object({
  spec: object({ replicas: integer, minReadySeconds: integer, selector: labelSelector, template: podTemplate }, [
    'selector',
  ]),
  status: object({ ...replicaCounts, fullyLabeledReplicas: integer }),
});

const service = object({
  spec: object({
    ports: listMap(
      ['port', 'protocol'],
      object(
        { name: text, protocol: text, appProtocol: text, port: integer, targetPort: intOrString, nodePort: integer },
        ['port'],
      ),
    ),
    selector: map(text, true),
    clusterIP: text,
    clusterIPs: list(text),
    type: text,
    externalIPs: list(text),
    sessionAffinity: text,
    sessionAffinityConfig: anything,
    loadBalancerIP: text,
    loadBalancerSourceRanges: list(text),
    loadBalancerClass: text,
    externalName: text,
    externalTrafficPolicy: text,
    internalTrafficPolicy: text,
    trafficDistribution: text,
    healthCheckNodePort: integer,
    publishNotReadyAddresses: flag,
    ipFamilies: list(text),
    ipFamilyPolicy: text,
    allocateLoadBalancerNodePorts: flag,
  }),
  status: object({ loadBalancer: object({ ingress: list(anything) }), conditions: listMap(['type'], condition) }),
});

function type(
  names: { group?: string; resource: string; kind: string; short?: string[] },
  schema: Type,
  more: Partial<ResourceType> = {},
): ResourceType {
  const fields = schema.kind === 'object' ? schema.fields : {};
  const required = schema.kind === 'object' ? schema.required : [];
  return {
    group: names.group ?? '',
    version: 'v1',
    resource: names.resource,
    singular: names.kind.toLowerCase(),
    kind: names.kind,
    shortNames: names.short ?? [],
    namespaced: true,
    hasStatus: 'status' in fields,
    durable: true,
    categories: [],
    ...more,
    schema: object({ apiVersion: text, kind: text, metadata, ...fields }, required),
  };
}

const all = { categories: ['all'] };

/** Every resource served here. Pods and events belong to processes of this life and end with it. */
export const resourceTypes: ResourceType[] = [
  type(
    { resource: 'namespaces', kind: 'Namespace', short: ['ns'] },
    object({
      spec: object({ finalizers: list(text) }),
      status: object({ phase: text, conditions: listMap(['type'], condition) }),
    }),
    { namespaced: false },
  ),
  type({ resource: 'pods', kind: 'Pod', short: ['po'] }, object({ spec: podSpec, status: anything }, ['spec']), {
    ...all,
    durable: false,
  }),
  type({ resource: 'services', kind: 'Service', short: ['svc'] }, service, all),
  type({ resource: 'endpoints', kind: 'Endpoints', short: ['ep'] }, object({ subsets: list(anything) }), {
    durable: false,
  }),
  type(
    { resource: 'configmaps', kind: 'ConfigMap', short: ['cm'] },
    object({ data: map(text), binaryData: map(bytes), immutable: flag }),
  ),
  type(
    { resource: 'secrets', kind: 'Secret' },
    object({ data: map(bytes), stringData: map(text), type: text, immutable: flag }),
  ),
  type(
    { resource: 'serviceaccounts', kind: 'ServiceAccount', short: ['sa'] },
    object({ secrets: list(anything), imagePullSecrets: list(anything), automountServiceAccountToken: flag }),
  ),
  type(
    { resource: 'events', kind: 'Event', short: ['ev'] },
    object({
      involvedObject: anything, reason: text, message: text, source: anything, firstTimestamp: time, lastTimestamp: time, count: integer, type: text,
      eventTime: time, action: text, related: anything, reportingComponent: text, reportingInstance: text, series: anything,
    }), // prettier-ignore
    { durable: false },
  ),
  type({ group: 'apps', resource: 'deployments', kind: 'Deployment', short: ['deploy'] }, deployment, all),
  type({ group: 'apps', resource: 'replicasets', kind: 'ReplicaSet', short: ['rs'] }, replicaSet, all),
];

export function apiVersionOf(type: ResourceType): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}
