import assert from 'node:assert/strict';
import { directionOf, filterChoices, filterRows, headlineOf, modelRows, sortRows } from '../../../hub/data/registry';
import { servingAt } from '../../../hub/data/serving';
import type { Approval } from '../../../hub/data/types';
import { container, registration, run, step } from './samples';

const now = '2026-11-20T00:00:00Z';
const better = { metric: 'auc', orientation: 'higher', candidate: 0.84, champion: 0.81, championVersion: '9' };

function approval(id: string, runId: number, createdAt: string): Approval {
  const base = {
    status: 'pending',
    instructions: '',
    minRequiredApprovers: 1,
    inSequence: false,
    steps: [],
    blocked: [],
  };
  return { id, run: run(runId), createdAt, changedAt: createdAt, mayDecide: false, ...base };
}

describe('rows of models', () => {
  it('puts versions below their model, newest by number', () => {
    const [row, ...others] = modelRows([registration('9'), registration('10'), registration('2')]);
    assert.deepEqual(others, []);
    assert.equal(row!.latest.version, '10');
    assert.deepEqual(
      row!.versions.map(({ version }) => version),
      ['10', '9', '2'],
    );
  });

  it('shows a version once that several runs registered, by its newest registration', () => {
    const again = registration('9', { at: '2026-11-05T00:00:00Z' }, { id: 7 });
    const [row] = modelRows([again, registration('9')]);
    assert.equal(row!.versions.length, 1);
    assert.equal(row!.latest.run.id, 7);
  });

  it('tells what production serves, with the trend that marks it', () => {
    const servings = servingAt(
      [container('2026-11-02T00:00:00Z', '9'), container('2026-11-03T00:00:00Z', '10', 'test')],
      now,
    );
    const [row] = modelRows([registration('9'), registration('10', { metrics: {} }, {}, better)], servings);
    assert.deepEqual(
      row!.production.map(({ version }) => version),
      ['9'],
    );
    assert.deepEqual(row!.trend, [
      { label: '9', value: 0.8, isProduction: true },
      { label: '10', value: 0.84, isProduction: false },
    ]);
    assert.equal(row!.verdict, 'better');
  });

  it('gives no model the production of another workspace whose registrations were not read', () => {
    const event = container('2026-11-02T00:00:00Z', '9');
    const named = { ...event, entry: { ...event.entry, workspace: 'ml-prod' } };
    const [row] = modelRows([registration('9'), registration('10')], servingAt([named], now));
    assert.deepEqual([row!.production, row!.headline?.production], [[], undefined]);
  });

  it('keeps two models of one name in two workspaces apart, and gives each its own production', () => {
    const teamB = { pipeline: { id: 2, name: 'b', folder: '\\mlops\\team-b' } };
    const servings = servingAt([container('2026-11-02T00:00:00Z', '9', 'churn-prod', teamB)], now);
    const rows = modelRows(
      [registration('9'), registration('9', { workspace: 'ml-b' }, { id: 5, ...teamB })],
      servings,
    );
    assert.deepEqual(
      rows.map(({ workspace, production }) => [workspace, production.length]),
      [
        ['ml-b', 1],
        ['ml-dev', 0],
      ],
    );
  });

  it('gives each what its workspace’s endpoint serves, where one pipeline registers in both', () => {
    const at = (workspace: string, version: string, environment: string) =>
      step('2026-11-02T00:00:00Z', {
        ...{ deployment: 'blue', model: 'churn', version, traffic: { blue: 100 }, environment },
        place: `/x/providers/ml/workspaces/${workspace}/onlineEndpoints/churn`,
      });
    const rows = modelRows(
      [
        registration('9', { workspace: 'ml-dev' }),
        registration('9', { workspace: 'ml-PROD' }),
        registration('8', { workspace: 'ml-prod' }),
      ],
      servingAt([at('ML-DEV', '9', 'churn-test'), at('ml-prod', '8', 'churn-prod')], now),
    );
    assert.deepEqual(
      rows.map(({ workspace, among, versions, production, environments }) => [
        workspace,
        among,
        versions.length,
        production.map(({ version }) => version),
        environments,
      ]),
      [
        ['ml-PROD', 'ml-PROD', 2, ['8'], ['churn-prod']],
        ['ml-dev', 'ml-dev', 1, [], ['churn-test']],
      ],
    );
  });

  it('takes the newest approval of the latest version’s run', () => {
    const approvals = [
      approval('old', 110, '2026-11-01T00:00:00Z'),
      approval('new', 110, '2026-11-02T00:00:00Z'),
      approval('other', 5, '2026-11-03T00:00:00Z'),
    ];
    assert.equal(modelRows([registration('10')], [], approvals)[0]!.approval?.id, 'new');
    assert.equal(modelRows([registration('11')], [], approvals)[0]!.approval, undefined);
  });
});

describe('headline metric', () => {
  it('compares on the same rows when the evaluation was against what production serves', () => {
    const headline = headlineOf(registration('10', {}, {}, better), registration('9'));
    assert.deepEqual(headline, {
      metric: 'auc',
      orientation: 'higher',
      value: 0.84,
      production: { version: '9', value: 0.81 },
      direction: 'improvement',
      basis: 'sameHoldout',
    });
  });

  it('compares what was reported when production serves another version by now', () => {
    const headline = headlineOf(registration('10', {}, {}, better), registration('8', { metrics: { auc: 0.9 } }));
    assert.deepEqual(
      [headline!.direction, headline!.basis, headline!.production],
      ['worse', 'reported', { version: '8', value: 0.9 }],
    );
  });

  it('claims no direction without orientation or without a value to compare with', () => {
    assert.equal(headlineOf(registration('10', { metrics: { auc: 0.9 } }), registration('9'))!.direction, 'unknown');
    assert.equal(headlineOf(registration('10'))!.direction, 'unknown');
    assert.equal(headlineOf(registration('10', { metrics: {} })), undefined);
    assert.equal(headlineOf(registration('10', {}, {}, better), { version: '3' })!.production, undefined);
  });

  it('turns the arrow by orientation', () => {
    assert.equal(directionOf(2, 1, 'lower'), 'worse');
    assert.equal(directionOf(1, 2, 'lower'), 'improvement');
    assert.equal(directionOf(0.1 + 0.2, 0.3, 'higher'), 'same');
    assert.equal(directionOf(0, 0), 'same');
    assert.equal(directionOf(NaN, 1, 'higher'), 'unknown');
    assert.equal(directionOf(Infinity, 1, 'higher'), 'unknown');
  });
});

describe('filters and order of rows', () => {
  const teamB = {
    pipeline: { id: 2, name: 'b', folder: '\\mlops\\team-bold' },
    requestedFor: { id: 'ben', displayName: 'Ben Öz' },
  };
  const servings = servingAt([container('2026-11-02T00:00:00Z', '9')], now);
  const rows = modelRows(
    [
      registration('9', {}, {}, { ...better, decision: 'notBetter' }),
      registration(
        '10',
        { model: 'fraud', at: '2026-11-09T00:00:00Z', workspace: 'ml-b' },
        { id: 5, ...teamB },
        better,
      ),
      registration('2', { model: 'spend' }, { id: 6, pipeline: { id: 3, name: 'c', folder: '\\mlops\\team-b' } }),
    ],
    servings,
  );
  const names = (filter: Parameters<typeof filterRows>[1]): string[] =>
    filterRows(rows, filter).map(({ model }) => model);

  it('keeps rows in which every word is found, whatever the case', () => {
    assert.deepEqual(names({ keyword: ' TEAM ben ' }), ['fraud']);
    assert.deepEqual(names({ keyword: 'ÖZ' }), ['fraud']);
    assert.deepEqual(names({ keyword: '  ' }), ['churn', 'fraud', 'spend']);
    assert.deepEqual(names({ keyword: '.*' }), []);
  });

  it('keeps a folder with what is below it, not one that begins alike', () => {
    assert.deepEqual(names({ folder: '\\mlops\\team-b' }), ['spend']);
    assert.deepEqual(names({ folder: '\\mlops' }), ['churn', 'fraud', 'spend']);
    assert.deepEqual(names({ folder: '\\' }), ['churn', 'fraud', 'spend']);
  });

  it('keeps by verdict, workspace, environment and person', () => {
    assert.deepEqual(names({ verdict: 'notBetter' }), ['churn']);
    assert.deepEqual(names({ workspace: 'ml-b' }), ['fraud']);
    assert.deepEqual(names({ environment: 'churn-prod' }), ['churn']);
    assert.deepEqual(names({ mine: 'ben' }), ['fraud']);
  });

  it('says what filters can be set to', () => {
    assert.deepEqual(filterChoices(rows).verdicts, ['better', 'notBetter']);
    assert.deepEqual(filterChoices(rows).workspaces, ['ml-b', 'ml-dev']);
  });

  it('sorts, with the name where two are alike', () => {
    const sorted = (by: Parameters<typeof sortRows>[1]): string[] => sortRows(rows, by).map(({ model }) => model);
    assert.deepEqual(sorted({ by: 'model', isDescending: true }), ['spend', 'fraud', 'churn']);
    assert.deepEqual(sorted({ by: 'version' }), ['spend', 'churn', 'fraud']);
    assert.deepEqual(sorted({ by: 'verdict' }), ['churn', 'fraud', 'spend']);
    assert.deepEqual(sorted({ by: 'registered', isDescending: true })[0], 'fraud');
    assert.deepEqual(sorted({ by: 'production', isDescending: true })[0], 'churn');
  });
});
