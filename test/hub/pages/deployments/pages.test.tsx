import { renderHub } from '../../support';
import assert from 'node:assert/strict';
import { cleanup, waitFor, within } from '@testing-library/react';
import type { ReactElement } from 'react';
import DeliveryPage from '../../../../hub/pages/delivery';
import DeploymentsPage from '../../../../hub/pages/deployments';
import { guid, indexOf, serveRun } from '../../data/run-sample';
import { FakeService } from '../../devops/fake-service';

const project = '11111111-1111-1111-1111-111111111111';
const entry = (at: string, version: string) => ({
  name: 'deployment.json',
  service: 'scorer',
  sha256: 'd'.repeat(64),
  stage: 'deploy',
  at,
  target: 'containerInstance',
  model: 'churn',
  version,
  environment: 'churn-prod',
});

function build(id: number, entries: unknown): unknown {
  return {
    id,
    buildNumber: `20261101.${id}`,
    status: 'completed',
    result: 'succeeded',
    queueTime: '2026-11-01T09:00:00Z',
    finishTime: '2026-11-01T10:00:00Z',
    definition: { id: 14, name: 'churn', path: '\\mlops\\team-a', project: { id: project, name: 'Churn' } },
    project: { id: project, name: 'Churn' },
    sourceBranch: 'refs/heads/main',
    sourceVersion: 'c0ffee',
    reason: 'manual',
    requestedFor: { id: 'ana', displayName: 'Ana Li', uniqueName: 'ana@fabrikam.test' },
    tags: ['mlops', 'mlops.deploy'],
    properties: { 'mlops.v1.deployment': { $type: 'System.String', $value: JSON.stringify(entries) } },
    _links: { web: { href: `https://dev.azure.com/fabrikam/${project}/_build/results?buildId=${id}` } },
  };
}

function service(...builds: unknown[]): FakeService {
  return new FakeService().list(/^build\/builds$/, () => builds);
}

function show(page: ReactElement, of: FakeService, params = {}) {
  return renderHub(page, { params, client: { fetch: of.fetch, sleep: () => Promise.resolve() } });
}

describe('deployments page', () => {
  const two = () =>
    service(build(2, [entry('2026-11-05T00:00:00Z', '7')]), build(1, [entry('2026-11-02T00:00:00Z', '6')]));

  it('shows what served at the date of the address, and verifies nothing that it cannot read', async () => {
    const { findByRole } = show(<DeploymentsPage />, two(), { at: '2026-11-03T00:00:00Z' });
    const table = await findByRole('region', { name: 'What served, as a table' });
    await waitFor(() => assert.equal(within(table).getAllByText(/^Not verified/).length, 2));
    within(table).getByText('churn 6');
    assert.equal(within(table).queryByText('churn 7'), null);
    const matrix = await findByRole('region', { name: 'Models by environment' });
    within(matrix).getByText('7');
  });

  it('stays there when an index holds half of a character', async () => {
    const content = {
      kind: 'mlops.deployment.v1',
      target: 'containerInstance',
      name: 'scorer',
      scoringUri: 'https://x.test/',
      model: { name: 'churn', version: '6' },
      environment: 'churn-prod',
    };
    for (const place of ['\ud800', `${'x'.repeat(78)}${'\u{1F600}'.repeat(3)}`]) {
      const facts = { target: 'containerInstance', service: 'scorer', model: 'churn', version: '6', place };
      const forged = indexOf('Production', 'deployment', content, { ...facts, environment: 'churn-prod' });
      const of = serveRun(service(build(1, [forged])), {
        id: 1,
        finishTime: '2026-11-20T09:30:00Z',
        stages: [
          {
            name: 'Production',
            finishTime: '2026-11-20T09:20:00Z',
            attachments: [{ kind: content.kind, name: 'deployment', content }],
          },
        ],
        properties: { 'mlops.v1.deployment': [forged] },
      });
      const view = show(<DeploymentsPage />, of);
      await view.findAllByText(/INDEX AND EVIDENCE DIFFER: .*place: the index says /);
      cleanup();
    }
  });

  it('takes the approval from the timeline, though the index leaves it out, and says that the index differs', async () => {
    const approval = guid('gate');
    const content = {
      kind: 'mlops.deployment.v1',
      target: 'containerInstance',
      name: 'scorer',
      scoringUri: 'https://x.test/',
      model: { name: 'churn', version: '6' },
      environment: 'churn-prod',
      approval: { id: approval, decidedBy: [], decidedOn: '2026-11-20T09:00:00Z', bound: true },
    };
    const facts = { target: 'containerInstance', service: 'scorer', model: 'churn', version: '6' };
    const forged = indexOf('Production', 'deployment', content, { ...facts, environment: 'churn-prod' });
    const attachment = { kind: content.kind, name: 'deployment', content };
    const finishTime = '2026-11-20T09:20:00Z';
    const of = serveRun(service(build(1, [forged])), {
      id: 1,
      finishTime: '2026-11-20T09:30:00Z',
      stages: [{ name: 'Production', finishTime, approval, attachments: [attachment] }],
      properties: { 'mlops.v1.deployment': [forged] },
    });
    const ben = { id: 'ben', displayName: 'Ben' };
    const comment = `evidence sha256:${'0'.repeat(64)}`;
    of.list(/^pipelines\/approvals$/, () => [
      {
        id: approval,
        status: 'approved',
        createdOn: '2026-11-20T09:05:00Z',
        steps: [{ assignedApprover: ben, actualApprover: ben, status: 'approved', comment, order: 1 }],
        permissions: 'view',
        pipeline: { owner: { id: 1 } },
      },
    ]);
    of.list(/^pipelines\/checks\/runs/, () => []);
    const { findByText, getByText, queryByText } = show(<DeploymentsPage />, of, { at: '2026-11-21T00:00:00Z' });
    await findByText(/OTHER EVIDENCE APPROVED: .* Approved by Ben/);
    getByText(/INDEX AND EVIDENCE DIFFER: approval: the index says nothing/);
    getByText(/^sha256:0000/);
    assert.equal(queryByText(/No approval was asked for/), null);
  });

  it('sounds the alarm where a step claims an environment that asks for an approval, and none was asked for', async () => {
    const content = {
      kind: 'mlops.deployment.v1',
      target: 'containerInstance',
      name: 'scorer',
      scoringUri: 'https://x.test/',
      model: { name: 'churn', version: '6' },
      environment: 'churn-prod',
    };
    const facts = { target: 'containerInstance', service: 'scorer', model: 'churn', version: '6' };
    const entries = ['blue', 'green'].map((service) =>
      indexOf(service, 'deployment', { ...content, name: service }, { ...facts, service, environment: 'churn-prod' }),
    );
    const ungated = () =>
      serveRun(service(build(1, entries)), {
        id: 1,
        finishTime: '2026-11-20T09:30:00Z',
        stages: ['blue', 'green'].map((name) => ({
          name,
          finishTime: '2026-11-20T09:20:00Z',
          attachments: [{ kind: content.kind, name: 'deployment', content: { ...content, name } }],
        })),
        properties: { 'mlops.v1.deployment': entries },
      });
    const check = (isDisabled: boolean, createdOn = '2026-11-01T00:00:00Z') => ({
      createdOn,
      id: 3,
      isDisabled,
      type: { id: '8c6f20a7-a545-4486-9777-f762fafe0d4d', name: 'Approval' },
      settings: { approvers: [{ id: 'ben', displayName: 'Ben' }] },
      resource: { type: 'environment', id: '5' },
    });
    const asking = (isDisabled: boolean, createdOn?: string) =>
      ungated()
        .list(/^pipelines\/environments$/, () => [{ id: 5, name: 'Churn-Prod' }])
        .on('POST', /^pipelines\/checks\/queryconfigurations$/, () => ({
          count: 1,
          value: [check(isDisabled, createdOn)],
        }));
    const of = asking(false);
    const view = show(<DeploymentsPage />, of, { at: '2026-11-21T00:00:00Z' });
    const alarm =
      '⚠ No approval was asked for, though environment churn-prod asks for one today: the check was added later, or the step claims an environment that is not its own';
    await waitFor(() => assert.equal(view.getAllByText(alarm).length, 2));
    assert.equal(of.paths().filter((path) => path === 'pipelines/environments').length, 1);
    assert.equal(of.paths('POST').length, 1);
    cleanup();
    // Where nothing asks for one, or what asks cannot be read, there is no reason for alarm; but which of the two it is, is said.
    for (const [quiet, words] of [
      [asking(true), 'No approval was asked for'],
      [ungated(), 'No approval was asked for: whether environment churn-prod asks for one today cannot be read here'],
    ] as const) {
      const calm = show(<DeploymentsPage />, quiet, { at: '2026-11-21T00:00:00Z' });
      await waitFor(() => assert.equal(calm.getAllByText(words).length, 2));
      cleanup();
    }
    // Nor where the check is younger than the run.
    const before = show(<DeploymentsPage />, asking(false, '2026-11-20T23:00:00Z'), { at: '2026-11-21T00:00:00Z' });
    const text = 'No approval was asked for: its environment began to ask for one after the run had ended';
    await waitFor(() => assert.equal(before.getAllByText(text).length, 2));
  });

  it('keeps the date in the address', async () => {
    const { findByRole, user, url } = show(<DeploymentsPage />, two(), { at: '2026-11-03T00:00:00Z' });
    await user.click(await findByRole('button', { name: 'Now' }));
    assert.equal(url.read()['at'], undefined);
  });

  it('says that a date of the address is none', async () => {
    const { findByText } = show(<DeploymentsPage />, two(), { at: 'yesterday' });
    await findByText(/“yesterday” in the address is no time/);
  });

  it('refuses a date in the future in words, and shows now', async () => {
    const { findByText, findByRole, queryByText, user, url } = show(<DeploymentsPage />, two(), {
      at: '2999-01-01T00:00:00Z',
    });
    await findByText(/2999-01-01 00:00 UTC lies in the future/);
    // The way back to an address without it.
    await user.click(await findByRole('button', { name: 'Now' }));
    assert.equal(url.read()['at'], undefined);
    assert.equal(queryByText(/lies in the future/), null);
    within(await findByRole('region', { name: 'What served, as a table' })).getByText('churn 7');
  });

  it('says what of the index cannot be read, and shows the rest', async () => {
    const { findByText, findAllByText } = show(
      <DeploymentsPage />,
      service(build(2, 'nonsense'), build(1, [entry('2026-11-02T00:00:00Z', '6')])),
    );
    await findByText(/The index of run 20261101\.2 does not say what was deployed/);
    await findAllByText('churn 6');
  });

  it('says that a run was tagged as a deployment and its index names none, alone or beside others', async () => {
    const told = /20261101\.2 does not say what was deployed: it names no deployment although the tag/;
    for (const others of [[], [build(1, [entry('2026-11-02T00:00:00Z', '6')])]]) {
      const { findByText, queryByText } = show(<DeploymentsPage />, service(build(2, []), ...others), {
        at: '2026-11-03T00:00:00Z',
      });
      await findByText(told);
      assert.equal(queryByText('Nothing has been deployed yet'), null);
      cleanup();
    }
  });

  it('says how to begin when nothing was deployed, and what is wrong when nothing can be read', async () => {
    await show(<DeploymentsPage />, service()).findByText('Nothing has been deployed yet');
    await show(<DeploymentsPage />, new FakeService()).findByText(/The deployments could not be shown/);
  });
});

describe('delivery page', () => {
  it('counts changes to production by team and model', async () => {
    const recent = new Date(Date.now() - 5 * 86_400_000).toISOString();
    const { findByText, getByRole, getByText } = show(<DeliveryPage />, service(build(1, [entry(recent, '6')])));
    await findByText('1 change to production, 0 versions registered');
    getByRole('row', { name: /team-a/ });
    const chart = getByRole('img', { name: /^Changes to production a week: / });
    const from = new Date(Date.now() - 6 * 86_400_000).toISOString().slice(5, 10);
    assert.equal(chart.getAttribute('aria-label'), `Changes to production a week: ${from} 1; 11 without any.`);
    getByText(/^Each column is the seven days from its date on, in UTC/);
    getByRole('row', { name: /^churn/ });
  });

  it('says what is wrong when nothing can be read', async () => {
    await show(<DeliveryPage />, new FakeService()).findByText(/The runs could not be shown/);
  });
});
