import assert from 'node:assert/strict';
import { apiUrl, runPage } from '../../../hub/devops/connection';
import { ownLink } from '../../../hub/devops/links';
import { connection } from './fake-service';

describe('links out of answers', () => {
  it('are followed on the organisation itself only', () => {
    const good = 'https://dev.azure.com/fabrikam/p/_apis/build/builds/1';
    assert.equal(ownLink(connection, good)?.href, good);
    for (const bad of [
      'https://evil.example/fabrikam/',
      'http://dev.azure.com/fabrikam/x',
      'https://dev.azure.com/contoso/x',
      'https://dev.azure.com/fabrikam-evil/x',
      'https://dev.azure.com/fabrikam/../contoso/x',
      'https://dev.azure.com.evil.example/fabrikam/x',
      'https://user:secret@dev.azure.com/fabrikam/x',
      'https://dev.azure.com:8443/fabrikam/x',
      'javascript:alert(1)',
      '//dev.azure.com/fabrikam/x',
      'data:text/html,x',
      '',
      7,
      undefined,
    ]) {
      assert.equal(ownLink(connection, bad), undefined, String(bad));
    }
  });

  it('may be plain http on this machine', () => {
    const local = { ...connection, organization: 'http://127.0.0.1:4000/fabrikam/' };
    assert.ok(ownLink(local, 'http://127.0.0.1:4000/fabrikam/x'));
    assert.equal(ownLink(local, 'http://127.0.0.1:4001/fabrikam/x'), undefined);
    const plain = { ...connection, organization: 'http://tfs.example/fabrikam/' };
    assert.equal(ownLink(plain, 'http://tfs.example/fabrikam/x'), undefined);
  });

  it('are built with encoded parts', () => {
    const odd = { ...connection, project: 'a/b c' };
    assert.equal(apiUrl(odd, 'x', { a: '1&b=2' }).href, 'https://dev.azure.com/fabrikam/a%2Fb%20c/_apis/x?a=1%26b%3D2');
    assert.equal(apiUrl(odd, 'teams', {}, 'organization').href, 'https://dev.azure.com/fabrikam/_apis/teams');
    assert.equal(runPage(odd, 7), 'https://dev.azure.com/fabrikam/a%2Fb%20c/_build/results?buildId=7');
  });
});
