import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { TrafficSplit } from '../../../local/azure/ml/traffic';
import { MlWorkspace, valueAt, type Reply } from '../../support/ml-workspace';

const score = `import json, os, time

def init():
    if os.environ.get("BREAK"):
        raise RuntimeError("no good model")
    print("colour is", os.environ.get("COLOUR"))

def run(raw):
    asked = json.loads(raw)
    if "crash" in asked:
        os._exit(9)
    if "fail" in asked:
        raise ValueError("cannot score")
    time.sleep(asked.get("sleep", 0))
    folder = os.environ["AZUREML_MODEL_DIR"]
    with open(os.path.join(folder, "model", "weights.txt")) as file:
        return {"colour": os.environ.get("COLOUR"), "weights": file.read(), "model": "/".join(folder.split("/")[-3:])}
`;

describe('the traffic split', () => {
  it('gives each deployment exactly its share of any 100 requests, evenly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 300 }), (blue, skipped) => {
        const split = new TrafficSplit();
        const weights = { blue, green: 100 - blue };
        for (let i = 0; i < skipped; i++) split.next(weights);
        const chosen = Array.from({ length: 100 }, () => split.next(weights));
        assert.equal(chosen.filter((name) => name === 'blue').length, blue);
      }),
    );
    assert.equal(new TrafficSplit().next({ blue: 0 }), undefined);
  });
});

describe('managed online endpoints of the local Azure', () => {
  let ws: MlWorkspace;
  let environmentId: string;
  let codeId: string;
  let key: string;

  before(async function () {
    this.timeout(180_000);
    ws = await MlWorkspace.start();
    environmentId = await ws.environment('scoring', ['azureml-inference-server-http>=1.5.1']);
    codeId = await ws.code('score', { 'score.py': score });
    const modelUri = await ws.data('models/model', { 'weights.txt': 'w1' });
    const model = await ws.arm('PUT', '/models/m/versions/1', { properties: { modelType: 'custom_model', modelUri } });
    assert.equal(model.status, 201, model.text);
    const put = await ws.arm('PUT', '/onlineEndpoints/ep-one', {
      location: 'westeurope',
      properties: { authMode: 'Key' },
    });
    assert.equal(put.status, 201, put.text);
    assert.equal(put.at('properties/provisioningState'), 'Creating');
    assert.equal(put.at('properties/scoringUri'), null);
    assert.match(put.header('azure-asyncoperation'), /\/mfeOperationsStatus\/oe:/);
    assert.equal(put.header('x-ms-async-operation-timeout'), 'PT30M');
    assert.equal((await ws.waitForOperation(put.header('azure-asyncoperation'))).at('status'), 'Succeeded');
    const blue = await deploy('blue');
    assert.equal(blue.at('status'), 'Succeeded', blue.text);
    key = (await ws.arm('POST', '/onlineEndpoints/ep-one/listKeys')).str('primaryKey');
  });
  after(() => ws.stop());

  async function put(name: string, properties: Record<string, unknown> = {}): Promise<Reply> {
    const all = {
      endpointComputeType: 'Managed',
      model: `${ws.path}/models/m/versions/1`,
      environmentId,
      codeConfiguration: { codeId, scoringScript: 'score.py' },
      environmentVariables: { COLOUR: name },
      requestSettings: { requestTimeout: 'PT2S' },
      ...properties,
    };
    return ws.arm('PUT', `/onlineEndpoints/ep-one/deployments/${name}`, {
      location: 'westeurope',
      sku: { name: 'Default', capacity: 1 },
      properties: all,
    });
  }

  async function deploy(name: string, properties: Record<string, unknown> = {}): Promise<Reply> {
    const reply = await put(name, properties);
    assert.equal(reply.status, 201, reply.text);
    return ws.waitForOperation(reply.header('azure-asyncoperation'));
  }

  async function setTraffic(traffic: Record<string, number>): Promise<Reply> {
    return ws.arm('PUT', '/onlineEndpoints/ep-one', {
      location: 'westeurope',
      properties: { authMode: 'Key', traffic },
    });
  }

  async function traffic(weights: Record<string, number>): Promise<void> {
    const reply = await setTraffic(weights);
    assert.equal(reply.status, 200, reply.text);
    await ws.waitForOperation(reply.header('azure-asyncoperation'));
  }

  async function ask(body: unknown, headers: Record<string, string> = {}, endpoint = 'ep-one'): Promise<Reply> {
    return ws.send('POST', `/inference/${endpoint}/score`, body, { authorization: `Bearer ${key}`, ...headers });
  }

  it('fill in the defaults of a deployment and show where it answers', async () => {
    const deployment = await ws.arm('GET', '/onlineEndpoints/ep-one/deployments/blue');
    assert.equal(deployment.at('properties/provisioningState'), 'Succeeded');
    assert.deepEqual(deployment.at('properties/requestSettings'), {
      maxQueueWait: 'PT0S',
      requestTimeout: 'PT2S',
      maxConcurrentRequestsPerInstance: 1,
    });
    assert.deepEqual(deployment.at('properties/scaleSettings'), { scaleType: 'Default' });
    assert.deepEqual(deployment.at('sku'), { name: 'Default', tier: 'Standard', capacity: 1 });
    const endpoint = await ws.arm('GET', '/onlineEndpoints/ep-one');
    assert.equal(endpoint.at('properties/scoringUri'), `${ws.azure.url}/inference/ep-one/score`);
    assert.deepEqual(endpoint.at('properties/traffic'), {});
  });

  it('answer 404 until a deployment has traffic, except to who names it', async () => {
    await traffic({});
    const none = await ask({});
    assert.equal(none.status, 404);
    assert.match(none.str('error/message'), /positive weight/);
    const named = await ask({}, { 'azureml-model-deployment': 'blue' });
    assert.equal(named.status, 200);
    assert.deepEqual(named.at(), { colour: 'blue', weights: 'w1', model: 'azureml-models/m/1' });
    assert.equal(named.header('azureml-model-deployment'), 'blue');
    assert.equal((await ask({}, { 'azureml-model-deployment': 'absent' })).status, 404);
    assert.equal((await ask({}, {}, 'absent')).status, 404);
  });

  it('split requests by traffic', async () => {
    assert.equal((await deploy('green')).at('status'), 'Succeeded');
    await traffic({ blue: 80, green: 20 });
    const colours = [];
    for (let i = 0; i < 10; i++) colours.push((await ask({})).at('colour'));
    assert.equal(colours.filter((colour) => colour === 'green').length, 2);
  });

  it('refuse traffic that does not add up or goes to what is not ready', async () => {
    const cases: [Record<string, number>, RegExp][] = [
      [{ blue: 80, green: 30 }, /add up to 0 or 100, not 110/],
      [{ absent: 100 }, /'absent', which the endpoint does not have/],
      [{ blue: 100.5 }, /whole number/],
    ];
    for (const [weights, expected] of cases) {
      const reply = await setTraffic(weights);
      assert.equal(reply.status, 400);
      assert.match(reply.str('error/details/0/message'), expected);
    }
    assert.deepEqual((await ws.arm('GET', '/onlineEndpoints/ep-one')).at('properties/traffic'), {
      blue: 80,
      green: 20,
    });
  });

  it('refuse to delete a deployment that takes traffic, and delete one that takes none', async () => {
    await traffic({ blue: 100, green: 0 });
    const refused = await ws.arm('DELETE', '/onlineEndpoints/ep-one/deployments/blue');
    assert.equal(refused.status, 400);
    assert.match(refused.str('error/details/0/message'), /takes 100 % .* traffic/);
    const deleted = await ws.arm('DELETE', '/onlineEndpoints/ep-one/deployments/green');
    assert.equal(deleted.status, 202);
    assert.equal((await ws.waitForOperation(deleted.header('location'))).status, 200);
    assert.equal((await ws.arm('GET', '/onlineEndpoints/ep-one/deployments/green')).status, 404);
    assert.equal((await ws.arm('DELETE', '/onlineEndpoints/ep-one/deployments/green')).status, 204);
  });

  it('fail a deployment whose script does not start, and show its log', async () => {
    const failed = await deploy('broken', { environmentVariables: { BREAK: '1' } });
    assert.equal(failed.at('status'), 'Failed');
    assert.equal(failed.at('error/code'), 'ResourceNotReady');
    assert.equal(
      (await ws.arm('GET', '/onlineEndpoints/ep-one/deployments/broken')).at('properties/provisioningState'),
      'Failed',
    );
    const logs = (await ws.arm('POST', '/onlineEndpoints/ep-one/deployments/broken/getLogs', {})).str('content');
    assert.match(
      logs,
      /^Instance status:\nSystemSetup: Succeeded\nUserContainerImagePull: Succeeded\nModelDownload: Succeeded\nUserContainerStart: Failed\n\nContainer events:\nKind: Pod, Name: Downloading, /,
    );
    assert.match(logs, /\n\nContainer logs:\n[^]*RuntimeError: no good model/);
    const short = (await ws.arm('POST', '/onlineEndpoints/ep-one/deployments/broken/getLogs', { tail: 3 })).str(
      'content',
    );
    assert.ok(short.split('Container logs:\n')[1]!.trimEnd().split('\n').length <= 3);
    assert.equal((await setTraffic({ broken: 100 })).status, 400);
    await ws.waitForOperation(
      (await ws.arm('DELETE', '/onlineEndpoints/ep-one/deployments/broken')).header('location'),
    );
  });

  it('tell errors of the model, time-outs and crashes by the codes of the service', async () => {
    await traffic({ blue: 100 });
    const failed = await ask({ fail: 1 });
    assert.equal(failed.status, 424);
    assert.equal(failed.header('ms-azureml-model-error-statuscode'), '500');
    const crashed = await ask({ crash: 1 });
    assert.equal(crashed.status, 502);
    assert.equal((await ask({})).status, 200, 'it serves again after the crash');
    const slow = await ask({ sleep: 2.5 });
    assert.equal(slow.status, 408);
    // The server's one worker may be replaced for having been that slow; what follows begins with one that answers.
    const patience = Date.now() + 20_000;
    for (let calm = 0; calm < 5 && Date.now() < patience;) {
      calm = (await ask({})).status === 200 ? calm + 1 : 0;
      await pause(300);
    }
  });

  it('update a deployment in place without an interruption', async () => {
    const reply = await put('blue', { environmentVariables: { COLOUR: 'navy' } });
    assert.equal(reply.at('properties/provisioningState'), 'Updating');
    assert.equal((await put('blue')).status, 409, 'one operation at a time');
    assert.equal((await ask({})).at('colour'), 'blue');
    await ws.waitForOperation(reply.header('azure-asyncoperation'));
    assert.equal((await ask({})).at('colour'), 'navy');
    const patched = await ws.arm('PATCH', '/onlineEndpoints/ep-one/deployments/blue', { tags: { a: 'b' } });
    assert.equal(patched.status, 202);
    assert.equal(patched.text, 'null');
    assert.equal((await ws.waitForOperation(patched.header('location'))).at('status'), 'Succeeded');
    assert.deepEqual((await ws.arm('GET', '/onlineEndpoints/ep-one/deployments/blue')).at('tags'), { a: 'b' });
  });

  it('let in only who has a key, and forget a key that was regenerated', async () => {
    assert.equal((await ask({}, { authorization: '' })).status, 401);
    assert.equal((await ask({}, { authorization: 'Bearer wrong' })).status, 401);
    assert.equal((await ask({}, { authorization: `Bearer ${ws.token}` })).status, 401);
    const old = key;
    assert.equal((await ws.arm('POST', '/onlineEndpoints/ep-one/regenerateKeys', { keyType: 'Primary' })).status, 202);
    assert.equal((await ask({})).status, 401);
    key = (await ws.arm('POST', '/onlineEndpoints/ep-one/listKeys')).str('primaryKey');
    assert.notEqual(key, old);
    assert.equal((await ask({})).status, 200);
  });

  it('check tokens by audience and by the endpoint they were made for', async () => {
    const endpoints = { 'ep-token': 'AMLToken', 'ep-entra': 'AADToken' };
    for (const [name, authMode] of Object.entries(endpoints)) {
      const reply = await ws.arm('PUT', `/onlineEndpoints/${name}`, {
        location: 'westeurope',
        properties: { authMode },
      });
      await ws.waitForOperation(reply.header('azure-asyncoperation'));
    }
    const status = async (endpoint: string, token: string) =>
      (await ask({}, { authorization: `Bearer ${token}` }, endpoint)).status;
    const token = (await ws.arm('POST', '/onlineEndpoints/ep-token/token')).str('accessToken');
    // 404 says that the caller was let in: there is no deployment yet.
    assert.equal(await status('ep-token', token), 404);
    assert.equal(await status('ep-token', ws.mlToken), 401);
    assert.equal(await status('ep-entra', ws.mlToken), 404);
    assert.equal(await status('ep-entra', ws.token), 401);
    assert.equal(await status('ep-entra', token), 401);
    assert.deepEqual((await ws.arm('POST', '/onlineEndpoints/ep-entra/listKeys')).at(), {
      primaryKey: null,
      secondaryKey: null,
    });
    assert.equal((await ws.arm('POST', '/onlineEndpoints/ep-entra/token')).status, 400);
    const names = (await ws.arm('GET', '/onlineEndpoints')).list('value').map((one) => valueAt(one, 'name'));
    assert.deepEqual(names, ['ep-entra', 'ep-one', 'ep-token']);
  });

  it('serve an MLflow model that brings neither environment nor code', async function () {
    this.timeout(180_000);
    const modelUri = await ws.data('models/flow', {
      MLmodel:
        'flavors:\n  python_function:\n    loader_module: adder\n    code: code\n    env: {}\nmlflow_version: 2.22.0\n',
      'requirements.txt': 'mlflow-skinny<3\npandas\n',
      'code/adder.py':
        'class Adder:\n    def predict(self, data):\n        return data.sum(axis=1)\n\ndef _load_pyfunc(path):\n    return Adder()\n',
    });
    const model = await ws.arm('PUT', '/models/flow/versions/3', {
      properties: { modelType: 'mlflow_model', modelUri },
    });
    assert.equal(model.status, 201, model.text);
    const none = { model: `${ws.path}/models/flow/versions/3`, environmentId: undefined, codeConfiguration: undefined };
    const deployed = await deploy('flow', none);
    const logs = await ws.arm('POST', '/onlineEndpoints/ep-one/deployments/flow/getLogs', {});
    assert.equal(deployed.at('status'), 'Succeeded', logs.text);
    const header = { 'azureml-model-deployment': 'flow' };
    const answer = await ask(
      {
        input_data: {
          columns: ['a', 'b'],
          index: [0, 1],
          data: [
            [1, 2],
            [3, 4],
          ],
        },
      },
      header,
    );
    assert.deepEqual(answer.at(), [3, 7]);
    assert.equal((await ask({ other: 1 }, header)).status, 424);
  });

  it('refuse what they do not serve, by name', async () => {
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ endpointComputeType: 'Kubernetes' }, /endpointComputeType 'Kubernetes'/],
      [{ model: `${ws.path}/models/absent/versions/1` }, /no model absent\/versions\/1/],
      [{ environmentId: null }, /needs an environment and a code configuration/],
      [{ scaleSettings: { scaleType: 'TargetUtilization' } }, /scale type Default only/],
    ];
    for (const [properties, expected] of cases) {
      const reply = await put('refused', properties);
      assert.equal(reply.status, 400);
      assert.match(reply.str('error/details/0/message'), expected);
    }
    const orphan = await ws.arm('PUT', '/onlineEndpoints/absent/deployments/blue', {
      location: 'westeurope',
      properties: { endpointComputeType: 'Managed' },
    });
    assert.equal(orphan.status, 404);
    assert.equal(orphan.at('error/code'), 'ParentResourceNotFound');
    assert.equal(
      (await ws.arm('PUT', '/onlineEndpoints/1bad', { location: 'westeurope', properties: { authMode: 'Key' } }))
        .status,
      400,
    );
  });

  it('serve again what was deployed after a restart, with the same key', async () => {
    ws = await ws.restart();
    const reply = await ask({});
    assert.equal(reply.status, 200, reply.text);
    assert.equal(reply.at('colour'), 'navy');
  });

  it('are deleted with all they hold', async () => {
    const deleted = await ws.arm('DELETE', '/onlineEndpoints/ep-one');
    assert.equal(deleted.status, 202);
    assert.equal((await ws.waitForOperation(deleted.header('location'))).status, 200);
    assert.equal((await ws.arm('GET', '/onlineEndpoints/ep-one')).status, 404);
    assert.equal((await ask({})).status, 404);
    assert.deepEqual(ws.core.store.keys('serving-process/'), []);
  });

  it('are asked for and answered as the official documents say', async function () {
    if (!ws.judged) return this.skip(); // the official documents are not part of the repository
    assert.deepEqual([...new Set(await ws.problems())], []);
  });
});
