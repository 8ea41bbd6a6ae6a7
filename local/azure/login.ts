import { randomUUID } from 'node:crypto';
import { checkCertificateAssertion, checkFederatedAssertion, type FederatedCredential } from './assertions';
import { audienceOf, unknownResource } from './audiences';
import type { Faults } from './faults';
import { LoginError } from './login-error';
import { names, type Directory, type ServicePrincipal } from './seed';
import type { Answer, Call, Route, Service } from './service';
import type { Tokens } from './tokens';

interface Options {
  url: string;
  caFile: string;
  directory: Directory;
  tokens: Tokens;
  faults: Faults;
  federated: () => FederatedCredential[];
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** The login endpoint (authority): discovery documents, signing keys, and the client credentials grant in both versions. */
export function createLogin(options: Options): Service {
  const open = (path: string, handle: (call: Call) => Answer): Route => ({
    method: 'GET',
    path,
    token: 'none',
    handle,
  });
  const token = (path: string): Route => ({
    method: 'POST',
    path,
    token: 'none',
    handle: (call) => answerToken(call, options),
  });
  return {
    routes: [
      open('/common/discovery/instance', () => ({ status: 200, body: discovery(options.url) })),
      open('/{tenant}/v2.0/.well-known/openid-configuration', (call) => configuration(call, options.url, '/v2.0')),
      open('/{tenant}/.well-known/openid-configuration', (call) => configuration(call, options.url, '')),
      open('/{tenant}/discovery/v2.0/keys', () => ({ status: 200, body: options.tokens.keys() })),
      open('/{tenant}/discovery/keys', () => ({ status: 200, body: options.tokens.keys() })),
      token('/{tenant}/oauth2/v2.0/token'),
      token('/{tenant}/oauth2/token'),
    ],
  };
}

function discovery(url: string): unknown {
  const host = new URL(url).host;
  return {
    tenant_discovery_endpoint: `${url}/common/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  };
}

function configuration(call: Call, url: string, version: string): Answer {
  const tenant = call.params['tenant'] ?? '';
  if (!isTenant(tenant)) return errorBody(call, noTenant(tenant));
  const base = `${url}/${names.tenantId}`;
  const body = {
    token_endpoint: `${base}/oauth2${version}/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: `${base}/discovery${version}/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: version === '' ? `https://sts.windows.net/${names.tenantId}/` : `${base}${version}`,
    authorization_endpoint: `${base}/oauth2${version}/authorize`,
    device_authorization_endpoint: `${base}/oauth2${version}/devicecode`,
    end_session_endpoint: `${base}/oauth2${version}/logout`,
    tenant_region_scope: 'EU',
    cloud_instance_name: new URL(url).host,
  };
  return { status: 200, body };
}

async function answerToken(call: Call, options: Options): Promise<Answer> {
  try {
    return await issue(call, options);
  } catch (error) {
    if (error instanceof LoginError) return errorBody(call, error);
    throw error;
  }
}

async function issue(call: Call, options: Options): Promise<Answer> {
  const form = new URLSearchParams(call.body.toString('utf8'));
  const tenant = call.params['tenant'] ?? '';
  if (!isTenant(tenant)) throw noTenant(tenant);
  const grant = form.get('grant_type') ?? '';
  if (grant !== 'client_credentials') {
    throw new LoginError(
      400,
      'unsupported_grant_type',
      70003,
      `The app requested an unsupported grant type '${grant}'.`,
    );
  }
  const client = options.directory.servicePrincipal;
  if (form.get('client_id') !== client.clientId) {
    throw new LoginError(
      400,
      'unauthorized_client',
      700016,
      `Application with identifier '${form.get('client_id') ?? ''}' was not found in the directory 'mlops local'. This can happen if ` +
        'the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.',
    );
  }
  await checkCredential(form, client, options, call);
  const { resource, audience } = readResource(form, options.url);
  const lifetime = options.faults.tokenLifetimeSeconds ?? 3600;
  const token = options.tokens.mint({ ...client, audience, lifetimeSeconds: lifetime });
  return {
    status: 200,
    headers: { 'cache-control': 'no-store, no-cache', pragma: 'no-cache' },
    body: tokenBody(call, token, resource, lifetime),
  };
}

function tokenBody(call: Call, token: string, resource: string, lifetime: number): unknown {
  const expiresIn = lifetime - 1;
  if (call.url.pathname.includes('/v2.0/')) {
    return { token_type: 'Bearer', expires_in: expiresIn, ext_expires_in: expiresIn, access_token: token };
  }
  const now = Math.floor(Date.now() / 1000);
  return {
    token_type: 'Bearer',
    expires_in: String(expiresIn),
    ext_expires_in: String(expiresIn),
    expires_on: String(now + lifetime),
    not_before: String(now - 300),
    resource,
    access_token: token,
  };
}

async function checkCredential(
  form: URLSearchParams,
  client: ServicePrincipal,
  options: Options,
  call: Call,
): Promise<void> {
  const secret = form.get('client_secret');
  const assertion = form.get('client_assertion');
  if (secret !== null) {
    if (secret === client.secret) return;
    throw new LoginError(
      401,
      'invalid_client',
      7000215,
      'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client ' +
        `secret ID, for a secret added to app '${client.clientId}'.`,
    );
  }
  if (assertion === null) {
    throw new LoginError(
      401,
      'invalid_client',
      7000218,
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    );
  }
  if (form.get('client_assertion_type') !== assertionType) {
    throw new LoginError(
      400,
      'invalid_request',
      900144,
      "The request body must contain the following parameter: 'client_assertion_type'.",
    );
  }
  // A certificate's assertion is issued by the application itself, a federated one by somebody else.
  if (issuerOf(assertion) === client.clientId)
    checkCertificateAssertion(assertion, client, `${options.url}${call.url.pathname}`, options.url);
  else await checkFederatedAssertion(assertion, options.federated(), options.caFile);
}

function issuerOf(assertion: string): unknown {
  try {
    const claims: unknown = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null && 'iss' in claims ? claims.iss : undefined;
  } catch {
    throw new LoginError(401, 'invalid_client', 50027, 'JWT token is invalid or malformed.');
  }
}

/** Version 1 names a resource, version 2 a scope that ends with `/.default`. */
function readResource(form: URLSearchParams, url: string): { resource: string; audience: string } {
  const scopes = (form.get('scope') ?? '')
    .split(' ')
    .filter((scope) => scope !== '' && !['openid', 'profile', 'offline_access'].includes(scope));
  const [scope] = scopes;
  const resource =
    form.get('resource') ?? (scope?.endsWith('/.default') === true ? scope.slice(0, -'/.default'.length) : undefined);
  if (resource === undefined) {
    throw new LoginError(
      400,
      'invalid_scope',
      1002012,
      `The provided value for scope ${scope ?? '(none)'} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    );
  }
  const audience = audienceOf(resource, url);
  if (audience === undefined)
    throw new LoginError(400, 'invalid_resource', 500011, unknownResource(resource).replace(/^AADSTS500011: /, ''));
  return { resource, audience };
}

function isTenant(tenant: string): boolean {
  return [names.tenantId, 'common', 'organizations'].includes(tenant.toLowerCase());
}

function noTenant(tenant: string): LoginError {
  return new LoginError(
    400,
    'invalid_request',
    90002,
    `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
  );
}

function errorBody(call: Call, error: LoginError): Answer {
  const trace = randomUUID();
  const client = call.headers['client-request-id'];
  const correlation = typeof client === 'string' ? client : randomUUID();
  const time = new Date()
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
  return {
    status: error.status,
    body: {
      error: error.error,
      error_description: `AADSTS${error.code}: ${error.message} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${time}`,
      error_codes: [error.code],
      timestamp: time,
      trace_id: trace,
      correlation_id: correlation,
      error_uri: `${new URL(call.url).origin}/error?code=${error.code}`,
    },
  };
}
