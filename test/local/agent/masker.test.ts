import assert from 'node:assert/strict';
import fc from 'fast-check';

import { isSecretParameter, SecretMasker } from '../../../local/agent/masker';

describe('secret masker', () => {
  const masked = (secret: string, text: string): string => {
    const masker = new SecretMasker();
    masker.addUserSecret(secret);
    return masker.mask(text);
  };

  const table: [string, string, string, string][] = [
    ['the value', 'hunter2', 'is hunter2!', 'is ***!'],
    ['base64', 'hunter2', Buffer.from('hunter2').toString('base64'), '***'],
    ['the JSON form', 'a"b\\c', 'x a\\"b\\\\c y', 'x *** y'],
    ['the URI form', 'hello wörld', 'q=hello%20w%C3%B6rld', 'q=***'],
    ['the backslash form', 'a\\\\b\\"c', 'a\\b"c', '***'],
    ['the escaped percent form', '50%\n', '50%AZP25%0A', '***'],
    ['the value without quotes', '"quoted"', 'quoted', '***'],
    ['the trimmed value', ' pad ', 'pad', '***'],
    ['each line of several', 'first\nsecond', 'a second line', 'a *** line'],
    ['the password in an address', 'other', 'https://me:pa%20ss@host/x', 'https://me:***@host/x'],
    ['overlapping places as one', 'aba', 'xababax', 'x***x'],
  ];
  for (const [what, secret, text, expected] of table) {
    it(`masks ${what}`, () => {
      assert.equal(masked(secret, text), expected);
    });
  }

  it('leaves white space alone', () => {
    assert.equal(masked('  ', 'a  b'), 'a  b');
  });

  it('masks a value only from when it is added', () => {
    const masker = new SecretMasker();
    assert.equal(masker.mask('late'), 'late');
    masker.add('late');
    assert.equal(masker.mask('late'), '***');
  });

  it('leaves no trace of a secret in any text around it', () => {
    const secret = fc.string({ minLength: 4 }).filter((text) => text.trim() !== '' && !text.includes('*'));
    fc.assert(
      fc.property(
        secret,
        fc.string(),
        fc.string(),
        (value, left, right) => !masked(value, left + value + right).includes(value),
      ),
    );
  });

  it('knows which connection parameters are public', () => {
    assert.deepEqual(
      ['tenantid', 'TenantId', 'authenticationType', 'serviceprincipalkey', 'apitoken'].map(isSecretParameter),
      [false, false, false, true, true],
    );
  });
});
