import assert from 'node:assert/strict';
import { readInputs } from '../../../tasks/SubmitAmlTraining/inputs';
import { FakeAgent } from '../../support/fake-agent';

const common = { azureSubscription: 'id', resourceGroup: 'rg', workspace: 'ws', jobFile: __filename };

describe('inputs of SubmitAmlTraining', () => {
  it('have defaults', () => {
    assert.deepEqual(readInputs(new FakeAgent({ inputs: common })), {
      jobFile: __filename,
      root: undefined,
      set: undefined,
      wait: true,
      onCancel: 'cancelJob',
      timeoutMinutes: 360,
    });
  });

  it('limit the job to the checkout when its file lies there', () => {
    const rootIn = (sources: string): string | undefined =>
      readInputs(new FakeAgent({ inputs: common, variables: { 'Build.SourcesDirectory': sources } })).root;
    assert.equal(rootIn(__dirname), __dirname);
    assert.equal(rootIn(`${__dirname}/`), `${__dirname}/`);
    assert.equal(rootIn(__dirname.slice(0, -1)), undefined);
    assert.equal(rootIn('/elsewhere'), undefined);
  });

  it('are taken as given', () => {
    const inputs = { ...common, set: 'a=1', wait: 'False', onCancel: 'detach', timeoutMinutes: '1.5' };
    const { set, wait, onCancel, timeoutMinutes } = readInputs(new FakeAgent({ inputs }));
    assert.deepEqual([set, wait, onCancel, timeoutMinutes], ['a=1', false, 'detach', 1.5]);
  });

  const refused: [string, string][] = [
    ['jobFile', ''], ['jobFile', '/no/such.yml'], ['jobFile', '/tmp'], ['azureSubscription', ''], ['resourceGroup', ''], ['workspace', ''], ['wait', 'maybe'], ['onCancel', 'kill'],
    ['timeoutMinutes', '0'], ['timeoutMinutes', '-1'], ['timeoutMinutes', 'ten'], ['timeoutMinutes', '99999'], ['timeoutMinutes', '1e3'],
  ]; // prettier-ignore
  for (const [name, value] of refused) {
    it(`name ${name} when it is "${value}"`, () => {
      assert.throws(
        () => readInputs(new FakeAgent({ inputs: { ...common, [name]: value } })),
        new RegExp(`Input "${name}"`),
      );
    });
  }
});
