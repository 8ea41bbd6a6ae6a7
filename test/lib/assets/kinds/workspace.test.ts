import assert from 'node:assert/strict';
import { putOf, refusalOf } from './support';

const id = (type: string, name: string): string =>
  `/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/${type}/${name}`;
const groups = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups';
const provider = 'providers/Microsoft.MachineLearningServices';

describe('workspace files', () => {
  it('go to their own group, with what is said of keys, networks and rights', async () => {
    const { path, apiVersion, body } = await putOf(`
$schema: https://azuremlschemas.azureedge.net/latest/workspace.schema.json
name: ws
resource_group: other
location: westus
storage_account: ${id('Microsoft.Storage/storageAccounts', 'acc')}
customer_managed_key: {key_vault: /vault, key_uri: "https://kv.vault.azure.net/keys/a/b"}
identity: {type: user_assigned, user_assigned_identities: {/a: {client_id: c}, /b: null}}
managed_network:
  isolation_mode: AllowOnlyApprovedOutbound
  firewall_sku: basic
  outbound_rules:
    - {name: pe, type: private_endpoint, destination: {service_resource_id: /s, subresource_target: blob, spark_enabled: true}, status: Active}
    - {name: tag, type: service_tag, destination: {service_tag: A, protocol: TCP, port_ranges: "80"}}
    - {name: site, type: fqdn, destination: example.org}
`);
    assert.deepEqual([path, apiVersion], [`${groups}/other/${provider}/workspaces/ws`, '2024-10-01']);
    assert.deepEqual(body, {
      kind: 'default',
      location: 'westus',
      tags: {},
      identity: { type: 'UserAssigned', userAssignedIdentities: { '/a': { clientId: 'c' }, '/b': {} } },
      properties: {
        hbiWorkspace: false,
        enableDataIsolation: false,
        storageAccount: id('Microsoft.Storage/storageAccounts', 'acc'),
        encryption: {
          status: 'Enabled',
          keyVaultProperties: { keyVaultArmId: '/vault', keyIdentifier: 'https://kv.vault.azure.net/keys/a/b' },
        },
        managedNetwork: {
          isolationMode: 'AllowOnlyApprovedOutbound',
          firewallSku: 'Basic',
          outboundRules: {
            pe: {
              type: 'PrivateEndpoint',
              category: 'UserDefined',
              destination: { serviceResourceId: '/s', subresourceTarget: 'blob', sparkEnabled: true },
            },
            tag: {
              type: 'ServiceTag',
              category: 'UserDefined',
              destination: { serviceTag: 'A', protocol: 'TCP', portRanges: '80' },
            },
            site: { type: 'FQDN', category: 'UserDefined', destination: 'example.org' },
          },
        },
      },
    });
  });

  it('a hub and a project say what they are; a workspace of a hub is a project', async () => {
    const hub = id('Microsoft.MachineLearningServices/workspaces', 'h');
    const of = async (text: string) => (await putOf(text)).body;
    const made = await of('kind: hub\nname: h\ndefault_resource_group: /g\nstorage_account: ' + hub);
    assert.deepEqual(
      [made['kind'], made.properties['workspaceHubConfig']],
      ['hub', { defaultWorkspaceResourceGroup: '/g' }],
    );
    for (const text of [`kind: project\nhub_id: ${hub}\n`, `workspace_hub: ${hub}\nhbi_workspace: false\n`]) {
      const { kind, properties } = await of(`name: p\n${text}`);
      assert.deepEqual([kind, properties['hubResourceId']], ['project', hub]);
    }
  });

  it('members of a preview go to a version that has them', async () => {
    const { apiVersion, body } = await putOf('name: w\nhbi_workspace: true\nprovision_network_now: true\n');
    assert.equal(apiVersion, '2024-10-01-preview');
    assert.equal(body.properties['provisionNetworkNow'], true);
  });

  it('the text None takes the subnet of serverless computes away', async () => {
    const { body } = await putOf('name: w\nhbi_workspace: true\nserverless_compute: {custom_subnet: None}\n');
    assert.deepEqual(body.properties['serverlessComputeSettings'], { serverlessComputeNoPublicIP: false });
  });

  const named = 'name: w\nhbi_workspace: true\n';
  for (const [what, text, message] of [
    [
      'an address of no key',
      `${named}customer_managed_key: {key_vault: v, key_uri: "https://<KEY>/a"}\n`,
      /^3:47: .*key_uri/,
    ],
    [
      'an id with something left to fill in',
      `${named}key_vault: /subscriptions/<ID>/resourceGroups/g\n`,
      /^3:12: key_vault/,
    ],
    [
      'a network that lets nobody in',
      `${named}network_acls: {default_action: Deny}\n`,
      /network_acls denies everybody/,
    ],
    [
      'a rule whose type does not fit its destination',
      `${named}managed_network: {isolation_mode: disabled, outbound_rules: [{name: a, type: fqdn, destination: {service_tag: A, protocol: TCP, port_ranges: "1"}}]}\n`,
      /outbound_rules\[0\]\.type is "fqdn"/,
    ],
    [
      'two rules of a name',
      `${named}managed_network: {isolation_mode: disabled, outbound_rules: [{name: a, destination: b.c}, {name: a, destination: d.e}]}\n`,
      /two outbound rules have the name a/,
    ],
    ['a misspelt key', `${named}descripton: a\n`, /^3:1: unknown key "descripton"/],
  ] as const) {
    it(`refuse ${what}`, async () => assert.match((await refusalOf(text)) ?? '', message));
  }
});
