import { createHash } from 'node:crypto';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import type { Outcome } from '../../../lib/agent/agent';
import type { TaskError } from '../../../lib/agent/errors';
import type { Inputs } from '../../../tasks/RegisterModel/inputs';
import { modelDigest } from '../../../tasks/RegisterModel/files';
import { registerModel } from '../../../tasks/RegisterModel/register';
import { hasContracts } from '../../support/contracts';
import { FakeAgent } from '../../support/fake-agent';
import { armFault, FakeAzure, workspaceId, type Answer } from '../../support/fake-azure';
import { swaggerObjections } from '../../support/oav';

const job = 'mlops-0123456789abcdef0123';

const files: Record<string, string> = {
  'model/MLmodel':
    'artifact_path: model\nflavors:\n  python_function: {loader_module: mlflow.sklearn, python_version: 3.11.4, env: {conda: conda.yaml}}\n  sklearn: {pickled_model: model.pkl}\n',
  'model/model.pkl': 'pickle',
  'model/data/B.txt': 'b',
  'model/data/a.txt': 'a',
  'model2/MLmodel': 'flavors: {}\n',
  'outputs/one.bin': 'one',
};

interface Version {
  properties: { properties: Record<string, string>; tags: Record<string, string>; [key: string]: unknown };
}

/** A workspace with one job, its artifacts and a model store whose PUT replaces, as the service's does. */
class ModelWorkspace {
  readonly agent: FakeAgent;
  readonly fake: FakeAzure;
  readonly versions = new Map<string, Version>();
  status = 'Completed';
  artifacts: Record<string, string> = files;
  /** Called after a version was written: somebody else may write it over. */
  afterPut: (number: string) => void = () => undefined;

  constructor(variables: Record<string, string> = {}) {
    this.agent = new FakeAgent({ variables: { 'Build.SourceVersion': 'abc', 'Build.BuildId': '481', ...variables } });
    this.fake = new FakeAzure(this.agent)
      .on('GET', '{ws}/jobs/([^/]+)', (_seen, [, name = '']) =>
        name === job
          ? { body: { name, properties: { status: this.status, environmentId: '/environments/sklearn/versions/1' } } }
          : armFault(404, 'JobNotFound', 'no such job'),
      )
      .on('GET', '/mlflow/.*/runs/get', () => ({
        body: {
          run: {
            info: {},
            data: { metrics: [{ key: 'mse', value: 3298.9 }], params: [{ key: 'alpha', value: '0.5' }] },
          },
        },
      }))
      .on('GET', '/artifact/.*/artifacts/ExperimentRun/dcid\\.[^/]+', ({ query }) => ({
        body: {
          value: Object.keys(this.artifacts)
            .filter((path) => path.startsWith(query['path'] ?? ''))
            .map((path) => ({ path })),
        },
      }))
      .on('GET', '/artifact/.*/contentinfo', ({ query }) => ({
        body: { contentUri: `https://blobs.blob.core.windows.net/x/${query['path'] ?? ''}?sig=x` },
      }))
      .on('GET', '/x/(.*)', (_seen, [, path = '']) => ({ body: this.artifacts[path] }))
      .on('GET', '{ws}/models/churn', () =>
        this.versions.size === 0
          ? this.missing()
          : { body: { name: 'churn', properties: { latestVersion: '9', nextVersion: '10' } } },
      )
      .on('GET', '{ws}/models/churn/versions', () => (this.versions.size === 0 ? this.missing() : this.list()))
      .on('GET', '{ws}/models/churn/versions/([^/]+)', (_seen, [, number = '']) => {
        const version = this.versions.get(number);
        return version ? { body: resource(number, version) } : this.missing();
      })
      .on('PUT', '{ws}/models/churn/versions/([^/]+)', ({ body }, [, number = '']) => {
        this.versions.set(number, body as Version);
        this.afterPut(number);
        return { status: 201, body: resource(number, body as Version) };
      });
  }

  run(more: Partial<Inputs> = {}): Promise<Outcome> {
    const inputs: Inputs = {
      modelName: 'churn',
      job,
      path: 'model',
      modelType: 'mlflow_model',
      tags: { team: 'a' },
      description: 'd',
      modelCard: undefined,
      ...more,
    };
    return registerModel(inputs, { agent: this.agent, azure: this.fake.azure });
  }

  get puts(): string[] {
    return this.fake.calls('PUT', '{ws}/models/churn/versions/[^/]+').map(({ path }) => path.split('/').at(-1) ?? '');
  }

  private missing(): Answer {
    return armFault(404, 'ModelNotFound', 'Model container with name: churn not found.');
  }

  /** In order of the text, as a service may list them: 10 before 2. */
  private list(): Answer {
    return { body: { value: [...this.versions].sort().map(([number, version]) => resource(number, version)) } };
  }
}

function resource(number: string, version: Version): unknown {
  return {
    id: `${workspaceId}/models/churn/versions/${number}`,
    name: number,
    properties: { ...version.properties, provisioningState: 'Succeeded' },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The digest as the documentation tells a person to compute it. */
const manifest = ['MLmodel', 'data/B.txt', 'data/a.txt', 'model.pkl']
  .map((path) => `${sha256(files[`model/${path}`] ?? '')}  ${path}\n`)
  .join('');

describe('RegisterModel', () => {
  it('registers the first version with its origin, digest and flavors', async () => {
    const workspace = new ModelWorkspace({ dataFingerprint: 'sha256:data' });
    const outcome = await workspace.run();
    assert.deepEqual(outcome, { result: 'succeeded', message: 'Model churn, version 1: registered.' });
    const { properties } = workspace.versions.get('1')!;
    assert.equal(properties['modelUri'], `azureml://jobs/${job}/outputs/artifacts/paths/model/`);
    assert.equal(properties['modelType'], 'mlflow_model');
    assert.equal(properties['jobName'], job);
    assert.equal(properties['description'], 'd');
    assert.deepEqual(properties['flavors'], {
      python_function: { data: { loader_module: 'mlflow.sklearn', python_version: '3.11.4' } },
      sklearn: { data: { pickled_model: 'model.pkl' } },
    });
    assert.equal(properties.tags['team'], 'a');
    assert.equal(properties.tags['mlops.commit'], 'abc');
    const { 'mlops.key': key, ...rest } = properties.properties;
    assert.match(key ?? '', /^[0-9a-f]{64}$/);
    assert.deepEqual(rest, {
      'mlops.commit': 'abc',
      'mlops.run': '481',
      'mlops.dataFingerprint': 'sha256:data',
      'mlops.metric.mse': '3298.9',
      'mlops.sha256': sha256(manifest),
    });
    assert.deepEqual(workspace.agent.outputs, {
      modelVersion: '1',
      modelId: `${workspaceId}/models/churn/versions/1`,
      modelDigest: `sha256:${sha256(manifest)}`,
    });
  });

  it('leaves evidence and a summary', async () => {
    const workspace = new ModelWorkspace();
    await workspace.run();
    const [attachment] = workspace.agent.attachments;
    assert.equal(attachment?.type, 'mlops.model-version.v1');
    const evidence = JSON.parse(attachment.content) as Record<string, unknown>;
    assert.deepEqual(evidence['model'], { name: 'churn', version: '1', id: `${workspaceId}/models/churn/versions/1` });
    assert.equal(evidence['digest'], workspace.agent.outputs['modelDigest']);
    assert.equal(evidence['created'], true);
    assert.deepEqual(evidence['params'], { alpha: '0.5' });
    assert.equal(evidence['environment'], '/environments/sklearn/versions/1');
    assert.equal('card' in evidence || 'signature' in evidence, false);
    assert.match(workspace.agent.summaries[0]?.markdown ?? '', /3298/);
  });

  it('keeps the model card and the signature in the evidence', async () => {
    const workspace = new ModelWorkspace();
    const signature = 'signature:\n  inputs: \'[{"name": "bmi"}]\'\n  outputs: null\n  params: \'[{"default": 7}]\'\n';
    workspace.artifacts = { ...files, 'model/MLmodel': `${files['model/MLmodel'] ?? ''}${signature}` };
    const modelCard = path.join(workspace.agent.temporaryFolder, 'MODEL_CARD.md');
    writeFileSync(modelCard, '# Churn\n');
    await workspace.run({ modelCard });
    const evidence = JSON.parse(workspace.agent.attachments[0]?.content ?? '') as Record<string, unknown>;
    assert.equal(evidence['card'], '# Churn\n');
    assert.deepEqual(evidence['signature'], { inputs: '[{"name": "bmi"}]' });
  });

  it('keeps nothing else of the model and its files in the evidence', async () => {
    const workspace = new ModelWorkspace();
    const more =
      'flavors: {sklearn: {note: Mark}}\nsaved_input_example_info: {artifact_path: Mark}\n' +
      'signature:\n  inputs: \'[{"name": "bmi"}]\'\n  params: \'[{"name": "p", "default": "Mark"}]\'\n';
    workspace.artifacts = {
      ...files,
      'model/MLmodel': more,
      'model/model.pkl': 'Mark',
      'model/input_example.json': '"Mark"',
    };
    await workspace.run();
    const [record] = workspace.agent.attachments;
    assert.match(record?.content ?? '', /bmi/);
    assert.doesNotMatch(record?.content ?? '', /Mark/);
  });

  it('registers nothing when the model card cannot be read', async () => {
    const workspace = new ModelWorkspace();
    await assert.rejects(workspace.run({ modelCard: '/nowhere/MODEL_CARD.md' }), /MODEL_CARD\.md cannot be read/);
    assert.deepEqual(workspace.fake.seen, []);
  });

  it('registers the same job and content once', async () => {
    const workspace = new ModelWorkspace();
    await workspace.run();
    const outcome = await workspace.run();
    assert.match(outcome.message ?? '', /version 1: had been registered/);
    assert.deepEqual(workspace.puts, ['1']);
    workspace.artifacts = { ...files, 'model/model.pkl': 'other' };
    await workspace.run();
    assert.equal(workspace.puts.length, 2);
  });

  it('counts on from the highest number, not from the last text', async () => {
    const workspace = new ModelWorkspace();
    const other = { properties: { properties: {}, tags: {} } };
    for (const number of ['2', '9', '10', 'hand-made']) workspace.versions.set(number, other);
    await workspace.run();
    assert.deepEqual(workspace.puts, ['11']);
  });

  it('takes the next number when somebody else registered the same one at the same time', async () => {
    const workspace = new ModelWorkspace();
    workspace.afterPut = (number) => {
      if (number === '1')
        workspace.versions.set('1', { properties: { properties: { 'mlops.key': 'theirs' }, tags: {} } });
    };
    await workspace.run();
    assert.deepEqual(workspace.puts, ['1', '10']);
    assert.equal(workspace.versions.get('1')?.properties.properties['mlops.key'], 'theirs');
    assert.equal(workspace.agent.outputs['modelVersion'], '10');
  });

  it('registers a single file without a slash at the end', async () => {
    const workspace = new ModelWorkspace();
    await workspace.run({ path: 'outputs/one.bin', modelType: 'custom_model' });
    assert.equal(
      workspace.versions.get('1')?.properties['modelUri'],
      `azureml://jobs/${job}/outputs/artifacts/paths/outputs/one.bin`,
    );
    assert.equal(workspace.agent.outputs['modelDigest'], `sha256:${sha256(`${sha256('one')}  one.bin\n`)}`);
  });

  const refusals: [string, Partial<Inputs>, (workspace: ModelWorkspace) => void, RegExp, RegExp][] = [
    [
      'a job that is not there',
      { job: 'other' },
      () => undefined,
      /There is no job other in workspace workspace/,
      /jobName/,
    ],
    [
      'a job that still runs',
      {},
      (workspace) => (workspace.status = 'Finalizing'),
      /is Finalizing, not Completed/,
      /Wait/,
    ],
    [
      'a job that failed',
      {},
      (workspace) => (workspace.status = 'Failed'),
      /is Failed, not Completed/,
      /completed jobs only/,
    ],
    [
      'a path that is not there',
      { path: 'mode' },
      () => undefined,
      /no artifact at "mode"/,
      /The job has: model\/MLmodel, .*outputs\/one\.bin\./,
    ],
    [
      'a job without artifacts',
      {},
      (workspace) => (workspace.artifacts = {}),
      /no artifact at "model"/,
      /no artifacts at all/,
    ],
    [
      'a folder that is no MLflow model',
      { path: 'outputs' },
      () => undefined,
      /has no file MLmodel, but one\.bin/,
      /custom_model/,
    ],
  ];
  for (const [what, inputs, prepare, message, advice] of refusals) {
    it(`refuses ${what} and registers nothing`, async () => {
      const workspace = new ModelWorkspace();
      prepare(workspace);
      await assert.rejects(workspace.run(inputs), (error: TaskError) => {
        assert.match(error.message, message);
        assert.match(error.advice ?? '', advice);
        return true;
      });
      assert.deepEqual(workspace.puts, []);
    });
  }

  it('sends nothing that the swagger refuses (needs ../shared/contracts)', async function () {
    if (!hasContracts('azure', 'specification')) this.skip();
    const workspace = new ModelWorkspace();
    await workspace.run();
    assert.deepEqual(swaggerObjections(workspace.fake.seen), []);
  });
});

describe('the digest of a model', () => {
  const file = fc.record({
    path: fc.string({ minLength: 1 }),
    bytes: fc.nat(),
    sha256: fc.constantFrom(sha256('a'), sha256('b'), sha256('c')),
  });
  const list = fc.uniqueArray(file, { selector: ({ path }) => path, minLength: 1, maxLength: 6 });

  it('does not depend on the order of the files', () => {
    fc.assert(fc.property(list, (some) => modelDigest(some) === modelDigest([...some].reverse())));
  });

  it('changes with any content and any name', () => {
    fc.assert(
      fc.property(list, fc.nat(5), (some, index) => {
        const at = index % some.length;
        const content = some.map((entry, position) => (position === at ? { ...entry, sha256: sha256('d') } : entry));
        const name = some.map((entry, position) =>
          position === at ? { ...entry, path: `${entry.path}\u0001new` } : entry,
        );
        assert.notEqual(modelDigest(content), modelDigest(some));
        assert.notEqual(modelDigest(name), modelDigest(some));
      }),
    );
  });
});
