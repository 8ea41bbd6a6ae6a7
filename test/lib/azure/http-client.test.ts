import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AzureError } from '../../../lib/azure/errors';
import type { Http } from '../../../lib/azure/http';
import { createHttp } from '../../../lib/azure/http-client';
import { retryAfterMs } from '../../../lib/azure/wire';
import { FakeAgent } from '../../support/fake-agent';

type Script = ((request: IncomingMessage, response: ServerResponse) => void)[];

describe('the HTTP layer', () => {
  let server: Server;
  let url: string;
  let script: Script;
  let received: { method: string; authorization: string | undefined; body: string }[];

  const answer = (status: number, headers: Record<string, string> = {}, body = '{}') => {
    return (_request: IncomingMessage, response: ServerResponse) => response.writeHead(status, headers).end(body);
  };
  const drop = (request: IncomingMessage) => request.socket.destroy();
  const http = (agent = new FakeAgent()): Http =>
    createHttp({
      tokens: { get: (resource, renew) => Promise.resolve(`${renew ? 'new' : 'old'}-token-for-${resource}`) },
      network: { agentFor: () => Promise.resolve(undefined), prepareEnvironment: () => undefined },
      agent,
      userAgent: 'test/1',
      maySend: (resource, target) => resource === 'arm' && target.hostname === '127.0.0.1',
    });

  before((done) => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        received.push({
          method: request.method ?? '',
          authorization: request.headers.authorization,
          body: Buffer.concat(chunks).toString(),
        });
        const next = script.shift();
        if (next) next(request, response);
        else response.writeHead(500).end('script is over');
      });
    }).listen(0, '127.0.0.1', () => {
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/path?sig=verysecret`;
      done();
    });
  });
  after((done) => void server.close(done));
  beforeEach(() => {
    received = [];
  });

  it('repeats a GET after 429 with and without Retry-After, 503 and a dropped connection', async () => {
    script = [
      answer(429, { 'retry-after': '0' }),
      answer(429),
      answer(503, { 'retry-after-ms': '10' }),
      drop,
      answer(200, {}, '{"a":1}'),
    ];
    const result = await http().send({ method: 'GET', url });
    assert.deepEqual(result.body, { a: 1 });
    assert.equal(received.length, 5);
  });

  it('repeats a POST after 429 but never after 500 unless it is idempotent', async () => {
    script = [answer(429, { 'retry-after': '0' }), answer(200)];
    await http().send({ method: 'POST', url, body: { x: 1 } });
    script = [answer(500), answer(200)];
    await assert.rejects(http().send({ method: 'POST', url, body: {} }), AzureError);
    script = [answer(500), answer(200)];
    assert.equal((await http().send({ method: 'POST', url, body: {}, idempotent: true })).status, 200);
    assert.equal(received.length, 5);
  });

  it('does not repeat what will not change', async () => {
    for (const status of [400, 403, 404, 409]) {
      script = [answer(status)];
      await assert.rejects(
        http().send({ method: 'GET', url }),
        (error) => error instanceof AzureError && error.status === status,
      );
    }
    assert.equal(received.length, 4);
  });

  it('gives up after the number of attempts asked for, and never shows the query', async () => {
    script = [answer(503), answer(503)];
    await assert.rejects(
      http().send({ method: 'GET', url, attempts: 2 }),
      (error) => error instanceof AzureError && !error.message.includes('verysecret'),
    );
  });

  it('stops waiting as soon as the step is cancelled', async () => {
    const agent = new FakeAgent();
    script = [answer(429, { 'retry-after': '60' })];
    setTimeout(() => agent.cancellation.abort(), 50);
    await assert.rejects(http(agent).send({ method: 'GET', url }), { name: 'CancelledError' });
  });

  it('never sends a token over plain http or to a host it is not for', async () => {
    script = [];
    await assert.rejects(
      http().send({ method: 'GET', url, resource: 'arm' }),
      /would be sent to http:\/\/127\.0\.0\.1/,
    );
    await assert.rejects(
      http().send({ method: 'GET', url: 'https://elsewhere.example/x', resource: 'arm' }),
      /not a host of that service/,
    );
    assert.equal(received.length, 0);
  });

  it('reads Retry-After in seconds, as a date and in milliseconds', () => {
    const now = Date.parse('2026-11-21T12:00:00Z');
    assert.equal(retryAfterMs({ 'retry-after': '7' }, now), 7000);
    assert.equal(retryAfterMs({ 'retry-after': 'Sat, 21 Nov 2026 12:00:30 GMT' }, now), 30_000);
    assert.equal(retryAfterMs({ 'x-ms-retry-after-ms': '250' }, now), 250);
    assert.equal(retryAfterMs({ 'retry-after': 'soon' }, now), undefined);
    assert.equal(retryAfterMs({}, now), undefined);
  });
});
