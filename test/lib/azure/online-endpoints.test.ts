import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  changeTraffic,
  endpointBody,
  getEndpoint,
  mainDeployment,
  sameTraffic,
  shiftTraffic,
  trafficText,
  type Traffic,
} from '../../../lib/azure/online-endpoints';
import { FakeAgent } from '../../support/fake-agent';
import { FakeAzure } from '../../support/fake-azure';

const soon = { 'retry-after-ms': '1' };

const traffic = fc
  .uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 0, maxLength: 5 })
  .chain((names) =>
    fc.tuple(fc.constant(names), fc.array(fc.nat(100), { minLength: names.length, maxLength: names.length })),
  )
  .map(([names, weights]): Traffic => {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    if (total === 0) return Object.fromEntries(names.map((name) => [name, 0]));
    const shares = weights.map((weight) => Math.floor((weight * 100) / total));
    const rest = 100 - shares.reduce((sum, share) => sum + share, 0);
    const largest = weights.indexOf(Math.max(...weights));
    return Object.fromEntries(names.map((name, index) => [name, shares[index]! + (index === largest ? rest : 0)]));
  });

describe('traffic', () => {
  it('always sums to 100, gives the new deployment its share and keeps the order of the others', () => {
    fc.assert(
      fc.property(traffic, fc.integer({ min: 1, max: 100 }), (current, percent) => {
        const next = shiftTraffic(current, 'NEW', percent);
        const shares = Object.values(next);
        assert.equal(
          shares.reduce((sum, share) => sum + share, 0),
          100,
        );
        assert.ok(shares.every((share) => Number.isInteger(share) && share >= 0));
        const others = Object.entries(current).filter(([, share]) => share > 0);
        assert.equal(next['NEW'], others.length === 0 ? 100 : percent);
        for (const [a, before] of others) {
          for (const [b, other] of others) if (before > other) assert.ok(next[a]! >= next[b]!);
        }
      }),
    );
  });

  it('is told in words, the largest first', () => {
    assert.equal(trafficText({ green: 10, blue: 90, old: 0 }), 'blue 90 %, green 10 %');
    assert.equal(trafficText({}), 'no traffic');
    assert.equal(mainDeployment({ a: 10, b: 60, c: 30 }, 'b'), 'c');
    assert.equal(mainDeployment({ b: 100 }, 'b'), undefined);
    assert.ok(sameTraffic({ a: 100, b: 0 }, { a: 100 }));
    assert.ok(!sameTraffic({ a: 100 }, { a: 90, b: 10 }));
  });
});

/** An endpoint whose PUT shows in its GET only after some reads, as the service's. */
class Endpoint {
  readonly agent = new FakeAgent();
  readonly fake = new FakeAzure(this.agent);
  body: Record<string, unknown> = {
    name: 'churn',
    location: 'westeurope',
    kind: 'Managed',
    tags: { owner: 'mlops' },
    identity: { type: 'UserAssigned', principalId: 'p', userAssignedIdentities: { '/id': { clientId: 'c' } } },
    systemData: { createdBy: 'x' },
    properties: {
      authMode: 'AADToken',
      description: 'd',
      publicNetworkAccess: 'Disabled',
      compute: null,
      keys: null,
      provisioningState: 'Succeeded',
      scoringUri: 'https://churn.westeurope.inference.ml.azure.com/score',
      swaggerUri: 'https://…',
      properties: { 'azureml.onlineendpointid': 'x' },
      traffic: { blue: 100 },
      mirrorTraffic: { green: 5 },
    },
  };
  stale = 0;
  conflicts = 0;
  puts: unknown[] = [];

  constructor() {
    const path = '{ws}/onlineEndpoints/churn';
    let shown = this.body;
    this.fake.on('GET', path, () => {
      if (this.stale > 0) this.stale--;
      else shown = this.body;
      return { body: shown };
    });
    this.fake.on('PUT', path, ({ body }) => {
      if (this.conflicts-- > 0) {
        return { status: 409, headers: soon, body: { error: { code: 'Conflict', message: 'It is in Updating provisioning state' } } };
      }
      this.puts.push(body);
      const sent = body as { properties: object };
      this.body = { ...this.body, ...sent, properties: { ...(this.body['properties'] as object), ...sent.properties } };
      return { status: 201, headers: { 'azure-asyncoperation': 'https://management.azure.com/operation' }, body: this.body };
    });
    this.fake.on('GET', '/operation', () => ({ body: { status: 'Succeeded' } }));
  }

  change(to: Traffic): Promise<{ before: Traffic; after: Traffic }> {
    const options = { what: 'traffic', timeoutMs: 10_000 };
    return changeTraffic(this.fake.azure, this.agent, 'churn', () => ({ traffic: to }), options);
  }
} // prettier-ignore

describe('a change of traffic', () => {
  it('sends back everything that may be written, and nothing that may not', async () => {
    const endpoint = new Endpoint();
    const { before, after } = await endpoint.change({ blue: 90, green: 10 });
    assert.deepEqual([before, after], [{ blue: 100 }, { blue: 90, green: 10 }]);
    assert.deepEqual(endpoint.puts, [
      {
        location: 'westeurope',
        kind: 'Managed',
        tags: { owner: 'mlops' },
        identity: { type: 'UserAssigned', userAssignedIdentities: { '/id': {} } },
        properties: {
          authMode: 'AADToken',
          description: 'd',
          publicNetworkAccess: 'Disabled',
          properties: { 'azureml.onlineendpointid': 'x' },
          traffic: { blue: 90, green: 10 },
          // green takes traffic now, and is no mirror any more
          mirrorTraffic: {},
        },
      },
    ]);
  });

  it('waits until the service shows it', async () => {
    const endpoint = new Endpoint();
    await getEndpoint(endpoint.fake.azure, 'churn');
    const running = endpoint.change({ green: 100 });
    endpoint.stale = 2;
    assert.deepEqual((await running).after, { green: 100 });
    assert.equal(endpoint.stale, 0);
  });

  it('reads the endpoint anew while another operation changes it', async () => {
    const endpoint = new Endpoint();
    endpoint.conflicts = 2;
    await endpoint.change({ green: 100 });
    assert.equal(endpoint.puts.length, 1);
    assert.match(endpoint.agent.log, /being changed by another operation/);
  });

  it('is no change when nothing is to change', async () => {
    const endpoint = new Endpoint();
    const options = { what: 'traffic', timeoutMs: 10_000 };
    const result = await changeTraffic(endpoint.fake.azure, endpoint.agent, 'churn', () => undefined, options);
    assert.deepEqual(result.after, { blue: 100 });
    assert.deepEqual(endpoint.puts, []);
  });

  it('keeps tags it is not told of', async () => {
    const endpoint = new Endpoint();
    const state = await getEndpoint(endpoint.fake.azure, 'churn');
    assert.deepEqual(endpointBody(state!, { blue: 100 })['tags'], { owner: 'mlops' });
  });
});
