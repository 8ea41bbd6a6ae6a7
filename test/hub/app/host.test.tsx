import '../support';
import assert from 'node:assert/strict';
import { connectHost, type Sdk } from '../../../hub/app/host';
import { tokenSource } from '../../../hub/app/token';

/** The host's services as the SDK hands them out: objects of functions that answer promises. */
function sdk(
  changes: Record<string, Record<string, unknown>> = {},
  own: Partial<Record<keyof Sdk, unknown>> = {},
): Sdk {
  const services: Record<string, Record<string, unknown>> = {
    'ms.vss-features.location-service': {
      getResourceAreaLocation: () => Promise.resolve('https://dev.azure.com/fabrikam'),
    },
    'ms.vss-tfs-web.tfs-page-data-service': { getProject: () => Promise.resolve({ id: 'p1', name: 'Churn' }) },
    'ms.vss-features.host-navigation-service': { getQueryParams: () => Promise.resolve({ view: 'models', odd: 7 }) },
    'ms.vss-build-web.build-page-data-service': { getBuildPageData: () => Promise.resolve({ build: { id: 812 } }) },
    ...changes,
  };
  return {
    init: () => Promise.resolve(),
    ready: () => Promise.resolve(),
    notifyLoadSucceeded: () => Promise.resolve(),
    notifyLoadFailed: () => Promise.resolve(),
    getService: (id: string) => Promise.resolve(services[id] ?? {}),
    getAccessToken: () => Promise.resolve('token'),
    getUser: () => ({ id: 'u1', name: 'ana@fabrikam.test', displayName: 'Ana Li', descriptor: 'aad.x', imageUrl: '' }),
    getWebContext: () => ({ project: { id: 'p2', name: 'Of the handshake' }, team: { id: 't', name: 'T' } }),
    getContributionId: () => 'pub.ext.models-hub',
    getExtensionContext: () => ({ id: 'pub.ext', publisherId: 'pub', extensionId: 'ext', version: '1.0.0' }),
    ...own,
  } as unknown as Sdk;
}

const location = (answer: unknown) => ({
  'ms.vss-features.location-service': { getResourceAreaLocation: () => Promise.resolve(answer) },
});

describe('connection to the host page', () => {
  it('knows the organization, the project, the user and the run', async () => {
    const host = await connectHost(sdk());
    assert.equal(host.organization, 'https://dev.azure.com/fabrikam/');
    assert.deepEqual(host.project, { id: 'p1', name: 'Churn' });
    assert.deepEqual(host.user, {
      id: 'u1',
      displayName: 'Ana Li',
      uniqueName: 'ana@fabrikam.test',
      descriptor: 'aad.x',
    });
    assert.equal(host.hubId, 'pub.ext.models-hub');
    assert.equal(await host.runId(), 812);
    assert.deepEqual(await host.navigation.queryParams(), { view: 'models' });
  });

  it('takes the project of the handshake where the page does not say', async () => {
    const silent = { 'ms.vss-tfs-web.tfs-page-data-service': { getProject: () => Promise.resolve(undefined) } };
    assert.deepEqual((await connectHost(sdk(silent))).project, { id: 'p2', name: 'Of the handshake' });
  });

  it('gives up with a sentence when nothing answers', async () => {
    const silent = sdk({}, { init: () => new Promise(() => undefined) });
    await assert.rejects(
      connectHost(silent, 20),
      /did not answer within 0 seconds. This page works only inside Azure DevOps/,
    );
  });

  for (const [answer, sentence] of [
    [undefined, /instead of a text/],
    [7, /instead of a text/],
    ['not an address', /not an address/],
    ['http://dev.azure.com/fabrikam/', /not https/],
    ['http://127.0.0.1.evil.example/', /not https/],
    ['https://dev.azure.com@evil.example/', /not https/],
    ['javascript:alert(1)', /not https/],
  ] as const) {
    it(`refuses ${String(answer)} as the organization's address`, async () => {
      await assert.rejects(connectHost(sdk(location(answer))), sentence);
    });
  }

  it('accepts this machine for the local host', async () => {
    assert.equal(
      (await connectHost(sdk(location('http://127.0.0.1:4001/fabrikam')))).organization,
      'http://127.0.0.1:4001/fabrikam/',
    );
  });

  it('says which service of the host is missing', async () => {
    await assert.rejects((await connectHost(sdk())).toast('hello'), /does not offer "addToast"/);
  });

  it('refuses a run page without an id', async () => {
    const page = {
      'ms.vss-build-web.build-page-data-service': { getBuildPageData: () => Promise.resolve({ build: {} }) },
    };
    await assert.rejects((await connectHost(sdk(page))).runId(), /without its id/);
  });
});

describe('token of the viewer', () => {
  const jwt = (expires: number): string =>
    `x.${Buffer.from(JSON.stringify({ exp: expires / 1000 })).toString('base64url')}.x`;

  it('is kept until shortly before it ends', async () => {
    let now = 0;
    let asked = 0;
    const token = tokenSource(
      () => Promise.resolve(jwt((asked += 1) * 3_600_000)),
      () => now,
    );
    await token();
    now = 3_600_000 - 121_000;
    await token();
    assert.equal(asked, 1);
    now = 3_600_000 - 119_000;
    await token();
    assert.equal(asked, 2);
  });

  it('is asked for once by callers at the same moment, and again when it was refused', async () => {
    let asked = 0;
    const token = tokenSource(
      () => Promise.resolve(`opaque ${(asked += 1)}`),
      () => 0,
    );
    assert.deepEqual(await Promise.all([token(), token(), token()]), ['opaque 1', 'opaque 1', 'opaque 1']);
    assert.equal(await token(), 'opaque 1');
    assert.equal(await token({ fresh: true }), 'opaque 2');
  });

  it('of an unknown form is kept for a minute', async () => {
    let now = 0;
    let asked = 0;
    const token = tokenSource(
      () => Promise.resolve(`opaque ${(asked += 1)}`),
      () => now,
    );
    await token();
    now = 59_000;
    assert.equal(await token(), 'opaque 1');
    now = 61_000;
    assert.equal(await token(), 'opaque 2');
  });

  it('is asked for again after the host failed once', async () => {
    let broken = true;
    const token = tokenSource(() => (broken ? Promise.reject(new Error('no')) : Promise.resolve('good')));
    await assert.rejects(token(), /no/);
    broken = false;
    assert.equal(await token(), 'good');
    await assert.rejects(tokenSource(() => Promise.resolve({ token: 'x' }))(), /gave no access token/);
  });
});
