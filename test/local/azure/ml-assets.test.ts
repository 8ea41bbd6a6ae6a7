import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Core } from '../../../local/azure/service';
import { createJudge, judgeServer, type Judge } from '../../support/judge';
import { at, metadataToken, request, resources, stage, textAt, workspacePath, type Reply, type Stage } from './client';

const version = 'api-version=2024-10-01';
const blob = { 'x-ms-blob-type': 'BlockBlob', 'x-ms-version': '2025-11-05' };

describe('assets of a workspace', () => {
  let on: Stage;
  let core: Core;
  let token: string;
  let judge: Judge | undefined;
  let judged: { verdict(): Promise<string[]> } | undefined;
  before(async () => {
    on = await stage({
      services: (lent) => {
        core = lent;
        return [];
      },
    });
    token = await metadataToken(on.azure, resources.arm);
    judge = await createJudge();
    // eslint-disable-next-line no-console
    if (judge === undefined) console.log('      not judged: the contracts folder is not beside this repository');
    judged = judge === undefined ? undefined : judgeServer(judge, on.azure);
  });
  after(async () => {
    try {
      assert.deepEqual(
        (await judged?.verdict()) ?? [],
        [],
        'the OpenAPI documents and JSON schemas agree with every pair',
      );
      if (judge !== undefined) assert.ok(judge.seen.size >= 15, `operations judged: ${[...judge.seen].join(', ')}`);
    } finally {
      await on.end();
    }
  });

  const call = (method: string, path: string, body?: unknown): Promise<Reply> =>
    request(on.azure, method, `${workspacePath(on.azure)}${path}${path.includes('?') ? '&' : '?'}${version}`, {
      token,
      body,
    });
  const upload = (url: string, text: string): Promise<Reply> =>
    request(on.azure, 'PUT', url, { body: Buffer.from(text), headers: blob });

  describe('workspace', () => {
    it('says where everything is', async () => {
      const { json } = await call('GET', '');
      const host = new URL(on.azure.url).host;
      assert.equal(
        at(json, 'properties', 'mlFlowTrackingUri'),
        `azureml://${host}/mlflow/v1.0${workspacePath(on.azure)}`,
      );
      assert.equal(at(json, 'properties', 'v1LegacyMode'), false);
      const discovery = await request(on.azure, 'GET', new URL(textAt(json, 'properties', 'discoveryUrl')).pathname);
      assert.equal(at(discovery.json, 'history'), on.azure.url);
    });

    it('has its compute and quota, and no others', async () => {
      assert.equal(at((await call('GET', '/computes/CPU-cluster')).json, 'properties', 'computeType'), 'AmlCompute');
      assert.equal(at((await call('GET', '/computes')).json, 'value', 0, 'name'), 'cpu-cluster');
      assert.equal(at((await call('GET', '/computes/gpu')).json, 'error', 'details', 0, 'code'), 'ComputeNotFound');
    });
  });

  describe('datastores', () => {
    it('has a default one, whose SAS really writes', async () => {
      const { json } = await call('GET', '/datastores?isDefault=true');
      assert.equal(at(json, 'value', 0, 'name'), 'workspaceblobstore');
      assert.equal(at(json, 'value', 1), undefined);
      const container = textAt(json, 'value', 0, 'properties', 'containerName');
      const secrets = await call('POST', '/datastores/workspaceblobstore/listSecrets', {
        expirableSecret: true,
        expireAfterHours: 1,
      });
      assert.equal(at(secrets.json, 'secretsType'), 'Sas');
      const sas = textAt(secrets.json, 'sasToken');
      assert.equal((await upload(`${on.azure.url}/stmlops/${container}/LocalUpload/x/f.txt${sas}`, 'hi')).status, 201);
      assert.equal((await request(on.azure, 'GET', `/stmlops/${container}/LocalUpload/x/f.txt${sas}`)).text, 'hi');
    });

    it('gives the key when no SAS is asked for, and nothing of an unknown one', async () => {
      assert.equal(
        at((await call('POST', '/datastores/workspaceblobstore/listSecrets')).json, 'secretsType'),
        'AccountKey',
      );
      assert.equal((await call('POST', '/datastores/nope/listSecrets')).status, 404);
    });

    it('can be given another container, of its own account only', async () => {
      const properties = {
        datastoreType: 'AzureBlob',
        accountName: 'stmlops',
        containerName: 'extra',
        credentials: { credentialsType: 'None' },
      };
      assert.equal((await call('PUT', '/datastores/extra', { properties })).status, 201);
      assert.equal(
        (await call('PUT', '/datastores/other', { properties: { ...properties, accountName: 'other' } })).status,
        400,
      );
    });
  });

  describe('codes', () => {
    it('are uploaded and found by their hash', async () => {
      const found = (): Promise<Reply> => call('GET', '/codes/src/versions?hash=abc&hashVersion=202208');
      assert.deepEqual((await found()).json, { value: [] });
      const pending = await call('POST', '/codes/src/versions/1/startPendingUpload', {
        pendingUploadType: 'TemporaryBlobReference',
      });
      const reference = at(pending.json, 'blobReferenceForConsumption');
      const sas = textAt(reference, 'credential', 'sasUri');
      assert.equal((await upload(sas.replace('?', '/sub/train.py?'), 'print(1)')).status, 201);
      const codeUri = textAt(reference, 'blobUri');
      const body = {
        properties: { codeUri, isAnonymous: true, properties: { hash_sha256: 'abc', hash_version: '202208' } },
      };
      assert.equal((await call('PUT', '/codes/src/versions/1', body)).status, 201);
      assert.equal(at((await found()).json, 'value', 0, 'name'), '1');
      assert.deepEqual((await call('GET', '/codes/src/versions?hash=other&hashVersion=202208')).json, { value: [] });
      const again = await call('POST', '/codes/src/versions/1/startPendingUpload', {
        pendingUploadType: 'TemporaryBlobReference',
      });
      assert.equal(at(again.json, 'blobReferenceForConsumption', 'blobUri'), codeUri);
    });

    it('keep the path they were registered with', async () => {
      const changed = await call('PUT', '/codes/src/versions/1', {
        properties: { codeUri: `${on.azure.url}/stmlops/elsewhere` },
      });
      assert.deepEqual([changed.status, at(changed.json, 'error', 'details', 0, 'code')], [400, 'AssetPathImmutable']);
      const foreign = await call('PUT', '/codes/src/versions/2', {
        properties: { codeUri: 'https://other.blob.core.windows.net/c' },
      });
      assert.equal(foreign.status, 400);
    });
  });

  describe('environments', () => {
    it('answer 201 to every PUT, with the first creation time', async () => {
      const body = { properties: { image: 'library/python:latest' } };
      const first = await call('PUT', '/environments/e/versions/1', body);
      const second = await call('PUT', '/environments/e/versions/1', body);
      assert.deepEqual([first.status, second.status], [201, 201]);
      assert.equal(at(second.json, 'systemData', 'createdAt'), at(first.json, 'systemData', 'createdAt'));
      assert.equal(
        first.headers['location'],
        `${on.azure.url}${workspacePath(on.azure)}/environments/e/versions/1?${version}`,
      );
    });

    it('label the newest version, and refuse another definition of an old one', async () => {
      await call('PUT', '/environments/e/versions/2', {
        properties: { image: 'library/python:latest', condaFile: 'name: x\n' },
      });
      const labels = async (number: number): Promise<unknown> =>
        at(
          (await call('GET', `/environments/e/versions/${number}`)).json,
          'properties',
          'properties',
          'azureml.labels',
        );
      assert.deepEqual([await labels(1), await labels(2)], [undefined, 'latest']);
      const other = await call('PUT', '/environments/e/versions/1', { properties: { image: 'library/python:3.8' } });
      assert.deepEqual([other.status, at(other.json, 'error', 'details', 0, 'code')], [409, 'EnvironmentImmutable']);
      assert.equal(
        (await call('PUT', '/environments/e/versions/3', { properties: { condaFile: 'name: x\n' } })).status,
        400,
      );
    });
  });

  describe('models', () => {
    const path = 'azureml://datastores/workspaceblobstore/paths/LocalUpload/m';
    const long = (): string =>
      `azureml://subscriptions/${on.azure.subscriptionId}/resourceGroups/${on.azure.resourceGroup}/workspaces/${on.azure.workspace}/datastores`;

    it('know their latest and next version', async () => {
      for (const number of ['1', '2', '10']) {
        const reply = await call('PUT', `/models/churn/versions/${number}`, {
          properties: { modelType: 'custom_model', modelUri: `${path}${number}` },
        });
        assert.equal(reply.status, 201);
        assert.equal(
          at(reply.json, 'properties', 'modelUri'),
          `${long()}/workspaceblobstore/paths/LocalUpload/m${number}`,
        );
      }
      const container = (await call('GET', '/models/churn')).json;
      assert.deepEqual(
        [at(container, 'properties', 'latestVersion'), at(container, 'properties', 'nextVersion')],
        ['10', '11'],
      );
      const listed = await call('GET', '/models/churn/versions?$orderBy=createdtime%20desc&$top=1');
      assert.equal(at(listed.json, 'value', 0, 'name'), '10');
      const next = await request(on.azure, 'GET', textAt(listed.json, 'nextLink'), { token });
      assert.equal(at(next.json, 'value', 0, 'name'), '2');
    });

    it('change tags, stage and archiving, and never the path', async () => {
      const properties = {
        modelUri: `${path}1`,
        modelType: 'custom_model',
        tags: { a: 'b' },
        stage: 'Production',
        properties: { x: 'y' },
      };
      const updated = await call('PUT', '/models/churn/versions/1', { properties });
      assert.deepEqual(
        [updated.status, at(updated.json, 'properties', 'stage'), at(updated.json, 'properties', 'tags')],
        [200, 'Production', { a: 'b' }],
      );
      const moved = await call('PUT', '/models/churn/versions/1', {
        properties: { ...properties, modelUri: `${path}2` },
      });
      assert.deepEqual(
        [moved.status, at(moved.json, 'error', 'details', 0, 'message')],
        [400, 'Asset paths cannot be updated.'],
      );
      const names = async (query: string): Promise<unknown[]> => {
        const value = at((await call('GET', `/models/churn/versions?${query}`)).json, 'value');
        return Array.isArray(value) ? value.map((one: unknown) => at(one, 'name')) : [];
      };
      assert.deepEqual(await names('stage=Production'), ['1']);
      assert.deepEqual(await names('tags=a=b'), ['1']);
      assert.deepEqual(await names('tags=a=c'), []);
      await call('PUT', '/models/churn/versions/2', {
        properties: { modelUri: `${path}2`, modelType: 'custom_model', isArchived: true },
      });
      assert.deepEqual(await names('listViewType=ActiveOnly'), ['10', '1']);
      assert.deepEqual(await names('listViewType=ArchivedOnly'), ['2']);
      assert.deepEqual(await names('listViewType=All'), ['10', '2', '1']);
    });

    it('come from a job only when the job left something there', async () => {
      const register = (modelUri: string): Promise<Reply> =>
        call('PUT', '/models/fromjob/versions/1', { properties: { modelType: 'mlflow_model', modelUri } });
      const nothing = await register('azureml://jobs/j1/outputs/artifacts/paths/model/');
      assert.deepEqual([nothing.status, at(nothing.json, 'error', 'details', 0, 'code')], [404, 'JobNotFound']);
      core.store.set(`${workspacePath(on.azure)}/jobs/j1`, { properties: {} });
      const empty = await register('azureml://jobs/j1/outputs/artifacts/paths/model/');
      assert.equal(empty.status, 400);
      assert.deepEqual(
        [at(empty.json, 'error', 'details', 0, 'code'), at(empty.json, 'error', 'details', 0, 'message')],
        ['NoMatchingArtifactsFoundFromJob', 'No artifacts matching outputs/artifacts/paths/model/ found from Job.'],
      );
      await core.blobs.write('azureml', 'ExperimentRun/dcid.j1/model/MLmodel', Buffer.from('flavors: {}'));
      const made = await register('azureml://jobs/j1/outputs/artifacts/paths/model/');
      assert.equal(made.status, 201);
      assert.equal(at(made.json, 'properties', 'jobName'), 'j1');
      assert.equal(
        at(made.json, 'properties', 'modelUri'),
        `${long()}/workspaceartifactstore/paths/ExperimentRun/dcid.j1/model`,
      );
    });

    it('are deleted with their container', async () => {
      assert.equal((await call('DELETE', '/models/fromjob')).status, 200);
      assert.equal((await call('GET', '/models/fromjob/versions/1')).status, 404);
      assert.equal((await call('DELETE', '/models/fromjob/versions/1')).status, 204);
    });
  });

  it('data assets keep what they point to', async () => {
    const properties = { dataType: 'uri_folder', dataUri: 'azureml://datastores/workspaceblobstore/paths/d' };
    assert.equal((await call('PUT', '/data/d/versions/1', { properties })).status, 201);
    const moved = await call('PUT', '/data/d/versions/1', {
      properties: { ...properties, dataUri: `${properties.dataUri}2` },
    });
    assert.deepEqual(
      [moved.status, at(moved.json, 'error', 'details', 0, 'code')],
      [409, 'DataVersionPropertyImmutable'],
    );
    assert.equal(at((await call('GET', '/data/d')).json, 'properties', 'dataType'), 'uri_folder');
  });

  describe('artifacts of a run', () => {
    const ask = (method: string, path: string, body?: unknown): Promise<Reply> =>
      request(on.azure, method, path, { token, body });
    const history = (): string => `/history/v1.0${workspacePath(on.azure)}/experiments/x/runs/r1/artifacts`;
    const service = (): string => `/artifact/v2.0${workspacePath(on.azure)}/artifacts`;

    it('are announced, uploaded, listed and read back in every form', async () => {
      const paths = ['note.txt', 'model/MLmodel', 'model2/MLmodel'];
      const begun = await ask('POST', `${history()}/batch/metadata`, { paths: paths.map((path) => ({ path })) });
      for (const path of paths) {
        assert.equal(
          (await upload(textAt(begun.json, 'artifactContentInformation', path, 'contentUri'), `at ${path}`)).status,
          201,
        );
      }
      const names = (reply: Reply): unknown[] => {
        const value = at(reply.json, 'value');
        return Array.isArray(value) ? value.map((one: unknown) => at(one, 'path')) : [];
      };
      assert.deepEqual(names(await ask('GET', history())).sort(), [...paths].sort());
      assert.deepEqual(names(await ask('GET', `${service()}/ExperimentRun/dcid.r1?path=model/`)), ['model/MLmodel']);
      assert.deepEqual(names(await ask('GET', `${service()}/prefix/contentinfo/ExperimentRun/dcid.r1/model`)), [
        'model/MLmodel',
      ]);
      assert.equal(names(await ask('GET', `${service()}/prefix/contentinfo/ExperimentRun/dcid.r1/`)).length, 3);
      for (const path of [
        `${history()}/contentinfo?path=model/MLmodel`,
        `${service()}/ExperimentRun/dcid.r1/contentinfo?path=model%2FMLmodel`,
        `${service()}/contentinfo/ExperimentRun/dcid.r1/model/MLmodel`,
      ]) {
        const info = await ask('GET', path);
        assert.equal((await request(on.azure, 'GET', textAt(info.json, 'contentUri'))).text, 'at model/MLmodel', path);
      }
    });

    it('are not found in the envelope of the data plane, and never outside the run', async () => {
      const missing = await ask('GET', `${service()}/contentinfo/ExperimentRun/dcid.r1/nope`);
      assert.equal(missing.status, 404);
      assert.equal(typeof at(missing.json, 'correlation', 'operation'), 'string');
      const escaping = await ask('POST', `${history()}/batch/metadata`, { paths: [{ path: '../dcid.r2/x' }] });
      assert.equal(escaping.status, 400);
    });

    it('accept tokens for Machine Learning too, and none of storage', async () => {
      const ml = await metadataToken(on.azure, resources.ml);
      assert.equal((await request(on.azure, 'GET', history(), { token: ml })).status, 200);
      const storage = await metadataToken(on.azure, resources.storage);
      assert.equal((await request(on.azure, 'GET', history(), { token: storage })).status, 401);
      assert.equal(
        (await request(on.azure, 'GET', `${workspacePath(on.azure)}?${version}`, { token: ml })).status,
        401,
      );
    });
  });

  describe('beside the recordings', () => {
    const folder = resolve(__dirname, '../../../../shared/contracts/recordings/aml');
    interface Entry {
      RequestMethod: string;
      RequestUri: string;
      RequestBody: unknown;
      StatusCode: number;
      ResponseHeaders: Record<string, unknown>;
      ResponseBody: unknown;
    }
    const entries = (file: string): Entry[] =>
      (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { Entries: Entry[] }).Entries;
    const cases: [string, RegExp, string][] = [
      ['model_version_crud.json', /workspaces\/[^/]+\/(models|datastores)/, 'a model registered, read and listed'],
      ['environment_version_create_delete.json', /environments/, 'an environment made and deleted'],
      ['job_put_404_parent.json', /jobs/, 'a missing workspace'],
      ['workspace_get__online_endpoint_create_lro.json', /workspaces\/[^/?]+\?/, 'the workspace'],
    ];

    /** Every field of the recording is in the answer, with the same kind of value. More is allowed. */
    const compare = (recorded: unknown, answered: unknown, place: string): string[] => {
      if (Array.isArray(recorded))
        return recorded.length === 0 ? [] : compare(recorded[0], at(answered, 0), `${place}[0]`);
      if (typeof recorded !== 'object' || recorded === null) {
        const same = typeof recorded === typeof answered || recorded === null || answered === null;
        return same ? [] : [`${place}: ${typeof recorded} recorded, ${typeof answered} answered`];
      }
      return Object.entries(recorded).flatMap(([name, value]) => {
        // Names that users chose, and what is only of the recorded subscription.
        if (/tags|flavors|notebookInfo|EnableSoftwareBillOfMaterials|sdkTelemetryAppInsightsKey/.test(name)) return [];
        const inner =
          typeof answered === 'object' && answered !== null && name in answered ? at(answered, name) : undefined;
        return inner === undefined ? [`${place}.${name} is missing`] : compare(value, inner, `${place}.${name}`);
      });
    };

    for (const [file, wanted, what] of cases) {
      it(`shows ${what} as recorded (${file})`, async function () {
        if (!existsSync(folder)) {
          // eslint-disable-next-line no-console
          console.log('      skipped: the recordings are not beside this repository');
          this.skip();
        }
        for (const entry of entries(file).filter(
          (one) => wanted.test(one.RequestUri) && one.RequestUri.startsWith('https://management'),
        )) {
          const { pathname, search } = new URL(entry.RequestUri);
          const [, , , group = '', workspace = '', rest = ''] =
            /^(\/subscriptions\/[^/]+)(\/resourceGroups\/)([^/]+)\/.*?\/workspaces\/([^/]+)(.*)$/.exec(pathname) ?? [];
          assert.ok(group !== '');
          const missing =
            entry.ResponseBody !== null && at(entry.ResponseBody, 'error', 'code') === 'ParentResourceNotFound';
          const base = missing ? workspacePath(on.azure).replace(/[^/]+$/, workspace) : workspacePath(on.azure);
          // Jobs are another service's; any child of a missing workspace is refused alike.
          const path = missing ? `${base}/models/string` : `${base}${rest}`;
          const body = missing ? { properties: {} } : (entry.RequestBody ?? undefined);
          const reply = await request(on.azure, entry.RequestMethod, path + search, { token, body });
          assert.equal(reply.status, entry.StatusCode, `${entry.RequestMethod} ${rest}: ${reply.text}`);
          assert.deepEqual(compare(entry.ResponseBody, reply.json, 'body'), [], `${entry.RequestMethod} ${rest}`);
          const headers = Object.keys(entry.ResponseHeaders).map((name) => name.toLowerCase());
          // Compression, and what an answer without a body does not carry.
          const absent = headers.filter(
            (name) => !['vary', 'content-length'].includes(name) && reply.headers[name] === undefined,
          );
          assert.deepEqual(
            absent,
            entry.RequestMethod === 'DELETE' ? absent : [],
            `headers of ${entry.RequestMethod} ${rest}`,
          );
          if (missing)
            assert.equal(
              textAt(reply.json, 'error', 'message'),
              textAt(entry.ResponseBody, 'error', 'message').replace(/'[^']*'/, `'${workspace}'`),
            );
        }
      });
    }
  });
});
