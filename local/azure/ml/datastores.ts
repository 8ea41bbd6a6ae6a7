import { asBoolean, asNumber, asObject, asString, asStrings, isObject, type JsonObject } from '../json';
import { names, workspacePath } from '../seed';
import type { BlobStorage } from '../blobs';
import type { Answer, Call, Core, Route } from '../service';
import { page, userError } from './versioned';
import { resource, systemData, workspaceRoute } from './workspace-path';

/** The datastores every workspace has, with their containers. */
const seeded = [
  { name: 'workspaceblobstore', container: `azureml-blobstore-${names.workspaceId}`, isDefault: true },
  { name: 'workspaceartifactstore', container: 'azureml', isDefault: false },
];

type Secrets = Pick<BlobStorage, 'accountSas' | 'accountKey'>;

/** Datastores. Swagger: mfe.json, `Datastores_*`; the shape is that recorded in 2026, which leaves out the secrets. */
export function datastoreRoutes(core: Core, secrets: Secrets): Route[] {
  const path = `${workspaceRoute}/datastores`;
  const arm = (method: Route['method'], at: string, handle: Route['handle']): Route => ({
    method,
    path: at,
    token: 'arm',
    handle,
  });
  return [
    arm('GET', path, (call) => list(core, call)),
    arm('GET', `${path}/{name}`, (call) => ({ status: 200, body: find(core, call) })),
    arm('PUT', `${path}/{name}`, (call) => put(core, call)),
    arm('POST', `${path}/{name}/listSecrets`, (call) => listSecrets(core, secrets, call)),
  ];
}

/** Makes the workspace's own datastores at the first start, and their containers. */
export async function seedDatastores(core: Core): Promise<void> {
  const now = new Date().toISOString();
  const by = {
    createdBy: names.workspace,
    createdByType: 'Application',
    lastModifiedBy: names.workspace,
    lastModifiedByType: 'Application',
  };
  for (const { name, container, isDefault } of seeded) {
    await core.blobs.containerUrl(container);
    const properties = describe(core, { containerName: container, accountName: core.blobs.account }, isDefault);
    const key = `${workspacePath}/datastores/${name}`;
    const former = asObject(asObject(core.store.get(key))['systemData']);
    const data = { ...by, createdAt: asString(former['createdAt']) ?? now, lastModifiedAt: now };
    // Written at each start: the endpoint carries the port.
    core.store.set(key, resource(`datastores/${name}`, properties, data));
  }
}

function describe(core: Core, sent: JsonObject, isDefault: boolean): JsonObject {
  return {
    description: asString(sent['description']) ?? null,
    tags: sent['tags'] === undefined ? null : asStrings(sent['tags']),
    properties: null,
    isDefault,
    credentials: { credentialsType: 'AccountKey' },
    subscriptionId: names.subscriptionId,
    resourceGroup: names.resourceGroup,
    datastoreType: 'AzureBlob',
    accountName: asString(sent['accountName']) ?? '',
    containerName: asString(sent['containerName']) ?? '',
    endpoint: core.blobs.endpointSuffix,
    protocol: 'https',
    serviceDataAccessAuthIdentity: 'WorkspaceSystemAssignedIdentity',
  };
}

function list(core: Core, call: Call): Answer {
  const all = core.store.keys(`${workspacePath}/datastores/`).map((key) => asObject(core.store.get(key)));
  const wanted = call.query.get('isDefault');
  const fits = (one: JsonObject): boolean =>
    wanted === null || String(asObject(one['properties'])['isDefault']) === wanted.toLowerCase();
  return page(call, all.filter(fits));
}

function find(core: Core, call: Call): JsonObject {
  const name = call.params['name'] ?? '';
  const found = core.store.get(`${workspacePath}/datastores/${name}`);
  if (isObject(found)) return found;
  throw userError(404, 'DatastoreNotFound', `Could not find datastore: ${name}.`);
}

async function put(core: Core, call: Call): Promise<Answer> {
  const name = call.params['name'] ?? '';
  const sent = asObject(asObject(call.json())['properties']);
  if (sent['datastoreType'] !== 'AzureBlob')
    throw userError(400, 'InvalidDatastore', 'This local workspace has datastores of type AzureBlob only.');
  if (sent['accountName'] !== core.blobs.account) {
    throw userError(
      400,
      'InvalidDatastore',
      `The storage account '${asString(sent['accountName']) ?? ''}' was not found; there is '${core.blobs.account}'.`,
    );
  }
  const container = asString(sent['containerName']);
  if (container === undefined || container === '')
    throw userError(400, 'InvalidDatastore', 'A datastore of type AzureBlob needs a containerName.');
  await core.blobs.containerUrl(container);
  const key = `${workspacePath}/datastores/${name}`;
  const former = core.store.get(key);
  const isDefault = asBoolean(asObject(asObject(former)['properties'])['isDefault']) ?? false;
  const document = resource(
    `datastores/${name}`,
    describe(core, sent, isDefault),
    systemData(call, asObject(asObject(former)['systemData'])),
  );
  core.store.set(key, document);
  return { status: former === undefined ? 201 : 200, body: document };
}

/**
 * Recorded for the default datastore: with `expirableSecret` an account SAS for blobs, else the account's key. The
 * artifact store, of which there is no recording, always gives the key: azure-ai-ml 1.35 signs the addresses of a job's
 * logs with what it gets here (`list_logs_in_datastore`), and a SAS cannot sign.
 */
function listSecrets(core: Core, secrets: Secrets, call: Call): Answer {
  find(core, call);
  const isArtifactStore = call.params['name']?.toLowerCase() === 'workspaceartifactstore';
  const sent = call.body.length === 0 ? {} : asObject(call.json());
  if (sent['expirableSecret'] !== true || isArtifactStore)
    return { status: 200, body: { secretsType: 'AccountKey', key: secrets.accountKey } };
  const hours = Math.min(24, Math.max(1, asNumber(sent['expireAfterHours']) ?? 1));
  return { status: 200, body: { secretsType: 'Sas', sasToken: secrets.accountSas('rcuwdl', hours) } };
}
