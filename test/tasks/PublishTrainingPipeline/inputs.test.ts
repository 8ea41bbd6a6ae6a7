import assert from 'node:assert/strict';
import { TaskError } from '../../../lib/agent/errors';
import { readInputs } from '../../../tasks/PublishTrainingPipeline/inputs';
import { FakeAgent } from '../../support/fake-agent';

const common = {
  azureSubscription: 'id',
  resourceGroup: 'rg',
  workspace: 'ws',
  pipelineFile: __filename,
  endpointName: 'churn',
};
const read = (more: Record<string, string> = {}) => readInputs(new FakeAgent({ inputs: { ...common, ...more } }));

describe('inputs of PublishTrainingPipeline', () => {
  it('have defaults', () => {
    const { endpoint, trigger, timeZone, timeoutMinutes, yearlyBudgetHours } = read();
    assert.deepEqual(endpoint, { name: 'churn', deployment: 'training', makeDefault: true });
    assert.deepEqual([trigger, timeZone, timeoutMinutes, yearlyBudgetHours], ['none', 'UTC', 60, undefined]);
  });

  it('are taken as given', () => {
    const inputs = read({
      compute: 'azureml:gpu',
      makeDefault: 'false',
      trigger: 'calendar',
      cron: '0 4 * * *',
      maxRunMinutes: '90',
    });
    assert.deepEqual([inputs.compute, inputs.endpoint?.makeDefault, inputs.maxRunMinutes], ['gpu', false, 90]);
    assert.equal(read({ publishAs: 'schedule', trigger: 'calendar', cron: '0 4 * * *' }).endpoint, undefined);
  });

  it('say what a version may start with', () => {
    assert.throws(
      () => read({ componentVersion: '1/2' }),
      (error: unknown) =>
        error instanceof TaskError &&
        error.advice ===
          'It may have letters, digits, dots, dashes and underscores, and starts with a letter or a digit.',
    );
  });

  const refused: [Record<string, string>, RegExp][] = [
    [{ pipelineFile: '' }, /"pipelineFile"/], [{ pipelineFile: '/no/such.yml' }, /"pipelineFile": there is no file/], [{ endpointName: '' }, /"endpointName" is missing/],
    [{ endpointName: 'a' }, /"endpointName" is "a"/], [{ endpointName: '$(name)' }, /"endpointName"/], [{ publishAs: 'job' }, /"publishAs" is "job"/], [{ trigger: 'always' }, /"trigger"/],
    [{ publishAs: 'schedule' }, /nothing would ever start/], [{ cron: '0 4 * * *' }, /"cron" is given, but "trigger" is none/],
    [{ trigger: 'calendar' }, /neither "scheduleFile" nor "cron"/], [{ trigger: 'calendar', cron: '* * * * *', scheduleFile: __filename }, /both "scheduleFile" and "cron"/],
    [{ trigger: 'drift' }, /"scheduleFile" alone/], [{ trigger: 'drift', publishAs: 'schedule', scheduleFile: __filename }, /batch endpoint only/],
    [{ componentName: 'Has-Dash' }, /"componentName"/], [{ yearlyBudgetHours: '-1' }, /"yearlyBudgetHours"/], [{ maxRunMinutes: 'long' }, /"maxRunMinutes"/], [{ timeoutMinutes: '0' }, /"timeoutMinutes"/],
  ]; // prettier-ignore
  for (const [more, message] of refused) {
    it(`refuse ${JSON.stringify(more)}`, () =>
      assert.throws(
        () => read(more),
        (error: Error) => message.test(error.message),
      ));
  }
});
