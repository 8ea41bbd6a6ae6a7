import assert from 'node:assert/strict';
import { at, metadataToken, request, resources, stage, type Reply, type Stage } from './client';

describe('what lies above the services', () => {
  let on: Stage;
  let token: string;
  before(async () => {
    on = await stage();
    token = await metadataToken(on.azure, resources.arm);
  });
  after(() => on.end());

  const get = (path: string): Promise<Reply> =>
    request(on.azure, 'GET', `${path}${path.includes('?') ? '&' : '?'}api-version=2022-12-01`, { token });

  it('describes the cloud as a list to older clients and as one object to newer ones', async () => {
    const list = await request(on.azure, 'GET', '/metadata/endpoints?api-version=2019-05-01');
    assert.equal(at(list.json, 0, 'name'), 'Local');
    assert.equal(at(list.json, 0, 'suffixes', 'storage'), `core.localhost:${new URL(on.azure.url).port}`);
    const one = await request(on.azure, 'GET', '/metadata/endpoints?api-version=2022-09-01');
    assert.equal(at(one.json, 'resourceManager'), on.azure.url);
    // By number: Python's clients take `localhost:PORT` for a scheme called localhost.
    assert.equal(at(one.json, 'authentication', 'loginEndpoint'), on.azure.url.replace('localhost', '127.0.0.1'));
  });

  it('lists the tenant, the subscription, the group', async () => {
    assert.equal(at((await get('/tenants')).json, 'value', 0, 'tenantId'), on.azure.tenantId);
    assert.equal(at((await get('/subscriptions')).json, 'value', 0, 'subscriptionId'), on.azure.subscriptionId);
    assert.equal(at((await get(`/subscriptions/${on.azure.subscriptionId}`)).json, 'state'), 'Enabled');
    assert.equal(
      at((await get(`/subscriptions/${on.azure.subscriptionId}/resourcegroups`)).json, 'value', 0, 'name'),
      on.azure.resourceGroup,
    );
    assert.equal((await get(`/subscriptions/${on.azure.subscriptionId}/resourceGroups/RG-mlops`)).status, 200);
  });

  it('lists resources by type and name, and refuses a filter it cannot read', async () => {
    const find = (filter: string): Promise<Reply> =>
      get(`/subscriptions/${on.azure.subscriptionId}/resources?$filter=${encodeURIComponent(filter)}`);
    const found = await find("resourceType eq 'Microsoft.ContainerRegistry/registries'");
    assert.deepEqual([at(found.json, 'value', 0, 'name'), at(found.json, 'value', 1)], [on.azure.registry, undefined]);
    assert.equal(
      at((await find("resourceType eq 'Microsoft.ContainerRegistry/registries' and name eq 'other'")).json, 'value', 0),
      undefined,
    );
    assert.equal((await find("tagName eq 'x'")).status, 400);
  });

  it('knows its providers, identities and storage account', async () => {
    const subscription = `/subscriptions/${on.azure.subscriptionId}`;
    assert.equal(
      at((await get(`${subscription}/providers/microsoft.containerinstance`)).json, 'registrationState'),
      'Registered',
    );
    assert.equal((await get(`${subscription}/providers/Microsoft.Nothing`)).status, 404);
    const group = `${subscription}/resourceGroups/${on.azure.resourceGroup}/providers`;
    const identity = await get(`${group}/Microsoft.ManagedIdentity/userAssignedIdentities/id-mlops-agent`);
    assert.equal(at(identity.json, 'properties', 'clientId'), on.azure.directory.agentIdentities[1]?.clientId);
    assert.equal((await get(`${group}/Microsoft.Storage/storageAccounts/stmlops`)).status, 200);
    assert.equal((await get(`${group}/Microsoft.Storage/storageAccounts/other`)).status, 404);
  });
});
