import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startAzure, type LocalAzure } from '../../../local/azure';
import { program, result, runClient } from '../../support/clients';

describe('@azure/arm-machinelearning, unchanged, on the local Azure', function () {
  this.timeout(180_000);
  let folder: string;
  let azure: LocalAzure;
  let seen: Record<string, unknown>;

  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'arm-client-'));
    azure = await startAzure({ stateDir: path.join(folder, 'state') });
    // A child: Node reads the certificate to trust at its start only.
    seen = result(await runClient(program(path.join(__dirname, 'arm-machinelearning.ts')), azure.environment()));
  });
  after(async () => {
    await azure.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('reads the workspace', () => {
    const { workspace, workspaces } = seen;
    assert.deepEqual([workspace, workspaces], [azure.workspace, [azure.workspace]]);
  });

  it('runs a job to its end, cancels another, lists and deletes', () => {
    const { created, completed, command, services, canceled, jobs, deleted } = seen;
    assert.deepEqual(created, ['arm-short', 'Command', true]);
    assert.deepEqual([completed, canceled, deleted], ['Completed', 'Canceled', 404]);
    assert.equal(command, 'python train.py ${{inputs.alpha}}');
    assert.deepEqual(services, ['Studio', 'Tracking']);
    assert.deepEqual(jobs, ['arm-long', 'arm-short']);
  });

  it("registers the job's output as a model", () => {
    const { model, versions, models, absent } = seen;
    assert.deepEqual(model, ['2', 'custom_model', { by: 'arm' }]);
    assert.deepEqual([versions, models, absent], [['1', '2'], ['arm-model'], 404]);
  });

  it('deploys the model to an endpoint, scores, and takes both away again', () => {
    const { deployed, deployments, withoutTraffic, traffic, scored, logs, deletions, gone } = seen;
    assert.deepEqual([deployed, deployments, withoutTraffic], ['Succeeded', ['blue'], 404]);
    assert.deepEqual([traffic, scored, logs], [{ blue: 100 }, [200, [2, 5]], true]);
    // A deployment that takes traffic is not deleted.
    assert.deepEqual([deletions, gone], [[400, 404], 404]);
  });
});
