import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { startAzure, type LocalAzure } from '../../../local/azure';
import { archive, buildImage, greeting, ownerToken, serverFiles, type Built } from '../../local/azure/image-builder';
import { requireProgram, runClient, type ClientOutput } from '../../support/clients';

const selector = { app: 'hello' };

/** A namespace, a deployment of two pods and a service, as a user would write them. */
function manifests(image: string, greetingText: string): string {
  const container = {
    name: 'hello',
    image,
    env: [{ name: 'GREETING', value: greetingText }],
    ports: [{ containerPort: 8080 }],
    readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
  };
  const metadata = { name: 'hello', namespace: 'models' };
  const documents = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'models' } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: 2,
        selector: { matchLabels: selector },
        template: { metadata: { labels: selector }, spec: { containers: [container] } },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { type: 'LoadBalancer', selector, ports: [{ port: 8088, targetPort: 8080 }] },
    },
  ];
  return documents.map((document) => stringify(document)).join('---\n');
}

describe('kubectl, unchanged, on the local AKS cluster', function () {
  this.timeout(90_000);
  let folder: string;
  let azure: LocalAzure;
  let built: Built;
  const ends: (() => void | Promise<void>)[] = [];

  before(async function () {
    requireProgram(this, 'kubectl');
    folder = mkdtempSync(path.join(os.tmpdir(), 'kubectl-'));
    ends.push(() => rmSync(folder, { recursive: true, force: true }));
    azure = await startAzure({ stateDir: path.join(folder, 'state') });
    ends.push(() => azure.stop());
    built = await buildImage(azure, await ownerToken(azure), await archive(serverFiles), 'hello:1');
    assert.equal(built.status, 'Succeeded', built.log);
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  async function run(...args: string[]): Promise<ClientOutput> {
    return runClient(['kubectl', ...args], { ...azure.environment(), HOME: folder }, 60_000);
  }

  async function kubectl(...args: string[]): Promise<string> {
    const output = await run(...args);
    assert.equal(output.status, 0, `kubectl ${args.join(' ')}\n${output.stdout}${output.stderr}`);
    return output.stdout.trim();
  }

  async function apply(image: string, text: string): Promise<string> {
    const file = path.join(folder, 'hello.yaml');
    writeFileSync(file, manifests(image, text));
    return kubectl('apply', '-f', file);
  }

  const names = async (query: string): Promise<string> => kubectl('get', query, '-n', 'models', '-o', 'name');
  const rollout = async (): Promise<string> =>
    kubectl('rollout', 'status', 'deployment/hello', '-n', 'models', '--timeout=40s');

  it('applies, waits for the rollout, and reaches the service', async () => {
    assert.match(
      await apply(built.image, 'one'),
      /^namespace\/models created\ndeployment\.apps\/hello created\nservice\/hello created$/,
    );
    assert.match(await rollout(), /successfully rolled out$/);
    assert.equal(await names('deployments,services'), 'deployment.apps/hello\nservice/hello');
    assert.match(
      await kubectl('get', 'deployment', 'hello', '-n', 'models'),
      /READY +UP-TO-DATE +AVAILABLE +AGE\nhello +2\/2 +2 +2 /,
    );
    assert.equal((await names('pods')).split('\n').length, 2);
    const address = await kubectl(
      'get',
      'service',
      'hello',
      '-n',
      'models',
      '-o',
      'jsonpath={.status.loadBalancer.ingress[0].ip}',
    );
    assert.equal((await greeting(address, 8088))?.greeting, 'one');
    assert.match(await kubectl('logs', 'deployment/hello', '-n', 'models'), /^starting in mode normal$/m);
  });

  it('applies the same again without a change, and a change as a new rollout', async () => {
    assert.match(await apply(built.image, 'one'), /deployment\.apps\/hello unchanged\nservice\/hello unchanged$/);
    assert.match(await apply(built.image, 'two'), /deployment\.apps\/hello configured\nservice\/hello unchanged$/);
    assert.match(await rollout(), /successfully rolled out$/);
    const address = await kubectl(
      'get',
      'service',
      'hello',
      '-n',
      'models',
      '-o',
      'jsonpath={.status.loadBalancer.ingress[0].ip}',
    );
    assert.equal((await greeting(address, 8088))?.greeting, 'two');
  });

  it('shows a rollout that cannot go on, and takes it back', async () => {
    await apply(`${new URL(azure.url).host}/hello:absent`, 'three');
    const stuck = await run('rollout', 'status', 'deployment/hello', '-n', 'models', '--timeout=4s');
    assert.equal(stuck.status, 1, stuck.stdout);
    assert.match(await kubectl('get', 'pods', '-n', 'models'), /ErrImagePull|ImagePullBackOff/);
    await kubectl('rollout', 'undo', 'deployment/hello', '-n', 'models');
    assert.match(await rollout(), /successfully rolled out$/);
  });

  it('refuses what the API does not allow, in its own words', async () => {
    const wrong = path.join(folder, 'wrong.yaml');
    writeFileSync(wrong, manifests(built.image, 'x').replace('replicas: 2', 'replicas: two'));
    const refused = await run('apply', '--server-side', '-f', wrong);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /replicas/);
    const absent = await run('get', 'deployment', 'absent', '-n', 'models');
    assert.match(absent.stderr, /Error from server \(NotFound\): deployments\.apps "absent" not found/);
  });

  it('deletes', async () => {
    await kubectl('delete', 'deployment,service', 'hello', '-n', 'models', '--timeout=40s');
    await kubectl('delete', 'namespace', 'models', '--timeout=40s');
    assert.equal(await names('all'), '');
  });
});
