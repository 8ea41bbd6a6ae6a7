import { quietly, renderHub } from '../support';
import assert from 'node:assert/strict';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { act, waitFor, within } from '@testing-library/react';
import { Boundary } from '../../../hub/app/boundary';
import { Shell, SinglePage } from '../../../hub/app/shell';
import { useUrlState } from '../../../hub/app/url-state';

let approvalsBroken = true;

const pages = {
  models: () => {
    const { data } = useQuery({ queryKey: ['models'], queryFn: () => Promise.resolve('the models') });
    return <p>{data}</p>;
  },
  version: () => <p>a version</p>,
  compare: () => <p>a comparison</p>,
  deployments: () => <p>the deployments</p>,
  approvals: () => {
    if (approvalsBroken) throw new Error('no approvals today');
    return <p>the approvals</p>;
  },
  delivery: () => <p>the delivery</p>,
};

function Panel() {
  const { approval } = useUrlState().params;
  useEffect(() => {
    if (approval === 'broken') throw new Error('this panel cannot be');
  }, [approval]);
  return <p>{`the panel ${approval ?? ''}`}</p>;
}

const shell = <Shell pages={pages} useApprovalCount={() => 2} />;

describe('shell', () => {
  it('shows the view of the address with heading, title and selected tab', () => {
    const { getByRole, getByText, host } = renderHub(shell, { params: { view: 'deployments' } });
    getByText('the deployments');
    assert.equal(getByRole('heading', { level: 1 }).textContent, 'Deployments');
    assert.equal(getByRole('tab', { selected: true }).textContent, 'Deployments');
    assert.deepEqual(host.asked.titles, ['Deployments']);
    assert.equal(document.title, 'Deployments');
  });

  it('says how many approvals wait, after the first page has loaded', async () => {
    const { findByRole, getByRole } = renderHub(shell);
    assert.equal(getByRole('tab', { name: 'Approvals' }).textContent, 'Approvals');
    const tab = await findByRole('tab', { name: 'Approvals 2 waiting for you' });
    assert.equal(tab.querySelector('.bolt-tab-badge')?.textContent, '2 waiting for you');
  });

  it('changes the address with the tab and moves the focus to the heading', async () => {
    const { getByRole, getByText, user, host } = renderHub(shell, {
      params: { view: 'version', model: 'churn', version: '7' },
    });
    assert.equal(getByRole('heading', { level: 1 }).textContent, 'churn version 7');
    assert.equal(getByRole('tab', { selected: true }).textContent, 'Models');
    await user.click(getByRole('tab', { name: 'Delivery' }));
    getByText('the delivery');
    assert.equal(document.activeElement, getByRole('heading', { level: 1, name: 'Delivery' }));
    await waitFor(() => assert.deepEqual(host.asked.queries, [{ view: 'delivery', model: '', version: '' }]));
  });

  it('can be used with the keyboard alone', async () => {
    const { getByRole, getByText, user } = renderHub(shell, { params: { view: 'deployments' } });
    await user.tab();
    assert.equal(document.activeElement, getByRole('button', { name: 'Skip to content' }));
    await user.keyboard('{Enter}');
    assert.equal(document.activeElement, getByRole('tabpanel', { name: 'Deployments' }));
    act(() => getByRole('tab', { name: 'Models' }).focus());
    await user.keyboard('{ArrowRight}{ArrowRight}{ArrowRight}{Enter}');
    getByText('the delivery');
  });

  it('offers the tab for comparing only while something is compared', () => {
    const { queryByRole, unmount } = renderHub(shell);
    assert.equal(queryByRole('tab', { name: 'Compare' }), null);
    unmount();
    const { getByRole } = renderHub(shell, { params: { view: 'compare', model: 'churn' } });
    assert.equal(getByRole('tab', { selected: true }).textContent, 'Compare');
  });

  it(
    'keeps working around a page that breaks, and shows it again on request',
    quietly(async () => {
      approvalsBroken = true;
      const { getByRole, getByText, user } = renderHub(shell, { params: { view: 'approvals' } });
      const told = getByRole('alert').textContent;
      assert.match(told, /^This page could not be shown\. Something unexpected happened: no approvals today\. /);
      assert.match(told, /Reload the page, or report this\. The other pages work\./);
      await user.click(getByRole('tab', { name: 'Delivery' }));
      getByText('the delivery');
      await user.click(getByRole('tab', { name: /Approvals/ }));
      approvalsBroken = false;
      await user.click(within(getByRole('alert')).getByRole('button', { name: 'Try again' }));
      getByText('the approvals');
    }),
  );

  it(
    'tells of a panel that breaks in an effect, and forgets it once the address names another',
    quietly(async () => {
      const { getByRole, getByText, queryByRole, url } = renderHub(
        <SinglePage title="Model">
          <Panel />
        </SinglePage>,
        { params: { approval: 'broken' } },
      );
      assert.match(getByRole('alert').textContent, /this panel cannot be\. .* The rest of Azure DevOps works\./);
      getByRole('heading', { level: 1, name: 'Model' });
      act(() => url.patch({ approval: 'whole' }));
      getByText('the panel whole');
      assert.equal(queryByRole('alert'), null);
      // And not for ever where the new address breaks as well.
      act(() => url.patch({ approval: 'broken' }));
      assert.match(getByRole('alert').textContent, /this panel cannot be/);
      await Promise.resolve();
    }),
  );

  it(
    'works without the number of waiting approvals, and says so',
    quietly(async () => {
      const count = (): number => {
        throw new Error('no number');
      };
      const { findByRole, getByText } = renderHub(<Shell pages={pages} useApprovalCount={count} />);
      assert.match((await findByRole('alert')).textContent, /^The number of approvals that wait for you could not be/);
      getByText('the models');
    }),
  );

  it(
    'says that something broke even where nothing was said',
    quietly(async () => {
      const Silent = (): never => {
        throw null as unknown as Error;
      };
      const { getByRole } = renderHub(
        <Boundary what="This page">
          <Silent />
        </Boundary>,
      );
      assert.match(getByRole('alert').textContent, /^This page could not be shown\. .*an error without a message/);
      await Promise.resolve();
    }),
  );

  it('asks for everything again on refresh', async () => {
    const { getByRole, findByText, user, queries } = renderHub(shell);
    await findByText('the models');
    await waitFor(() => assert.equal(queries.getQueryState(['models'])?.status, 'success'));
    queries.setQueryData(['models'], 'old models');
    await findByText('old models');
    await user.click(getByRole('button', { name: 'Refresh' }));
    await findByText('the models');
  });

  it('neutralises what a model name hides in the heading', () => {
    const { getByRole } = renderHub(shell, { params: { view: 'version', model: 'chu\u202ern\u0007', version: '7' } });
    assert.equal(getByRole('heading', { level: 1 }).textContent, 'chu\ufffdrn\u2407 version 7');
  });
});
