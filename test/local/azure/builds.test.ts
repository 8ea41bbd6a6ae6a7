import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asObject } from '../../../local/azure/json';
import { contracts, hasContracts } from '../../support/contracts';
import { createJudge, judgeServer } from '../../support/judge';
import { at, request, stage, textAt, type Stage } from './client';
import {
  archive,
  buildImage,
  ended,
  logLink,
  ownerToken,
  postForm,
  registryPassword,
  registryPath,
  registryServices,
  loginServer,
  schedule,
  tokenUser,
  upload,
} from './image-builder';

const simple = { Dockerfile: 'FROM scratch\nCOPY a.txt /a.txt', 'a.txt': 'a' };

describe('quick builds of the local registry', () => {
  let on: Stage;
  let token: string;
  before(async () => {
    on = await stage({ services: registryServices });
    token = await ownerToken(on.azure);
  });
  after(() => on.end());

  const dockerfile = async (
    text: string,
    files: Record<string, string> = {},
    more: Record<string, unknown> = {},
  ): ReturnType<typeof buildImage> =>
    buildImage(on.azure, token, await archive({ Dockerfile: text, ...files }), 'test:1', more);

  async function registryGet(path: string, repository: string): Promise<{ text: string; json: unknown }> {
    const password = await registryPassword(on.azure, token);
    const grant = {
      grant_type: 'password',
      username: tokenUser,
      password,
      service: loginServer(on.azure),
      scope: `repository:${repository}:pull`,
    };
    const bearer = textAt((await postForm(on.azure, '/oauth2/token', grant)).json, 'access_token');
    return request(on.azure, 'GET', `/v2/${repository}/${path}`, { token: bearer });
  }

  async function configOf(repository: string, reference: string): Promise<unknown> {
    const manifest = (await registryGet(`manifests/${reference}`, repository)).json;
    return (await registryGet(`blobs/${textAt(manifest, 'config', 'digest')}`, repository)).json;
  }

  it('answers each step with the fields of the recorded ones', async function () {
    const sourceLocation = await upload(on.azure, token, await archive(simple));
    const scheduled = await schedule(on.azure, token, { sourceLocation, imageNames: ['foo/bar:latest'] });
    const id = textAt(scheduled.json, 'name');
    const run = await ended(on.azure, token, id);
    assert.equal(textAt(run, 'properties', 'status'), 'Succeeded');
    if (!hasContracts('recordings', 'acr-azd')) return void this.skip();
    const recorded: unknown = JSON.parse(
      readFileSync(join(contracts, 'recordings/acr-azd/acr_remote_build_azd.json'), 'utf8'),
    );
    const entries = at(recorded, 'Entries');
    assert.ok(Array.isArray(entries));
    const body = (part: RegExp): unknown =>
      at(
        entries.findLast((entry: unknown) => part.test(textAt(entry, 'RequestUri'))),
        'ResponseBody',
      );
    assertSameShape(scheduled.json, body(/scheduleRun/), 'scheduleRun');
    assertSameShape(run, body(/\/runs\/ch1\?/), 'run');
  });

  it('writes the log as an append blob that is not there at first and says how it ended', async () => {
    const sourceLocation = await upload(on.azure, token, await archive(simple));
    const scheduled = await schedule(on.azure, token, { sourceLocation, imageNames: ['logged:1'] });
    const link = await logLink(on.azure, token, textAt(scheduled.json, 'name'));
    assert.equal((await request(on.azure, 'HEAD', link)).status, 404);
    await ended(on.azure, token, textAt(scheduled.json, 'name'));
    let head = await request(on.azure, 'HEAD', link);
    while (head.headers['x-ms-meta-complete'] === undefined) head = await request(on.azure, 'HEAD', link);
    assert.equal(head.headers['x-ms-blob-type'], 'AppendBlob');
    assert.equal(head.headers['x-ms-meta-complete'], 'successful');
    const { text } = await request(on.azure, 'GET', link);
    assert.match(text, /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d Downloading source code\.\.\.\n/);
    assert.match(text, /\nStep 1\/2 : FROM scratch\n ---> [0-9a-f]{12}\nStep 2\/2 : COPY a\.txt \/a\.txt\n/);
    assert.match(text, /\n1: digest: sha256:[0-9a-f]{64} size: \d+\n/);
    assert.match(text, /\n\nRun ID: ch\w+ was successful after \d+s\n$/);
  });

  it('makes an image whose configuration says what the Dockerfile says', async () => {
    const text = [
      'ARG VERSION=3.11',
      'FROM python:${VERSION}-slim',
      'ARG NAME=nobody',
      'ARG VERSION',
      'ENV GREETING="hello $NAME" EMPTY=',
      'WORKDIR /srv',
      'WORKDIR app',
      'LABEL name=$NAME version="[$VERSION]"',
      'EXPOSE 8080 9090/udp',
      'USER app',
      'ENTRYPOINT ["python"]',
      'CMD serve $NAME',
    ].join('\n');
    const built = await dockerfile(text, {}, { imageNames: ['config:1'], arguments: [{ name: 'NAME', value: 'Ada' }] });
    assert.equal(built.status, 'Succeeded', built.log);
    const config = at(await configOf('config', '1'), 'config');
    const env = at(config, 'Env');
    assert.ok(Array.isArray(env) && env.includes('GREETING=hello Ada') && env.includes('EMPTY='), JSON.stringify(env));
    assert.deepEqual(at(config, 'Entrypoint'), ['python']);
    assert.deepEqual(at(config, 'Cmd'), ['/bin/sh', '-c', 'serve $NAME']);
    assert.equal(at(config, 'WorkingDir'), '/srv/app');
    assert.equal(at(config, 'User'), 'app');
    assert.deepEqual(Object.keys(asObject(at(config, 'ExposedPorts'))), ['8080/tcp', '9090/udp']);
    // As the reference says: an argument given before FROM is empty after it until it is declared again.
    assert.deepEqual(at(config, 'Labels'), {
      'org.opencontainers.image.base.name': 'python:3.11-slim',
      name: 'Ada',
      version: '[]',
    });
  });

  it('makes the same layers from the same content', async () => {
    const first = await dockerfile(simple.Dockerfile, { 'a.txt': 'same' }, { imageNames: ['twice:1'] });
    const second = await dockerfile(simple.Dockerfile, { 'a.txt': 'same' }, { imageNames: ['twice:2'] });
    const layers = async (digest: string): Promise<unknown> =>
      at((await registryGet(`manifests/${digest}`, 'twice')).json, 'layers');
    assert.deepEqual(await layers(first.digest), await layers(second.digest));
  });

  it('installs packages for real, keeps the programs they bring, and continues from an image of its own', async () => {
    const base = await dockerfile(
      'FROM python:3-slim\nCOPY requirements.txt /tmp/\nRUN pip install --no-cache-dir -r /tmp/requirements.txt',
      { 'requirements.txt': 'idna==3.10\n' },
      { imageNames: ['packages:1'] },
    );
    assert.equal(base.status, 'Succeeded', base.log);
    const next = await dockerfile(
      `FROM ${base.image}\nRUN python -m pip install idna==3.9 && pip install six==1.17.0`,
      {},
      { imageNames: ['packages:2'] },
    );
    assert.equal(next.status, 'Succeeded', next.log);
    const history = at(await configOf('packages', '2'), 'history');
    assert.ok(Array.isArray(history));
    assert.equal(history.filter((entry: unknown) => at(entry, 'empty_layer') !== true).length, 4);
    const again = await dockerfile(
      `FROM ${base.image}\nRUN python -m pip install idna==3.9 && pip install six==1.17.0`,
      {},
      { imageNames: ['packages:3'] },
    );
    assert.match(again.log, /layer is used again/);
    assert.deepEqual(
      at((await registryGet('manifests/2', 'packages')).json, 'layers'),
      at((await registryGet('manifests/3', 'packages')).json, 'layers'),
    );
  });

  it('copies as docker does: into folders, by globs, past .dockerignore', async () => {
    const files = {
      'one.txt': '1',
      'two.txt': '2',
      'secret.env': 'x',
      'dir/in.txt': '3',
      'dir/skip.log': '4',
      '.dockerignore': '# no\n*.env\n**/*.log\n!dir/keep.log\n',
      'dir/keep.log': '5',
    };
    const text = 'FROM scratch\nWORKDIR /w\nCOPY *.txt ./\nCOPY dir /all/\nCOPY one.txt /renamed\nCOPY two.txt /w';
    const built = await dockerfile(text, files, { imageNames: ['copies:1'] });
    assert.equal(built.status, 'Succeeded', built.log);
    const next = await dockerfile(`FROM ${built.image}\nCOPY one.txt /all`, files, { imageNames: ['copies:2'] });
    assert.equal(next.status, 'Succeeded', next.log);
    const names = (await Promise.all([1, 2].map((tag) => layerNames('copies', String(tag))))).at(1);
    for (const name of ['w/one.txt', 'w/two.txt', 'all/in.txt', 'all/keep.log', 'renamed', 'all/one.txt'])
      assert.ok(names?.includes(name), name);
    for (const name of ['all/skip.log', 'w/secret.env']) assert.ok(names?.includes(name) === false, name);
  });

  async function layerNames(repository: string, tag: string): Promise<string[]> {
    const { gunzipSync } = await import('node:zlib');
    const { extract } = await import('tar-stream');
    const layers = at((await registryGet(`manifests/${tag}`, repository)).json, 'layers');
    assert.ok(Array.isArray(layers));
    const names: string[] = [];
    const password = await registryPassword(on.azure, token);
    for (const layer of layers as unknown[]) {
      const url = `${on.azure.url}/v2/${repository}/blobs/${textAt(layer, 'digest')}`;
      const basic = Buffer.from(`${tokenUser}:${password}`).toString('base64');
      const { request: httpsRequest } = await import('node:https');
      const blob = await new Promise<Buffer>((resolve, reject) => {
        const sent = httpsRequest(
          url,
          { headers: { authorization: `Basic ${basic}` }, ca: readFileSync(on.azure.caFile) },
          (answer) => {
            const chunks: Buffer[] = [];
            answer.on('data', (chunk: Buffer) => chunks.push(chunk));
            answer.on('end', () => resolve(Buffer.concat(chunks)));
          },
        );
        sent.on('error', reject);
        sent.end();
      });
      const tar = extract();
      tar.end(gunzipSync(blob));
      for await (const entry of tar) {
        names.push(entry.header.name);
        entry.resume();
      }
    }
    return names;
  }

  const failing: [string, string, Record<string, string>, RegExp][] = [
    [
      'an unknown base image',
      'FROM node:22\nCOPY a /a',
      { a: '' },
      /line 1: FROM node:22: this base image is not known here\. Known are scratch/,
    ],
    ['a base that the registry does not hold', 'FROM SERVER/none:1', {}, /manifest for \S+\/none:1 not found/],
    [
      'an instruction that is not supported',
      'FROM scratch\nADD a /a',
      { a: '' },
      /line 2: the instruction ADD is not supported here/,
    ],
    [
      'another command in RUN',
      'FROM python:3-slim\nRUN apt-get update',
      {},
      /line 2: RUN apt-get update: only pip install/,
    ],
    [
      'a missing source',
      'FROM scratch\nCOPY nothing.txt /x',
      {},
      /line 2: COPY failed: file not found in build context.*stat nothing\.txt/,
    ],
    [
      'a source outside the context',
      'FROM scratch\nCOPY ../x /x',
      {},
      /line 2: COPY failed: forbidden path outside the build context: \.\.\/x/,
    ],
    [
      'a requirements file that is not there',
      'FROM python:3-slim\nRUN pip install -r none.txt',
      {},
      /Could not open requirements file.*none\.txt/,
    ],
    [
      'a package that does not exist',
      'FROM python:3-slim\nRUN pip install surely-no-such-package==99.99',
      {},
      /surely-no-such-package[\s\S]*returned a non-zero code/,
    ],
    [
      'several files onto one',
      'FROM scratch\nCOPY a b /x',
      { a: '', b: '' },
      /line 2: When using COPY with more than one source/,
    ],
  ];
  for (const [what, text, files, message] of failing) {
    it(`fails on ${what}, and says so in the log`, async () => {
      const built = await dockerfile(text.replace('SERVER', loginServer(on.azure)), files);
      assert.equal(built.status, 'Failed');
      assert.match(built.log, message);
      assert.match(built.log, /Run ID: ch\w+ failed after \d+s\. Error: failed during run, err: exit status 1\n$/);
      assert.equal(built.image, '');
    });
  }

  it('fails without a Dockerfile, and without a context', async () => {
    const built = await buildImage(on.azure, token, await archive({ a: '' }), 'test:1');
    assert.match(built.log, /lstat Dockerfile: no such file or directory/);
    const scheduled = await schedule(on.azure, token, {
      sourceLocation: 'tasks-source/none.tar.gz',
      imageNames: ['test:1'],
    });
    assert.equal(
      textAt(await ended(on.azure, token, textAt(scheduled.json, 'name')), 'properties', 'status'),
      'Failed',
    );
  });

  it('refuses contexts that reach outside: absolute paths, .. and links', async () => {
    for (const entry of [
      { name: '/etc/x' },
      { name: '../x' },
      { name: 'a/../../x' },
      { name: 'link', type: 'symlink' as const, linkname: '/etc/passwd' },
    ]) {
      const built = await buildImage(on.azure, token, await archive({ Dockerfile: 'FROM scratch' }, [entry]), 'test:1');
      assert.equal(built.status, 'Failed', entry.name);
      assert.match(built.log, /the build context holds "[^"]*"/, entry.name);
    }
  });

  it('never writes the value of a secret argument to the log', async () => {
    const built = await dockerfile(
      'FROM scratch\nARG KEY\nLABEL a=$KEY\nCOPY no$KEY /x',
      {},
      { arguments: [{ name: 'KEY', value: 'hunter2', isSecret: true }] },
    );
    assert.equal(built.status, 'Failed');
    assert.match(built.log, /stat no\*\*\*/);
    assert.ok(!built.log.includes('hunter2'));
  });

  it('does not push when that was not asked', async () => {
    const built = await dockerfile(
      simple.Dockerfile,
      { 'a.txt': '' },
      { isPushEnabled: false, imageNames: ['unpushed:1'] },
    );
    assert.equal(built.status, 'Succeeded');
    assert.equal(at(built.run, 'properties', 'outputImages'), undefined);
    assert.equal((await registryGet('tags/list', 'unpushed')).json !== undefined, true);
    assert.match((await registryGet('tags/list', 'unpushed')).text, /NAME_UNKNOWN/);
  });

  it('can be cancelled', async () => {
    const sourceLocation = await upload(
      on.azure,
      token,
      await archive({ Dockerfile: 'FROM python:3-slim\nRUN pip install --no-cache-dir scipy pandas scikit-learn\n' }),
    );
    const scheduled = await schedule(on.azure, token, { sourceLocation, imageNames: ['cancelled:1'], noCache: true });
    const id = textAt(scheduled.json, 'name');
    const cancel = await request(
      on.azure,
      'POST',
      `${registryPath(on.azure)}/runs/${id}/cancel?api-version=2019-06-01-preview`,
      { token },
    );
    assert.equal(cancel.status, 200);
    assert.equal(textAt(await ended(on.azure, token, id), 'properties', 'status'), 'Canceled');
    let head = await request(on.azure, 'HEAD', await logLink(on.azure, token, id));
    while (head.headers['x-ms-meta-complete'] === undefined)
      head = await request(on.azure, 'HEAD', await logLink(on.azure, token, id));
    assert.equal(head.headers['x-ms-meta-complete'], 'canceled');
  });

  it('refuses requests it cannot honour, by name', async () => {
    const asked = async (more: Record<string, unknown>): Promise<string> =>
      textAt((await schedule(on.azure, token, more)).json, 'error', 'message');
    assert.match(await asked({ type: 'EncodedTaskRunRequest' }), /EncodedTaskRunRequest/);
    assert.match(await asked({ agentPoolName: 'pool' }), /Agent pools/);
    assert.match(await asked({ platform: { os: 'Windows' } }), /Windows/);
    assert.match(await asked({ imageNames: ['Not Valid'] }), /Not Valid/);
    assert.match(await asked({ timeout: 5 }), /timeout/);
    const missing = await request(
      on.azure,
      'GET',
      `${registryPath(on.azure)}/runs/none?api-version=2019-06-01-preview`,
      { token },
    );
    assert.equal(missing.status, 404);
    const other = await request(on.azure, 'GET', `${registryPath(on.azure)}x/runs?api-version=2019-06-01-preview`, {
      token,
    });
    assert.equal(textAt(other.json, 'error', 'code'), 'ResourceNotFound');
  });

  it('satisfies the official description of the registry', async function () {
    const judge = await createJudge();
    if (judge === undefined) return void this.skip();
    const judging = judgeServer(judge, on.azure);
    const get = (path: string, version: string): Promise<unknown> =>
      request(on.azure, 'GET', `${registryPath(on.azure)}${path}?api-version=${version}`, { token });
    await dockerfile(simple.Dockerfile, { 'a.txt': 'judged' }, { imageNames: ['judged:1'] });
    await dockerfile('FROM nothing');
    await get('', '2023-07-01');
    await get('/runs', '2019-06-01-preview');
    await request(on.azure, 'GET', `${registryPath(on.azure).replace(/\/[^/]+$/, '')}?api-version=2023-07-01`, {
      token,
    });
    assert.deepEqual(await judging.verdict(), []);
    for (const operation of [
      'Registries_Get',
      'Registries_ScheduleRun',
      'Runs_Get',
      'Runs_List',
      'Runs_GetLogSasUrl',
      'Registries_GetBuildSourceUploadUrl',
    ]) {
      assert.ok(judge.seen.has(operation), `${operation} was judged: ${[...judge.seen].join(', ')}`);
    }
  });
});

/** Every field of the recorded answer is there and of the same type. */
function assertSameShape(ours: unknown, recorded: unknown, path: string): void {
  assert.equal(Array.isArray(ours) ? 'list' : typeof ours, Array.isArray(recorded) ? 'list' : typeof recorded, path);
  if (typeof recorded !== 'object' || recorded === null) return;
  for (const [key, value] of Object.entries(recorded)) assertSameShape(at(ours, key), value, `${path}.${key}`);
}
