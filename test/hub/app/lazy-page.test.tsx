import assert from 'node:assert/strict';
import { lazyPage } from '../../../hub/app/lazy-page';
import { renderHub } from '../support';

describe('a page in a chunk of its own', () => {
  it('is asked for once, and shown at once the next time', async () => {
    let asked = 0;
    const Page = lazyPage(() => {
      asked += 1;
      return Promise.resolve({ default: () => <p>the page</p> });
    });
    const first = renderHub(<Page />);
    first.getByRole('status', { name: 'Loading the page' });
    await first.findByText('the page');
    first.unmount();
    renderHub(<Page />).getByText('the page');
    assert.equal(asked, 1);
  });

  it('says that it could not be loaded, once, and is asked for again when it is opened again', async () => {
    let asked = 0;
    const Page = lazyPage(() => {
      asked += 1;
      return Promise.reject(new Error('no such chunk'));
    });
    const first = renderHub(<Page />);
    assert.match((await first.findByRole('alert')).textContent, /^This page could not be shown\. .*no such chunk/);
    assert.equal(asked, 1);
    first.unmount();
    await renderHub(<Page />).findByRole('alert');
    assert.equal(asked, 2);
  });
});
