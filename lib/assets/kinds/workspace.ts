import { answered } from '../parts/answered';
import { exactResourceId, identityType, pathName, type ResourceIdentity } from '../parts/arm';
import { managedNetwork } from '../parts/managed-network';
import { list, mapOf, tagged } from '../shape/collections';
import { dropped, optional, record, required, withDefault } from '../shape/record';
import { boolean, exactly, text, textLike, words } from '../shape/scalars';
import { nullable, refine, type Scope, type Shape } from '../shape/shape';
import { kind } from './kind';

const keyUri = textLike(
  /^https:\/\/(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,}\/\S+$/i,
  'the https:// address of a key',
);

/** The workspace's own data is encrypted with a key of the customer's. */
const encryption = refine(
  record({
    key_vault: required(text),
    key_uri: required(keyUri),
    cosmosdb_id: optional(text),
    storage_id: optional(text),
    search_id: optional(text),
  }),
  (key) => ({
    status: 'Enabled',
    keyVaultProperties: { keyVaultArmId: key.keyVault, keyIdentifier: key.keyUri },
    cosmosDbResourceId: key.cosmosdbId,
    storageAccountResourceId: key.storageId,
    searchAccountResourceId: key.searchId,
  }),
);

const identity: Shape<ResourceIdentity> = refine(
  record({
    type: required(identityType),
    principal_id: answered,
    tenant_id: answered,
    user_assigned_identities: optional(
      nullable(
        mapOf(
          nullable(record({ client_id: optional(text), principal_id: optional(text), resource_id: dropped(text) })),
        ),
      ),
    ),
  }),
  ({ type, userAssignedIdentities: ids = {} }) => ({
    type,
    userAssignedIdentities:
      Object.keys(ids).length === 0
        ? undefined
        : Object.fromEntries(Object.entries(ids).map(([id, meta]) => [id, { ...meta }])),
  }),
);

const networkAcls = refine(
  record({
    default_action: required(exactly('Deny', 'Allow')),
    ip_rules: optional(nullable(list(record({ value: required(text) })))),
  }),
  (acls, at) => {
    if (acls.defaultAction === 'Allow' || (acls.ipRules ?? []).length > 0) return acls;
    throw at.error('network_acls denies everybody', 'Give ip_rules: what may come in.');
  },
);

/** `None` takes a subnet away. */
const customSubnet: Shape<string | undefined> = {
  ...refine(text, (value, at, scope) => (value === 'None' ? undefined : exactResourceId.read(at, scope))),
  nullable: true,
};

const serverless = record({
  custom_subnet: optional(nullable(customSubnet), { as: 'serverlessComputeCustomSubnet' }),
  no_public_ip: withDefault(boolean, () => false, { as: 'serverlessComputeNoPublicIP' }),
});

/** Members of the request's properties. */
const properties = {
  description: optional(text),
  display_name: optional(text, { as: 'friendlyName' }),
  discovery_url: optional(text),
  hbi_workspace: withDefault(boolean, () => false),
  storage_account: optional(exactResourceId),
  container_registry: optional(exactResourceId),
  key_vault: optional(exactResourceId),
  application_insights: optional(exactResourceId),
  customer_managed_key: optional(encryption, { as: 'encryption' }),
  image_build_compute: optional(text),
  public_network_access: optional(words('Enabled', 'Disabled')),
  network_acls: optional(networkAcls),
  system_datastores_auth_mode: optional(text),
  primary_user_assigned_identity: optional(text),
  managed_network: optional(managedNetwork),
  provision_network_now: optional(boolean),
  enable_data_isolation: withDefault(boolean, () => false),
  allow_roleassignment_on_rg: optional(boolean, { as: 'allowRoleAssignmentOnRG' }),
  serverless_compute: optional(serverless, { as: 'serverlessComputeSettings' }),
};

const common = {
  ...properties,
  name: required(pathName),
  location: optional(text),
  resource_group: optional(pathName),
  tags: withDefault(mapOf(text), () => ({})),
  identity: optional(identity),
  workspace_hub: optional(exactResourceId),
  id: answered,
  mlflow_tracking_uri: answered,
};

const plain = record({ ...common, kind: dropped(words('default')) });

const hub = refine(
  record({
    ...common,
    kind: dropped(words('hub')),
    default_resource_group: optional(text, { as: 'defaultWorkspaceResourceGroup' }),
    associated_workspaces: answered,
  }),
  ({ defaultWorkspaceResourceGroup, ...values }) => ({
    ...values,
    kind: 'hub',
    workspaceHubConfig: { defaultWorkspaceResourceGroup },
  }),
);

const project = refine(
  record({ ...common, kind: dropped(words('project')), hub_id: required(text, { as: 'workspaceHub' }) }),
  (values) => ({ ...values, kind: 'project' }),
);

type Values = typeof plain extends Shape<infer T> ? T & { kind?: string; workspaceHubConfig?: unknown } : never;

/** Members that no stable version of the service has. */
const previews = [
  'provisionNetworkNow',
  'systemDatastoresAuthMode',
  'allowRoleAssignmentOnRG',
  'networkAcls',
] as const satisfies readonly (keyof Values)[];

/** `az ml workspace create`, by the resource's own PUT. Body: Workspaces_CreateOrUpdate. */
export const workspace = kind<Values>({
  name: 'workspace',
  schemas: ['workspace.schema.json', 'hub.schema.json', 'project.schema.json'],
  signs: {
    keys: ['managed_network', 'hbi_workspace', 'customer_managed_key', 'storage_account', 'key_vault', 'hub_id'],
  },
  shape: tagged<Values>('kind', { default: plain, hub, project }, 'default'),
  resource: ({ name, kind: own, location, tags, identity: rights, resourceGroup, workspaceHub, ...rest }, scope) => ({
    path: `${groupOf(scope, resourceGroup)}/providers/Microsoft.MachineLearningServices/workspaces/${name}`,
    body: {
      kind: own ?? (workspaceHub === undefined ? 'default' : 'project'),
      location,
      tags,
      identity: rights,
      properties: { ...rest, hubResourceId: workspaceHub },
    },
    apiVersion: previews.some((member) => rest[member] !== undefined) ? '2024-10-01-preview' : undefined,
  }),
});

function groupOf({ workspaceId }: Scope, named: string | undefined): string {
  const [, subscription = '', group = ''] =
    /^(\/subscriptions\/[^/]+)\/resourceGroups\/([^/]+)/i.exec(workspaceId) ?? [];
  return `${subscription}/resourceGroups/${named ?? group}`;
}
