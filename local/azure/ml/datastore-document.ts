import { asObject, asString, asStrings, isObject, type JsonObject } from '../json';
import { names } from '../seed';
import type { Core } from '../service';
import { userError } from './versioned';

/** What each type must name beside the account, and what it may. */
const types: Record<string, { required: string[]; optional: string[] }> = {
  AzureBlob: { required: ['accountName', 'containerName'], optional: ['endpoint', 'protocol'] },
  AzureDataLakeGen2: { required: ['accountName', 'filesystem'], optional: ['endpoint', 'protocol'] },
  AzureFile: { required: ['accountName', 'fileShareName'], optional: ['endpoint', 'protocol'] },
  AzureDataLakeGen1: { required: ['storeName'], optional: [] },
  OneLake: { required: ['artifact', 'oneLakeWorkspaceName'], optional: ['endpoint'] },
};

const credentialsTypes = [
  'None',
  'AccountKey',
  'Sas',
  'ServicePrincipal',
  'Certificate',
  'KerberosKeytab',
  'KerberosPassword',
];

/** The stored properties of a datastore (swagger: `Datastore` and its kinds), without secrets. @throws ArmFault 400 */
export function describeDatastore(core: Core, sent: JsonObject, isDefault: boolean): JsonObject {
  const type = asString(sent['datastoreType']) ?? '';
  const kind = types[type];
  if (kind === undefined) throw wrong(`'${type}' is not a datastoreType; there are ${Object.keys(types).join(', ')}.`);
  for (const key of kind.required)
    if (sent[key] === undefined || sent[key] === null || sent[key] === '')
      throw wrong(`A datastore of type ${type} needs ${key}.`);
  const isOwn = sent['accountName'] === core.blobs.account;
  const own = Object.fromEntries(
    [...kind.required, ...kind.optional].filter((key) => sent[key] !== undefined).map((key) => [key, sent[key]]),
  );
  return {
    description: asString(sent['description']) ?? null,
    tags: sent['tags'] === undefined ? null : asStrings(sent['tags']),
    properties: null,
    isDefault,
    credentials: credentialsOf(sent),
    subscriptionId: names.subscriptionId,
    resourceGroup: names.resourceGroup,
    datastoreType: type,
    endpoint: 'core.windows.net',
    protocol: 'https',
    ...own,
    // Whatever the caller calls the cloud: this account is at this address.
    ...(isOwn ? { endpoint: core.blobs.endpointSuffix, protocol: 'https' } : {}),
    serviceDataAccessAuthIdentity: asString(sent['serviceDataAccessAuthIdentity']) ?? 'WorkspaceSystemAssignedIdentity',
  };
}

function credentialsOf(sent: JsonObject): JsonObject {
  if (!isObject(sent['credentials'])) throw wrong('A datastore needs credentials; credentialsType None for none.');
  const { secrets, ...shown } = sent['credentials'];
  const type = asString(shown['credentialsType']) ?? '';
  if (!credentialsTypes.includes(type)) throw wrong(`'${type}' is not a credentialsType.`);
  if (['AccountKey', 'Sas', 'ServicePrincipal'].includes(type) && !isObject(secrets))
    throw wrong(`Credentials of type ${type} need secrets.`);
  return { ...shown, credentialsType: type };
}

/** What `listSecrets` gives back; `undefined` for a datastore without credentials. */
export function secretsOf(sent: JsonObject): JsonObject | undefined {
  const { secrets, credentialsType } = asObject(sent['credentials']);
  return isObject(secrets) ? { secretsType: credentialsType, ...secrets } : undefined;
}

function wrong(message: string): Error {
  return userError(400, 'InvalidDatastore', message);
}
