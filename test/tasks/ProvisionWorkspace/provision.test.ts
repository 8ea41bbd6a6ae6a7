import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TaskError } from '../../../lib/agent/errors';
import { CancelledError } from '../../../lib/agent/errors';
import { at } from '../../../lib/agent/json';
import type { Inputs } from '../../../tasks/ProvisionWorkspace/inputs';
import { provision } from '../../../tasks/ProvisionWorkspace/provision';
import { armFault, workspaceId } from '../../support/fake-azure';
import { folderWith, MemoryWorkspace } from '../../support/memory-workspace';

const files = {
  'endpoint.yml': 'name: churn\nauth_mode: key\nidentity: {type: system_assigned}\n',
  'component.yml':
    '$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json\nname: prepare\ntype: command\ncommand: python prepare.py\ncode: src\nenvironment: azureml:scoring@latest\n',
  'data.yml': 'name: patients\ntype: uri_file\npath: patients.csv\n',
  'environment.yml': 'name: scoring\nimage: python:3.11\n',
  'store.yml':
    'name: landing\ntype: azure_blob\naccount_name: acc\ncontainer_name: c\ncredentials: {account_key: very-secret-account-key}\n',
  'cluster.yml': 'name: training\ntype: amlcompute\nsize: Standard_DS3_v2\nmax_instances: 2\n',
  'src/prepare.py': 'print(1)\n',
  'patients.csv': 'A\n1\n',
};
const endpointSchema = '$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json\n';

describe('ProvisionWorkspace', () => {
  let folder: string;
  let on: MemoryWorkspace;

  beforeEach(() => {
    folder = folderWith({ ...files, 'endpoint.yml': endpointSchema + files['endpoint.yml'] });
    on = new MemoryWorkspace();
  });

  const write = (name: string, content: string): void => writeFileSync(path.join(folder, name), content);
  const run = (more: Partial<Inputs> = {}) =>
    provision(
      {
        workspaceFile: undefined,
        files: [path.join(folder, '*.yml')],
        set: undefined,
        planOnly: false,
        timeoutMinutes: 1,
        ...more,
      },
      { agent: on.agent, subscription: on.subscription },
    );
  const counts = (): string[] => ['created', 'updated', 'unchanged'].map((name) => on.agent.outputs[name] ?? '');

  it('plans in the order of dependence without sending or uploading anything', async () => {
    await run({ planOnly: true });
    assert.deepEqual(on.writes, []);
    const planned = JSON.parse(on.agent.outputs['plan'] ?? '') as { what: string }[];
    assert.deepEqual(
      planned.map(({ what }) => what.split(' ').at(-1)),
      ['training', 'landing', 'scoring', 'patients', 'prepare', 'churn'],
    );
    assert.match(on.agent.summaries[0]?.markdown ?? '', /nothing was changed[^]*create \| compute training/);
  });

  it('makes what is planned, and sends nothing when it runs again', async () => {
    await run();
    assert.deepEqual(counts(), ['6', '0', '0']);
    const before = on.writes.length;
    await run();
    assert.deepEqual(counts(), ['0', '0', '6'], on.agent.log);
    assert.deepEqual(on.writes.slice(before), []);
  });

  it('never shows a secret, and knows a changed one', async () => {
    await run();
    write('store.yml', files['store.yml'].replace('very-secret', 'other-secret'));
    await run();
    assert.deepEqual(counts(), ['0', '1', '5']);
    assert.ok(!/(?:very|other)-secret-account-key/.test(on.agent.everything));
    assert.ok(on.agent.secrets.includes('other-secret-account-key'));
    assert.match(
      JSON.stringify(at(on.at('datastores/landing'), 'properties', 'tags')),
      /"mlops\.secrets":"sha256:[0-9a-f]{64}"/,
    );
  });

  it('takes the next version of an asset when its content is new', async () => {
    await run();
    write('patients.csv', 'A\n2\n');
    await run();
    assert.deepEqual(counts(), ['1', '0', '5']);
    assert.ok(on.at('data/patients/versions/2') !== undefined);
    assert.match(on.agent.log, /create .*data patients:2 +version 1 differs in dataUri/);
  });

  it('refuses other content for a version that exists, and a change that the service does not make, all at once', async () => {
    write('environment.yml', `version: 3\n${files['environment.yml']}`);
    await run();
    write('environment.yml', `version: 3\n${files['environment.yml']}`.replace('3.11', '3.12'));
    write('cluster.yml', files['cluster.yml'].replace('DS3_v2', 'DS12_v2'));
    const before = on.writes.length;
    await assert.rejects(run(), (error: TaskError) => {
      assert.match(
        error.message,
        /cluster\.yml:1:1: compute training exists.*vmSize is "Standard_DS3_v2", the file says "Standard_DS12_v2"/,
      );
      assert.match(
        error.message,
        /environment\.yml:1:1: environment scoring has a version 3 with other content: image/,
      );
      return true;
    });
    assert.equal(on.writes.length, before);
  });

  it('keeps the traffic of an endpoint that it updates', async () => {
    await run();
    const endpoint = on.at('onlineEndpoints/churn') as { properties: { traffic: Record<string, number> } };
    endpoint.properties.traffic = { blue: 100 };
    write('endpoint.yml', `${endpointSchema}${files['endpoint.yml']}description: churn of customers\n`);
    await run();
    assert.deepEqual(counts(), ['0', '1', '5']);
    assert.deepEqual(at(on.at('onlineEndpoints/churn'), 'properties', 'traffic'), { blue: 100 });
  });

  it('says how far it came when Azure refuses', async () => {
    on.fake.on('PUT', '{ws}/environments/.*', () => armFault(400, 'BadImage', 'no such image'));
    await assert.rejects(run(), (error: TaskError) => {
      assert.match(error.message, /no such image/);
      assert.match(
        error.advice ?? '',
        /Done: compute training, datastore landing\. At work on: environment scoring:1.*Not begun: data patients:1, command component prepare:1, managed online endpoint churn/,
      );
      return true;
    });
  });

  it('begins nothing more when it is cancelled', async () => {
    on.fake.on('PUT', '{ws}/datastores/landing', () => {
      on.agent.cancellation.abort();
      return undefined;
    });
    await assert.rejects(run(), (error: Error) => {
      assert.ok(error instanceof CancelledError);
      assert.match(error.message, /^Cancelled\. Done: compute training\. At work on: datastore landing/);
      return true;
    });
    assert.ok(!on.writes.some((write) => write.includes('environments')), on.writes.join());
  });

  it('says of what was accepted when it is cancelled that it may still come to be', async () => {
    on.fake.on('PUT', '{ws}/computes/training', () => ({
      status: 201,
      headers: { 'azure-asyncoperation': 'https://management.azure.com/operation' },
    }));
    on.fake.on('GET', '/operation', () => {
      on.agent.cancellation.abort();
      return { body: { status: 'InProgress' } };
    });
    await assert.rejects(
      run(),
      /At work on: compute training; so far: computes\/training was accepted and may still be being created\. Not begun: datastore/,
    );
  });

  it('names what is wrong with every file, and the kinds that it does not make', async () => {
    write('cluster.yml', 'name: training\ntype: amlcompute\nmax_instanses: 2\n');
    write('job.yml', 'type: command\ncommand: echo\nenvironment: azureml:e:1\ncompute: azureml:c\n');
    await assert.rejects(run(), (error: TaskError) => {
      assert.match(error.message, /cluster\.yml:3:1: unknown key "max_instanses"/);
      assert.match(error.message, /job\.yml:1:1: a command job is not provisioned/);
      return true;
    });
    assert.deepEqual(on.fake.seen, []);
  });

  it('takes a file without $schema that fits a job and a component for the component', async () => {
    write('component.yml', files['component.yml'].replace(/^\$schema.*\n/, ''));
    await run({ planOnly: true });
    assert.match(on.agent.log, /create +command component prepare/);
  });

  it('sends a failed resource again', async () => {
    await run();
    const cluster = on.at('computes/training') as { properties: Record<string, unknown> };
    cluster.properties['provisioningState'] = 'Failed';
    await run();
    assert.deepEqual(counts(), ['0', '1', '5']);
    await run();
    assert.deepEqual(counts(), ['0', '0', '6']);
  });

  it('makes no new version of a table that is the same', async () => {
    write('data.yml', 'name: patients\ntype: mltable\npath: table\n');
    mkdirSync(path.join(folder, 'table'));
    write('table/MLTable', 'paths: [{file: ./a.csv}]\ntransformations: [read_delimited: {delimiter: ","}]\n');
    write('table/a.csv', 'A\n1\n');
    await run();
    const table = on.at('data/patients/versions/1') as { properties: Record<string, unknown> };
    assert.deepEqual(table.properties['referencedUris'], ['./a.csv']);
    delete table.properties['referencedUris'];
    await run();
    assert.deepEqual(counts(), ['0', '0', '6'], on.agent.log);
  });

  it('refuses two files for one resource', async () => {
    write('second.yml', files['cluster.yml']);
    await assert.rejects(run(), /second\.yml:1:1: compute training is described by .*cluster\.yml:1:1 too/);
  });

  describe('a workspace of a file', () => {
    const arm = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/resource-group/providers';
    const yaml = `name: workspace\nhbi_workspace: false\ndisplay_name: ML\nstorage_account: ${arm}/Microsoft.Storage/storageAccounts/s\nkey_vault: ${arm}/Microsoft.KeyVault/vaults/k\napplication_insights: ${arm}/Microsoft.Insights/components/a\n`;
    const inputs = (): Partial<Inputs> => ({
      workspaceFile: path.join(folder, 'ws'),
      files: [path.join(folder, 'cluster.yml')],
    });

    beforeEach(() => {
      on = new MemoryWorkspace({ exists: false });
      on.fake.on('GET', '/subscriptions/[^/]+/resourceGroups/[^/]+', () => ({ body: { location: 'northeurope' } }));
      write('ws', yaml);
    });

    it('is made first, where its group is, with an identity', async () => {
      await run(inputs());
      assert.deepEqual(counts(), ['2', '0', '0']);
      const made = on.fake.calls('PUT', '{ws}')[0]?.body;
      assert.deepEqual([at(made, 'location'), at(made, 'identity')], ['northeurope', { type: 'SystemAssigned' }]);
      await run(inputs());
      assert.deepEqual(counts(), ['0', '0', '2'], on.agent.log);
    });

    it('needs no sign of its kind: the input says it', async () => {
      await run(inputs());
      write('ws', 'name: workspace\ndescription: for all\ntags: {team: a}\n');
      await run(inputs());
      assert.deepEqual(counts(), ['0', '1', '1'], on.agent.log);
    });

    it('is updated by what differs alone', async () => {
      await run(inputs());
      write('ws', yaml.replace('display_name: ML', 'display_name: Learning'));
      await run(inputs());
      assert.deepEqual(on.fake.calls('PATCH', '{ws}')[0]?.body, { properties: { friendlyName: 'Learning' } });
    });

    it('is sent again when it failed, without what never changes', async () => {
      await run(inputs());
      const workspace = on.resources.get(workspaceId.toLowerCase()) as { properties: Record<string, unknown> };
      workspace.properties['provisioningState'] = 'Failed';
      on.fake.on('PATCH', '{ws}', () => {
        workspace.properties['provisioningState'] = 'Succeeded';
        return { body: workspace };
      });
      await run(inputs());
      assert.deepEqual(counts(), ['0', '1', '1']);
      const sent = at(on.fake.calls('PATCH', '{ws}')[0]?.body, 'properties');
      assert.deepEqual([at(sent, 'friendlyName'), at(sent, 'storageAccount')], ['ML', undefined]);
    });

    it('is refused without what a new one needs, and under another name', async () => {
      write('ws', 'name: workspace\nhbi_workspace: false\n');
      await assert.rejects(
        run(inputs()),
        /does not name what a new one needs: storage_account, key_vault, application_insights/,
      );
      write('ws', yaml.replace('name: workspace', 'name: other'));
      await assert.rejects(run(inputs()), /describes .*workspaces\/other, but the inputs name .*workspaces\/workspace/);
      await assert.rejects(run({ ...inputs(), workspaceFile: undefined }), /There is no workspace/);
    });
  });
});
