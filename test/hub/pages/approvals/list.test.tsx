import '../../support';
import assert from 'node:assert/strict';
import { within } from '@testing-library/react';
import { buildOf, guid } from '../../data/run-sample';
import { approvalId, decided, refused, scene, settled } from './scene';

describe('the list of approvals', () => {
  it('opens an approval with the focus on its heading and gives the focus back to its row', async () => {
    const of = scene();
    const view = of.open({});
    const button = await view.findByRole('button', { name: 'Decide: approval of run 20261120.812' });
    button.focus();
    await view.user.keyboard('{Enter}');
    assert.equal(view.url.read()['approval'], approvalId);
    assert.equal(document.activeElement?.tagName, 'H2');
    await view.findByRole('heading', { name: 'diabetes version 3', level: 2 });
    assert.equal(document.activeElement.textContent, 'diabetes version 3');
    await settled(view);
    await view.user.click(view.getByRole('button', { name: 'All approvals' }));
    assert.equal(view.url.read()['approval'], undefined);
    await settled(view);
    assert.equal(document.activeElement.getAttribute('data-approval'), approvalId);
  });

  it('leaves the focus where it is when the address names the approval', async () => {
    const view = scene().open({ approval: approvalId.toUpperCase() });
    await view.findByRole('heading', { name: 'diabetes version 3', level: 2 });
    await settled(view);
    assert.ok(document.activeElement === document.body);
  });

  it('says in the history what names no evidence', async () => {
    const view = scene(decided('LGTM')).open({ list: 'history' });
    const row = within(await view.findByRole('row', { name: /20261120\.812/ }));
    row.getByText('Names no evidence: given outside this page');
    row.getByText('1 of 1 approved (Ana Li)');
    row.getByRole('button', { name: /^Open: approval of run/ });
    await settled(view);
  });

  it('names the model of a run whatever it left behind: a rollback registers nothing, an old run is not among the newest', async () => {
    const of = scene();
    const entry = {
      ...{ name: 'deployment', sha256: 'a'.repeat(64), stage: 'Production', at: '2026-11-20T09:40:00Z' },
      ...{ target: 'aks', service: 'churn', environment: 'churn-prod', model: 'churn', version: '8' },
    };
    const text = { $type: 'System.String', $value: JSON.stringify([entry]) };
    of.service.list(/^build\/builds$/, ({ url }) => {
      if (url.searchParams.has('tagFilters')) return [];
      assert.match(url.searchParams.get('properties') ?? '', /mlops\.v1\.deployment/);
      return [{ ...buildOf(of.sample), properties: { 'mlops.v1.deployment': text } }];
    });
    const view = of.open({});
    await view.findByRole('link', { name: 'churn 8' });
    await settled(view);
  });

  it('names the model of a run also where the list of runs carries no properties', async () => {
    const of = scene();
    const entry = {
      ...{ name: 'deployment', sha256: 'a'.repeat(64), stage: 'Production', at: '2026-11-20T09:40:00Z' },
      ...{ target: 'aks', service: 'churn', environment: 'churn-prod', model: 'churn', version: '8' },
    };
    of.service.list(/^build\/builds$/, ({ url }) => (url.searchParams.has('tagFilters') ? [] : [buildOf(of.sample)]));
    of.service.on('GET', /^build\/builds\/812\/properties$/, () => ({
      count: 1,
      value: { 'mlops.v1.deployment': { $type: 'System.String', $value: JSON.stringify([entry]) } },
    }));
    const view = of.open({});
    await view.findByRole('link', { name: 'churn 8' });
    await settled(view);
  });

  it('has the last change first in the history, and what was asked for last first elsewhere', async () => {
    const of = scene(decided('LGTM'));
    const other = { ...of.approval, id: guid('other'), pipeline: { owner: { id: 813 } } };
    // Asked for later, and decided earlier.
    const early = { createdOn: '2026-11-20T10:00:00Z', lastModifiedOn: '2026-11-20T10:10:00Z' };
    const late = { createdOn: '2026-11-20T09:32:00Z', lastModifiedOn: '2026-11-20T12:00:00Z' };
    of.service.list(/^build\/builds$/, () => [buildOf(of.sample), buildOf({ ...of.sample, id: 813 })]);
    for (const [list, status, order] of [
      ['history', 'approved', ['20261120.812', '20261120.813']],
      ['pending', 'pending', ['20261120.813', '20261120.812']],
    ] as const) {
      of.service.list(/^pipelines\/approvals$/, () => [
        { ...other, ...early, status },
        { ...of.approval, ...late, status },
      ]);
      const view = of.open({ list });
      const rows = await view.findAllByRole('rowheader');
      assert.deepEqual(
        rows.map(({ textContent }) => /20261120\.\d+/.exec(textContent)?.[0]),
        order,
      );
      await settled(view);
      view.unmount();
    }
  });

  it('says that the service gave only the newest', async () => {
    const of = scene(decided('LGTM'));
    const others = Array.from({ length: 99 }, (_, index) => ({ ...of.approval, id: guid(`other ${index}`) }));
    of.service.list(/^pipelines\/approvals$/, () => [of.approval, ...others]);
    const view = of.open({ list: 'history' });
    await view.findByText('Only the newest 100 approvals were read.');
    await settled(view);
    view.unmount();
    of.service.list(/^pipelines\/approvals$/, () => [of.approval]);
    const whole = of.open({ list: 'history' });
    await whole.findByRole('row', { name: /20261120\.812/ });
    await settled(whole);
    assert.ok(whole.queryByText(/^Only the newest/) === null);
  });

  it('says when nothing waits, and what is wrong when nothing can be read', async () => {
    const none = scene({ pipeline: undefined }).open({});
    await none.findByText('Nothing waits for you');
    const broken = scene();
    broken.service.on('GET', /^pipelines\/approvals$/, () => refused(403, 'Not for you.'));
    const view = broken.open({ list: 'pending' });
    await view.findByText(/^The approvals could not be shown/);
    await view.findByText(/Not for you/);
  });
});
