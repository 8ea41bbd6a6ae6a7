import assert from 'node:assert/strict';
import fc from 'fast-check';
import { history, matrix, periodsAt, servingAt, servingOf, undated, versionText } from '../../../hub/data/serving';
import type { DeploymentEvent, Serving } from '../../../hub/data/types';
import { homesOf } from '../../../hub/data/workspaces';
import { container, registration, run, step } from './samples';

const brief = ({ version, deployment, traffic }: Serving): string => `${version ?? '?'}@${deployment ?? ''} ${traffic}`;
const day = (number: number): string => `2026-11-${String(number).padStart(2, '0')}T12:00:00Z`;
const blue = { deployment: 'blue', model: 'churn', version: '6' };
const green = { deployment: 'green', model: 'churn', version: '7' };

/** Version 6, then 7 with a tenth, then 7 alone. */
const canary: DeploymentEvent[] = [
  step(day(1), { ...blue, traffic: { blue: 100 } }, { id: 1 }),
  step(day(3), { ...green, traffic: { blue: 90, green: 10 } }, { id: 2 }),
  step(day(5), { ...green, traffic: { blue: 0, green: 100 } }, { id: 2 }),
];

describe('what served', () => {
  it('is nothing before the first step', () => {
    assert.deepEqual(servingAt(canary, '2026-11-01T11:59:59Z'), []);
  });

  it('follows the traffic of a managed endpoint, each deployment with the version that was named for it', () => {
    assert.deepEqual(servingAt(canary, day(1)).map(brief), ['6@blue 100']);
    assert.deepEqual(servingAt(canary, day(4)).map(brief), ['6@blue 90', '7@green 10']);
    assert.deepEqual(servingAt(canary, new Date(day(9))).map(brief), ['7@green 100']);
  });

  it('says since when a version serves, not since when its share is what it is', () => {
    const [old, young] = servingAt(canary, day(4));
    assert.equal(old!.since, day(1));
    assert.equal(young!.since, day(3));
    assert.equal(servingAt(canary, day(9))[0]!.since, day(3));
  });

  it('is proven by the step that last deployed there or gave it more, not by one that only took from it', () => {
    const [old, young] = servingAt(canary, day(4));
    assert.deepEqual([old!.event.at, young!.event.at], [day(1), day(3)]);
    assert.equal(servingAt(canary, day(9))[0]!.event.at, day(5));
    const back = step(day(6), { ...blue, traffic: { blue: 100, green: 0 } }, { id: 3 });
    assert.equal(servingAt([...canary, back], day(7))[0]!.event.run.id, 3);
  });

  it('is proven by the run that deployed the same version again, in whatever it was put', () => {
    const again = [container(day(1), '7', 'churn-prod', { id: 1 }), container(day(9), '7', 'churn-prod', { id: 2 })];
    const [row] = servingAt(again, day(10));
    assert.deepEqual([row!.event.run.id, row!.since], [2, day(1)]);
    const [moved] = servingAt(
      [
        step(day(1), { ...green, traffic: { green: 100 } }, { id: 1 }),
        step(day(9), { ...green, deployment: 'teal', traffic: { green: 0, teal: 100 } }, { id: 2 }),
      ],
      day(10),
    );
    assert.deepEqual([moved!.deployment, moved!.event.run.id, moved!.since], ['teal', 2, day(1)]);
    const [same] = servingAt([canary[2]!, { ...canary[2]!, at: day(8), run: run(9) }], day(10));
    assert.equal(same!.event.run.id, 9);
  });

  it('is told apart by the image where no model is named, and by the step where nothing is', () => {
    const image = (character: string, registry = 'a') => `${registry}.io/m@sha256:${character.repeat(64)}`;
    const aks = (at: string, facts: { image?: string }) => step(at, { target: 'aks', service: 'scorer', ...facts });
    const events = [
      aks(day(1), { image: image('1') }),
      aks(day(2), { image: image('2') }),
      aks(day(3), { image: image('2', 'b') }),
    ];
    const [row] = servingAt(events, day(4));
    assert.deepEqual([row!.since, row!.event.at, versionText(row!)], [day(2), day(3), `image ${image('2', 'b')}`]);
    const [back] = history([...events, aks(day(4), { image: image('1') })]);
    assert.deepEqual(back!.rollback?.to.image, image('1'));
    const [unknown] = servingAt([aks(day(1), {}), aks(day(5), {})], day(6));
    assert.deepEqual([unknown!.since, unknown!.event.at], [day(5), day(5)]);
  });

  it('keeps apart two services of one name in two clusters, however their ids are written', () => {
    const at = (place: string, version: string, number: number) =>
      step(day(number), { target: 'aks', service: 'churn', model: 'churn', version, place });
    const events = [at('/k/eu', '6', 1), at('/k/us', '7', 2), at('/K/EU', '8', 3)];
    assert.deepEqual(servingAt(events, day(2)).map(brief).sort(), ['6@ 100', '7@ 100']);
    assert.deepEqual(servingAt(events, day(4)).map(brief).sort(), ['7@ 100', '8@ 100']);
  });

  it('follows the order of the index, and of attempts, where steps are of one second', () => {
    const canaried = step(day(1), { ...green, traffic: { blue: 90, green: 10 }, sha256: 'f'.repeat(64) });
    const whole = step(day(1), { ...green, traffic: { green: 100 }, sha256: '1'.repeat(64) });
    assert.deepEqual(servingAt([canaried, whole], day(2)).map(brief), ['7@green 100']);
    const again = { ...whole, entry: { ...whole.entry, attempt: 2 } };
    assert.deepEqual(servingAt([again, canaried], day(2)).map(brief), ['7@green 100']);
  });

  it('counts the deployments without traffic as not serving', () => {
    const events = [
      step(day(1), { ...blue, traffic: { blue: 100 } }),
      step(day(2), { ...green, traffic: { blue: 100 } }),
    ];
    assert.deepEqual(servingAt(events, day(3)).map(brief), ['6@blue 100']);
  });

  it('replaces what a container group served', () => {
    const events = [container(day(1), '6'), container(day(2), '7')];
    assert.deepEqual(servingAt(events, day(1)).map(brief), ['6@ 100']);
    assert.deepEqual(servingAt(events, day(2)).map(brief), ['7@ 100']);
  });

  it('keeps places apart: environments, and services of another name', () => {
    const events = [
      container(day(1), '6'),
      container(day(2), '7', 'churn-test'),
      step(day(3), { ...green, traffic: { green: 100 } }),
    ];
    assert.equal(servingAt(events, day(4)).length, 3);
  });

  it('does not depend on the order in which steps were read', () => {
    assert.deepEqual(history([...canary].reverse()), history(canary));
  });
});

describe('history', () => {
  it('finds a canary that was taken back, and a version that serves again', () => {
    const back = step(day(6), { ...blue, traffic: { blue: 100, green: 0 } }, { id: 3 });
    assert.equal(
      history(canary).some(({ rollback }) => rollback !== undefined),
      false,
    );
    const [latest] = history([...canary, back]);
    assert.deepEqual(latest!.rollback!.from.map(versionText), ['churn 7']);
    assert.equal(latest!.rollback?.to.version, '6');
    const withdrawn = history([...canary.slice(0, 2), back])[0];
    assert.equal(withdrawn!.rollback?.to.version, '6');
    const [again] = history([container(day(1), '6'), container(day(2), '7'), container(day(3), '6')]);
    assert.deepEqual(again!.rollback?.from.map(versionText), ['churn 7']);
  });

  it('takes a smaller number that never served before for no rollback, nor another model', () => {
    assert.equal(history([container(day(1), '7'), container(day(2), '6')])[0]!.rollback, undefined);
    const other = step(day(2), { target: 'containerInstance', service: 'scorer', model: 'other', version: '1' });
    const back = container(day(3), '7');
    assert.equal(history([container(day(1), '7'), other, back])[0]!.rollback, undefined);
  });

  it('flags traffic to what no step named, shares that miss some of the requests, and shares that cannot be', () => {
    const flags = (traffic: Record<string, number> | undefined): string[] =>
      history([step(day(1), { ...blue, traffic })])[0]!.flags;
    assert.deepEqual(flags({ blue: 50, red: 50 }), ['unknownVersion']);
    assert.deepEqual(flags({ blue: 60 }), ['partialTraffic']);
    const impossible: (Record<string, number> | undefined)[] = [
      undefined,
      { blue: 130 },
      { blue: 70, red: 70 },
      { blue: -5 },
      { blue: NaN },
    ];
    for (const traffic of impossible) {
      const [period] = history([step(day(1), { ...blue, traffic })]);
      assert.deepEqual(period!.flags, ['unreadableTraffic']);
      assert.deepEqual(period!.serving, []);
    }
  });

  it('forgets the version of a deployment that was replaced by something without a name', () => {
    const events = [...canary, step(day(6), { deployment: 'green', traffic: { green: 100 } })];
    assert.deepEqual(servingAt(events, day(7)).map(brief), ['?@green 100']);
  });

  it('flags an endpoint that another environment changed meanwhile', () => {
    const elsewhere = step(day(4), { ...green, traffic: { green: 100 } }, { environment: 'churn-canary' });
    const flagged = history([...canary, elsewhere]).filter(({ flags }) => flags.includes('changedElsewhere'));
    assert.deepEqual(
      flagged.map(({ place, from }) => [place.environment, from]),
      [
        ['churn-canary', day(4)],
        ['churn-prod', day(3)],
      ],
    );
  });

  it('flags traffic that somebody changed between two steps, where the steps say what they found', () => {
    const flags = (trafficBefore: Record<string, number>) => {
      const found = canary.map((event) =>
        event.at === day(3) ? { ...event, entry: { ...event.entry, trafficBefore } } : event,
      );
      return history(found).map((period) => period.flags);
    };
    assert.deepEqual(flags({ blue: 80, red: 20 }), [[], ['changedOutside'], []]);
    assert.deepEqual(flags({ blue: 100, green: 0 }), [[], [], []]);
  });

  it('leaves out steps without a time, and names them', () => {
    const broken = { ...canary[0]!, at: 'yesterday' };
    assert.equal(history([broken]).length, 0);
    assert.deepEqual(undated([broken, ...canary]), [broken]);
  });
});

describe('matrix', () => {
  it('has a row a model and a column an environment, production last', () => {
    const unnamed = step(day(2), { service: 'other', traffic: { blue: 100 } }, { environment: 'a-test' });
    const table = matrix(servingAt([...canary, container(day(2), '8', 'z-test'), unnamed], day(9)));
    assert.deepEqual(table.environments, ['a-test', 'z-test', 'churn-prod']);
    const [unknown, churn] = table.rows;
    assert.deepEqual([unknown?.model, churn?.model, table.rows.length], ['(unknown model)', 'churn', 2]);
    assert.deepEqual(churn?.cell('z-test').map(brief), ['8@ 100']);
    assert.deepEqual(churn.cell('a-test'), []);
  });

  it('has a row a workspace where several have a model of the name', () => {
    const at = (workspace: string): string => `/x/providers/ml/workspaces/${workspace}/onlineEndpoints/churn`;
    const placed = ['ws-dev', 'ws-prod'].map((workspace, index) =>
      step(day(2), {
        ...{ deployment: 'blue', model: 'churn', version: String(7 - index), traffic: { blue: 100 } },
        ...{ place: at(workspace), environment: `${workspace}-env` },
      }),
    );
    const untold = container(day(3), '9', 'other-prod');
    const homes = homesOf([registration('7', { workspace: 'ws-dev' }), registration('6', { workspace: 'ws-prod' })]);
    const { rows } = matrix(servingAt([...placed, untold], day(9)), homes);
    assert.deepEqual(
      rows.map(({ workspace, cell }) => [
        workspace,
        ...['ws-dev-env', 'ws-prod-env', 'other-prod'].map((name) => cell(name)[0]?.version),
      ]),
      [
        [undefined, undefined, undefined, '9'],
        ['ws-dev', '7', undefined, undefined],
        ['ws-prod', undefined, '6', undefined],
      ],
    );
  });
});

interface Drawn {
  hour: number;
  environment: string;
  target: string;
  deployment: string;
  version?: string;
  traffic?: Record<string, number>;
}

describe('any history', () => {
  const share = fc.integer({ min: -10, max: 120 });
  const events = fc.array(
    fc.record({
      hour: fc.integer({ min: 0, max: 40 }),
      environment: fc.constantFrom('churn-prod', 'churn-test'),
      target: fc.constantFrom('managedEndpoint', 'aks'),
      deployment: fc.constantFrom('blue', 'green', 'red'),
      version: fc.option(fc.constantFrom('6', '7', '8'), { nil: undefined }),
      traffic: fc.option(fc.dictionary(fc.constantFrom('blue', 'green', 'red'), share), { nil: undefined }),
    }),
    { maxLength: 12 },
  );
  const read = (drawn: Drawn[]): DeploymentEvent[] =>
    drawn.map(({ hour, environment, ...facts }, id) => {
      const at = new Date(Date.UTC(2026, 10, 1, hour)).toISOString();
      const model = facts.version === undefined ? undefined : 'churn';
      return step(at, { ...facts, model }, { id, environment });
    });

  it('has periods that follow one another without a gap, one for each step', () => {
    fc.assert(
      fc.property(events, (drawn) => {
        const steps = read(drawn);
        const periods = history(steps).reverse();
        assert.equal(periods.length, steps.length);
        for (const key of new Set(periods.map(({ place }) => place.key))) {
          const own = periods.filter(({ place }) => place.key === key);
          own.forEach(({ to }, index) => assert.equal(to, own[index + 1]?.from));
        }
      }),
    );
  });

  it('never gives away more than all requests, and says at each moment what the period of that moment says', () => {
    fc.assert(
      fc.property(events, fc.integer({ min: -1, max: 42 }), (drawn, hour) => {
        const steps = read(drawn);
        const moment = new Date(Date.UTC(2026, 10, 1, hour, 30));
        const periods = history(steps);
        const current = periodsAt(periods, moment);
        assert.equal(new Set(current.map(({ place }) => place.key)).size, current.length);
        for (const { serving } of periods) assert.ok(serving.reduce((sum, { traffic }) => sum + traffic, 0) <= 100);
        assert.deepEqual(
          servingAt(steps, moment),
          current.flatMap(({ serving }) => serving),
        );
        assert.deepEqual(servingOf(periods, moment), servingAt(steps, moment));
        for (const { since } of servingAt(steps, moment)) assert.ok(Date.parse(since) <= moment.getTime());
      }),
    );
  });

  it('is not changed for a moment by what happened after it', () => {
    fc.assert(
      fc.property(events, fc.integer({ min: 0, max: 40 }), (drawn, hour) => {
        const steps = read(drawn);
        const moment = new Date(Date.UTC(2026, 10, 1, hour, 30));
        const earlier = steps.filter(({ at }) => Date.parse(at) <= moment.getTime());
        assert.deepEqual(servingAt(steps, moment), servingAt(earlier, moment));
      }),
    );
  });
});
