import assert from 'node:assert/strict';
import type { DeploymentEvent } from '../../../../hub/data/types';
import { standingOf } from '../../../../hub/pages/approvals/champion';
import { container, step } from '../../data/samples';

const day = (number: number): string => `2026-11-${String(number).padStart(2, '0')}T12:00:00Z`;
const champion = { name: 'churn', version: '6' };
const standing = (events: readonly DeploymentEvent[], isAll = true) =>
  standingOf(champion, events, new Date(day(20)), '7', isAll);

describe('what a version was compared with', () => {
  const blue = step(day(1), { deployment: 'blue', model: 'churn', version: '6', traffic: { blue: 100 } });

  it('is not taken for replaced by a model of the same name in another workspace', () => {
    const at = (workspace: string): string =>
      `/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/${workspace}`;
    const there = step(day(2), {
      ...{ deployment: 'blue', model: 'churn', version: '3', traffic: { blue: 100 } },
      place: `${at('b')}/onlineEndpoints/churn`,
    });
    const named = { ...champion, id: `${at('A')}/models/churn/versions/6` };
    assert.equal(standingOf(named, [blue, there], new Date(day(20)), '7', true).kind, 'same');
    assert.equal(standingOf(champion, [blue, there], new Date(day(20)), '7', true).kind, 'changed');
  });

  it('still serves, also beside a first share of the version of the run', () => {
    assert.equal(standing([blue]).kind, 'same');
    const green = { deployment: 'green', model: 'churn', version: '7', traffic: { blue: 90, green: 10 } };
    assert.deepEqual(standing([blue, step(day(2), green)]), {
      kind: 'same',
      text: 'Production serves version 6 (churn-prod, 90 %), version 7 (churn-prod, 10 %) now; this run was compared with version 6.',
    });
  });

  it('is another than what serves as soon as a third version does, in one place of several, too', () => {
    assert.equal(standing([blue, container(day(2), '8')]).kind, 'changed');
    assert.equal(standing([container(day(1), '6'), container(day(2), '5')]).kind, 'changed');
    const unnamed = { deployment: 'red', model: 'churn', traffic: { red: 100 } };
    assert.match(
      standing([blue, step(day(2), unnamed)]).text,
      /^Production serves an unknown version \(churn-prod\) now/,
    );
  });

  it('is another than what serves when another model took its place', () => {
    const other = step(day(2), { deployment: 'red', model: 'demand', version: '6', traffic: { red: 100 } });
    assert.deepEqual(standing([blue, other]), {
      kind: 'changed',
      text: 'Production serves nothing of churn that is known now; this run was compared with version 6.',
    });
  });

  it('was replaced by the version of the run itself', () => {
    assert.equal(standing([container(day(1), '6'), container(day(2), '7')]).kind, 'replaced');
  });

  it('cannot be held against what nobody read: no step in production, or not all of them', () => {
    const test = container(day(1), '8', 'churn-test');
    assert.deepEqual(standing([test]), {
      kind: 'unknown',
      text: 'What production serves now is not known: no deployment of churn to production was found.',
    });
    assert.match(standing([], false).text, /was found among the runs that were read\.$/);
  });
});
