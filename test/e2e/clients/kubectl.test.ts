import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startAzure, type LocalAzure } from '../../../local/azure';
import { requireProgram, runClient, type ClientOutput } from '../../support/clients';

// What kubectl does with workloads is tested beside the cluster: test/local/azure/kubernetes.test.ts.
describe('kubectl, unchanged, by the variables of the local Azure alone', function () {
  this.timeout(60_000);
  let folder: string;
  let azure: LocalAzure;
  const ends: (() => void | Promise<void>)[] = [];

  before(async function () {
    requireProgram(this, 'kubectl');
    folder = mkdtempSync(path.join(os.tmpdir(), 'kubectl-'));
    ends.push(() => rmSync(folder, { recursive: true, force: true }));
    azure = await startAzure({ stateDir: path.join(folder, 'state') });
    ends.push(() => azure.stop());
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  async function run(...args: string[]): Promise<ClientOutput> {
    return runClient(['kubectl', ...args], { ...azure.environment(), HOME: folder });
  }

  async function kubectl(...args: string[]): Promise<string> {
    const output = await run(...args);
    assert.equal(output.status, 0, `kubectl ${args.join(' ')}\n${output.stdout}${output.stderr}`);
    return output.stdout.trim();
  }

  it('finds the cluster, and may make and remove a namespace', async () => {
    assert.equal(await kubectl('config', 'current-context'), 'aks-mlops');
    assert.match(await kubectl('version'), /Server Version: v1\./);
    assert.equal(await kubectl('create', 'namespace', 'models'), 'namespace/models created');
    assert.match(await kubectl('get', 'namespaces', '-o', 'name'), /^namespace\/models$/m);
    // kubectl sends these in the binary form of Kubernetes.
    await kubectl(
      'create',
      'configmap',
      'settings',
      '-n',
      'models',
      '--from-literal=colour=blue',
      '--from-literal=size=2',
    );
    await kubectl('create', 'secret', 'generic', 'key', '-n', 'models', '--from-literal=key=ünïcode');
    const data = async (kind: string): Promise<unknown> =>
      JSON.parse(await kubectl('get', ...kind.split(' '), '-n', 'models', '-o', 'jsonpath={.data}'));
    assert.deepEqual(await data('configmap settings'), { colour: 'blue', size: '2' });
    assert.deepEqual(await data('secret key'), { key: Buffer.from('ünïcode').toString('base64') });
    assert.match(await kubectl('delete', 'namespace', 'models', '--timeout=30s'), /deleted/);
  });

  it('is told by name which kinds it cannot send in the binary form', async () => {
    const refused = await run('create', 'deployment', 'web', '--image=none');
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /accepted media types include: application\/json, .* not for Deployment/);
  });

  it('keeps its credentials where only their owner can read them', () => {
    assert.equal(statSync(azure.environment()['KUBECONFIG'] ?? '').mode & 0o077, 0);
  });
});
