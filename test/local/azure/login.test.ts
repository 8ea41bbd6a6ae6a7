import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  type TokenCredential,
} from '@azure/identity';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSign, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeClientCertificate } from '../../../local/azure/certificates';
import { at, request, stage, textAt, type Reply, type Stage } from './client';

const scope = 'https://management.azure.com/.default';

function claims(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

function jwt(key: KeyObject, content: Record<string, unknown>, header: Record<string, unknown> = {}): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', typ: 'JWT', ...header })}.${part(content)}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`;
}

describe('login endpoint', () => {
  let on: Stage;
  before(async () => {
    on = await stage();
  });
  after(() => on.end());

  const token = (form: Record<string, string>, version = '/v2.0', tenant = on.azure.tenantId): Promise<Reply> =>
    request(on.azure, 'POST', `/${tenant}/oauth2${version}/token`, {
      body: Buffer.from(new URLSearchParams(form).toString()),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  const credentials = (): Record<string, string> => {
    const { clientId, secret } = on.azure.directory.servicePrincipal;
    return { grant_type: 'client_credentials', client_id: clientId, client_secret: secret, scope };
  };
  const without = (name: string): Record<string, string> => {
    return Object.fromEntries(Object.entries(credentials()).filter(([key]) => key !== name));
  };
  const refused = (reply: Reply, status: number, code: number): void => {
    assert.equal(reply.status, status, reply.text);
    assert.deepEqual(at(reply.json, 'error_codes'), [code]);
    assert.match(
      textAt(reply.json, 'error_description'),
      new RegExp(`^AADSTS${code}: .*Trace ID: \\S+ Correlation ID: \\S+ Timestamp: `),
    );
  };

  it('gives a token for a secret, in both versions', async () => {
    const second = await token(credentials());
    assert.equal(at(second.json, 'expires_in'), 3599);
    assert.equal(at(claims(textAt(second.json, 'access_token')), 'aud'), 'https://management.azure.com');
    const first = await token({ ...without('scope'), resource: 'https://ml.azure.com' }, '');
    assert.equal(at(first.json, 'expires_in'), '3599');
    assert.equal(at(claims(textAt(first.json, 'access_token')), 'aud'), 'https://ml.azure.com');
  });

  it('refuses a wrong secret, an unknown application, tenant, resource and scope in the real words', async () => {
    refused(await token({ ...credentials(), client_secret: 'wrong' }), 401, 7000215);
    refused(await token({ ...credentials(), client_id: randomUUID() }), 400, 700016);
    refused(await token(credentials(), '/v2.0', randomUUID()), 400, 90002);
    refused(await token({ ...credentials(), scope: 'https://nowhere.example/.default' }), 400, 500011);
    refused(await token({ ...credentials(), scope: 'https://management.azure.com/user_impersonation' }), 400, 1002012);
    refused(await token({ ...credentials(), grant_type: 'password' }), 400, 70003);
    refused(await token(without('client_secret')), 401, 7000218);
  });

  it('describes itself to clients', async () => {
    const configuration = await request(on.azure, 'GET', `/${on.azure.tenantId}/v2.0/.well-known/openid-configuration`);
    assert.equal(at(configuration.json, 'token_endpoint'), `${on.azure.url}/${on.azure.tenantId}/oauth2/v2.0/token`);
    const keys = await request(on.azure, 'GET', textAt(configuration.json, 'jwks_uri').replace(on.azure.url, ''));
    assert.equal(at(keys.json, 'keys', 0, 'kty'), 'RSA');
    assert.equal(at(keys.json, 'keys', 0, 'd'), undefined, 'the private part stays here');
    assert.equal((await request(on.azure, 'GET', '/common/discovery/instance?api-version=1.1')).status, 200);
  });

  it('refuses a certificate that is not registered', async () => {
    const { clientId } = on.azure.directory.servicePrincipal;
    const other = await makeClientCertificate('other');
    const { createPrivateKey } = await import('node:crypto');
    const now = Math.floor(Date.now() / 1000);
    const aud = `${on.azure.url}/${on.azure.tenantId}/oauth2/v2.0/token`;
    const x5t = Buffer.from(other.thumbprint, 'hex').toString('base64url');
    const assertion = jwt(
      createPrivateKey(other.key),
      { iss: clientId, sub: clientId, aud, nbf: now, exp: now + 600 },
      { x5t },
    );
    const form = without('client_secret');
    const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    refused(await token({ ...form, client_assertion_type: type, client_assertion: assertion }), 401, 700027);
  });

  describe('with tokens of another issuer', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const subject = 'sc://local/project/azure';
    let issuer: string;
    let server: Server;
    before(async () => {
      server = createServer((request_, response) => {
        const keys = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig' }] };
        const configuration = { issuer, jwks_uri: `${issuer}/keys` };
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(request_.url === '/keys' ? keys : configuration));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      on.azure.federate({ issuer, subject });
    });
    after(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });

    const exchange = (content: Record<string, unknown>, key = privateKey): Promise<Reply> => {
      const now = Math.floor(Date.now() / 1000);
      const all = {
        iss: issuer,
        sub: subject,
        aud: 'api://AzureADTokenExchange',
        nbf: now - 10,
        exp: now + 600,
        ...content,
      };
      const form = without('client_secret');
      const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
      return token({ ...form, client_assertion_type: type, client_assertion: jwt(key, all, { kid: 'k1' }) });
    };

    it('accepts one that matches the federated credential, with keys fetched from its issuer', async () => {
      const reply = await exchange({});
      assert.equal(reply.status, 200, reply.text);
      assert.equal(
        at(claims(textAt(reply.json, 'access_token')), 'appid'),
        on.azure.directory.servicePrincipal.clientId,
      );
    });

    it('refuses another issuer, subject or audience, an expired one, and a forged one', async () => {
      refused(await exchange({ iss: 'https://vstoken.dev.azure.com/other' }), 401, 700211);
      refused(await exchange({ sub: 'sc://local/project/other' }), 401, 700213);
      refused(await exchange({ aud: 'api://other' }), 401, 700212);
      refused(await exchange({ exp: Math.floor(Date.now() / 1000) - 60 }), 401, 700024);
      refused(await exchange({}, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey), 401, 50013);
    });

    it('is what the service connection says', () => {
      const { authorization } = on.azure.serviceConnection('WorkloadIdentityFederation');
      assert.equal(authorization.parameters['workloadIdentityFederationIssuer'], issuer);
      assert.equal(authorization.parameters['workloadIdentityFederationSubject'], subject);
    });
  });
});

describe('service connections of the local Azure', () => {
  it('carry the fields that Azure DevOps hands over', async () => {
    const on = await stage();
    try {
      const { directory, url, tenantId } = on.azure;
      const key = on.azure.serviceConnection('ServicePrincipalKey');
      assert.equal(key.type, 'azurerm');
      assert.equal(key.url, `${url}/`);
      assert.deepEqual(key.authorization, {
        scheme: 'ServicePrincipal',
        parameters: {
          tenantid: tenantId,
          serviceprincipalid: directory.servicePrincipal.clientId,
          authenticationType: 'spnKey',
          serviceprincipalkey: directory.servicePrincipal.secret,
        },
      });
      const certificate =
        on.azure.serviceConnection('ServicePrincipalCertificate').authorization.parameters[
          'servicePrincipalCertificate'
        ] ?? '';
      assert.match(certificate, /-----BEGIN PRIVATE KEY-----[^]*-----BEGIN CERTIFICATE-----/);
      const identity = on.azure.serviceConnection('ManagedServiceIdentity');
      assert.deepEqual(identity.authorization, {
        scheme: 'ManagedServiceIdentity',
        parameters: { tenantid: tenantId },
      });
      assert.equal(identity.data['environmentAuthorityUrl'], `${url}/`);
      assert.throws(() => on.azure.serviceConnection('WorkloadIdentityFederation'), /call federate/);
    } finally {
      await on.end();
    }
  });
});

// The trusted authorities of a Node process are read when it starts: the SDK runs in one of its own.
describe('@azure/identity with the login endpoint', () => {
  let on: Stage;
  before(async () => {
    on = await stage();
  });
  after(() => on.end());

  const make: Record<string, string> = {
    ClientSecretCredential: 'new ClientSecretCredential(e.TENANT, e.CLIENT, e.SECRET, o)',
    ClientCertificateCredential:
      'new ClientCertificateCredential(e.TENANT, e.CLIENT, { certificate: e.CERTIFICATE }, o)',
    ClientAssertionCredential: 'new ClientAssertionCredential(e.TENANT, e.CLIENT, async () => e.ASSERTION, o)',
  };
  // Named here so that a credential the SDK drops fails the type check and not only the child.
  const known: Record<string, new (...args: never[]) => TokenCredential> = {
    ClientSecretCredential,
    ClientCertificateCredential,
    ClientAssertionCredential,
  };

  for (const [name, expression] of Object.entries(make)) {
    it(`gives ${name} a token`, async () => {
      assert.ok(known[name]);
      const { directory, url, tenantId, caFile } = on.azure;
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      on.azure.federate({
        issuer: 'https://issuer.example',
        subject: 's',
        keys: [publicKey.export({ format: 'jwk' })],
      });
      const now = Math.floor(Date.now() / 1000);
      const assertion = jwt(privateKey, {
        iss: 'https://issuer.example',
        sub: 's',
        aud: 'api://AzureADTokenExchange',
        nbf: now,
        exp: now + 60,
      });
      const script = `
        const { ${name} } = require('@azure/identity'); const e = process.env;
        const o = { authorityHost: e.AUTHORITY, disableInstanceDiscovery: true };
        (${expression}).getToken('${scope}').then(({ token }) => process.stdout.write(token),
          (error) => { process.stderr.write(error.message); process.exitCode = 1; });`;
      const { servicePrincipal } = directory;
      const environment = {
        PATH: process.env['PATH'],
        NODE_EXTRA_CA_CERTS: caFile,
        AUTHORITY: url,
        TENANT: tenantId,
        CLIENT: servicePrincipal.clientId,
        SECRET: servicePrincipal.secret,
        CERTIFICATE: `${servicePrincipal.key}${servicePrincipal.certificate}`,
        ASSERTION: assertion,
      };
      const result = await new Promise<{ code: number | null; out: string; errors: string }>((resolve, reject) => {
        const child = spawn(process.execPath, ['-e', script], { env: environment });
        let out = '';
        let errors = '';
        child.stdout.on('data', (data) => (out += String(data)));
        child.stderr.on('data', (data) => (errors += String(data)));
        child.on('error', reject);
        child.on('close', (code) => resolve({ code, out, errors }));
      });
      assert.equal(result.code, 0, result.errors);
      assert.equal(at(claims(result.out), 'appid'), servicePrincipal.clientId);
    });
  }
});
