import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CancelledError, type TaskError } from '../../../lib/agent/errors';
import type { Outcome } from '../../../lib/agent/agent';
import { deploy } from '../../../tasks/DeployModel/deploy';
import type { ManagedInputs } from '../../../tasks/DeployModel/inputs';
import { hasContracts } from '../../support/contracts';
import { FakeAgent } from '../../support/fake-agent';
import { armFault, FakeAssets, FakeAzure, workspaceId, type Answer } from '../../support/fake-azure';
import { swaggerObjections } from '../../support/oav';

const folder = mkdtempSync(path.join(tmpdir(), 'deploy-'));
mkdirSync(path.join(folder, 'serving'));
writeFileSync(path.join(folder, 'serving/score.py'), 'def init(): pass\n');
writeFileSync(
  path.join(folder, 'deployment.yml'),
  `endpoint_name: churn
code_configuration: {code: serving, scoring_script: score.py}
environment: {image: "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"}
instance_type: Standard_DS3_v2
`,
);
writeFileSync(path.join(folder, 'blue.yml'), 'name: blue\ninstance_type: Standard_DS3_v2\n');
writeFileSync(path.join(folder, 'endpoint.yml'), 'name: churn\nauth_mode: aad_token\ntraffic: {blue: 100}\n');

const inputs: ManagedInputs = {
  target: 'managedEndpoint',
  timeoutMinutes: 5,
  approvalPolicy: 'bound',
  subject: { kind: 'model', name: 'churn', version: '7' },
  endpointName: 'churn',
  deploymentFile: path.join(folder, 'deployment.yml'),
  endpointFile: path.join(folder, 'endpoint.yml'),
  instanceCount: undefined,
  traffic: 100,
  onFailure: 'keep',
};

interface Resource {
  location: string;
  tags: Record<string, string>;
  properties: { traffic?: Record<string, number>; provisioningState?: string; [key: string]: unknown };
}

/** A workspace's endpoint with its deployments, as the service keeps them. */
class EndpointWorld {
  readonly agent: FakeAgent;
  readonly fake: FakeAzure;
  endpoint: Resource | undefined;
  deployments = new Map<string, Resource>();
  /** How the next creation of a deployment ends. */
  ending: 'Succeeded' | 'Failed' | 'never' = 'Succeeded';
  /** Every state the traffic was in, with the deployments that were healthy then. */
  history: { traffic: Record<string, number>; healthy: string[] }[] = [];
  deleted: string[] = [];

  constructor(runId = '481') {
    this.agent = new FakeAgent({ variables: { 'Build.BuildId': runId, 'Build.SourceVersion': 'abc' } });
    this.fake = new FakeAzure(this.agent);
    new FakeAssets(this.fake);
    const endpoint = '{ws}/onlineEndpoints/churn';
    this.fake
      .on('GET', '{ws}/models/churn/versions', () => ({ body: { value: [{ name: '7', properties: {} }] } }))
      .on('GET', '{ws}/models/churn/versions/(.*)', ({ path: id }, [, version]) =>
        version === '7' ? { body: { id, name: '7', properties: {} } } : armFault(404, 'ModelNotFound', 'none'),
      )
      .on('GET', endpoint, () => (this.endpoint ? { body: this.endpoint } : armFault(404, 'NotFound', 'no endpoint')))
      .on('PUT', endpoint, ({ body }) => {
        const sent = structuredClone(body) as Resource;
        const scoringUri = 'https://churn.westeurope.inference.ml.azure.com/score';
        const authMode = sent.properties['authMode'];
        this.endpoint = { ...sent, properties: { ...sent.properties, authMode, scoringUri, provisioningState: 'Succeeded' } };
        this.history.push({
          traffic: sent.properties.traffic ?? {},
          healthy: [...this.deployments].filter(([, one]) => one.properties.provisioningState === 'Succeeded').map(([name]) => name),
        });
        return { status: 201, headers: { 'azure-asyncoperation': 'https://management.azure.com/operation/Succeeded' }, body: this.endpoint };
      })
      .on('GET', `${endpoint}/deployments/([^/]+)`, (_seen, [, name = '']) => {
        const found = this.deployments.get(name);
        return found ? { headers: { 'retry-after-ms': '1' }, body: { name, ...found } } : armFault(404, 'NotFound', 'no deployment');
      })
      .on('PUT', `${endpoint}/deployments/([^/]+)`, ({ body }, [, name = '']): Answer => {
        const sent = structuredClone(body) as Resource;
        sent.properties.provisioningState = this.ending === 'never' ? 'Creating' : this.ending;
        this.deployments.set(name, sent);
        return { status: 201, headers: { 'azure-asyncoperation': `https://management.azure.com/operation/${this.ending}` }, body: sent };
      })
      .on('DELETE', `${endpoint}/deployments/([^/]+)`, (_seen, [, name = '']) => {
        this.deleted.push(name);
        this.deployments.delete(name);
        return { status: 202, headers: { location: 'https://management.azure.com/operation/Succeeded' } };
      })
      .on('POST', `${endpoint}/deployments/[^/]+/getLogs`, ({ body }) => {
        const { containerType } = body as { containerType: string };
        return { body: { content: containerType === 'InferenceServer' ? "ModuleNotFoundError: No module named 'sklearn'\n##vso[task.complete result=Succeeded]\n" : '' } };
      })
      .on('GET', '/operation/(.*)', (_seen, [, status]): Answer =>
        status === 'Failed'
          ? { body: { status, error: { code: 'ResourceNotReady', message: 'User container has crashed or terminated.', details: [] } } }
          : { headers: { 'retry-after-ms': '1' }, body: { status: status === 'never' ? 'Creating' : status } },
      );
  }

  /** An endpoint whose deployment `old` serves. */
  serving(name = 'old', tags: Record<string, string> = {}): this {
    const properties = { authMode: 'Key', scoringUri: 'https://churn/score', provisioningState: 'Succeeded' };
    this.endpoint = { location: 'westeurope', tags: {}, properties: { ...properties, traffic: { [name]: 100 } } };
    this.deployments.set(name, { location: 'westeurope', tags, properties: { provisioningState: 'Succeeded' } });
    return this;
  }

  deploy(more: Partial<ManagedInputs> = {}): Promise<Outcome> {
    const tokens = { get: () => Promise.reject(new Error('no token is needed')) };
    return deploy({ ...inputs, ...more }, { agent: this.agent, azure: this.fake.azure, tokens });
  }

  get traffic(): Record<string, number> {
    return this.endpoint?.properties.traffic ?? {};
  }

  /** Names of deployments that were created, in order. */
  get created(): string[] {
    return this.fake.calls('PUT', '{ws}/onlineEndpoints/churn/deployments/[^/]+').map((seen) => seen.path.split('/').at(-1)!);
  }
} // prettier-ignore

describe('DeployModel to a managed endpoint', () => {
  it('creates the endpoint without traffic, then the deployment, then gives it the traffic', async () => {
    const world = new EndpointWorld();
    const outcome = await world.deploy();
    const [name] = world.created as [string];
    assert.match(name, /^v7-[0-9a-f]{8}$/);
    assert.equal(outcome.result, 'succeeded');
    assert.deepEqual(world.history, [
      { traffic: {}, healthy: [] },
      { traffic: { [name]: 100 }, healthy: [name] },
    ]);
    assert.deepEqual(world.agent.outputs, {
      scoringUri: 'https://churn.westeurope.inference.ml.azure.com/score',
      deploymentName: name,
      previousDeployment: '',
    });
    const { tags, properties } = world.deployments.get(name)!;
    assert.equal(tags['mlops.run'], '481');
    assert.equal(tags['mlops.model'], 'churn');
    assert.equal(tags['mlops.modelVersion'], '7');
    assert.equal(properties['model'], `${workspaceId}/models/churn/versions/7`);
    assert.equal(world.endpoint?.properties['authMode'], 'AADToken');
  });

  it('lets the old deployment serve until the new one is healthy, and keeps it', async () => {
    const world = new EndpointWorld().serving();
    await world.deploy();
    const [name] = world.created as [string];
    assert.deepEqual(world.history, [{ traffic: { old: 0, [name]: 100 }, healthy: ['old', name] }]);
    assert.equal(world.agent.outputs['previousDeployment'], 'old');
    assert.deepEqual(world.deleted, []);
    const evidence = JSON.parse(world.agent.attachments[0]!.content) as Record<string, unknown>;
    assert.equal(world.agent.attachments[0]!.type, 'mlops.deployment.v1');
    assert.deepEqual([evidence['trafficBefore'], evidence['traffic']], [{ old: 100 }, { old: 0, [name]: 100 }]);
    assert.match(world.agent.summaries[0]!.markdown, /Previous deployment/);
  });

  it('leaves the traffic alone at 0, and raises it in a later step without a second deployment', async () => {
    const world = new EndpointWorld().serving();
    await world.deploy({ traffic: 0 });
    assert.deepEqual(world.traffic, { old: 100 });
    assert.equal(world.agent.outputs['previousDeployment'], 'old');
    const beside = world.agent.outputs['deploymentName'];
    await world.deploy({ traffic: 10 });
    await world.deploy({ traffic: 100 });
    assert.equal(world.created.length, 1);
    assert.equal(world.agent.outputs['deploymentName'], beside);
    assert.deepEqual(world.traffic, { old: 0, [beside!]: 100 });
    // A step that runs again takes nothing from production, and still knows what served before.
    await world.deploy({ traffic: 0 });
    assert.deepEqual(world.traffic, { old: 0, [beside!]: 100 });
    assert.equal(world.agent.outputs['previousDeployment'], 'old');
  });

  it('follows a deployment that an earlier attempt has begun', async () => {
    const world = new EndpointWorld().serving();
    world.ending = 'never';
    const first = world.deploy();
    while (world.created.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    world.agent.cancellation.abort();
    await assert.rejects(first, (error: unknown) => {
      assert.ok(error instanceof CancelledError);
      assert.match(error.message, /Deployment v7-[0-9a-f]{8} of endpoint churn may be on its way; it takes no traffic/);
      return true;
    });
    const again = new EndpointWorld();
    again.endpoint = world.endpoint;
    again.deployments = world.deployments;
    const second = again.deploy();
    setTimeout(() => {
      for (const one of world.deployments.values()) one.properties.provisioningState = 'Succeeded';
    }, 50);
    await second;
    assert.deepEqual(again.created, []);
    assert.match(again.agent.log, /created by an earlier attempt/);
  });

  it('shows both logs and the advice when the deployment fails, and leaves production as it is', async () => {
    const world = new EndpointWorld().serving();
    world.ending = 'Failed';
    await assert.rejects(world.deploy(), (error: TaskError) => {
      assert.match(error.message, /ResourceNotReady/);
      assert.match(error.message, /Production's traffic was not touched: old 100 %\./);
      assert.match(error.message, /Deployment v7-[0-9a-f]{8} of endpoint churn is left as it is \(Failed\)/);
      assert.match(error.advice ?? '', /imports something that the environment lacks/);
      return true;
    });
    assert.match(world.agent.log, /Log of InferenceServer/);
    assert.match(world.agent.log, /No module named 'sklearn'/);
    assert.match(world.agent.log, /empty: the container never started/);
    assert.deepEqual(world.history, []);
    assert.deepEqual(world.agent.outputs, {});
    assert.deepEqual(world.deleted, []);
  });

  it('deletes the failed deployment where that is asked for and this run made it', async () => {
    const world = new EndpointWorld().serving();
    world.ending = 'Failed';
    await assert.rejects(world.deploy({ onFailure: 'delete' }), /Deployment v7-[0-9a-f]{8} was deleted/);
    assert.equal(world.deleted.length, 1);
  });

  it('never deletes what another run made', async () => {
    const world = new EndpointWorld().serving();
    world.ending = 'Failed';
    world.fake.on('GET', '{ws}/onlineEndpoints/churn/deployments/v7-[^/]+', () =>
      world.created.length === 0
        ? undefined
        : { body: { name: 'v7', tags: { 'mlops.run': '480' }, properties: { provisioningState: 'Failed' } } },
    );
    await assert.rejects(world.deploy({ onFailure: 'delete' }), /does not carry this run's mark and is not deleted/);
    assert.deepEqual(world.deleted, []);
  });

  it('refuses to change a deployment in place that serves', async () => {
    const world = new EndpointWorld().serving('blue');
    await assert.rejects(
      world.deploy({ deploymentFile: path.join(folder, 'blue.yml') }),
      /Deployment blue of endpoint churn takes 100 % of the traffic and differs/,
    );
    assert.deepEqual(world.created, []);
  });

  it('names the versions there are when the model version is not', async () => {
    const subject = { kind: 'model', name: 'churn', version: '9' } as const;
    await assert.rejects(new EndpointWorld().serving().deploy({ subject }), (error: TaskError) => {
      assert.match(error.message, /Model churn has no version 9/);
      assert.equal(error.advice, 'Versions there: 7.');
      return true;
    });
  });

  it('deploys an image with the routes of the inference server', async () => {
    const world = new EndpointWorld().serving();
    const image = `crmlops.azurecr.io/churn@sha256:${'a'.repeat(64)}`;
    await world.deploy({ subject: { kind: 'image', image }, deploymentFile: undefined });
    assert.match(world.created[0]!, /^image-[0-9a-f]{8}$/);
    const [environment] = world.fake.calls('PUT', '{ws}/environments/.*');
    const { properties } = environment!.body as Resource;
    assert.equal(properties['image'], image);
    assert.deepEqual(properties['inferenceConfig'], {
      livenessRoute: { path: '/', port: 5001 },
      readinessRoute: { path: '/', port: 5001 },
      scoringRoute: { path: '/score', port: 5001 },
    });
  });

  it('brings a model of the repository along, and the data assets that its requests go to', async () => {
    writeFileSync(path.join(folder, 'model.pkl'), 'x');
    const deploymentFile = path.join(folder, 'local.yml');
    writeFileSync(
      deploymentFile,
      `instance_type: Standard_DS3_v2
model: {path: model.pkl}
environment: {name: serving, image: i}
data_collector: {collections: {model_inputs: {enabled: 'true'}}}
`,
    );
    const world = new EndpointWorld().serving();
    await world.deploy({ subject: undefined, deploymentFile });
    const [model] = world.fake.calls('PUT', '{ws}/models/.*');
    assert.match(model!.path, /\/models\/[0-9a-f]{64}\/versions\/1$/);
    const name = world.created[0]!;
    const { properties } = world.deployments.get(name)!;
    assert.equal(properties['model'], model!.path);
    const dataId = `${workspaceId}/data/churn-${name}-model_inputs/versions/1`;
    assert.deepEqual(
      world.fake.calls('PUT', '{ws}/data/.*').map((seen) => seen.path),
      [dataId],
    );
    const collections = { model_inputs: { dataCollectionMode: 'Enabled', dataId } };
    assert.deepEqual(properties['dataCollector'], { collections });
    const environment = String(properties['environmentId']);
    assert.match(environment, /\/environments\/CliV2AnonymousEnvironment\/versions\/[0-9a-f]{64}$/);
    // The content is the same, so the second run makes nothing new.
    await world.deploy({ subject: undefined, deploymentFile });
    assert.equal(world.created.length, 1);
  });

  it('says where the endpoint is, and which image serves where the file names one and nothing beside it', async () => {
    const image = `crmlops.azurecr.io/churn@sha256:${'a'.repeat(64)}`;
    const deploymentFile = path.join(folder, 'image.yml');
    const recorded = async (...lines: string[]) => {
      writeFileSync(deploymentFile, ['instance_type: Standard_DS3_v2', ...lines, ''].join('\n'));
      const world = new EndpointWorld().serving();
      await world.deploy({ subject: undefined, deploymentFile });
      const record = JSON.parse(world.agent.attachments[0]!.content) as Record<string, unknown>;
      assert.equal(record['place'], `${workspaceId}/onlineEndpoints/churn`);
      return record['image'];
    };
    assert.equal(await recorded(`environment: {image: "${image}"}`), image);
    const code = 'code_configuration: {code: serving, scoring_script: score.py}';
    assert.equal(await recorded(`environment: {image: "${image}"}`, code), undefined);
    assert.equal(await recorded('model: azureml:churn:7', `environment: {image: "${image}"}`), undefined);
  });

  it('refuses an image beside code and environment of a file', async () => {
    const subject = { kind: 'image', image: `a.azurecr.io/b@sha256:${'a'.repeat(64)}` } as const;
    await assert.rejects(
      new EndpointWorld().deploy({ subject }),
      /code_configuration, environment of the deployment file/,
    );
  });

  it('uploads nothing from outside the sources folder, though no .git says where it ends', async () => {
    const root = path.join(folder, 'sources');
    mkdirSync(root, { recursive: true });
    const deploymentFile = path.join(root, 'deployment.yml');
    writeFileSync(
      deploymentFile,
      'code_configuration: {code: ../serving, scoring_script: score.py}\ninstance_type: a\n',
    );
    const world = new EndpointWorld();
    const more = { deploymentFile, endpointFile: undefined };
    await assert.rejects(
      world.deploy({ ...more, root }),
      /deployment\.yml:1:\d+: .*serving is outside the project folder/,
    );
    assert.deepEqual(world.fake.seen, []);
  });

  it('gives all traffic to the first deployment, whatever share was asked for', async () => {
    const world = new EndpointWorld();
    await world.deploy({ traffic: 10 });
    assert.deepEqual(world.traffic, { [world.created[0]!]: 100 });
    assert.match(world.agent.log, /Nothing else serves/);
  });

  it('says what is left when an endpoint of its own cannot be created', async () => {
    const world = new EndpointWorld();
    world.fake.on('PUT', '{ws}/onlineEndpoints/churn', () =>
      armFault(400, 'BadRequest', 'There is already an endpoint with this name, Endpoint name needs to be unique within a region'),
    ); // prettier-ignore
    await assert.rejects(world.deploy(), /already an endpoint with this name/);
  });

  it('sends what the official swagger allows', async function () {
    if (!hasContracts('azure', 'specification')) return this.skip(); // needs ../shared/contracts
    const world = new EndpointWorld();
    await world.deploy();
    const again = new EndpointWorld().serving();
    await again.deploy({ traffic: 50 });
    const requests = [...world.fake.seen, ...again.fake.seen].filter(({ path: at }) => !at.startsWith('/operation'));
    assert.deepEqual(swaggerObjections(requests), []);
  });
});
