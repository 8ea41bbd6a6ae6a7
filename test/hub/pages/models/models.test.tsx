import { renderHub, type RenderOptions } from '../../support';
import type { QueryClient } from '@tanstack/react-query';
import { waitFor, within } from '@testing-library/react';
import assert from 'node:assert/strict';
import ModelsPage from '../../../../hub/pages/models';
import { FakeService, unanswered, json, userId } from '../../devops/fake-service';
import { guid } from '../../data/run-sample';
import { attacks, deployed, evaluated, serveChurn, type ChurnRun } from '../version/churn';

/** What a test does not wait for would come after its end. */
const settled = ({ queries }: { queries: QueryClient }) => waitFor(() => assert.equal(queries.isFetching(), 0));

function show(service: FakeService, options: RenderOptions = {}) {
  return renderHub(<ModelsPage />, { client: { fetch: service.fetch, sleep: () => Promise.resolve() }, ...options });
}

/** Each a version of a model of its own name. */
const models = (...names: string[]): ChurnRun[] =>
  names.map((model, position) => ({ id: position + 1, version: '1', entry: { model } }));

const versions = (count: number): ChurnRun[] =>
  Array.from({ length: count }, (_, position) => ({ id: count - position, version: String(count - position) }));

describe('models page', () => {
  it('says of a model what is newest, what serves, and whether the newest is better', async () => {
    const service = serveChurn(new FakeService(), [
      { id: 7, version: '7', index: { evaluation: [evaluated({ champion: 0.9, championVersion: '6' })] } },
      {
        id: 6,
        version: '6',
        index: { deployment: [deployed('6', { traffic: { v6: 90 } })] },
      },
    ]);
    const { findByRole } = show(service);
    const row = await findByRole('row', { name: /churn/ });
    await within(row).findByRole('link', { name: '6, 90 %' });
    within(row).getByText('Better than production');
    within(row).getByText(/better than 0\.9 of production/);
    within(row).getByText('ml-dev, \\mlops\\team-a');
    within(row).getByRole('img', { name: /^auc over 2 versions/ });
    assert.match(within(row).getByRole('link', { name: '#20261120.7' }).getAttribute('href') ?? '', /buildId=7$/);
    within(row).getByText('Someone');
  });

  it('needs three requests for the list; the state of other approvals comes after it', async () => {
    const asked: (string | null)[][] = [];
    const service = serveChurn(new FakeService(), versions(2));
    service.list(/^pipelines\/approvals$/, ({ url }) => {
      asked.push([url.searchParams.get('state'), url.searchParams.get('assignedTo')]);
      if (asked.length === 1) assert.equal(service.asked.filter(({ path }) => path === 'build/builds').length, 2);
      if (url.searchParams.get('state') !== null) return [];
      const one = { id: guid('x'), status: 'rejected', createdOn: '2026-11-20T09:32:00Z', steps: [] };
      return [{ ...one, pipeline: { owner: { id: 2, name: 'run' } } }];
    });
    const { findByRole } = show(service);
    await findByRole('link', { name: 'Rejected' });
    assert.deepEqual(asked, [
      ['pending', userId],
      ['pending', null],
      [null, null],
    ]);
  });

  it('says that older approvals than the service gives were not read', async () => {
    const service = serveChurn(new FakeService(), versions(1));
    const pipeline = { owner: { id: 1, name: 'run' } };
    service.list(/^pipelines\/approvals$/, ({ url }) =>
      Array.from({ length: url.searchParams.has('state') ? 1 : 100 }, (_, position) => {
        return { id: guid(`x${position}`), status: 'approved', createdOn: '2026-11-20T09:32:00Z', steps: [], pipeline };
      }),
    );
    const shown = show(service);
    await shown.findByText('Only the newest 100 approvals were read.');
    await settled(shown);
  });

  it('says of an approval that it waits for the viewer', async () => {
    const service = serveChurn(new FakeService(), versions(1));
    service.list(/^pipelines\/approvals$/, () => [
      {
        id: guid('x'),
        status: 'pending',
        createdOn: '2026-11-20T09:32:00Z',
        steps: [],
        pipeline: { owner: { id: 1, name: 'run' } },
      },
    ]);
    const shown = show(service);
    const link = await shown.findByRole('link', { name: 'Waits for you' });
    await settled(shown);
    assert.match(link.getAttribute('href') ?? '', new RegExp(`approval=${guid('x')}`));
  });

  it('says nothing of production that it does not know', async () => {
    const slow = serveChurn(new FakeService(), versions(1));
    const tags = (url: URL) => url.searchParams.get('tagFilters') ?? '';
    const isDeploy = ({ url }: { url: URL }) => tags(url).includes('mlops.deploy');
    const list = slow.fetch;
    const held = show(slow, {
      client: { fetch: (url, init) => (isDeploy({ url }) ? unanswered(init) : list(url, init)) },
    });
    within(await held.findByRole('row', { name: /churn/ })).getByText('loading');
    held.unmount();
    const failed = show(slow, {
      client: {
        fetch: (url, init) => (isDeploy({ url }) ? Promise.resolve(json({ message: 'no' }, 403)) : list(url, init)),
      },
    });
    await failed.findByText(/What serves in production could not be shown/);
    within(await failed.findByRole('row', { name: /churn/ })).getByText('unknown');
    failed.unmount();
    const shown = show(slow);
    within(await shown.findByRole('row', { name: /churn/ })).getByText('none');
    await settled(shown);
  });

  it('does not hold production against itself', async () => {
    const service = serveChurn(new FakeService(), [
      { id: 7, version: '7', index: { evaluation: [evaluated()], deployment: [deployed('7')] } },
    ]);
    const { findByRole, queryByText, queries } = show(service);
    const row = await findByRole('row', { name: /churn/ });
    await within(row).findByText(/0\.92/);
    await waitFor(() => assert.equal(within(row).getAllByRole('link', { name: '7' }).length, 2));
    await settled({ queries });
    assert.equal(queryByText(/of production/), null);
  });

  it('keeps keyword, filters and order in the address', async () => {
    const { findByRole, getByRole, queryByRole, getAllByRole, user, url } = show(
      serveChurn(new FakeService(), models('churn', 'fraud')),
    );
    await findByRole('row', { name: /churn/ });
    await user.type(getByRole('searchbox', { name: 'Filter by keyword' }), 'fra');
    assert.equal(url.read()['q'], 'fra');
    assert.equal(queryByRole('row', { name: /churn/ }), null);
    await user.click(getByRole('checkbox', { name: 'Mine' }));
    await findByRole('heading', { name: 'No model matches the filters' });
    await user.click(getByRole('button', { name: 'Clear filters' }));
    assert.deepEqual(url.read(), {});
    const names = () => getAllByRole('rowheader').map((header) => within(header).getByRole('link').textContent);
    await user.click(getByRole('button', { name: /^Model/ }));
    assert.deepEqual([url.read()['sort'], names()], ['model', ['churn', 'fraud']]);
    await user.click(getByRole('button', { name: /^Model/ }));
    assert.deepEqual([url.read()['sort'], names()], ['-model', ['fraud', 'churn']]);
    assert.equal(getByRole('columnheader', { name: /^Model/ }).getAttribute('aria-sort'), 'descending');
  });

  it('lets two to four versions of one model be chosen for a comparison', async () => {
    const runs = [...versions(5), { id: 9, version: '1', entry: { model: 'fraud' } }];
    const { findByRole, getByRole, user, url } = show(serveChurn(new FakeService(), runs), {
      params: { open: 'churn,fraud' },
    });
    const box = (version: number, model = 'churn') =>
      getByRole('checkbox', { name: `Compare version ${version} of ${model}` });
    await findByRole('button', { name: '5 versions of churn' });
    const compare = () => getByRole('button', { name: /^Compare/ });
    await user.click(box(5));
    assert.equal(compare().getAttribute('aria-disabled'), 'true');
    for (const version of [3, 2, 1]) await user.click(box(version));
    assert.ok(box(4).matches(':disabled'), 'a fifth cannot be chosen');
    await user.click(box(1, 'fraud'));
    assert.ok(!box(5).matches(':checked'), 'another model begins anew');
    await user.click(box(5));
    await user.click(box(4));
    await user.click(compare());
    assert.deepEqual(url.read(), { view: 'compare', model: 'churn', versions: '5,4' });
  });

  it('keeps models of one name in two workspaces apart', async () => {
    const runs = [
      { id: 2, version: '1', entry: { workspace: 'ml-prod' } },
      { id: 1, version: '1' },
    ];
    const view = show(serveChurn(new FakeService(), runs));
    const { findAllByRole, getAllByRole, getByText, user } = view;
    const boxes = { name: 'Compare version 1 of churn' };
    const [first, second] = await findAllByRole('button', { name: '1 version of churn' });
    await user.click(first!);
    assert.equal(getAllByRole('checkbox', boxes).length, 1);
    await user.click(second!);
    const [one, other] = getAllByRole('checkbox', boxes);
    assert.ok(one && other);
    assert.deepEqual(
      getAllByRole('link', { name: 'churn' })
        .map((link) => new URL((link as HTMLAnchorElement).href).searchParams.get('workspace'))
        .sort(),
      ['ml-dev', 'ml-prod'],
    );
    getByText('ml-dev, \\mlops\\team-a');
    getByText('ml-prod, \\mlops\\team-a');
    await user.click(one);
    assert.ok(one.matches(':checked') && !other.matches(':checked'));
  });

  it('shows the newest of many versions first, and goes on where the others begin', async () => {
    const { findByRole, queryByRole, user } = show(serveChurn(new FakeService(), versions(30)), {
      params: { open: 'churn' },
    });
    const more = await findByRole('button', { name: 'Show all 30 versions' });
    assert.equal(queryByRole('checkbox', { name: /version 5 of/ }), null);
    await user.click(more);
    assert.equal(document.activeElement, await findByRole('checkbox', { name: /version 5 of/ }));
  });

  it('asks for older runs of both lists', async () => {
    const all = versions(60).map((run) => ({
      ...run,
      build: { queueTime: new Date(Date.UTC(2026, 10, 20, 9, 0, run.id)).toISOString() },
    }));
    const service = serveChurn(new FakeService(), all);
    const whole = service.fetch;
    const paged: typeof whole = async (url, init) => {
      const answer = await whole(url, init);
      if (!url.pathname.endsWith('/build/builds')) return answer;
      const { value } = (await answer.json()) as { value: { queueTime: string }[] };
      const limit = url.searchParams.get('maxTime') ?? '9';
      const page = value.filter(({ queueTime }) => queueTime <= limit).slice(0, Number(url.searchParams.get('$top')));
      return json({ count: page.length, value: page });
    };
    const { findByText, findByRole, user } = show(service, { client: { fetch: paged } });
    await findByText('50 registrations shown; there are more.');
    await findByText('none among the runs loaded');
    await user.click(await findByRole('button', { name: 'Load more registrations' }));
    await findByText('All 60 registrations are shown.');
    await findByText('none');
  });

  it('says how to begin without models, and names entries that cannot be read', async () => {
    const empty = show(serveChurn(new FakeService(), []));
    await empty.findByRole('heading', { name: 'No models yet' });
    assert.match(empty.getByRole('region', { name: 'YAML to add' }).textContent, /RegisterModel@0/);
    empty.unmount();
    const { findByText, getByRole } = show(
      serveChurn(new FakeService(), [{ id: 2, version: '2', entry: { version: 7 } }, ...versions(1)]),
    );
    await findByText('1 entry could not be read');
    getByRole('row', { name: /churn/ });
  });

  for (const [status, text] of [
    [401, /did not accept your sign-in/],
    [403, /You lack a permission/],
  ] as const) {
    it(`says in words that the service answered ${status}`, async () => {
      const service = new FakeService().on('GET', /./, () => json({ message: 'no' }, status));
      const { findByText, getByText, queryByText } = show(service);
      await findByText(/^The models could not be shown/);
      assert.match(getByText(/^The models could not be shown/).parentElement?.textContent ?? '', text);
      assert.equal(queryByText('No models yet'), null);
    });
  }

  it('says that a scope may be missing when the browser keeps the answer back', async () => {
    const { findAllByText } = show(new FakeService(), {
      client: { fetch: () => Promise.reject(new TypeError('Failed to fetch')), sleep: () => Promise.resolve() },
    });
    await findAllByText(/lacks a permission scope/);
  });

  it('shows rows meanwhile', () => {
    show(new FakeService(), { client: { fetch: (_, init) => unanswered(init) } }).getByRole('status', {
      name: 'Loading models',
    });
  });

  it('leaves attack strings text, wherever they stand', async () => {
    const runs = attacks.map((text, position): ChurnRun => ({
      id: position + 1,
      version: text,
      records: [{}],
      entry: { model: text, workspace: text, metrics: { [text]: 1 } },
      index: {
        evaluation: [evaluated({ metric: text, decision: text, candidate: 'NaN', champion: 1, championVersion: text })],
        deployment: [
          deployed(text, { model: text, environment: `${text} prod`, deployment: text, traffic: { [text]: 5 } }),
        ],
      },
      build: {
        buildNumber: text,
        definition: { id: 1, name: text, path: text },
        requestedFor: { id: text, displayName: text, uniqueName: text },
      },
    }));
    const { container, findAllByRole, user, url } = show(serveChurn(new FakeService(), runs));
    const toggles = await findAllByRole('button', { name: /^1 version of/ });
    assert.equal(toggles.length, attacks.length);
    for (const toggle of toggles) await user.click(toggle);
    assert.equal(container.querySelectorAll('.models-version').length, attacks.length);
    assert.equal(container.querySelector('img, script, iframe'), null);
    assert.equal(Reflect.get(globalThis, 'hacked'), undefined);
    assert.ok(!container.textContent.includes('\u202e'));
    for (const link of container.querySelectorAll('a'))
      assert.match(link.href, /^https:\/\/dev\.azure\.com\/fabrikam\//);
    assert.equal((url.read()['open'] ?? '').split(',').length, attacks.length);
  });
});
