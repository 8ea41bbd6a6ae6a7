import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readInputs } from '../../../tasks/DeployModel/inputs';
import { FakeAgent } from '../../support/fake-agent';

const image = `crmlops.azurecr.io/churn@sha256:${'a'.repeat(64)}`;
const file = path.join(mkdtempSync(path.join(tmpdir(), 'deploy-inputs-')), 'deployment.yml');
writeFileSync(file, 'instance_type: a\n');

/** What the agent passes for inputs that nobody gave. */
const common = { azureSubscription: 'id', resourceGroup: 'rg', workspace: 'ws', internalLoadBalancer: 'false' };

function read(more: Record<string, string>) {
  return readInputs(new FakeAgent({ inputs: { ...common, ...more } }));
}

const managed = { target: 'managedEndpoint', endpointName: 'churn', modelName: 'churn', modelVersion: '7' };
const container = { target: 'containerInstance', name: 'churn-staging', image };
const aks = { target: 'aks', name: 'churn', image, cluster: 'aks-mlops' };

describe('inputs of DeployModel', () => {
  it('have defaults for a managed endpoint', () => {
    assert.deepEqual(read(managed), {
      target: 'managedEndpoint',
      timeoutMinutes: 90,
      approvalPolicy: 'bound',
      subject: { kind: 'model', name: 'churn', version: '7' },
      endpointName: 'churn',
      deploymentFile: undefined,
      endpointFile: undefined,
      root: undefined,
      instanceCount: undefined,
      traffic: 100,
      onFailure: 'keep',
    });
  });

  it('have defaults for a container group', () => {
    assert.deepEqual(read(container), {
      target: 'containerInstance',
      timeoutMinutes: 90,
      approvalPolicy: 'bound',
      model: undefined,
      name: 'churn-staging',
      image,
      cpu: 1,
      memoryGb: 2,
      port: 5001,
      subnet: undefined,
      pullIdentity: undefined,
    });
  });

  it('have defaults for a cluster', () => {
    assert.deepEqual(read({ ...aks, internalLoadBalancer: 'True', subnet: 'apps', cpu: '0.5' }), {
      target: 'aks',
      timeoutMinutes: 90,
      approvalPolicy: 'bound',
      model: undefined,
      name: 'churn',
      image,
      cpu: 0.5,
      memoryGb: 2,
      port: 5001,
      cluster: 'aks-mlops',
      namespace: 'default',
      replicas: 1,
      internalLoadBalancer: true,
      subnet: 'apps',
    });
  });

  it('may state which model an image holds, for what is not an endpoint', () => {
    for (const target of [container, aks]) {
      const inputs = read({ ...target, modelName: 'churn', modelVersion: '7', approvalPolicy: 'required' });
      assert.ok(inputs.target !== 'managedEndpoint');
      assert.deepEqual(inputs.model, { name: 'churn', version: '7' });
      assert.equal(inputs.approvalPolicy, 'required');
    }
  });

  const refused: [string, Record<string, string>, RegExp][] = [
    ['an unknown target', { target: 'vm' }, /"target" is "vm"/],
    ['image and model', { ...managed, image }, /image and modelName \(with modelVersion\) contradict each other/],
    ['an image by tag', { ...container, image: 'crmlops.azurecr.io/churn:7' }, /by digest|"image" is "crmlops/],
    ['an image without its registry', { ...container, image: `churn@sha256:${'a'.repeat(64)}` }, /"image"/],
    [
      'a subnet with an endpoint',
      { ...managed, subnet: 'x' },
      /The inputs subnet do not go with target managedEndpoint/,
    ],
    [
      'an internal load balancer with an endpoint',
      { ...managed, internalLoadBalancer: 'true' },
      /internalLoadBalancer/,
    ],
    ['half a statement about an image', { ...container, modelName: 'm' }, /"modelVersion" is missing/],
    ['an unknown approval policy', { ...container, approvalPolicy: 'none' }, /"approvalPolicy" is "none"/],
    ['traffic for a container', { ...container, traffic: '10' }, /traffic do not go with target containerInstance/],
    ['a deployment file for a cluster', { ...aks, deploymentFile: file }, /deploymentFile do not go with target aks/],
    ['latest', { ...managed, modelVersion: 'latest' }, /"modelVersion" is "latest"/],
    ['a model without version', { ...managed, modelVersion: '' }, /"modelVersion" is missing/],
    ['nothing to deploy', { target: 'managedEndpoint', endpointName: 'churn' }, /Nothing says what to deploy/],
    ['a missing file', { ...managed, deploymentFile: '/none.yml' }, /"deploymentFile": \/none\.yml is no file/],
    ['traffic above 100', { ...managed, traffic: '101' }, /"traffic" is "101"/],
    ['half a percent', { ...managed, traffic: '0.5' }, /"traffic" is "0\.5"/],
    ['an unknown onFailure', { ...managed, onFailure: 'rollback' }, /"onFailure" is "rollback"/],
    ['a name in capitals', { ...container, name: 'Churn' }, /"name" is "Churn"/],
    ['a subnet that is no ARM id', { ...container, subnet: 'aci' }, /"subnet" is "aci"/],
    [
      'a subnet without internal load balancer',
      { ...aks, subnet: 'apps' },
      /"subnet" is given without internalLoadBalancer/,
    ],
    ['a cluster without a name', { ...aks, cluster: '' }, /"cluster"/],
    ['a namespace with a slash', { ...aks, namespace: 'a/b' }, /"namespace" is "a\/b"/],
    ['port 0', { ...container, port: '0' }, /"port" is "0"/],
  ];
  for (const [what, inputs, message] of refused) {
    it(`refuse ${what}`, () => {
      assert.throws(() => read(inputs), message);
    });
  }
});
