import { asBoolean, asNumber, asObject, asString, isObject, type JsonObject } from '../json';
import { names, workspacePath } from '../seed';
import type { BlobStorage } from '../blobs';
import { armRoute, type Answer, type Call, type Core, type Route } from '../service';
import { describeDatastore, secretsOf } from './datastore-document';
import { page, userError } from './versioned';
import { resource, systemData, workspaceOf, workspaceRoute } from './workspace-path';

/** The datastores every workspace has; the first is its default. */
const seeded = ['workspaceblobstore', 'workspaceartifactstore'];

type Secrets = Pick<BlobStorage, 'accountSas' | 'accountKey'>;

/** Datastores. Swagger: mfe.json, `Datastores_*`; the shape is that recorded in 2026, which leaves out the secrets. */
export function datastoreRoutes(core: Core, secrets: Secrets): Route[] {
  const path = `${workspaceRoute}/datastores`;
  return [
    armRoute('GET', path, (call) => list(core, call)),
    armRoute('GET', `${path}/{name}`, (call) => ({ status: 200, body: find(core, call) })),
    armRoute('PUT', `${path}/{name}`, (call) => put(core, call)),
    armRoute('DELETE', `${path}/{name}`, (call) => remove(core, call)),
    armRoute('POST', `${path}/{name}/listSecrets`, (call) => listSecrets(core, secrets, call)),
  ];
}

/** Makes a workspace's own datastores, and their containers in the one account there is. */
export async function seedDatastores(core: Core, workspace: string, workspaceId: string): Promise<void> {
  const now = new Date().toISOString();
  const name = workspace.split('/').pop() ?? '';
  const by = {
    createdBy: name,
    createdByType: 'Application',
    lastModifiedBy: name,
    lastModifiedByType: 'Application',
  };
  // The artifact store of the workspace from the start has the name that the service gives it.
  const artifacts = workspace === workspacePath ? 'azureml' : `azureml-${workspaceId}`;
  for (const datastore of seeded) {
    const isDefault = datastore === seeded[0];
    const container = isDefault ? `azureml-blobstore-${workspaceId}` : artifacts;
    await core.blobs.containerUrl(container);
    const sent = {
      datastoreType: 'AzureBlob',
      containerName: container,
      accountName: core.blobs.account,
      credentials: { credentialsType: 'AccountKey', secrets: {} },
    };
    const key = `${workspace}/datastores/${datastore}`;
    const former = asObject(asObject(core.store.get(key))['systemData']);
    const data = { ...by, createdAt: asString(former['createdAt']) ?? now, lastModifiedAt: now };
    // Written at each start: the endpoint carries the port.
    const properties = describeDatastore(core, sent, isDefault);
    core.store.set(key, resource(workspace, `datastores/${datastore}`, properties, data));
  }
}

function list(core: Core, call: Call): Answer {
  const all = core.store.keys(`${workspaceOf(core, call)}/datastores/`).map((key) => asObject(core.store.get(key)));
  const wanted = call.query.get('isDefault');
  const fits = (one: JsonObject): boolean =>
    wanted === null || String(asObject(one['properties'])['isDefault']) === wanted.toLowerCase();
  return page(call, all.filter(fits));
}

function find(core: Core, call: Call): JsonObject {
  const found = core.store.get(key(core, call));
  if (isObject(found)) return found;
  throw userError(404, 'DatastoreNotFound', `Could not find datastore: ${call.params['name'] ?? ''}.`);
}

/** With `skipValidation=true` nothing is looked for behind a datastore: it can be kept, whether this machine reaches it or not. */
async function put(core: Core, call: Call): Promise<Answer> {
  const name = call.params['name'] ?? '';
  if (!/^\w{1,255}$/.test(name))
    throw userError(
      400,
      'InvalidDatastoreName',
      `The datastore name '${name}' may hold letters, digits and underscores.`,
    );
  const sent = asObject(asObject(call.json())['properties']);
  const properties = describeDatastore(core, sent, false);
  if (call.query.get('skipValidation')?.toLowerCase() !== 'true') checkReach(core, properties);
  const container = properties['containerName'] ?? properties['filesystem'];
  if (properties['accountName'] === core.blobs.account && typeof container === 'string')
    await core.blobs.containerUrl(container);
  const id = key(core, call);
  const former = core.store.get(id);
  const isDefault = asBoolean(asObject(asObject(former)['properties'])['isDefault']) ?? false;
  const document = resource(
    workspaceOf(core, call),
    `datastores/${name}`,
    { ...properties, isDefault },
    systemData(call, asObject(asObject(former)['systemData'])),
  );
  core.store.set(id, document);
  const secrets = secretsOf(sent);
  if (secrets === undefined) core.store.delete(`datastore-secrets/${id}`);
  else core.store.set(`datastore-secrets/${id}`, secrets);
  return { status: former === undefined ? 201 : 200, body: document };
}

function checkReach(core: Core, properties: JsonObject): void {
  if (properties['datastoreType'] !== 'AzureBlob')
    throw userError(
      400,
      'InvalidDatastore',
      'This local workspace reaches datastores of type AzureBlob only; others can be kept with skipValidation=true.',
    );
  const account = asString(properties['accountName']) ?? '';
  if (account !== core.blobs.account)
    throw userError(
      400,
      'InvalidDatastore',
      `The storage account '${account}' was not found; there is '${core.blobs.account}'.`,
    );
}

/** The workspace cannot do without its own. */
function remove(core: Core, call: Call): Answer {
  const id = key(core, call);
  if (core.store.get(id) === undefined) return { status: 204 };
  if (seeded.includes((call.params['name'] ?? '').toLowerCase()))
    throw userError(
      400,
      'DatastoreInUse',
      `The datastore '${call.params['name'] ?? ''}' is one of the workspace's own.`,
    );
  core.store.delete(`datastore-secrets/${id}`);
  core.store.delete(id);
  return { status: 200 };
}

/**
 * Recorded for the default datastore: with `expirableSecret` an account SAS for blobs, else the account's key. The
 * artifact store, of which there is no recording, always gives the key: azure-ai-ml 1.35 signs the addresses of a job's
 * logs with what it gets here (`list_logs_in_datastore`), and a SAS cannot sign. What a caller stored is given back to
 * whoever may ask.
 */
function listSecrets(core: Core, secrets: Secrets, call: Call): Answer {
  const document = find(core, call);
  const kept = core.store.get(`datastore-secrets/${key(core, call)}`);
  if (isObject(kept)) return { status: 200, body: kept };
  if (asObject(document['properties'])['accountName'] !== core.blobs.account)
    throw userError(400, 'NoSecrets', 'The datastore has no credentials.');
  const isArtifactStore = call.params['name']?.toLowerCase() === 'workspaceartifactstore';
  const sent = call.body.length === 0 ? {} : asObject(call.json());
  if (sent['expirableSecret'] !== true || isArtifactStore)
    return { status: 200, body: { secretsType: 'AccountKey', key: secrets.accountKey } };
  const hours = Math.min(24, Math.max(1, asNumber(sent['expireAfterHours']) ?? 1));
  return { status: 200, body: { secretsType: 'Sas', sasToken: secrets.accountSas('rcuwdl', hours) } };
}

function key(core: Core, call: Call): string {
  return `${workspaceOf(core, call)}/datastores/${call.params['name'] ?? ''}`;
}

/** Makes the datastores of the workspace that there is from the start. */
export function seedOwnDatastores(core: Core): Promise<void> {
  return seedDatastores(core, workspacePath, names.workspaceId);
}
