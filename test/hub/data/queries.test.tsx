import { act, cleanup, renderHook, waitFor } from '@testing-library/react';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import assert from 'node:assert/strict';
import type { ReactNode } from 'react';
import * as queries from '../../../hub/data/queries';
import { servingAt } from '../../../hub/data/serving';
import type { ClientOptions } from '../../../hub/devops/client';
import { connection, FakeService, json, userId } from '../devops/fake-service';
import { buildOf, dataSanity, guid, indexOf, serveRun, sha256 } from './run-sample';

const hex = 'a'.repeat(64);
const approvalOf = (id: string, runId: number, more: Record<string, unknown> = {}) => ({
  id: guid(id),
  status: 'pending',
  createdOn: '2026-11-20T09:32:00Z',
  steps: [],
  permissions: 'view, update',
  pipeline: { owner: { id: runId, name: `secret run ${runId}` } },
  ...more,
});

/** A run that registered `churn`, as the list of runs gives it. */
function listed(id: number, version: string, properties = true): Record<string, unknown> {
  const entry = { name: `churn.${version}`, sha256: hex, stage: 'Register', at: '2026-11-20T09:10:00Z' };
  const value = { ...entry, model: 'churn', version, workspace: 'ws', metrics: { auc: 0.9 } };
  const deployed = { ...entry, target: 'aks', service: 'churn', model: 'churn', version, environment: 'churn-prod' };
  const text = (content: unknown) => ({ $type: 'System.String', $value: JSON.stringify(content) });
  return {
    ...buildOf({ id, stages: [], finishTime: '2026-11-20T10:00:00Z' }),
    queueTime: new Date(Date.parse('2026-11-20T09:00:00Z') + id * 1000).toISOString(),
    properties: properties
      ? { 'mlops.v1.model-version': text([value]), 'mlops.v1.deployment': text([deployed]) }
      : undefined,
  };
}

describe('hooks', () => {
  let service: FakeService;
  let client: QueryClient;

  beforeEach(() => {
    service = new FakeService();
    // What is kept for a while keeps the process alive as long.
    client = new QueryClient({
      defaultOptions: { queries: { gcTime: Infinity }, mutations: { gcTime: Infinity } },
    });
  });
  afterEach(() => {
    cleanup();
    client.clear();
  });

  function hook<R>(use: () => R) {
    const options: ClientOptions = { fetch: service.fetch, sleep: () => Promise.resolve() };
    const wrapper = ({ children }: { children: ReactNode }) => (
      <QueryClientProvider client={client}>
        <queries.DataProvider connection={connection} options={options}>
          {children}
        </queries.DataProvider>
      </QueryClientProvider>
    );
    return renderHook(use, { wrapper }).result;
  }

  it('need three requests for the first paint of the models', async () => {
    service.list(/^build\/builds$/, () => [listed(2, '2'), listed(1, '1')]);
    service.list(/^pipelines\/approvals$/, () => [approvalOf('a', 2)]);
    const result = hook(() => ({
      registrations: queries.useRegistrations(),
      deployments: queries.useDeploymentEvents(),
      waiting: queries.useWaitingByRun(),
    }));
    assert.ok(result.current.registrations.isLoading);
    await waitFor(() => {
      const { registrations, deployments, waiting } = result.current;
      assert.ok(![registrations, deployments, waiting].some(({ isLoading }) => isLoading));
    });
    assert.deepEqual(
      result.current.registrations.versions.map(({ model, version }) => [model, version]),
      [
        ['churn', '2'],
        ['churn', '1'],
      ],
    );
    assert.equal(result.current.deployments.events[0]?.isProduction, true);
    assert.deepEqual([...result.current.waiting.byRun], [[2, [guid('a')]]]);
    assert.equal(service.asked.length, 3);
    assert.equal(
      service.asked.find(({ path }) => path === 'pipelines/approvals')?.url.searchParams.get('assignedTo'),
      userId,
    );
  });

  it('ask each run for its index where the list carries none', async () => {
    service.list(/^build\/builds$/, () => [listed(2, '2', false), listed(1, '1', false)]);
    service.on('GET', /^build\/builds\/2\/properties$/, () => ({ value: listed(2, '2')['properties'] }));
    service.on('GET', /^build\/builds\/1\/properties$/, () => json({ message: 'no' }, 403));
    const result = hook(() => queries.useRegistrations());
    await waitFor(() => assert.equal(result.current.problem?.kind, 'forbidden'));
    assert.deepEqual(
      result.current.versions.map(({ version }) => version),
      ['2'],
    );
  });

  it('show what is wrong with an entry beside the others', async () => {
    const bad = { ...listed(3, '3'), properties: { 'mlops.v1.model-version': { $value: '[{"name":"x"}]' } } };
    service.list(/^build\/builds$/, () => [bad, listed(1, '1')]);
    const result = hook(() => queries.useRegistrations());
    await waitFor(() => assert.equal(result.current.versions.length, 1));
    assert.equal(result.current.unreadable[0]?.run.id, 3);
    assert.match(result.current.unreadable[0].problem, /mlops\.v1\.model-version\[0\]\.sha256 should be/);
  });

  it('page without the header and find a version far back', async () => {
    const all = Array.from({ length: 120 }, (_, at) => listed(120 - at, String(120 - at)));
    service.list(/^build\/builds$/, ({ url }) => {
      const limit = Date.parse(url.searchParams.get('maxTime') ?? '2099-01-01');
      const top = Number(url.searchParams.get('$top'));
      return all.filter((build) => Date.parse(String(build['queueTime'])) <= limit).slice(0, top);
    });
    serveRun(service, { id: 3, stages: [], finishTime: '2026-11-20T10:00:00Z' });
    const result = hook(() => queries.useModelVersion('churn', '3'));
    await waitFor(() => assert.ok(result.current.evidence));
    assert.equal(result.current.version?.run.id, 3);
    assert.equal(result.current.deployments.length, 1);
    assert.equal(result.current.siblings.length, 119);
    const lists = service.asked.filter(({ url }) => url.searchParams.get('tagFilters')?.includes('mlops.m.'));
    assert.equal(lists.length, 3);
    assert.equal(lists[0]?.url.searchParams.get('tagFilters'), `mlops,mlops.m.${sha256('churn').slice(0, 8)}`);
  });

  it('keep models of one name in two workspaces apart', async () => {
    const placed = (id: number, workspace: string, folder: string): Record<string, unknown> => {
      const text = JSON.stringify(listed(id, '1')).replace(/workspace\\":\\"ws/g, `workspace\\":\\"${workspace}`);
      const build = JSON.parse(text) as Record<string, unknown>;
      return { ...build, definition: { ...(build['definition'] as object), path: folder } };
    };
    const all = [placed(3, 'ws-b', '\\b'), placed(1, 'ws-a', '\\a')];
    service.list(/^build\/builds$/, () => all);
    for (const [workspace, run] of [
      ['WS-A', 1],
      ['ws-b', 3],
    ] as const) {
      const result = hook(() => queries.useModelVersion('churn', '1', workspace));
      await waitFor(() => assert.equal(result.current.version?.run.id, run));
      assert.deepEqual(
        [result.current.registrations, result.current.deployments, result.current.modelDeployments].map((list) =>
          list.map((one) => one.run.id),
        ),
        [[run], [run], [run]],
      );
    }
    const other = hook(() => queries.useModelVersion('churn', '1', 'ws-c'));
    await waitFor(() => assert.ok(other.current.isMissing));
  });

  it('tell by the endpoint whose version was deployed, where one pipeline registers in two workspaces', async () => {
    const at = (workspace: string) => ({
      target: 'managedEndpoint',
      place: `/x/providers/ml/workspaces/${workspace}/onlineEndpoints/churn`,
    });
    const placed = (id: number, workspace: string): Record<string, unknown> => {
      const text = JSON.stringify(listed(id, '1'))
        .replace(/workspace\\":\\"ws/g, `workspace\\":\\"${workspace}`)
        .replace(/\\"target\\":\\"aks\\"/g, JSON.stringify(JSON.stringify(at(workspace))).slice(2, -2));
      return JSON.parse(text) as Record<string, unknown>;
    };
    service.list(/^build\/builds$/, () => [placed(3, 'ws-prod'), placed(1, 'ws-dev')]);
    for (const [workspace, run] of [
      ['ws-dev', 1],
      ['ws-prod', 3],
      [undefined, 3],
    ] as const) {
      const result = hook(() => queries.useModelVersion('churn', '1', workspace));
      await waitFor(() => assert.equal(result.current.version?.run.id, run));
      assert.deepEqual(
        result.current.deployments.map((one) => one.run.id),
        [run],
      );
    }
  });

  it('give each version the smoke tests of its own deployments, where one run deployed several', async () => {
    const entry = { sha256: hex, at: '2026-11-20T09:50:00Z' };
    const registered = (workspace: string) => ({
      ...entry,
      name: workspace,
      stage: workspace,
      model: 'churn',
      version: '1',
      workspace,
      metrics: {},
    });
    const deployed = (workspace: string) => ({
      ...entry,
      name: workspace,
      stage: workspace,
      target: 'managedEndpoint',
      service: 'churn',
      model: 'churn',
      version: '1',
      place: `/x/providers/ml/workspaces/${workspace}/onlineEndpoints/churn`,
      environment: `churn-${workspace}`,
    });
    const smokes = [
      { ...entry, name: 'own', stage: 'dev', verdict: 'passed' },
      { ...entry, name: 'by environment', stage: 'later', environment: 'churn-prod', verdict: 'failed' },
      { ...entry, name: 'of nobody', stage: 'last', verdict: 'passed' },
    ];
    const text = (content: unknown) => ({ $type: 'System.String', $value: JSON.stringify(content) });
    const properties = {
      'mlops.v1.model-version': text(['dev', 'prod'].map(registered)),
      'mlops.v1.deployment': text(['dev', 'prod'].map(deployed)),
      'mlops.v1.smoke': text(smokes),
    };
    service.list(/^build\/builds$/, () => [{ ...listed(1, '1'), properties }]);
    for (const [workspace, names] of [
      ['dev', ['own', 'of nobody']],
      ['prod', ['by environment', 'of nobody']],
    ] as const) {
      const result = hook(() => queries.useModelVersion('churn', '1', workspace));
      await waitFor(() => assert.equal(result.current.version?.run.id, 1));
      assert.deepEqual(
        result.current.smokeTests.map(({ entry: { name } }) => name),
        names,
      );
    }
  });

  it('say when a version does not exist', async () => {
    service.list(/^build\/builds$/, () => [listed(1, '1')]);
    const result = hook(() => queries.useModelVersion('churn', '9'));
    await waitFor(() => assert.ok(result.current.isMissing));
    assert.equal(result.current.version, undefined);
  });

  it('show nothing of an approval whose run the viewer may not see', async () => {
    service.list(/^pipelines\/approvals$/, () => [approvalOf('a', 1), approvalOf('b', 2), approvalOf('c', 3)]);
    service.list(/^build\/builds$/, () => [listed(1, '1'), { ...listed(3, '3'), tags: ['other'] }]);
    const result = hook(() => queries.useApprovals('pending'));
    await waitFor(() => assert.equal(result.current.approvals.length, 1));
    assert.equal(result.current.approvals[0]?.run.id, 1);
    assert.doesNotMatch(JSON.stringify(result.current), /secret run/);
    assert.equal(service.asked.length, 2);
  });

  it('say that a list of approvals was full', async () => {
    let length = 99;
    service.list(/^pipelines\/approvals$/, () =>
      Array.from({ length }, (_, at) => approvalOf(String(at), 1, { status: at === 0 ? 'pending' : 'approved' })),
    );
    service.list(/^build\/builds$/, () => [listed(1, '1')]);
    const result = hook(() => queries.useApprovals('history'));
    await waitFor(() => assert.equal(result.current.approvals.length, 98));
    assert.equal(result.current.isCut, false);
    length = 100;
    act(() => result.current.refresh());
    await waitFor(() => assert.equal(result.current.isCut, true));
    assert.equal(result.current.approvals.length, 99);
  });

  it('find the step that replaced a version with another model', async () => {
    const entry = {
      name: 'd',
      sha256: hex,
      stage: 'Prod',
      at: '2026-11-20T09:50:00Z',
      target: 'aks',
      service: 'churn',
    };
    const replaced = { ...entry, model: 'fraud', version: '1', environment: 'churn-prod' };
    const other = {
      ...listed(2, '2'),
      properties: { 'mlops.v1.deployment': { $type: 'System.String', $value: JSON.stringify([replaced]) } },
    };
    service.list(/^build\/builds$/, ({ url }) =>
      url.searchParams.get('tagFilters')?.includes('mlops.m.') ? [listed(1, '1')] : [other, listed(1, '1')],
    );
    serveRun(service, { id: 1, stages: [], finishTime: '2026-11-20T10:00:00Z' });
    const result = hook(() => queries.useModelVersion('churn', '1'));
    await waitFor(() => assert.equal(result.current.modelDeployments.length, 2));
    assert.equal(result.current.deployments.length, 1);
    const serving = servingAt(result.current.modelDeployments, '2026-11-21T00:00:00Z');
    assert.deepEqual(
      serving.map(({ model, version }) => [model, version]),
      [['fraud', '1']],
    );
  });

  it('leave what is waiting out of the history', async () => {
    service.list(/^pipelines\/approvals$/, () => [approvalOf('a', 1), approvalOf('b', 1, { status: 'approved' })]);
    service.list(/^build\/builds$/, () => [listed(1, '1')]);
    const result = hook(() => queries.useApprovals('history'));
    await waitFor(() => assert.equal(result.current.approvals.length, 1));
    assert.deepEqual(
      [result.current.approvals[0]?.status, result.current.approvals[0]?.mayDecide],
      ['approved', false],
    );
  });

  it('open a gate once, decide, and show the outcome afterwards', async () => {
    const content = dataSanity();
    const kind = 'mlops.data-sanity.v1';
    const approval = approvalOf('gate', 812);
    serveRun(service, {
      id: 812,
      stages: [
        { name: 'Data', finishTime: '2026-11-20T09:20:00Z', attachments: [{ kind, name: 'd.json', content }] },
        { name: 'Prod', approval: approval.id },
      ],
      properties: {
        'mlops.v1.data-sanity': [indexOf('Data', 'd.json', content, { verdict: 'passed', failed: 0, rows: 100 })],
      },
    });
    service.list(/^pipelines\/approvals$/, () => [approval]);
    service.on('PATCH', /^pipelines\/approvals$/, () => ({ value: [Object.assign(approval, { status: 'approved' })] }));
    const result = hook(() => {
      const found = queries.useApproval(approval.id);
      return { found, gate: queries.useGate(found.approval), decide: queries.useDecide() };
    });
    await waitFor(() => assert.ok(result.current.gate.gate));
    const { gate } = result.current.gate;
    assert.ok(gate?.digest);
    assert.deepEqual([gate.stage, gate.items.length, gate.evidence.problems], ['Prod', 1, []]);
    const decision = { status: 'approved', approval: gate.approval, digest: gate.digest, comment: '' } as const;
    const decided = await act(() => result.current.decide.decide(decision));
    assert.equal(decided.status, 'approved');
    await waitFor(() => assert.equal(result.current.found.approval?.status, 'approved'));
  });

  it('audit each part by itself', async () => {
    service.list(/^pipelines\/environments$/, () => [
      { id: 3, name: 'churn-prod' },
      { id: 4, name: 'dev' },
    ]);
    service.on('POST', /^pipelines\/checks\/queryconfigurations$/, () => ({
      value: [
        {
          type: { id: '8C6F20A7-a545-4486-9777-f762fafe0d4d', name: 'Approval' },
          settings: { approvers: [{ id: 'x', displayName: 'Model approvers' }], requesterCannotBeApprover: true },
          resource: { type: 'environment', id: '3' },
        },
      ],
    }));
    service.list(/^build\/definitions$/, () => [{ id: 14, name: 'churn-train', path: '\\mlops\\team-a' }]);
    service.on('POST', /permissionevaluationbatch$/, () => json({ message: 'no' }, 403));
    const result = hook(() => queries.useEnvironmentAudit());
    await waitFor(() => assert.equal(result.current.teams.problem?.kind, 'notFound'));
    await waitFor(() => assert.equal(result.current.rightsProblem?.kind, 'forbidden'));
    const [production, dev] = result.current.environments.rows;
    assert.deepEqual(
      production?.findings.map(({ rule, met }) => [rule, met]),
      [
        ['approval', true],
        ['requester', true],
        ['template', false],
        ['exclusiveLock', false],
        ['branch', false],
      ],
    );
    assert.deepEqual([production.isProduction, production.approvers], [true, ['Model approvers']]);
    assert.ok(dev?.findings.every(({ met }) => !met));
    assert.deepEqual(result.current.folders.rows[0]?.path, '\\mlops\\team-a');
    assert.equal(result.current.folders.rows[0].viewer, undefined);
  });
});
