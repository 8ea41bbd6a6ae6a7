import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireProgram, runClient } from '../../support/clients';
import { at, metadataToken, request, resources, stage, textAt, type Reply, type Stage } from './client';
import {
  archive,
  buildImage,
  exchange,
  loginServer,
  ownerToken,
  postForm,
  registryPassword,
  registryPath,
  registryServices,
  serverFiles,
  tokenUser,
} from './image-builder';

const sha = (content: string | Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;

describe('the local registry', () => {
  let on: Stage;
  let token: string;
  let password: string;
  before(async () => {
    on = await stage({ services: registryServices });
    token = await ownerToken(on.azure);
    password = await registryPassword(on.azure, token);
  });
  after(() => on.end());

  const accessToken = async (scope: string): Promise<string> => {
    const form = { grant_type: 'refresh_token', service: loginServer(on.azure), scope, refresh_token: password };
    return textAt((await postForm(on.azure, '/oauth2/token', form)).json, 'access_token');
  };
  const ask = async (
    method: string,
    path: string,
    more: { scope?: string; body?: Buffer; headers?: Record<string, string> } = {},
  ): Promise<Reply> => {
    const { scope = 'repository:repo:pull,push,delete', body, headers } = more;
    return request(on.azure, method, path, {
      token: await accessToken(scope),
      body,
      headers: { 'content-type': 'application/octet-stream', ...headers },
    });
  };
  const code = (reply: Reply): unknown => at(reply.json, 'errors', 0, 'code');

  describe('tokens', () => {
    it('are asked for with a challenge that names realm, service and scope', async () => {
      const ping = await request(on.azure, 'GET', '/v2/');
      assert.equal(ping.status, 401);
      assert.equal(ping.headers['docker-distribution-api-version'], 'registry/2.0');
      assert.equal(
        ping.headers['www-authenticate'],
        `Bearer realm="${on.azure.url}/oauth2/token",service="${loginServer(on.azure)}"`,
      );
      const pull = await request(on.azure, 'GET', '/v2/a/b/manifests/1');
      assert.match(String(pull.headers['www-authenticate']), /scope="repository:a\/b:pull"$/);
      assert.equal(code(pull), 'UNAUTHORIZED');
      assert.equal((await request(on.azure, 'GET', '/v2/', { token: await accessToken('') })).status, 200);
    });

    it('come from an Entra token of Resource Manager or of the registry, and of nobody else', async () => {
      assert.equal(
        (await exchange(on.azure, await ownerToken(on.azure, 'https://containerregistry.azure.net/'))).status,
        200,
      );
      assert.equal((await exchange(on.azure, await ownerToken(on.azure, resources.storage))).status, 401);
      assert.equal((await exchange(on.azure, 'x.y.z')).status, 401);
      const wrong = await postForm(on.azure, '/oauth2/exchange', {
        grant_type: 'access_token',
        service: 'other.azurecr.io',
        access_token: token,
      });
      assert.equal(wrong.status, 400);
    });

    it('are not taken when forged, and one kind is not the other', async () => {
      const access = await accessToken('repository:repo:pull');
      const [header = '', , signature = ''] = access.split('.');
      const claims = Buffer.from(
        JSON.stringify({ kind: 'access', access: [{ type: 'repository', name: '*', actions: ['*'] }], exp: 9e9 }),
      ).toString('base64url');
      for (const bad of [`${header}.${claims}.${signature}`, password, token]) {
        assert.equal((await request(on.azure, 'GET', '/v2/repo/tags/list', { token: bad })).status, 401);
      }
      const form = { grant_type: 'refresh_token', service: loginServer(on.azure), scope: '', refresh_token: access };
      assert.equal((await postForm(on.azure, '/oauth2/token', form)).status, 401);
    });

    it('allow only their own repository and actions', async () => {
      const other = await request(on.azure, 'GET', '/v2/two/tags/list', {
        token: await accessToken('repository:one:pull'),
      });
      assert.equal(other.status, 401);
      assert.match(String(other.headers['www-authenticate']), /error="insufficient_scope"/);
      const push = await request(on.azure, 'POST', '/v2/one/blobs/uploads/', {
        token: await accessToken('repository:one:pull'),
      });
      assert.equal(push.status, 401);
    });

    it('carry what the caller may do in Azure: a task that may not push gets no push', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tasks-'));
      mkdirSync(join(folder, 'Puller'));
      const actions = [{ name: 'Microsoft.ContainerRegistry/registries/pull/read', scope: 'registry', why: 'a test' }];
      writeFileSync(join(folder, 'Puller', 'permissions.json'), JSON.stringify({ actions, dataActions: [] }));
      const held = await stage({ services: registryServices, tasksDir: folder });
      try {
        const refresh = await registryPassword(
          held.azure,
          await metadataToken(held.azure, resources.arm, { task: 'Puller' }),
        );
        const granted = async (scope: string): Promise<unknown> => {
          const form = { grant_type: 'refresh_token', service: loginServer(held.azure), scope, refresh_token: refresh };
          const access = textAt((await postForm(held.azure, '/oauth2/token', form)).json, 'access_token');
          const claims: unknown = JSON.parse(Buffer.from(access.split('.')[1] ?? '', 'base64url').toString());
          return at(claims, 'access', 0, 'actions');
        };
        assert.deepEqual(await granted('repository:a:pull,push'), ['pull']);
        assert.deepEqual(await granted('repository:a:delete'), []);
        assert.deepEqual(await granted('repository:a:*'), ['pull', 'metadata_read']);
        const builds = await request(
          held.azure,
          'POST',
          `${registryPath(held.azure)}/scheduleRun?api-version=2019-06-01-preview`,
          {
            token: await metadataToken(held.azure, resources.arm, { task: 'Puller' }),
            body: {},
          },
        );
        assert.equal(builds.status, 403);
        assert.match(builds.text, /Microsoft\.ContainerRegistry\/registries\/scheduleRun\/action/);
      } finally {
        await held.end();
        rmSync(folder, { recursive: true });
      }
    });
  });

  describe('blobs', () => {
    it('are uploaded in one piece', async () => {
      const content = Buffer.from('in one piece');
      const put = await ask('POST', `/v2/repo/blobs/uploads/?digest=${sha(content)}`, { body: content });
      assert.equal(put.status, 201);
      assert.equal(put.headers['location'], `/v2/repo/blobs/${sha(content)}`);
      const got = await ask('GET', `/v2/repo/blobs/${sha(content)}`);
      assert.equal(got.text, 'in one piece');
      assert.equal(got.headers['docker-content-digest'], sha(content));
      const head = await ask('HEAD', `/v2/repo/blobs/${sha(content)}`);
      assert.equal(head.headers['content-length'], '12');
      const part = await ask('GET', `/v2/repo/blobs/${sha(content)}`, { headers: { range: 'bytes=3-5' } });
      assert.deepEqual([part.status, part.text, part.headers['content-range']], [206, 'one', 'bytes 3-5/12']);
    });

    it('are uploaded in chunks, which must follow one another', async () => {
      const place = String((await ask('POST', '/v2/repo/blobs/uploads/')).headers['location']);
      const first = await ask('PATCH', place, { body: Buffer.from('abc'), headers: { 'content-range': '0-2' } });
      assert.deepEqual([first.status, first.headers['range']], [202, '0-2']);
      const gap = await ask('PATCH', place, { body: Buffer.from('x'), headers: { 'content-range': '7-7' } });
      assert.deepEqual([gap.status, gap.headers['range']], [416, '0-2']);
      assert.equal((await ask('GET', place)).headers['range'], '0-2');
      const done = await ask('PUT', `${place}?digest=${sha('abcdef')}`, { body: Buffer.from('def') });
      assert.equal(done.status, 201);
      assert.equal((await ask('GET', `/v2/repo/blobs/${sha('abcdef')}`)).text, 'abcdef');
    });

    it('are refused when their digest is another, and forgotten when cancelled', async () => {
      const place = String((await ask('POST', '/v2/repo/blobs/uploads/')).headers['location']);
      const wrong = await ask('PUT', `${place}?digest=${sha('x')}`, { body: Buffer.from('y') });
      assert.deepEqual([wrong.status, code(wrong)], [400, 'DIGEST_INVALID']);
      const second = String((await ask('POST', '/v2/repo/blobs/uploads/')).headers['location']);
      assert.equal((await ask('DELETE', second)).status, 204);
      assert.equal(code(await ask('GET', second)), 'BLOB_UPLOAD_UNKNOWN');
    });

    it('are mounted from another repository only by who may pull there, and are not seen elsewhere', async () => {
      const content = Buffer.from('to be mounted');
      await ask('POST', `/v2/repo/blobs/uploads/?digest=${sha(content)}`, { body: content });
      assert.equal(
        code(await ask('GET', `/v2/other/blobs/${sha(content)}`, { scope: 'repository:other:pull' })),
        'BLOB_UNKNOWN',
      );
      const path = `/v2/other/blobs/uploads/?mount=${sha(content)}&from=repo`;
      assert.equal((await ask('POST', path, { scope: 'repository:other:pull,push' })).status, 202);
      assert.equal((await ask('POST', path, { scope: 'repository:other:pull,push repository:repo:pull' })).status, 201);
    });
  });

  describe('manifests', () => {
    const put = async (repository: string, reference: string, manifest: object): Promise<Reply> =>
      ask('PUT', `/v2/${repository}/manifests/${reference}`, {
        scope: `repository:${repository}:pull,push`,
        body: Buffer.from(JSON.stringify(manifest)),
        headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
      });
    const config = Buffer.from('{}');
    const manifest = (more: object = {}): object => ({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha(config), size: 2 },
      layers: [],
      ...more,
    });
    before(() => ask('POST', `/v2/repo/blobs/uploads/?digest=${sha(config)}`, { body: config }));

    it('are found by tag and digest, as they were pushed', async () => {
      const text = JSON.stringify(manifest());
      const pushed = await put('repo', 'v1', manifest());
      assert.deepEqual([pushed.status, pushed.headers['docker-content-digest']], [201, sha(text)]);
      for (const reference of ['v1', sha(text)]) {
        const got = await ask('GET', `/v2/repo/manifests/${reference}`);
        assert.equal(got.text, text);
        assert.equal(got.headers['content-type'], 'application/vnd.oci.image.manifest.v1+json');
        const head = await ask('HEAD', `/v2/repo/manifests/${reference}`);
        assert.deepEqual([head.status, head.headers['content-length']], [200, String(text.length)]);
      }
    });

    it('are refused when they name what is not there, or another digest', async () => {
      assert.equal(
        code(await put('repo', 'bad', manifest({ layers: [{ digest: sha('nowhere'), size: 1 }] }))),
        'MANIFEST_BLOB_UNKNOWN',
      );
      assert.equal(code(await put('empty', 'bad', manifest())), 'MANIFEST_BLOB_UNKNOWN');
      assert.equal(code(await put('repo', sha('other'), manifest())), 'DIGEST_INVALID');
      assert.equal(code(await put('repo', '-bad-', manifest())), 'TAG_INVALID');
      assert.equal(code(await ask('PUT', '/v2/repo/manifests/x', { body: Buffer.from('{') })), 'MANIFEST_INVALID');
      assert.equal(code(await ask('GET', '/v2/repo/manifests/none')), 'MANIFEST_UNKNOWN');
      assert.equal(code(await ask('GET', '/v2/Upper/manifests/none')), 'NAME_INVALID');
    });

    it('list their tags page by page, and are deleted with them', async () => {
      for (const tag of ['p1', 'p2', 'p3']) await put('repo', tag, manifest({ annotations: { page: 'yes' } }));
      const first = await ask('GET', '/v2/repo/tags/list?n=2&last=p');
      assert.deepEqual(at(first.json, 'tags'), ['p1', 'p2']);
      assert.match(String(first.headers['link']), /^<\/v2\/repo\/tags\/list\?last=p2&n=2>; rel="next"$/);
      const rest = await ask('GET', '/v2/repo/tags/list?n=2&last=p2');
      assert.deepEqual([at(rest.json, 'tags', 0), rest.headers['link']], ['p3', undefined]);
      assert.equal((await ask('DELETE', '/v2/repo/manifests/p1')).status, 202);
      const digest = String((await ask('HEAD', '/v2/repo/manifests/p2')).headers['docker-content-digest']);
      assert.equal((await ask('DELETE', `/v2/repo/manifests/${digest}`)).status, 202);
      for (const gone of ['p1', 'p2', 'p3', digest])
        assert.equal((await ask('GET', `/v2/repo/manifests/${gone}`)).status, 404);
    });

    it('tell who refers to them', async () => {
      const subject = textAt(
        { d: (await put('repo', 'subject', manifest({ annotations: { a: '1' } }))).headers['docker-content-digest'] },
        'd',
      );
      const attached = await put(
        'repo',
        'sig',
        manifest({ artifactType: 'application/x.sig', subject: { digest: subject, size: 1 } }),
      );
      assert.equal(attached.headers['oci-subject'], subject);
      const found = await ask('GET', `/v2/repo/referrers/${subject}`);
      assert.equal(at(found.json, 'manifests', 0, 'artifactType'), 'application/x.sig');
      assert.equal(at(found.json, 'manifests', 0, 'digest'), attached.headers['docker-content-digest']);
      const filtered = await ask('GET', `/v2/repo/referrers/${subject}?artifactType=other`);
      assert.deepEqual(at(filtered.json, 'manifests'), []);
      assert.equal(filtered.headers['oci-filters-applied'], 'artifactType');
    });

    it('are listed by repository to who may see the catalog', async () => {
      assert.equal((await ask('GET', '/v2/_catalog')).status, 401);
      const list = await ask('GET', '/v2/_catalog', { scope: 'registry:catalog:*' });
      const names = at(list.json, 'repositories');
      assert.ok(Array.isArray(names) && names.includes('repo'));
    });
  });

  describe('skopeo', () => {
    let credentials: string;
    let environment: Record<string, string>;
    before(async function () {
      this.timeout(120_000);
      requireProgram(this, 'skopeo');
      credentials = `${tokenUser}:${password}`;
      environment = { SSL_CERT_FILE: on.azure.caBundleFile };
      const built = await buildImage(on.azure, token, await archive(serverFiles), 'skopeo/server:1');
      assert.equal(built.status, 'Succeeded', built.log);
    });
    const image = (name: string): string => `docker://${loginServer(on.azure)}/${name}`;

    it('inspects a built image', async () => {
      const { stdout, stderr, status } = await runClient(
        ['skopeo', 'inspect', '--creds', credentials, image('skopeo/server:1')],
        environment,
      );
      assert.equal(status, 0, stderr);
      const found: unknown = JSON.parse(stdout);
      assert.deepEqual(at(found, 'RepoTags'), ['1']);
      assert.equal(at(found, 'Os'), 'linux');
      assert.equal(at(found, 'Labels', 'org.opencontainers.image.base.name'), 'python:3-slim');
    });

    it('copies one out, checks every digest, and copies it in again', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'skopeo-'));
      try {
        const out = await runClient(
          ['skopeo', 'copy', '--src-creds', credentials, image('skopeo/server:1'), `oci:${folder}:1`],
          environment,
        );
        assert.equal(out.status, 0, out.stderr);
        const back = await runClient(
          ['skopeo', 'copy', '--dest-creds', credentials, `oci:${folder}:1`, image('skopeo/again:2')],
          environment,
        );
        assert.equal(back.status, 0, back.stderr);
      } finally {
        rmSync(folder, { recursive: true });
      }
      const digest = async (name: string): Promise<unknown> => {
        const { stdout } = await runClient(['skopeo', 'inspect', '--creds', credentials, image(name)], environment);
        return at(JSON.parse(stdout), 'Digest');
      };
      assert.equal(await digest('skopeo/again:2'), await digest('skopeo/server:1'));
    });

    it('is refused without credentials', async () => {
      const { stderr, status } = await runClient(['skopeo', 'inspect', image('skopeo/server:1')], environment);
      assert.notEqual(status, 0);
      assert.match(stderr, /authentication required/);
    });
  });
});
