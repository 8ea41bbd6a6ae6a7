import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { textAt } from '../../lib/agent/json';
import { shown, startStandIns, type StandIns } from '../support/stand-ins';

/** PublishTrainingPipeline as the agent runs it, on the local Azure. */
const project: Record<string, string> = {
  'pipeline.yml': `$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
display_name: Retraining
experiment_name: retraining
settings: {default_compute: azureml:cpu-cluster}
inputs:
  alpha: 0.5
outputs:
  model: {type: uri_folder}
jobs:
  fit:
    type: command
    component: fit.yml
    limits: {timeout: 3600}
    inputs: {alpha: "\${{parent.inputs.alpha}}"}
    outputs: {model: "\${{parent.outputs.model}}"}
`,
  'fit.yml': `$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
name: fit
type: command
inputs: {alpha: {type: number}}
outputs: {model: {type: uri_folder}}
code: src
environment: {image: "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest", conda_file: {name: plain, dependencies: [python=3.11]}}
command: python fit.py \${{inputs.alpha}} \${{outputs.model}}
`,
  'src/fit.py':
    'import pathlib, sys\nprint("alpha", sys.argv[1])\npathlib.Path(sys.argv[2], "model.txt").write_text(sys.argv[1])\n',
  'nightly.yml': `$schema: https://azuremlschemas.azureedge.net/latest/schedule.schema.json
name: nightly
trigger: {type: recurrence, frequency: week, interval: 1, time_zone: W. Europe Standard Time, schedule: {hours: [4], minutes: [0], week_days: [monday]}}
create_job: ./pipeline.yml
`,
};

describe('PublishTrainingPipeline on the local Azure', function () {
  this.timeout(120_000);
  let on: StandIns;
  let folder: string;

  before(async () => {
    on = await startStandIns();
    folder = on.folder('project');
    for (const [name, content] of Object.entries(project)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), content);
    }
  });
  after(() => on.stop());

  const run = (inputs: Record<string, string>) =>
    on.run(
      'PublishTrainingPipeline',
      { pipelineFile: 'pipeline.yml', componentName: 'retraining', ...inputs },
      { sourcesDirectory: folder },
    );
  const endpoint = { endpointName: 'retraining', deploymentName: 'first', yearlyBudgetHours: '100' };
  const calendar = { ...endpoint, trigger: 'calendar', scheduleFile: 'nightly.yml' };
  const lastLine = (lines: string[]): string => lines.at(-1) ?? '';

  it('publishes an endpoint and a schedule, and nothing the second time; what it made runs', async () => {
    const made = await run(calendar);
    assert.equal(made.result, 'Succeeded', shown(made));
    assert.match(lastLine(made.lines), /^4 created, 1 updated, 0 unchanged/, shown(made));
    assert.match(made.outputs['componentId'] ?? '', /\/components\/retraining\/versions\/1$/);
    assert.match(made.outputs['invokeUrl'] ?? '', /^https:\/\/.*\/jobs$/);
    assert.deepEqual(
      [made.outputs['scheduleName'], made.outputs['hoursPerYear']],
      ['nightly', made.outputs['runsPerYear']],
    );
    assert.match(made.lines.join('\n'), /POST https:[^\n]*\/jobs\nAuthorization: Bearer \$TOKEN\n/);

    const again = await run(calendar);
    assert.match(lastLine(again.lines), /^0 created, 0 updated, 5 unchanged/, shown(again));
    assert.equal(again.outputs['componentId'], made.outputs['componentId']);

    const started = await on.arm(`${workspace()}/schedules/nightly/trigger`, 'POST');
    const job = textAt(started, 'submissionId') ?? '';
    assert.equal((await on.settled(job)).status, 'Completed', JSON.stringify(started));
  });

  it('takes the next version when a member leaves the file', async () => {
    const inputs = { componentName: 'less', endpointName: 'less-endpoint', maxRunMinutes: '60' };
    await run({ ...inputs, set: 'jobs.fit.resources.instance_count=1' });
    const less = await run(inputs);
    assert.equal(less.result, 'Succeeded', shown(less));
    const text = less.lines.join('\n');
    assert.match(text, /create +pipeline component less:2 +version 1 differs in componentSpec\.jobs\.fit\.resources/);
    assert.match(text, /assetId: …\S+\/versions\/1" → …\S+\/versions\/2"/);
  });

  it('uploads nothing from outside the project, though no .git says where that ends', async () => {
    const outside = path.join(on.folder('elsewhere'), 'secret.txt');
    writeFileSync(outside, 'not of the project\n');
    const step = await run({ ...endpoint, set: `inputs.rows.type=uri_file\ninputs.rows.path=${outside}` });
    assert.equal(step.result, 'Failed', shown(step));
    assert.match(step.issues[0]?.message ?? '', /secret\.txt is outside the project folder/);
  });

  it('refuses what the budget does not allow, before anything is made', async () => {
    const step = await run({ ...calendar, endpointName: 'other', yearlyBudgetHours: '10' });
    assert.equal(step.result, 'Failed', shown(step));
    // A year of 365 days holds 52 or 53 Mondays, by the day on which it begins.
    assert.match(step.issues[0]?.message ?? '', /budget of 10 h is too small.*(5[23]) × 1 h = \1 h.*10 runs a year/s);
    assert.ok(!on.sawRequest(/"method":"PUT".*batchEndpoints\/other/, 201));
  });

  const workspace = (): string =>
    `/subscriptions/${on.azure.subscriptionId}/resourceGroups/${on.azure.resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${on.azure.workspace}`;
});
