import assert from 'node:assert/strict';
import { Redactor } from '../../../lib/agent/redactor';

const secrets = {
  'endpoint key': 'kD8f+/aZ09qPlM3nVbXc7yTgHjKl2WsE',
  'password with quotes': 'p"w\\d&x=1 y/ü',
  'multi-line key':
    '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQDfake\n-----END PRIVATE KEY-----',
};

const encodings: Record<string, (value: string) => string> = {
  plain: (value) => value,
  base64: (value) => Buffer.from(value).toString('base64'),
  base64url: (value) => Buffer.from(value).toString('base64url'),
  uri: encodeURIComponent,
  json: (value) => JSON.stringify(value).slice(1, -1),
  hex: (value) => Buffer.from(value).toString('hex'),
};

describe('redacting secrets', () => {
  for (const [kind, secret] of Object.entries(secrets)) {
    for (const [name, encode] of Object.entries(encodings)) {
      it(`hides a registered ${kind} in its ${name} form, line by line`, () => {
        const redactor = new Redactor();
        redactor.add(secret);
        for (const line of secret.split('\n')) {
          const shown = redactor.redact(`before ${encode(line)} after`);
          assert.equal(shown, 'before *** after');
        }
      });
    }
  }

  it('hides what looks like a secret although nobody registered it', () => {
    const redactor = new Redactor();
    const token = ['eyJhbGciOiJSUzI1NiJ9', 'eyJhdWQiOiJodHRwcyJ9', 'c2lnbmF0dXJlLXZhbHVl'].join('.');
    assert.equal(redactor.redact(`token ${token}.`), 'token ***.');
    assert.equal(redactor.redact('GET https://x/y?sv=1&sig=abcDEF123%2B456&se=2'), 'GET https://x/y?sv=1&sig=***&se=2');
    assert.equal(redactor.redact('Authorization: Bearer abcdefghijklmnopqrstu'), 'Authorization: Bearer ***');
    assert.equal(redactor.redact('{"primaryKey":"abc","x":1}'), '{"primaryKey":"***","x":1}');
    assert.equal(redactor.redact('a=1&client_secret=hunter2&b=2'), 'a=1&client_secret=***&b=2');
  });

  it('hides the longer of two secrets whole', () => {
    const redactor = new Redactor();
    redactor.add('abcdef');
    redactor.add('abcdefghijkl');
    assert.equal(redactor.redact('abcdefghijkl'), '***');
  });

  it('leaves ordinary text alone', () => {
    const text = 'mse 3298.9, version 7, sha256:0a1b2c3d4e5f, significance = 0.05';
    assert.equal(new Redactor().redact(text), text);
  });
});
