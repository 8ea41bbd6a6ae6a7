import assert from 'node:assert/strict';
import type { Reply } from '../../support/ml-workspace';
import { metricLogger } from './metric-logger';
import { folder, literal, PipelineStage, type Members } from './pipeline-stage';

describe('nodes of pipelines of the local Azure', () => {
  let on: PipelineStage;

  before(async () => {
    on = await PipelineStage.open();
  });
  after(() => on.ws.stop());

  it('runs pipelines inside of pipelines, and those made from a job', async () => {
    const inner = await on.component('inner', {
      type: 'pipeline',
      inputs: { word: { type: 'string', default: 'deep' } },
      outputs: { result: folder },
      jobs: {
        a: on.sayNode('${{parent.inputs.word}}'),
        b: on.copyNode('${{parent.jobs.a.outputs.made}}', {
          outputs: { to: { type: 'literal', value: '${{parent.outputs.result}}' } },
        }),
      },
    });
    const job = await on.run('outer', {
      outputs: { final: { jobOutputType: 'uri_folder' } },
      jobs: {
        part: { type: 'pipeline', componentId: inner },
        end: on.copyNode('${{parent.jobs.part.outputs.result}}', {
          outputs: { to: { type: 'literal', value: '${{parent.outputs.final}}' } },
        }),
      },
    });
    assert.equal(job.at('properties/status'), 'Completed');
    assert.equal(await on.read('azureml/outer/final/said.txt'), 'deep x3\n');
    const part = (await on.children('outer'))['part'];
    assert.deepEqual(await on.statuses(part?.id ?? ''), { a: 'Completed', b: 'Completed' });
    const deep = (await on.ws.history(`/runs/${(await on.children(part?.id ?? ''))['a']?.id ?? ''}`)).at('rootRunId');
    assert.equal(deep, 'outer');
    const fromJob = await on.component('from-job', { type: 'pipeline', jobs: {}, sourceJobId: 'outer' });
    const again = await on.run('again', { componentId: fromJob });
    assert.equal(again.at('properties/status'), 'Completed');
    assert.equal(await on.read('azureml/again/final/said.txt'), 'deep x3\n');
  });

  it('runs a sweep node and hands on what its best trial made', async () => {
    const codeId = await on.ws.code('tune', { 'metric.py': metricLogger, 'tune.py': tune });
    const trial = await on.component('trial', {
      code: `azureml:${codeId}`,
      command: 'python tune.py ${{inputs.rate}} ${{inputs.base}} ${{outputs.model}}$[[ --depth ${{inputs.depth}}]]',
      inputs: { rate: { type: 'number' }, base: { type: 'number' }, depth: { type: 'integer', optional: true } },
      outputs: { model: folder },
    });
    const job = await on.run('tuned', {
      outputs: { best: { jobOutputType: 'uri_folder' } },
      jobs: {
        tune: {
          type: 'sweep',
          trial: { componentId: trial },
          inputs: { base: literal('10') },
          search_space: {
            rate: { type: 'choice', values: [1, 3, 2] },
            depth: { type: 'choice', values: [7] },
          },
          sampling_algorithm: 'grid',
          objective: { goal: 'maximize', primary_metric: 'score' },
          limits: { max_total_trials: 5, max_concurrent_trials: 2, timeout: 60 },
        },
        use: on.copyNode('${{parent.jobs.tune.outputs.model}}', {
          outputs: { to: { type: 'literal', value: '${{parent.outputs.best}}' } },
        }),
      },
    });
    assert.equal(job.at('properties/status'), 'Completed', (await on.ws.history('/runs/tuned/details')).text);
    assert.equal(await on.read('azureml/tuned/best/model.txt'), '13.0 at depth 7');
    const sweep = (await on.children('tuned'))['tune']?.id ?? '';
    assert.equal(
      (await on.ws.arm('GET', `/jobs/${sweep}`)).at('properties/properties/best_child_run_id'),
      `${sweep}_1`,
    );
  });

  it('shares the files of a folder out in a parallel node', async () => {
    const rows = await on.ws.data('rows', { 'a.txt': '1', 'b/c.txt': '2', 'd.txt': 'bad', 'e.txt': '4', 'f.txt': '5' });
    const codeId = await on.ws.code('each', { 'score.py': score });
    const each = await on.component('each', {
      type: 'parallel',
      inputs: { rows: folder, factor: { type: 'number', default: '10' } },
      outputs: { scores: { type: 'uri_file' } },
      input_data: '${{inputs.rows}}',
      mini_batch_size: '2',
      task: {
        type: 'run_function',
        code: `azureml:${codeId}`,
        environment: `azureml:${on.environment}`,
        entry_script: 'score.py',
        program_arguments: '--factor ${{inputs.factor}}',
        append_row_to: '${{outputs.scores}}',
      },
    });
    const node = (more: Members): Members => ({
      type: 'parallel',
      componentId: each,
      inputs: { rows: { job_input_type: 'uri_folder', uri: rows } },
      max_concurrency_per_instance: 2,
      retry_settings: { max_retries: 1, timeout: 30 },
      resources: { instance_count: 2 },
      outputs: { scores: { type: 'literal', value: '${{parent.outputs.scores}}' } },
      ...more,
    });
    const outputs = {
      scores: { jobOutputType: 'uri_file', uri: 'azureml://datastores/workspaceblobstore/paths/p/${{name}}.txt' },
    };
    const job = await on.run('shared', { outputs, jobs: { each: node({ error_threshold: 2 }) } });
    const child = (await on.children('shared'))['each']?.id ?? '';
    assert.equal(job.at('properties/status'), 'Completed', await on.ws.log(child));
    assert.equal(await on.read('p/shared.txt'), 'a.txt 10.0\nc.txt 20.0\nf.txt 50.0\n');
    assert.match(await on.ws.log(child), /Mini-batch 1 failed \(attempt 2\)/);
    const failed = await on.run('shared-strict', { outputs, jobs: { each: node({ error_threshold: 1 }) } });
    assert.equal(failed.at('properties/status'), 'Failed');
    assert.match(
      (await on.ws.history('/runs/shared-strict/details')).str('error/error/message'),
      /error_threshold of 1/,
    );
  });

  it('refuses what leads nowhere, naming the place, and leaves nothing behind', async () => {
    const one = on.sayNode('x');
    const cases: [string, Members, string, RegExp][] = [
      ['no nodes', { jobs: {} }, 'jobs', /at least one node/],
      ['component', { jobs: { a: { componentId: `${on.ws.path}/components/gone/versions/1` } } }, 'jobs.a.componentId', /no component gone/],
      ['compute', { jobs: { a: { ...one, computeId: `${on.ws.path}/computes/other` } } }, 'jobs.a.computeId', /'.*other' was not found/],
      ['default compute', { settings: { default_compute: 'other' }, jobs: { a: one } }, 'settings.default_compute', /other/],
      ['datastore', { settings: { default_datastore: 'other' }, jobs: { a: one } }, 'settings.default_datastore', /no datastore 'other'/],
      ['input', { jobs: { a: on.sayNode('${{parent.inputs.x}}') } }, 'jobs.a.inputs.word', /no input 'x'/],
      ['node', { jobs: { a: on.copyNode('${{parent.jobs.b.outputs.made}}') } }, 'jobs.a.inputs.from', /no node 'b'/],
      ['output', { jobs: { a: on.copyNode('${{parent.jobs.b.outputs.x}}'), b: one } }, 'jobs.a.inputs.from', /'b' has no output 'x'/],
      ['output in a text', { jobs: { a: on.sayNode('x ${{parent.jobs.b.outputs.x}}'), b: one } }, 'jobs.a.inputs.word', /'b' has no output 'x'/],
      ['timeout', { jobs: { a: { ...one, limits: { timeout: '5m' } } } }, 'jobs.a.limits.timeout', /ISO 8601/],
      ['parent output', { jobs: { a: on.copyNode('${{parent.jobs.b.outputs.made}}', { outputs: { to: literal('${{parent.outputs.x}}') } }), b: one } }, 'jobs.a.outputs.to', /parent\.outputs\.x/],
      ['expression', { jobs: { a: on.sayNode('${{inputs.x}}') } }, 'jobs.a.inputs.word', /not an expression/],
      ['unknown input', { jobs: { a: on.sayNode('x', { y: literal('1') }) } }, 'jobs.a.inputs.y', /no input 'y'/],
      ['missing input', { jobs: { a: { componentId: on.say } } }, 'jobs.a.inputs.word', /required/],
      ['type', { jobs: { a: on.sayNode('x', { times: literal('many') }) } }, 'jobs.a.inputs.times', /not of the type integer/],
      ['cycle', { jobs: { a: on.copyNode('${{parent.jobs.b.outputs.to}}'), b: on.copyNode('${{parent.jobs.a.outputs.to}}') } }, 'jobs.a', /circle: a → b → a/],
      ['spark', { jobs: { a: { type: 'spark' } } }, 'jobs.a.type', /not Spark nodes/],
      ['automl', { jobs: { a: { type: 'automl' } } }, 'jobs.a.type', /not AutoML nodes/],
      ['instances', { jobs: { a: { ...one, resources: { instance_count: 2 } } } }, 'jobs.a.resources.instance_count', /one instance/],
    ]; // prettier-ignore
    for (const [name, properties, target, expected] of cases) {
      const reply = await on.ws.startJob('refused', { jobType: 'Pipeline', ...properties });
      assert.equal(reply.status, 400, name);
      assert.equal(reply.at('error/code'), 'UserError', name);
      assert.equal(reply.at('error/target'), `properties.${target}`, name);
      assert.match(reply.str('error/details/0/message'), expected, name);
    }
    assert.equal((await on.ws.arm('GET', '/jobs/refused')).status, 404);
  });

  it('refuses components that cannot be, and other definitions for a version', async () => {
    const put = async (spec: Members): Promise<Reply> =>
      on.ws.arm('PUT', '/components/bad/versions/1', { properties: { componentSpec: spec } });
    const base = { type: 'command', environment: on.environment };
    assert.match(
      (await put({ ...base, command: 'echo ${{inputs.x}}' })).str('error/details/0/message'),
      /no input 'x'/,
    );
    assert.match((await put({ ...base, command: 'true', inputs: { x: { type: 'odd' } } })).text, /'odd' is not a type/);
    assert.equal((await put({ ...base, command: 'true', _source: 'YAML.JOB' })).status, 201);
    assert.equal((await put({ ...base, command: 'true', _source: 'YAML.COMPONENT' })).status, 200);
    assert.equal((await put({ ...base, command: 'false' })).status, 409);
    const newest = await on.ws.arm('GET', '/components/bad/versions/azureml_default');
    assert.deepEqual([newest.at('name'), newest.at('properties/componentSpec/version')], ['1', '1']);
  });

  it('are asked for and answered as the official documents say', async function () {
    if (!on.ws.judged) return this.skip(); // the official documents are not part of the repository
    assert.deepEqual(await on.objections(), []);
  });
});

const tune = `
import argparse, pathlib
from metric import log
parser = argparse.ArgumentParser()
parser.add_argument("rate", type=float)
parser.add_argument("base", type=float)
parser.add_argument("out")
parser.add_argument("--depth")
given = parser.parse_args()
log("score", given.rate)
pathlib.Path(given.out, "model.txt").write_text(f"{given.base + given.rate} at depth {given.depth}")
`;

const score = `
import argparse, os
def init():
    global factor
    parser = argparse.ArgumentParser()
    parser.add_argument("--factor", type=float)
    factor = parser.parse_args().factor
def run(files):
    return [f"{os.path.basename(file)} {float(open(file).read()) * factor}" for file in files]
`;
