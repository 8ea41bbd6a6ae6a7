import assert from 'node:assert/strict';
import type { Resource } from '../../../../lib/assets/kinds/kind';
import { Later, type Soon } from '../../../../lib/assets/later';
import { carryOut, planResource, shownChange, type Step } from '../../../../lib/assets/reconcile/plan';
import { Rehearsal } from '../../../../lib/assets/reconcile/rehearsal';
import { progressText } from '../../../../lib/assets/reconcile/report';
import { textsIn, withSecretsNote } from '../../../../lib/assets/reconcile/rules';
import { azureRemote } from '../../../../lib/azure/remote';
import { FakeAgent } from '../../../support/fake-agent';
import { FakeAzure, workspaceId } from '../../../support/fake-azure';

const cluster: Resource & { path: string } = {
  path: `${workspaceId}/computes/cluster`,
  body: { properties: { computeType: 'AmlCompute' } },
};
const inState = (provisioningState: string) => ({ properties: { computeType: 'AmlCompute', provisioningState } });

function plan(resource: Soon<Resource>, found: Record<string, unknown>): Promise<Step> {
  const look = (at: string): Promise<unknown> => Promise.resolve(found[at.replace(`${workspaceId}/`, '')]);
  return planResource('thing', resource, new Rehearsal(workspaceId, 'westeurope', look));
}

describe('the plan for a resource that is described as wanted', () => {
  const states: [string | undefined, string, RegExp | undefined][] = [
    ['Succeeded', 'unchanged', undefined], [undefined, 'unchanged', undefined],
    ['Failed', 'update', /is Failed: it is sent again/], ['Canceled', 'update', /is Canceled: it is sent again/],
    ['Creating', 'update', /is Creating: its end is awaited/], ['Updating', 'update', /awaited/], ['Deleting', 'update', /awaited/],
  ]; // prettier-ignore
  for (const [state, action, note] of states) {
    it(`is "${action}" in the state ${state ?? 'that is not told'}`, async () => {
      const step = await plan(cluster, { 'computes/cluster': inState(state ?? '') });
      assert.equal(step.action, action);
      if (note) assert.match(step.note ?? '', note);
      else assert.equal(step.note, undefined);
    });
  }

  const ends: [string, number][] = [['Succeeded', 0], ['Failed', 1]]; // prettier-ignore
  for (const [state, puts] of ends) {
    it(`is carried out with ${puts} requests when others end as ${state}`, async () => {
      const fake = new FakeAzure(new FakeAgent());
      fake.on('GET', '{ws}/computes/cluster', () => ({ body: inState(state) }));
      fake.on('PUT', '{ws}/computes/cluster', () => ({ body: inState('Succeeded') }));
      const step = await plan(cluster, { 'computes/cluster': inState('Creating') });
      await carryOut(step, azureRemote(fake.azure, new FakeAgent()));
      assert.equal(fake.calls('PUT', '{ws}/computes/cluster').length, puts);
    });
  }
});

describe('the plan for a version', () => {
  const version = (kind: string, properties: unknown): Resource => ({
    path: `${workspaceId}/${kind}/a/versions/1`,
    body: { properties },
  });

  it('leaves out what a table names: its address holds the hash of its content', async () => {
    const table = version('data', { dataUri: 'azureml://datastores/d/paths/p', referencedUris: ['./a.csv'] });
    const found = { 'data/a/versions/1': { properties: { dataUri: 'azureml://datastores/d/paths/p' } } };
    assert.equal((await plan(table, found)).action, 'unchanged');
  });

  for (const kind of ['models', 'data', 'environments', 'components']) {
    it(`tells properties of ${kind} apart by case`, async () => {
      const found = { [`${kind}/a/versions/1`]: { properties: { properties: { team: 'blue' } } } };
      const step = await plan(version(kind, { properties: { team: 'Blue' } }), found);
      assert.deepEqual([step.action, step.changes.map(({ path }) => path)], ['update', ['properties.properties.team']]);
    });
  }
});

describe('a version whose file lost a member', () => {
  const next = (kind: string, properties: Record<string, unknown>) =>
    new Later(async (remote) => {
      const container = `${workspaceId}/${kind}/a`;
      await remote.once(`next ${container}`, () => Promise.resolve('2'));
      return { path: `${container}/versions/2`, body: { properties } };
    });
  const found = (kind: string, properties: Record<string, unknown>) => ({
    [`${kind}/a`]: { properties: { latestVersion: '1' } },
    [`${kind}/a/versions/1`]: { properties },
  });
  const spec = { type: 'command', command: 'x', inputs: { a: { type: 'number' } }, resources: { instance_count: 2 } };
  const smaller = { type: 'command', command: 'x', inputs: { a: { type: 'number' } } };
  const hashed = (componentSpec: unknown, hash: string) => ({
    componentSpec,
    properties: { client_component_hash: hash },
  });

  it('is the next version of a component', async () => {
    const step = await plan(next('components', hashed(smaller, 'b')), found('components', hashed(spec, 'a')));
    assert.deepEqual([step.action, step.version], ['create', '2']);
    assert.match(step.note ?? '', /version 1 differs in componentSpec\.resources/);
  });

  it('is not one where the service alone has added it: the hash is the same', async () => {
    const step = await plan(next('components', hashed(smaller, 'a')), found('components', hashed(spec, 'a')));
    assert.deepEqual([step.action, step.version], ['unchanged', '1']);
  });

  it('is the next version of an environment', async () => {
    const image = 'mcr.microsoft.com/a:1';
    const step = await plan(
      next('environments', { image }),
      found('environments', { image, condaFile: 'dependencies: [python=3.11]' }),
    );
    assert.deepEqual([step.action, step.version], ['create', '2']);
    const same = await plan(
      next('environments', { image }),
      found('environments', { image, condaFile: null, osType: 'Linux' }),
    );
    assert.equal(same.action, 'unchanged');
  });

  it('is refused where the file names the version', async () => {
    const resource = { path: `${workspaceId}/environments/a/versions/1`, body: { properties: { image: 'i' } } };
    await assert.rejects(
      plan(resource, found('environments', { image: 'i', condaFile: 'dependencies: []' })),
      /version 1 with other content: condaFile/,
    );
  });
});

describe('a change for people', () => {
  it('shows of long values what tells them apart', () => {
    const id = (version: number): string => `${workspaceId}/components/retraining/versions/${version}`;
    const { from, to } = shownChange({ from: id(1), to: id(2) });
    assert.match(from, /^….*retraining\/versions\/1"$/);
    assert.match(to, /versions\/2"$/);
    assert.deepEqual(shownChange({ from: 1, to: undefined }), { from: '1', to: 'nothing' });
  });
});

describe('the account of an attached machine', () => {
  const of = (username: string, password: string) => ({
    properties: {
      computeType: 'VirtualMachine',
      properties: { sshPort: 22, administratorAccount: { username, password } },
    },
  });

  it('is compared by its digest, for the service answers nothing of it', async () => {
    const { path } = cluster;
    const { tags } = withSecretsNote(path, of('azureuser', 'p4ssw0rd!')) as { tags: unknown };
    const there = { tags, properties: { computeType: 'VirtualMachine', properties: { sshPort: 22 } } };
    const actionFor = async (user: string, password: string): Promise<string> =>
      (await plan({ path, body: of(user, password) }, { 'computes/cluster': there })).action;
    assert.equal(await actionFor('azureuser', 'p4ssw0rd!'), 'unchanged');
    assert.equal(await actionFor('azureuser', 'other'), 'update');
    assert.equal(await actionFor('somebody', 'p4ssw0rd!'), 'update');
  });

  it('has a name that may be read', () => {
    assert.deepEqual(textsIn([{ username: 'azureuser', password: 'p4ssw0rd!' }]), ['p4ssw0rd!']);
  });
});

describe('a request that takes long', () => {
  const operation = 'https://management.azure.com/operation';

  it('counts as accepted before it ended, and as made afterwards', async () => {
    const fake = new FakeAzure(new FakeAgent());
    const remote = azureRemote(fake.azure, new FakeAgent());
    const step: Step = {
      what: 'compute cluster',
      path: cluster.path,
      action: 'create',
      changes: [],
      resource: cluster,
    };
    let meanwhile = '';
    fake.on('PUT', '{ws}/computes/cluster', () => ({
      status: 201,
      headers: { 'azure-asyncoperation': operation },
      body: inState('Creating'),
    }));
    fake.on('GET', '/operation', () => {
      meanwhile = progressText([step], [], step, remote.made);
      return { body: { status: 'Succeeded' } };
    });
    fake.on('GET', '{ws}/computes/cluster', () => ({ body: inState('Succeeded') }));
    await carryOut(step, remote);
    assert.match(meanwhile, /computes\/cluster was accepted and may still be being created/);
    assert.deepEqual(remote.made, ['computes/cluster']);
  });

  it('is named when it was accepted and failed', async () => {
    const fake = new FakeAzure(new FakeAgent());
    const remote = azureRemote(fake.azure, new FakeAgent());
    fake.on('PUT', '{ws}/computes/cluster', () => ({ status: 201, headers: { 'azure-asyncoperation': operation } }));
    fake.on('GET', '/operation', () => ({ body: { status: 'Failed' } }));
    await assert.rejects(remote.put(cluster.path, cluster.body));
    assert.deepEqual(remote.made, ['computes/cluster, accepted but not seen to succeed']);
  });
});
