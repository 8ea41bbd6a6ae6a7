import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { armAction, Authorization } from '../../../local/azure/authorization';
import { groupPath, openDirectory, workspacePath as id, type Directory } from '../../../local/azure/seed';
import type { Caller } from '../../../local/azure/service';
import { at, metadataToken, request, resources, stage, textAt, workspacePath, type Stage } from './client';

const ml = 'Microsoft.MachineLearningServices/workspaces';

describe('action of an ARM request', () => {
  const cases: [string, string, string, string][] = [
    ['GET', id, `${ml}/read`, id],
    ['GET', `${id}/jobs`, `${ml}/jobs/read`, id],
    ['PUT', `${id}/jobs/j1`, `${ml}/jobs/write`, `${id}/jobs/j1`],
    ['POST', `${id}/jobs/j1/cancel`, `${ml}/jobs/cancel/action`, `${id}/jobs/j1`],
    ['POST', `${id}/datastores/d/listSecrets`, `${ml}/datastores/listSecrets/action`, `${id}/datastores/d`],
    [
      'PATCH',
      `${id}/onlineEndpoints/e/deployments/blue`,
      `${ml}/onlineEndpoints/deployments/write`,
      `${id}/onlineEndpoints/e/deployments/blue`,
    ],
    ['DELETE', `${id}/models/m/versions/3`, `${ml}/models/versions/delete`, `${id}/models/m/versions/3`],
    ['GET', groupPath, 'Microsoft.Resources/subscriptions/resourceGroups/read', groupPath],
    [
      'GET',
      `${groupPath}/providers/Microsoft.ContainerInstance/containerGroups/g/containers/c/logs`,
      'Microsoft.ContainerInstance/containerGroups/containers/logs/read',
      `${groupPath}/providers/Microsoft.ContainerInstance/containerGroups/g/containers/c`,
    ],
    [
      'POST',
      `${groupPath}/providers/Microsoft.ContainerRegistry/registries/r/scheduleRun`,
      'Microsoft.ContainerRegistry/registries/scheduleRun/action',
      `${groupPath}/providers/Microsoft.ContainerRegistry/registries/r`,
    ],
  ];
  for (const [method, path, action, scope] of cases) {
    it(`${method} ${path.replace(id, '{workspace}').replace(groupPath, '{group}')} is ${action}`, () => {
      assert.deepEqual(armAction(method, path), { action, scope });
    });
  }
});

function writeTask(folder: string, task: string, permissions: unknown): void {
  mkdirSync(join(folder, task), { recursive: true });
  writeFileSync(join(folder, task, 'permissions.json'), JSON.stringify(permissions));
}

describe('authorisation by permissions.json', () => {
  let folder: string;
  let directory: Directory;
  let authorization: Authorization;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-'));
    directory = await openDirectory(join(folder, 'identities'));
    const tasks = join(folder, 'tasks');
    const action = (name: string, scope: string): unknown => ({ name, scope, why: 'a test' });
    writeTask(tasks, 'Reader', { actions: [action(`${ml}/models/versions/read`, 'workspace')], dataActions: [] });
    writeTask(tasks, 'Writer', {
      actions: [
        action(`${ml}/models/versions/write`, 'workspace'),
        action('Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write', 'workspace'),
        action('*', 'workspace'),
      ],
      dataActions: [action('Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read', 'workspace')],
    });
    authorization = new Authorization(directory.principals, tasks);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const caller = (task?: string, objectId = directory.agentIdentities[0]?.objectId ?? ''): Caller => ({
    objectId,
    clientId: 'c',
    tenantId: 't',
    audience: 'a',
    ...(task === undefined ? {} : { task }),
  });
  const model = `${id}/models/m/versions/1`;

  it('allows a task what its own file lists, whatever the spelling', () => {
    assert.ok(authorization.allows(caller('Reader'), `${ml}/Models/versions/READ`, model));
  });

  it('denies a task what only another one lists, though the identity may do it', () => {
    assert.ok(!authorization.allows(caller('Reader'), `${ml}/models/versions/write`, model));
    assert.ok(authorization.allows(caller(), `${ml}/models/versions/write`, model));
  });

  it('denies everything to a task without a file, and to an unknown identity', () => {
    assert.ok(!authorization.allows(caller('Nobody'), `${ml}/models/versions/read`, model));
    assert.ok(!authorization.allows(caller('../Reader'), `${ml}/models/versions/read`, model));
    assert.ok(!authorization.allows(caller(undefined, 'ffffffff-0000-4000-8000-000000000000'), '', model));
  });

  it('takes a wildcard for a name that nothing has', () => {
    assert.ok(!authorization.allows(caller('Writer'), `${ml}/jobs/write`, `${id}/jobs/j`));
  });

  it('denies outside the scope that a permission names', () => {
    const elsewhere = `${groupPath}/providers/Microsoft.ContainerRegistry/registries/r`;
    assert.ok(!authorization.allows(caller('Reader'), `${ml}/models/versions/read`, elsewhere));
    assert.ok(
      !authorization.allows(caller('Reader'), `${ml}/models/versions/read`, model.replace('rg-mlops', 'rg-other')),
    );
  });

  it('looks for data actions among data actions only', () => {
    const blobs = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs';
    const storage = `${groupPath}/providers/Microsoft.Storage/storageAccounts/stmlops/blobServices/default`;
    assert.ok(authorization.allows(caller('Writer'), `${blobs}/read`, storage));
    assert.ok(!authorization.allows(caller('Writer'), `${blobs}/write`, storage));
  });

  it('allows the owner everything, and a task with the owner token its own list only', () => {
    const owner = directory.servicePrincipal.objectId;
    assert.ok(authorization.allows(caller(undefined, owner), 'Microsoft.Anything/write', groupPath));
    assert.ok(!authorization.allows(caller('Reader', owner), 'Microsoft.Anything/write', groupPath));
  });
});

describe('a denied request', () => {
  let on: Stage;
  let tasksDir: string;
  before(async () => {
    tasksDir = mkdtempSync(join(tmpdir(), 'tasks-'));
    writeTask(tasksDir, 'Reader', {
      actions: [{ name: `${ml}/models/versions/read`, scope: 'workspace', why: 'a test' }],
      dataActions: [],
    });
    on = await stage({ tasksDir });
  });
  after(async () => {
    await on.end();
    rmSync(tasksDir, { recursive: true, force: true });
  });

  it('is answered as ARM words it, naming client, object, action and scope', async () => {
    const token = await metadataToken(on.azure, resources.arm, { task: 'Reader' });
    const path = `${workspacePath(on.azure)}/models/m/versions/1`;
    const reply = await request(on.azure, 'PUT', `${path}?api-version=2024-10-01`, { token, body: { properties: {} } });
    assert.equal(reply.status, 403);
    assert.equal(reply.headers['x-ms-failure-cause'], 'gateway');
    const who = on.azure.directory.agentIdentities[0];
    assert.deepEqual(at(reply.json, 'error'), {
      code: 'AuthorizationFailed',
      message:
        `The client '${who?.clientId ?? ''}' with object id '${who?.objectId ?? ''}' does not have authorization to perform action ` +
        `'${ml}/models/versions/write' over scope '${path}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    });
  });

  it('is refused on the data plane and in blob storage too', async () => {
    const ml1 = await metadataToken(on.azure, resources.ml, { task: 'Reader' });
    const listed = await request(
      on.azure,
      'GET',
      `/artifact/v2.0${workspacePath(on.azure)}/artifacts/ExperimentRun/dcid.x`,
      { token: ml1 },
    );
    assert.deepEqual([listed.status, at(listed.json, 'error', 'code')], [403, 'AuthorizationFailed']);
    const storage = await metadataToken(on.azure, resources.storage, { task: 'Reader' });
    const blob = await request(on.azure, 'GET', '/stmlops/azureml/x', {
      token: storage,
      headers: { 'x-ms-version': '2023-11-03' },
    });
    assert.deepEqual([blob.status, blob.headers['x-ms-error-code']], [403, 'AuthorizationPermissionMismatch']);
  });

  it('leaves the service to say what is not there when the permission is', async () => {
    const token = await metadataToken(on.azure, resources.arm, { task: 'Reader' });
    const path = `${workspacePath(on.azure)}/models/m/versions/1?api-version=2024-10-01`;
    const reply = await request(on.azure, 'GET', path, { token });
    assert.deepEqual([reply.status, textAt(reply.json, 'error', 'details', 0, 'code')], [404, 'ModelNotFound']);
  });

  it('is allowed as soon as permissions.json lists the action', async () => {
    const token = await metadataToken(on.azure, resources.arm, { task: 'Later' });
    const path = `${workspacePath(on.azure)}?api-version=2024-10-01`;
    assert.equal((await request(on.azure, 'GET', path, { token })).status, 403);
    writeTask(tasksDir, 'Later', {
      actions: [{ name: `${ml}/read`, scope: 'workspace', why: 'a test' }],
      dataActions: [],
    });
    assert.equal((await request(on.azure, 'GET', path, { token })).status, 200);
  });
});
