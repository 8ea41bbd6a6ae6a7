import assert from 'node:assert/strict';
import { request } from 'node:http';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { startHost } from '../../../../local/devops/host';
import { Access } from '../../../../local/devops/host/access';
import { ExtensionData } from '../../../../local/devops/host/extension-data';
import { pageFolder, readManifest } from '../../../../local/devops/host/manifest';
import { check, isObject, list, shape, text } from '../../../../local/devops/shape';
import { start, temporaryFolder, user } from '../support';
import { manifest, runWithTask, setStage, taskId, type Stage } from './support';

interface Raw {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** Without what `fetch` does by itself: no decompression, any Host header. */
function raw(url: string, headers: Record<string, string> = {}, method = 'GET', body = ''): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('the host', () => {
  let stage: Stage;
  let origin: string;
  let key: string;
  before(async () => {
    stage = await setStage(false);
    const url = new URL(stage.host.url);
    origin = url.origin;
    key = new URLSearchParams(url.hash.slice(1)).get('key') ?? '';
  });
  after(() => stage.stop());

  const ask = (path: string, headers: Record<string, string>, body?: unknown): Promise<Raw> =>
    body === undefined
      ? raw(`${origin}/_host/${path}`, headers)
      : raw(`${origin}/_host/${path}`, headers, 'POST', JSON.stringify(body));

  it('listens at three places on loopback, and keeps its ports from start to start', async () => {
    const origins = new Set([origin, stage.host.assetsUrl, new URL(stage.devops.url).origin]);
    assert.equal(origins.size, 3);
    for (const one of origins) assert.match(one, /^http:\/\/127\.0\.0\.1:\d+$/);
    const stateDir = temporaryFolder();
    const devops = await start();
    const options = {
      devops,
      manifestFile: join(stage.folder, 'vss-extension.json'),
      hubFolder: join(stage.folder, 'hub'),
      pageFolder: join(stage.folder, 'page'),
      stateDir,
    };
    const first = await startHost(options);
    const taken = Number(new URL(first.url).port);
    await assert.rejects(startHost({ ...options, ports: { page: taken, assets: 0 } }), /Port \d+ is in use/);
    await first.stop();
    const second = await startHost(options);
    assert.equal(new URL(second.url).port, String(taken));
    assert.notEqual(new URL(second.url).hash, new URL(first.url).hash, 'each start has a key of its own');
    await second.stop();
    writeFileSync(join(stateDir, 'host.json'), '');
    await assert.rejects(startHost(options), /host\.json cannot be read: it is not JSON\. Remove this file: /);
    await devops.stop();
  });

  describe('gives tokens to its own page only', () => {
    it('with the key of this start', async () => {
      const ana = user(stage.devops, 'ana');
      const { status, body } = await ask('token', { 'x-mlops-key': key }, { user: ana.id });
      assert.equal(status, 200);
      const { token } = check(shape({ token: text }), JSON.parse(body.toString()), 'answer');
      assert.notEqual(token, ana.token);
      const used = await fetch(`${stage.devops.url}/diabetes/_apis/build/builds`, {
        headers: { authorization: `Bearer ${token}` },
      });
      assert.equal(used.status, 200);
    });

    for (const [why, headers] of [
      ['without a key', {}],
      ['with another key', { 'x-mlops-key': 'x'.repeat(32) }],
      ['from another origin', { 'x-mlops-key': 'KEY', origin: 'http://127.0.0.1:9' }],
      ['from another port of this machine', { 'x-mlops-key': 'KEY', 'sec-fetch-site': 'same-site' }],
      ['from another site', { 'x-mlops-key': 'KEY', 'sec-fetch-site': 'cross-site' }],
    ] as const) {
      it(`not ${why}`, async () => {
        const ana = user(stage.devops, 'ana');
        const given = Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, value === 'KEY' ? key : value]),
        );
        for (const path of [
          'token',
          `rest/${ana.id}/_apis/projects`,
          'configuration',
          'behaviour',
          'data/a/b',
          'ticket',
        ]) {
          const {
            status,
            body,
            headers: answered,
          } = await ask(path, given, path === 'token' ? { user: ana.id } : undefined);
          assert.equal(status, 403, path);
          assert.equal(answered['access-control-allow-origin'], undefined);
          assert.doesNotMatch(body.toString(), /ey[A-Z]/);
        }
      });
    }

    it('not under a name of another site, and with no preflight answered', async () => {
      assert.equal((await ask('configuration', { 'x-mlops-key': key, host: 'evil.example' })).status, 400);
      const preflight = await raw(`${origin}/_host/token`, { origin: 'http://evil.example' }, 'OPTIONS');
      assert.equal(preflight.headers['access-control-allow-origin'], undefined);
    });

    it('by a ticket once, for a minute', () => {
      const access = new Access(() => 'http://127.0.0.1:1');
      const [used, old] = [access.newTicket(1000), access.newTicket(1000)];
      assert.equal(access.redeem(used, 2000), access.key);
      assert.equal(access.redeem(used, 2000), undefined);
      assert.equal(access.redeem(old, 62_000), undefined);
      assert.equal(access.redeem('', 2000), undefined);
    });

    it('never with a token of a person in what the page learns', async () => {
      const { body } = await ask('configuration', { 'x-mlops-key': key });
      for (const { token } of stage.devops.users) assert.ok(!body.includes(token));
      assert.equal(
        check(shape({ users: list(shape({ shortName: text })) }), JSON.parse(body.toString()), '').users[0]?.shortName,
        'ana',
      );
    });
  });

  it('tells its page the projects, each with its team and those for whom it is there', async () => {
    const { body } = await ask('configuration', { 'x-mlops-key': key });
    const project = shape({ id: text, name: text, team: shape({ name: text }), seenBy: list(text) });
    const { projects } = check(shape({ projects: list(project) }), JSON.parse(body.toString()), '');
    const ids = (...names: Parameters<typeof user>[1][]): string[] => names.map((name) => user(stage.devops, name).id);
    assert.deepEqual(
      projects.map(({ name, team, seenBy }) => [name, team.name, seenBy]),
      [
        ['diabetes', 'diabetes Team', ids('ana', 'ben', 'cleo', 'dora', 'emil')],
        ['vision', 'vision Team', ids('ana', 'ben', 'cleo')],
      ],
    );
    assert.deepEqual(
      projects.map(({ id }) => id),
      stage.devops.projects.map(({ id }) => id),
    );
  });

  it('reads REST for its own pages in the name of the chosen person, and writes nothing through there', async () => {
    await runWithTask(stage, taskId);
    const ben = user(stage.devops, 'ben');
    const path = `rest/${ben.id}/diabetes/_apis/build/builds?$top=1&api-version=7.1`;
    const { status, body, headers } = await ask(path, { 'x-mlops-key': key });
    assert.deepEqual([status, isObject(JSON.parse(body.toString()))], [200, true]);
    assert.equal(headers['content-security-policy'], 'sandbox');
    for (const method of ['POST', 'DELETE', 'PUT']) {
      const refused = await raw(`${origin}/_host/${path}`, { 'x-mlops-key': key }, method);
      assert.equal(refused.status, 404, method);
    }
    assert.equal((await ask('rest/nobody/_apis/projects', { 'x-mlops-key': key })).status, 404);
  });

  it('refuses in a sentence what its controls or an address got wrong', async () => {
    const put = async (behaviour: unknown): Promise<[number, string]> => {
      const headers = { 'x-mlops-key': key, 'content-type': 'application/json' };
      const { status, body } = await raw(`${origin}/_host/behaviour`, headers, 'PUT', JSON.stringify(behaviour));
      return [status, body.toString()];
    };
    assert.deepEqual(await put({ fail: [{ status: 500, match: '(' }] }), [
      400,
      "$.fail[0].match: expected a regular expression, found '('.\n",
    ]);
    assert.deepEqual(await put({ latencyMs: -5 }), [
      400,
      '$.latencyMs: expected milliseconds from 0 to 60000, found number -5.\n',
    ]);
    const { status, body } = await ask('data/a/%E0%A4%A', { 'x-mlops-key': key });
    assert.equal(status, 400);
    assert.match(body.toString(), /'%E0%A4%A' is not a valid part of a URL/);
  });

  it('is where links to pages of the service lead, which has them at the address of REST', async () => {
    const { url } = stage.devops;
    const link = '/diabetes/_build/results?buildId=7&view=results';
    const { status, headers } = await raw(`${url}${link}`);
    assert.deepEqual([status, headers.location], [302, `${origin}/local${link}`]);
    const inSecond = `/${stage.devops.projects[1]?.id ?? ''}/_build/results?buildId=7`;
    assert.equal((await raw(`${url}${inSecond}`)).headers.location, `${origin}/local${inSecond}`);
    assert.equal((await raw(`${url}/diabetes/_apis/build/builds`)).status, 401);
  });

  it('is one page at every address, under a policy that lets in nothing from elsewhere but the extension', async () => {
    for (const path of ['/', '/local/diabetes/_build/results?buildId=1', '/local/diabetes/_apps/hub/x']) {
      const { status, headers } = await raw(`${origin}${path}`);
      assert.equal(status, 200);
      assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
      assert.ok(String(headers['content-security-policy']).includes(`frame-src ${stage.host.assetsUrl}`));
    }
  });

  describe('the extension files', () => {
    before(() => {
      const folder = join(stage.folder, 'hub');
      mkdirSync(join(folder, 'assets'));
      for (const name of ['chunk-4F2A91BC.js', 'main.css', 'icons.woff2', 'icons.svg'])
        writeFileSync(join(folder, 'assets', name), `/* ${'x'.repeat(2000)} */`);
      writeFileSync(join(stage.folder, 'secret.txt'), 'secret');
      symlinkSync(join(stage.folder, 'secret.txt'), join(folder, 'link.txt'));
    });

    for (const [file, type, cache] of [
      ['page.html', 'text/html; charset=utf-8', 'no-cache'],
      ['assets/chunk-4F2A91BC.js', 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
      ['assets/main.css', 'text/css; charset=utf-8', 'no-cache'],
      ['assets/icons.woff2', 'font/woff2', 'no-cache'],
      ['assets/icons.svg', 'image/svg+xml', 'no-cache'],
    ] as const) {
      it(`come as a delivery network gives them: ${file}`, async () => {
        const { status, headers } = await raw(`${stage.host.assetsUrl}/hub/${file}`);
        assert.deepEqual([status, headers['content-type'], headers['cache-control']], [200, type, cache]);
        assert.equal(headers['access-control-allow-origin'], '*');
        assert.equal(headers['content-security-policy'], undefined);
        const again = await raw(`${stage.host.assetsUrl}/hub/${file}`, { 'if-none-match': String(headers.etag) });
        assert.deepEqual([again.status, again.body.length], [304, 0]);
      });
    }

    it('come compressed to those who take that', async () => {
      const url = `${stage.host.assetsUrl}/hub/assets/main.css`;
      const plain = readFileSync(join(stage.folder, 'hub', 'assets', 'main.css'));
      const zipped = await raw(url, { 'accept-encoding': 'gzip, deflate' });
      assert.equal(zipped.headers['content-encoding'], 'gzip');
      assert.deepEqual(gunzipSync(zipped.body), plain);
      const brotli = await raw(url, { 'accept-encoding': 'gzip, br' });
      assert.equal(brotli.headers['content-encoding'], 'br');
      assert.deepEqual(brotliDecompressSync(brotli.body), plain);
      const neither = await raw(url, { 'accept-encoding': 'gzip;q=0' });
      assert.equal(neither.headers['content-encoding'], undefined);
    });

    for (const path of [
      '/',
      '/page.html',
      '/hub/',
      '/hub/none.js',
      '/hub/../secret.txt',
      '/hub/..%2fsecret.txt',
      '/hub/link.txt',
      '/hub/%00',
      '/hub/%zz',
    ]) {
      it(`do not include ${path}`, async () => {
        const { status, body } = await raw(`${stage.host.assetsUrl}${path}`);
        assert.deepEqual([status, body.includes('secret')], [404, false]);
      });
    }
  });
});

describe('a manifest', () => {
  it('tells its pages by their place and order', () => {
    const file = join(temporaryFolder(), 'vss-extension.json');
    writeFileSync(file, JSON.stringify(manifest));
    const read = readManifest(file);
    assert.deepEqual(
      read.contributions.map((one) => `${one.id} ${one.place}`),
      ['models-hub hub', 'settings-hub settings', 'model-tab run-tab'],
    );
    assert.deepEqual([pageFolder(read), read.scopes], ['hub', ['vso.build']]);
  });

  it('of this extension puts its three pages where users look for them', () => {
    const read = readManifest(join(__dirname, '../../../../vss-extension.json'));
    assert.deepEqual(read.contributions.map((one) => `${one.id} ${one.place}`).sort(), [
      'model-tab run-tab',
      'models-hub hub',
      'settings-hub settings',
    ]);
  });

  for (const [what, contribution, message] of [
    ['a page outside of the extension', { properties: { uri: '../x.html' } }, /a file of the extension/],
    ['a page of another site', { properties: { uri: 'https://evil.example/x.html' } }, /a file of the extension/],
    ['a list that is none', { properties: { uri: 'a.html', supportsTasks: 'x' } }, /supportsTasks: expected a list/],
  ] as const) {
    it(`is refused with ${what}`, () => {
      const file = join(temporaryFolder(), 'vss-extension.json');
      const contributions = [{ id: 'a', type: 'ms.vss-web.hub', ...contribution }];
      writeFileSync(file, JSON.stringify({ ...manifest, contributions }));
      assert.throws(() => readManifest(file), message);
    });
  }
});

describe('documents of an extension', () => {
  it('keep their versions, scopes apart, over a restart', () => {
    const folder = temporaryFolder();
    const data = new ExtensionData(folder);
    assert.throws(() => data.all('Default:Current', 'views'), { typeKey: 'DocumentCollectionDoesNotExistException' });
    assert.deepEqual(data.create('Default:Current', 'views', { id: 'a', n: 1 }), { id: 'a', n: 1, __etag: 1 });
    assert.throws(() => data.create('Default:Current', 'views', { id: 'a' }), { typeKey: 'DocumentExistsException' });
    assert.throws(() => data.set('Default:Current', 'views', { id: 'a', n: 2 }), {
      typeKey: 'InvalidDocumentVersionException',
    });
    assert.equal(data.set('Default:Current', 'views', { id: 'a', n: 2, __etag: 1 }).__etag, 2);
    assert.equal(data.update('Default:Current', 'views', { id: 'a', n: 3, __etag: -1 }).__etag, 3);
    assert.throws(() => data.update('Default:Current', 'views', { id: 'b' }), {
      typeKey: 'DocumentDoesNotExistException',
    });
    data.set('User:x', 'views', { id: '__proto__', n: 9 });
    const again = new ExtensionData(folder);
    assert.deepEqual(again.all('Default:Current', 'views'), [{ id: 'a', n: 3, __etag: 3 }]);
    assert.equal(again.get('User:x', 'views', '__proto__').n, 9);
    again.delete('Default:Current', 'views', 'a');
    assert.deepEqual(again.all('Default:Current', 'views'), []);
    assert.throws(() => again.set('User:x', 'views', { big: 'x'.repeat(1024 * 1024) }), /larger than 1 MiB/);
  });
});
