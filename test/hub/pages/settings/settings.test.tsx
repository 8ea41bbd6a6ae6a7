import { fakeHost, renderHub, type Rendered } from '../../support';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { waitFor, within } from '@testing-library/react';
import SettingsPage from '../../../../hub/pages/settings';
import { isolationText } from '../../../../hub/pages/settings/words';
import { FakeService, json, projectId } from '../../devops/fake-service';

const attack = '<img src=x onerror=alert(1)>';
const ids = {
  approval: '8c6f20a7-a545-4486-9777-f762fafe0d4d',
  lock: '2ef31ad6-baa0-403a-8b45-2cbc9b4e5563',
  business: '445fde2f-6c39-441c-807f-8a59ff2e075f',
};

/** Two environments, one of them with an approval and a lock, and two folders of which the viewer sees one. */
function service(): FakeService {
  const check = (id: string, settings: object, name = '') => {
    return { id: 1, type: { id, name }, settings, resource: { type: 'environment', id: '3' } };
  };
  return new FakeService()
    .list(/^pipelines\/environments$/, () => [
      { id: 2, name: 'churn-dev' },
      { id: 3, name: 'churn-prod' },
    ])
    .on('POST', /^pipelines\/checks\/queryconfigurations$/, () => ({
      count: 3,
      value: [
        check(ids.approval, { approvers: [{ id: 'a', displayName: attack }], requesterCannotBeApprover: false }),
        check(ids.lock, {}),
        check('fe1de3ee-a436-41b4-bb20-f6eb4cb879a7', {
          displayName: 'Office hours',
          definitionRef: { id: ids.business },
        }),
      ],
    }))
    .list(/^build\/definitions$/, () => [
      { id: 14, name: 'churn-train', path: '\\mlops\\team-a' },
      { id: 15, name: attack, path: '\\' },
    ])
    .on('POST', /^security\/permissionevaluationbatch$/, ({ body }) => {
      const { evaluations } = body as { evaluations: { token: string; permissions: number }[] };
      return {
        evaluations: evaluations.map(({ token, permissions }) => ({
          value: token.endsWith('team-a') ? permissions !== 16384 : token.endsWith('/3') && permissions === 1,
        })),
      };
    })
    .list(/^projects\/[^/]+\/teams$/, () => [{ id: 't', name: 'Team A' }]);
}

async function show(of: FakeService): Promise<Rendered> {
  const client = { fetch: of.fetch, sleep: () => Promise.resolve() };
  const view = renderHub(<SettingsPage />, { host: fakeHost(), client });
  await waitFor(() => assert.equal(view.queries.isFetching(), 0));
  return view;
}

describe('settings page', () => {
  it('says what the checks of production are worth, before the other environments', async () => {
    const { getByRole, container } = await show(service());
    const prod = within(getByRole('region', { name: 'Environment churn-prod' }));
    prod.getByText('3 of 5 rules are not met.');
    prod.getByRole('row', { name: /^Approval In order A deployment waits for approval by/ });
    prod.getByRole('row', { name: /^Four eyes Open Whoever queues a run can approve it too\. Clear/ });
    prod.getByRole('row', { name: /^Exclusive lock In order/ });
    prod.getByText('Other checks: Office hours.');
    prod.getByText('By your own rights you may see it.');
    const names = [...container.querySelectorAll('h3, summary')].map(({ textContent }) => textContent);
    assert.deepEqual(names.slice(0, 2), ['churn-prod (production)', 'churn-dev: 5 of 5 rules are not met']);
  });

  it('says who sees whose runs and how teams are kept apart', async () => {
    const { getByRole, getByText } = await show(service());
    getByRole('row', {
      name: '\\mlops\\team-a churn-train By your own rights you may see its runs, queue runs and edit its pipelines.',
    });
    getByRole('row', { name: /By your own rights you may do nothing here\.$/ });
    getByText('You belong to Team A.');
    getByText(/^Pipelines lie in the root folder/);
    getByText(/^Tags of runs are visible to all members of a project/);
  });

  it('asks for what the manifest says, and changes nothing', async () => {
    const of = service();
    const { getByRole } = await show(of);
    const manifest: unknown = JSON.parse(
      readFileSync(path.resolve(__dirname, '../../../../vss-extension.json'), 'utf8'),
    );
    const shown = [...getByRole('region', { name: 'Scopes' }).querySelectorAll('code')].map((code) => code.textContent);
    assert.deepEqual(shown, Reflect.get(manifest as object, 'scopes'));
    assert.deepEqual(of.paths('POST').sort(), [
      'pipelines/checks/queryconfigurations',
      'security/permissionevaluationbatch',
    ]);
    assert.deepEqual(of.paths('PATCH'), []);
  });

  it('makes no markup of names', async () => {
    const { container, getAllByText } = await show(service());
    assert.ok(container.querySelector('img') === null);
    assert.ok(getAllByText(/<img src=x/).length >= 2);
  });

  const parts: { what: string; method: string; path: RegExp; words: RegExp; stays: RegExp }[] = [
    {
      what: 'environments',
      method: 'GET',
      path: /^pipelines\/environments$/,
      words: /^The environments could not be shown/,
      stays: /^You belong to Team A/,
    },
    {
      what: 'checks',
      method: 'POST',
      path: /queryconfigurations$/,
      words: /^The checks could not be shown/,
      stays: /^By your own rights you may see it\.$/,
    },
    {
      what: 'pipelines',
      method: 'GET',
      path: /^build\/definitions$/,
      words: /^The pipelines could not be shown/,
      stays: /^3 of 5 rules are not met\.$/,
    },
    {
      what: 'rights',
      method: 'POST',
      path: /permissionevaluationbatch$/,
      words: /^What you may do could not be shown/,
      stays: /^3 of 5 rules are not met\.$/,
    },
    {
      what: 'teams',
      method: 'GET',
      path: /teams$/,
      words: /^Your teams could not be shown/,
      stays: /^3 of 5 rules are not met\.$/,
    },
  ];
  for (const { what, method, path: at, words, stays } of parts) {
    it(`says when the ${what} cannot be read, and shows the rest`, async () => {
      const view = await show(service().on(method, at, () => json({ message: 'Not for you.' }, 403)));
      view.getByText(words);
      view.getByText(/Not for you/);
      view.getByText(stays);
      view.getByText('vso.project');
      if (what === 'checks') {
        assert.ok(view.queryByText(/rules are not met/) === null);
        assert.equal(view.getAllByText('Its checks are not known, so nothing can be said about it.').length, 2);
      }
    });
  }

  it('says how to begin where there is nothing', async () => {
    const none = service()
      .list(/^pipelines\/environments$/, () => [])
      .list(/^build\/definitions$/, () => []);
    const { getByRole, getByText, queryByRole } = await show(none);
    getByRole('heading', { name: 'Nothing to audit yet' });
    getByText('vso.build');
    assert.ok(queryByRole('region', { name: 'Isolation of teams' }) === null);
    assert.ok(none.asked.every(({ url }) => url.href.includes(projectId)));
  });
});

describe('isolation in words', () => {
  const viewer = { viewRuns: true, queueRuns: false, editPipelines: false, administer: false };
  const folder = (path: string, viewRuns = true) => ({ path, pipelines: [], viewer: { ...viewer, viewRuns } });

  it('names the folders whose runs the viewer sees', () => {
    const [text, ...more] = isolationText([folder('\\a'), folder('\\b')], []);
    assert.match(text!, /^You see the runs of \\a and \\b\./);
    assert.deepEqual(more, []);
  });

  it('says when only an administrator’s allowance opens a folder', () => {
    assert.match(isolationText([folder('\\a'), folder('\\b', false)], [])[0]!, /^One folder shows you pipelines/);
  });
});
