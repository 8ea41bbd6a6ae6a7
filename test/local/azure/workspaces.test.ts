import assert from 'node:assert/strict';
import { createJobs } from '../../../local/azure/ml/jobs';
import { createJudge, judgeServer } from '../../support/judge';
import { at, metadataToken, request, resources, stage, textAt, type Reply, type Stage } from './client';

const ml = 'Microsoft.MachineLearningServices/workspaces';

describe('workspaces of the local Azure', () => {
  let on: Stage;
  let token: string;
  let judged: { verdict(): Promise<string[]> } | undefined;
  let group: string;
  let parts: Record<string, string>;

  before(async () => {
    on = await stage({ services: (core) => [createJobs(core)] });
    token = await metadataToken(on.azure, resources.arm);
    const judge = await createJudge();
    judged = judge === undefined ? undefined : judgeServer(judge, on.azure);
    group = `/subscriptions/${on.azure.subscriptionId}/resourceGroups/${on.azure.resourceGroup}`;
    parts = {
      storageAccount: `${group}/providers/Microsoft.Storage/storageAccounts/stteam`,
      keyVault: `${group}/providers/Microsoft.KeyVault/vaults/kv-team`,
      applicationInsights: `${group}/providers/Microsoft.Insights/components/appi-team`,
    };
    for (const id of Object.values(parts))
      assert.equal((await call('PUT', id, { location: 'westeurope' })).status, 201);
  });
  after(() => on.end());

  const call = (method: string, path: string, body?: unknown, version = '2024-10-01'): Promise<Reply> =>
    request(on.azure, method, `${path}${path.includes('?') ? '&' : '?'}api-version=${version}`, { token, body });
  const workspace = (name: string): string => `${group}/providers/${ml}/${name}`;

  async function settled(url: string): Promise<Reply> {
    for (;;) {
      const reply = await request(on.azure, 'GET', url, { token });
      if (reply.status !== 202 && !['InProgress', 'Running'].includes(String(at(reply.json, 'status')))) return reply;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  async function make(name: string): Promise<void> {
    const identity = { type: 'SystemAssigned' };
    const put = await call('PUT', workspace(name), { location: 'westeurope', identity, properties: parts });
    assert.equal(put.status, 202, put.text);
    assert.equal(put.text, '');
    assert.match(String(put.headers['location']), /workspaceOperationsStatus\/.*type=location/);
    const ended = await settled(String(put.headers['azure-asyncoperation']));
    assert.equal(at(ended.json, 'status'), 'Succeeded', ended.text);
  }

  const reason = (reply: Reply): string => textAt(reply.json, 'error', 'details', 0, 'message');

  it('are made, listed, changed and deleted with what they hold', async () => {
    await make('mlw-team');
    const shown = await call('GET', workspace('mlw-team'));
    assert.equal(at(shown.json, 'properties', 'keyVault'), parts['keyVault']);
    assert.equal(at(shown.json, 'sku', 'name'), 'Basic');
    const list = await call('GET', `${group}/providers/${ml}`);
    assert.deepEqual([at(list.json, 'value', 0, 'name'), at(list.json, 'value', 1, 'name')], ['mlw-mlops', 'mlw-team']);
    const patched = await call('PATCH', workspace('mlw-team'), {
      tags: { team: 'b' },
      properties: { friendlyName: 'Team B' },
    });
    assert.equal(at(patched.json, 'properties', 'friendlyName'), 'Team B');
    const again = await call('PUT', workspace('mlw-team'), { location: 'westeurope', properties: parts });
    assert.equal(again.status, 200);
    assert.equal(at(again.json, 'properties', 'friendlyName'), 'Team B');
    const gone = await call('DELETE', workspace('mlw-team'));
    assert.equal(gone.status, 202);
    await settled(String(gone.headers['location']));
    assert.equal(at((await call('GET', workspace('mlw-team'))).json, 'error', 'code'), 'ResourceNotFound');
    assert.equal((await call('DELETE', workspace('mlw-team'))).status, 204);
  });

  it('hold their own computes, datastores and assets, and say that nothing runs in them', async () => {
    await make('mlw-own');
    const inside = (method: string, path: string, body?: unknown): Promise<Reply> =>
      call(method, `${workspace('mlw-own')}${path}`, body);
    const compute = { computeType: 'AmlCompute', properties: { vmSize: 'STANDARD_DS3_V2' } };
    assert.equal((await inside('PUT', '/computes/own-cluster', { properties: compute })).status, 201);
    const environment = await inside('PUT', '/environments/plain/versions/1', { properties: { image: 'python' } });
    assert.equal(at(environment.json, 'id'), `${workspace('mlw-own')}/environments/plain/versions/1`);
    const modelUri = 'azureml://datastores/workspaceblobstore/paths/m';
    const model = await inside('PUT', '/models/m/versions/1', { properties: { modelUri } });
    assert.match(textAt(model.json, 'properties', 'modelUri'), /workspaces\/mlw-own\/datastores\/workspaceblobstore/);
    const store = await inside('GET', '/datastores/workspaceblobstore');
    assert.notEqual(
      at(store.json, 'properties', 'containerName'),
      at(
        (await call('GET', `${workspace('mlw-mlops')}/datastores/workspaceblobstore`)).json,
        'properties',
        'containerName',
      ),
    );
    assert.equal((await call('GET', `${workspace('mlw-mlops')}/computes/own-cluster`)).status, 404);
    const job = await inside('PUT', '/jobs/j', { properties: {} });
    assert.equal(job.status, 400);
    assert.match(job.text, /'mlw-own' was made here and holds no jobs: what runs is to be had in 'mlw-mlops' only/);
    assert.equal((await call('GET', `${workspace('mlw-none')}/computes`)).status, 404);
  });

  it('are refused without what they stand on', async () => {
    const put = (properties: unknown, name = 'mlw-bad', more = {}): Promise<Reply> =>
      call('PUT', workspace(name), { location: 'westeurope', properties, ...more });
    assert.match(reason(await put({ storageAccount: parts['storageAccount'] })), /Missing dependent.*keyVault, appl/);
    assert.match(reason(await put({ ...parts, keyVault: parts['storageAccount'] })), /not the id of a keyVault/);
    assert.match(reason(await put({ ...parts, keyVault: `${parts['keyVault'] ?? ''}-2` })), /was not found/);
    assert.match(reason(await put(parts, 'no')), /3 to 33/);
    assert.match(reason(await put(parts, 'mlw-bad', { kind: 'Hub' })), /kind Default only/);
    assert.equal((await call('GET', workspace('mlw-bad'))).status, 404);
    assert.match(reason(await call('DELETE', workspace('mlw-mlops'))), /stays/);
    assert.match(reason(await call('PUT', `${workspace('mlw-mlops')}/serverlessEndpoints/x`, {})), /no serverless/);
  });

  it('have registries beside them, without assets', async () => {
    const path = `${group}/providers/Microsoft.MachineLearningServices/registries/shared`;
    const body = (regionDetails: unknown): unknown => ({
      location: 'westeurope',
      identity: { type: 'SystemAssigned' },
      properties: { regionDetails },
    });
    assert.match(reason(await call('PUT', path, body([]))), /needs regionDetails/);
    assert.equal((await call('PUT', path, body([{ location: 'westeurope' }]))).status, 201);
    assert.match(
      textAt((await call('GET', path)).json, 'properties', 'mlFlowRegistryUri'),
      /^azureml:.*registries\/shared$/,
    );
    assert.match(reason(await call('GET', `${path}/models`)), /without assets/);
    assert.equal((await call('DELETE', path)).status, 200);
    assert.equal((await call('GET', path)).status, 404);
  });

  describe('by templates', () => {
    const deployments = 'Microsoft.Resources/deployments';
    const deploy = async (template: unknown, parameters: unknown = {}): Promise<[Reply, Reply?]> => {
      const path = `${group}/providers/${deployments}/d-1`;
      const put = await call('PUT', path, { properties: { mode: 'incremental', template, parameters } }, '2020-06-01');
      const url = put.headers['azure-asyncoperation'];
      return typeof url === 'string' ? [put, await settled(url)] : [put];
    };
    const named = "[concat(parameters('name'), if(equals(variables('stage'), 'prod'), '', '-test'))]";
    const template = {
      parameters: { name: { type: 'string' }, place: { type: 'string', defaultValue: '[resourceGroup().location]' } },
      variables: { stage: 'prod', vault: "[resourceId('Microsoft.KeyVault/vaults', parameters('name'))]" },
      resources: [
        {
          type: ml,
          apiVersion: '2024-10-01',
          name: named,
          location: "[parameters('place')]",
          dependsOn: ["[variables('vault')]"],
          identity: { type: 'SystemAssigned' },
          properties: { keyVault: "[variables('vault')]" },
        },
        {
          type: 'Microsoft.Network/virtualNetworks',
          name: 'never',
          condition: "[and(true(), not(equals(variables('stage'), 'prod')))]",
        },
        { type: 'Microsoft.KeyVault/vaults', apiVersion: '2023-07-01', name: "[parameters('name')]" },
      ],
    };

    it('are made in the order of their dependencies', async () => {
      const [workspaceResource, ...others] = template.resources;
      const complete = {
        ...template,
        resources: [{ ...workspaceResource, properties: { ...parts, keyVault: "[variables('vault')]" } }, ...others],
      };
      const [put, ended] = await deploy(complete, { name: { value: 'mlw-template' } });
      assert.equal(put.status, 201, put.text);
      assert.equal(at(ended?.json, 'status'), 'Succeeded', ended?.text);
      const shown = await call('GET', workspace('mlw-template'));
      assert.equal(
        at(shown.json, 'properties', 'keyVault'),
        `${group}/providers/Microsoft.KeyVault/vaults/mlw-template`,
      );
      assert.equal(at(shown.json, 'location'), 'westeurope');
      const done = await call('GET', `${group}/deployments/d-1/operations`, undefined, '2020-06-01');
      assert.equal(at(done.json, 'value', 1, 'properties', 'targetResource', 'id'), workspace('mlw-template'));
    });

    it('fail with the reason of the resource that failed', async () => {
      const [, ended] = await deploy(template, { name: { value: 'mlw-fails' } });
      assert.equal(at(ended?.json, 'status'), 'Failed');
      assert.match(textAt(ended?.json, 'error', 'details', 0, 'message'), /Missing dependent resources/);
    });

    it('are refused before anything is made when this cloud cannot carry them out', async () => {
      const one = (resource: unknown): Promise<[Reply, Reply?]> => deploy({ resources: [resource] });
      const message = (reply: Reply): string => textAt(reply.json, 'error', 'message');
      const [network] = await one({ type: 'Microsoft.Network/virtualNetworks', name: 'v' });
      assert.match(message(network), /deploys no resources of type 'Microsoft.Network\/virtualNetworks'/);
      const [unknown] = await one({ type: ml, name: "[dance('x')]" });
      assert.match(message(unknown), /does not know the function 'dance'/);
      const [broken] = await one({ type: ml, name: "[concat('x']" });
      assert.match(message(broken), /'\[concat\('x'\]' is not valid/);
      const [missing] = await deploy(template);
      assert.match(message(missing), /parameter 'name' has no value/);
      const [strange] = await deploy({ resources: [] }, { other: { value: 1 } });
      assert.match(message(strange), /no parameter 'other'/);
    });
  });

  it('are asked for and answered as the official documents say', async function () {
    if (judged === undefined) return this.skip();
    assert.deepEqual(await judged.verdict(), []);
  });
});
