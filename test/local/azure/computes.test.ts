import assert from 'node:assert/strict';
import { MlWorkspace, valueAt, type Reply } from '../../support/ml-workspace';

describe('computes of the local Azure', () => {
  let ws: MlWorkspace;

  before(async () => {
    ws = await MlWorkspace.start();
  });
  after(() => ws.stop());

  async function put(name: string, properties: Record<string, unknown>): Promise<Reply> {
    return ws.arm('PUT', `/computes/${name}`, { location: 'westeurope', properties });
  }

  async function make(name: string, properties: Record<string, unknown>): Promise<Reply> {
    const answer = await put(name, properties);
    assert.ok(answer.status < 300, answer.text);
    const ended = await ws.waitForOperation(answer.header('azure-asyncoperation'));
    assert.equal(ended.at('status'), 'Succeeded');
    return ws.arm('GET', `/computes/${name}`);
  }

  const cluster = (scaleSettings: unknown, more: Record<string, unknown> = {}): Record<string, unknown> => ({
    computeType: 'AmlCompute',
    properties: { vmSize: 'Standard_DS3_v2', scaleSettings, ...more },
  });

  it('are the one there is from the start, and those that are made', async () => {
    const made = await make('gpu-cluster', cluster({ minNodeCount: 1, maxNodeCount: 4 }));
    assert.equal(made.at('properties/provisioningState'), 'Succeeded');
    assert.equal(made.at('properties/properties/vmSize'), 'STANDARD_DS3_V2');
    assert.equal(made.at('properties/properties/currentNodeCount'), 1);
    const names = (await ws.arm('GET', '/computes')).list('value').map((one) => valueAt(one, 'name'));
    assert.deepEqual(names, ['cpu-cluster', 'gpu-cluster']);
    assert.equal((await ws.arm('POST', '/computes/gpu-cluster/listNodes')).list('nodes').length, 1);
  });

  it('run jobs as the first one does', async () => {
    await make('other', cluster({ maxNodeCount: 1 }));
    const environmentId = await ws.environment('bare', []);
    const job = await ws.startJob('on-other', {
      environmentId,
      command: 'echo here',
      computeId: `${ws.path}/computes/other`,
    });
    assert.equal(job.status, 201, job.text);
    assert.equal((await ws.waitForJob('on-other')).job.at('properties/status'), 'Completed');
  });

  it('change their size only', async () => {
    await make('grows', cluster({ maxNodeCount: 2 }));
    const patched = await ws.arm('PATCH', '/computes/grows', {
      properties: { properties: { scaleSettings: { minNodeCount: 2, maxNodeCount: 3 } } },
    });
    assert.equal(patched.status, 200, patched.text);
    assert.equal(patched.at('properties/properties/currentNodeCount'), 2);
    const other = await put('grows', cluster({ maxNodeCount: 2 }, { vmSize: 'STANDARD_NC6' }));
    assert.equal(other.at('error/details/0/code'), 'ComputeImmutable');
  });

  it('start, stop and restart when they are instances', async () => {
    const made = await make('ana-box', { computeType: 'ComputeInstance', properties: { vmSize: 'STANDARD_DS3_V2' } });
    assert.equal(made.at('properties/properties/state'), 'Running');
    for (const [verb, after] of [
      ['stop', 'Stopped'],
      ['start', 'Running'],
      ['restart', 'Running'],
    ]) {
      const answer = await ws.arm('POST', `/computes/ana-box/${verb}`);
      assert.equal(answer.status, 202);
      await ws.waitForOperation(answer.header('location'));
      assert.equal((await ws.arm('GET', '/computes/ana-box')).at('properties/properties/state'), after);
    }
    assert.equal((await ws.arm('POST', '/computes/cpu-cluster/stop')).status, 400);
  });

  it('can be attached, and show no secret but to who asks for it', async () => {
    const resourceId = `/subscriptions/x/resourceGroups/y/providers/Microsoft.Compute/virtualMachines/vm`;
    const administratorAccount = { username: 'ana', password: 'not-to-be-seen' };
    const made = await make('vm', {
      computeType: 'VirtualMachine',
      resourceId,
      properties: { sshPort: 22, administratorAccount },
    });
    assert.doesNotMatch(made.text, /not-to-be-seen/);
    assert.equal(made.at('properties/isAttachedCompute'), true);
    const keys = await ws.arm('POST', '/computes/vm/listKeys');
    assert.equal(keys.at('administratorAccount/password'), 'not-to-be-seen');
    const cluster = resourceId.replace('Compute/virtualMachines', 'ContainerService/managedClusters');
    const k8s = await make('k8s', { computeType: 'Kubernetes', resourceId: cluster, properties: {} });
    assert.equal(k8s.at('properties/properties/namespace'), 'default');
  });

  it('are deleted in the background', async () => {
    await make('leaves', cluster({ maxNodeCount: 1 }));
    assert.equal((await ws.arm('DELETE', '/computes/leaves?underlyingResourceAction=Detach')).status, 400);
    const answer = await ws.arm('DELETE', '/computes/leaves?underlyingResourceAction=Delete');
    assert.equal(answer.status, 202);
    await ws.waitForOperation(answer.header('location'));
    assert.equal((await ws.arm('GET', '/computes/leaves')).status, 404);
    assert.equal((await ws.arm('DELETE', '/computes/leaves?underlyingResourceAction=Delete')).status, 204);
  });

  it('are refused when they cannot be', async () => {
    const cases: [string, string, Record<string, unknown>, RegExp][] = [
      ['too many', 'c-1', cluster({ minNodeCount: 3, maxNodeCount: 2 }), /must not be above/],
      ['no size', 'c-1', { computeType: 'AmlCompute', properties: {} }, /vmSize is required/],
      ['name', 'has_underscore', cluster({ maxNodeCount: 1 }), /3 to 32 letters/],
      ['long name', 'a-name-that-is-far-too-long', { computeType: 'ComputeInstance' }, /3 to 24/],
      ['type', 'c-1', { computeType: 'DataFactory' }, /not 'DataFactory'/],
      ['nothing to attach', 'k8s-2', { computeType: 'Kubernetes' }, /needs the resourceId/],
      ['wrong attachment', 'k8s-2', { computeType: 'Kubernetes', resourceId: ws.path }, /not the id of a resource/],
    ];
    for (const [what, name, properties, expected] of cases) {
      const answer = await put(name, properties);
      assert.equal(answer.status, 400, what);
      assert.match(answer.str('error/details/0/message'), expected, what);
    }
  });

  it('are asked for and answered as the official documents say', async function () {
    if (!ws.judged) return this.skip();
    assert.deepEqual(await ws.problems(), []);
  });
});
