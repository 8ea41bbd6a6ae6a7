import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv-draft-04';
import { containerGroupBody, readContainerGroup, type ContainerGroup } from '../../../lib/azure/container-instances';
import { contracts, hasContracts } from '../../support/contracts';

const group: ContainerGroup = {
  name: 'churn-staging',
  image: `crmlops.azurecr.io/churn@sha256:${'a'.repeat(64)}`,
  port: 5001,
  cpu: 1,
  memoryGb: 2,
  tags: { 'mlops.run': '481' },
};

const identity = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-pull';
const subnet = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/vnet/subnets/aci';
const server = 'crmlops.azurecr.io';

const variants: Record<string, ContainerGroup> = {
  'a public image': group,
  'an identity that pulls': { ...group, subnet, pull: { server, identity } },
  'a token that pulls': { ...group, pull: { server, username: 'u', password: 'p' } },
};

describe('the body of a container group', () => {
  it('has a public address without a subnet, a private one with it', () => {
    const address = (body: unknown) => (body as { properties: { ipAddress: unknown } }).properties.ipAddress;
    const ports = [{ protocol: 'TCP', port: 5001 }];
    assert.deepEqual(address(containerGroupBody(group, 'x')), { type: 'Public', ports });
    assert.deepEqual(address(containerGroupBody({ ...group, subnet }, 'x')), { type: 'Private', ports });
  });

  it('carries the identity that pulls as the group has it and as the registry is asked with', () => {
    const body = containerGroupBody(variants['an identity that pulls']!, 'x') as {
      identity: unknown;
      properties: { imageRegistryCredentials: unknown; subnetIds: unknown };
    };
    assert.deepEqual(body.identity, { type: 'UserAssigned', userAssignedIdentities: { [identity]: {} } });
    assert.deepEqual(body.properties.imageRegistryCredentials, [{ server, identity }]);
    assert.deepEqual(body.properties.subnetIds, [{ id: subnet }]);
  });

  for (const [what, variant] of Object.entries(variants)) {
    it(`is valid to Resource Manager's schema for ${what}`, function () {
      if (!hasContracts('azure', 'arm-template-schemas')) return this.skip(); // needs ../shared/contracts
      const read = (...names: string[]): object =>
        JSON.parse(readFileSync(path.join(contracts, 'azure', 'arm-template-schemas', ...names), 'utf8')) as object;
      const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
      const base = 'https://schema.management.azure.com/schemas';
      ajv.addSchema({ ...read('definitions.json'), id: `${base}/common/definitions.json#` });
      ajv.addSchema(read('2025-09-01', 'Microsoft.ContainerInstance.json'));
      const validate = ajv.compile({
        $ref: `${base}/2025-09-01/Microsoft.ContainerInstance.json#/resourceDefinitions/containerGroups`,
      });
      const resource = {
        type: 'Microsoft.ContainerInstance/containerGroups',
        apiVersion: '2025-09-01',
        name: variant.name,
        ...containerGroupBody(variant, 'westeurope'),
      };
      assert.ok(validate(resource), JSON.stringify(validate.errors));
      assert.ok(
        !validate({ ...resource, properties: { osType: 'Linux' } }),
        'the schema refuses what lacks containers',
      );
    });
  }
});

describe('the state of a container group', () => {
  it('is read with the container, its events and the address', () => {
    const state = readContainerGroup({
      properties: {
        provisioningState: 'Failed',
        ipAddress: { ip: '10.0.0.4', ports: [{ port: 5001 }] },
        subnetIds: [{ id: subnet }],
        instanceView: { state: 'Failed', events: [{ name: 'A', type: 'Normal', message: 'm', count: 2 }] },
        containers: [
          {
            name: 'scorer',
            properties: {
              image: group.image,
              resources: { requests: { cpu: 1, memoryInGB: 2 } },
              instanceView: {
                restartCount: 3,
                currentState: { state: 'Terminated', exitCode: 3, detailStatus: 'Error' },
                events: [{ name: 'B', type: 'Warning', message: 'n' }],
              },
            },
          },
        ],
      },
    });
    assert.deepEqual(state, {
      provisioningState: 'Failed',
      state: 'Failed',
      image: group.image,
      port: 5001,
      cpu: 1,
      memoryGb: 2,
      subnet,
      ip: '10.0.0.4',
      fqdn: undefined,
      container: { name: 'scorer', state: 'Terminated', exitCode: 3, detail: 'Error', restarts: 3 },
      events: [
        { name: 'A', type: 'Normal', message: 'm', count: 2 },
        { name: 'B', type: 'Warning', message: 'n', count: 1 },
      ],
    });
  });

  it('is read of a group that just begins', () => {
    const state = readContainerGroup({ properties: { provisioningState: 'Pending', containers: [{}] } });
    assert.equal(state.container, undefined);
    assert.deepEqual(state.events, []);
  });
});
