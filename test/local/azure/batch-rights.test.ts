import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBatch } from '../../../local/azure/ml/batch';
import { at, metadataToken, request, resources, stage, textAt, workspacePath, type Stage } from './client';

const provider = 'Microsoft.MachineLearningServices/workspaces';

describe('rights on a batch endpoint of the local Azure', () => {
  let on: Stage;
  let tasksDir: string;
  let scoringUri: string;

  before(async () => {
    tasksDir = mkdtempSync(join(tmpdir(), 'tasks-'));
    const tasks: Record<string, string[]> = {
      Makes: ['batchEndpoints/write', 'batchEndpoints/read'],
      Scores: ['batchEndpoints/jobs/write'],
    };
    for (const [task, names] of Object.entries(tasks)) {
      const actions = names.map((name) => ({ name: `${provider}/${name}`, scope: 'workspace' }));
      mkdirSync(join(tasksDir, task));
      writeFileSync(join(tasksDir, task, 'permissions.json'), JSON.stringify({ actions }));
    }
    on = await stage({ tasksDir, services: (core) => [createBatch(core)] });
    const token = await metadataToken(on.azure, resources.arm, { task: 'Makes' });
    const path = `${workspacePath(on.azure)}/batchEndpoints/words?api-version=2024-10-01`;
    const body = { location: 'westeurope', properties: { authMode: 'AADToken' } };
    const made = await request(on.azure, 'PUT', path, { token, body });
    scoringUri = textAt(made.json, 'properties', 'scoringUri');
  });
  after(async () => {
    await on.end();
    rmSync(tasksDir, { recursive: true, force: true });
  });

  async function invoke(task: string): Promise<unknown[]> {
    const token = await metadataToken(on.azure, resources.ml, { task });
    const answer = await request(on.azure, 'POST', scoringUri, { token, body: { properties: {} } });
    return [answer.status, at(answer.json, 'error', 'code')];
  }

  it('are those that the task lists: making one does not mean invoking it', async () => {
    assert.deepEqual(await invoke('Makes'), [403, 'AuthorizationFailed']);
    // It was let in: there is no deployment yet.
    assert.deepEqual(await invoke('Scores'), [404, 'DeploymentNotFound']);
  });

  it('cover the list of its jobs', async () => {
    const token = await metadataToken(on.azure, resources.ml, { task: 'Scores' });
    const path = `/mferp/managementfrontend${workspacePath(on.azure)}/batchEndpoints/words/jobs`;
    assert.equal((await request(on.azure, 'GET', path, { token })).status, 403);
  });
});
