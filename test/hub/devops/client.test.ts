import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient, type Call, type Client, type ClientOptions } from '../../../hub/devops/client';
import { problemText, RequestProblem, type Problem } from '../../../hub/devops/problems';
import { fields } from '../../../hub/devops/read';

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

describe('the REST client', () => {
  let server: Server | undefined;
  let servers: Server[] = [];
  let requests: { url: string; headers: IncomingMessage['headers']; method: string }[];
  let tokens: (boolean | undefined)[];
  let slept: number[];

  beforeEach(() => {
    requests = [];
    tokens = [];
    slept = [];
  });

  afterEach(async () => {
    for (const each of servers) {
      each.closeAllConnections();
      await new Promise((resolve) => each.close(resolve));
    }
    servers = [];
  });

  async function clientOf(handler: Handler, options: ClientOptions = {}): Promise<Client> {
    server = createServer((request, response) => {
      requests.push({ url: request.url ?? '', headers: request.headers, method: request.method ?? '' });
      handler(request, response, requests.length);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return createClient(
      {
        organization: `http://127.0.0.1:${port}/fabrikam/`,
        project: 'a b',
        token: ({ fresh } = {}) => {
          tokens.push(fresh);
          return Promise.resolve(`token-${tokens.length}`);
        },
        userId: 'u',
      },
      { sleep: (ms) => Promise.resolve(void slept.push(ms)), ...options },
    );
  }

  const answer = (
    response: ServerResponse,
    status: number,
    body: unknown,
    headers: Record<string, string> = {},
  ): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const call = (more: Partial<Call<number>> = {}): Call<number> => ({
    path: 'build/builds/7',
    apiVersion: '7.1',
    read: (value) => fields(value, 'build').number('id'),
    ...more,
  });
  const problemOfCall = async (promise: Promise<unknown>): Promise<Problem> => {
    const error = await promise.then(
      () => assert.fail('no problem'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof RequestProblem, String(error));
    assert.match(problemText(error.problem), /^[A-Z].*\.$/s);
    return error.problem;
  };

  it('asks as the viewer, below the project, and asks not to be redirected to a sign-in page', async () => {
    const client = await clientOf((_, response) =>
      answer(response, 200, { id: 7 }, { 'x-ms-continuationtoken': 'more' }),
    );
    const { value, continuationToken } = await client.send(
      call({ query: { $top: 5, tagFilters: 'a,b', no: undefined } }),
    );
    assert.deepEqual([value, continuationToken], [7, 'more']);
    const [request] = requests;
    assert.equal(request?.url, '/fabrikam/a%20b/_apis/build/builds/7?%24top=5&tagFilters=a%2Cb');
    assert.equal(request.headers['authorization'], 'Bearer token-1');
    assert.equal(request.headers['accept'], 'application/json;api-version=7.1');
    assert.equal(request.headers['x-vss-reauthenticationaction'], 'Suppress');
    assert.equal(request.headers['x-tfs-fedauthredirect'], 'Suppress');
  });

  it('asks once more with a fresh token when the first one is refused', async () => {
    const client = await clientOf((_, response, count) => answer(response, count === 1 ? 401 : 200, { id: 7 }));
    assert.equal((await client.send(call())).value, 7);
    assert.deepEqual(tokens, [false, true]);
    assert.equal(requests[1]?.headers['authorization'], 'Bearer token-2');
  });

  it('says that the sign-in was refused when the fresh token is refused too, and when sent to a sign-in page', async () => {
    for (const status of [401, 302, 203]) {
      const client = await clientOf((_, response) => answer(response, status, '<html>', { location: '/_signin' }));
      requests = [];
      assert.deepEqual(await problemOfCall(client.send(call())), { kind: 'unauthorized' });
      assert.equal(requests.length, 2);
    }
  });

  it('tells what the service says about forbidden, missing, deleted, conflicting and bad requests', async () => {
    const cases: [number, string, Problem][] = [
      [403, 'You lack View builds.', { kind: 'forbidden', message: 'You lack View builds.' }],
      [404, 'Build 7 not found', { kind: 'notFound', message: 'Build 7 not found', deleted: false }],
      [404, 'Build 7 was deleted', { kind: 'notFound', message: 'Build 7 was deleted', deleted: true }],
      [410, 'gone', { kind: 'notFound', message: 'gone', deleted: true }],
      [409, 'changed', { kind: 'conflict', message: 'changed' }],
      [400, 'bad top', { kind: 'badRequest', status: 400, message: 'bad top' }],
    ];
    let status = 0;
    let message = '';
    const client = await clientOf((_, response) => answer(response, status, { message }));
    for (const [nextStatus, nextMessage, problem] of cases) {
      [status, message] = [nextStatus, nextMessage];
      assert.deepEqual(await problemOfCall(client.send(call())), problem);
    }
    assert.equal(requests.length, cases.length);
  });

  it('repeats a GET once after a server error, and gives the activity id when that fails too', async () => {
    let failures = 1;
    const client = await clientOf((_, response) => {
      if (failures-- > 0)
        answer(response, 500, { message: 'broken' }, { activityid: '0f8fad5b-d9cb-469f-a165-70867728950e' });
      else answer(response, 200, { id: 7 });
    });
    assert.equal((await client.send(call())).value, 7);
    failures = 2;
    const problem = await problemOfCall(client.send(call()));
    assert.equal(problem.kind === 'serverError' && problem.activityId, '0f8fad5b-d9cb-469f-a165-70867728950e');
    assert.equal(requests.length, 4);
  });

  it('never sends a decision twice after a server error', async () => {
    const client = await clientOf((_, response) => answer(response, 503, {}));
    assert.equal((await problemOfCall(client.send(call({ method: 'PATCH', body: [] })))).kind, 'serverError');
    assert.equal(requests.length, 1);
  });

  it('waits as long as a throttling service asks, says so, and gives up when that is too long', async () => {
    const until: (number | undefined)[] = [];
    const client = await clientOf(
      (_, response, count) =>
        count <= 2 ? answer(response, 429, {}, { 'retry-after': '20' }) : answer(response, 200, { id: 7 }),
      { now: () => 1_000 },
    );
    client.throttle.subscribe(() => until.push(client.throttle.until()));
    assert.equal((await client.send(call())).value, 7);
    assert.deepEqual(slept, [20_000, 20_000]);
    assert.deepEqual(until, [21_000, undefined, 21_000, undefined]);
    requests = [];
    const impatient = await clientOf((_, response) => answer(response, 429, {}, { 'retry-after': '61' }));
    assert.deepEqual(await problemOfCall(impatient.send(call())), { kind: 'throttled', retryAfterSeconds: 61 });
  });

  it('waits a little where the browser may not read how long', async () => {
    const client = await clientOf((_, response, count) => answer(response, count === 1 ? 429 : 200, { id: 7 }));
    await client.send(call());
    assert.deepEqual(slept, [5_000]);
  });

  it('knows a failed fetch as a missing scope, or as being offline when the browser says so', async () => {
    const client = await clientOf((request) => request.socket.destroy());
    assert.deepEqual(await problemOfCall(client.send(call())), { kind: 'missingScopeOrOffline', offline: false });
    assert.equal(requests.length, 2);
    const offline = await clientOf((request) => request.socket.destroy(), { isOnline: () => false });
    assert.deepEqual(await problemOfCall(offline.send(call())), { kind: 'missingScopeOrOffline', offline: true });
    assert.equal(requests.length, 3);
  });

  it('refuses answers that are no JSON or not of the documented shape', async () => {
    let body: unknown = '<html>proxy</html>';
    const client = await clientOf((_, response) => answer(response, 200, body, { 'content-type': 'text/html' }));
    assert.deepEqual(await problemOfCall(client.send(call())), { kind: 'notJson', contentType: 'text/html' });
    body = { id: 'x' };
    assert.deepEqual(await problemOfCall(client.send(call())), {
      kind: 'unexpectedShape',
      where: 'build.id',
      expected: 'a number',
    });
  });

  it('gives up when no answer comes in time', async () => {
    const client = await clientOf(() => undefined, { timeoutMs: 50 });
    assert.equal((await problemOfCall(client.send(call()))).kind, 'timeout');
    assert.equal(requests.length, 1);
  });

  it('stops when the page no longer wants the answer, also while it waits', async () => {
    const controller = new AbortController();
    const client = await clientOf(() => controller.abort(new Error('closed')));
    await assert.rejects(client.send(call({ signal: controller.signal })), /closed/);
    assert.equal(requests.length, 1);
    const waiting = new AbortController();
    const throttled = await clientOf(
      (_, response) => {
        setTimeout(() => waiting.abort(new Error('closed')), 20);
        answer(response, 429, {}, { 'retry-after': '30' });
      },
      { sleep: undefined },
    );
    await assert.rejects(throttled.send(call({ signal: waiting.signal })), /closed/);
    assert.equal(throttled.throttle.until(), undefined);
  });

  it('reads no more bytes than the limit', async () => {
    const client = await clientOf((_, response) => response.end('x'.repeat(1001)));
    const { port } = server?.address() as AddressInfo;
    const url = new URL(`http://127.0.0.1:${port}/fabrikam/file`);
    const of = (limitBytes: number) => client.bytes({ url, apiVersion: '7.1', limitBytes });
    assert.equal((await of(1001)).length, 1001);
    assert.deepEqual(await problemOfCall(of(1000)), { kind: 'tooLarge', limitBytes: 1000 });
    assert.equal(requests[0]?.headers['accept'], 'application/octet-stream;api-version=7.1');
  });

  it('has at most six requests on the way', async () => {
    let running = 0;
    let most = 0;
    const client = await clientOf((_, response) => {
      running += 1;
      most = Math.max(most, running);
      setTimeout(() => {
        running -= 1;
        answer(response, 200, { id: 7 });
      }, 5);
    });
    await Promise.all(Array.from({ length: 20 }, () => client.send(call())));
    assert.equal(most, 6);
    assert.equal(requests.length, 20);
  });
});
