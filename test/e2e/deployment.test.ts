import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
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

const doubled = JSON.stringify([{ expected: { predictions: [2, 4, 6] } }, { expected: { predictions: [20] } }]);

describe('images on the local Azure', function () {
  this.timeout(240_000);
  let standIns: StandIns;
  let project = '';
  let image = '';
  /** Failures take a minute of patience: they are under way while the other tests run. */
  const failing: Record<string, Promise<StepResult>> = {};

  before(async () => {
    standIns = await startStandIns();
    project = scorerProject(standIns, 'project');
    await registerScorer(standIns, 2);
    const { faults } = standIns.azure;
    faults.add({ path: /\/runs\/ch1/, respond: { status: 429, headers: { 'Retry-After': '1' }, body: {} } });
    faults.add({ path: /\/runs\/ch1/, after: 1, respond: { status: 502, body: {} } });
    image = output(succeeded(await build({}, { node: node24(), runId: 900 })), 'image');
    const sourcesDirectory = scorerProject(standIns, 'broken', 'raise RuntimeError("the weights are rusty")');
    const broken = output(succeeded(await build({}, { sourcesDirectory })), 'image');
    failing['aks'] = toCluster({ name: 'failing', namespace: 'trials', image: broken, timeoutMinutes: '1' });
    failing['containerInstance'] = toContainer({ name: 'failing', image: broken, timeoutMinutes: '1' });
  });
  after(() => standIns.stop());
  afterEach(() => standIns.azure.faults.clear());

  const run = (task: string, inputs: Record<string, string>, options: RunOptions = {}): Promise<StepResult> =>
    standIns.run(task, inputs, { sourcesDirectory: project, ...options });

  function build(inputs: Record<string, string> = {}, options: RunOptions = {}): Promise<StepResult> {
    const standard = {
      modelName,
      modelVersion: '1',
      codeDirectory: 'serving',
      scoringScript: 'score.py',
      condaFile: 'serving.yml',
    };
    return run('PackageModel', { ...standard, registry: standIns.azure.registry, ...inputs }, options);
  }

  const toContainer = (inputs: Record<string, string> = {}, options: RunOptions = {}): Promise<StepResult> =>
    run(
      'DeployModel',
      { target: 'containerInstance', name: 'staging', image, cpu: '1', memoryGb: '1', ...inputs },
      options,
    );

  const toCluster = (inputs: Record<string, string> = {}, options: RunOptions = {}): Promise<StepResult> =>
    run(
      'DeployModel',
      { target: 'aks', cluster: 'aks-mlops', name: 'scorer', namespace: 'models', image, ...inputs },
      options,
    );

  const smoke = (
    scoringUri: string,
    inputs: Record<string, string> = {},
    options: RunOptions = {},
  ): Promise<StepResult> =>
    run('SmokeTest', { scoringUri, requests: 'requests.jsonl', ...withoutAzure, ...inputs }, options);

  const group = (): string =>
    `/subscriptions/${standIns.azure.subscriptionId}/resourceGroups/${standIns.azure.resourceGroup}`;

  describe('PackageModel', () => {
    it('builds an image, named by its digest', () => {
      assert.match(image, /^localhost:\d+\/scorer@sha256:[0-9a-f]{64}$/);
      for (const status of [429, 502]) assert.ok(standIns.sawRequest(/\/runs\/ch1/, status));
    });

    it('uses the image again when the stage runs again, and in another run', async () => {
      for (const runId of [900, 901]) {
        const step = succeeded(await build({}, { runId }));
        assert.equal(step.outputs['image'], image);
        assert.match(step.lines.join('\n'), /there already.*it is used again/);
        assert.equal('buildRun' in evidenceOf(step, 'mlops.package.v1'), false);
      }
    });

    it('names what is not there', async () => {
      assertFailed(await build({ scoringScript: 'scores.py' }), /scoringScript".*scores\.py does not exist/);
      assertFailed(await build({ scoringScript: '../score.py' }), /scoringScript" is "\.\.\/score\.py".*not below/);
      assertFailed(await build({ condaFile: 'nowhere.yml' }), /condaFile".*nowhere\.yml does not exist/);
      assertFailed(await build({ modelVersion: '7' }), /Model scorer has no version 7[\s\S]*Versions there: 1/);
      assertFailed(await build({ modelName: 'unknown' }), /Model unknown has no version 1/);
      assertFailed(await build({ modelVersion: 'latest' }), /"latest"[\s\S]*never latest/);
      assertFailed(await build({ registry: 'crnowhere' }), /crnowhere/);
    });

    it('shows the log of a build that fails', async () => {
      const conda = path.join(project, 'impossible.yml');
      const lines = ['dependencies:', '  - python=3.11', '  - pip:', '      - azureml-inference-server-http==0.0.0.1'];
      writeFileSync(conda, `${lines.join('\n')}\n`);
      const step = await build({ condaFile: conda });
      assertFailed(
        step,
        /Build ch\d+ in registry crmlops ended as Failed[\s\S]*azureml-inference-server-http==0\.0\.0\.1[\s\S]*conda file/,
      );
    });
  });

  describe('DeployModel to a container instance', () => {
    let scoringUri = '';

    it('runs the image and answers, on Node 24', async () => {
      const poll = { method: 'GET', path: /Microsoft\.ContainerInstance\/locations\/.*\/operations\// };
      standIns.azure.faults.add({ ...poll, respond: { status: 429, body: {} } });
      standIns.azure.faults.add({ ...poll, dropConnection: true });
      const step = succeeded(await toContainer({}, { node: node24() }));
      assert.ok(standIns.sawRequest(/ContainerInstance\/locations/, 429));
      scoringUri = output(step, 'scoringUri');
      assert.match(scoringUri, /^http:\/\/127\.\d+\.\d+\.\d+:5001\/score$/);
      const tested = succeeded(await smoke(scoringUri, { expect: doubled }));
      assert.equal(evidenceOf(tested, 'mlops.smoke.v1')['authentication'], 'none');
    });

    it('creates nothing twice when the stage runs again', async () => {
      const step = succeeded(await toContainer({ modelName, modelVersion: '1' }, { runId: 950 }));
      assert.equal(step.outputs['scoringUri'], scoringUri);
      assert.match(step.lines.join('\n'), /runs this image already/);
      assert.deepEqual(evidenceOf(step, 'mlops.deployment.v1')['model'], { name: modelName, version: '1' });
      assert.match(standIns.runs.properties.get('950/mlops.v1.deployment') ?? '', /"target":"containerInstance"/);
      assert.deepEqual(standIns.runs.leases.get('950'), [`mlops:${modelName}:1`]);
    });

    it('refuses what cannot be deployed there', async () => {
      assertFailed(await toContainer({ modelName }), /"modelVersion" is missing/);
      assertFailed(await toContainer({ image: image.replace(/@.*/, ':1') }), /image" is[\s\S]*by digest/);
      assertFailed(await toContainer({ cpu: '2' }), /exists and cannot be changed in cpu/);
      const absent = image.replace(/[0-9a-f]{64}$/, 'a'.repeat(64));
      assertFailed(await toContainer({ name: 'absent', image: absent }), /InaccessibleImage[\s\S]*was not created/);
    });

    it("shows events and the container's own log when it does not come up", async () => {
      const step = await failing['containerInstance'];
      assert.ok(step);
      assertFailed(step, /Container group failing is left as it is/);
      assert.match(
        step.lines.join('\n'),
        /Events of container group failing[\s\S]*RuntimeError: the weights are rusty/,
      );
    });
  });

  describe('DeployModel to a Kubernetes cluster', () => {
    const kubernetes = async (at: string): Promise<Kubernetes> => {
      const cluster = `${group()}/providers/Microsoft.ContainerService/managedClusters/aks-mlops`;
      const answer = (await standIns.arm(`${cluster}/listClusterUserCredential`, 'POST')) as {
        kubeconfigs: { value: string }[];
      };
      const config = parse(Buffer.from(answer.kubeconfigs[0]?.value ?? '', 'base64').toString()) as {
        users: { user: { token: string } }[];
      };
      const token = config.users[0]?.user.token ?? '';
      return (await standIns.get(`/kubernetes/aks-mlops${at}`, `Bearer ${token}`)) as Kubernetes;
    };

    it('creates namespace, deployment and service, whose address answers, on Node 24', async () => {
      standIns.azure.faults.add({ path: /\/deployments\/scorer/, respond: { status: 503, body: {} } });
      standIns.azure.faults.add({ path: /\/deployments\/scorer/, after: 2, dropConnection: true });
      const step = succeeded(await toCluster({ instanceCount: '1' }, { node: node24() }));
      assert.match(step.lines.join('\n'), /Creating namespace models/);
      succeeded(await smoke(output(step, 'scoringUri'), { expect: doubled }));
      assert.ok(standIns.sawRequest(/\/deployments\/scorer/, 503));
      const deployment = await kubernetes('/apis/apps/v1/namespaces/models/deployments/scorer');
      assert.equal(deployment.spec.template?.spec.containers[0]?.image, image);
    });

    it('changes nothing when the stage runs again', async () => {
      const before = await kubernetes('/apis/apps/v1/namespaces/models/deployments/scorer');
      const pods = await kubernetes('/api/v1/namespaces/models/pods?labelSelector=app.kubernetes.io/name%3Dscorer');
      succeeded(await toCluster({ instanceCount: '1' }, { runId: 910 }));
      const again = succeeded(await toCluster({ instanceCount: '1' }, { runId: 910 }));
      assert.equal(evidenceOf(again, 'mlops.deployment.v1')['name'], 'scorer');
      const after = await kubernetes('/apis/apps/v1/namespaces/models/deployments/scorer');
      assert.equal(after.metadata.generation, before.metadata.generation);
      const same = await kubernetes('/api/v1/namespaces/models/pods?labelSelector=app.kubernetes.io/name%3Dscorer');
      assert.deepEqual(names(same), names(pods));
    });

    it('asks for an internal address where told to', async () => {
      const step = succeeded(
        await toCluster({ name: 'inside', internalLoadBalancer: 'true', subnet: 'models-subnet' }),
      );
      const service = await kubernetes('/api/v1/namespaces/models/services/inside');
      assert.equal(service.metadata.annotations?.['service.beta.kubernetes.io/azure-load-balancer-internal'], 'true');
      const subnet = 'service.beta.kubernetes.io/azure-load-balancer-internal-subnet';
      assert.equal(service.metadata.annotations[subnet], 'models-subnet');
      succeeded(await smoke(output(step, 'scoringUri'), { expect: doubled }));
    });

    it('names a cluster that is not there', async () => {
      assertFailed(await toCluster({ cluster: 'aks-nowhere' }), /aks-nowhere/);
      assertFailed(await toCluster({ subnet: 'models-subnet' }), /subnet" is given without internalLoadBalancer/);
    });

    it("shows the pod's own log when a rollout fails", async () => {
      const step = await failing['aks'];
      assert.ok(step);
      assertFailed(
        step,
        /rollout of failing failed: ProgressDeadlineExceeded[\s\S]*failing in namespace trials is left as it is/,
      );
      assert.match(step.lines.join('\n'), /Pod failing-[\s\S]*RuntimeError: the weights are rusty/);
    });
  });

  describe('SmokeTest of an address', () => {
    it("waits for a service that comes up, and sends neither Azure's token nor cookies to it", async () => {
      const seen: IncomingHttpHeaders[] = [];
      await withServer(seen, 2, async (uri) => {
        const azure = { azureSubscription: standIns.azure.serviceConnection('ManagedServiceIdentity').name };
        const step = succeeded(await smoke(uri, { ...azure, expect: doubled }, { node: node24() }));
        assert.match(step.lines.join('\n'), /The service is not ready \(status 503/);
      });
      assert.equal(seen.length, 4);
      for (const headers of seen) {
        assert.equal(headers.authorization, undefined);
        assert.equal(headers.cookie, undefined);
        assert.doesNotMatch(JSON.stringify(headers), /eyJ/);
      }
    });

    it('sends the key of the input, and that alone', async () => {
      const seen: IncomingHttpHeaders[] = [];
      await withServer(seen, 0, async (uri) => {
        const step = succeeded(await smoke(uri, { key: 'a-key-that-nobody-knows', expect: doubled }));
        assert.doesNotMatch(step.lines.join('\n'), /a-key-that-nobody-knows/);
      });
      assert.deepEqual(
        [...new Set(seen.map(({ authorization }) => authorization))],
        ['Bearer a-key-that-nobody-knows'],
      );
    });

    it('gives up on a service that never comes up', async () => {
      const step = await smoke('http://127.0.0.1:9/score', { startupTimeoutSeconds: '2' });
      assertFailed(step, /0 of 2 requests.*did not come up within 2 s/);
      assert.deepEqual(
        step.tests[0]?.tests.map(({ outcome }) => outcome).sort(),
        ['Failed', 'Failed', 'NotExecuted'],
        shown(step),
      );
    });
  });
});

/** An address alone needs no Azure. */
const withoutAzure = { azureSubscription: '', resourceGroup: '', workspace: '' };

/** A service that is not ready for its first requests, and doubles from then on. */
async function withServer(
  seen: IncomingHttpHeaders[],
  notReady: number,
  test: (uri: string) => Promise<void>,
): Promise<void> {
  const server = createServer((request, response) => {
    seen.push(request.headers);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { data } = JSON.parse(Buffer.concat(chunks).toString()) as { data: number[] };
      response.statusCode = seen.length <= notReady ? 503 : 200;
      response.setHeader('set-cookie', 'session=1');
      response.end(JSON.stringify({ predictions: data.map((value) => 2 * value) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  try {
    await test(`http://127.0.0.1:${(server.address() as AddressInfo).port}/score`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

interface Kubernetes {
  metadata: { name: string; generation?: number; annotations?: Record<string, string> };
  spec: { template?: { spec: { containers: { image: string }[] } } };
  items?: Kubernetes[];
}

function names(list: Kubernetes): string[] {
  return (list.items ?? []).map(({ metadata }) => metadata.name).sort();
}
