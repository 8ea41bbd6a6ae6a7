import assert from 'node:assert/strict';
import { MlWorkspace, valueAt, type Reply } from '../../support/ml-workspace';

describe('schedules of the local Azure', () => {
  let ws: MlWorkspace;
  let action: Record<string, unknown>;
  const trigger = { triggerType: 'Cron', expression: '0 6 * * MON-FRI', timeZone: 'W. Europe Standard Time' };

  before(async () => {
    ws = await MlWorkspace.start();
    const jobDefinition = {
      jobType: 'Command',
      environmentId: await ws.environment('bare', []),
      command: 'echo ${{inputs.when}} ${{inputs.who}}',
      computeId: `${ws.path}/computes/cpu-cluster`,
      experimentName: 'retraining',
      tags: { team: 'a' },
      inputs: {
        when: { jobInputType: 'literal', value: '${{creation_context.trigger_time}}' },
        who: { jobInputType: 'literal', value: '${{name}}' },
      },
    };
    action = { actionType: 'CreateJob', jobDefinition };
  });
  after(() => ws.stop());

  async function put(name: string, properties: Record<string, unknown>): Promise<Reply> {
    const answer = await ws.arm('PUT', `/schedules/${name}`, { properties: { trigger, action, ...properties } });
    if (answer.status < 300) await ws.waitForOperation(answer.header('azure-asyncoperation'));
    return answer;
  }

  const names = async (query: string): Promise<unknown[]> =>
    (await ws.arm('GET', `/schedules${query}`)).list('value').map((one) => valueAt(one, 'name'));

  it('are kept, changed and listed by whether they are enabled', async () => {
    assert.equal((await put('weekly', { displayName: 'Every week' })).status, 201);
    const recurrence = {
      triggerType: 'Recurrence',
      frequency: 'Week',
      interval: 1,
      startTime: '2026-07-10T10:00:00',
      schedule: { hours: [4], minutes: [15], weekDays: ['Monday'] },
    };
    assert.equal((await put('weekly', { trigger: recurrence, isEnabled: false })).status, 200);
    const shown = await ws.arm('GET', '/schedules/weekly');
    assert.equal(shown.at('properties/provisioningState'), 'Succeeded');
    assert.deepEqual(shown.at('properties/trigger/schedule/weekDays'), ['Monday']);
    assert.equal(shown.at('properties/trigger/timeZone'), 'UTC');
    await put('daily', {});
    assert.deepEqual(await names(''), ['daily']);
    assert.deepEqual(await names('?listViewType=DisabledOnly'), ['weekly']);
    assert.deepEqual(await names('?listViewType=All'), ['daily', 'weekly']);
  });

  it('make their job when they are triggered', async () => {
    await put('daily', {});
    const fire = (): Promise<Reply> =>
      ws.arm('POST', '/schedules/daily/trigger', { scheduleTime: '2026-06-01T06:00:00.123+02:00' });
    const fired = await fire();
    assert.deepEqual(fired.at(), { scheduleActionType: 'CreateJob', submissionId: 'daily-20260601T040000Z' });
    const { job } = await ws.waitForJob('daily-20260601T040000Z');
    assert.equal(job.at('properties/status'), 'Completed');
    assert.equal(job.at('properties/displayName'), 'daily-20260601T040000Z');
    assert.equal(job.at('properties/experimentName'), 'retraining');
    assert.equal(job.at('properties/tags/team'), 'a');
    assert.equal(job.at('properties/properties/azureml.scheduleName'), 'daily');
    assert.equal(await ws.log('daily-20260601T040000Z'), '2026-06-01T04:00:00Z daily-20260601T040000Z\n');
    assert.equal((await fire()).at('submissionId'), 'daily-20260601T040000Z-2');
    await ws.waitForJob('daily-20260601T040000Z-2');
  });

  it('invoke a batch endpoint when they are triggered', async () => {
    const code = 'def init(): pass\ndef run(mini_batch): return mini_batch\n';
    const codeId = await ws.code('echo', { 'score.py': code });
    const environmentId = await ws.environment('for-batch', []);
    const settle = async (reply: Promise<Reply>): Promise<void> => {
      await ws.waitForOperation((await reply).header('azure-asyncoperation'));
    };
    const endpoint = (properties: Record<string, unknown>): Promise<Reply> =>
      ws.arm('PUT', '/batchEndpoints/echoes', { location: 'x', properties: { authMode: 'AADToken', ...properties } });
    await settle(endpoint({}));
    await settle(
      ws.arm('PUT', '/batchEndpoints/echoes/deployments/one', {
        location: 'x',
        properties: {
          environmentId,
          codeConfiguration: { codeId, scoringScript: 'score.py' },
          compute: `${ws.path}/computes/cpu-cluster`,
        },
      }),
    );
    await settle(endpoint({ defaults: { deploymentName: 'one' } }));
    const uri = await ws.data('in', { 'a.txt': 'x' });
    const endpointInvocationDefinition = {
      endpoint: `azureml:${ws.path}/batchEndpoints/echoes`,
      inputs: { data: { jobInputType: 'UriFolder', uri } },
    };
    await put('scoring', { action: { actionType: 'InvokeBatchEndpoint', endpointInvocationDefinition } });
    const fired = await ws.arm('POST', '/schedules/scoring/trigger', { scheduleTime: '2026-06-01T06:00:00Z' });
    assert.equal(fired.at('scheduleActionType'), 'InvokeBatchEndpoint', fired.text);
    const { job } = await ws.waitForJob(fired.str('submissionId'));
    assert.equal(job.at('properties/status'), 'Completed');
  });

  it('fire only when they are enabled, and are deleted only when they are not', async () => {
    await put('off', { isEnabled: false });
    const fired = await ws.arm('POST', '/schedules/off/trigger', {});
    assert.equal(fired.at('error/details/0/code'), 'ScheduleDisabled');
    await put('off', { isEnabled: true });
    assert.equal((await ws.arm('DELETE', '/schedules/off')).at('error/details/0/code'), 'ScheduleEnabled');
    await put('off', { isEnabled: false });
    const gone = await ws.arm('DELETE', '/schedules/off');
    assert.equal(gone.status, 202);
    await ws.waitForOperation(gone.header('location'));
    assert.equal((await ws.arm('GET', '/schedules/off')).status, 404);
    assert.equal((await ws.arm('DELETE', '/schedules/off')).status, 204);
  });

  it('keep monitors without carrying them out', async () => {
    const monitorDefinition = {
      computeConfiguration: {
        computeType: 'ServerlessSpark',
        computeIdentity: { computeIdentityType: 'AmlToken' },
        instanceType: 'standard_e4s_v3',
        runtimeVersion: '3.4',
      },
      signals: {},
    };
    const made = await put('monitor', { action: { actionType: 'CreateMonitor', monitorDefinition } });
    assert.equal(made.status, 201, made.text);
    const fired = await ws.arm('POST', '/schedules/monitor/trigger', {});
    assert.match(fired.str('error/details/0/message'), /CreateMonitor.*does not carry them out/);
  });

  it('are refused when they are wrong', async () => {
    const cron = (expression: string): Record<string, unknown> => ({ trigger: { ...trigger, expression } });
    const job = (change: Record<string, unknown>): Record<string, unknown> => ({
      action: { actionType: 'CreateJob', jobDefinition: { jobType: 'Command', ...change } },
    });
    const cases: [Record<string, unknown>, RegExp][] = [
      [cron('0 6 * *'), /five fields/],
      [cron('61 6 * * *'), /'61' is not a minute/],
      [cron('0 6 * FEBR *'), /not a month/],
      [cron('0 6 9-3 * *'), /not a day of month/],
      [{ trigger: { ...trigger, timeZone: 'Europe/Amsterdam' } }, /not a Windows time zone/],
      [{ trigger: { ...trigger, startTime: '2026-06-01T00:00:00Z' } }, /without an offset/],
      [{ trigger: { triggerType: 'Recurrence', frequency: 'Fortnight', interval: 1 } }, /not a value of frequency/],
      [{ trigger: { triggerType: 'Recurrence', frequency: 'Day', interval: 0 } }, /above 0/],
      [job({ jobType: 'Dance' }), /not a type of job/],
      [job({ computeId: `${ws.path}/computes/none` }), /was not found/],
      [{ action: { actionType: 'Sing' } }, /not an actionType/],
      [
        { action: { actionType: 'InvokeBatchEndpoint', endpointInvocationDefinition: { endpoint: 'nobody' } } },
        /no batch endpoint 'nobody'/,
      ],
    ];
    for (const [change, expected] of cases) {
      const answer = await put('wrong', change);
      assert.equal(answer.status, 400, answer.text);
      assert.match(answer.str('error/details/0/message'), expected);
    }
  });

  it('are asked for and answered as the official documents say', async function () {
    if (!ws.judged) return this.skip();
    assert.deepEqual(await ws.problems(), []);
  });
});
