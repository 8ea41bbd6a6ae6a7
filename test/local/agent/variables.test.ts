import assert from 'node:assert/strict';

import { SecretMasker } from '../../../local/agent/masker';
import { environmentName } from '../../../local/agent/names';
import { Variables } from '../../../local/agent/variables';

function variables(
  values: Record<string, string>,
  secrets: Record<string, string> = {},
): { masker: SecretMasker; store: Variables; warnings: string[] } {
  const masker = new SecretMasker();
  const store = new Variables(masker);
  const warnings = store.load([
    ...Object.entries(values).map(([name, value]) => ({ name, value })),
    ...Object.entries(secrets).map(([name, value]) => ({ name, value, secret: true })),
  ]);
  return { masker, store, warnings };
}

describe('variables of a job', () => {
  it('expands macros once and leaves unknown ones', () => {
    const { store } = variables({ a: '1', b: '$(a)' });
    assert.equal(store.expand('$(A) $(b) $(none) $($(a))'), '1 1 $(none) $(1)');
    store.set('c', '$(a)');
    assert.equal(store.expand('$(c)'), '$(a)');
    store.recalculate();
    assert.equal(store.expand('$(c)'), '1');
  });

  it('expands variables by each other, many levels deep', () => {
    const chain = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`v${index}`, `$(v${index + 1})`]));
    assert.equal(variables({ ...chain, v40: 'end' }).store.get('v0'), 'end');
  });

  it('warns of a cycle and of too deep a nesting', () => {
    const { store, warnings } = variables({ a: '$(b)', b: '$(a)' });
    assert.equal(store.get('a'), '$(b)');
    assert.match(warnings[0] ?? '', /Unable to expand variable 'a'. A cyclical reference was detected/);
    const deep = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`v${index}`, `$(v${index + 1})`]));
    assert.match(variables(deep).warnings[0] ?? '', /max expansion depth \(50\) was exceeded/);
  });

  it('makes what contains a secret a secret', () => {
    const { store, masker } = variables({ url: 'key=$(key)' }, { key: 's3cret' });
    assert.equal(store.all().find(({ name }) => name === 'url')?.secret, true);
    assert.equal(masker.mask('key=s3cret'), '***');
  });

  it('keeps a secret secret and a read-only variable read-only when it is set again', () => {
    const { store, masker } = variables({}, { key: 'first' });
    store.set('KEY', 'second');
    assert.equal(masker.mask('second'), '***');
    store.set('fixed', '1', { readOnly: true });
    store.set('fixed', '2');
    assert.equal(store.isReadOnly('Fixed'), true);
  });

  it('knows the read-only names of the agent, once they have a value', () => {
    const { store } = variables({ 'Agent.JobStatus': 'Succeeded' });
    assert.equal(store.isReadOnly('agent.jobstatus'), true);
    assert.equal(store.isReadOnly('system.debug'), false);
    assert.equal(store.isReadOnly('mine'), false);
  });

  it('mangles names for the environment', () => {
    assert.equal(environmentName('Build.Build Id-x'), 'BUILD_BUILD_ID-X');
    assert.equal(environmentName('My.Name', true), 'My_Name');
  });
});
