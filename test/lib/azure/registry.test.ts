import assert from 'node:assert/strict';
import type { TaskError } from '../../../lib/agent/errors';
import { findRegistry, manifestDigest, refreshToken, registryOfLoginServer } from '../../../lib/azure/registry';
import { FakeAgent } from '../../support/fake-agent';
import { FakeAzure, resourceGroupId } from '../../support/fake-azure';

const registries = `${resourceGroupId}/providers/Microsoft.ContainerRegistry/registries`;
const digest = `sha256:${'a'.repeat(64)}`;

function resource(name: string): unknown {
  return { id: `${registries}/${name}`, name, properties: { loginServer: `${name}.azurecr.io` } };
}

function registryWorld(own: string | undefined = 'crown') {
  const agent = new FakeAgent();
  const fake = new FakeAzure(agent);
  fake.azure.workspace.containerRegistry = own && `${registries}/${own}`;
  fake.on('GET', `${registries}/([^/]+)`, (_seen, [, name = '']) =>
    name === 'nothere' ? { status: 404, body: {} } : { body: resource(name) },
  );
  fake.on('GET', registries, () => ({ body: { value: [resource('crother')] } }));
  const asked: string[] = [];
  const tokens = {
    get: (audience: string) => {
      asked.push(audience);
      return Promise.resolve(`token for ${audience}`);
    },
  };
  return { agent, fake, azure: fake.azure, tokens, asked };
}

describe('the registry of a task', () => {
  it("is the workspace's own without an input", async () => {
    const { azure } = registryWorld();
    assert.deepEqual(await findRegistry(azure, undefined), {
      id: `${registries}/crown`,
      name: 'crown',
      loginServer: 'crown.azurecr.io',
    });
  });

  it('is found by name, by ARM id and by login server', async () => {
    const { azure } = registryWorld();
    assert.equal((await findRegistry(azure, 'crother')).name, 'crother');
    assert.equal((await findRegistry(azure, `${registries}/crthird`)).name, 'crthird');
    assert.equal((await findRegistry(azure, 'CROWN.azurecr.io')).name, 'crown');
    assert.equal((await findRegistry(azure, 'crother.azurecr.io')).name, 'crother');
  });

  it('is never a login server that Resource Manager does not know', async () => {
    const { azure } = registryWorld();
    await assert.rejects(registryOfLoginServer(azure, 'evil.example.com'), (error: TaskError) => {
      assert.match(error.message, /No registry with the login server evil\.example\.com/);
      assert.match(error.advice ?? '', /crown\.azurecr\.io, crother\.azurecr\.io/);
      return true;
    });
  });

  it('must be named when the workspace has none', async () => {
    const { azure } = registryWorld('');
    azure.workspace.containerRegistry = undefined;
    await assert.rejects(findRegistry(azure, undefined), /has no container registry/);
    await assert.rejects(findRegistry(azure, 'a b'), /Input "registry" is "a b"/);
  });
});

describe("the registry's content", () => {
  const registry = { id: `${registries}/crown`, name: 'crown', loginServer: 'crown.azurecr.io' };

  function dataPlane(status = 200) {
    const world = registryWorld();
    world.fake.on('POST', '/oauth2/exchange', ({ body }) => {
      const form = new URLSearchParams(String(body));
      assert.equal(form.get('grant_type'), 'access_token');
      assert.equal(form.get('service'), 'crown.azurecr.io');
      return form.get('access_token') === 'token for arm' && status === 401
        ? { status: 401, body: { errors: [{ code: 'UNAUTHORIZED', message: 'audience' }] } }
        : { body: { refresh_token: 'the-refresh-token' } };
    });
    world.fake.on('POST', '/oauth2/token', ({ body }) => {
      const form = new URLSearchParams(String(body));
      assert.equal(form.get('scope'), 'repository:team/churn:pull');
      assert.equal(form.get('refresh_token'), 'the-refresh-token');
      return { body: { access_token: 'the-access-token' } };
    });
    world.fake.on('HEAD', '/v2/team/churn/manifests/(.*)', ({ headers }, [, tag]) => {
      assert.equal(headers['Authorization'], 'Bearer the-access-token');
      return tag === 'known' ? { headers: { 'docker-content-digest': digest } } : { status: 404 };
    });
    return { ...world, access: { azure: world.azure, tokens: world.tokens, agent: world.agent, registry } };
  }

  it('is asked with a token of the registry, which is masked', async () => {
    const { access, agent, fake } = dataPlane();
    assert.equal(await manifestDigest(access, 'team/churn', 'known'), digest);
    assert.equal(await manifestDigest(access, 'team/churn', 'other'), undefined);
    assert.deepEqual(agent.secrets.slice(0, 2), ['the-refresh-token', 'the-access-token']);
    // Tokens of other services go to the exchange alone, and in no header that the HTTP layer would add.
    assert.ok(
      fake.seen.every(({ resource: audience, host }) => audience === undefined && host === registry.loginServer),
    );
  });

  it('is asked with a token for registries where the one for Resource Manager is refused', async () => {
    const { access, asked } = dataPlane(401);
    assert.equal(await refreshToken(access), 'the-refresh-token');
    assert.deepEqual(asked, ['arm', 'https://containerregistry.azure.net']);
  });
});
