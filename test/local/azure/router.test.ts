import assert from 'node:assert/strict';
import { Router } from '../../../local/azure/router';
import type { Route } from '../../../local/azure/service';

function route(method: Route['method'], path: string): Route {
  return { method, path, token: 'none', handle: () => ({ status: 200 }) };
}

describe('router of the local Azure', () => {
  const router = new Router([
    route('GET', '/v2/{name+}/blobs/{digest}'),
    route('GET', '/things/{name}'),
    route('GET', '/things/special'),
    route('PUT', '/things/{name}'),
  ]);
  const found = (method: string, path: string): unknown => {
    const match = router.find(method, path);
    return 'route' in match ? [match.route.path, match.params] : match;
  };

  it('prefers text to names, and ignores case and trailing slashes', () => {
    assert.deepEqual(found('GET', '/Things/SPECIAL/'), ['/things/special', {}]);
    assert.deepEqual(found('GET', '/things/other'), ['/things/{name}', { name: 'other' }]);
  });

  it('decodes names, and gives the rest of a path with its slashes', () => {
    assert.deepEqual(found('GET', '/things/a%20b%2Fc'), ['/things/{name}', { name: 'a b/c' }]);
    assert.deepEqual(found('GET', '/v2/team/model/blobs/sha256:1'), [
      '/v2/{name+}/blobs/{digest}',
      { name: 'team/model', digest: 'sha256:1' },
    ]);
  });

  it('takes broken percent-encoding as it is', () => {
    assert.deepEqual(found('GET', '/things/50%'), ['/things/{name}', { name: '50%' }]);
  });

  it('says which methods a path accepts', () => {
    assert.deepEqual(found('DELETE', '/things/x'), { methods: ['GET', 'PUT'] });
    assert.deepEqual(found('GET', '/nothing'), { methods: [] });
  });
});
