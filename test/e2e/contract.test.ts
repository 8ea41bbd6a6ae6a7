import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { StepResult } from '../../local/agent/run-task';
import type { Exchange, LocalAzure } from '../../local/azure';
import { allowedDeviations } from '../support/allowed-deviations';
import { hasContracts } from '../support/contracts';
import { watchExchanges } from '../support/exchanges';
import { watchSecrets } from '../support/leaks';
import { startStandIns } from '../support/stand-ins';

const workspace =
  'https://localhost:1/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-mlops/providers/Microsoft.MachineLearningServices/workspaces/mlw-mlops';

/** What holds the other end-to-end tests to the contracts must itself be able to object. */
describe('the watch over calls of Azure', function () {
  this.timeout(60_000);
  let folder: string;
  let logFile: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'mlops-watch-'));
    logFile = path.join(folder, 'requests.jsonl');
    writeFileSync(logFile, '{"method":"GET","status":200}\n');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function objections(change: Partial<Exchange>): Promise<string> {
    const wire = new Wire();
    const watch = watchExchanges({ onExchange: wire.onExchange, logFile });
    wire.pass(change);
    return (await watch.objections()).join('\n');
  }

  const environment = { method: 'PUT', url: `${workspace}/environments/e/versions/1?api-version=2024-10-01` };
  const good = { properties: { image: 'python', osType: 'Linux' } };

  it('objects to requests and answers that the documents do not know', async function () {
    if (!hasContracts('azure', 'specification')) {
      process.stdout.write('    skipped: the contracts are not beside the repository\n');
      this.skip();
    }
    const answered = { ...good, id: '/x', name: '1', type: 'y' };
    const both = (request: unknown, response: unknown): Partial<Exchange> => ({
      ...environment,
      status: 201,
      requestBody: json(request),
      responseBody: json(response),
    });
    assert.equal(await objections(both(good, answered)), '');
    assert.match(await objections(both({ properties: { image: 7 } }, answered)), /oav: PUT .* request: INVALID_TYPE/);
    assert.match(await objections(both({ properties: { osType: 'Beos' } }, answered)), /ajv: .*osType/);
    assert.match(await objections(both(good, { ...answered, properties: { image: 7 } })), /response: INVALID_TYPE/);
    assert.match(await objections({ ...both(good, answered), status: 418 }), /response: /);
    assert.equal(await objections({ ...both(good, answered), status: 418, planned: true }), '');
  });

  it('objects to a route that the stand-in does not have', async () => {
    const standIns = await startStandIns();
    const group = `/subscriptions/${standIns.azure.subscriptionId}/resourceGroups/${standIns.azure.resourceGroup}`;
    await assert.rejects(standIns.arm(`${group}/providers/Microsoft.Nowhere/things/one`), /404/);
    await assert.rejects(standIns.stop(), /the stand-in noted: .*Microsoft\.Nowhere.*no such route/);
  });

  it('names for each deviation that is allowed a recording that is there', function () {
    if (!hasContracts('recordings')) {
      process.stdout.write('    skipped: the contracts are not beside the repository\n');
      this.skip();
    }
    for (const { recording } of allowedDeviations)
      assert.ok(hasContracts('recordings', recording.split(':')[0] ?? ''), recording);
  });
});

describe('the watch over secrets', () => {
  const token = `eyJ${'a'.repeat(20)}.${'b'.repeat(20)}.${'c'.repeat(20)}`;
  const key = 'Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA';

  function leaks(step: Partial<StepResult>): string[] {
    const wire = new Wire();
    const watch = watchSecrets({ onExchange: wire.onExchange, directory });
    wire.pass({ requestHeaders: { authorization: `Bearer ${token}` }, responseBody: json({ primaryKey: key }) });
    wire.pass({ responseBody: json({ logLink: 'https://x/y?sv=1&sig=abcdefghijklmnopqrstuvwxyz%3D' }) });
    watch.note('Task', { ...quiet, ...step });
    return watch.leaks();
  }

  it('finds tokens, keys and signatures wherever a step leaves text', () => {
    assert.deepEqual(leaks({ lines: ['all is well', 'https://x/y?sig=***'] }), []);
    assert.deepEqual(leaks({ rawLines: [`##vso[task.setsecret]${key}`] }), []);
    for (const step of [
      { lines: [`a ${token}`] },
      { rawLines: [`a ${key}`] },
      { outputs: { key } },
      { attachments: [{ type: 't', name: 'n', content: `{"key":"${key}"}` }] },
      { issues: [{ type: 'error' as const, message: `refused: ${key}`, data: {} }] },
      { lines: ['https://x/y?sv=1&sig=abcdefghijklmnopqrstuvwxyz%3D'] },
      { lines: [`the secret is ${directory.servicePrincipal.secret}`] },
      { lines: ['Authorization: Bearer abcdefghijklmnopqrstuvwxyz012345'] },
    ]) {
      const found = leaks(step);
      assert.ok(found.length > 0, JSON.stringify(step));
      assert.ok(!found.join().includes(key) && !found.join().includes(token));
    }
  });
});

/** A door that a test passes exchanges through. */
class Wire {
  private readonly listeners: ((exchange: Exchange) => void)[] = [];

  readonly onExchange: LocalAzure['onExchange'] = (listener) => {
    this.listeners.push(listener);
    return () => undefined;
  };

  pass(change: Partial<Exchange>): void {
    const exchange: Exchange = {
      time: '',
      ms: 1,
      method: 'GET',
      url: `${workspace}?api-version=2024-10-01`,
      requestHeaders: {},
      requestBody: Buffer.alloc(0),
      status: 200,
      responseHeaders: { 'content-type': 'application/json' },
      responseBody: Buffer.alloc(0),
      ...change,
    };
    for (const listener of this.listeners) listener(exchange);
  }
}

const directory = {
  servicePrincipal: { secret: 'the-secret-of-the-service-principal' },
} as LocalAzure['directory'];

const quiet: StepResult = {
  result: 'Succeeded',
  exitCode: 0,
  lines: [],
  rawLines: [],
  outputs: {},
  variables: {},
  secrets: [],
  issues: [],
  attachments: [],
  tags: [],
  artifacts: [],
  progress: [],
  tests: [],
  buildNumber: undefined,
};

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
