import { constants, createHash, createPublicKey, verify, X509Certificate } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { rootCertificates } from 'node:tls';
import { isObject, asList, asNumber, asObject, asString } from './json';
import { LoginError } from './login-error';
import type { ServicePrincipal } from './seed';
import { readPart } from './tokens';

/** Trust in tokens of another issuer, as an application's federated credential states it. */
export interface FederatedCredential {
  issuer: string;
  subject: string;
  /** Defaults to `api://AzureADTokenExchange`. */
  audience?: string;
  /** The issuer's signing keys; fetched from its OpenID configuration when absent. */
  keys?: JsonWebKey[];
}

interface Assertion {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
  signed: Buffer;
  signature: Buffer;
}

/** Checks the assertion that an application signs with its certificate (RS256 with `x5t`, or PS256 with `x5t#S256`). */
export function checkCertificateAssertion(text: string, client: ServicePrincipal, endpoint: string, url: string): void {
  const assertion = read(text);
  const certificate = new X509Certificate(client.certificate);
  const thumbprints = {
    x5t: createHash('sha1').update(certificate.raw).digest('base64url'),
    'x5t#S256': createHash('sha256').update(certificate.raw).digest('base64url'),
  };
  const named = Object.entries(thumbprints).some(([name, value]) => sameBase64(assertion.header[name], value));
  if (!named || !signatureHolds(assertion, certificate.publicKey)) {
    throw new LoginError(
      401,
      'invalid_client',
      700027,
      'The certificate with identifier used to sign the client assertion is not registered on application. ' +
        `[Reason - The key was not found., Thumbprint of key used by client: '${thumbprintOf(assertion.header)}']`,
    );
  }
  if (assertion.claims['sub'] !== client.clientId) {
    throw new LoginError(
      401,
      'invalid_client',
      700021,
      "Client assertion application identifier doesn't match 'client_id' parameter.",
    );
  }
  const audiences = [endpoint, endpoint.replace('/v2.0/', '/'), `${url}/${endpoint.split('/')[3] ?? ''}/v2.0`];
  if (!audiences.includes(asString(assertion.claims['aud']) ?? '')) {
    throw new LoginError(
      401,
      'invalid_client',
      700023,
      `Client assertion audience claim does not match Realm issuer. Review the documentation.`,
    );
  }
  checkTimes(assertion);
}

/** Checks a token of another issuer against the application's federated credentials. */
export async function checkFederatedAssertion(
  text: string,
  credentials: FederatedCredential[],
  caFile: string,
): Promise<void> {
  const assertion = read(text);
  const issuer = asString(assertion.claims['iss']) ?? '';
  const subject = asString(assertion.claims['sub']) ?? '';
  const audiences = [assertion.claims['aud']].flat();
  const mismatch = (code: number, reason: string): LoginError =>
    new LoginError(
      401,
      'invalid_client',
      code,
      `${reason} Assertion Issuer: '${issuer}', Assertion Subject: '${subject}', Assertion Audience: '${audiences.join(',')}'. ` +
        'Check that the federated identity credential is configured on the application.',
    );
  const byIssuer = credentials.filter((one) => one.issuer === issuer);
  if (byIssuer.length === 0)
    throw mismatch(700211, 'No matching federated identity record found for presented assertion issuer.');
  const bySubject = byIssuer.filter((one) => one.subject === subject);
  if (bySubject.length === 0)
    throw mismatch(700213, 'No matching federated identity record found for presented assertion subject.');
  const credential = bySubject.find((one) => audiences.includes(one.audience ?? 'api://AzureADTokenExchange'));
  if (credential === undefined)
    throw mismatch(700212, 'No matching federated identity record found for presented assertion audience.');
  const keys = credential.keys ?? (await fetchKeys(issuer, caFile));
  const named = keys.filter(
    (key) =>
      assertion.header['kid'] === undefined || key['kid'] === undefined || key['kid'] === assertion.header['kid'],
  );
  if (!named.some((key) => signatureHolds(assertion, createPublicKey({ key, format: 'jwk' })))) {
    throw new LoginError(
      401,
      'invalid_client',
      50013,
      'Assertion failed signature validation. [Reason - The key was not found.]',
    );
  }
  checkTimes(assertion);
}

function read(text: string): Assertion {
  const [header = '', claims = '', signature] = text.split('.');
  const parts = { header: readPart(header), claims: readPart(claims) };
  if (parts.header === undefined || parts.claims === undefined || signature === undefined) {
    throw new LoginError(401, 'invalid_client', 50027, 'JWT token is invalid or malformed.');
  }
  return {
    header: parts.header,
    claims: parts.claims,
    signed: Buffer.from(`${header}.${claims}`),
    signature: Buffer.from(signature, 'base64url'),
  };
}

function signatureHolds(assertion: Assertion, key: KeyObject): boolean {
  if (assertion.header['alg'] === 'RS256') return verify('RSA-SHA256', assertion.signed, key, assertion.signature);
  if (assertion.header['alg'] !== 'PS256') return false;
  const padding = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return verify('RSA-SHA256', assertion.signed, padding, assertion.signature);
}

function checkTimes(assertion: Assertion): void {
  const now = Date.now() / 1000;
  const expires = asNumber(assertion.claims['exp']) ?? 0;
  const from = asNumber(assertion.claims['nbf']) ?? 0;
  if (now > expires || now + 300 < from) {
    throw new LoginError(
      401,
      'invalid_client',
      700024,
      `Client assertion is not within its valid time range. Current time: ${new Date().toISOString()}, assertion valid from ` +
        `${new Date(from * 1000).toISOString()}, expiry time of assertion ${new Date(expires * 1000).toISOString()}.`,
    );
  }
}

function sameBase64(given: unknown, expected: string): boolean {
  return typeof given === 'string' && Buffer.from(given, 'base64').equals(Buffer.from(expected, 'base64url'));
}

function thumbprintOf(header: Record<string, unknown>): string {
  const given = header['x5t'] ?? header['x5t#S256'];
  return typeof given === 'string' ? Buffer.from(given, 'base64').toString('hex').toUpperCase() : '(none)';
}

async function fetchKeys(issuer: string, caFile: string): Promise<JsonWebKey[]> {
  const configuration = asObject(
    await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, caFile),
  );
  const place = asString(configuration['jwks_uri']);
  if (place === undefined) throw unreachable(issuer, 'its OpenID configuration names no jwks_uri');
  return asList(asObject(await fetchJson(place, caFile))['keys']).filter((key): key is JsonWebKey => isObject(key));
}

function fetchJson(url: string, caFile: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options = { ca: [readFileSync(caFile, 'utf8'), ...rootCertificates], timeout: 10_000 };
    const request = url.startsWith('https:') ? https.get(url, options, take) : http.get(url, { timeout: 10_000 }, take);
    request.on('timeout', () => request.destroy(new Error('no answer within 10 s')));
    request.on('error', (error) => reject(unreachable(url, error.message)));
    function take(response: http.IncomingMessage): void {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        try {
          if (response.statusCode !== 200) throw new Error(`status ${response.statusCode ?? 0}`);
          resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')));
        } catch (error) {
          reject(unreachable(url, String(error)));
        }
      });
    }
  });
}

function unreachable(place: string, why: string): LoginError {
  return new LoginError(400, 'invalid_request', 50166, `Request to external OIDC endpoint failed: ${place} (${why}).`);
}
