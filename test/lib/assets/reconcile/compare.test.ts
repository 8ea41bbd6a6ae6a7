import assert from 'node:assert/strict';
import fc from 'fast-check';
import { changesOf, durationSeconds } from '../../../../lib/assets/reconcile/compare';

describe('comparing a resource with what is there', () => {
  const same: [string, unknown, unknown][] = [
    ['what the service adds', { a: 1 }, { a: 1, b: 2 }],
    ['ids in another case', { id: '/subscriptions/A/resourceGroups/B' }, { id: '/subscriptions/a/resourcegroups/b' }],
    ['ids with a prefix', { code: 'azureml:/subscriptions/A/x' }, { code: '/subscriptions/a/X' }],
    ['ids as keys', { ids: { '/subscriptions/A': {} } }, { ids: { '/subscriptions/a': { clientId: 'c' } } }],
    ['words of enumerations', { vmSize: 'STANDARD_DS3_V2' }, { vmSize: 'Standard_DS3_v2' }],
    ['regions', { location: 'West Europe' }, { location: 'westeurope' }],
    ['durations', { idle: 'PT2M' }, { idle: 'PT120S' }],
    ['times', { startTime: '2026-07-10 10:00:00' }, { startTime: '2026-07-10T10:00:00' }],
    ['truth values as text', { on: true }, { on: 'True' }],
    ['numbers as text', { n: 1 }, { n: '1.0' }],
    ['nothing and what is empty', { tags: {}, list: [], text: '', no: false, none: 'None' }, {}],
    ['what the file leaves open', { remoteLoginPortPublicAccess: 'NotSpecified' }, { remoteLoginPortPublicAccess: 'Disabled' }],
    ['conda files in another spelling', { condaFile: 'a: [1]\nb: 2\n' }, { condaFile: 'b: 2\na:\n- 1\n' }],
    [
      'addresses in a datastore',
      { dataUri: 'azureml://datastores/d/paths/p' },
      { dataUri: 'azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/d/paths/p' },
    ],
  ]; // prettier-ignore
  for (const [what, wanted, found] of same) {
    it(`takes ${what} for equal`, () => assert.deepEqual(changesOf(wanted, found), []));
  }

  const different: [string, unknown, unknown, string][] = [
    ['text of a person in another case', { tags: { Team: 'A' } }, { tags: { Team: 'a' } }, 'tags.Team'],
    ['what is missing', { properties: { scale: { max: 2 } } }, { properties: {} }, 'properties.scale.max'],
    ['lists of another length', { hours: [1, 2] }, { hours: [1] }, 'hours'],
    ['lists in another order', { hours: [1, 2] }, { hours: [2, 1] }, 'hours'],
    ['durations', { idle: 'PT2M' }, { idle: 'PT2H' }, 'idle'],
    ['paths in another case', { dataUri: 'azureml://datastores/d/paths/P' }, { dataUri: 'azureml://datastores/d/paths/p' }, 'dataUri'],
  ]; // prettier-ignore
  for (const [what, wanted, found, place] of different) {
    it(`tells ${what} apart`, () => {
      assert.deepEqual(
        changesOf(wanted, found).map((change) => change.path),
        [place],
      );
    });
  }

  it('finds nothing to change in a copy with more members', () => {
    const more = (value: unknown): unknown =>
      Array.isArray(value) || typeof value !== 'object' || value === null
        ? value
        : { ...Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, more(inner)])), added: 1 };
    fc.assert(fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.jsonValue()), (value) => {
      delete value['added'];
      assert.deepEqual(changesOf(value, more(JSON.parse(JSON.stringify(value)))), []);
    })); // prettier-ignore
  });

  it('reads durations', () => {
    assert.deepEqual(['PT1H30M', 'P1DT1S', 'P2W', 'PT0.5S', 'P', 'PT', '1H', 'P1M'].map(durationSeconds), [
      5400,
      86_401,
      1_209_600,
      0.5,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
