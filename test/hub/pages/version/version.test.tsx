import { renderHub, type RenderOptions } from '../../support';
import type { QueryClient } from '@tanstack/react-query';
import { waitFor, within } from '@testing-library/react';
import assert from 'node:assert/strict';
import VersionPage from '../../../../hub/pages/version';
import { guid, indexOf } from '../../data/run-sample';
import { FakeService, json } from '../../devops/fake-service';
import {
  attacks,
  deployed,
  digest,
  evaluated,
  evaluation,
  registered,
  serveChurn,
  training,
  type ChurnRun,
} from './churn';

const settled = ({ queries }: { queries: QueryClient }) => waitFor(() => assert.equal(queries.isFetching(), 0));

/** Shows version 7 of churn, once everything was read. */
async function show(service: FakeService, params: Record<string, string> = {}, options: RenderOptions = {}) {
  const shown = renderHub(<VersionPage />, {
    params: { view: 'version', model: 'churn', version: '7', ...params },
    client: { fetch: service.fetch, sleep: () => Promise.resolve() },
    ...options,
  });
  await settled(shown);
  return shown;
}

const seven = (more: Partial<ChurnRun> = {}): ChurnRun => ({
  id: 7,
  version: '7',
  records: [registered('7', { card: '# Card of churn' }), evaluation('7'), training('7')],
  ...more,
});

const serve = (...runs: ChurnRun[]) => serveChurn(new FakeService(), runs);

describe('version page', () => {
  it('gives facts, card and provenance', async () => {
    const { findByRole, getByText, getByRole } = await show(serve(seven()));
    await findByRole('heading', { name: 'Card of churn' });
    getByText('ml-dev');
    getByText('Built from main');
    getByText('The evaluation allowed the promotion');
    getByText('No check of the run was bypassed');
    assert.equal(
      getByRole('link', { name: /Open the job.*ml\.azure\.com.*opens in a new tab/ }).getAttribute('target'),
      '_blank',
    );
  });

  it('keeps the tab in the address, under ids that are not those of the hub’s own tabs', async () => {
    const { user, url, getByRole, findByRole, container } = await show(serve(seven()), { tab: 'deployments' });
    getByRole('tabpanel', { name: 'Deployments' });
    getByRole('tab', { name: 'Deployments', selected: true });
    assert.equal(container.querySelector('#__bolt-tab-deployments'), null);
    await user.click(getByRole('tab', { name: 'Metrics' }));
    assert.equal(url.read()['tab'], 'metrics');
    await findByRole('tabpanel', { name: 'Metrics' });
  });

  it('holds metrics against production', async () => {
    const { getByRole } = await show(serve(seven()), { tab: 'metrics' });
    const row = getByRole('row', { name: /^auc/ });
    assert.match(row.textContent, /0\.92.*0\.9.*\+0\.02 \(better\).*Passed/);
    getByRole('row', { name: /^recall/ });
  });

  it('marks its version among the others, and says which were read where the list goes on', async () => {
    const runs = Array.from({ length: 51 }, (_, index) => {
      const number = 51 - index;
      return {
        id: number,
        version: String(number),
        build: { queueTime: new Date(Date.UTC(2026, 9, 1, 0, number)).toISOString() },
      };
    });
    const part = await show(serve(...runs), { tab: 'metrics', version: '48' });
    part.getByText('48 this version');
    part.getByText(/^Versions that were read: \d+ to 51\.$/);
    part.unmount();
    const all = await show(serve(seven()), { tab: 'metrics' });
    assert.equal(all.queryByText(/that were read/), null);
  });

  it('shows metrics that are no numbers', async () => {
    const records = [registered('7', { metrics: { loss: 'NaN', gain: '-Infinity' } })];
    const { getByRole } = await show(serve(seven({ records, entry: { metrics: {} } })), { tab: 'metrics' });
    assert.match(getByRole('row', { name: /^loss/ }).textContent, /not a number/);
    assert.match(getByRole('row', { name: /^gain/ }).textContent, /minus infinite/);
  });

  it('shows the evaluation with its rules and segments', async () => {
    const { getByRole, getByText } = await show(serve(seven()), { tab: 'evaluation' });
    getByText('The whole interval lies above the margin.');
    getByRole('region', { name: 'Guardrails' });
    getByRole('rowheader', { name: 'country = NO' });
    getByText('The run that registered this version did not test the data.');
  });

  it('draws the lineage, each node a link that leaves the frame, and says it as a table', async () => {
    const { findByRole, getByRole, user, url } = await show(serve(seven()), { tab: 'lineage' });
    const graph = await findByRole('group', { name: 'Origin and use of churn version 7' });
    const links = within(graph).getAllByRole('link');
    assert.equal(links.length, graph.querySelectorAll('[data-node]').length);
    for (const link of links) assert.equal(link.getAttribute('target'), '_top');
    getByRole('table', { name: 'Origin and use of churn version 7' });
    await user.click(within(graph).getByRole('link', { name: /^production then: churn 6/ }));
    assert.deepEqual(url.read(), { view: 'version', model: 'churn', version: '6' });
  });

  it('lists deployments with traffic, smoke tests and approvals', async () => {
    const smoke = indexOf('Production', 'smoke', {}, { verdict: 'passed' });
    const index = { deployment: [deployed('7', { traffic: { v7: 10, v6: 90 }, approval: guid('x') })], smoke: [smoke] };
    const { getByRole, getByText } = await show(serve(seven({ index })), { tab: 'deployments' });
    const row = getByRole('row', { name: /churn-prod/ });
    within(row).getByText('v7 10 %, v6 90 %');
    within(row).getByText('Passed');
    within(row).getByRole('link', { name: 'Who approved' });
    getByText('churn-prod: 10 %');
  });

  it('tells what happened, with decisions that the list of approvals no longer has', async () => {
    const index = { deployment: [deployed('7', { approval: guid('x').toUpperCase() })] };
    const service = serve(seven({ index }));
    const step = { status: 'approved', comment: 'Looks good', assignedApprover: { id: 'bo', displayName: 'Bo' } };
    service.list(/^pipelines\/approvals$/, ({ url }) =>
      url.searchParams.get('approvalIds') === null
        ? []
        : [
            {
              id: guid('x'),
              status: 'approved',
              createdOn: '2026-11-20T09:32:00Z',
              permissions: 'view',
              steps: [{ ...step, actualApprover: { id: 'someone', displayName: 'Someone' } }],
              pipeline: { owner: { id: 7, name: 'run' } },
            },
          ],
    );
    const shown = await show(service, { tab: 'activity' });
    await shown.findByText('Approved by Someone, who requested the run');
    shown.getByText('Looks good');
    shown.getByText("Registered by Someone's run");
    shown.getByText('2026-11-20 09:40 UTC');
  });

  it('shows checks that were bypassed in any run that deployed it', async () => {
    const stages = [{ name: 'Production', approval: guid('x'), finishTime: '2026-11-20T09:45:00Z' }];
    const later: ChurnRun = {
      id: 8,
      version: '7',
      records: [],
      index: { 'model-version': [], deployment: [deployed('7')] },
      sample: { stages },
    };
    const { findByText } = await show(serve(later, seven()), { tab: 'activity' });
    await findByText(/^Bypassed in run 20261120\.8: Approval of stage Production/);
  });

  it('says when it cannot be known whether a check was bypassed', async () => {
    const service = serve(seven());
    let reads = 0;
    service.on('GET', /^build\/builds\/7\/timeline$/, () => {
      reads += 1;
      return reads > 1 ? json({ message: 'no' }, 403) : { id: guid('t'), records: [] };
    });
    const { findByText, queryByText } = await show(service);
    await findByText('Whether a check was bypassed is not known');
    assert.equal(queryByText('No check of the run was bypassed'), null);
  });

  it('says that a version was registered several times and in two workspaces', async () => {
    const again = { ...seven(), id: 9, entry: { workspace: 'ml-prod' } };
    const { getByText, getByRole } = await show(serve(again, seven()));
    getByText(/^Registered 2 times in 2 workspaces; shown is the newest/);
    getByRole('link', { name: '#20261120.7' });
  });

  it('takes a workspace whose name is written in another case for the same', async () => {
    const again = { ...seven(), id: 9, entry: { workspace: 'ML-Dev' } };
    const { getByText, queryByRole } = await show(serve(again, seven()));
    getByText(/^Registered 2 times; shown is the newest/);
    assert.equal(queryByRole('link', { name: /^The version of workspace/ }), null);
  });

  it('says nothing of records before they are read', async () => {
    const service = serve(seven());
    service.on('GET', /^build\/builds\/7\/timeline$/, () => new Promise(() => undefined));
    const { findByRole, queryByText } = renderHub(<VersionPage />, {
      params: { model: 'churn', version: '7', tab: 'evaluation' },
      client: { fetch: service.fetch },
    });
    await findByRole('status', { name: 'Loading the evidence' });
    assert.equal(queryByText(/did not evaluate/), null);
  });

  it('goes on with what is sound when a record does not fit its schema, its hash or the index', async () => {
    const records = [registered('7'), evaluation('7', { decision: 'wonderful' })];
    const { getByText, getByRole } = await show(serve(seven({ records, entry: { metrics: { auc: 0.99 } } })), {
      tab: 'evaluation',
    });
    getByRole('alert');
    getByText(/record-1 \(mlops\.evaluation\.v1\) of stage Train is not a record of its kind/);
    getByText(/Index and evidence differ for record-0.*the index says/);
    getByText(/What the run left of this is not in order/);
    getByText(/did not test the data/);
  });

  it('keeps the list’s facts when the run was deleted', async () => {
    const service = serve(seven());
    service.on('GET', /^build\/builds\/7$/, () => json({ message: 'no such run' }, 404));
    const { getByText, getAllByText, queryByText } = await show(service);
    getByText(/^The evidence of this version could not be shown/);
    getByText('ml-dev');
    getAllByText('The evidence of the run could not be read.');
    assert.equal(queryByText(/Not evaluated against production in this run/), null);
  });

  it('says that a version was not found, and what is wrong when nothing can be read', async () => {
    (await show(serve(seven()), { version: '8' })).getByText('This version was not found');
    renderHub(<VersionPage />, { params: { view: 'version' } }).getByText('No version was named');
    const forbidden = new FakeService().on('GET', /./, () => json({ message: 'no' }, 403));
    (await show(forbidden, { version: '9' })).getByText(/^The version could not be shown/);
  });

  for (const attack of attacks.slice(0, -1)) {
    it(`leaves ${JSON.stringify(attack)} text, wherever it stands`, async () => {
      const texts = { [attack]: attack };
      const records = [
        registered(attack, {
          model: { name: attack, version: attack },
          job: attack,
          path: attack,
          modelType: attack,
          metrics: { [attack]: 1 },
          tags: texts,
          params: texts,
          card: `${attack}\n\n[away](javascript:globalThis.hacked=1)`,
          signature: { inputs: attack },
          dataFingerprint: attack,
        }),
        evaluation('7', {
          metric: attack,
          reason: attack,
          warnings: [attack],
          candidate: { job: attack, metrics: {} },
        }),
        training('7', { jobName: attack, studioUrl: 'javascript:globalThis.hacked=1' }),
      ];
      const index = {
        evaluation: [evaluated({ metric: attack, decision: attack, candidate: undefined })],
        deployment: [
          deployed(attack, { model: attack, deployment: attack, service: attack, environment: attack, traffic: {} }),
        ],
        package: [indexOf('Train', 'p', {}, { model: attack, version: attack, image: attack })],
      };
      const run = { id: 7, version: attack, records, entry: { model: attack, metrics: { [attack]: 1 } }, index };
      const { container, getByRole, user } = await show(serve(run), { model: attack, version: attack });
      for (const tab of ['Overview', 'Metrics', 'Evaluation', 'Lineage', 'Deployments', 'Activity']) {
        await user.click(getByRole('tab', { name: tab }));
        await waitFor(() => assert.equal(container.querySelector('.hub-skeleton, [role="status"]:not(:empty)'), null));
        assert.ok(getByRole('tabpanel', { name: tab }).textContent.length > 0);
        assert.equal(container.querySelector('img, script, iframe'), null);
        assert.ok(!container.textContent.includes('\u202e'));
        for (const link of container.querySelectorAll('a'))
          assert.doesNotMatch(String(link.getAttribute('href')), /^javascript/);
      }
      assert.equal(Reflect.get(globalThis, 'hacked'), undefined);
    });
  }

  it('compares with what production serves', async () => {
    const six: ChurnRun = { id: 6, version: '6', index: { deployment: [deployed('6')] } };
    const { getByRole, user, url } = await show(serve(seven(), six));
    await user.click(getByRole('link', { name: 'Compare with production' }));
    assert.deepEqual(url.read(), { view: 'compare', model: 'churn', versions: '6,7', workspace: 'ml-dev' });
  });

  it('shows the version’s own record of a run that registered two models', async () => {
    const other = registered('3', { model: { name: 'zebra', version: '3' }, job: 'job-z', digest: digest('b') });
    const { findByText } = await show(
      serve(seven({ records: [registered('7', { card: 'Mine' }), { ...other, card: 'Theirs' }] })),
    );
    await findByText('Mine');
  });
});
