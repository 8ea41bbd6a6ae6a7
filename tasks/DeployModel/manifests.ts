/** The Kubernetes objects of a model that is served. */

export interface Workload {
  name: string;
  namespace: string;
  image: string;
  port: number;
  replicas: number;
  cpu: number;
  memoryGb: number;
  internalLoadBalancer: boolean;
  subnet?: string;
  /** What the run leaves on the objects: not part of what identifies them. */
  annotations: Record<string, string>;
  /** Seconds until a rollout that gets nowhere counts as failed. */
  progressDeadlineSeconds: number;
}

const manager = 'mlops-azure-ml';

/** Labels that select the pods: they never change. */
export function selector({ name }: Pick<Workload, 'name'>): Record<string, string> {
  return { 'app.kubernetes.io/name': name, 'app.kubernetes.io/managed-by': manager };
}

/** All labels; the model is told by its image's repository and digest. */
export function labels(workload: Pick<Workload, 'name' | 'image'>): Record<string, string> {
  const [repository = '', digest = ''] = workload.image.split('@sha256:');
  const model = repository.split('/').at(-1) ?? '';
  return {
    ...selector(workload),
    'app.kubernetes.io/component': 'model-server',
    'app.kubernetes.io/version': digest.slice(0, 12),
    'mlops.model': model.slice(0, 63).replace(/[^A-Za-z0-9]+$/, ''),
  };
}

export function namespaceManifest(name: string): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'app.kubernetes.io/managed-by': manager } },
  };
}

export function deploymentManifest(workload: Workload): unknown {
  const { name, namespace, port, image } = workload;
  const resources = { cpu: quantity(workload.cpu), memory: `${Math.round(workload.memoryGb * 1024)}Mi` };
  const probe = { httpGet: { path: '/', port: 'http' }, periodSeconds: 5, timeoutSeconds: 5 };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels: labels(workload), annotations: workload.annotations },
    spec: {
      replicas: workload.replicas,
      progressDeadlineSeconds: workload.progressDeadlineSeconds,
      selector: { matchLabels: selector(workload) },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels: labels(workload) },
        spec: {
          automountServiceAccountToken: false,
          containers: [
            {
              name: 'scorer',
              image,
              ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }],
              resources: { requests: resources, limits: resources },
              startupProbe: { ...probe, failureThreshold: 60 },
              readinessProbe: { ...probe, failureThreshold: 3 },
              livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 6 },
              securityContext: { allowPrivilegeEscalation: false },
            },
          ],
        },
      },
    },
  };
}

/** Annotations: AKS documentation, "Use an internal load balancer". */
export function serviceManifest(workload: Workload): unknown {
  const { name, namespace, port, subnet } = workload;
  const annotations = workload.internalLoadBalancer
    ? {
        'service.beta.kubernetes.io/azure-load-balancer-internal': 'true',
        ...(subnet === undefined ? {} : { 'service.beta.kubernetes.io/azure-load-balancer-internal-subnet': subnet }),
      }
    : {};
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels: labels(workload), annotations },
    spec: {
      type: 'LoadBalancer',
      selector: selector(workload),
      ports: [{ name: 'http', port, targetPort: 'http', protocol: 'TCP' }],
    },
  };
}

/** `1`, or thousandths of a processor: `500m`. */
function quantity(cpu: number): string {
  return Number.isInteger(cpu) ? String(cpu) : `${Math.round(cpu * 1000)}m`;
}
