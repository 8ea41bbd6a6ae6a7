import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type * as TaskLib from 'azure-pipelines-task-lib/task';
import { TaskError } from '../../../lib/agent/errors';
import type { Azure } from '../../../lib/azure/azure';
import { ArmClient } from '../../../lib/azure/arm-client';
import type { Cloud } from '../../../lib/azure/cloud';
import { azureError } from '../../../lib/azure/errors';
import type { Http, HttpRequest } from '../../../lib/azure/http';
import type { SmokeTestEvidence } from '../../../lib/evidence/types';
import { openEndpoint } from '../../../tasks/SmokeTest/authentication';
import { readInputs } from '../../../tasks/SmokeTest/inputs';
import { runSmokeTest } from '../../../tasks/SmokeTest/open';
import { percentile95, smokeTest } from '../../../tasks/SmokeTest/smoke-test';
import { FakeAgent } from '../../support/fake-agent';
import { startRunServer } from '../../support/run-server';

interface Reply {
  status?: number;
  body?: string;
  headers?: Record<string, string>;
}

const folder = mkdtempSync(path.join(tmpdir(), 'smoke-'));
const requests = path.join(folder, 'requests.jsonl');
after(() => rmSync(folder, { recursive: true }));

let server: Server;
let seen: { headers: IncomingMessage['headers']; body: string }[];
let reply: (index: number) => Reply;
let address: string;

beforeEach(async () => {
  seen = [];
  reply = () => ({ body: '{"predictions":[1.5]}' });
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push({ headers: request.headers, body });
      const { status = 200, body: content = '', headers } = reply(seen.length - 1);
      response.writeHead(status, { 'Content-Type': 'application/json', Connection: 'close', ...headers }).end(content);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/score`;
  writeFileSync(requests, '{"data": [[1]]}\n\n{"data": [[2]]}\n');
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

interface Tested {
  agent: FakeAgent;
  outcome: Awaited<ReturnType<typeof runSmokeTest>>;
}

async function run(inputs: Record<string, string> = {}): Promise<Tested> {
  const agent = new FakeAgent({ inputs: { scoringUri: address, requests, ...inputs } });
  return { agent, outcome: await runSmokeTest(readInputs(agent), agent) };
}

async function refused(inputs: Record<string, string>, pattern: RegExp): Promise<void> {
  await assert.rejects(run(inputs), (error) => {
    assert.ok(error instanceof TaskError, String(error));
    assert.match(`${error.message} ${error.advice ?? ''}`, pattern);
    return true;
  });
}

describe('SmokeTest of an address', () => {
  it('passes when every answer is as expected', async () => {
    const { agent, outcome } = await run({ maxLatencyMs: '10000' });
    assert.equal(outcome.result, 'succeeded');
    assert.equal(agent.outputs['verdict'], 'passed');
    assert.ok(Number(agent.outputs['p95LatencyMs']) > 0);
    assert.deepEqual(
      seen.map(({ body }) => body),
      ['{"data": [[1]]}', '{"data": [[2]]}'],
    );
    assert.equal(seen[0]?.headers['content-type'], 'application/json');
    assert.equal(agent.testRuns.length, 1);
    assert.ok(agent.attachments.some(({ type }) => type === 'mlops.smoke.v1'));
  });

  it('sends no credential of Azure, and the key only when there is one', async () => {
    await run();
    assert.equal(seen[0]?.headers.authorization, undefined);
    const { agent } = await run({ key: 'the-secret-key' });
    assert.equal(seen.at(-1)?.headers.authorization, 'Bearer the-secret-key');
    assert.deepEqual(agent.secrets, ['the-secret-key']);
    assert.ok(!agent.everything.includes('the-secret-key'));
  });

  const bad: [string, string, RegExp][] = [
    ['bare NaN', '{"predictions":[NaN]}', /holds NaN/],
    ['NaN as text', '{"predictions":["nan"]}', /predictions\[0\] is nan/],
    ['no JSON', 'Internal error', /no JSON: Internal error/],
    ['nothing', '', /no JSON/],
  ];
  for (const [name, body, problem] of bad) {
    it(`fails on ${name}`, async () => {
      reply = () => ({ body });
      const { agent, outcome } = await run();
      assert.equal(outcome.result, 'failed');
      assert.equal(agent.outputs['verdict'], 'failed');
      assert.match(outcome.message, problem);
    });
  }

  it('shows 300 characters of a strange answer and no more', async () => {
    reply = () => ({ status: 500, body: `start ${'x'.repeat(5000)} end` });
    const { agent } = await run();
    assert.match(agent.log, /start x/);
    assert.ok(!agent.everything.includes('x'.repeat(301)));
  });

  it('holds answers against a JSON schema of any common draft', async () => {
    for (const draft of [
      'http://json-schema.org/draft-07/schema#',
      'https://json-schema.org/draft/2019-09/schema',
      'https://json-schema.org/draft/2020-12/schema',
    ]) {
      const schema = (minimum: number): string =>
        JSON.stringify({
          $schema: draft,
          type: 'object',
          required: ['predictions'],
          properties: { predictions: { type: 'array', minItems: 1, items: { type: 'number', minimum } } },
        });
      assert.equal((await run({ expect: schema(0) })).outcome.result, 'succeeded');
      const { outcome } = await run({ expect: schema(2) });
      assert.match(outcome.message ?? '', /\/predictions\/0 must be >= 2/);
    }
  });

  it('finds empty and constant answers when the schema forbids them', async () => {
    const schema = { type: 'object', properties: { predictions: { minItems: 1 } }, 'x-distinctAnswers': true };
    assert.match((await run({ expect: JSON.stringify(schema) })).outcome.message ?? '', /all 2 answers are the same/);
    reply = (index) => ({ body: `{"predictions":[${index}]}` });
    assert.equal((await run({ expect: JSON.stringify(schema) })).outcome.result, 'succeeded');
    reply = () => ({ body: '{"predictions":[]}' });
    assert.match((await run({ expect: JSON.stringify(schema) })).outcome.message ?? '', /fewer than 1 items/);
  });

  it('holds answers against expected values with a tolerance', async () => {
    const expect = path.join(folder, 'expect.jsonl');
    const line = (value: number): string => `{"expected": {"predictions": [${value}]}, "tolerance": 0.1}\n`;
    writeFileSync(expect, line(1.45) + line(1.55));
    assert.equal((await run({ expect })).outcome.result, 'succeeded');
    writeFileSync(expect, line(1.45) + line(1.7));
    assert.match(
      (await run({ expect })).outcome.message ?? '',
      /request 2: .*predictions\[0\] is 1\.5, expected 1\.7 ± 0\.1/,
    );
    writeFileSync(expect, line(1) + line(1) + line(1));
    await refused({ expect }, /3 expected values for 2 requests/);
    writeFileSync(expect, '{"expected": 1, "tolerence": 1}\n');
    await refused({ expect }, /expect\.jsonl:1: unknown key "tolerence"|expect\.jsonl.*tolerence/);
  });

  it('fails when the 95th percentile is too slow', async () => {
    const agent = new FakeAgent();
    let now = 0;
    const http: Http = { send: () => ((now += 300), Promise.resolve({ status: 200, headers: {}, body: '{}' })) };
    const time = { now: () => now, pause: () => Promise.resolve() };
    const inputs = {
      target: { kind: 'uri' as const, scoringUri: address },
      requests,
      maxLatencyMs: 200,
      startupTimeoutSeconds: 5,
    };
    const service = { scoringUri: address, authentication: 'none' as const, headers: {} };
    const any = { description: '', problem: () => undefined, overall: () => undefined };
    const outcome = await smokeTest(inputs, service, [{ line: 1, body: '{}' }], any, { http, agent, time });
    assert.match(outcome.message ?? '', /latency is 300 ms, allowed are 200 ms/);
  });

  it('waits while the service comes up', async () => {
    reply = (index) => (index < 2 ? { status: 503 } : { body: '{"predictions":[1]}' });
    const { agent, outcome } = await run();
    assert.equal(outcome.result, 'succeeded');
    assert.match(agent.log, /not ready \(status 503\)/);
    assert.equal(seen.length, 4);
  });

  it('gives up after the start-up time-out and says which requests were not sent', async () => {
    reply = () => ({ status: 502 });
    const { agent, outcome } = await run({ startupTimeoutSeconds: '1' });
    assert.match(outcome.message ?? '', /did not come up within 1 s/);
    assert.match(agent.attachments.find(({ type }) => type === 'mlops.junit')?.content ?? '', /<skipped/);
  });

  it('waits for a port where nobody listens yet', async () => {
    const { port } = new URL(address);
    await new Promise((resolve) => server.close(resolve));
    setTimeout(() => server.listen(Number(port), '127.0.0.1'), 500);
    const { agent, outcome } = await run();
    assert.equal(outcome.result, 'succeeded');
    assert.match(agent.log, /not ready \(.*ECONNREFUSED/);
  });

  it('does not retry an answer that waiting cannot mend', async () => {
    reply = () => ({ status: 401 });
    const { outcome } = await run();
    assert.equal(seen.length, 1);
    assert.match(outcome.message ?? '', /status 401.*give the input key/);
    assert.match(outcome.message ?? '', /refused the first request, the others were not sent/);
  });

  it('refuses inputs that contradict each other', async () => {
    await refused({ endpointName: 'churn' }, /Both "scoringUri" and "endpointName"/);
    await refused({ scoringUri: '' }, /Neither/);
    await refused({ deploymentName: 'blue' }, /"deploymentName" goes with "endpointName"/);
    await refused({ scoringUri: 'ftp://x/y' }, /no http or https address/);
    await refused({ scoringUri: 'http://169.254.169.254/metadata' }, /metadata service/);
    await refused({ scoringUri: 'http://example.test/score', key: 'the-secret-key' }, /over http/);
    await refused({ maxLatencyMs: 'fast' }, /"maxLatencyMs" is "fast"/);
    await refused({ expect: '{"type": 7}' }, /no JSON schema/);
    writeFileSync(requests, '{}\n{oops\n');
    await refused({}, /requests\.jsonl:2: this is no JSON/);
  });
});

describe('the record of a smoke test', () => {
  // The agent's endpoint, as the tasks see it: an import of a module cannot be changed.
  const tl = createRequire(__filename)('azure-pipelines-task-lib/task') as typeof TaskLib;
  const original = tl.getEndpointAuthorizationParameter;
  let runs: Awaited<ReturnType<typeof startRunServer>>;
  before(async () => {
    runs = await startRunServer('smoke');
    Object.assign(tl, { getEndpointAuthorizationParameter: () => 'the-job-token' });
    process.env['ENDPOINT_URL_SYSTEMVSSCONNECTION'] = runs.collectionUrl;
  });
  after(async () => {
    await runs.stop();
    delete process.env['ENDPOINT_URL_SYSTEMVSSCONNECTION'];
    Object.assign(tl, { getEndpointAuthorizationParameter: original });
  });

  /** Runs the step in a pipeline. */
  async function leave(inputs: Record<string, string>) {
    const variables = {
      ...{ 'Build.BuildId': '812', 'System.TeamProject': 'Churn', 'System.DefinitionId': '14' },
    };
    const agent = new FakeAgent({ inputs: { scoringUri: address, requests, ...inputs }, variables });
    await runSmokeTest(readInputs(agent), agent);
    const record = agent.attachments.find(({ type }) => type === 'mlops.smoke.v1')?.content ?? '';
    const { requests: results } = JSON.parse(record) as SmokeTestEvidence;
    const shown = [agent.log, ...agent.summaries.map(({ markdown }) => markdown)];
    const junit = agent.attachments.find(({ type }) => type === 'mlops.junit')?.content ?? '';
    return {
      record,
      problem: results[1]?.problem,
      shown: [...shown, junit],
      index: runs.properties.get('812/mlops.v1.smoke'),
    };
  }

  const values = (expected: unknown) => JSON.stringify({ expected, tolerance: 0.1 });
  const schema = (items: object, more: object = {}) =>
    JSON.stringify({ type: 'object', properties: { predictions: { type: 'array', items } }, ...more });
  const failed = { 'ms-azureml-model-error-statuscode': 'Mark-4711', 'ms-azureml-model-error-reason': 'Mark-4711' };
  const cases: [string, Reply, string | undefined, string][] = [
    ['an error', { status: 500, body: '{"error":{"message":"Mark-4711"}}' }, undefined, 'status 500'],
    ['a failing model', { status: 424, headers: failed, body: 'Mark-4711' }, undefined, "status 424: the model's own code failed"],
    ['a refusal', { status: 403, body: 'Mark-4711' }, undefined, 'status 403'],
    ['text', { body: 'Mark-4711' }, undefined, 'the answer is no JSON'],
    ['text with NaN', { body: 'Mark-4711 NaN' }, undefined, 'the answer holds NaN or Infinity: no JSON'],
    ['NaN by customer', { body: '{"Mark-4711":["NaN"]}' }, undefined, '/*/0 is NaN or infinite'],
    ['a number', { body: '{"predictions":[4711]}' }, values({ predictions: [4711.5] }), '/predictions/0 differs from what was expected by more than the tolerance'],
    ['another text', { body: '{"a/b":"x"}' }, values({ 'a/b': 'Mark-4711' }), '/a~1b is not what was expected'],
    ['a missing member', { body: '{}' }, values({ 'Mark-4711': 1 }), 'the answer lacks a member that was expected'],
    ['other lengths', { body: '[1]' }, values(Array(4711).fill(1)), 'the answer has another number of items than was expected'],
    ['a limit', { body: '{"predictions":[1]}' }, schema({ minimum: 4711 }), '/predictions/0 breaks the rule minimum of the schema'],
    ['a constant', { body: '{"predictions":["Mark-4711"]}' }, schema({ const: 'Mark-4711 too' }), '/predictions/0 breaks the rule const of the schema'],
    ['a pattern', { body: '{"predictions":["x"]}' }, schema({ pattern: 'Mark-4711' }), '/predictions/0 breaks the rule pattern of the schema'],
    ['a customer number', { body: '{"4711":{"predictions":"Mark-4711"}}' }, schema({}, { additionalProperties: { $ref: '#' } }), '/*/predictions breaks the rule type of the schema'],
    ['NaN by schema', { body: '{"predictions":[1,"nan"],"Mark-4711":1}' }, schema({}), '/predictions/1 is NaN or infinite'],
  ]; // prettier-ignore

  for (const [what, second, expect, said] of cases) {
    it(`names what is wrong and where, and holds no value: ${what}`, async () => {
      writeFileSync(requests, '{"data":["Mark-4711 first"]}\n{"data":["Mark-4711"]}\n');
      reply = (index) => (index === 0 ? { body: '{"predictions":[4711.5]}' } : second);
      const { record, problem, index } = await leave(expect === undefined ? {} : { expect });
      assert.equal(problem, said);
      assert.doesNotMatch(record.replaceAll(/[0-9a-f]{64}/g, ''), /4711/);
      assert.match(index ?? '', /"verdict":"failed"/);
      assert.doesNotMatch(index?.replaceAll(/[0-9a-f]{64}/g, '') ?? '', /4711/);
    });
  }

  it('leaves it to log, summary and test run to quote the service', async () => {
    reply = (index) => (index === 0 ? {} : { status: 500, body: 'Mark-4711' });
    for (const text of (await leave({})).shown) assert.match(text, /status 500: Mark-4711/);
  });
});

describe('SmokeTest of an endpoint', () => {
  const workspace = '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w';
  const cloud: Cloud = {
    name: 'AzureCloud',
    arm: 'https://arm.test',
    authority: 'https://login.test',
    resources: { arm: 'arm', machineLearning: 'https://ml.test', storage: 'storage', kubernetes: 'kubernetes' },
  };

  function azureWith(agent: FakeAgent, answers: Record<string, unknown>): { azure: Azure; sent: HttpRequest[] } {
    const sent: HttpRequest[] = [];
    const http: Http = {
      send: (request) => {
        sent.push(request);
        const body = answers[`${request.method} ${new URL(request.url).pathname.replace(workspace, '')}`];
        const answer = { status: body === undefined ? 404 : 200, headers: {}, body };
        if (body !== undefined || request.accept?.includes(404)) return Promise.resolve(answer);
        return Promise.reject(azureError(request.url, answer));
      },
    };
    const azure: Azure = {
      cloud,
      http,
      tokens: { get: () => Promise.reject(new Error('no token is needed here')) },
      arm: new ArmClient(http, cloud, agent),
      subscriptionId: 's',
      resourceGroup: 'g',
      resourceGroupId: '/subscriptions/s/resourceGroups/g',
      workspace: { id: workspace, name: 'w', location: 'l', historyUrl: '', artifactUrl: '', mlflowUrl: '' },
    };
    return { azure, sent };
  }

  function endpoint(authMode: string, traffic: Record<string, number> = { blue: 100 }): unknown {
    return { name: 'churn', properties: { authMode, traffic, scoringUri: 'https://churn.test/score' } };
  }

  const path_ = '/onlineEndpoints/churn';

  it('gets what each way of authentication asks for and masks it first', async () => {
    const modes: [string, Record<string, unknown>, string, string | undefined, string | undefined][] = [
      ['Key', { [`POST ${path_}/listKeys`]: { primaryKey: 'key-1' } }, 'key', 'Bearer key-1', undefined],
      ['AMLToken', { [`POST ${path_}/token`]: { accessToken: 'token-1' } }, 'amlToken', 'Bearer token-1', undefined],
      ['AADToken', {}, 'aadToken', undefined, 'https://ml.test'],
    ];
    for (const [mode, answers, authentication, header, resource] of modes) {
      const agent = new FakeAgent();
      const { azure } = azureWith(agent, { [`GET ${path_}`]: endpoint(mode), ...answers });
      const service = await openEndpoint(azure, agent, 'churn', undefined);
      assert.deepEqual(
        [service.authentication, service.headers['Authorization'], service.resource],
        [authentication, header, resource],
      );
      assert.deepEqual(agent.secrets, header === undefined ? [] : [header.replace('Bearer ', '')]);
    }
  });

  it('tests a deployment without traffic by its header', async () => {
    const agent = new FakeAgent();
    const { azure } = azureWith(agent, {
      [`GET ${path_}`]: endpoint('AADToken', { blue: 100, green: 0 }),
      [`GET ${path_}/deployments/green`]: { properties: { provisioningState: 'Succeeded' } },
    });
    const service = await openEndpoint(azure, agent, 'churn', 'green');
    assert.equal(service.headers['azureml-model-deployment'], 'green');
  });

  it('names what is there when endpoint or deployment are not', async () => {
    const agent = new FakeAgent();
    const list = { value: [{ name: 'blue' }] };
    const missing = azureWith(agent, { 'GET /onlineEndpoints': { value: [{ name: 'other' }] } });
    await assert.rejects(openEndpoint(missing.azure, agent, 'churn', undefined), { advice: 'Its endpoints: other.' });
    const lonely = azureWith(agent, { [`GET ${path_}`]: endpoint('Key'), [`GET ${path_}/deployments`]: list });
    await assert.rejects(openEndpoint(lonely.azure, agent, 'churn', 'green'), { advice: 'Its deployments: blue.' });
  });

  it('refuses an endpoint that sends traffic nowhere', async () => {
    const agent = new FakeAgent();
    const { azure } = azureWith(agent, { [`GET ${path_}`]: endpoint('Key', { blue: 0 }) });
    await assert.rejects(openEndpoint(azure, agent, 'churn', undefined), /sends traffic to no deployment/);
  });
});

describe('the 95th percentile', () => {
  it('is the nearest rank', () => {
    assert.equal(percentile95([]), undefined);
    assert.equal(percentile95([7]), 7);
    assert.equal(percentile95(Array.from({ length: 100 }, (_, index) => 100 - index)), 95);
    assert.equal(percentile95(Array.from({ length: 20 }, (_, index) => index + 1)), 19);
  });
});
