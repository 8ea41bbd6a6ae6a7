import assert from 'node:assert/strict';
import type { Outcome } from '../../../lib/agent/agent';
import type { TaskError } from '../../../lib/agent/errors';
import { deploy } from '../../../tasks/DeployModel/deploy';
import type { ContainerInputs } from '../../../tasks/DeployModel/inputs';
import { FakeAgent } from '../../support/fake-agent';
import { FakeAzure, resourceGroupId, type Answer } from '../../support/fake-azure';

const image = `crmlops.azurecr.io/churn@sha256:${'a'.repeat(64)}`;
const registry = `${resourceGroupId}/providers/Microsoft.ContainerRegistry/registries/crmlops`;
const group = `${resourceGroupId}/providers/Microsoft.ContainerInstance/containerGroups/churn-staging`;

const inputs: ContainerInputs = {
  target: 'containerInstance',
  timeoutMinutes: 1,
  approvalPolicy: 'bound',
  model: undefined,
  name: 'churn-staging',
  image,
  cpu: 1,
  memoryGb: 2,
  port: 5001,
  subnet: undefined,
  pullIdentity: undefined,
};

interface Group {
  properties: { containers: { name: string; properties: Record<string, unknown> }[]; [key: string]: unknown };
}

/** Container Instances with one group at most, whose container answers after a while. */
class ContainerWorld {
  readonly agent = new FakeAgent({ variables: { 'Build.BuildId': '481' } });
  readonly fake = new FakeAzure(this.agent);
  group: Group | undefined;
  /** What GET / of the container answers, one after the other; the last one stays. */
  answers: (number | 'refused')[] = ['refused', 503, 200];
  view: Record<string, unknown> = { currentState: { state: 'Running' }, restartCount: 0, events: [] };

  constructor() {
    this.fake.azure.workspace.containerRegistry = registry;
    this.fake
      .on('GET', registry, () => ({
        body: { id: registry, name: 'crmlops', properties: { loginServer: 'crmlops.azurecr.io' } },
      }))
      .on('GET', registry.slice(0, registry.lastIndexOf('/')), () => ({ body: { value: [] } }))
      .on('POST', '/oauth2/exchange', () => ({ body: { refresh_token: 'refresh-token' } }))
      .on('GET', group, () => (this.group ? { body: this.shown() } : { status: 404, body: { error: { code: 'ResourceNotFound' } } }))
      .on('PUT', group, ({ body }): Answer => {
        this.group = structuredClone(body) as Group;
        return { status: 201, headers: { 'azure-asyncoperation': 'https://management.azure.com/operation' }, body };
      })
      .on('GET', '/operation', () => ({ body: { status: 'Succeeded' } }))
      .on('GET', `${group}/containers/scorer/logs`, () => ({ body: { content: "User's init function failed\n" } }))
      .on('GET', '/', ({ host }) => {
        assert.equal(host, '20.1.2.3:5001');
        const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
        if (answer === 'refused') throw new Error('ECONNREFUSED');
        return { status: answer, body: answer === 200 ? 'Healthy' : '' };
      });
  }

  private shown(): unknown {
    const shown = structuredClone(this.group)!;
    shown.properties['provisioningState'] = 'Succeeded';
    Object.assign(shown.properties['ipAddress'] as object, { ip: '20.1.2.3' });
    shown.properties.containers[0]!.properties['instanceView'] = this.view;
    return shown;
  }

  deploy(more: Partial<ContainerInputs> = {}): Promise<Outcome> {
    const tokens = { get: () => Promise.resolve('arm-token') };
    return deploy({ ...inputs, ...more }, { agent: this.agent, azure: this.fake.azure, tokens, firstDelayMs: 1 });
  }

  get puts(): Group[] {
    return this.fake.calls('PUT', group).map(({ body }) => body as Group);
  }
} // prettier-ignore

describe('DeployModel to Container Instances', () => {
  it('creates the group, waits until the server is healthy and gives its address', async () => {
    const world = new ContainerWorld();
    const outcome = await world.deploy();
    assert.deepEqual(outcome, { result: 'succeeded', message: 'Container group churn-staging serves.' });
    assert.deepEqual(world.agent.outputs, {
      scoringUri: 'http://20.1.2.3:5001/score',
      deploymentName: 'churn-staging',
      previousDeployment: '',
    });
    const { place } = JSON.parse(world.agent.attachments[0]!.content) as Record<string, unknown>;
    assert.match(String(place), /^\/subscriptions\/.*\/containerGroups\/churn-staging$/);
    assert.deepEqual(world.puts[0]!.properties['imageRegistryCredentials'], [
      { server: 'crmlops.azurecr.io', username: '00000000-0000-0000-0000-000000000000', password: 'refresh-token' },
    ]);
    assert.ok(world.agent.secrets.includes('refresh-token'));
    assert.ok(!world.agent.everything.includes('refresh-token'));
    assert.equal(world.fake.calls('GET', '/').length, 3);
  });

  it('asks the registry by the identity where one is given', async () => {
    const world = new ContainerWorld();
    const pullIdentity = `${resourceGroupId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id`;
    await world.deploy({ pullIdentity });
    assert.deepEqual(world.puts[0]!.properties['imageRegistryCredentials'], [
      { server: 'crmlops.azurecr.io', identity: pullIdentity },
    ]);
    assert.equal(world.fake.calls('POST', '/oauth2/exchange').length, 0);
  });

  it('uses a group that runs the image already', async () => {
    const world = new ContainerWorld();
    await world.deploy();
    const outcome = await world.deploy();
    assert.equal(outcome.message, 'Container group churn-staging was there already and serves.');
    assert.equal(world.puts.length, 1);
  });

  it('updates a group to another image, and refuses what a group cannot change', async () => {
    const world = new ContainerWorld();
    await world.deploy();
    await world.deploy({ image: image.replaceAll('a'.repeat(64), 'b'.repeat(64)) });
    assert.equal(world.puts.length, 2);
    await assert.rejects(world.deploy({ cpu: 2 }), /cannot be changed in cpu \(is 1, shall be 2\)/);
    assert.equal(world.puts.length, 2);
  });

  it('sends no token to a registry that it does not know', async () => {
    const world = new ContainerWorld();
    await assert.rejects(
      world.deploy({ image: image.replace('crmlops', 'evil') }),
      /No registry with the login server/,
    );
    assert.ok(world.fake.seen.every(({ host }) => host === 'management.azure.com'));
    assert.equal(world.puts.length, 0);
  });

  it('shows events and log of a container that ends by itself', async () => {
    const world = new ContainerWorld();
    world.answers = ['refused'];
    world.view = {
      restartCount: 4,
      currentState: { state: 'Waiting', exitCode: 3, detailStatus: 'CrashLoopBackOff' },
      events: [{ type: 'Warning', name: 'BackOff', message: 'Back-off restarting', count: 4 }],
    };
    await assert.rejects(world.deploy(), (error: TaskError) => {
      assert.match(error.message, /ends by itself: Waiting, exit code 3 \(CrashLoopBackOff\), 4 restart/);
      assert.match(error.message, /Container group churn-staging is left as it is/);
      assert.match(error.advice ?? '', /init\(\) of the scoring script failed/);
      return true;
    });
    assert.match(world.agent.log, /Warning BackOff ×4: Back-off restarting/);
    assert.match(world.agent.log, /User's init function failed/);
  });
});
