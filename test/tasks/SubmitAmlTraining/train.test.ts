import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { CancelledError, type TaskError } from '../../../lib/agent/errors';
import { train } from '../../../tasks/SubmitAmlTraining/train';
import type { Inputs } from '../../../tasks/SubmitAmlTraining/inputs';
import type { Outcome } from '../../../lib/agent/agent';
import { hasContracts } from '../../support/contracts';
import { workspaceId } from '../../support/fake-azure';
import { swaggerObjections } from '../../support/oav';
import { inputs, jobYaml, JobWorkspace, pipelineVariables, project, type JobScript } from './workspace';

const pace = { firstDelayMs: 1 };

function start(workspace: JobWorkspace, given: Inputs): Promise<Outcome> {
  return train(given, { agent: workspace.agent, azure: workspace.fake.azure, pace });
}

const success: JobScript = {
  statuses: ['Preparing', 'Running', 'Finalizing', 'Completed'],
  log: ['', 'epoch 1\nepo', 'epoch 1\nepoch 2 é\n', 'epoch 1\nepoch 2 é\nlast words'],
  metrics: [
    { key: 'mse', value: 3298.9 },
    { key: 'bad', value: 'NaN' },
  ],
};

describe('SubmitAmlTraining', () => {
  it('uploads code and data, creates the environment and the job, and follows it to its end', async () => {
    const workspace = new JobWorkspace(success);
    const outcome = await start(workspace, inputs(project()));
    assert.equal(outcome.result, 'succeeded');
    const [[name, properties] = ['', {}]] = workspace.created;
    assert.match(name, /^mlops-[0-9a-f]{20}$/);
    assert.match(String(properties['codeId']), /\/codes\/[0-9a-f-]{36}\/versions\/1$/);
    assert.match(
      String(properties['environmentId']),
      /\/environments\/CliV2AnonymousEnvironment\/versions\/[0-9a-f]{64}$/,
    );
    assert.deepEqual(properties['inputs'], {
      alpha: { jobInputType: 'literal', value: '0.5' },
      data: {
        jobInputType: 'uri_file',
        uri: (properties['inputs'] as { data: { uri: string } }).data.uri,
      },
    });
    assert.match(
      (properties['inputs'] as { data: { uri: string } }).data.uri,
      /^azureml:\/\/datastores\/workspaceblobstore\/paths\/LocalUpload\/[0-9a-f]{64}\/diabetes\.csv$/,
    );
    const { outputs } = workspace.agent;
    assert.equal(outputs['jobName'], name);
    assert.equal(outputs['jobStatus'], 'Completed');
    assert.equal(outputs['studioUrl'], `https://ml.azure.com/runs/${name}?wsid=${workspaceId}`);
    assert.deepEqual(JSON.parse(outputs['metrics'] ?? ''), { mse: 3298.9, bad: 'NaN' });
  });

  it('marks the job with the commit and the run that made it, without the password of the repository', async () => {
    const workspace = new JobWorkspace(success);
    await start(workspace, inputs(project()));
    const properties = workspace.created[0]?.[1] ?? {};
    const git = properties['properties'] as Record<string, string>;
    assert.equal(git['mlflow.source.git.commit'], pipelineVariables['Build.SourceVersion']);
    assert.equal(git['mlflow.source.git.branch'], 'refs/heads/main');
    assert.equal(git['mlflow.source.git.repoURL'], 'https://dev.azure.com/org/p/_git/r');
    assert.match(git['mlops.key'] ?? '', /^[0-9a-f]{64}$/);
    const tags = properties['tags'] as Record<string, string>;
    assert.equal(tags['mlops.run'], '481');
    assert.equal(tags['mlops.runUrl'], 'https://dev.azure.com/org/churn%20project/_build/results?buildId=481');
  });

  it('prints each line of the log once, whole, and the last one without an end', async () => {
    const workspace = new JobWorkspace(success);
    await start(workspace, inputs(project()));
    const lines = workspace.agent.lines.filter((line) => /epoch|last words/.test(line));
    assert.deepEqual(lines, ['epoch 1', 'epoch 2 é', 'last words']);
    const ranges = workspace.fake.seen
      .filter(({ host }) => host.startsWith('logs.'))
      .map(({ headers, resource }) => [headers['range']?.split('-')[0], resource]);
    assert.deepEqual(ranges.at(-1), ['bytes=19', undefined]);
    assert.ok(workspace.agent.secrets.includes('bG9nLXNpZ25hdHVyZQ=='));
  });

  it('asks for a new address of the log when the old one has expired', async () => {
    const workspace = new JobWorkspace({ ...success, statuses: ['Running', 'Running', 'Running', 'Completed'] });
    workspace.fake.on('GET', '{ws}/jobs/([^/]+)', () => {
      if ([...workspace.jobs.values()].some(({ gets }) => gets === 2)) workspace.logGeneration = 2;
      return undefined;
    });
    await start(workspace, inputs(project()));
    assert.deepEqual(
      workspace.agent.lines.filter((line) => /epoch|last words/.test(line)),
      ['epoch 1', 'epoch 2 é', 'last words'],
    );
    assert.equal(workspace.logGeneration, 2);
  });

  it('leaves evidence, a table of metrics and a summary', async () => {
    const workspace = new JobWorkspace(success);
    await start(workspace, inputs(project()));
    const [attachment] = workspace.agent.attachments;
    assert.equal(attachment?.type, 'mlops.training.v1');
    const evidence = JSON.parse(attachment.content) as Record<string, unknown>;
    assert.equal(evidence['kind'], 'mlops.training.v1');
    assert.equal(evidence['jobName'], workspace.agent.outputs['jobName']);
    assert.equal(evidence['commit'], pipelineVariables['Build.SourceVersion']);
    assert.match(workspace.agent.log, /Metrics:\n {2}bad {2}NaN\n {2}mse {2}3298\.9/);
    assert.match(workspace.agent.summaries[0]?.markdown ?? '', /mse \| 3298\.9/);
  });

  it('applies "set" before anything else, and refuses a path that the file has not, saying what it has', async () => {
    const workspace = new JobWorkspace(success);
    await start(workspace, inputs(project(), { set: 'inputs.alpha=2.0\n\n# a comment\ncompute=azureml:big' }));
    const properties = workspace.created[0]?.[1] ?? {};
    assert.deepEqual((properties['inputs'] as { alpha: unknown }).alpha, { jobInputType: 'literal', value: '2.0' });
    assert.equal(properties['computeId'], `${workspaceId}/computes/big`);
    const other = new JobWorkspace(success);
    await assert.rejects(start(other, inputs(project(), { set: 'inputs.alhpa=2.0' })), (error: TaskError) => {
      assert.match(error.message, /"inputs\.alhpa=2\.0": .*job\.yml has no inputs\.alhpa/);
      assert.match(error.advice ?? '', /inputs has alpha, data/);
      return true;
    });
    assert.equal(other.fake.seen.length, 0);
  });

  it('names the place of a key that a job does not have, before anything is uploaded', async () => {
    const workspace = new JobWorkspace(success);
    const folder = project(jobYaml.replace('compute:', 'compte:'));
    await assert.rejects(start(workspace, inputs(folder)), (error: TaskError) => {
      assert.equal(error.message, `${path.join(folder, 'job.yml')}:6:1: unknown key "compte".`);
      return true;
    });
    assert.equal(workspace.fake.seen.length, 0);
  });

  it('refuses user_identity, since a pipeline is no user', async () => {
    const workspace = new JobWorkspace(success);
    await assert.rejects(
      start(workspace, inputs(project(`${jobYaml}identity: {type: user_identity}\n`))),
      /user_identity/,
    );
    assert.equal(workspace.fake.seen.length, 0);
  });

  it('ends after submission when it shall not wait', async () => {
    const workspace = new JobWorkspace(success);
    const outcome = await start(workspace, inputs(project(), { wait: false }));
    assert.equal(outcome.result, 'succeeded');
    assert.equal(workspace.agent.outputs['jobStatus'], 'Starting');
    assert.equal(workspace.agent.outputs['metrics'], '{}');
  });

  describe('run again', () => {
    /** The name that the first attempt of this step gives its job. */
    async function firstName(folder: string): Promise<string> {
      const workspace = new JobWorkspace(success);
      await start(workspace, inputs(folder, { wait: false }));
      return workspace.created[0]?.[0] ?? '';
    }

    for (const [was, statuses] of [
      ['running', ['Running', 'Completed']],
      ['completed', ['Completed']],
    ] as const) {
      it(`follows the job of the first attempt when it is ${was}`, async () => {
        const workspace = new JobWorkspace(success);
        const name = await firstName(project());
        workspace.add(name, { ...success, statuses: [...statuses] });
        const outcome = await start(workspace, inputs(project()));
        assert.equal(outcome.result, 'succeeded');
        assert.deepEqual(workspace.created, []);
        assert.equal(workspace.agent.outputs['jobName'], name);
      });
    }

    for (const was of ['Failed', 'Canceled', 'CancelRequested']) {
      it(`makes a new job when the first one is ${was}`, async () => {
        const workspace = new JobWorkspace(success);
        const name = await firstName(project());
        workspace.add(name, { ...success, statuses: [was] });
        workspace.add(`${name}-2`, { ...success, statuses: ['Failed'] });
        const outcome = await start(workspace, inputs(project()));
        assert.equal(outcome.result, 'succeeded');
        assert.deepEqual(
          workspace.created.map(([created]) => created),
          [`${name}-3`],
        );
      });
    }

    it('has another name for other code, another value, another step or another run', async () => {
      const folder = project();
      const names = [await firstName(folder)];
      writeFileSync(path.join(folder, 'src', 'train.py'), 'print("other")\n');
      names.push(await firstName(folder));
      const changed = new JobWorkspace(success);
      await start(changed, inputs(project(), { wait: false, set: 'inputs.alpha=1' }));
      for (const variable of ['Build.BuildId', 'System.StageName', 'System.TaskInstanceName', 'System.JobName']) {
        const workspace = new JobWorkspace(success, { ...pipelineVariables, [variable]: 'other' });
        await start(workspace, inputs(project(), { wait: false }));
        names.push(workspace.created[0]?.[0] ?? '');
      }
      names.push(changed.created[0]?.[0] ?? '');
      assert.equal(new Set(names).size, 7);
      const retried = new JobWorkspace(success, {
        ...pipelineVariables,
        'System.StageAttempt': '2',
        'System.JobAttempt': '2',
      });
      await start(retried, inputs(project(), { wait: false }));
      assert.equal(retried.created[0]?.[0], names[0]);
    });
  });

  it('fails with the reason that run history gives, the end of the log and the address of the studio', async () => {
    const workspace = new JobWorkspace({
      statuses: ['Running', 'Failed'],
      log: ['start\n', 'start\nTraceback\nValueError: boom\n'],
      error: { error: { code: 'UserError', message: 'Execution failed. ##vso[task.complete result=Succeeded;]' } },
    });
    const outcome = await start(workspace, inputs(project()));
    assert.equal(outcome.result, 'failed');
    assert.match(
      outcome.message,
      /^Job mlops-[0-9a-f]{20} ended as Failed: ValueError: boom \| UserError: Execution failed/,
    );
    assert.match(outcome.message, /https:\/\/ml\.azure\.com\/runs\//);
    assert.equal(workspace.agent.outputs['jobStatus'], 'Failed');
    assert.match(workspace.agent.summaries[0]?.markdown ?? '', /```\nstart\nTraceback\nValueError: boom\n```/);
  });

  it('keeps nothing of log, error, code or data in its record', async () => {
    const workspace = new JobWorkspace({
      statuses: ['Running', 'Failed'],
      log: ['Mark\n', 'Mark\nValueError: Mark\n'],
      error: { error: { code: 'Mark', message: 'Mark' } },
    });
    const folder = project();
    for (const file of ['src/train.py', 'data/diabetes.csv']) writeFileSync(path.join(folder, file), '# Mark\n');
    const outcome = await start(workspace, inputs(folder));
    assert.match(outcome.message ?? '', /Mark/);
    const [record] = workspace.agent.attachments;
    assert.match(record?.content ?? '', /"status":"Failed"/);
    assert.doesNotMatch(record?.content ?? '', /Mark/);
  });

  it('fails when somebody cancels the job in Azure ML', async () => {
    const workspace = new JobWorkspace({ statuses: ['Running', 'CancelRequested', 'Canceled'] });
    const outcome = await start(workspace, inputs(project()));
    assert.equal(outcome.result, 'failed');
    assert.match(outcome.message, /Canceled: it was cancelled in Azure ML/);
  });

  it('bears with NotResponding for 15 minutes, from the last sign of life on', async () => {
    let clock = 0;
    const now = (): number => (clock += 6 * 60_000);
    const deps = (workspace: JobWorkspace) => ({
      agent: workspace.agent,
      azure: workspace.fake.azure,
      pace: { ...pace, now },
    });
    const back = new JobWorkspace({
      statuses: ['NotResponding', 'Unknown', 'Running', 'NotResponding', 'Paused', 'Completed'],
    });
    assert.equal((await train(inputs(project()), deps(back))).result, 'succeeded');
    const gone = new JobWorkspace({ statuses: ['Running', 'NotResponding'] });
    await assert.rejects(train(inputs(project()), deps(gone)), /has been NotResponding for 15 minutes/);
  });

  it('does not fail a completed job because its log or metrics cannot be read', async () => {
    const workspace = new JobWorkspace({ statuses: ['Running', 'Completed'] });
    workspace.fake.on('GET', '/mlflow/.*', () => ({
      status: 403,
      body: { error: { code: 'AuthorizationFailed', message: 'no' } },
    }));
    workspace.fake.on('GET', '/history/.*', () => ({
      status: 403,
      body: { error: { code: 'AuthorizationFailed', message: 'no' } },
    }));
    const outcome = await start(workspace, inputs(project()));
    assert.equal(outcome.result, 'succeeded');
    assert.equal(workspace.agent.warnings.filter((warning) => /log of job/.test(warning)).length, 1);
    assert.equal(workspace.agent.outputs['metrics'], '{}');
  });

  it('stops waiting after timeoutMinutes and leaves the job alone', async () => {
    const workspace = new JobWorkspace({ statuses: ['Running'] });
    await assert.rejects(start(workspace, inputs(project(), { timeoutMinutes: 0.0001 })), /did not end within/);
    assert.deepEqual(workspace.cancels, []);
  });

  describe('when the agent cancels the step', () => {
    async function cancelWhile(
      workspace: JobWorkspace,
      given: Inputs,
      when: () => boolean,
    ): Promise<{ error: Error; ms: number }> {
      const running = start(workspace, given);
      const timer = setInterval(() => {
        if (when()) workspace.agent.cancellation.abort();
      }, 1);
      let at = 0;
      workspace.agent.cancelled.addEventListener('abort', () => (at = Date.now()));
      try {
        await running;
      } catch (error) {
        return { error: error as Error, ms: Date.now() - at };
      } finally {
        clearInterval(timer);
      }
      throw new Error('the step was not cancelled');
    }

    const isFollowing = (workspace: JobWorkspace) => () => [...workspace.jobs.values()].some(({ gets }) => gets > 1);

    it('cancels the job once and names it', async () => {
      const workspace = new JobWorkspace({ statuses: ['Running'] });
      const { error } = await cancelWhile(workspace, inputs(project()), isFollowing(workspace));
      const [name] = workspace.created[0] ?? [''];
      assert.ok(error instanceof CancelledError);
      assert.match(error.message, new RegExp(`Job ${name} was cancelled too`));
      assert.deepEqual(workspace.cancels, [name]);
    });

    it('lets the job run on when told to detach', async () => {
      const workspace = new JobWorkspace({ statuses: ['Running'] });
      const { error } = await cancelWhile(workspace, inputs(project(), { onCancel: 'detach' }), isFollowing(workspace));
      assert.match(error.message, /Job mlops-[0-9a-f]{20} runs on/);
      assert.deepEqual(workspace.cancels, []);
    });

    it('waits for a job that is being created, and cancels it', async () => {
      const workspace = new JobWorkspace({ statuses: ['Running'] });
      workspace.fake.on('PUT', '{ws}/jobs/[^/]+', async () => {
        workspace.agent.cancellation.abort();
        await new Promise((resolve) => setTimeout(resolve, 50));
        return undefined;
      });
      await assert.rejects(start(workspace, inputs(project())), CancelledError);
      assert.deepEqual(
        workspace.fake.seen
          .filter(({ method, path: at }) => method !== 'GET' && at.includes('/jobs/'))
          .map(({ method }) => method),
        ['PUT', 'POST'],
      );
      assert.equal(workspace.cancels.length, 1);
    });

    it('ends within 5 s when Azure does not answer any more', async () => {
      const workspace = new JobWorkspace({ statuses: ['Running'] });
      let isSilent = false;
      workspace.fake.on('GET', '{ws}/jobs/[^/]+', async () => {
        if (!isFollowing(workspace)()) return undefined;
        isSilent = true;
        return new Promise(() => undefined);
      });
      const { error, ms } = await cancelWhile(workspace, inputs(project()), () => isSilent);
      assert.match(error.message, /was cancelled too/);
      assert.ok(ms < 4_000, `${ms} ms`);
    });

    it('leaves a job alone that has ended', async () => {
      const workspace = new JobWorkspace(success);
      workspace.fake.on('GET', '/mlflow/.*', () => {
        workspace.agent.cancellation.abort();
        return new Promise(() => undefined);
      });
      await assert.rejects(start(workspace, inputs(project())), /Cancelled after job mlops-[0-9a-f]{20} had ended/);
      assert.deepEqual(workspace.cancels, []);
    });

    it('submits nothing when it is cancelled before', async () => {
      const workspace = new JobWorkspace(success);
      workspace.fake.on('POST', '{ws}/codes/.*', async () => {
        workspace.agent.cancellation.abort();
        return new Promise(() => undefined);
      });
      await assert.rejects(start(workspace, inputs(project())), /before a job was submitted/);
      assert.deepEqual(workspace.created, []);
    });
  });

  it('sends nothing that the swagger refuses (needs ../shared/contracts)', async function () {
    if (!hasContracts('azure', 'specification')) this.skip();
    const workspace = new JobWorkspace(success);
    await start(workspace, inputs(project()));
    assert.deepEqual(swaggerObjections(workspace.fake.seen), []);
    const [put] = workspace.fake.calls('PUT', '{ws}/jobs/[^/]+');
    assert.ok(put);
    const broken = { ...put, body: { properties: { ...workspace.created[0]?.[1], environmentId: undefined } } };
    assert.equal(swaggerObjections([broken]).length, 1);
  });
});
