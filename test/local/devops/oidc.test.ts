import assert from 'node:assert/strict';
import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';

import type { LocalDevOps } from '../../../local/devops';
import { isObject } from '../../../local/devops/shape';
import { newRun, start, user } from './support';

const connection = {
  id: '8d4f2a10-0000-4000-8000-000000000002',
  name: 'azure-ml-wif',
  type: 'azurerm',
  url: 'https://localhost/',
  authorization: { scheme: 'WorkloadIdentityFederation', parameters: {} },
  data: {},
};

describe('OIDC tokens for workload identity federation', () => {
  let devops: LocalDevOps;
  before(async () => {
    devops = await start({ serviceConnections: [connection] });
  });
  after(() => devops.stop());

  function ask(uri: string, token: string, id = `&serviceConnectionId=${connection.id}`): Promise<Response> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': '0' };
    return fetch(`${uri}?api-version=7.1${id}`, { method: 'POST', headers });
  }

  async function json(response: Response): Promise<Record<string, unknown>> {
    const body: unknown = await response.json();
    assert.ok(isObject(body));
    return body;
  }

  it('names connection and audience, and is signed with a key that the issuer publishes', async () => {
    const run = await newRun(devops);
    const { oidcToken } = await json(await ask(run.oidcRequestUri, run.accessToken));
    const [head = '', body = '', signature = ''] = String(oidcToken).split('.');
    const decode = (part: string): Record<string, unknown> =>
      JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
    const claims = decode(body);
    assert.deepEqual(
      [claims['iss'], claims['sub'], claims['aud'], Number(claims['exp']) - Number(claims['iat'])],
      [devops.oidcIssuer, 'sc://local/diabetes/azure-ml-wif', 'api://AzureADTokenExchange', 600],
    );
    const discovery = await json(await fetch(`${devops.oidcIssuer}/.well-known/openid-configuration`));
    assert.equal(discovery['issuer'], devops.oidcIssuer);
    const { keys } = (await json(await fetch(String(discovery['jwks_uri'])))) as unknown as {
      keys: JsonWebKey[];
    };
    const key = keys.find((one) => Reflect.get(one, 'kid') === decode(head)['kid']);
    assert.ok(key);
    const publicKey = createPublicKey({ key: { ...key }, format: 'jwk' });
    assert.ok(verify('RSA-SHA256', Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url')));
  });

  it('names the pipeline when no connection is asked for', async () => {
    const run = await newRun(devops);
    const { oidcToken } = await json(await ask(run.oidcRequestUri, run.accessToken, ''));
    const claims = Buffer.from(String(oidcToken).split('.')[1] ?? '', 'base64url').toString('utf8');
    assert.match(claims, /"sub":"p:\/\/local\/diabetes\/diabetes"/);
  });

  it('is refused to persons, to other jobs, to an ended run and for an unknown connection', async () => {
    const [run, other] = [await newRun(devops), await newRun(devops)];
    assert.equal((await ask(run.oidcRequestUri, user(devops, 'cleo').token)).status, 403);
    assert.equal((await ask(run.oidcRequestUri, other.accessToken)).status, 403);
    assert.equal((await ask(run.oidcRequestUri, 'wrong')).status, 401);
    assert.equal(
      (await ask(run.oidcRequestUri, run.accessToken, '&serviceConnectionId=8d4f2a10-0000-4000-8000-00000000dead'))
        .status,
      404,
    );
    await devops.server.updateRun(run.id, { state: 'completed', result: 'succeeded' });
    assert.equal((await ask(run.oidcRequestUri, run.accessToken)).status, 401);
  });
});
