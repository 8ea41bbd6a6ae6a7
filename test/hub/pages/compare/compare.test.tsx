import { renderHub } from '../../support';
import { waitFor, within } from '@testing-library/react';
import assert from 'node:assert/strict';
import ComparePage from '../../../../hub/pages/compare';
import { FakeService, json } from '../../devops/fake-service';
import { attacks, deployed, registered, serveChurn, type ChurnRun } from '../version/churn';

async function show(service: FakeService, params: Record<string, string>) {
  const shown = renderHub(<ComparePage />, {
    params: { view: 'compare', model: 'churn', ...params },
    client: { fetch: service.fetch, sleep: () => Promise.resolve() },
  });
  await waitFor(() => assert.equal(shown.queries.isFetching(), 0));
  return shown;
}

const version = (number: string, params: Record<string, string>, more: Partial<ChurnRun> = {}): ChurnRun => ({
  id: Number(number),
  version: number,
  records: [registered(number, { params })],
  ...more,
});

const three = () =>
  serveChurn(new FakeService(), [
    version('7', { depth: '3', trees: '10' }),
    version('6', { depth: '3', trees: '20' }, { index: { deployment: [deployed('6')] } }),
    version('5', { depth: '4', trees: '20' }),
  ]);

describe('compare page', () => {
  it('puts production first and marks what differs with more than weight', async () => {
    const { getAllByRole, getByRole } = await show(three(), { versions: '7,6' });
    assert.deepEqual(
      getAllByRole('columnheader')
        .slice(1)
        .map(({ textContent }) => textContent),
      ['Version 6Production', 'Version 7'],
    );
    assert.match(getByRole('row', { name: /^trees/ }).textContent, /trees, differs2010/);
    assert.doesNotMatch(getByRole('row', { name: /^depth/ }).textContent, /differs/);
  });

  it('keeps in the address that only differences are shown', async () => {
    const { getByRole, queryByRole, user, url } = await show(three(), { versions: '7,6' });
    await user.click(getByRole('checkbox', { name: 'Only differences' }));
    assert.equal(url.read()['different'], 'true');
    assert.equal(queryByRole('row', { name: /^depth/ }), null);
    getByRole('row', { name: /^trees/ });
  });

  it('puts production before the versions though it was not chosen', async () => {
    const { getAllByRole } = await show(three(), { versions: '7,5' });
    assert.deepEqual(
      getAllByRole('columnheader')
        .slice(1)
        .map(({ textContent }) => textContent),
      ['Version 6Production', 'Version 7', 'Version 5'],
    );
  });

  it('calls no version production that a step of another model replaced', async () => {
    const facts = { model: 'fraud', deployment: 'fraud', traffic: { fraud: 100 }, at: '2026-11-20T09:50:00Z' };
    const service = three();
    const own = serveChurn(new FakeService(), [
      version('9', {}, { index: { deployment: [deployed('1', facts)] }, entry: { model: 'fraud' } }),
    ]);
    const client = {
      sleep: () => Promise.resolve(),
      // Runs of the other model carry no tag of this one.
      fetch: async (...asked: Parameters<FakeService['fetch']>) => {
        const url = new URL(String(asked[0] instanceof Request ? asked[0].url : asked[0]));
        const tags = url.searchParams.get('tagFilters');
        return tags !== null && !tags.includes('mlops.m.') ? own.fetch(...asked) : service.fetch(...asked);
      },
    };
    const shown = renderHub(<ComparePage />, { params: { model: 'churn', versions: '7,6' }, client });
    await waitFor(() => assert.equal(shown.queries.isFetching(), 0));
    assert.deepEqual(
      shown
        .getAllByRole('columnheader')
        .slice(1)
        .map(({ textContent }) => textContent),
      ['Version 7', 'Version 6'],
    );
  });

  it('shows the others when one is not found or cannot be read', async () => {
    const service = three().on('GET', /^build\/builds\/5$/, () => json({ message: 'no such run' }, 404));
    const { getByText, getByRole } = await show(service, { versions: '7,5,99' });
    getByText('Version 99 was not found');
    getByText(/^The evidence of version 5 could not be shown/);
    within(getByRole('row', { name: /^trees/ })).getByText('not read');
  });

  it('says which of too many versions it leaves out', async () => {
    const many = await show(three(), { versions: '7,6,5,4,3,2,2' });
    many.getByText('At most four are compared; left out: 3, 2.');
    many.unmount();
    assert.equal((await show(three(), { versions: '7,6' })).queryByText(/left out/), null);
  });

  it('shortens digests, and shows all of one on demand', async () => {
    const digits = 'c'.repeat(64);
    const runs = ['7', '6'].map((name) =>
      version(name, {}, { records: [registered(name, { dataFingerprint: `sha256:${digits}` })] }),
    );
    const { getByRole, user } = await show(serveChurn(new FakeService(), runs), { versions: '7,6' });
    const row = getByRole('row', { name: /^Data fingerprint/ });
    assert.doesNotMatch(row.textContent, /c{13}/);
    await user.click(
      within(row).getByRole('button', { name: 'Show all of the digest of Data fingerprint of version 7' }),
    );
    within(row).getByText(`sha256:${digits}`);
  });

  it('says how to choose, and waits for all records', async () => {
    (await show(three(), { versions: '7' })).getByText('Nothing to compare');
    const slow = three().on('GET', /^build\/builds\/6\/timeline$/, () => new Promise(() => undefined));
    const { findByRole, queryByRole } = renderHub(<ComparePage />, {
      params: { model: 'churn', versions: '7,6' },
      client: { fetch: slow.fetch },
    });
    await findByRole('status', { name: 'Loading the versions' });
    assert.equal(queryByRole('table'), null);
  });

  it('leaves attack strings text', async () => {
    const params = Object.fromEntries(attacks.slice(0, -1).map((text) => [text, text]));
    const named = attacks[2] ?? '';
    const runs = [named, '6'].map((name, position) => version(name, params, { id: position + 1 }));
    const { container, getAllByRole } = await show(serveChurn(new FakeService(), runs), {
      versions: `${encodeURIComponent(named)},6`,
    });
    assert.equal(getAllByRole('columnheader').length, 3);
    assert.equal(container.querySelector('img, script'), null);
    assert.ok(!container.textContent.includes('\u202e'));
  });
});
