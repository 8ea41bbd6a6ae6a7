import assert from 'node:assert/strict';
import path from 'node:path';
import { at } from '../../../lib/agent/json';
import type { Step } from '../../../lib/assets/reconcile/plan';
import type { Inputs } from '../../../tasks/PublishTrainingPipeline/inputs';
import { withoutLeftInputs } from '../../../tasks/PublishTrainingPipeline/leftover';
import type { TaskError } from '../../../lib/agent/errors';
import { publishPipeline } from '../../../tasks/PublishTrainingPipeline/publish';
import { workspaceId } from '../../support/fake-azure';
import { folderWith, MemoryWorkspace } from '../../support/memory-workspace';

const schema = (name: string): string => `$schema: https://azuremlschemas.azureedge.net/latest/${name}.schema.json\n`;
const fit = `component: ./fit.yml
    type: command
    limits: {timeout: 1800}
    resources: {instance_count: 2}
    inputs: {alpha: "\${{parent.inputs.alpha}}", data: "\${{parent.inputs.data}}"}
`;
const files = {
  'job.yml': `${schema('pipelineJob')}type: pipeline
display_name: Retraining
settings: {default_compute: azureml:cpu, continue_on_step_failure: false}
inputs:
  alpha: 0.5
  data: {type: uri_file, path: patients.csv}
jobs:
  fit:
    ${fit}`,
  'registry.yml': `${schema('pipelineJob')}type: pipeline
settings: {default_compute: azureml:cpu}
jobs:
  nested: {type: pipeline, component: "azureml://registries/reg/components/big/versions/1"}
`,
  'computes.yml': `${schema('pipelineJob')}type: pipeline
settings: {default_compute: azureml:gone}
jobs:
  fit: {type: command, component: ./fit.yml, compute: azureml:lost, inputs: {alpha: 1, data: {type: uri_file, path: azureml:d:1}}}
  again: {type: command, component: ./fit.yml, compute: azureml:lost, inputs: {alpha: 1, data: {type: uri_file, path: azureml:d:1}}}
  there: {type: command, component: ./fit.yml, compute: azureml:cpu, inputs: {alpha: 1, data: {type: uri_file, path: azureml:d:1}}}
  free: {type: command, component: ./fit.yml, compute: azureml:serverless, inputs: {alpha: 1, data: {type: uri_file, path: azureml:d:1}}}
  nested: {type: pipeline, component: ./inner.yml}
`,
  'inner.yml': `${schema('pipelineComponent')}type: pipeline
jobs:
  deep: {type: command, component: ./fit.yml, compute: azureml:sunk, inputs: {alpha: 1, data: {type: uri_file, path: azureml:d:1}}}
`,
  'used.yml': `${schema('pipelineJob')}type: pipeline
component: ./component.yml
settings: {default_compute: azureml:cpu}
inputs:
  alpha: 0.7
  data: {type: uri_file, path: patients.csv}
`,
  'tagged.yml': `${schema('pipelineJob')}type: pipeline
experiment_name: ex
tags: {a: b}
identity: {type: user_identity}
settings: {default_compute: azureml:cpu}
outputs: {model: {type: uri_folder, mode: upload, path: azureml://datastores/workspaceblobstore/paths/x}, other: {type: uri_file}}
jobs:
  fit: {type: command, component: ./fit.yml, inputs: {alpha: 1, data: {type: uri_file, path: azureml:d:1}}}
`,
  'disabled.yml': `${schema('schedule')}name: weekly
is_enabled: false
trigger: {type: cron, expression: 0 4 * * 1}
create_job: ./job.yml
`,
  'component.yml': `${schema('pipelineComponent')}type: pipeline
name: retraining
inputs:
  alpha: {type: number, default: 0.5}
  data: {type: uri_file}
jobs:
  fit:
    ${fit}`,
  'fit.yml': `${schema('commandComponent')}name: fit
type: command
inputs: {alpha: {type: number}, data: {type: uri_file}}
code: src
environment: azureml:scoring:1
command: python fit.py \${{inputs.alpha}} \${{inputs.data}}
`,
  'src/fit.py': 'print(1)\n',
  'patients.csv': 'A\n1\n',
  'monitor.yml': `${schema('monitorSchedule')}name: drift
trigger: {type: recurrence, frequency: day, interval: 1, schedule: {hours: 3, minutes: 15}}
create_monitor:
  compute: {instance_type: standard_e4s_v3, runtime_version: "3.4"}
  monitoring_target: {ml_task: classification, endpoint_deployment_id: "azureml:churn:blue"}
  monitoring_signals:
    inputs:
      type: data_drift
      production_data: {input_data: {path: "azureml:served:1", type: uri_folder}, data_context: model_inputs, data_window: {lookback_window_size: P1D, lookback_window_offset: P0D}}
      reference_data: {input_data: {path: "azureml:patients:1", type: mltable}, data_context: training}
      metric_thresholds: {numerical: {jensen_shannon_distance: 0.1}, categorical: {pearsons_chi_squared_test: 0.02}}
  alert_notification: {emails: [a@example.com]}
`,
};
const now = Date.parse('2026-11-21T12:00:00Z');

describe('PublishTrainingPipeline', () => {
  const folder = folderWith(files);
  let on: MemoryWorkspace;

  beforeEach(() => {
    on = new MemoryWorkspace();
    for (const name of ['cpu', 'gpu']) on.put(`${workspaceId}/computes/${name}`, { properties: {} });
    on.fake.on('GET', '{ws}/batchEndpoints/[^/]+', ({ path: place }) => {
      const found = on.resources.get(place.toLowerCase()) as { properties: object } | undefined;
      const scoringUri = 'https://retraining.westeurope.inference.ml.azure.com/jobs';
      return found && { body: { ...found, properties: { ...found.properties, scoringUri } } };
    });
  });

  const run = ({ file = 'job.yml', ...more }: Partial<Inputs> & { file?: string } = {}) =>
    publishPipeline(
      {
        pipelineFile: path.join(folder, file),
        set: undefined,
        componentName: 'retraining',
        componentVersion: undefined,
        endpoint: { name: 'retraining', deployment: 'first', makeDefault: true },
        compute: undefined,
        trigger: 'none',
        scheduleFile: undefined,
        scheduleName: undefined,
        cron: undefined,
        timeZone: 'UTC',
        yearlyBudgetHours: undefined,
        maxRunMinutes: undefined,
        timeoutMinutes: 1,
        ...more,
      },
      { agent: on.agent, azure: on.fake.azure, now },
    );
  const put = (place: string): unknown => on.fake.calls('PUT', `{ws}/${place}`).at(-1)?.body;
  const calendar = { trigger: 'calendar', cron: '0 4 * * 1', timeZone: 'Europe/Berlin' } as const;

  it('makes a component of a job, whose values are its defaults, and deploys it', async () => {
    const { message } = await run();
    assert.equal(message, '3 created, 1 updated, 0 unchanged.');
    const spec = at(put('components/retraining/versions/1'), 'properties', 'componentSpec');
    assert.deepEqual(at(spec, 'inputs'), { alpha: { type: 'number', default: '0.5' }, data: { type: 'uri_file' } });
    const configuration = at(
      put('batchEndpoints/retraining/deployments/first'),
      'properties',
      'deploymentConfiguration',
    );
    assert.deepEqual(at(configuration, 'settings'), { continue_on_step_failure: 'false', default_compute: 'cpu' });
    const componentId = `${workspaceId}/components/retraining/versions/1`;
    assert.deepEqual(at(configuration, 'componentId'), { referenceType: 'Id', assetId: componentId });
    assert.deepEqual(at(on.at('batchEndpoints/retraining'), 'properties', 'defaults'), { deploymentName: 'first' });
    assert.equal(on.agent.outputs['componentId'], componentId);
  });

  it('prints the call that starts it, without a token', async () => {
    await run();
    assert.match(
      on.agent.log,
      /POST https:\/\/retraining\.[^\n]+\/jobs\nAuthorization: Bearer \$TOKEN\nContent-Type: application\/json\n\n\{/,
    );
    assert.match(on.agent.log, /curl -X POST 'https:[^\n]*"alpha":\{"JobInputType":"Literal","Value":"0\.5"\}/);
    assert.match(
      on.agent.log,
      /"data":\{"JobInputType":"UriFile","Uri":"azureml:\/\/datastores\/workspaceblobstore\/paths\/LocalUpload\/[0-9a-f]{64}\/patients\.csv"\}/,
    );
    assert.ok(!on.agent.everything.includes('token-for'));
  });

  it('changes nothing when the same content is published again, and takes the next version of other content', async () => {
    await run(calendar);
    const before = on.writes.length;
    const { message } = await run(calendar);
    assert.match(message ?? '', /^0 created, 0 updated, 5 unchanged/);
    assert.deepEqual(on.writes.slice(before), []);
    await run({ ...calendar, set: 'inputs.alpha=0.7' });
    assert.equal(on.agent.outputs['componentId'], `${workspaceId}/components/retraining/versions/2`);
    assert.match(JSON.stringify(on.at('batchEndpoints/retraining/deployments/first')), /retraining\/versions\/2/);
  });

  it('refuses other content of a version that is there, with the place of the file', async () => {
    await run();
    const writes = on.writes.length;
    await assert.rejects(run({ componentVersion: '1', set: 'inputs.alpha=0.7' }), ({ message, advice }: TaskError) => {
      assert.match(message, /job\.yml:1:1: pipeline component retraining has a version 1 with other content: /);
      assert.match(advice ?? '', /^Give another version, or none/);
      return true;
    });
    assert.equal(on.writes.length, writes);
  });

  it('lets an endpoint that exists be what it is, and names the deployment where another is the default', async () => {
    on.put(`${workspaceId}/batchEndpoints/retraining`, {
      location: 'westeurope',
      tags: { owner: 'a' },
      properties: { authMode: 'AADToken', defaults: { deploymentName: 'other' } },
    });
    await run({ endpoint: { name: 'retraining', deployment: 'first', makeDefault: false } });
    assert.equal(put('batchEndpoints/retraining'), undefined);
    assert.match(on.agent.log, /azureml-model-deployment: first/);
    await run();
    assert.deepEqual(at(put('batchEndpoints/retraining'), 'tags'), { owner: 'a' });
  });

  it('runs the component on a schedule, with the values of the file', async () => {
    await run({ ...calendar, endpoint: undefined, yearlyBudgetHours: 52 });
    const properties = at(put('schedules/retraining'), 'properties');
    assert.deepEqual(at(properties, 'trigger'), {
      triggerType: 'Cron',
      expression: '0 4 * * 1',
      timeZone: 'W. Europe Standard Time',
    });
    const job = at(properties, 'action', 'jobDefinition');
    assert.deepEqual([at(job, 'jobType'), at(job, 'componentId')], ['Pipeline', on.agent.outputs['componentId']]);
    assert.deepEqual(at(job, 'inputs', 'alpha'), { jobInputType: 'literal', value: '0.5' });
    assert.equal(at(job, 'settings', 'default_compute'), `${workspaceId}/computes/cpu`);
    const { runsPerYear, hoursPerYear, invokeUrl } = on.agent.outputs;
    assert.deepEqual([runsPerYear, hoursPerYear, invokeUrl], ['52', '52', '']);
  });

  it('makes nothing when the budget is too small', async () => {
    await assert.rejects(run({ ...calendar, yearlyBudgetHours: 51 }), /52 × 1 h = 52 h a year/);
    assert.deepEqual(on.writes, []);
  });

  it('makes the monitor and the endpoint for drift, and says how the alert starts it', async () => {
    await run({ trigger: 'drift', scheduleFile: path.join(folder, 'monitor.yml'), yearlyBudgetHours: 365 });
    assert.equal(at(put('schedules/drift'), 'properties', 'action', 'actionType'), 'CreateMonitor');
    assert.equal(on.agent.outputs['runsPerYear'], '365');
    assert.match(on.agent.log, /RunStatusChanged[^]*azureml_modelmonitor_threshold_breached/);
  });

  it('refuses a file that is no pipeline, a calendar without values, nodes without a compute', async () => {
    await assert.rejects(run({ file: 'fit.yml' }), /is the file of a command component/);
    await assert.rejects(
      run({ file: 'component.yml', ...calendar, compute: 'cpu' }),
      /nothing gives its inputs data a value/,
    );
    await assert.rejects(run({ file: 'component.yml' }), /jobs\.fit has no compute/);
    assert.deepEqual(on.writes, []);
  });

  it('takes a pipeline component as it is', async () => {
    await run({ file: 'component.yml', compute: 'gpu', componentName: undefined });
    assert.equal(at(put('components/retraining/versions/1'), 'properties', 'componentSpec', 'name'), 'retraining');
    assert.match(
      on.agent.log,
      /"data":\{"JobInputType":"UriFile","Uri":"azureml:\/\/datastores\/workspaceblobstore\/paths\/<path>"\}/,
    );
  });

  it('keeps no budget of a pipeline that cannot be read, and publishes it without one', async () => {
    await assert.rejects(
      run({ file: 'registry.yml', ...calendar, yearlyBudgetHours: 1e6, maxRunMinutes: 1 }),
      /No budget can be kept: the node "nested" runs the component .*big/,
    );
    assert.deepEqual(on.writes, []);
    await run({ file: 'registry.yml', ...calendar });
    assert.equal(on.agent.outputs['hoursPerYear'], '');
  });

  it('uploads the data of inputs before the endpoint', async () => {
    await run();
    const uploaded = on.agent.log.indexOf('data of the inputs');
    assert.ok(uploaded > 0 && uploaded < on.agent.log.indexOf('batch endpoint retraining …'));
  });

  it('names the data of inputs when the step is cancelled meanwhile, and begins nothing else', async () => {
    on.fake.on('GET', '{ws}/datastores/workspaceblobstore', () => {
      if (on.agent.log.includes('data of the inputs')) on.agent.cancellation.abort();
      return undefined;
    });
    await assert.rejects(run(), /At work on: data of the inputs;.*Not begun: pipeline component retraining/);
    assert.deepEqual(
      on.writes.filter((one) => one.startsWith('PUT ')),
      [],
    );
  });

  it('writes outputs where the file says, and names what a call does not take', async () => {
    await run({ file: 'tagged.yml' });
    assert.match(
      on.agent.log,
      /"OutputData":\{"model":\{"JobOutputType":"UriFolder","Uri":"azureml:\/\/datastores\/workspaceblobstore\/paths\/x"\}\}/,
    );
    const [warning = ''] = on.agent.warnings;
    assert.match(warning, /experiment_name \(.*tagged\.yml:3:\d+\), tags \(.*:4:\d+\), identity \(.*:5:\d+\)\.$/);
    assert.ok(!warning.includes('outputs'));
  });

  it('lets a schedule take what a job has', async () => {
    await run({ file: 'tagged.yml', ...calendar });
    assert.deepEqual(on.agent.warnings, []);
    assert.deepEqual(at(put('schedules/retraining'), 'properties', 'action', 'jobDefinition', 'tags'), { a: 'b' });
  });

  it('refuses the file of a schedule that is not enabled', async () => {
    const scheduleFile = path.join(folder, 'disabled.yml');
    await assert.rejects(run({ trigger: 'calendar', scheduleFile }), /disabled\.yml:3:1: the schedule is not enabled/);
    assert.deepEqual(on.writes, []);
  });

  const deploymentSettings = (): unknown =>
    at(on.at('batchEndpoints/retraining/deployments/first'), 'properties', 'deploymentConfiguration', 'settings');
  const jobOfSchedule = (): unknown => at(on.at('schedules/retraining'), 'properties', 'action', 'jobDefinition');

  it('switches off what is on and has left the file, once, and nothing that the service adds', async () => {
    const file = 'tagged.yml';
    await run({ file, ...calendar, set: 'settings.continue_on_step_failure=true\nsettings.force_rerun=true' });
    assert.equal(at(deploymentSettings(), 'continue_on_step_failure'), 'true');
    const { message } = await run({ file, ...calendar, set: 'settings.force_rerun=true' });
    assert.match(message ?? '', /^0 created, 2 updated, 3 unchanged/);
    assert.match(on.agent.log, /update +batch deployment first .*continue_on_step_failure: "true" → "false"/);
    assert.deepEqual(deploymentSettings(), {
      continue_on_step_failure: 'false',
      force_rerun: 'true',
      default_compute: 'cpu',
    });
    assert.equal(at(jobOfSchedule(), 'settings', 'continue_on_step_failure'), 'false');
    assert.equal(at(jobOfSchedule(), 'settings', 'force_rerun'), true);
    (deploymentSettings() as Record<string, string>)['continue_run_on_failed_optional_input'] = 'true';
    const again = await run({ file, ...calendar, set: 'settings.force_rerun=true' });
    assert.match(again.message ?? '', /^0 created, 0 updated, 5 unchanged/);
  });

  it('takes an input out of the schedule that has left the file', async () => {
    await run({ file: 'used.yml', ...calendar });
    const job = jobOfSchedule() as { inputs: Record<string, unknown> };
    job.inputs['old'] = { jobInputType: 'literal', value: '3' };
    const { message } = await run({ file: 'used.yml', ...calendar });
    assert.match(message ?? '', /^0 created, 1 updated, 4 unchanged/);
    assert.match(on.agent.log, /jobDefinition\.inputs\.old: \{[^\n]*\} → nothing/);
    assert.deepEqual(Object.keys(at(jobOfSchedule(), 'inputs') as object), ['alpha', 'data']);
  });

  it('refuses computes that are not there with their places, before anything is made', async () => {
    await assert.rejects(run({ file: 'computes.yml' }), ({ message }: Error) => {
      const told = message.split('\n').map((line) => line.replace(`${folder}/`, ''));
      assert.deepEqual(told, [
        'computes.yml:3:29: settings.default_compute: the workspace has no compute "gone".',
        'computes.yml:5:55: jobs.fit.compute: the workspace has no compute "lost".',
        'inner.yml:4:56: jobs.deep.compute: the workspace has no compute "sunk".',
      ]);
      return true;
    });
    assert.equal(on.fake.calls('GET', '{ws}/computes/lost').length, 1);
    await assert.rejects(
      run({ compute: 'gone' }),
      /^TaskError: Input "compute": the workspace has no compute "gone"\.$/,
    );
    await assert.rejects(run({ file: 'component.yml', compute: 'gone' }), /^TaskError: Input "compute": the workspace/);
    await assert.rejects(
      run({ set: 'settings.default_compute=azureml:gone' }),
      /job\.yml:4:29: set settings\.default_compute=azureml:gone: settings\.default_compute: the workspace has no/,
    );
    assert.deepEqual(on.writes, []);
    await run({ file: 'job.yml', set: 'settings.default_compute=serverless' });
  });
});

describe('inputs of a schedule that the file does not give', () => {
  const step = (inputs: unknown): Step => ({
    what: 'schedule a',
    path: 'schedules/a',
    action: 'unchanged',
    changes: [],
    resource: { path: 'schedules/a', body: {} },
    found: { properties: { action: { jobDefinition: { inputs } } } },
  });
  const spec = { inputs: { rate: { default: 0.5 }, deep: { default: true }, free: { optional: true } } };
  const literal = (value: string) => ({ jobInputType: 'literal', value });

  it('stay where they have the default of the component', () => {
    const inputs = { rate: literal('0.5'), deep: literal('True') };
    assert.equal(withoutLeftInputs(step(inputs), {}, spec).action, 'unchanged');
  });

  it('leave it otherwise', () => {
    const inputs = { rate: literal('0.7'), free: literal('1'), data: { jobInputType: 'uri_file', uri: 'a' } };
    const { action, changes } = withoutLeftInputs(step(inputs), { data: {} }, spec);
    const paths = changes.map((change) => change.path.replace(/^.*\./, ''));
    assert.deepEqual([action, paths], ['update', ['rate', 'free']]);
  });
});
