import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { StepResult } from '../../local/agent/run-task';
import { node24 } from '../support/node24';
import {
  assertFailed,
  evidenceOf,
  modelName,
  output,
  registerScorer,
  scorerProject,
  succeeded,
} from '../support/scorer';
import { shown, startStandIns, type RunOptions, type StandIns } from '../support/stand-ins';

interface Resource {
  name: string;
  properties: { provisioningState: string; traffic: Record<string, number> };
}

describe('DeployModel and SmokeTest on a managed endpoint', function () {
  this.timeout(240_000);
  let standIns: StandIns;
  let project = '';
  let endpoints = '';
  let blue = '';

  before(async () => {
    standIns = await startStandIns();
    const { subscriptionId, resourceGroup, workspace } = standIns.azure;
    endpoints = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${workspace}/onlineEndpoints`;
    project = scorerProject(standIns, 'project');
    await registerScorer(standIns, 2);
    await registerScorer(standIns, 3);
  });
  after(() => standIns.stop());
  afterEach(() => standIns.azure.faults.clear());

  const deploy = (inputs: Record<string, string> = {}, options: RunOptions = {}): Promise<StepResult> =>
    standIns.run(
      'DeployModel',
      {
        target: 'managedEndpoint',
        endpointName: 'production',
        deploymentFile: 'deployment.yml',
        modelName,
        modelVersion: '1',
        ...inputs,
      },
      { sourcesDirectory: project, ...options },
    );

  const smoke = (inputs: Record<string, string> = {}, options: RunOptions = {}): Promise<StepResult> =>
    standIns.run(
      'SmokeTest',
      { endpointName: 'production', requests: 'requests.jsonl', ...inputs },
      { sourcesDirectory: project, ...options },
    );

  const multipliedBy = (slope: number): string =>
    JSON.stringify([
      { expected: { predictions: [slope, 2 * slope, 3 * slope] } },
      { expected: { predictions: [10 * slope] } },
    ]);

  async function deployments(endpoint = 'production'): Promise<Record<string, string>> {
    const { value } = (await standIns.arm(`${endpoints}/${endpoint}/deployments`)) as { value: Resource[] };
    return Object.fromEntries(value.map(({ name, properties }) => [name, properties.provisioningState]));
  }

  async function traffic(endpoint = 'production'): Promise<Record<string, number>> {
    const found = (await standIns.arm(`${endpoints}/${endpoint}`)) as Resource;
    return Object.fromEntries(Object.entries(found.properties.traffic).filter(([, share]) => share > 0));
  }

  it('creates the endpoint and a deployment without traffic, then gives it all, on Node 24', async () => {
    const node = node24();
    const beside = succeeded(await deploy({ traffic: '0' }, { node, runId: 800 }));
    blue = output(beside, 'deploymentName');
    assert.match(blue, /^v1-[0-9a-f]{8}$/);
    assert.equal(beside.outputs['previousDeployment'], '');
    assert.equal(output(beside, 'scoringUri'), `${standIns.azure.url}/inference/production/score`);
    assert.deepEqual(await traffic(), {});
    assertFailed(await smoke(), /production sends traffic to no deployment[\s\S]*Give deploymentName/);
    succeeded(await smoke({ deploymentName: blue, expect: multipliedBy(2) }, { node }));

    const live = succeeded(await deploy({ traffic: '100' }, { node, runId: 800 }));
    assert.match(standIns.runs.properties.get('800/mlops.v1.deployment') ?? '', /"workspace":"[^"]+"/);
    assert.equal(live.outputs['deploymentName'], blue);
    assert.match(live.lines.join('\n'), /is there already, healthy and the same/);
    assert.deepEqual(await traffic(), { [blue]: 100 });
    assert.deepEqual(evidenceOf(live, 'mlops.deployment.v1')['traffic'], { [blue]: 100 });
    const tested = succeeded(await smoke({ expect: multipliedBy(2), maxLatencyMs: '20000' }, { node }));
    assert.equal(tested.outputs['verdict'], 'passed');
    assert.ok(Number(tested.outputs['p95LatencyMs']) > 0);
    assert.equal(tested.tests[0]?.tests.length, 2);
    assert.equal(evidenceOf(tested, 'mlops.smoke.v1')['authentication'], 'key');
  });

  it('changes nothing when the stage runs again', async () => {
    const again = succeeded(await deploy({}, { runId: 800, variables: { 'System.StageAttempt': '2' } }));
    assert.equal(again.outputs['deploymentName'], blue);
    assert.deepEqual(await deployments(), { [blue]: 'Succeeded' });
    assert.deepEqual(await traffic(), { [blue]: 100 });
  });

  it('puts a second version beside the first and moves the traffic', async () => {
    const beside = succeeded(await deploy({ modelVersion: '2', traffic: '0' }));
    const green = output(beside, 'deploymentName');
    assert.equal(beside.outputs['previousDeployment'], blue);
    assert.deepEqual(await traffic(), { [blue]: 100 });
    succeeded(await smoke({ deploymentName: green, expect: multipliedBy(3) }));
    succeeded(await smoke({ expect: multipliedBy(2) }));

    const canary = succeeded(await deploy({ modelVersion: '2', traffic: '10' }));
    assert.equal(canary.outputs['previousDeployment'], blue);
    assert.deepEqual(await traffic(), { [blue]: 90, [green]: 10 });
    const live = succeeded(await deploy({ modelVersion: '2', traffic: '100' }));
    assert.deepEqual([live.outputs['deploymentName'], live.outputs['previousDeployment']], [green, blue]);
    assert.deepEqual(await traffic(), { [green]: 100 });
    succeeded(await smoke({ expect: multipliedBy(3) }));
    assert.deepEqual(await deployments(), { [blue]: 'Succeeded', [green]: 'Succeeded' });

    const back = succeeded(await deploy({ modelVersion: '1' }));
    assert.deepEqual([back.outputs['deploymentName'], back.outputs['previousDeployment']], [blue, green]);
  });

  it("shows the container's own log when a deployment fails, and leaves production alone", async () => {
    const broken = scorerProject(standIns, 'broken', 'raise RuntimeError("the weights are rusty")');
    const step = await deploy({ modelVersion: '2' }, { sourcesDirectory: broken });
    assertFailed(
      step,
      /traffic was not touched: v1-\w+ 100 %[\s\S]*is left as it is \(Failed\), without traffic[\s\S]*init\(\)/,
    );
    assert.match(step.lines.join('\n'), /Log of InferenceServer[\s\S]*RuntimeError: the weights are rusty/);
    assert.deepEqual(await traffic(), { [blue]: 100 });
    succeeded(await smoke({ expect: multipliedBy(2) }));

    const count = Object.keys(await deployments()).length;
    const deleted = await deploy({ modelVersion: '1', onFailure: 'delete' }, { sourcesDirectory: broken });
    assertFailed(deleted, /Deployment v1-\w+ was deleted/);
    assert.equal(Object.keys(await deployments()).length, count);
  });

  it('outlasts throttling, errors and broken connections while it waits', async () => {
    const { faults } = standIns.azure;
    const poll = { method: 'GET', path: /mfeOperationsStatus/ };
    faults.add({ ...poll, respond: { status: 429, headers: { 'Retry-After': '1' }, body: {} } });
    faults.add({ ...poll, respond: { status: 429, body: {} } });
    faults.add({ ...poll, respond: { status: 503, body: {} } });
    faults.add({ ...poll, dropConnection: true });
    const step = succeeded(await deploy({ endpointName: 'stubborn', instanceCount: '2' }));
    for (const status of [429, 503]) assert.ok(standIns.sawRequest(/mfeOperationsStatus/, status));
    assert.deepEqual(await traffic('stubborn'), { [output(step, 'deploymentName')]: 100 });
  });

  it('ends within five seconds when it is cancelled, and names what is left', async () => {
    const slow = scorerProject(standIns, 'slow', 'time.sleep(120)');
    const cancel = new AbortController();
    let cancelled = 0;
    const step = await deploy(
      { endpointName: 'production', traffic: '0' },
      {
        sourcesDirectory: slow,
        signal: cancel.signal,
        onLine: (line) => {
          if (!line.startsWith('Waiting for deployment') || cancelled > 0) return;
          cancelled = Date.now();
          cancel.abort();
        },
      },
    );
    assert.ok(cancelled > 0, shown(step));
    assert.ok(Date.now() - cancelled < 5_000, `took ${Date.now() - cancelled} ms`);
    assert.equal(step.result, 'Canceled', shown(step));
    assert.match(
      step.issues.map(({ message }) => message).join('\n') + step.lines.join('\n'),
      /Deployment v1-\w+ of endpoint production may be on its way; it takes no traffic/,
    );
    assert.deepEqual(await traffic(), { [blue]: 100 });
  });

  it('refuses inputs that contradict each other, before anything is called', async () => {
    const digest = `crmlops.azurecr.io/scorer@sha256:${'a'.repeat(64)}`;
    for (const [inputs, message] of [
      [{ image: digest }, /image and modelName.*contradict/],
      [
        { image: 'crmlops.azurecr.io/scorer:1', modelName: '', modelVersion: '' },
        /image" is "crmlops.*:1"[\s\S]*by digest/,
      ],
      [
        { image: digest, modelName: '', modelVersion: '' },
        /image and code_configuration, environment of the deployment file contradict/,
      ],
      [{ modelVersion: 'latest' }, /"latest"[\s\S]*never latest/],
      [{ modelVersion: '' }, /"modelVersion" is missing[\s\S]*go together/],
      [{ cpu: '2', namespace: 'x' }, /cpu, namespace do not go with target managedEndpoint/],
      [{ traffic: '101' }, /traffic" is "101"/],
      [{ target: 'webService' }, /target" is "webService"[\s\S]*managedEndpoint, containerInstance or aks/],
      [{ deploymentFile: 'nowhere.yml' }, /nowhere\.yml is no file/],
      [{ modelVersion: '9' }, /has no version 9[\s\S]*Versions there: 2, 1/],
      [{ modelName: 'unknown' }, /Model unknown has no version 1[\s\S]*no version of this model/],
    ] as const) {
      assertFailed(await deploy(inputs), message);
    }
    writeFileSync(path.join(project, 'typo.yml'), 'instance_count: 1\ninstance_typ: Standard_DS3_v2\n');
    assertFailed(await deploy({ deploymentFile: 'typo.yml' }), /typo\.yml:2:1: .*instance_typ/);
  });

  for (const [mode, authentication] of [
    ['aml_token', 'amlToken'],
    ['aad_token', 'aadToken'],
  ] as const) {
    it(`tests an endpoint with ${mode}`, async () => {
      const endpointName = authentication.toLowerCase();
      writeFileSync(path.join(project, 'endpoint.yml'), `name: ${endpointName}\nauth_mode: ${mode}\n`);
      succeeded(await deploy({ endpointName, endpointFile: 'endpoint.yml' }));
      const step = succeeded(await smoke({ endpointName, expect: multipliedBy(2) }));
      assert.equal(evidenceOf(step, 'mlops.smoke.v1')['authentication'], authentication);
    });
  }

  it('finds answers of another shape, another value and too late', async () => {
    const schema = { type: 'object', required: ['scores'] };
    assertFailed(await smoke({ expect: JSON.stringify(schema) }), /0 of 2 requests.*required property 'scores'/);
    const near = JSON.stringify({ expected: { predictions: [10.4] }, tolerance: 0.5 });
    writeFileSync(path.join(project, 'one.jsonl'), '{"data": [5]}\n');
    succeeded(await smoke({ requests: 'one.jsonl', expect: near }));
    const far = JSON.stringify({ expected: { predictions: [10.6] }, tolerance: 0.5 });
    const step = await smoke({ requests: 'one.jsonl', expect: far });
    assertFailed(step, /predictions\[0\] is 10, expected 10\.6 ± 0\.5/);
    assert.deepEqual(
      step.tests[0]?.tests.map(({ outcome }) => outcome),
      ['Failed'],
    );
    assert.equal(step.outputs['verdict'], 'failed');
    assertFailed(await smoke({ maxLatencyMs: '1' }), /95th percentile of the latency is [\d.]+ ms, allowed are 1 ms/);
  });

  it('lists what is there when endpoint or deployment are not', async () => {
    assertFailed(await smoke({ endpointName: 'nowhere' }), /no online endpoint nowhere[\s\S]*production/);
    assertFailed(await smoke({ deploymentName: 'purple' }), new RegExp(`no deployment purple[\\s\\S]*${blue}`));
    assertFailed(await smoke({ scoringUri: 'https://localhost/score' }), /Both "scoringUri" and "endpointName"/);
    assertFailed(await smoke({ requests: 'nowhere.jsonl' }), /nowhere\.jsonl.*cannot be read/);
  });
});
