import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { getPersonalAccessTokenHandler, WebApi } from 'azure-devops-node-api';
import {
  BuildResult,
  BuildStatus,
  TaskResult,
  TimelineRecordState,
} from 'azure-devops-node-api/interfaces/BuildInterfaces';

import type { Run } from '../../../local/agent/server';
import type { LocalDevOps } from '../../../local/devops';
import { newRun, stage, start, temporaryFolder, user } from './support';

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

describe('azure-devops-node-api, unchanged, on the local Azure DevOps', () => {
  let devops: LocalDevOps;
  let api: WebApi;
  let run: Run;
  const validate = stage('Validate', { state: 'completed', result: 'succeeded' });

  before(async () => {
    const folder = temporaryFolder();
    devops = await start({
      serviceConnections: [
        {
          id: '8d4f2a10-0000-4000-8000-000000000001',
          name: 'azure-ml',
          type: 'azurerm',
          url: 'https://localhost/',
          authorization: {
            scheme: 'ServicePrincipal',
            parameters: { tenantid: 't', serviceprincipalkey: 'very secret' },
          },
          data: { subscriptionId: 's' },
        },
      ],
      seed: {
        variableGroups: [
          {
            name: 'diabetes',
            variables: { workspace: { value: 'mlw-mlops' }, key: { value: 'hidden', isSecret: true } },
          },
        ],
        environments: [
          {
            name: 'diabetes-production',
            approval: { approvers: ['Model approvers'], requesterCannotBeApprover: true },
          },
        ],
      },
    });
    const { server } = devops;
    api = new WebApi(devops.url, getPersonalAccessTokenHandler(user(devops, 'ana').token));
    run = await newRun(devops);
    await server.updateRun(run.id, { state: 'inProgress', startTime: new Date().toISOString() });
    await server.updateTimeline(run.id, [validate]);
    await server.appendLog(run.id, validate.id, ['first line', 'second line']);
    writeFileSync(join(folder, 'evidence.json'), '{"decision":"better"}');
    await server.addAttachment(run.id, validate.id, 'mlops.evaluation.v1', 'diabetes 1', join(folder, 'evidence.json'));
    await server.addTag(run.id, 'mlops');
    mkdirSync(join(folder, 'drop', 'sub'), { recursive: true });
    writeFileSync(join(folder, 'drop', 'sub', 'model.txt'), 'weights');
    await server.uploadArtifact(run.id, 'drop', validate.id, join(folder, 'drop'));
    await server.publishTestRun(run.id, {
      title: 'contract',
      recordId: validate.id,
      tests: [
        { suite: 's', name: 'ok', outcome: 'Passed', durationMs: 5 },
        { suite: 's', name: 'no', outcome: 'Failed', durationMs: 7, message: 'why' },
      ],
    });
    const environment = await server.environment('diabetes-production');
    const times = {
      queueTime: '2026-01-01T00:00:00Z',
      startTime: '2026-01-01T00:00:01Z',
      finishTime: '2026-01-01T00:00:02Z',
    };
    await server.addDeploymentRecord(environment.id, {
      runId: run.id,
      stageName: 'Production',
      jobName: 'deploy',
      stageAttempt: 1,
      jobAttempt: 1,
      ...times,
      result: 'succeeded',
    });
    await server.updateRun(run.id, {
      state: 'completed',
      result: 'succeededWithIssues',
      finishTime: new Date().toISOString(),
    });
  });
  after(() => devops.stop());

  it('connects and names the caller', async () => {
    const data = await api.connect();
    assert.equal(data.authenticatedUser?.providerDisplayName, 'Ana Ruiz');
  });

  it('reads projects, runs and definitions', async () => {
    const projects = await (await api.getCoreApi()).getProjects();
    assert.deepEqual(
      projects.map((one) => one.name),
      ['diabetes', 'vision'],
    );
    const builds = await api.getBuildApi();
    const build = await builds.getBuild('diabetes', run.id);
    assert.equal(build.status, BuildStatus.Completed);
    assert.equal(build.result, BuildResult.PartiallySucceeded);
    assert.equal(build.requestedFor?.displayName, 'Ana Ruiz');
    assert.deepEqual(build.tags, ['mlops']);
    const [definition] = await builds.getDefinitions('diabetes', 'diabetes');
    assert.equal(definition?.id, build.definition?.id);
    assert.equal((await builds.getBuilds('diabetes', [definition?.id ?? 0])).length, 1);
  });

  it('reads the timeline and the log', async () => {
    const builds = await api.getBuildApi();
    const timeline = await builds.getBuildTimeline('diabetes', run.id);
    const record = timeline.records?.find((one) => one.name === 'Validate');
    assert.equal(record?.state, TimelineRecordState.Completed);
    assert.equal(record.result, TaskResult.Succeeded);
    assert.equal(record.log?.id, 1);
    assert.deepEqual(await builds.getBuildLogLines('diabetes', run.id, 1), ['first line', 'second line']);
    assert.equal(await textOf(await builds.getBuildLog('diabetes', run.id, 1)), 'first line\nsecond line\n');
  });

  it('finds an attachment by its type and reads it at the link', async () => {
    const builds = await api.getBuildApi();
    const [attachment] = await builds.getAttachments('diabetes', run.id, 'mlops.evaluation.v1');
    assert.equal(attachment?.name, 'diabetes 1');
    const { href } = (attachment._links as { self: { href: string } }).self;
    const parts = /\/_apis\/build\/builds\/(\d+)\/([^/]+)\/([^/]+)\/attachments\/([^/]+)\/([^/]+)$/.exec(href);
    assert.deepEqual(parts?.slice(1), [
      String(run.id),
      run.timelineId,
      validate.id,
      'mlops.evaluation.v1',
      'diabetes%201',
    ]);
    const stream = await builds.getAttachment(
      'diabetes',
      run.id,
      run.timelineId,
      validate.id,
      'mlops.evaluation.v1',
      'diabetes 1',
    );
    assert.equal(await textOf(stream), '{"decision":"better"}');
  });

  it('lists artifacts and downloads one as a zip', async () => {
    const builds = await api.getBuildApi();
    const [artifact] = await builds.getArtifacts('diabetes', run.id);
    assert.equal(artifact?.resource?.type, 'PipelineArtifact');
    const zip = await builds.getArtifactContentZip('diabetes', run.id, 'drop');
    const text = await textOf(zip);
    assert.ok(text.startsWith('PK') && text.includes('drop/sub/model.txt'));
  });

  it('writes and reads tags and properties', async () => {
    const builds = await api.getBuildApi();
    assert.deepEqual(await builds.addBuildTags(['b', 'c'], 'diabetes', run.id), ['mlops', 'b', 'c']);
    assert.deepEqual(await builds.deleteBuildTag('diabetes', run.id, 'c'), ['mlops', 'b']);
    await builds.updateBuildProperties(
      {},
      [{ op: 'add', path: '/mlops.model', value: 'diabetes' }],
      'diabetes',
      run.id,
    );
    const properties: unknown = await builds.getBuildProperties('diabetes', run.id);
    assert.deepEqual(properties, {
      count: 1,
      value: { 'mlops.model': { $type: 'System.String', $value: 'diabetes' } },
    });
  });

  it('reads environments, deployment records and variable groups, without secrets', async () => {
    const agents = await api.getTaskAgentApi();
    const [environment] = await agents.getEnvironments('diabetes', 'diabetes-production');
    const records = await agents.getEnvironmentDeploymentExecutionRecords('diabetes', environment?.id ?? 0);
    assert.equal(records[0]?.owner?.id, run.id);
    const [group] = await agents.getVariableGroups('diabetes', 'diabetes');
    assert.equal(group?.variables?.['workspace']?.value, 'mlw-mlops');
    assert.equal(group.variables['key']?.value, null);
  });

  it('reads service connections without their secrets', async () => {
    const [endpoint] = await (await api.getServiceEndpointApi()).getServiceEndpoints('diabetes');
    assert.equal(endpoint?.name, 'azure-ml');
    assert.deepEqual(endpoint.authorization?.parameters, { tenantid: 't', serviceprincipalkey: null });
  });

  it('reads test runs and results', async () => {
    const tests = await api.getTestApi();
    const [testRun] = await tests.getTestRuns('diabetes', `vstfs:///Build/Build/${run.id}`);
    assert.equal(testRun?.totalTests, 2);
    const results = await tests.getTestResults('diabetes', testRun.id);
    assert.deepEqual(
      results.map((one) => [one.testCaseTitle, one.outcome, one.errorMessage]),
      [
        ['ok', 'Passed', null],
        ['no', 'Failed', 'why'],
      ],
    );
  });

  it('reads and decides approvals through its rest client', async () => {
    const { server } = devops;
    const second = await newRun(devops);
    await server.updateRun(second.id, { state: 'inProgress' });
    const production = stage('Production');
    await server.updateTimeline(second.id, [production]);
    const environment = await server.environment('diabetes-production');
    const gate = server.waitForChecks(
      {
        runId: second.id,
        stage: { name: 'Production', recordId: production.id, attempt: 1 },
        environments: [environment],
      },
      new AbortController().signal,
      () => undefined,
    );
    const approver = new WebApi(devops.url, getPersonalAccessTokenHandler(user(devops, 'ben').token)).rest;
    const url = `${devops.url}/diabetes/_apis/pipelines/approvals`;
    const version = 'api-version=7.2-preview.2';
    const pending = await approver.get<{ value: { id: string; permissions: string }[] }>(
      `${url}?state=pending&assignedTo=${user(devops, 'ben').id}&$expand=permissions&${version}`,
    );
    const approval = pending.result?.value[0];
    assert.match(approval?.permissions ?? '', /\bupdate\b/);
    const timeline = await (await api.getBuildApi()).getBuildTimeline('diabetes', second.id);
    const record = timeline.records?.find((one) => one.type === 'Checkpoint.Approval');
    assert.equal(record?.id, approval?.id);
    const checkpoint = timeline.records?.find((one) => one.id === record?.parentId);
    assert.deepEqual([checkpoint?.type, checkpoint?.parentId], ['Checkpoint', production.id]);
    await approver.update(`${url}?${version}`, [
      { approvalId: approval?.id, status: 'approved', comment: 'evidence sha256:ab' },
    ]);
    assert.equal(await gate, 'passed');
    await server.updateRun(second.id, { state: 'completed', result: 'succeeded' });
  });
});
