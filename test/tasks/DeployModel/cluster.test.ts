import assert from 'node:assert/strict';
import type { Outcome } from '../../../lib/agent/agent';
import type { TaskError } from '../../../lib/agent/errors';
import type { KubeAnswer, KubeRequest } from '../../../lib/azure/kubernetes';
import { rolloutStatus } from '../../../tasks/DeployModel/cluster';
import { deploy } from '../../../tasks/DeployModel/deploy';
import type { KubernetesInputs } from '../../../tasks/DeployModel/inputs';
import { FakeAgent } from '../../support/fake-agent';
import { FakeAzure, resourceGroupId } from '../../support/fake-azure';

const image = `crmlops.azurecr.io/team/churn@sha256:${'a'.repeat(64)}`;

const inputs: KubernetesInputs = {
  target: 'aks',
  timeoutMinutes: 1,
  approvalPolicy: 'bound',
  model: undefined,
  name: 'churn',
  image,
  cpu: 0.5,
  memoryGb: 1.5,
  port: 5001,
  cluster: 'aks-mlops',
  namespace: 'scoring',
  replicas: 2,
  internalLoadBalancer: false,
  subnet: undefined,
};

type Thing = Record<string, unknown> & {
  spec?: Record<string, unknown>;
  status?: unknown;
  metadata?: Record<string, unknown>;
};

const kubeconfig = `current-context: c
clusters: [{name: c, cluster: {server: "https://aks.example/p"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users: [{name: u, user: {exec: {command: kubelogin}}}]
`;

/** A cluster that keeps what is applied and rolls out step by step. */
class ClusterWorld {
  readonly agent = new FakeAgent({ variables: { 'Build.BuildId': '481' } });
  readonly fake = new FakeAzure(this.agent);
  readonly objects = new Map<string, Thing>();
  readonly requests: KubeRequest[] = [];
  /** Status of the deployment, one after the other; the last one stays. */
  statuses: Record<string, unknown>[] = [
    { observedGeneration: 0 },
    { observedGeneration: 1, replicas: 2, updatedReplicas: 1 },
    { observedGeneration: 1, replicas: 3, updatedReplicas: 2, availableReplicas: 2 },
    { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
  ];

  constructor() {
    const id = `${resourceGroupId}/providers/Microsoft.ContainerService/managedClusters/aks-mlops/listClusterUserCredential`;
    const value = Buffer.from(kubeconfig).toString('base64');
    this.fake.on('POST', id, () => ({ body: { kubeconfigs: [{ name: 'clusterUser', value }] } }));
  }

  private answer({ method, url, body }: KubeRequest): [number, unknown] {
    const path = url.replace('https://aks.example/p', '').split('?')[0]!;
    if (method === 'PATCH') {
      const object = JSON.parse(body!) as Thing;
      object.metadata = { ...object.metadata, generation: 1 };
      this.objects.set(path, object);
      return [this.objects.has(path) ? 200 : 201, object];
    }
    if (path.endsWith('/pods')) {
      const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image' };
      const status = { phase: 'Pending', containerStatuses: [{ state: { waiting } }] };
      return [200, { items: [{ metadata: { name: 'churn-1' }, status }] }];
    }
    if (path.endsWith('/log')) return [200, 'starting\n##vso[task.complete result=Succeeded]'];
    if (path.endsWith('/events')) return [200, { items: [{ type: 'Warning', reason: 'Failed', message: 'ErrImagePull' }] }];
    const found = structuredClone(this.objects.get(path));
    if (!found) return [404, {}];
    if (path.includes('/deployments/')) found.status = this.statuses.length > 1 ? this.statuses.shift() : this.statuses[0];
    if (path.includes('/services/')) found.status = { loadBalancer: { ingress: [{ ip: '10.0.0.9' }] } };
    return [200, found];
  }

  deploy(more: Partial<KubernetesInputs> = {}): Promise<Outcome> {
    const transport = (request: KubeRequest): Promise<KubeAnswer> => {
      this.requests.push(request);
      const [status, body] = this.answer(request);
      return Promise.resolve({ status, headers: {}, body: typeof body === 'string' ? body : JSON.stringify(body) });
    };
    const tokens = { get: (audience: string) => Promise.resolve(`token for ${audience}`) };
    const collaborators = { agent: this.agent, azure: this.fake.azure, tokens, transport, firstDelayMs: 1 };
    return deploy({ ...inputs, ...more }, collaborators);
  }

  get applied(): string[] {
    return this.requests.filter(({ method }) => method === 'PATCH').map(({ url }) => new URL(url).pathname.slice(2));
  }
} // prettier-ignore

describe('DeployModel to a cluster', () => {
  it('applies namespace, deployment and service, follows the rollout and gives the address', async () => {
    const world = new ClusterWorld();
    const outcome = await world.deploy();
    assert.equal(outcome.message, 'Kubernetes deployment churn serves.');
    assert.deepEqual(world.applied, [
      '/api/v1/namespaces/scoring',
      '/apis/apps/v1/namespaces/scoring/deployments/churn',
      '/api/v1/namespaces/scoring/services/churn',
    ]);
    assert.deepEqual(world.agent.outputs, {
      scoringUri: 'http://10.0.0.9:5001/score',
      deploymentName: 'churn',
      previousDeployment: '',
    });
    const { place } = JSON.parse(world.agent.attachments[0]!.content) as Record<string, unknown>;
    assert.match(String(place), /^\/subscriptions\/.*\/managedClusters\/[^/]+\/namespaces\/scoring$/);
    assert.ok(world.requests.every(({ headers }) => headers['authorization'] === 'Bearer token for kubernetes'));
    const { spec, metadata } = world.objects.get('/apis/apps/v1/namespaces/scoring/deployments/churn')!;
    const template = spec!['template'] as { metadata: { labels: object }; spec: { containers: Thing[] } };
    assert.deepEqual(metadata!['labels'], {
      'app.kubernetes.io/name': 'churn',
      'app.kubernetes.io/managed-by': 'mlops-azure-ml',
      'app.kubernetes.io/component': 'model-server',
      'app.kubernetes.io/version': 'a'.repeat(12),
      'mlops.model': 'churn',
    });
    assert.equal(spec!['replicas'], 2);
    assert.equal(template.spec.containers[0]!['image'], image);
    const amounts = { cpu: '500m', memory: '1536Mi' };
    assert.deepEqual(template.spec.containers[0]!['resources'], { requests: amounts, limits: amounts });
  });

  it('asks for an internal address in a subnet', async () => {
    const world = new ClusterWorld();
    await world.deploy({ internalLoadBalancer: true, subnet: 'apps' });
    assert.deepEqual(world.objects.get('/api/v1/namespaces/scoring/services/churn')!.metadata!['annotations'], {
      'service.beta.kubernetes.io/azure-load-balancer-internal': 'true',
      'service.beta.kubernetes.io/azure-load-balancer-internal-subnet': 'apps',
    });
  });

  it('leaves a namespace alone that is there, and tells a repetition from a new deployment', async () => {
    const world = new ClusterWorld();
    await world.deploy();
    const outcome = await world.deploy();
    assert.equal(outcome.message, 'Kubernetes deployment churn was there already and serves.');
    assert.equal(world.applied.filter((path) => path === '/api/v1/namespaces/scoring').length, 1);
  });

  it('never takes over what somebody else made', async () => {
    const world = new ClusterWorld();
    world.objects.set('/api/v1/namespaces/scoring', {});
    world.objects.set('/apis/apps/v1/namespaces/scoring/deployments/churn', {
      spec: { selector: { matchLabels: { app: 'churn' } } },
    });
    await assert.rejects(world.deploy(), /exists and was not made by this task/);
    assert.deepEqual(world.applied, []);
  });

  it('shows pods, events and logs when the rollout gets nowhere', async () => {
    const world = new ClusterWorld();
    const reason = { reason: 'ProgressDeadlineExceeded', message: 'ReplicaSet "churn-1" has timed out progressing.' };
    const conditions = [{ type: 'Progressing', status: 'False', ...reason }];
    world.statuses = [{ observedGeneration: 1, replicas: 2, updatedReplicas: 2, conditions }];
    await assert.rejects(world.deploy(), (error: TaskError) => {
      assert.match(error.message, /rollout of churn failed: ProgressDeadlineExceeded: ReplicaSet "churn-1"/);
      assert.match(error.message, /Deployment churn in namespace scoring is left as it is/);
      assert.match(error.advice ?? '', /role AcrPull for the cluster's kubelet identity/);
      return true;
    });
    assert.match(world.agent.log, /Pod churn-1: Pending, waiting: ImagePullBackOff/);
    assert.match(world.agent.log, /Warning Failed: ErrImagePull/);
    assert.match(world.agent.log, / {2}\| starting/);
  });
});

describe('a rollout', () => {
  const spec = { replicas: 2 };

  it('is over only when the controller saw it and no old pod is left', () => {
    const status = { observedGeneration: 3, replicas: 2, updatedReplicas: 2, availableReplicas: 2 };
    assert.ok(rolloutStatus({ spec, status }, 3).done);
    assert.ok(!rolloutStatus({ spec, status }, 4).done);
    assert.ok(!rolloutStatus({ spec, status: { ...status, replicas: 3 } }, 3).done);
    assert.ok(!rolloutStatus({ spec, status: { ...status, availableReplicas: 1 } }, 3).done);
    assert.ok(!rolloutStatus({ spec, status: {} }, 1).done);
  });

  it('has not failed while an old condition waits for the controller', () => {
    const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];
    assert.equal(rolloutStatus({ spec, status: { observedGeneration: 1, conditions } }, 2).failure, undefined);
    assert.match(rolloutStatus({ spec, status: { observedGeneration: 2, conditions } }, 2).failure ?? '', /Progress/);
  });
});
