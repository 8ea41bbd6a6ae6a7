import { fakeHost, renderHub } from '../support';
import assert from 'node:assert/strict';
import { act, waitFor } from '@testing-library/react';
import { UrlStore, useUrlState } from '../../../hub/app/url-state';

function back(): Promise<void> {
  return new Promise((resolve) => {
    window.addEventListener('popstate', () => resolve(), { once: true });
    window.history.back();
  });
}

describe('state in the address', () => {
  it('changes what it shows, writes the address, and takes the back button', async () => {
    const Shown = () => {
      const { params, patch } = useUrlState();
      return <button onClick={() => patch({ model: 'churn', view: undefined })}>{JSON.stringify(params)}</button>;
    };
    const { getByRole, user, host } = renderHub(<Shown />, { params: { view: 'models' } });
    await user.click(getByRole('button'));
    assert.equal(getByRole('button').textContent, '{"model":"churn"}');
    await act(back);
    assert.equal(getByRole('button').textContent, '{"view":"models"}');
    await waitFor(() =>
      assert.deepEqual(host.asked.queries, [
        { model: 'churn', view: '' },
        { view: 'models', model: '' },
      ]),
    );
  });

  it('adds no step for the back button when it replaces, and none for no change', () => {
    const steps: string[] = [];
    const history = {
      pushState: (state: unknown) => void steps.push(`push ${JSON.stringify(state)}`),
      replaceState: (state: unknown) => void steps.push(`replace ${JSON.stringify(state)}`),
    };
    const store = new UrlStore({ a: '1' }, fakeHost().navigation, Object.assign(new EventTarget(), { history }));
    store.patch({ a: '1' });
    store.patch({ q: 'chu' }, { replace: true });
    store.patch({ q: '' });
    assert.deepEqual(store.read(), { a: '1' });
    assert.deepEqual(steps, [
      'replace {"mlops":{"a":"1"}}',
      'replace {"mlops":{"a":"1","q":"chu"}}',
      'push {"mlops":{"a":"1"}}',
    ]);
  });

  it('writes addresses in order even when the host is slow, and tells when one failed', async () => {
    const written: Record<string, string>[] = [];
    const failures: unknown[] = [];
    let first = true;
    const navigation = {
      setQueryParams: async (params: Record<string, string>) => {
        if (first) {
          first = false;
          await new Promise((resolve) => setTimeout(resolve, 5));
          throw new Error('the host is gone');
        }
        written.push(params);
      },
    };
    const store = new UrlStore({}, navigation, window, (error) => failures.push(error));
    store.patch({ a: '1' });
    store.patch({ a: '2' });
    await waitFor(() => assert.deepEqual(written, [{ a: '2' }]));
    assert.equal(failures.length, 1);
    store.close();
  });

  it('ignores history entries that are not its own', () => {
    const store = new UrlStore({ a: '1' }, fakeHost().navigation);
    for (const state of [null, 'text', { mlops: 7 }, { other: {} }]) {
      window.dispatchEvent(new PopStateEvent('popstate', { state }));
      assert.deepEqual(store.read(), { a: '1' });
    }
    store.close();
  });
});
