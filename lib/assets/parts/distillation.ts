import { pythonJson } from '../python-json';
import { pythonStr } from '../python-repr';
import { mapOf, tagged, textMap } from '../shape/collections';
import { optional, record, required, withDefault } from '../shape/record';
import { anything, boolean, float, integer, text, words } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';

/**
 * Distillation: a large model labels data for a small one. The service has no type of its own for it: it is a fine-tuning
 * job with settings among its properties.
 */

/** An endpoint of the large model, in the form that the service reads from a property. */
export interface Teacher {
  name: string;
  information: string;
}

const common = (...types: readonly string[]) => ({
  name: required(text),
  type: required(words(...types)),
  description: optional(text),
  is_shared: withDefault(boolean, () => true),
  tags: withDefault(textMap, () => ({})),
  metadata: withDefault(textMap, () => ({})),
});

const serverless = refine(
  record({ ...common('serverless'), endpoint: required(text), api_key: required(text) }, 'yaml'),
  ({ endpoint, api_key, ...rest }) =>
    teacher({ ...rest, target: endpoint, credentials: { type: 'api_key', key: api_key } }, { api_key, endpoint }),
);

const credentialTypes = words(
  'pat',
  'sas',
  'service_principal',
  'access_key',
  'account_key',
  'managed_identity',
  'username_password',
  'api_key',
  'aad',
  'none',
);

const credentials: Shape<Record<string, string>> = refine(textMap, (values, at, scope) => {
  const type = credentialTypes.read(at.required('type'), scope);
  return { ...values, type };
});

function otherConnection(type: string): Shape<Teacher> {
  const fields = record(
    { ...common(type), target: required(text), credentials: withDefault(credentials, () => ({ type: 'none' })) },
    'yaml',
  );
  return refine(fields, (values) => teacher(values));
}

interface Connection {
  name: string;
  type: string;
  description?: string;
  is_shared: boolean;
  tags: Record<string, string>;
  metadata: Record<string, string>;
  target: string;
  credentials: Record<string, string>;
}

function teacher(
  { name, type, description, is_shared, tags, metadata, target, credentials: secret }: Connection,
  own: Record<string, string> = {},
): Teacher {
  const merged = { ...tags, ...metadata };
  const known: Record<string, string> = description === undefined ? { name } : { name, description };
  const all = { ...known, tags: merged, type, target, credentials: secret, is_shared, metadata: merged, ...own };
  return { name, information: jsonAsWritten(all) };
}

/** Members in the order in which they are given: the text is compared, and read, as it stands. */
function jsonAsWritten(value: Readonly<Record<string, string | boolean | Record<string, string>>>): string {
  const members = Object.entries(value).map(([key, member]) => {
    const written: string = typeof member === 'object' ? jsonAsWritten(member) : pythonJson(member);
    return `${pythonJson(key)}: ${written}`;
  });
  return `{${members.join(', ')}}`;
}

const others = [
  'git',
  'container_registry',
  'python_feed',
  's3',
  'snowflake',
  'azure_sql_db',
  'azure_synapse_analytics',
  'azure_my_sql_db',
  'azure_postgres_db',
  'custom',
  'azure_data_lake_gen2',
];

export const teacherConnection: Shape<Teacher> = tagged<Teacher>('type', {
  serverless,
  ...Object.fromEntries(others.map((type) => [type, otherConnection(type)])),
});

export const teacherSettings = record(
  {
    inference_parameters: withDefault(mapOf(anything), () => ({})),
    endpoint_request_settings: withDefault(
      record({ request_batch_size: optional(integer), min_endpoint_success_ratio: optional(float) }, 'yaml'),
      () => ({}),
    ),
  },
  'yaml',
);

export const promptSettings = record(
  {
    enable_chain_of_thought: withDefault(boolean, () => false),
    enable_chain_of_density: withDefault(boolean, () => false),
    max_len_summary: optional(integer),
  },
  'yaml',
);

/** Settings as properties of a job: names with a prefix, values as Python prints them. */
export function asProperties(prefix: string, settings: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(given.map(([key, value]) => [`${prefix}.${key}`, pythonStr(value)]));
}
