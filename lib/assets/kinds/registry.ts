import { answered } from '../parts/answered';
import { pathName } from '../parts/arm';
import { isList, isMap, isText, list, looseTextMap, union } from '../shape/collections';
import { optional, record, required, withDefault } from '../shape/record';
import { boolean, integerIn, text, textLike, word, words } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';
import { kind } from './kind';

const storageTypes = Object.fromEntries(
  [
    'Standard_LRS',
    'Standard_GRS',
    'Standard_RAGRS',
    'Standard_ZRS',
    'Standard_GZRS',
    'Standard_RAGZRS',
    'Premium_LRS',
    'Premium_ZRS',
  ].map((one) => [one.toLowerCase(), one]),
);

function resourceOf(provider: string, what: string): Shape<{ armResourceId: { resourceId: string } }> {
  const pattern = new RegExp(`^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/${provider}/[^/]+$`, 'i');
  return refine(textLike(pattern, `the ARM id of ${what}`), (id) => ({ armResourceId: { resourceId: id } }));
}

/** Accounts that the service makes, alike, as many as asked for. */
const made = refine(
  record({
    storage_account_hns: withDefault(boolean, () => false, { as: 'storageAccountHnsEnabled' }),
    storage_account_type: withDefault(word(storageTypes), () => 'Standard_LRS'),
    replication_count: withDefault(integerIn(1, 100), () => 1),
    arm_resource_id: answered,
    replicated_ids: answered,
  }),
  ({ replicationCount, ...account }): unknown[] =>
    Array.from({ length: replicationCount }, () => ({ systemCreatedStorageAccount: account })),
);

const ownStorage = list(
  refine(resourceOf('Microsoft\\.Storage/storageAccounts', 'a storage account'), (account) => ({
    userCreatedStorageAccount: account,
  })),
);

const storage = union<unknown[]>('the storage to make, or a list of ids of storage accounts', [
  { when: isMap, shape: made },
  { when: isList, shape: ownStorage },
]);

const defaultStorage = (): unknown[] => [
  { systemCreatedStorageAccount: { storageAccountHnsEnabled: false, storageAccountType: 'Standard_LRS' } },
];

const premium = { systemCreatedAcrAccount: { acrAccountSku: 'Premium' } };

const containers = union<unknown>('acr_account_sku, or the id of a container registry', [
  {
    when: isMap,
    shape: refine(
      record({ acr_account_sku: required(word({ premium: 'Premium' })), arm_resource_id: answered }),
      () => premium,
    ),
  },
  {
    when: isText,
    shape: refine(resourceOf('Microsoft\\.ContainerRegistry/registries', 'a container registry'), (account) => ({
      userCreatedAcrAccount: account,
    })),
  },
]);

/** `az ml registry create`. Body: Registries_CreateOrUpdate. */
export const registry = kind({
  name: 'registry',
  schemas: ['registry.schema.json'],
  signs: { keys: ['replication_locations'] },
  shape: record({
    name: required(pathName),
    location: required(text),
    tags: withDefault(looseTextMap, () => ({})),
    description: optional(text),
    public_network_access: optional(words('Enabled', 'Disabled')),
    intellectual_property: optional(record({ publisher: optional(text) })),
    container_registry: withDefault(containers, () => premium),
    replication_locations: required(
      list(
        record({
          location: required(text),
          storage_config: withDefault(storage, defaultStorage, { as: 'storageAccountDetails' }),
        }),
      ),
    ),
    id: answered,
    identity: answered,
    kind: answered,
    sku: answered,
    managed_resource_group: answered,
    mlflow_registry_uri: answered,
    discovery_url: answered,
  }),
  resource: (registryFile, { workspaceId }) => {
    const { name, location, tags, publicNetworkAccess, intellectualProperty, containerRegistry } = registryFile;
    const group = workspaceId.replace(/\/providers\/.*$/, '');
    return {
      path: `${group}/providers/Microsoft.MachineLearningServices/registries/${name}`,
      body: {
        location,
        tags,
        identity: { type: 'SystemAssigned' },
        properties: {
          publicNetworkAccess,
          intellectualPropertyPublisher: intellectualProperty?.publisher,
          managedResourceGroupTags: tags,
          regionDetails: registryFile.replicationLocations.map((region) => ({
            ...region,
            acrDetails: [containerRegistry],
          })),
        },
      },
      // The tags of the group that the service makes are in preview versions only.
      apiVersion: '2022-10-01-preview',
    };
  },
});
