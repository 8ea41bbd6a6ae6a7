import assert from 'node:assert/strict';
import fc from 'fast-check';
import { changesOf, delivery, deliveryBy, lastDays, type DeliveryData } from '../../../hub/data/delivery';
import { medianOf, rateOf } from '../../../hub/data/statistics';
import { container, evaluationOf, registration, run, smokeOf, step } from './samples';

const day = (number: number, hour = 12): string => new Date(Date.UTC(2026, 10, number, hour)).toISOString();
const span = { from: day(1, 0), to: day(30, 0) };
const nothing: DeliveryData = { versions: [], evaluations: [], deployments: [], smokes: [] };

describe('changes to production', () => {
  it('are first shares of a version in a place: more traffic for it is none, a rollback is none, a test environment is none', () => {
    const deployments = [
      step(day(2), { deployment: 'blue', model: 'churn', version: '6', traffic: { blue: 100 } }),
      step(day(3), { deployment: 'green', model: 'churn', version: '7', traffic: { blue: 90, green: 10 } }),
      step(day(4), { deployment: 'green', model: 'churn', version: '7', traffic: { green: 100 } }),
      step(day(5), { deployment: 'blue', model: 'churn', version: '6', traffic: { blue: 100 } }),
      container(day(6), '8', 'churn-test'),
    ];
    assert.deepEqual(
      changesOf({ ...nothing, deployments }).map(({ version, at }) => [version, at]),
      [
        ['6', day(2)],
        ['7', day(3)],
      ],
    );
  });

  it('have failed when they are rolled back within the window', () => {
    const deployments = [container(day(2), '6'), container(day(3), '7'), container(day(3, 20), '6')];
    assert.deepEqual(
      changesOf({ ...nothing, deployments }, 24).map(({ hasFailed }) => hasFailed),
      [false, true],
    );
    assert.deepEqual(
      changesOf({ ...nothing, deployments }, 6).map(({ hasFailed }) => hasFailed),
      [false, false],
    );
  });

  it('have failed when a smoke test of the environment failed in the window, before the next change', () => {
    const deployments = [container(day(2), '6'), container(day(3), '7', 'churn-prod', { id: 2 })];
    const failed = (
      at: string,
      verdict = 'failed',
      environment: string | undefined = 'churn-prod',
      id = 1,
    ): boolean[] =>
      changesOf({ ...nothing, deployments, smokes: [smokeOf(run(id), at, verdict, environment)] }).map(
        ({ hasFailed }) => hasFailed,
      );
    assert.deepEqual(failed(day(3, 13)), [false, true]);
    assert.deepEqual(failed(day(2, 13)), [true, false]);
    assert.deepEqual(failed(day(3, 11)), [true, false]);
    assert.deepEqual(failed(day(3, 13), 'passed'), [false, false]);
    assert.deepEqual(failed(day(3, 13), 'failed', 'churn-test'), [false, false]);
    assert.deepEqual(failed(day(5)), [false, false]);
  });

  it('take a smoke test without an environment only from the stage that deployed', () => {
    const deployments = [container(day(3), '7', 'churn-prod', { id: 2 })];
    const failed = (id: number): boolean => {
      const smoke = smokeOf(run(id), day(3, 13), 'failed');
      return changesOf({ ...nothing, deployments, smokes: [smoke] })[0]!.hasFailed;
    };
    assert.deepEqual([failed(2), failed(3)], [true, false]);
  });
});

describe('delivery', () => {
  it('counts changes and registrations by seven days from the first of the span, empty ones too', () => {
    const data = {
      ...nothing,
      deployments: [container(day(2, 0), '6'), container(day(8, 23), '7')],
      versions: [registration('6', { at: day(1) }), registration('6', { at: day(9) }, { id: 4 })],
    };
    const { weeks, changes, registrations } = delivery(data, span);
    assert.deepEqual([changes, registrations], [2, 1]);
    assert.deepEqual(
      weeks.map(({ start, ...counts }) => [start, counts.changes, counts.registrations]),
      [
        ['2026-11-01', 1, 1],
        ['2026-11-08', 1, 0],
        ['2026-11-15', 0, 0],
        ['2026-11-22', 0, 0],
        ['2026-11-29', 0, 0],
      ],
    );
    assert.deepEqual(delivery(data, { from: span.to, to: span.from }).weeks, []);
  });

  it('covers the days of a span of weeks by as many columns, none of them a part of one', () => {
    for (const [count, now, first] of [
      [4, '2026-11-22T00:02:00Z', '2026-10-26'],
      [12, '2026-11-22T00:02:00Z', '2026-08-31'],
      [12, '2026-11-22T23:59:59Z', '2026-08-31'],
      [12, '2026-11-23T00:00:00Z', '2026-09-01'],
    ] as const) {
      const days = lastDays(count * 7, Date.parse(now));
      assert.deepEqual(days, { from: `${first}T00:00:00.000Z`, to: new Date(now).toISOString() });
      const deployments = [container(days.from, '6')];
      const { weeks, changes } = delivery({ ...nothing, deployments }, days);
      assert.deepEqual([weeks.length, weeks[0], changes], [count, { start: first, changes: 1, registrations: 0 }, 1]);
    }
  });

  it('counts no step of a version that may have served before what was read: it may be a rollback', () => {
    const deployments = [
      // Version 6 came back after 7 had served; the steps that put them there were not read.
      step(day(3), { deployment: 'v6', model: 'churn', version: '6', traffic: { v6: 10, v7: 90 } }),
      step(day(4), { deployment: 'v6', model: 'churn', version: '6', traffic: { v6: 100 } }),
      step(day(6), { deployment: 'v8', model: 'churn', version: '8', traffic: { v8: 100 } }, { id: 8 }),
    ];
    // A run that was read found version 6 registered by one that was not.
    const again = registration('6', { at: day(2), created: false }, { id: 6 });
    const data = { ...nothing, deployments, versions: [again, registration('8', { at: day(5) }, { id: 8 })] };
    const { changes, uncertain, failure, weeks } = delivery({ ...data, isPartial: true }, span);
    assert.deepEqual([changes, uncertain, failure.n], [1, 2, 1]);
    assert.deepEqual(
      weeks.map((week) => week.changes),
      [1, 0, 0, 0, 0],
    );
    assert.deepEqual([delivery(data, span).changes, delivery(data, span).uncertain], [3, 0]);
  });

  it('calls no change sound whose rollback cannot be told from a change, for it may go back to what was not read', () => {
    const deployments = [container(day(3), '7', 'churn-prod', { id: 7 }), container(day(3, 20), '6', 'churn-prod')];
    const data = { ...nothing, deployments, versions: [registration('7', { at: day(2) }, { id: 7 })] };
    const { changes, uncertain, failure } = delivery({ ...data, isPartial: true }, span);
    assert.deepEqual([changes, uncertain, failure.hits, failure.n, failure.unknown], [1, 1, 0, 0, 1]);
    const later = delivery({ ...data, isPartial: true }, { ...span, failWindowHours: 6 }).failure;
    assert.deepEqual([later.n, later.unknown], [1, 0]);
    assert.deepEqual([delivery(data, span).failure.n, delivery(data, span).failure.unknown], [2, 0]);
  });

  it('counts as promoted what was judged better or served all the same, of what had a champion to beat', () => {
    const registered = registration('7', {}, { id: 3 });
    const data = {
      ...nothing,
      versions: [registered],
      deployments: [container(day(3), '7')],
      evaluations: [
        evaluationOf(run(1), { decision: 'better', at: day(2) }),
        evaluationOf(run(2), { decision: 'notBetter', at: day(2) }),
        evaluationOf(run(3), { decision: 'unsure', at: day(2) }),
        evaluationOf(run(4), { decision: 'firstModel', at: day(2) }),
      ],
    };
    const { hits, n, withoutChampion } = delivery(data, span).promotion;
    assert.deepEqual([hits, n, withoutChampion], [2, 3, 1]);
  });

  it('measures lead time from the commit where it is known, else from the queue, and says how many of each', () => {
    const data = {
      ...nothing,
      versions: [
        registration('6', {}, { id: 1, queuedAt: day(2, 6) }),
        registration('7', {}, { id: 2, queuedAt: day(3, 6) }),
      ],
      deployments: [container(day(2), '6'), container(day(3), '7'), container(day(4), '8')],
    };
    const { median, n, fromCommit, fromQueue, unknown } = delivery(data, span).leadTime;
    assert.deepEqual([median, n, fromCommit, fromQueue, unknown], [6, 2, 0, 2, 1]);
    const known = delivery({ ...data, commitTimes: new Map([[1, day(1)]]) }, span).leadTime;
    assert.deepEqual([known.median, known.fromCommit, known.fromQueue], [15, 1, 1]);
  });

  it('measures no lead time against the clock', () => {
    const data = {
      ...nothing,
      versions: [registration('6', {}, { queuedAt: day(9) })],
      deployments: [container(day(2), '6')],
    };
    assert.deepEqual([delivery(data, span).leadTime.n, delivery(data, span).leadTime.unknown], [0, 1]);
  });

  it('leaves changes out of the fail rate that are too young to tell', () => {
    const deployments = [
      container(day(2), '6'),
      container(day(3), '7'),
      container(day(3, 14), '6'),
      container(day(29), '8'),
    ];
    const { failure, rollback } = delivery({ ...nothing, deployments }, span);
    assert.deepEqual([failure.hits, failure.n, failure.tooYoung], [1, 2, 1]);
    assert.deepEqual([rollback.median, rollback.n], [2, 1]);
  });

  it('measures no time to roll back a version that had been replaced in between and had come back', () => {
    const deployments = [
      container(day(1), '5'),
      container(day(2), '6'),
      container(day(3), '7'),
      container(day(4), '6'),
      container(day(9), '5'),
    ];
    const after = changesOf({ ...nothing, deployments }).map(({ version, rolledBackAfterMs: ms }) => [version, ms]);
    assert.deepEqual(after, [
      ['5', undefined],
      ['6', undefined],
      ['7', 86_400_000],
    ]);
    const { median, n } = delivery({ ...nothing, deployments }, span).rollback;
    assert.deepEqual([median, n], [24, 1]);
  });

  it('measures a rollback of a version that had a share until then', () => {
    const share = (at: string, deployment: string, version: string, traffic: Record<string, number>) =>
      step(at, { deployment, model: 'churn', version, traffic });
    const deployments = [
      share(day(2), 'blue', '6', { blue: 100 }),
      share(day(3), 'green', '7', { blue: 90, green: 10 }),
      share(day(4), 'green', '7', { blue: 50, green: 50 }),
      share(day(5), 'blue', '6', { blue: 100 }),
    ];
    assert.deepEqual(delivery({ ...nothing, deployments }, span).rollback, { median: 48, least: 48, most: 48, n: 1 });
  });

  it('knows what served before the span', () => {
    const deployments = [container('2026-10-01T00:00:00Z', '6'), container(day(3), '6')];
    assert.equal(delivery({ ...nothing, deployments }, span).changes, 0);
  });

  it('goes by team and by model; an evaluation without a registration belongs to the model of its tag', () => {
    const teamB = { pipeline: { id: 2, name: 'b', folder: '\\mlops\\team-b' } };
    const tags = ['mlops', 'mlops.m.3f9a01bc'];
    const data = {
      ...nothing,
      versions: [registration('6', { at: day(2) }, { id: 1, tags })],
      evaluations: [evaluationOf(run(9, { tags, queuedAt: day(2), ...teamB }), { decision: 'notBetter' })],
    };
    assert.deepEqual(
      deliveryBy('folder', data, span).map(({ name, figures }) => [name, figures.registrations, figures.promotion.n]),
      [
        ['\\mlops\\team-a', 1, 0],
        ['\\mlops\\team-b', 0, 1],
      ],
    );
    assert.deepEqual(
      deliveryBy('model', data, span).map(({ name, figures }) => [name, figures.promotion.n]),
      [['churn', 1]],
    );
  });
});

describe('a model that two workspaces have', () => {
  const at = (workspace: string): string => `/x/providers/ml/workspaces/${workspace}/onlineEndpoints/churn`;
  const deployed = (workspace: string, number: number, environment: string) =>
    step(day(number), {
      ...{ deployment: 'blue', model: 'churn', version: '6', traffic: { blue: 100 } },
      ...{ place: at(workspace), environment },
    });
  const data: DeliveryData = {
    ...nothing,
    versions: [
      registration('6', { at: day(2), workspace: 'ws-dev' }, { id: 1, queuedAt: day(2, 0) }),
      registration('6', { at: day(4), workspace: 'ws-prod' }, { id: 2, queuedAt: day(4, 0) }),
    ],
    evaluations: [
      evaluationOf(run(1, { queuedAt: day(2) })),
      evaluationOf(run(2, { queuedAt: day(4) }), { decision: 'notBetter' }),
    ],
    deployments: [deployed('WS-DEV', 3, 'dev-prod'), deployed('ws-prod', 5, 'churn-prod')],
  };

  it('has figures for each of them', () => {
    assert.deepEqual(
      deliveryBy('model', data, span).map(({ name, workspace, figures }) => [
        name,
        workspace,
        figures.changes,
        figures.registrations,
        figures.promotion.n,
        figures.leadTime.median,
      ]),
      [
        ['churn', 'ws-dev', 1, 1, 1, 36],
        ['churn', 'ws-prod', 1, 1, 1, 36],
      ],
    );
  });

  it('counts a version as promoted only where that workspace’s serves', () => {
    const deployments = data.deployments.slice(0, 1);
    const hits = deliveryBy('model', { ...data, deployments }, span).map(({ figures }) => figures.promotion.hits);
    assert.deepEqual(hits, [1, 0]);
  });
});

describe('statistics', () => {
  it('take the median, and say of how many', () => {
    assert.deepEqual(medianOf([9, 1, 5]), { median: 5, least: 1, most: 9, n: 3 });
    assert.deepEqual(medianOf([4, 1]), { median: 2.5, least: 1, most: 4, n: 2 });
    assert.deepEqual(medianOf([NaN]), { n: 0 });
  });

  it('give the Wilson interval of a share', () => {
    const { share, lower, upper } = rateOf(2, 7);
    assert.ok(Math.abs(share! - 2 / 7) < 1e-12);
    assert.ok(Math.abs(lower! - 0.0822) < 5e-4 && Math.abs(upper! - 0.6411) < 5e-4, `${lower} ${upper}`);
    assert.deepEqual(rateOf(0, 0), { hits: 0, n: 0 });
  });

  it('keep every interval around its share and between 0 and 1', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(500), (n, drawn) => {
        const { share, lower, upper } = rateOf(Math.min(drawn, n), n);
        assert.ok(0 <= lower! && lower! <= share! + 1e-12 && share! - 1e-12 <= upper! && upper! <= 1);
      }),
    );
  });
});
