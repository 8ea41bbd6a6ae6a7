import assert from 'node:assert/strict';

import type { Behaviour, LocalDevOps } from '../../../local/devops';
import { newRun, start, user } from './support';

const origin = 'https://page.test';

describe('faults of the local Azure DevOps', () => {
  let devops: LocalDevOps;
  let run: number;

  before(async () => {
    devops = await start();
    run = (await newRun(devops)).id;
  });
  afterEach(() => {
    devops.calm();
    devops.forgetRequests();
  });
  after(() => devops.stop());

  const tags = (method = 'GET', init: RequestInit = {}): Promise<Response> =>
    fetch(`${devops.url}/diabetes/_apis/build/builds/${run}/tags${method === 'GET' ? '' : '/lost'}?api-version=7.1`, {
      ...init,
      method,
      headers: { origin, authorization: `Bearer ${user(devops, 'ana').token}` },
    });
  const readable = (response: Response): boolean => response.headers.get('access-control-allow-origin') === origin;

  for (const [status, expected, seen] of [
    [401, 401, false],
    [403, 403, true],
    ['scope', 403, false],
    [409, 409, true],
    [429, 429, true],
    [500, 500, true],
    ['cors', 200, false],
  ] as const) {
    it(`answers ${status} with ${expected}, ${seen ? 'readable' : 'unreadable'} for a page, as often as told`, async () => {
      devops.behave({ fail: [{ match: 'GET .*/tags', status, times: 1 }] });
      const [first, second] = [await tags(), await tags()];
      assert.deepEqual([first.status, readable(first)], [expected, seen]);
      assert.deepEqual([second.status, readable(second)], [200, true]);
    });
  }

  it('words the block of the rate limit with its headers', async () => {
    devops.behave({ fail: [{ operation: 'Tags', status: 429, retryAfter: 7 }], exposeHeaders: true });
    const response = await tags();
    assert.match(String(((await response.json()) as Record<string, unknown>)['message']), /^TF400733: /);
    assert.equal(response.headers.get('retry-after'), '7');
    assert.equal(response.headers.get('x-ratelimit-remaining'), '0');
    assert.match(response.headers.get('access-control-expose-headers') ?? '', /Retry-After/);
  });

  it('delays answers with the headers of the rate limit', async () => {
    const rateLimit = {
      resource: 'Concurrency',
      delay: 2,
      limit: 200,
      remaining: 10,
      reset: 1_800_000_000,
      retryAfter: 2,
    };
    devops.behave({ rateLimit });
    const response = await tags();
    assert.deepEqual([response.status, response.headers.get('x-ratelimit-delay')], [200, '2']);
  });

  it('breaks the connection before anything is carried out, or after', async () => {
    devops.behave({ fail: [{ match: 'PUT', status: 'offline', times: 1 }] });
    await assert.rejects(tags('PUT'), /fetch failed/);
    assert.deepEqual(((await (await tags()).json()) as { value: string[] }).value, []);
    devops.behave({ fail: [{ match: 'PUT', status: 'lost', times: 1 }] });
    await assert.rejects(tags('PUT'), /fetch failed/);
    assert.deepEqual(((await (await tags()).json()) as { value: string[] }).value, ['lost']);
  });

  it('loses the answer to a request that is repeated, although the second is refused', async () => {
    const { token } = user(devops, 'ana');
    const cancel = (): Promise<Response> =>
      fetch(`${devops.url}/diabetes/_apis/build/builds/${run}?api-version=7.1`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ status: 'no status' }),
      });
    assert.equal((await cancel()).status, 400);
    devops.behave({ fail: [{ match: 'PATCH', status: 'lost' }] });
    await assert.rejects(cancel(), /fetch failed/);
  });

  it('does not answer until the client gives up', async () => {
    devops.behave({ fail: [{ status: 'hang' }] });
    await assert.rejects(tags('GET', { signal: AbortSignal.timeout(150) }), /aborted/);
    assert.equal(devops.requests()[0]?.status, 0);
  });

  it('takes its time for every answer, preflights too', async () => {
    devops.behave({ latencyMs: 60 });
    const begun = performance.now();
    await tags();
    await fetch(devops.url, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } });
    assert.ok(performance.now() - begun >= 118);
  });

  it('counts requests and their bytes, by session and without tokens', async () => {
    const token = devops.sessions.issue({ userId: user(devops, 'ben').id, extension: 'p.e', scopes: ['vso.build'] });
    await fetch(`${devops.url}/diabetes/_apis/build/builds?$top=1`, { headers: { authorization: `Bearer ${token}` } });
    await tags();
    await fetch(devops.url, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } });
    const [page, person, preflight] = devops.requests();
    assert.deepEqual(
      [page?.method, page?.path, page?.status, page?.extension, page?.user],
      ['GET', '/local/diabetes/_apis/build/builds?$top=1', 200, 'p.e', user(devops, 'ben').id],
    );
    assert.ok(page && page.bytes > 3000 && page.durationMs > 0 && page.session !== undefined);
    assert.deepEqual([person?.session, person?.preflight, preflight?.preflight], [undefined, false, true]);
    assert.ok(!JSON.stringify(devops.requests()).includes(token));
    devops.forgetRequests();
    assert.deepEqual(devops.requests(), []);
  });

  it('takes a page’s controls only in their shape', () => {
    const written: Behaviour = devops.faults.write({ latencyMs: 10, fail: [{ status: '429', match: 'approvals' }] });
    assert.deepEqual([written.latencyMs, written.fail], [10, [{ status: 429, match: 'approvals' }]]);
    assert.deepEqual(devops.faults.read(), written);
    assert.throws(() => devops.faults.write({ fail: [{ status: 'boom' }] }), /\$\.fail\[0\]\.status: expected 401 \|/);
    assert.throws(
      () => devops.faults.write({ fail: [{ status: 500, match: '(' }] }),
      /^ShapeError: \$\.fail\[0\]\.match: expected a regular expression, found '\('\.$/,
    );
    for (const latencyMs of [-1, 60_001])
      assert.throws(() => devops.faults.write({ latencyMs }), /\$\.latencyMs: expected milliseconds from 0 to 60000/);
    assert.deepEqual(devops.faults.read(), written);
  });
});
