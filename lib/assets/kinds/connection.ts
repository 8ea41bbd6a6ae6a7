import { answered } from '../parts/answered';
import { connectionCredentials, type Credentials } from '../parts/connection-credentials';
import { connectionName } from '../parts/names';
import { looseTextMap, pythonTextMap, tagged } from '../shape/collections';
import { optional, record, required, withDefault } from '../shape/record';
import { boolean, snake, text, word } from '../shape/scalars';
import { nullable, refine, type Shape } from '../shape/shape';
import { kind } from './kind';

type Texts = Record<string, string | undefined>;

/** A connection as the request has it. */
interface Connection extends Credentials {
  name: string;
  category: string;
  target?: string;
  isSharedToAll: boolean;
  metadata: Texts;
}

/** `git`, `Git`, `AzureOpenAI`. A capital after an underscore is for types that have nothing of their own. */
const typeWord = (type: string, isPlain: boolean) =>
  refine(word({ [type]: type }), (value, at) => {
    const written = at.asString();
    if (written === type || (snake(written) === type && (isPlain || !/_[A-Z]/.test(written)))) return value;
    throw at.error(`type is ${JSON.stringify(written)}`, `Write ${type}.`);
  });

const common = (type: string, isPlain = false) => ({
  name: required(connectionName),
  type: required(typeWord(type, isPlain)),
  is_shared: withDefault(boolean, () => true, { as: 'isSharedToAll' }),
  metadata: withDefault(looseTextMap, () => ({})),
  // The older word for metadata.
  tags: withDefault(pythonTextMap, () => ({})),
  description: answered,
  id: answered,
  creation_context: answered,
});

interface Common {
  name: string;
  isSharedToAll: boolean;
  metadata: Texts;
  tags: Texts;
}

type Own = { category: string; target?: string; metadata?: Texts } & Credentials;

function connectionOf({ name, isSharedToAll, tags, metadata }: Common, own: Own): Connection {
  return { ...own, name, isSharedToAll, metadata: { ...tags, ...metadata, ...own.metadata } };
}

const none: Credentials = { authType: 'None' };
/** The rights of whoever uses the connection. */
const entra: Credentials = { authType: 'AAD' };

/** A type with a target and credentials of any kind, or of some. @param otherwise what counts where the file has none */
function toTarget(type: string, category: string, credentials = connectionCredentials(), otherwise = none) {
  const fields = record({
    ...common(type, true),
    target: required(text),
    credentials: withDefault(credentials, () => otherwise),
  });
  return refine(fields, ({ target, credentials: own, ...rest }) =>
    connectionOf(rest, { category, target, ...(own.authType === none.authType ? otherwise : own) }),
  );
}

const storage = refine(
  record({
    ...common('azure_blob'),
    url: required(text),
    account_name: required(text),
    container_name: required(text),
    credentials: withDefault(connectionCredentials('sas', 'account_key', 'aad'), () => entra),
  }),
  ({ url, accountName, containerName, credentials, ...rest }) =>
    connectionOf(rest, {
      category: 'AzureBlob',
      target: url,
      metadata: { ContainerName: containerName, AccountName: accountName },
      ...credentials,
    }),
);

/** Nobody knows the address of a lake by heart: it is put together from what people see. */
const lake = refine(
  record({
    ...common('azure_one_lake'),
    target: optional(text),
    endpoint: required(text),
    one_lake_workspace_name: optional(text),
    artifact: optional(record({ name: required(text), type: required(word({ lake_house: 'LakeHouse' })) })),
    credentials: withDefault(connectionCredentials('service_principal', 'aad'), () => entra),
  }),
  ({ target, endpoint, oneLakeWorkspaceName, artifact, credentials, ...rest }, at) => {
    if (target === undefined && (oneLakeWorkspaceName === undefined || artifact === undefined)) {
      throw at.error('without target, artifact and one_lake_workspace_name say where the data is', 'Give both.');
    }
    const name = artifact?.name ?? '';
    const isId = /^.{7}-.{4}-.{4}-.{4}.{12}/.test(name);
    const address = `https://${endpoint}/${oneLakeWorkspaceName ?? ''}/${name}${isId ? '' : '.Lakehouse'}`;
    return connectionOf(rest, { category: 'AzureOneLake', target: target ?? address, ...credentials });
  },
);

const withKey = (key: string): Credentials => ({ authType: 'ApiKey', credentials: { key } });

/** A key at the top, or among the credentials; without one Entra ID counts. */
const keyFields = { api_key: optional(nullable(text)), credentials: optional(connectionCredentials()) };

function keyOrEntra({ apiKey, credentials }: { apiKey?: string; credentials?: Credentials }): Credentials {
  if (apiKey !== undefined && apiKey !== '') return withKey(apiKey);
  return credentials?.authType === 'ApiKey' ? credentials : entra;
}

/** A service of Azure with an endpoint. */
function service(type: string, category: string, metadata?: Texts) {
  const fields = record({ ...common(type), endpoint: required(text), ...keyFields });
  return refine(fields, ({ endpoint, ...rest }) =>
    connectionOf(rest, { category, target: endpoint, metadata, ...keyOrEntra(rest) }),
  );
}

const aiServices = refine(
  record({
    ...common('azure_ai_services'),
    endpoint: required(text),
    ai_services_resource_id: required(text),
    ...keyFields,
  }),
  ({ endpoint, aiServicesResourceId, ...rest }) =>
    connectionOf(rest, {
      category: 'AIServices',
      target: endpoint,
      metadata: { ResourceId: aiServicesResourceId },
      ...keyOrEntra(rest),
    }),
);

const openAi = refine(
  record({
    ...common('azure_open_ai'),
    azure_endpoint: required(text),
    api_version: optional(nullable(text)),
    open_ai_resource_id: optional(nullable(text)),
    ...keyFields,
  }),
  ({ azureEndpoint, apiVersion, openAiResourceId, ...rest }) =>
    connectionOf(rest, {
      category: 'AzureOpenAI',
      target: azureEndpoint,
      metadata: { ApiType: 'Azure', ApiVersion: apiVersion, ResourceId: openAiResourceId },
      ...keyOrEntra(rest),
    }),
);

/** A service that takes nothing but a key. */
function keyed(type: string, category: string) {
  const fields = record({ ...common(type), api_key: required(text) });
  return refine(fields, ({ apiKey, ...rest }) => connectionOf(rest, { category, ...withKey(apiKey) }));
}

/** Like `keyed`, with the key that names the service's address. */
function keyedAt(type: string, category: string, key: 'api_base' | 'endpoint') {
  const fields = record({ ...common(type), api_key: required(text), [key]: required(text, { as: 'target' }) });
  return refine(fields, ({ apiKey, ...rest }, at) =>
    connectionOf(rest, { category, target: at.string(key), ...withKey(apiKey) }),
  );
}

/** Types of connections by the word in `type`. Adding one is one more entry here. */
const types: Readonly<Record<string, Shape<Connection>>> = {
  git: toTarget('git', 'Git'),
  container_registry: toTarget('container_registry', 'ContainerRegistry'),
  python_feed: toTarget('python_feed', 'PythonFeed'),
  s3: toTarget('s3', 'S3'),
  snowflake: toTarget('snowflake', 'Snowflake'),
  azure_sql_db: toTarget('azure_sql_db', 'AzureSqlDb'),
  azure_synapse_analytics: toTarget('azure_synapse_analytics', 'AzureSynapseAnalytics'),
  azure_my_sql_db: toTarget('azure_my_sql_db', 'AzureMySqlDb'),
  azure_postgres_db: toTarget('azure_postgres_db', 'AzurePostgresDb'),
  custom: toTarget('custom', 'CustomKeys'),
  azure_data_lake_gen2: toTarget(
    'azure_data_lake_gen2',
    'ADLSGen2',
    connectionCredentials('service_principal', 'aad', 'managed_identity', 'none'),
    entra,
  ),
  azure_blob: storage,
  azure_one_lake: lake,
  azure_open_ai: openAi,
  azure_ai_services: aiServices,
  azure_ai_search: service('azure_ai_search', 'CognitiveSearch'),
  azure_content_safety: service('azure_content_safety', 'CognitiveService', { Kind: 'Content Safety' }),
  azure_speech_services: service('azure_speech_services', 'CognitiveService', { Kind: 'speech' }),
  api_key: keyedAt('api_key', 'ApiKey', 'api_base'),
  open_ai: keyed('open_ai', 'OpenAI'),
  serp: keyed('serp', 'Serp'),
  serverless: keyedAt('serverless', 'Serverless', 'endpoint'),
};

/** `az ml connection create`. Body: WorkspaceConnections_Create. */
export const connection = kind({
  name: 'connection',
  schemas: ['workspaceConnection.schema.json', 'connection.schema.json', 'Connection.json'],
  signs: {
    type: Object.keys(types),
    keys: ['target', 'is_shared', 'api_key', 'url', 'account_name', 'container_name'],
  },
  shape: tagged('type', types),
  resource: ({ name, ...properties }, scope) => ({
    path: `${scope.workspaceId}/connections/${name}`,
    body: { properties },
  }),
});
