import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { CancelledError, type TaskError } from '../../../lib/agent/errors';
import type { Outcome } from '../../../lib/agent/agent';
import type { Inputs } from '../../../tasks/PackageModel/inputs';
import { packageModel } from '../../../tasks/PackageModel/package';
import { contracts, hasContracts } from '../../support/contracts';
import { FakeAgent } from '../../support/fake-agent';
import { armFault, FakeAzure, resourceGroupId, workspaceId, type Answer, type Seen } from '../../support/fake-azure';

const registry = `${resourceGroupId}/providers/Microsoft.ContainerRegistry/registries/crmlops`;
const digest = `sha256:${'b'.repeat(64)}`;
const folder = mkdtempSync(path.join(tmpdir(), 'package-'));
mkdirSync(path.join(folder, 'serving'));
writeFileSync(path.join(folder, 'serving/score.py'), 'def init(): pass\ndef run(data): pass\n');
writeFileSync(path.join(folder, 'conda.yml'), 'dependencies:\n- python=3.11\n- pip: [scikit-learn]\n');

const inputs: Inputs = {
  modelName: 'churn',
  modelVersion: '7',
  codeDirectory: path.join(folder, 'serving'),
  scoringScript: 'score.py',
  condaFile: path.join(folder, 'conda.yml'),
  registry: undefined,
  imageName: 'churn',
  tag: '7-481',
};

const modelFiles: Record<string, string> = { 'model/MLmodel': 'flavors: {}\n', 'model/data/model.pkl': 'pickle' };

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** As RegisterModel's documentation has it. */
const registered = `sha256:${sha256(
  ['MLmodel', 'data/model.pkl'].map((name) => `${sha256(modelFiles[`model/${name}`]!)}  ${name}\n`).join(''),
)}`;

/** A workspace with one model version, and a registry that builds. */
class PackageWorld {
  readonly agent = new FakeAgent({ variables: { 'Build.BuildId': '481' } });
  readonly fake = new FakeAzure(this.agent);
  modelUri = 'azureml://jobs/j1/outputs/artifacts/paths/model/';
  property: string | undefined = registered;
  /** Tags of the registry. */
  tags: Record<string, string> = {};
  statuses = ['Queued', 'Running', 'Succeeded'];
  log = 'Step 1/9 : FROM …\r\nSuccessfully built\n';
  message: string | undefined;
  uploaded: Buffer | undefined;
  cancels = 0;

  constructor() {
    this.fake.azure.workspace.containerRegistry = registry;
    this.fake
      .on('GET', registry, () => ({
        body: { id: registry, name: 'crmlops', properties: { loginServer: 'crmlops.azurecr.io' } },
      }))
      .on('GET', '{ws}/models/churn/versions', () => ({ body: { value: [this.version()] } }))
      .on('GET', '{ws}/models/churn/versions/([^/]+)', (_seen, [, version]) =>
        version === '7' ? { body: this.version() } : armFault(404, 'ModelNotFound', 'no such version'),
      )
      .on('GET', '/artifact/.*/dcid\\.j1', ({ query }) => ({
        body: { value: Object.keys(modelFiles).filter((name) => name.startsWith(query['path'] ?? '')).map((name) => ({ path: name })) },
      }))
      .on('GET', '/artifact/.*/contentinfo', ({ query }) => ({
        body: { contentUri: `https://account.blob.core.windows.net/artifacts/${query['path'] ?? ''}?sig=s` },
      }))
      .on('GET', '/artifacts/(.*)', (_seen, [, name = '']) => ({ body: modelFiles[name] }))
      .on('POST', '/oauth2/exchange', () => ({ body: { refresh_token: 'refresh-token' } }))
      .on('POST', '/oauth2/token', () => ({ body: { access_token: 'access-token' } }))
      .on('HEAD', '/v2/churn/manifests/(.*)', (_seen, [, tag = '']): Answer => {
        const found = this.tags[tag];
        return found === undefined ? { status: 404 } : { headers: { 'docker-content-digest': found } };
      })
      .on('POST', `${registry}/listBuildSourceUploadUrl`, () => ({
        body: { uploadUrl: 'https://acrtask.blob.core.windows.net/c/source/x.tar.gz?sig=uploadsig', relativePath: 'source/x.tar.gz' },
      }))
      .on('PUT', '/c/source/x.tar.gz', ({ body }) => {
        this.uploaded = body as Buffer;
        return { status: 201 };
      })
      .on('POST', `${registry}/scheduleRun`, () => ({ body: { name: 'ca1', properties: { runId: 'ca1', status: 'Queued' } } }))
      .on('GET', `${registry}/runs/ca1`, () => ({ body: this.run() }))
      .on('POST', `${registry}/runs/ca1/cancel`, () => {
        this.cancels++;
        return { status: 200 };
      })
      .on('POST', `${registry}/runs/ca1/listLogSasUrl`, () => ({
        body: { logLink: 'https://acrtask.blob.core.windows.net/c/logs/ca1.log?sig=logsig' },
      }))
      .on('GET', '/c/logs/ca1.log', ({ headers }) => this.readLog(headers));
  }

  private version(): unknown {
    const properties = this.property === undefined ? {} : { 'mlops.sha256': this.property };
    return {
      id: `${workspaceId}/models/churn/versions/7`,
      name: '7',
      properties: { modelUri: this.modelUri, isArchived: false, properties },
    };
  }

  private run(): unknown {
    const status = this.statuses.length > 1 ? this.statuses.shift() : this.statuses[0];
    const outputImages = [{ registry: 'crmlops.azurecr.io', repository: 'churn', tag: '7-481', digest }];
    return {
      name: 'ca1',
      properties: { runId: 'ca1', status, runErrorMessage: this.message, ...(status === 'Succeeded' ? { outputImages } : {}) },
    };
  }

  /** What ACR's append blob does: not there, then growing. */
  private readLog(headers: Record<string, string>): Answer {
    if (this.statuses.length > 2) return { status: 404 };
    const bytes = Buffer.from(this.log);
    const from = Number(/bytes=(\d+)-/.exec(headers['x-ms-range'] ?? '')?.[1]);
    return from >= bytes.length ? { status: 416 } : { status: 206, body: bytes.subarray(from) };
  }

  package(more: Partial<Inputs> = {}): Promise<Outcome> {
    const tokens = { get: (audience: string) => Promise.resolve(`token for ${audience}`) };
    return packageModel({ ...inputs, ...more }, { agent: this.agent, azure: this.fake.azure, tokens, firstDelayMs: 1 });
  }

  get scheduled(): Seen[] {
    return this.fake.calls('POST', `${registry}/scheduleRun`);
  }
} // prettier-ignore

describe('PackageModel', () => {
  it('builds the image and gives it by digest, with the log and the evidence', async () => {
    const world = new PackageWorld();
    const outcome = await world.package();
    const image = `crmlops.azurecr.io/churn@${digest}`;
    assert.deepEqual(outcome, { result: 'succeeded', message: `Image ${image}` });
    assert.deepEqual(world.agent.outputs, { image });
    assert.match(world.agent.log, /Step 1\/9 : FROM …\nSuccessfully built/);
    const tar = gunzipSync(world.uploaded!).toString('latin1');
    for (const part of ['Dockerfile', 'model/data/model.pkl', 'code/score.py', 'azureml-inference-server-http>=1.5.1'])
      assert.ok(tar.includes(part), part);
    const [evidence] = world.agent.attachments;
    assert.equal(evidence?.type, 'mlops.package.v1');
    const { contextDigest, ...facts } = JSON.parse(evidence.content) as Record<string, unknown>;
    assert.match(String(contextDigest), /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual(facts, {
      kind: 'mlops.package.v1',
      baseImage: 'mcr.microsoft.com/azureml/minimal-py311-inference:latest',
      buildRun: 'ca1',
      digest,
      image,
      model: { id: `${workspaceId}/models/churn/versions/7`, name: 'churn', version: '7' },
      modelDigest: registered,
      registry: 'crmlops.azurecr.io',
    });
  });

  it('asks for the build as the recorded client does, and leaves nothing on the agent', async () => {
    const world = new PackageWorld();
    await world.package();
    const [{ body }] = world.scheduled as [Seen];
    const { imageNames, ...rest } = body as { imageNames: string[] };
    assert.deepEqual(rest, {
      type: 'DockerBuildRequest',
      isArchiveEnabled: false,
      isPushEnabled: true,
      noCache: false,
      dockerFilePath: 'Dockerfile',
      sourceLocation: 'source/x.tar.gz',
      platform: { os: 'Linux', architecture: 'amd64' },
      agentConfiguration: { cpu: 2 },
      timeout: 3600,
      credentials: { sourceRegistry: { loginMode: 'Default' } },
    });
    assert.equal(imageNames[0], 'churn:7-481');
    assert.match(imageNames[1] ?? '', /^churn:content-[0-9a-f]{64}$/);
    const left = readdirSync(world.agent.temporaryFolder).filter((name) => name.startsWith('package-'));
    assert.deepEqual(left, []);
  });

  it('prints no signature and no token, and masks them', async () => {
    const world = new PackageWorld();
    await world.package();
    for (const secret of ['uploadsig', 'logsig', 'refresh-token', 'access-token']) {
      assert.ok(world.agent.secrets.includes(secret), secret);
      assert.ok(!world.agent.everything.includes(secret), secret);
    }
  });

  it('keeps nothing of the build and its files in the evidence', async () => {
    const world = new PackageWorld();
    world.log = 'Step 1/9 : FROM Mark\r\n';
    world.message = 'Mark';
    const codeDirectory = path.join(folder, 'marked');
    const condaFile = path.join(folder, 'marked.yml');
    mkdirSync(codeDirectory);
    writeFileSync(path.join(codeDirectory, 'score.py'), '# Mark\ndef init(): pass\ndef run(data): pass\n');
    writeFileSync(condaFile, 'name: Mark\ndependencies:\n- python=3.11\n- pip: [scikit-learn]\n');
    await world.package({ codeDirectory, condaFile });
    assert.match(world.agent.log, /FROM Mark/);
    assert.equal(world.agent.attachments[0]?.type, 'mlops.package.v1');
    assert.doesNotMatch(world.agent.attachments[0].content, /Mark/);
  });

  it('uses the image that was built of the same content', async () => {
    const world = new PackageWorld();
    await world.package();
    const names = (world.scheduled[0]?.body as { imageNames: string[] }).imageNames;
    const again = new PackageWorld();
    again.tags[names[1]!.slice('churn:'.length)] = digest;
    await again.package({ tag: '7-482' });
    assert.equal(again.scheduled.length, 0);
    assert.deepEqual(again.agent.outputs, world.agent.outputs);
    assert.match(again.agent.log, /is there already/);
  });

  it('builds when it may not look for an earlier image, and says so', async () => {
    const world = new PackageWorld();
    world.fake.on('POST', '/oauth2/exchange', () => ({ status: 403, body: { errors: [{ code: 'DENIED', message: 'no' }] } }));
    await world.package();
    assert.equal(world.scheduled.length, 1);
    assert.match(world.agent.warnings.join(), /cannot be seen in registry crmlops, so it is built/);
  }); // prettier-ignore

  it('refuses files that are not those that were registered', async () => {
    const world = new PackageWorld();
    world.property = `sha256:${'0'.repeat(64)}`;
    await assert.rejects(world.package(), /The files of model churn:7 are not those that were registered/);
    assert.equal(world.scheduled.length, 0);
  });

  it('names the versions there are when the one asked for is not', async () => {
    await assert.rejects(new PackageWorld().package({ modelVersion: '8' }), (error: TaskError) => {
      assert.match(error.message, /Model churn has no version 8/);
      assert.equal(error.advice, 'Versions there: 7.');
      return true;
    });
  });

  it('fails with the status, the message and the end of the log', async () => {
    const world = new PackageWorld();
    world.statuses = ['Running', 'Running', 'Failed'];
    world.message = 'failed during run';
    world.log = 'ERROR: No matching distribution found for nonsense==9\n';
    await assert.rejects(world.package(), (error: TaskError) => {
      assert.match(error.message, /Build ca1 in registry crmlops ended as Failed: failed during run/);
      assert.match(error.message, /No matching distribution found for nonsense==9/);
      assert.match(error.advice ?? '', /pip section/);
      return true;
    });
    assert.deepEqual(world.agent.outputs, {});
  });

  it('explains a subscription that may not use ACR Tasks', async () => {
    const world = new PackageWorld();
    world.fake.on('POST', `${registry}/scheduleRun`, () => ({
      status: 403,
      body: { error: { code: 'TasksOperationsNotAllowed', message: 'ACR Tasks requests are not permitted.' } },
    }));
    await assert.rejects(world.package(), (error: TaskError) => {
      assert.match(error.advice ?? '', /does not let this subscription build images/);
      return true;
    });
  });

  it('cancels the build when the step is cancelled', async () => {
    const world = new PackageWorld();
    world.statuses = ['Running'];
    const running = world.package();
    while (world.scheduled.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const started = Date.now();
    world.agent.cancellation.abort();
    await assert.rejects(running, (error: unknown) => {
      assert.ok(error instanceof CancelledError);
      assert.match(error.message, /Build ca1 in registry crmlops was cancelled too/);
      return true;
    });
    assert.equal(world.cancels, 1);
    assert.ok(Date.now() - started < 4_000);
  });

  it('reads a model from a datastore', async () => {
    const world = new PackageWorld();
    world.modelUri = 'azureml://datastores/store/paths/models/churn/model';
    world.fake
      .on('GET', '{ws}/datastores/store', () => ({
        body: { properties: { accountName: 'a', containerName: 'models', endpoint: 'core.windows.net', protocol: 'https' } },
      }))
      .on('GET', '/models', ({ query, resource }) => {
        assert.equal(resource, 'storage');
        assert.equal(query['prefix'], 'models/churn/model');
        const names = [...Object.keys(modelFiles), 'model2/x'].map((name) => `<Blob><Name>models/churn/${name}</Name></Blob>`);
        return { body: `<EnumerationResults><Blobs>${names.join('')}</Blobs><NextMarker/></EnumerationResults>` };
      })
      .on('GET', '/models/models/churn/(.*)', (_seen, [, name = '']) => ({ body: modelFiles[name] }));
    await world.package();
    assert.match(world.agent.log, /2 file\(s\)/);
  }); // prettier-ignore

  it('refuses names that lead out of the folder, and storage of others', async () => {
    const world = new PackageWorld();
    world.fake.on('GET', '/artifact/.*/dcid\\.j1', () => ({ body: { value: [{ path: 'model/../../../evil' }] } }));
    await assert.rejects(world.package(), /cannot be written safely/);
    assert.ok(!existsSync(path.join(world.agent.temporaryFolder, 'evil')));
    const foreign = new PackageWorld();
    foreign.modelUri = 'https://evil.blob.core.windows.net/c/model';
    foreign.fake.on('GET', '{ws}/datastores/workspaceblobstore', () => ({
      body: { properties: { accountName: 'a', containerName: 'c' } },
    }));
    await assert.rejects(foreign.package(), /is not the workspace's storage account/);
    assert.ok(foreign.fake.seen.every(({ host }) => host !== 'evil.blob.core.windows.net'));
  });
});

describe('the requests of PackageModel against the recording of a quick build', () => {
  if (!hasContracts('recordings', 'acr-azd')) {
    it('need ../shared/contracts/recordings/acr-azd, which is not here', function () {
      this.skip();
    });
    return;
  }
  it('have its members, paths and api-version', async () => {
    const file = path.join(contracts, 'recordings', 'acr-azd', 'acr_remote_build_azd.json');
    const { Entries } = JSON.parse(readFileSync(file, 'utf8')) as {
      Entries: { RequestMethod: string; RequestUri: string; RequestBody: unknown }[];
    };
    const recorded = Entries.find(({ RequestUri }) => RequestUri.includes('/scheduleRun'))!;
    const world = new PackageWorld();
    await world.package();
    const body = world.scheduled[0]?.body as Record<string, unknown>;
    for (const member of Object.keys(recorded.RequestBody as object)) assert.ok(member in body, member);
    const operations = (uris: string[]) =>
      new Set(uris.filter((uri) => uri.includes('/registries/')).map((uri) => /registries\/[^/]+\/(.*)/.exec(uri)?.[1]?.replace(/ch1|ca1/, 'run')));
    const ours = operations(world.fake.seen.map(({ request }) => request.url));
    const theirs = operations(Entries.map(({ RequestUri }) => RequestUri));
    for (const operation of theirs) assert.ok(ours.has(operation), operation);
  }); // prettier-ignore
});
