import assert from 'node:assert/strict';
import { workspaceId } from '../corpus';
import { callsOf, propertiesOf, putOf, refuses } from './support';

const cron = 'name: nightly\ntrigger: {type: cron, expression: "0 3 * * *"}\n';
const pipeline = {
  'jobs/job.yml': `type: pipeline
inputs: {x: 1, y: 2}
settings: {default_compute: azureml:one}
jobs:
  a: {type: command, component: azureml:known:1, inputs: {x: "\${{parent.inputs.x}}"}}
`,
};

async function actionOf(text: string, beside = {}): Promise<Record<string, Record<string, unknown>>> {
  return (await propertiesOf(text, beside))['action'] as Record<string, Record<string, unknown>>;
}

describe('a schedule', () => {
  it('starts a job of a file with what it changes about it', async () => {
    const { jobDefinition: job } = await actionOf(
      `${cron}create_job: {type: pipeline, job: jobs/job.yml, inputs: {x: 3}, settings: {force_rerun: true}, tags: {a: b}}\n`,
      pipeline,
    );
    assert.deepEqual(job?.['inputs'], {
      x: { jobInputType: 'literal', value: '3' },
      y: { jobInputType: 'literal', value: '2' },
    });
    assert.deepEqual(job['tags'], { a: 'b' });
    const settings = job['settings'] as Record<string, unknown>;
    assert.deepEqual([settings['force_rerun'], settings['default_compute']], [true, `${workspaceId}/computes/one`]);
    assert.ok(!('displayName' in job) && !('experimentName' in job));
  });

  it('tells what is wrong at the place in the file where it stands', async () => {
    const change = (text: string): string => `${cron}create_job: {type: pipeline, job: jobs/job.yml, ${text}}\n`;
    await refuses(change('inptus: {x: 3}'), '3:49', /unknown key "inptus"/, pipeline);
    const broken = { 'jobs/job.yml': 'type: pipeline\nnonsense: 1\n' };
    await assert.rejects(propertiesOf(change('tags: {a: b}'), broken), /job\.yml:2:1: unknown key "nonsense"/);
  });

  it('starts a job that was run before', async () => {
    const { jobDefinition } = await actionOf(`${cron}create_job: azureml:earlier\n`);
    const sourceJobId = `${workspaceId}/jobs/earlier`;
    assert.deepEqual(jobDefinition, { jobType: 'Pipeline', sourceJobId, experimentName: '', isArchived: false });
    const changed = await actionOf(`${cron}create_job: {type: pipeline, job: azureml:earlier, inputs: {x: 1}}\n`);
    assert.equal(changed['jobDefinition']?.['sourceJobId'], sourceJobId);
  });

  it('writes times without their zone, and lists of one', async () => {
    const { trigger } = await propertiesOf(`name: n
trigger:
  type: recurrence
  frequency: month
  interval: 1
  schedule: {hours: 1, minutes: [2, 3], month_days: 4, week_days: monday}
  start_time: "2026-07-10T10:00Z"
  end_time: "2027-07-10 10:00:00.5+02:00"
create_job: azureml:j
`);
    assert.deepEqual(trigger, {
      triggerType: 'Recurrence',
      frequency: 'Month',
      interval: 1,
      schedule: { hours: [1], minutes: [2, 3], monthDays: [4], weekDays: ['Monday'] },
      startTime: '2026-07-10 10:00:00',
      endTime: '2027-07-10 10:00:00',
      timeZone: 'UTC',
    });
  });

  it('refuses times, expressions and actions that are none', async () => {
    const at = (time: string): string =>
      `name: n\ntrigger: {type: cron, expression: "0 3 * * *", start_time: ${time}}\n`;
    await refuses(at('"2026-02-30T10:00:00"'), '2:60', /is no time/);
    await refuses(at('2026-02-20T10:00:00'), '2:60', /must be text/);
    await refuses('name: n\ntrigger: {type: cron, expression: daily}\ncreate_job: azureml:j\n', '2:35', /five fields/);
    await refuses(cron, '1:1', /does nothing/);
    await refuses(`${cron}create_job: azureml:j\nimport_data: i.yml\n`, '4:14', /no file/);
    await refuses(`${cron}create_job: {type: command, job: azureml:j}\n`, '3:20', /cannot start a job of type command/);
    await refuses(`${cron}create_job: nothing.yml\n`, '3:13', /no file/);
  });

  it('imports data as a file of its own says', async () => {
    const file = `name: d\npath: azureml://datastores/a/paths/b\nsource: {type: database, connection: azureml:c, query: q}\n`;
    const { dataImportDefinition } = await actionOf(`${cron}import_data: import.yml\n`, { 'import.yml': file });
    assert.deepEqual(dataImportDefinition?.['source'], { sourceType: 'database', connection: 'azureml:c', query: 'q' });
    assert.equal(dataImportDefinition['assetName'], 'd');
  });
});

const weekly = 'name: watch\ntrigger: {type: recurrence, frequency: week, interval: 2}\n';
const machines = '  compute: {instance_type: standard_e4s_v3, runtime_version: "3.4"}\n';
const monitor = (rest: string): string => `${weekly}create_monitor:\n${machines}${rest}`;

async function signalsOf(rest: string): Promise<Record<string, Record<string, unknown>>> {
  const { monitorDefinition } = await actionOf(monitor(rest));
  return monitorDefinition?.['signals'] as Record<string, Record<string, unknown>>;
}

describe('a monitor', () => {
  it('without signals watches all that its deployment collects, as far back as it runs', async () => {
    const signals = await signalsOf('  monitoring_target: {endpoint_deployment_id: azureml:e:d}\n');
    assert.deepEqual(Object.keys(signals), ['data-drift-signal', 'prediction-drift-signal', 'data-quality-signal']);
    assert.deepEqual(signals['prediction-drift-signal']?.['referenceData'], {
      inputDataType: 'Trailing',
      jobInputType: 'uri_folder',
      uri: `${workspaceId}/data/e-d-model_outputs/versions/1`,
      dataContext: 'model_outputs',
      windowSize: 'P28D',
      windowOffset: 'P14D',
    });
    const [call] = await callsOf(monitor('  monitoring_target: {endpoint_deployment_id: azureml:e:d}\n'));
    assert.ok(call && 'method' in call && call.apiVersion === '2023-06-01-preview');
  });

  it('compares with data that stays, moves or lies in a window', async () => {
    const data = 'input_data: {path: azureml:d:1, type: mltable}';
    const signal = (window: string): string =>
      `    s${window.length}: {type: data_drift, production_data: {${data}}, reference_data: {${data}${window}}}\n`;
    const windows = [
      '',
      ', data_window: {lookback_window_size: default}',
      ', data_window: {window_start: "2026-01-01", window_end: "2026-02-01"}',
    ];
    const signals = await signalsOf(`  monitoring_signals:\n${windows.map(signal).join('')}`);
    const kinds = Object.values(signals).map(({ referenceData }) => {
      const { inputDataType, windowSize, windowStart } = referenceData as Record<string, unknown>;
      return [inputDataType, windowSize ?? windowStart];
    });
    const expected = [
      ['Fixed', undefined],
      ['Trailing', 'P28D'],
      ['Static', '2026-01-01T00:00:00.000Z'],
    ];
    assert.deepEqual(kinds, expected);
  });

  it('knows signals of language models and of its users', async () => {
    const data = 'input_data: {path: azureml:d:1, type: uri_folder}';
    const signals = await signalsOf(`  monitoring_signals:
    a: {type: generation_safety_quality, production_data: [{${data}}], metric_thresholds: {fluency: {aggregated_fluency_pass_rate: 0.7}}}
    b: {type: generation_token_statistics, production_data: {${data}}}
    c: {type: custom, component_id: azureml:own:1, metric_thresholds: [{metric_name: m, threshold: 2}], alert_enabled: true}
    d: {type: model_performance, production_data: {${data}}, reference_data: {${data}}, metric_thresholds: {regression: {mae: 2}}}
`);
    assert.deepEqual(signals['a']?.['metricThresholds'], [
      { metric: 'AcceptableFluencyScorePerInstance', threshold: { value: 3 } },
      { metric: 'AggregatedFluencyPassRate', threshold: { value: 0.7 } },
    ]);
    assert.equal(signals['b']?.['samplingRate'], 0.1);
    assert.deepEqual([signals['c']?.['mode'], signals['c']?.['componentId']], ['Enabled', 'own:1']);
    assert.deepEqual(signals['d']?.['properties'], {
      'azureml.modelmonitor.model_performance_thresholds':
        '[{"modelType":"regression","metric":"MeanAbsoluteError","threshold":{"value":2.0}}]',
    });
  });

  it('refuses a signal that has nothing to look at', async () => {
    await refuses(monitor('  monitoring_signals: {a: {type: data_drift}}\n'), '5:27', /names no data/);
    await refuses(monitor('  monitoring_signals: {a: {type: drift}}\n'), '5:34', /type is "drift"/);
    await refuses(monitor('  monitoring_target: {endpoint_deployment_id: azureml:e}\n'), '5:47', /no deployment/);
  });

  it('is put among the schedules', async () => {
    const { path } = await putOf(monitor('  monitoring_target: {endpoint_deployment_id: azureml:e:d}\n'));
    assert.equal(path, '/schedules/watch');
  });
});
