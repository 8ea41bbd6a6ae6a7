import assert from 'node:assert/strict';
import { defaultPolicy, type Policy } from '../../../tasks/EvaluateAgainstProduction/policy';
import { joinByKey, parsePredictions } from '../../../tasks/EvaluateAgainstProduction/predictions';
import { measureSegments, type GroupedRows } from '../../../tasks/EvaluateAgainstProduction/segments';

const policy = (...segments: Policy['segments']): Policy => ({ ...defaultPolicy, segments });

/** `count` rows of a group with one truth and one answer a model. */
function rows(
  groups: [group: string, count: number, truth: string, candidate: string, champion: string][],
): GroupedRows {
  const all = groups.flatMap((group) => Array.from({ length: group[1] }, () => group));
  return {
    truth: all.map(([, , truth]) => truth),
    candidate: all.map(([, , , candidate]) => candidate),
    champion: all.map(([, , , , champion]) => champion),
    groups: all.map(([group]) => [group]),
  };
}

describe('segments', () => {
  const region = { column: 'region', values: ['north', 'south', 'east'] };

  it('show the metric of both models in each group', () => {
    const found = measureSegments(
      'mse',
      policy(region),
      rows([
        ['north', 10, '1', '2', '4'],
        ['south', 12, '1', '1', '0'],
        ['east', 10, '3', '3', '3'],
      ]),
    );
    assert.deepEqual(found, [
      { segment: 'region', value: 'north', rows: 10, candidate: 1, champion: 9 },
      { segment: 'region', value: 'south', rows: 12, candidate: 0, champion: 1 },
      { segment: 'region', value: 'east', rows: 10, candidate: 0, champion: 0 },
    ]);
  });

  it('show no figure for fewer than ten rows, and no group that the policy does not name', () => {
    const found = measureSegments(
      'mse',
      policy({ column: 'region', values: ['north', 'nowhere'] }),
      rows([
        ['north', 9, '1', '2', '4'],
        ['secret', 50, '1', '1', '0'],
      ]),
    );
    assert.deepEqual(found, [
      { segment: 'region', value: 'north', rows: 9, note: 'fewer than 10 rows' },
      { segment: 'region', value: 'nowhere', rows: 0, note: 'fewer than 10 rows' },
    ]);
  });

  it('know the first model alone', () => {
    const { truth, candidate, groups } = rows([['north', 10, '1', '2', '4']]);
    const [first] = measureSegments('mae', policy({ column: 'region', values: ['north'] }), {
      truth,
      candidate,
      groups,
    });
    assert.deepEqual(first, { segment: 'region', value: 'north', rows: 10, candidate: 1 });
  });

  it('take the positive class of all rows, also where a group has one class only', () => {
    const found = measureSegments(
      'recall',
      policy(region),
      rows([
        ['north', 10, '0', '0', '0'],
        ['south', 10, '1', '1', '0'],
        ['east', 10, '0', '1', '0'],
      ]),
    );
    assert.deepEqual(
      found.map(({ candidate, champion }) => [candidate, champion]),
      [
        [0, 0],
        [1, 0],
        [0, 0],
      ],
    );
  });

  it('average over classes in a group of two when all rows have three', () => {
    const [north] = measureSegments(
      'f1',
      policy(region),
      rows([
        ['north', 10, 'a', 'a', 'b'],
        ['north', 10, 'b', 'b', 'b'],
        ['south', 10, 'c', 'c', 'c'],
      ]),
    );
    assert.deepEqual([north?.candidate, north?.champion], [1, 1 / 3]);
  });

  it('say so where the metric is not defined in a group', () => {
    const [north] = measureSegments(
      'auc',
      policy(region),
      rows([
        ['north', 10, '1', '0.5', '0.4'],
        ['south', 10, '0', '0.2', '0.1'],
      ]),
    );
    assert.deepEqual(north, { segment: 'region', value: 'north', rows: 10, note: 'auc is not defined on these rows' });
  });

  it('come from columns of the candidate’s predictions, joined by key', () => {
    const ours = parsePredictions('ours', 'key,REGION ,truth,candidate,plan\n1, north ,1,1,x\n2,south,2,2,y\n', [
      'plan',
      'Region',
    ]);
    const theirs = parsePredictions('theirs', 'key,truth,candidate\n2,2,3\n1,1,3\n');
    assert.deepEqual(joinByKey(ours, theirs, 1).groups, [
      ['x', 'north'],
      ['y', 'south'],
    ]);
    assert.throws(
      () => parsePredictions('theirs', 'key,truth,candidate\n1,1,1\n', ['region']),
      /theirs has no column "region"/,
    );
  });
});
