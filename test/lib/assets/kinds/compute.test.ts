import assert from 'node:assert/strict';
import { workspaceId } from '../corpus';
import { putOf, refusalOf } from './support';

const group = workspaceId.replace(/\/providers\/.*/, '');
const vm = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm';

describe('compute files', () => {
  it('a cluster has the defaults of the other clients, and the region of the workspace', async () => {
    const { path, apiVersion, body } = await putOf('type: amlcompute\nname: cpu\n');
    assert.deepEqual([path, apiVersion], ['/computes/cpu', '2024-10-01']);
    assert.deepEqual(body, {
      location: 'westeurope',
      properties: {
        computeType: 'AmlCompute',
        disableLocalAuth: true,
        properties: {
          vmSize: 'STANDARD_DS3_V2',
          osType: 'Linux',
          scaleSettings: { minNodeCount: 0, maxNodeCount: 4, nodeIdleTimeBeforeScaleDown: 'PT2M' },
          remoteLoginPortPublicAccess: 'NotSpecified',
          enableNodePublicIp: true,
        },
      },
    });
  });

  it('a cluster takes words in the service’s spelling too, and several identities', async () => {
    const { body } = await putOf(
      'type: AmlCompute\nname: cpu\nlocation: northeurope\ntier: LowPriority\n' +
        'identity:\n  type: SystemAssigned, UserAssigned\n  user_assigned_identities: [{resource_id: /a}, {resource_id: /b}]\n',
    );
    assert.equal(body['location'], 'northeurope');
    assert.equal((body.properties['properties'] as Record<string, unknown>)['vmPriority'], 'LowPriority');
    assert.deepEqual(body['identity'], {
      type: 'SystemAssigned,UserAssigned',
      userAssignedIdentities: { '/a': {}, '/b': {} },
    });
  });

  it('a subnet is an id, or a name with that of its network', async () => {
    const subnet =
      '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/n/providers/Microsoft.Network/virtualNetworks/v/subnets/s';
    const idOf = async (settings: string): Promise<unknown> => {
      const { body } = await putOf(`type: amlcompute\nname: cpu\nnetwork_settings: {${settings}}\n`);
      return (body.properties['properties'] as { subnet?: { id: string } }).subnet?.id;
    };
    assert.equal(await idOf(`subnet: ${subnet}`), subnet);
    assert.equal(
      await idOf('vnet_name: v, subnet: s'),
      `${group}/providers/Microsoft.Network/virtualNetworks/v/subnets/s`,
    );
    const refused = (settings: string) => refusalOf(`type: amlcompute\nname: cpu\nnetwork_settings: {${settings}}\n`);
    assert.match((await refused('vnet_name: v')) ?? '', /^3:20: a virtual network alone says no subnet/);
    assert.match((await refused('subnet: s')) ?? '', /^3:28: subnet is "s", and vnet_name is missing/);
  });

  it('an instance keeps what its file says of schedules, scripts and applications', async () => {
    const { body, apiVersion } = await putOf(`
type: computeinstance
name: ci
ssh_settings: {ssh_key_value: ssh-rsa A}
create_on_behalf_of: {user_tenant_id: t, user_object_id: o}
idle_time_before_shutdown_minutes: 20
schedules:
  compute_start_stop:
    - action: start
      trigger: {type: recurrence, frequency: day, interval: 1}
setup_scripts:
  startup_script: {path: s.sh, command: run}
custom_applications:
  - name: app
    image: {reference: "i:1"}
    endpoints: [{target: 8000, published: 8080}]
    bind_mounts: [{source: /a, target: /b}]
`);
    assert.equal(apiVersion, '2023-08-01-preview');
    const { properties } = body.properties as { properties: Record<string, unknown> };
    assert.deepEqual(properties['sshSettings'], { sshPublicAccess: 'Disabled', adminPublicKey: 'ssh-rsa A' });
    assert.deepEqual(properties['personalComputeInstanceSettings'], { assignedUser: { tenantId: 't', objectId: 'o' } });
    assert.equal(properties['idleTimeBeforeShutdown'], 'PT20M');
    assert.deepEqual(properties['schedules'], {
      computeStartStop: [
        {
          action: 'Start',
          status: 'Enabled',
          triggerType: 'Recurrence',
          recurrence: {
            timeZone: 'UTC',
            frequency: 'Day',
            interval: 1,
            schedule: { hours: [], minutes: [] },
            triggerType: 'Recurrence',
          },
        },
      ],
    });
    assert.deepEqual(properties['setupScripts'], {
      scripts: { startupScript: { scriptSource: 'workspaceStorage', scriptData: 's.sh', scriptArguments: 'run' } },
    });
    assert.deepEqual(properties['customServices'], [
      {
        name: 'app',
        type: 'docker',
        image: { type: 'docker', reference: 'i:1' },
        endpoints: [{ name: 'connect', target: 8000, published: 8080, protocol: 'http' }],
        volumes: [{ type: 'bind', readOnly: false, source: '/a', target: '/b' }],
        docker: { privileged: true },
      },
    ]);
  });

  it('a machine is attached with the key of a file beside its own', async () => {
    const file = (key: string) =>
      `type: virtualmachine\nname: vm\nresource_id: ${vm}\nssh_settings: {admin_username: u, ssh_private_key_file: ${key}}\n`;
    const { body } = await putOf(file('id_rsa'), { id_rsa: 'secret\n' });
    assert.deepEqual((body.properties['properties'] as Record<string, unknown>)['administratorAccount'], {
      username: 'u',
      privateKeyData: 'secret\n',
    });
    assert.match((await refusalOf(file('none'))) ?? '', /^4:57: .*none cannot be read/);
  });

  it('a cluster of Kubernetes carries its properties along with the namespace', async () => {
    const { body } = await putOf(
      'type: kubernetes\nname: k\nnamespace: ml\nproperties: {defaultInstanceType: x, properties: {a: 1}}\n',
    );
    assert.deepEqual(body.properties, {
      computeType: 'Kubernetes',
      computeLocation: 'westeurope',
      properties: { defaultInstanceType: 'x', properties: { a: 1, namespace: 'ml' }, namespace: 'ml' },
    });
  });

  for (const [what, text, message] of [
    ['a type that is none', 'type: amlcompte\nname: c\n', /^1:7: .*amlcompte/],
    ['a name that is more than a name', 'type: amlcompute\nname: a/../b\n', /^2:7: name is "a\/\.\.\/b"/],
    [
      'more nodes at least than at most',
      'type: amlcompute\nname: c\nmin_instances: 5\nmax_instances: 2\n',
      /^4:16: min_instances is 5/,
    ],
    ['an id of nothing', 'type: synapsespark\nname: c\nresource_id: pool\n', /^3:14: resource_id is "pool"/],
    ['a machine without its user', `type: virtualmachine\nname: c\nresource_id: ${vm}\n`, /"ssh_settings" is missing/],
    [
      'two applications at a port',
      'type: computeinstance\nname: c\ncustom_applications:\n' +
        '  - {name: a, image: {reference: i}, endpoints: [{target: 8000, published: 8080}]}\n' +
        '  - {name: b, image: {reference: i}, endpoints: [{target: 8001, published: 8080}]}\n',
      /^5:5: two applications have the name or port 8080/,
    ],
    [
      'a port of the system',
      'type: computeinstance\nname: c\ncustom_applications: [{name: a, image: {reference: i}, endpoints: [{target: 80, published: 8080}]}]\n',
      /target must be a whole number from 1026/,
    ],
    ['a misspelt key', 'type: amlcompute\nname: c\nmax_instance: 2\n', /^3:1: unknown key "max_instance"/],
  ] as const) {
    it(`refuse ${what}`, async () => assert.match((await refusalOf(text)) ?? '', message));
  }
});
