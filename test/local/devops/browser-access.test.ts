import assert from 'node:assert/strict';

import type { LocalDevOps } from '../../../local/devops';
import { newRun, start, user } from './support';

const origin = 'https://mlops.gallerycdn.test';
const manifest = ['vso.build', 'vso.project', 'vso.pipelineresources_use'];

describe('the local Azure DevOps towards a page of another origin', () => {
  let devops: LocalDevOps;
  const builds = (): string => `${devops.url}/diabetes/_apis/build/builds`;

  before(async () => {
    devops = await start();
    await newRun(devops);
    await newRun(devops);
  });
  after(() => devops.stop());

  function token(scopes = manifest, minutes = 5): string {
    return devops.sessions.issue({ userId: user(devops, 'ana').id, extension: 'p.e', scopes, minutes });
  }

  function ask(url: string, bearer: string, init: { method?: string } = {}): Promise<Response> {
    return fetch(url, { ...init, headers: { origin, authorization: `Bearer ${bearer}` } });
  }

  it('answers a preflight without a token, for the recorded headers and methods and no longer than one request', async () => {
    const response = await fetch(builds(), {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'authorization' },
    });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), '');
    assert.equal(response.headers.get('access-control-allow-origin'), origin);
    assert.deepEqual(response.headers.get('access-control-allow-headers')?.split(','), [
      'authorization',
      'content-type',
      'accept',
      'x-tfs-fedauthredirect',
      'x-vss-reauthenticationaction',
      'x-tfs-session',
    ]);
    assert.match(response.headers.get('access-control-allow-methods') ?? '', /GET.*PATCH/);
    assert.equal(response.headers.get('access-control-max-age'), null);
    assert.equal(response.headers.get('vary'), 'Origin');
  });

  it('still lists its locations for an OPTIONS request that is no preflight', async () => {
    const response = await fetch(`${devops.url}/_apis/build`, { method: 'OPTIONS' });
    const body = (await response.json()) as { value: unknown[] };
    assert.ok(body.value.length > 5);
  });

  it('lets the page read an answer, but not the continuation token', async () => {
    const response = await ask(`${builds()}?$top=1`, token());
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('access-control-allow-origin'), origin);
    assert.equal(response.headers.get('access-control-expose-headers'), 'Request-Context');
    assert.ok(response.headers.get('x-ms-continuationtoken'));
  });

  it('exposes the continuation token when it is told to', async () => {
    devops.behave({ exposeHeaders: true });
    const response = await ask(`${builds()}?$top=1`, token());
    assert.match(response.headers.get('access-control-expose-headers') ?? '', /x-ms-continuationtoken/);
    devops.calm();
  });

  it('says nothing of browsers to a client that is none', async () => {
    const response = await fetch(builds(), { headers: { authorization: `Bearer ${token()}` } });
    assert.equal(response.headers.get('access-control-allow-origin'), null);
  });

  for (const [what, make, status] of [
    ['no token at all', () => '', 401],
    ['an expired token', () => token(manifest, 0), 401],
    ['a token without the scope', () => token(['vso.project']), 403],
    ['a token that was changed', () => tampered(token(['vso.project'])), 401],
    ['a token of another start of the service', () => `${token().split('.').slice(0, 2).join('.')}.AAAA`, 401],
  ] as const) {
    it(`hides the refusal of ${what} from the page`, async () => {
      const response = await ask(builds(), make());
      assert.equal(response.status, status);
      assert.equal(response.headers.get('access-control-allow-origin'), null);
      assert.match(String(((await response.json()) as Record<string, unknown>)['message']), /^TF400813/);
    });
  }

  it('lets the page read every other error', async () => {
    for (const [path, status] of [
      [`${builds()}/99999`, 404],
      [`${builds()}?$top=0`, 400],
    ] as const) {
      const response = await ask(path, token());
      assert.deepEqual([response.status, response.headers.get('access-control-allow-origin')], [status, origin]);
    }
  });

  it('takes the page for its user, with that user’s permissions and no more', async () => {
    const body = (await (await ask(`${devops.url}/_apis/connectionData?api-version=7.1-preview`, token())).json()) as {
      authenticatedUser: { id: string };
    };
    assert.equal(body.authenticatedUser.id, user(devops, 'ana').id);
    const response = await ask(`${builds()}/1?api-version=7.1`, token(['vso.build_execute']), { method: 'DELETE' });
    const refusal = (await response.json()) as { typeKey: string };
    assert.deepEqual([response.status, refusal.typeKey], [403, 'AccessDeniedException']);
    // Refused for the person, not for the token: the page may read it.
    assert.equal(response.headers.get('access-control-allow-origin'), origin);
  });

  it('gives no token for somebody who is not there', () => {
    assert.throws(
      () => devops.sessions.issue({ userId: 'nobody', extension: 'p.e', scopes: [] }),
      /could not be found/,
    );
  });
});

/** The same token with more scopes written into it. */
function tampered(token: string): string {
  const [head = '', body = '', signature = ''] = token.split('.');
  const claims = Buffer.from(body, 'base64url').toString('utf8').replace('vso.project', 'vso.project vso.build');
  return `${head}.${Buffer.from(claims).toString('base64url')}.${signature}`;
}
