import assert from 'node:assert/strict';
import { homesOf, versionParams, workspaceAmong, workspacesOf } from '../../../hub/data/workspaces';
import { registration, run } from './samples';

const group = '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces';
const endpoint = (workspace: string): string => `${group}/${workspace}/onlineEndpoints/churn`;
const cluster = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/a/namespaces/b';
const from = (folder: string) => ({ pipeline: { id: 1, name: 'p', folder } });

describe('the workspace of what was made of a model', () => {
  // One pipeline registers in both; another folder in the second alone.
  const homes = homesOf([
    registration('1', { workspace: 'ws-dev' }, from('\\a')),
    registration('2', { workspace: 'WS-Dev' }, from('\\a')),
    registration('1', { workspace: 'ws-prod' }, from('\\a')),
    registration('3', { workspace: 'ws-prod' }, from('\\b')),
    registration('1', { model: 'fraud', workspace: 'ws-dev' }, from('\\a')),
  ]);
  const of = (folder: string, place?: string, model = 'churn') => ({ model, place, run: run(1, from(folder)) });

  it('is that of the endpoint, whatever the folder and the case of its name', () => {
    assert.deepEqual(workspacesOf(homes, of('\\a', endpoint('WS-PROD'))), ['ws-prod']);
    assert.equal(workspaceAmong(homes, of('\\b', endpoint('ws-dev'))), 'ws-dev');
  });

  it('is that of the pipeline’s folder for clusters, containers, images and endpoints that serve a model of a registry', () => {
    for (const place of [undefined, cluster, endpoint('ws-test'), 'azureml://registries/r/models/churn/versions/1']) {
      assert.equal(workspaceAmong(homes, of('\\b', place)), 'ws-prod');
      assert.deepEqual(workspacesOf(homes, of('\\a', place)), ['ws-dev', 'ws-prod']);
      assert.equal(workspaceAmong(homes, of('\\a', place)), undefined);
      assert.deepEqual(workspacesOf(homes, of('\\elsewhere', place)), ['ws-dev', 'ws-prod']);
    }
  });

  it('is the one that the step names, also where no registration there was read', () => {
    const made = { ...of('\\a', cluster), workspace: 'WS-PROD' };
    assert.deepEqual(workspacesOf(homes, made), ['ws-prod']);
    assert.equal(workspaceAmong(homes, made), 'ws-prod');
    const unread = { ...of('\\a', endpoint('ws-new'), 'fraud'), workspace: 'ws-new' };
    assert.deepEqual(workspacesOf(homes, unread), ['ws-new']);
    assert.equal(workspaceAmong(homes, unread), 'ws-new');
    assert.equal(workspaceAmong(homesOf([]), unread), undefined);
  });

  it('need not be named where one workspace alone has the model, and is unknown where none has', () => {
    assert.deepEqual(workspacesOf(homes, of('\\b', endpoint('ws-prod'), 'fraud')), ['ws-dev']);
    assert.equal(workspaceAmong(homes, of('\\a', endpoint('ws-dev'), 'fraud')), undefined);
    assert.deepEqual(workspacesOf(homes, of('\\a', endpoint('ws-dev'), 'spend')), []);
  });

  it('stands in an address where the id of a reference names it', () => {
    const reference = { name: 'churn', version: '1' };
    const named = (id?: string) => versionParams({ ...reference, id }).workspace;
    assert.equal(named(`${group}/ws-dev/models/churn/versions/1`), 'ws-dev');
    assert.equal(named('azureml://registries/workspaces/models/churn/versions/1'), undefined);
    assert.deepEqual(versionParams(reference), { model: 'churn', version: '1', workspace: undefined });
  });
});
