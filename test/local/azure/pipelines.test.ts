import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { valueAt } from '../../support/ml-workspace';
import { folder, literal, PipelineStage } from './pipeline-stage';

describe('pipeline jobs of the local Azure', () => {
  let on: PipelineStage;

  before(async () => {
    on = await PipelineStage.open();
  });
  after(() => on.ws.stop());

  it('runs nodes in the order of their needs, each as a job of its own, with inputs and outputs wired', async () => {
    const job = await on.run('two', {
      inputs: { word: { jobInputType: 'literal', value: 'hello' } },
      outputs: { final: { jobOutputType: 'uri_folder' } },
      settings: { default_compute: `${on.ws.path}/computes/cpu-cluster`, default_datastore: 'workspaceblobstore' },
      jobs: {
        last: on.copyNode('${{parent.jobs.first.outputs.made}}', {
          outputs: { to: { type: 'literal', value: '${{parent.outputs.final}}' } },
        }),
        first: on.sayNode('${{parent.inputs.word}}'),
      },
    });
    assert.equal(job.at('properties/status'), 'Completed');
    assert.equal(await on.read('azureml/two/final/said.txt'), 'hello x3\n');
    const { first, last } = await on.children('two');
    assert.ok(first !== undefined && last !== undefined);
    const child = await on.ws.arm('GET', `/jobs/${last.id}`);
    assert.equal(child.at('properties/status'), 'Completed');
    assert.equal(child.at('properties/parentJobName'), 'two');
    assert.equal(child.at('properties/componentId'), on.copy);
    assert.equal(child.at('properties/computeId'), `${on.ws.path}/computes/cpu-cluster`);
    assert.equal(await on.ws.log(last.id), 'hello x3\n');
    const log = await on.ws.log('two', 'logs/azureml/executionlogs.txt');
    const submitted = `Submitting 1 runs, first five are: [0-9a-f]{8}:`;
    assert.match(
      log,
      new RegExp(
        `${submitted}${first.id}\\n.*Completing processing run id ${first.id}\\.\\n.*${submitted}${last.id}\\n`,
      ),
    );
    assert.match(log, /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\] /);
  });

  it('shows children by their parent only, in run history and in MLflow', async () => {
    const listed = (await on.ws.arm('GET', '/jobs?jobType=Pipeline')).list('value').map((one) => valueAt(one, 'name'));
    assert.deepEqual(listed, ['two']);
    assert.deepEqual((await on.ws.arm('GET', '/jobs?jobType=Command')).list('value'), []);
    const experiment = (await on.ws.mlflow('GET', 'experiments/get-by-name?experiment_name=tests')).str(
      'experiment/experiment_id',
    );
    const runs = await on.ws.mlflow('POST', 'runs/search', {
      experiment_ids: [experiment],
      filter: "tags.mlflow.parentRunId = 'two'",
    });
    assert.equal(runs.list('runs').length, 2);
    const parent = await on.ws.history('/runs/two');
    assert.equal(parent.at('runType'), 'azureml.PipelineRun');
    const first = (await on.children('two'))['first'];
    const shown = await on.ws.history(`/runs/${first?.id ?? ''}`);
    assert.deepEqual(
      [shown.at('runType'), shown.at('parentRunId'), shown.at('rootRunId'), shown.at('properties/azureml.nodeid')],
      ['azureml.StepRun', 'two', 'two', 'first'],
    );
    const data = await on.ws.send('POST', `/history/v1.0${on.ws.path}/rundata`, { runId: 'two' });
    assert.equal(data.at('runMetadata/outputs/final/assetId'), 'azureml://jobs/two/outputs/final');
  });

  it('takes data assets, texts around references, defaults and optional inputs', async () => {
    const dataUri = await on.ws.data('words', { 'a.txt': 'from an asset\n' });
    await on.ws.arm('PUT', '/data/words/versions/1', { properties: { dataType: 'uri_folder', dataUri } });
    const job = await on.run('inputs', {
      inputs: {
        words: { jobInputType: 'uri_folder', uri: `${on.ws.path}/data/words/versions/1` },
        who: { jobInputType: 'literal', value: 'you' },
      },
      jobs: {
        asset: on.copyNode('${{parent.inputs.words}}', {
          outputs: {
            to: { job_output_type: 'uri_folder', uri: 'azureml://datastores/workspaceblobstore/paths/in/asset' },
          },
        }),
        text: {
          ...on.sayNode('to-${{parent.inputs.who}}', { more: literal('them'), times: literal('5') }),
          outputs: {
            made: { job_output_type: 'uri_folder', uri: 'azureml://datastores/workspaceblobstore/paths/in/${{name}}' },
          },
        },
      },
    });
    assert.equal(job.at('properties/status'), 'Completed');
    assert.equal(await on.read('in/asset/a.txt'), 'from an asset\n');
    assert.equal(
      await on.read(`in/${(await on.children('inputs'))['text']?.id ?? ''}/said.txt`),
      'to-you and them x5\n',
    );
  });

  it('registers outputs that have a name as data assets and models', async () => {
    const model = await on.component('model', {
      command: 'echo 1 > ${{outputs.m}}/m',
      outputs: { m: { type: 'custom_model' } },
    });
    await on.run('registers', {
      outputs: { kept: { jobOutputType: 'uri_folder', assetName: 'kept-data', assetVersion: '5' } },
      jobs: {
        a: { ...on.sayNode('x'), outputs: { made: { type: 'literal', value: '${{parent.outputs.kept}}' } } },
        b: {
          type: 'command',
          componentId: model,
          outputs: { m: { job_output_type: 'custom_model', name: 'kept-model' } },
        },
      },
    });
    const data = await on.ws.arm('GET', '/data/kept-data/versions/5');
    assert.match(data.str('properties/dataUri'), /paths\/azureml\/registers\/kept$/);
    const registered = await on.ws.arm('GET', '/models/kept-model/versions/1');
    assert.equal(registered.at('properties/jobName'), (await on.children('registers'))['b']?.id);
  });

  it('runs nodes that do not need each other side by side', async function () {
    if (availableParallelism() < 2) return this.skip(); // one core runs one node at a time
    const slow = await on.component('slow', { command: 'sleep 0.7' });
    await on.run('wide', { jobs: { a: { componentId: slow }, b: { componentId: slow } } });
    const found = (await on.ws.history('/runs/wide/children')).list('value');
    const time = (one: unknown, key: string): number => Date.parse(String(valueAt(one, key)));
    const lastStart = Math.max(...found.map((one) => time(one, 'startTimeUtc')));
    const firstEnd = Math.min(...found.map((one) => time(one, 'endTimeUtc')));
    assert.ok(lastStart < firstEnd, 'both ran at the same time');
  });

  it('fails with the node that failed, ends the others, and still runs on_finalize', async () => {
    const fails = await on.component('fails', {
      command: 'while [ ! -e ${{inputs.go}}/go ]; do sleep 0.05; done; echo the reason >&2; exit 4',
      inputs: { go: folder },
      outputs: { made: folder },
    });
    const go = await on.ws.data('go', { go: '' });
    const job = await on.run('failing', {
      settings: { on_finalize: 'closing' },
      jobs: {
        bad: { componentId: fails, inputs: { go: { job_input_type: 'uri_folder', uri: go } } },
        long: await on.script('long', 'sleep 100'),
        after: on.copyNode('${{parent.jobs.bad.outputs.made}}'),
        closing: await on.script('closing', 'echo closed'),
      },
    });
    assert.equal(job.at('properties/status'), 'Failed');
    const ended = await on.children('failing');
    assert.deepEqual(await on.statuses('failing'), { bad: 'Failed', long: 'Canceled', closing: 'Completed' });
    const message = (await on.ws.history('/runs/failing/details')).str('error/error/message');
    assert.match(
      message,
      new RegExp(`Failed nodes: /bad\\..* bad \\(${ended['bad']?.id ?? ''}\\): .*status code 4`, 's'),
    );
    const log = await on.ws.log('failing', 'logs/azureml/executionlogs.txt');
    assert.match(log, /Execution of experiment failed, update experiment status and cancel running nodes\./);
  });

  it('goes on with what does not need a failed node when it is told to', async () => {
    const fails = await on.component('fails-too', { command: 'exit 1', outputs: { made: folder } });
    const job = await on.run('goes-on', {
      settings: { continue_on_step_failure: true },
      jobs: {
        bad: { componentId: fails },
        after: on.copyNode('${{parent.jobs.bad.outputs.made}}'),
        good: on.sayNode('x'),
        later: on.copyNode('${{parent.jobs.good.outputs.made}}'),
      },
    });
    assert.equal(job.at('properties/status'), 'Failed');
    assert.deepEqual(await on.statuses('goes-on'), { bad: 'Failed', good: 'Completed', later: 'Completed' });
  });

  it('cancels all children with their processes', async () => {
    const nested = await on.component('waits', {
      type: 'pipeline',
      jobs: { deep: await on.script('deep', 'echo pid $$; sleep 100') },
    });
    await on.start('cancelled', { jobs: { part: { type: 'pipeline', componentId: nested } } });
    let pid = 0;
    for (let i = 0; i < 200 && pid === 0; i++) {
      await sleep(50);
      const part = (await on.children('cancelled'))['part'];
      const deep = part === undefined ? undefined : (await on.children(part.id))['deep'];
      const url = deep === undefined ? undefined : await on.ws.logUrl(deep.id);
      if (url !== undefined) pid = Number(/pid (\d+)/.exec((await on.ws.open(url)).text)?.[1] ?? 0);
    }
    assert.ok(pid > 0);
    assert.equal((await on.ws.arm('POST', '/jobs/cancelled/cancel')).status, 200);
    const { job } = await on.ws.waitForJob('cancelled');
    assert.equal(job.at('properties/status'), 'Canceled');
    const part = (await on.children('cancelled'))['part'];
    assert.equal(part?.status, 'Canceled');
    assert.deepEqual(await on.statuses(part.id), { deep: 'Canceled' });
    assert.throws(() => process.kill(pid, 0), 'the process is gone');
  });

  it('ends pipelines when it is stopped, and says so at the next start', async () => {
    await on.start('interrupted', { jobs: { a: await on.script('endless', 'sleep 100') } });
    for (let i = 0; i < 200 && (await on.statuses('interrupted'))['a'] !== 'Running'; i++) await sleep(50);
    on.ws = await on.ws.restart();
    const { job } = await on.ws.waitForJob('interrupted');
    assert.equal(job.at('properties/status'), 'Canceled');
    assert.deepEqual(await on.statuses('interrupted'), { a: 'Canceled' });
    assert.match(
      (await on.ws.history('/runs/interrupted/details')).str('error/error/message'),
      /local Azure was stopped/,
    );
  });

  it('marks pipelines as lost when it died while they ran', async () => {
    // What is left of a server that was killed: jobs that it noted as running.
    for (const name of ['inputs', 'gone']) on.ws.core.store.set(`job-process/${on.ws.path}/jobs/${name}`, {});
    on.ws = await on.ws.restart();
    assert.equal((await on.ws.arm('GET', '/jobs/inputs')).at('properties/status'), 'Failed');
    assert.match((await on.ws.history('/runs/inputs/details')).str('error/error/message'), /The job was lost/);
    assert.equal((await on.ws.arm('GET', '/jobs/gone')).status, 404);
  });

  it('removes the children with their parent', async () => {
    const child = (await on.children('two'))['first']?.id ?? '';
    assert.equal((await on.ws.arm('DELETE', '/jobs/two')).status, 200);
    assert.equal((await on.ws.arm('GET', `/jobs/${child}`)).status, 404);
  });

  it('are asked for and answered as the official documents say', async function () {
    if (!on.ws.judged) return this.skip(); // the official documents are not part of the repository
    assert.deepEqual(await on.objections(), []);
  });
});
