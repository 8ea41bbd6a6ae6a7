import assert from 'node:assert/strict';
import { putOf, refusalOf } from './support';

const storage = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/own';
const containers = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/own';

describe('registry files', () => {
  it('give each region its storage: made, several alike, or one’s own', async () => {
    const { path, apiVersion, body } = await putOf(`
name: r
location: eastus
tags: {a: b, c: 1}
public_network_access: disabled
intellectual_property: {publisher: me}
container_registry: ${containers}
replication_locations:
  - location: eastus
  - {location: westus, storage_config: {storage_account_hns: true, storage_account_type: standard_grs, replication_count: 2}}
  - {location: northus, storage_config: [${storage}]}
`);
    assert.match(
      path,
      /\/resourceGroups\/resource-group\/providers\/Microsoft\.MachineLearningServices\/registries\/r$/,
    );
    assert.equal(apiVersion, '2022-10-01-preview');
    const made = (type: string, hns: boolean) => ({
      systemCreatedStorageAccount: { storageAccountHnsEnabled: hns, storageAccountType: type },
    });
    const acrDetails = [{ userCreatedAcrAccount: { armResourceId: { resourceId: containers } } }];
    assert.deepEqual(body, {
      location: 'eastus',
      tags: { a: 'b', c: '1' },
      identity: { type: 'SystemAssigned' },
      properties: {
        publicNetworkAccess: 'Disabled',
        intellectualPropertyPublisher: 'me',
        managedResourceGroupTags: { a: 'b', c: '1' },
        regionDetails: [
          { location: 'eastus', storageAccountDetails: [made('Standard_LRS', false)], acrDetails },
          {
            location: 'westus',
            storageAccountDetails: [made('Standard_GRS', true), made('Standard_GRS', true)],
            acrDetails,
          },
          {
            location: 'northus',
            storageAccountDetails: [{ userCreatedStorageAccount: { armResourceId: { resourceId: storage } } }],
            acrDetails,
          },
        ],
      },
    });
  });

  for (const [what, text, message] of [
    ['no region', 'location: eastus\nreplication_locations: {a: b}\n', /replication_locations must be a list/],
    [
      'an id of another resource',
      `location: e\ncontainer_registry: ${storage}\nreplication_locations: [{location: e}]\n`,
      /^3:21: .*ARM id of a container registry/,
    ],
    [
      'an unknown type of storage',
      'location: e\nreplication_locations: [{location: e, storage_config: {storage_account_type: Standard_XRS}}]\n',
      /storage_account_type is "Standard_XRS"/,
    ],
    [
      'no copy at all',
      'location: e\nreplication_locations: [{location: e, storage_config: {replication_count: 0}}]\n',
      /replication_count must be a whole number from 1/,
    ],
  ] as const) {
    it(`refuse ${what}`, async () => assert.match((await refusalOf(`name: r\n${text}`)) ?? '', message));
  }
});
