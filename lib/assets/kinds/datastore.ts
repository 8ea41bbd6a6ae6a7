import { answered } from '../parts/answered';
import { mapOf, tagged, union } from '../shape/collections';
import { optional, record, required, withDefault, type Fields } from '../shape/record';
import { exactly, text, word } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';
import { resourceName } from '../parts/names';
import type { YamlReader } from '../../agent/yaml';
import { kind } from './kind';

const accountKey = refine(record({ account_key: required(text) }), ({ accountKey: key }) => ({
  credentialsType: 'AccountKey',
  secrets: { secretsType: 'AccountKey', key },
}));

const sas = refine(record({ sas_token: required(text) }), ({ sasToken }) => ({
  credentialsType: 'Sas',
  secrets: { secretsType: 'Sas', sasToken },
}));

const none = refine(record({}), () => ({ credentialsType: 'None' }));

const tenant = {
  tenant_id: required(text),
  client_id: required(text),
  authority_url: optional(text),
  authority_uri: optional(text, { as: 'authorityUrl' }),
  resource_url: optional(text),
};

/** Where tokens come from unless the file says it. */
const authority = 'https://login.microsoftonline.com';

/** The key has had two spellings. */
function oneAuthority<T>(inner: Shape<T>): Shape<T> {
  return refine(inner, (value, at) => {
    if (!at.has('authority_url') || !at.has('authority_uri')) return value;
    throw at.required('authority_uri').error('authority_uri is the older word for authority_url', 'Keep one.', true);
  });
}

const servicePrincipal = refine(
  oneAuthority(record({ ...tenant, client_secret: required(text) })),
  ({ clientSecret, authorityUrl = authority, ...members }) => ({
    credentialsType: 'ServicePrincipal',
    ...members,
    authorityUrl,
    secrets: { secretsType: 'ServicePrincipal', clientSecret },
  }),
);

const certificate = refine(
  oneAuthority(record({ ...tenant, thumbprint: required(text), certificate: optional(text) })),
  ({ certificate: value, authorityUrl = authority, ...members }) => ({
    credentialsType: 'Certificate',
    ...members,
    authorityUrl,
    secrets: { secretsType: 'Certificate', certificate: value },
  }),
);

interface CredentialForm {
  key: string;
  shape: Shape;
}

const byKey: CredentialForm = { key: 'account_key', shape: accountKey };
const bySas: CredentialForm = { key: 'sas_token', shape: sas };
const byCertificate: CredentialForm = { key: 'thumbprint', shape: certificate };
const byPrincipal: CredentialForm = { key: 'client_secret', shape: servicePrincipal };

/** Credentials say by their members what they are; an empty map, or none at all, is identity-based access. */
function credentials(...forms: readonly CredentialForm[]): Shape {
  const isEmpty = (at: YamlReader): boolean => at.isMap && at.entries().length === 0;
  const wanted = `a map with ${forms.map(({ key }) => key).join(' or ')}`;
  return union(wanted, [
    { when: isEmpty, shape: none },
    ...forms.map(({ key, shape }) => ({ when: (at: YamlReader) => at.isMap && at.has(key), shape })),
    // What is left lacks a key or misspells it: the first form says which.
    ...forms.slice(0, 1).map(({ shape }) => ({ when: (at: YamlReader) => at.isMap, shape })),
  ]);
}

const common = {
  name: required(resourceName),
  description: optional(text),
  tags: withDefault(mapOf(text), () => ({})),
  id: answered,
};

const noCredentials = () => ({ credentialsType: 'None' });

const storage = {
  ...common,
  account_name: required(text),
  endpoint: withDefault(text, () => 'core.windows.net'),
  protocol: withDefault(text, () => 'https'),
};

/** The members of one type of datastore; its word in `type` and in the request. */
function datastoreOf(yaml: string, datastoreType: string, fields: Fields): Shape {
  return record({
    ...fields,
    type: required(
      refine(exactly(yaml), () => datastoreType),
      { as: 'datastoreType' },
    ),
  });
}

const blob = datastoreOf('azure_blob', 'AzureBlob', {
  ...storage,
  container_name: required(text),
  credentials: withDefault(credentials(byKey, bySas), noCredentials),
});

/** Types of datastores. Adding one is one more entry here. */
const types: Readonly<Record<string, Shape>> = {
  azure_blob: blob,
  azure_file: datastoreOf('azure_file', 'AzureFile', {
    ...storage,
    file_share_name: required(text),
    credentials: withDefault(credentials(byKey, bySas), noCredentials),
  }),
  azure_data_lake_gen2: datastoreOf('azure_data_lake_gen2', 'AzureDataLakeGen2', {
    ...storage,
    filesystem: required(text),
    credentials: withDefault(credentials(byPrincipal, byCertificate), noCredentials),
  }),
  azure_data_lake_gen1: datastoreOf('azure_data_lake_gen1', 'AzureDataLakeGen1', {
    ...common,
    store_name: required(text),
    credentials: withDefault(credentials(byPrincipal, byCertificate), noCredentials),
  }),
  one_lake: datastoreOf('one_lake', 'OneLake', {
    ...common,
    one_lake_workspace_name: required(text),
    endpoint: required(text),
    artifact: required(
      record({
        name: required(text, { as: 'artifactName' }),
        type: withDefault(word({ lake_house: 'LakeHouse' }), () => 'LakeHouse' as const, { as: 'artifactType' }),
      }),
    ),
    credentials: withDefault(credentials(byPrincipal), noCredentials),
  }),
};

/** `az ml datastore create`. Body: Datastores_CreateOrUpdate. The service does not try the credentials. */
export const datastore = kind({
  name: 'datastore',
  schemas: [
    'azureBlob.schema.json',
    'azureFile.schema.json',
    'azureDataLakeGen1.schema.json',
    'azureDataLakeGen2.schema.json',
    'oneLake.schema.json',
  ],
  signs: { type: Object.keys(types), keys: ['account_name', 'container_name', 'file_share_name', 'filesystem'] },
  shape: tagged('type', types) as Shape<{ name: string }>,
  resource: ({ name, ...properties }, scope) => ({
    path: `${scope.workspaceId}/datastores/${name}?skipValidation=true`,
    body: { properties },
  }),
});
