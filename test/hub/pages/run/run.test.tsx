import { fakeHost, renderHub } from '../../support';
import { waitFor } from '@testing-library/react';
import assert from 'node:assert/strict';
import RunPage from '../../../../hub/pages/run';
import { dataSanity, guid, serveRun, type Sample, type SampleAttachment } from '../../data/run-sample';
import { FakeService, json } from '../../devops/fake-service';
import { attacks, evaluation, registered, training } from '../version/churn';

const attached = (...bodies: Record<string, unknown>[]): SampleAttachment[] =>
  bodies.map((content, position) => ({ kind: String(content['kind']), name: `record-${position}`, content }));

const finished = '2026-11-20T09:30:00Z';
const sample = (attachments: SampleAttachment[], changes: Partial<Sample> = {}): Sample => ({
  id: 812,
  finishTime: finished,
  stages: [{ name: 'Train', finishTime: finished, attachments }],
  ...changes,
});

async function show(of: Sample, service = new FakeService(), host = fakeHost()) {
  service.list(/^pipelines\/approvals$/, () => []);
  const shown = renderHub(<RunPage />, {
    host,
    client: { fetch: serveRun(service, of).fetch, sleep: () => Promise.resolve() },
  });
  await waitFor(() => assert.equal(shown.queries.isFetching(), 0));
  return shown;
}

const smoke = (problem: string) => ({
  kind: 'mlops.smoke.v1',
  verdict: 'failed',
  scoringUri: 'https://x',
  authentication: 'key',
  requestsSha256: 'a'.repeat(64),
  expectation: 'status 200',
  startupSeconds: 1,
  sent: 1,
  planned: 2,
  problems: [problem, problem],
  requests: [{ index: 0, passed: false, status: 500 }],
});

describe('run tab', () => {
  it('shows every record in the order that a model comes about', async () => {
    const bodies = [smoke('too slow'), registered('7'), evaluation('7'), training('7'), dataSanity()];
    const { getAllByRole, getByRole } = await show(sample(attached(...bodies)));
    assert.deepEqual(
      getAllByRole('heading', { level: 2 }).map(({ textContent }) => textContent),
      ['Data', 'Training', 'Evaluation against production', 'Registered version', 'Smoke test'],
    );
    assert.match(
      getByRole('link', { name: 'churn version 7' }).getAttribute('href') ?? '',
      /view=version&model=churn&version=7$/,
    );
  });

  it('leads to the version in the workspace that the record names', async () => {
    const id =
      '/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/ws-prod/models/churn/versions/7';
    const { getByRole } = await show(sample(attached(registered('7', { model: { name: 'churn', version: '7', id } }))));
    assert.match(getByRole('link', { name: 'churn version 7' }).getAttribute('href') ?? '', /&workspace=ws-prod$/);
  });

  it('tells several records of a kind apart by name', async () => {
    const { getByRole } = await show(sample(attached(training('7'), training('8'))));
    getByRole('region', { name: 'Training: record-0, stage Train' });
    getByRole('region', { name: 'Training: record-1, stage Train' });
  });

  it('shows a bypassed check', async () => {
    const stage = { name: 'Production', approval: guid('x'), finishTime: finished };
    const { findByText } = await show(sample([], { stages: [stage] }));
    await findByText(/^Bypassed in run 20261120\.812: Approval of stage Production/);
  });

  it('says that nothing was left, yet or at all', async () => {
    (await show(sample([]))).getByText(/None of the tasks in this run came far enough/);
    (await show(sample([], { finishTime: undefined }))).getByText(/has left no record so far/);
  });

  it('says what is wrong with a record and shows the others', async () => {
    const broken = { kind: 'mlops.evaluation.v1', name: 'broken', content: '{"decision":"better"}' };
    const old = { kind: 'mlops.training.v1', name: 'spaced', content: JSON.stringify(training('7'), null, 2) };
    const { getByText, getByRole } = await show(sample([...attached(registered('7')), broken, old]));
    getByText(/broken \(mlops\.evaluation\.v1\) of stage Train is not a record of its kind/);
    getByText(/spaced \(mlops\.training\.v1\) of stage Train was not written by a task of this extension/);
    getByRole('heading', { name: 'Registered version' });
  });

  it('says that the run was deleted, and that the host names none', async () => {
    const service = new FakeService();
    const gone = await show(sample([]), service);
    gone.unmount();
    const deleted = new FakeService();
    serveRun(deleted, sample([]));
    const fetch: typeof deleted.fetch = (url, init) =>
      url.pathname.endsWith('/builds/812') ? Promise.resolve(json({ message: 'gone' }, 404)) : deleted.fetch(url, init);
    const { findByText } = renderHub(<RunPage />, { client: { fetch } });
    await findByText(/^The evidence of the run could not be shown/);
    const host = fakeHost({ runId: () => Promise.reject(new Error('no run here')) });
    await renderHub(<RunPage />, { host }).findByText(/^The run could not be shown/);
  });

  it('leaves attack strings text', async () => {
    for (const attack of attacks.slice(0, -1)) {
      const bodies = [
        smoke(attack),
        registered('7', { model: { name: attack, version: attack }, metrics: { [attack]: 'NaN' } }),
        training('7', { jobName: attack, status: attack, studioUrl: `javascript:${attack}`, metrics: { [attack]: 1 } }),
      ];
      const { container, getByRole, unmount } = await show(sample(attached(...bodies)));
      getByRole('heading', { name: 'Smoke test' });
      assert.equal(container.querySelector('img, script, iframe'), null);
      for (const link of container.querySelectorAll('a'))
        assert.match(link.href, /^https:\/\/dev\.azure\.com\/fabrikam\//);
      unmount();
    }
    assert.equal(Reflect.get(globalThis, 'hacked'), undefined);
  });
});
