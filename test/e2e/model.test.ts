import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { StepResult } from '../../local/agent/run-task';
import { startDevOps } from '../../local/devops';
import { node24 } from '../support/node24';
import { assertFailed, evidenceOf, output, registerScorer, scorerProject, succeeded } from '../support/scorer';
import { repository, shown, startStandIns, type RunOptions, type StandIns } from '../support/stand-ins';

const candidates = path.join(repository, 'test', 'e2e', 'fixtures', 'candidate');
const resourceManager =
  '/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-mlops/providers/Microsoft.MachineLearningServices/workspaces/mlw-mlops';

describe('a trained model on the local Azure', function () {
  this.timeout(240_000);
  let standIns: StandIns;
  let job = '';
  const jobs: Record<string, string> = {};
  let candidatesTrained: Promise<unknown> = Promise.resolve();

  before(async () => {
    standIns = await startStandIns();
    job = output(succeeded(await standIns.run('SubmitAmlTraining', { jobFile: 'job.yml' })), 'jobName');
    candidatesTrained = Promise.all([
      train('worse', 'inputs.alpha=2.0'),
      train('unsure', 'inputs.alpha=0.4'),
      ...['better', 'duplicate', 'otherTruth', 'elsewhere'].map((kind) => train(kind, `inputs.kind=${kind}`)),
    ]);
    // A failure is told where the candidates are needed.
    candidatesTrained.catch(() => undefined);
  });
  after(() => standIns.stop());

  const train = async (name: string, set: string): Promise<void> => {
    const inputs = { jobFile: path.relative(repository, path.join(candidates, 'job.yml')), set };
    const step = await standIns.run('SubmitAmlTraining', inputs, { sourcesDirectory: repository });
    jobs[name] = output(succeeded(step), 'jobName');
  };

  const versions = async (model: string): Promise<{ name: string; properties: VersionProperties }[]> => {
    const list = (await standIns.arm(`${resourceManager}/models/${model}/versions`)) as { value: unknown[] };
    return list.value as { name: string; properties: VersionProperties }[];
  };

  it('comes from data that keeps its contract, on Node 20 and 24', async () => {
    const inputs = { contract: 'contract.yaml', data: 'data/diabetes.csv' };
    const steps = [
      succeeded(await standIns.run('DataSanityTest', inputs)),
      succeeded(await standIns.run('DataSanityTest', inputs, { node: node24() })),
    ];
    assert.deepEqual(steps[0]?.outputs, steps[1]?.outputs);
    assert.equal(steps[0]?.outputs['rowCount'], '442');
    assert.equal(steps[0].outputs['verdict'], 'passed');
  });

  describe('RegisterModel', () => {
    const register = (inputs: Record<string, string> = {}, options: RunOptions = {}): Promise<StepResult> =>
      standIns.run('RegisterModel', { modelName: 'diabetes', job, path: 'model', ...inputs }, options);

    it('registers the model with its digest, metrics, run and tags', async () => {
      const inputs = { tags: 'team=health\n\nstage = candidate', description: 'Progression of diabetes' };
      const variables = { dataFingerprint: 'a'.repeat(64) };
      const step = succeeded(await register(inputs, { runId: 700, variables }));
      assert.equal(step.outputs['modelVersion'], '1');
      assert.equal(step.outputs['modelId'], `${resourceManager}/models/diabetes/versions/1`);
      assert.match(output(step, 'modelDigest'), /^sha256:[0-9a-f]{64}$/);
      const [version] = await versions('diabetes');
      assert.ok(version);
      const { properties, tags, description, jobName, modelType, flavors } = version.properties;
      assert.equal(`sha256:${properties['mlops.sha256']}`, step.outputs['modelDigest']);
      assert.equal(Number(properties['mlops.metric.mse']).toFixed(1), '3298.9');
      assert.equal(properties['mlops.dataFingerprint'], 'a'.repeat(64));
      assert.equal(properties['mlops.commit'], '0123456789abcdef0123456789abcdef01234567');
      assert.equal(tags['team'], 'health');
      assert.equal(tags['stage'], 'candidate');
      assert.equal(tags['mlops.run'], '700');
      assert.deepEqual([description, jobName, modelType], ['Progression of diabetes', job, 'mlflow_model']);
      assert.ok(Object.keys(flavors).includes('sklearn'));
      const evidence = evidenceOf(step, 'mlops.model-version.v1');
      assert.equal(evidence['digest'], step.outputs['modelDigest']);
      assert.equal(evidence['created'], true);
    });

    it('gives the same version when the stage runs again, in another run, and on Node 24', async () => {
      const again = [
        { runId: 700, variables: { 'System.StageAttempt': '2' } },
        { runId: 701 },
        { runId: 702, node: node24() },
      ];
      for (const options of again) {
        const step = succeeded(await register({}, options));
        assert.equal(step.outputs['modelVersion'], '1', shown(step));
        assert.equal(evidenceOf(step, 'mlops.model-version.v1')['created'], false);
      }
      assert.equal((await versions('diabetes')).length, 1);
    });

    it("takes the digest that sha256sum takes, and registers a file's folder as a custom model", async () => {
      assert.equal(await registerScorer(standIns, 2), '1');
      const [version] = await versions('scorer');
      const line = `${sha256('{"slope": 2.0}')}  weights.json\n`;
      assert.equal(version?.properties.properties['mlops.sha256'], sha256(line));
      assert.equal(await registerScorer(standIns, 3), '2');
    });

    it('lists what the job has when the path is not there', async () => {
      assertFailed(
        await register({ path: 'modell' }),
        /no artifact at "modell"[\s\S]*model\/MLmodel.*predictions\.csv/,
      );
    });

    it('says which kind of model it is not', async () => {
      assertFailed(
        await register({ modelType: 'onnx' }),
        /modelType" is "onnx"[\s\S]*custom_model, mlflow_model, triton/,
      );
      assertFailed(await register({ path: 'predictions.csv' }), /no MLflow model: it has no file MLmodel/);
    });

    it('names the job that is missing, has failed or still runs', async () => {
      const folder = scorerProject(standIns, 'slow');
      writeFileSync(path.join(folder, 'training', 'train.py'), 'import time\ntime.sleep(120)\n');
      const inputs = { jobFile: 'job.yml', wait: 'false' };
      const running = await standIns.run('SubmitAmlTraining', inputs, { sourcesDirectory: folder });
      writeFileSync(path.join(folder, 'training', 'train.py'), 'raise SystemExit(1)\n');
      const failed = await standIns.run('SubmitAmlTraining', inputs, { sourcesDirectory: folder });
      await standIns.settled(output(failed, 'jobName'));
      assertFailed(await register({ job: 'mlops-nowhere' }), /no job mlops-nowhere[\s\S]*jobName of SubmitAmlTraining/);
      assertFailed(
        await register({ job: output(failed, 'jobName') }),
        /is Failed, not Completed[\s\S]*completed jobs only/,
      );
      assertFailed(await register({ job: output(running, 'jobName') }), /is \w+, not Completed[\s\S]*Wait for its end/);
      assert.equal((await versions('diabetes')).length, 1);
    });
  });

  describe('EvaluateAgainstProduction', () => {
    before(() => candidatesTrained);

    const evaluate = (
      candidate: string,
      inputs: Record<string, string> = {},
      options: RunOptions = {},
    ): Promise<StepResult> => {
      const standard = { endpoint: 'production', modelName: 'diabetes', metric: 'mse', policy: 'policy.yml' };
      const all = { candidateJob: jobs[candidate] ?? job, predictions: 'predictions.csv', ...standard, ...inputs };
      return standIns.run('EvaluateAgainstProduction', all, options);
    };

    it('promotes the first model', async () => {
      const step = succeeded(await evaluate('example'));
      assert.match(step.lines.join('\n'), /no endpoint production yet/);
      const { decision, promote, championVersion } = step.outputs;
      assert.deepEqual([decision, promote, championVersion], ['firstModel', 'true', '']);
      const byModel = succeeded(await evaluate('example', { endpoint: '' }));
      assert.equal(byModel.outputs['decision'], 'firstModel');
    });

    describe('with a model in production', () => {
      before(async () => {
        const sourcesDirectory = scorerProject(standIns, 'production', 'pass');
        const subject = {
          target: 'managedEndpoint',
          endpointName: 'production',
          modelName: 'diabetes',
          modelVersion: '1',
        };
        succeeded(
          await standIns.run('DeployModel', { ...subject, deploymentFile: 'deployment.yml' }, { sourcesDirectory }),
        );
      });

      for (const [candidate, decision, promote, reason] of [
        ['better', 'better', 'true', /its improvement is more than chance/],
        ['worse', 'notBetter', 'false', /it scores worse than production on the same rows/],
        ['unsure', 'unsure', 'false', /with 89 rows its improvement cannot be told from chance/],
      ] as const) {
        it(`says ${decision} of a candidate on the same rows, on Node 20 and 24`, async () => {
          const steps = [
            succeeded(await evaluate(candidate)),
            succeeded(await evaluate(candidate, {}, { node: node24() })),
          ];
          for (const step of steps) {
            assert.equal(step.outputs['decision'], decision, shown(step));
            assert.equal(step.outputs['promote'], promote);
            assert.equal(step.outputs['championVersion'], '1');
            assert.match(step.lines.join('\n'), reason);
          }
          const evidence = steps.map((step) => evidenceOf(step, 'mlops.evaluation.v1'));
          assert.deepEqual(evidence[0], evidence[1]);
          const holdout = evidence[0]?.['holdout'] as Record<string, unknown>;
          assert.deepEqual([holdout['rows'], holdout['overlap']], [89, 1]);
        });
      }

      it('finds production by the model alone', async () => {
        const step = succeeded(await evaluate('worse', { endpoint: '' }));
        assert.deepEqual([step.outputs['decision'], step.outputs['championVersion']], ['notBetter', '1']);
      });

      it('names a missing predictions file and what is there instead', async () => {
        assertFailed(await evaluate('elsewhere'), /no artifact predictions\.csv[\s\S]*Its CSV files: other\.csv/);
      });

      it('refuses duplicate keys and another truth', async () => {
        assertFailed(await evaluate('duplicate'), /line 91: the key is there already in line 2/);
        assertFailed(await evaluate('otherTruth'), /89 of 89 keys have another truth/);
      });

      it('names what is wrong with metric, policy and model', async () => {
        assertFailed(await evaluate('worse', { metric: 'mape%' }), /metric" is "mape%"[\s\S]*Metrics: .*rmse/);
        const file = path.join(standIns.folder('policies'), 'policy.yml');
        writeFileSync(file, 'confidence: 0.9\nmargins: 3\n');
        assertFailed(await evaluate('worse', { policy: file }), /policy\.yml:2:1: .*margins/);
        assertFailed(await evaluate('worse', { modelName: 'scorer' }), /serves the model diabetes, not scorer/);
        assertFailed(await evaluate('worse', { endpoint: '', modelName: '' }), /Neither "endpoint" nor "modelName"/);
        assertFailed(await evaluate('worse', { candidateJob: 'mlops-nowhere' }), /no job mlops-nowhere/);
      });

      it('does with a candidate that is not better what the step asks for', async () => {
        const warned = await evaluate('worse', { whenNotBetter: 'warn' });
        assert.equal(warned.result, 'SucceededWithIssues', shown(warned));
        assertFailed(await evaluate('worse', { whenNotBetter: 'fail' }), /not better than production/);
        assertFailed(await evaluate('worse', { whenNotBetter: 'explode' }), /whenNotBetter" is "explode"/);
      });

      it('cancels the run when the step asks for it and may do so', async () => {
        const stateDir = standIns.folder('devops');
        const refused = await cancelOwnRun(stateDir);
        assertFailed(refused.step, /refused to cancel run \d+ \(status 403\)[\s\S]*"Stop builds"/);
        assert.equal(refused.asked, 0);
        letBuildServiceStopRuns(stateDir);
        const { step, asked } = await cancelOwnRun(stateDir);
        assert.equal(succeeded(step).outputs['decision'], 'notBetter');
        assert.equal(asked, 1);
      });

      async function cancelOwnRun(stateDir: string): Promise<{ step: StepResult; asked: number }> {
        const devops = await startDevOps({ stateDir });
        try {
          const run = await devops.server.createRun({
            yamlFile: 'azure-pipelines.yml',
            pipelineName: 'cancelled',
            requestedFor: devops.users[0]?.displayName ?? '',
            repository: { name: 'x', url: 'https://localhost/x', branch: 'refs/heads/main', commit: '0'.repeat(40) },
            templateParameters: {},
            variables: {},
          });
          await devops.server.updateRun(run.id, { state: 'inProgress' });
          let asked = 0;
          devops.server.onCancelRequested(run.id, () => asked++);
          const step = await evaluate(
            'worse',
            { whenNotBetter: 'cancelRun' },
            {
              runId: run.id,
              accessToken: run.accessToken,
              collectionUrl: `${devops.url}/`,
              variables: { 'System.TeamProject': devops.server.project.name },
            },
          );
          return { step, asked };
        } finally {
          await devops.stop();
        }
      }

      it('left everything as it was', async () => {
        assert.equal((await versions('diabetes')).length, 1);
        const endpoint = (await standIns.arm(`${resourceManager}/onlineEndpoints/production`)) as Endpoint;
        assert.deepEqual(Object.values(endpoint.properties.traffic), [100]);
      });
    });
  });
});

interface VersionProperties {
  properties: Record<string, string>;
  tags: Record<string, string>;
  description: string;
  jobName: string;
  modelType: string;
  flavors: Record<string, unknown>;
}

interface Endpoint {
  properties: { traffic: Record<string, number> };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What an administrator does in the project's settings: by default a run's own identity may not stop runs. */
function letBuildServiceStopRuns(stateDir: string): void {
  const file = path.join(stateDir, 'devops', 'collection.json');
  const state = JSON.parse(readFileSync(file, 'utf8')) as { identities: Identity[] };
  const service = state.identities.find(({ kind }) => kind === 'service');
  const group = state.identities.find(({ displayName }) => displayName.endsWith('\\Contributors'));
  assert.ok(service && group);
  group.members = [...(group.members ?? []), service.id];
  writeFileSync(file, JSON.stringify(state));
}

interface Identity {
  id: string;
  kind: string;
  displayName: string;
  members?: string[];
}
