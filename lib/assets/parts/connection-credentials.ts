import { tagged } from '../shape/collections';
import { optional, record, required, type Fields } from '../shape/record';
import { text, word } from '../shape/scalars';
import { refine, type Shape } from '../shape/shape';

/** How a connection authenticates: `authType` of the request, and the members that belong to it. */
export interface Credentials {
  authType: string;
  credentials?: unknown;
}

function credentialsOf(yaml: string, authType: string, fields: Fields): Shape<Credentials> {
  const members = record({ ...fields, type: required(typeOf(yaml)) });
  return refine(members, (credentials): Credentials => ({ authType, credentials }));
}

/** The word that chose the kind; it goes out as `authType`. */
const typeOf = (yaml: string): Shape<undefined> => refine(word({ [yaml]: yaml }), () => undefined);

/** No secrets: nobody's rights, or those of whoever uses the connection. */
function bare(yaml: string, authType: string): Shape<Credentials> {
  return refine(record({ type: required(word({ [yaml]: authType })) }), (): Credentials => ({ authType }));
}

/** Kinds of credentials by the word in `type`. Adding one is one more entry here. */
const kinds = {
  none: bare('none', 'None'),
  aad: bare('aad', 'AAD'),
  pat: credentialsOf('pat', 'PAT', { pat: required(text) }),
  sas: credentialsOf('sas', 'SAS', { sas_token: required(text, { as: 'sas' }) }),
  account_key: credentialsOf('account_key', 'AccountKey', { account_key: required(text, { as: 'key' }) }),
  api_key: credentialsOf('api_key', 'ApiKey', { key: required(text) }),
  access_key: credentialsOf('access_key', 'AccessKey', {
    access_key_id: required(text),
    secret_access_key: required(text),
  }),
  username_password: credentialsOf('username_password', 'UsernamePassword', {
    username: required(text),
    password: required(text),
  }),
  managed_identity: credentialsOf('managed_identity', 'ManagedIdentity', {
    client_id: optional(text),
    resource_id: optional(text),
  }),
  service_principal: credentialsOf('service_principal', 'ServicePrincipal', {
    client_id: optional(text),
    client_secret: required(text),
    tenant_id: optional(text),
  }),
};

type Word = keyof typeof kinds;

/** The credentials that a type of connection takes; all without words. */
export function connectionCredentials(...words: readonly Word[]): Shape<Credentials> {
  const taken = words.length > 0 ? words : (Object.keys(kinds) as Word[]);
  return tagged('type', Object.fromEntries(taken.map((one) => [one, kinds[one]])));
}
