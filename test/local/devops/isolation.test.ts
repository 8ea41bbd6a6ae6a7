import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Run } from '../../../local/agent/server';
import type { LocalDevOps } from '../../../local/devops';
import { call, newRun, stage, start, temporaryFolder, user, values, type Reply } from './support';

type Name = 'ana' | 'ben' | 'cleo' | 'dora' | 'emil';
const build = '33344d9c-fc72-4d6f-aba5-fa317101a7e9';
const environmentSpace = '83d4c2e6-e57d-4d6e-892b-b87222b7ad20';
const viewBoth = 1 | 1024;

/** Two teams with a pipeline, a finished run and an environment each. Team A's folder is closed to Team B and the reverse. */
describe('two teams in one project', () => {
  let devops: LocalDevOps;
  let runs: Record<'a' | 'b', Run>;
  let environments: Record<'a' | 'b', number>;
  let approval: string;
  const gate = new AbortController();

  const as = (who: Name, method: string, path: string, body?: unknown): Promise<Reply> =>
    call(devops, user(devops, who).token, method, path, body);
  const get = (who: Name, path: string): Promise<Reply> => as(who, 'GET', `diabetes/_apis/${path}`);
  const group = async (name: string): Promise<{ descriptor: string; id: string }> => {
    const reply = await as(
      'cleo',
      'GET',
      `_apis/identities?searchFilter=General&filterValue=${encodeURIComponent(name)}`,
    );
    const [found] = values(reply);
    return { descriptor: String(found?.['descriptor']), id: String(found?.['id']) };
  };
  const deny = async (team: string, token: string): Promise<Reply> =>
    as('cleo', 'POST', `_apis/accesscontrolentries/${build}?api-version=7.1`, {
      token,
      merge: true,
      accessControlEntries: [{ descriptor: (await group(team)).descriptor, allow: 0, deny: viewBoth }],
    });
  const ids = (reply: Reply): unknown[] => values(reply).map((one) => one['id']);

  async function trained(folder: string, who: string, environment: string): Promise<Run> {
    const { server } = devops;
    const run = await newRun(devops, {
      pipelineName: `\\mlops\\${folder}\\train`,
      yamlFile: `${folder}.yml`,
      requestedFor: who,
    });
    const record = stage('Train');
    await server.updateTimeline(run.id, [record]);
    await server.appendLog(run.id, record.id, ['secret of the team']);
    const files = join(temporary, folder);
    mkdirSync(files);
    writeFileSync(join(files, 'model.json'), '{}');
    await server.addAttachment(run.id, record.id, 'mlops.model-version.v1', 'churn.7', join(files, 'model.json'));
    await server.uploadArtifact(run.id, 'drop', record.id, files);
    await server.addTag(run.id, `mlops.${folder}`);
    const { id } = await server.environment(environment);
    const now = new Date().toISOString();
    await server.addDeploymentRecord(id, {
      runId: run.id,
      stageName: 'Deploy',
      jobName: 'd',
      stageAttempt: 1,
      jobAttempt: 1,
      queueTime: now,
      startTime: now,
      finishTime: now,
      result: 'succeeded',
    });
    return run;
  }
  let temporary: string;

  before(async () => {
    temporary = temporaryFolder();
    devops = await start({
      seed: {
        environments: [
          { name: 'a-prod', approval: { approvers: ['ben'] } },
          { name: 'b-prod', approval: { approvers: ['emil'], requesterCannotBeApprover: true } },
        ],
      },
    });
    runs = { a: await trained('team-a', 'ana', 'a-prod'), b: await trained('team-b', 'dora', 'b-prod') };
    const [a, b] = [await devops.server.environment('a-prod'), await devops.server.environment('b-prod')];
    environments = { a: a.id, b: b.id };
    const record = stage('Deploy');
    await devops.server.updateTimeline(runs.b.id, [record]);
    void devops.server.waitForChecks(
      { runId: runs.b.id, stage: { name: 'Deploy', recordId: record.id, attempt: 1 }, environments: [b] },
      gate.signal,
      ([one]) => {
        approval = one?.id ?? '';
      },
    );
    const lease = { daysValid: 10, ownerId: 'mlops:churn:7', protectPipeline: true };
    for (const [who, run] of [
      ['ana', runs.a],
      ['dora', runs.b],
    ] as const)
      await as(who, 'POST', 'diabetes/_apis/build/retention/leases?api-version=7.1', [
        { ...lease, definitionId: run.definition.id, runId: run.id },
      ]);
  });
  after(async () => {
    gate.abort();
    await devops.stop();
  });

  it('tell each person their teams', async () => {
    const mine = async (who: Name): Promise<unknown[]> => {
      const inProject = values(await as(who, 'GET', '_apis/projects/diabetes/teams?$mine=true')).map(
        (one) => one['name'],
      );
      const all = values(await as(who, 'GET', '_apis/teams?$mine=true&api-version=7.1-preview.3'));
      assert.deepEqual(
        inProject,
        all.filter((one) => one['projectName'] === 'diabetes').map((one) => one['name']),
      );
      return inProject;
    };
    assert.deepEqual(await mine('ana'), ['diabetes Team', 'Team A']);
    assert.deepEqual(await mine('dora'), ['Team B']);
    assert.deepEqual(await mine('cleo'), ['diabetes Team']);
    assert.equal(values(await as('dora', 'GET', '_apis/projects/diabetes/teams')).length, 3);
    const members = values(await as('ana', 'GET', '_apis/projects/diabetes/teams/Team%20B/members'));
    assert.deepEqual(
      members.map((one) => (one['identity'] as { displayName: string }).displayName),
      ['Dora Nilsen', 'Emil Sato'],
    );
  });

  it('see each other while nobody says otherwise', async () => {
    assert.deepEqual(ids(await get('ana', 'build/builds')).sort(), [runs.a.id, runs.b.id]);
    assert.equal((await get('ana', `build/builds/${runs.b.id}/timeline`)).status, 200);
    assert.equal((await get('dora', `pipelines/environments/${environments.a}`)).status, 200);
  });

  describe('once folders and environments are closed', () => {
    before(async () => {
      assert.equal((await deny('Team B', `${devops.project.id}/mlops/team-a`)).status, 200);
      assert.equal((await deny('Team A', `${devops.project.id}/mlops/team-b`)).status, 200);
      const role = `_apis/securityroles/scopes/distributedtask.environmentreferencerole/roleassignments/resources/${devops.project.id}_${environments.b}`;
      const teamB = await group('Team B');
      const given = await as('cleo', 'PUT', `${role}?api-version=7.1-preview.1`, [
        { userId: teamB.id, roleName: 'User' },
      ]);
      assert.deepEqual(
        values(given).map((one) => one['access']),
        ['assigned'],
      );
      const closed = await as('cleo', 'PATCH', `${role}?inheritPermissions=false&api-version=7.1-preview.1`);
      assert.equal(closed.status, 204);
    });

    it('list runs, pipelines, folders and environments of their own team only', async () => {
      for (const [who, own] of [
        ['ana', 'a'],
        ['ben', 'a'],
        ['dora', 'b'],
        ['emil', 'b'],
      ] as const) {
        const { id, definition } = runs[own];
        assert.deepEqual(ids(await get(who, 'build/builds')), [id], who);
        assert.deepEqual(ids(await get(who, `build/builds?buildIds=${runs.a.id},${runs.b.id}`)), [id]);
        assert.deepEqual(ids(await get(who, 'build/builds?tagFilters=mlops.team-a')), own === 'a' ? [id] : []);
        assert.deepEqual(ids(await get(who, 'build/definitions')), [definition.id]);
        assert.deepEqual(ids(await get(who, 'pipelines')), [definition.id]);
        assert.deepEqual(
          values(await get(who, 'build/folders?api-version=7.1-preview.2')).map((one) => one['path']),
          ['\\', '\\mlops', `\\mlops\\team-${own}`],
        );
        assert.deepEqual(
          values(await get(who, 'build/retention/leases?ownerId=mlops:churn:7')).map((one) => one['runId']),
          [id],
        );
      }
      assert.deepEqual(ids(await get('ana', 'pipelines/environments')), [environments.a]);
      assert.deepEqual(ids(await get('dora', 'pipelines/environments')), [environments.a, environments.b]);
      assert.equal((await get('ana', 'build/builds')).headers.get('x-ms-continuationtoken'), null);
    });

    it('find nothing of the other by its number', async () => {
      const { id, definition } = runs.b;
      const timeline = (await get('dora', `build/builds/${id}/timeline`)).body;
      const record = String((timeline['records'] as { id: string }[])[0]?.id);
      const attachment = `build/builds/${id}/${String(timeline['id'])}/${record}/attachments/mlops.model-version.v1/churn.7`;
      const parts = [
        '',
        '/timeline',
        '/attachments/mlops.model-version.v1',
        '/artifacts',
        '/artifacts?artifactName=drop',
      ];
      const marks = ['/logs', '/logs/1', '/tags', '/properties', '/leases', '/changes'];
      const paths = [...parts, ...marks].map((path) => `build/builds/${id}${path}`);
      paths.push(attachment, `build/definitions/${definition.id}`, `pipelines/${definition.id}`);
      paths.push(`pipelines/${definition.id}/runs`, `pipelines/${definition.id}/runs/${id}`);
      paths.push(`pipelines/environments/${environments.b}`);
      paths.push(`pipelines/environments/${environments.b}/environmentdeploymentrecords`);
      for (const path of paths) {
        const own = path === attachment ? undefined : (await get('dora', path)).status;
        assert.ok(own === undefined || own === 200, `${path} answers its own team ${String(own)}`);
        const other = await get('ana', path);
        assert.equal(other.status, 404, path);
        assert.doesNotMatch(JSON.stringify(other.body), /churn|team-b|train|b-prod/);
      }
    });

    it('cannot change the other either', async () => {
      const { id, definition } = runs.b;
      const tries: [string, string, unknown][] = [
        ['PUT', `build/builds/${id}/tags/x?api-version=7.1`, undefined],
        ['PATCH', `build/builds/${id}/properties?api-version=7.1`, [{ op: 'add', path: '/mlops.v1', value: 'x' }]],
        ['PATCH', `build/builds/${id}?api-version=7.1`, { status: 'cancelling' }],
        ['POST', `pipelines/${definition.id}/runs?api-version=7.1`, {}],
        ['PUT', `build/definitions/${definition.id}?api-version=7.1`, { revision: 1, path: '\\mlops\\team-a' }],
        [
          'POST',
          'build/retention/leases?api-version=7.1',
          [{ daysValid: 1, definitionId: definition.id, ownerId: 'x', protectPipeline: true, runId: id }],
        ],
      ];
      for (const [method, path, body] of tries)
        assert.equal((await as('ana', method, `diabetes/_apis/${path}`, body)).status, 404, `${method} ${path}`);
    });

    it('still share the list of tags, and approvals of an environment that both may view', async () => {
      assert.deepEqual((await get('ana', 'build/tags')).body['value'], ['mlops.team-a', 'mlops.team-b']);
      const query = 'pipelines/approvals?state=pending&$expand=permissions&api-version=7.2-preview.2';
      assert.deepEqual(ids(await get('ana', query)), []);
      assert.equal((await get('ana', `pipelines/approvals/${approval}?api-version=7.2-preview.2`)).status, 404);
      assert.deepEqual(ids(await get('emil', query)), [approval]);
      const space = `_apis/accesscontrolentries/${environmentSpace}?api-version=7.1`;
      const reader = { descriptor: (await group('Team A')).descriptor, allow: 1, deny: 0 };
      const token = `Environments/${devops.project.id}/${environments.b}`;
      await as('cleo', 'POST', space, { token, merge: true, accessControlEntries: [reader] });
      const [seen] = values(await get('ana', query));
      assert.equal((seen?.['pipeline'] as { owner: { id: number } }).owner.id, runs.b.id);
      assert.equal(seen?.['permissions'], 'view, queueBuild');
      assert.equal((await get('ana', `build/builds/${runs.b.id}`)).status, 404);
      await as('cleo', 'DELETE', `${space}&token=${token}&descriptors=${encodeURIComponent(reader.descriptor)}`);
      assert.deepEqual(ids(await get('ana', query)), []);
    });

    it('let an administrator and the job itself see what they need', async () => {
      assert.deepEqual(ids(await get('cleo', 'build/builds')).sort(), [runs.a.id, runs.b.id]);
      const job = (path: string): Promise<Reply> => call(devops, runs.b.accessToken, 'GET', `diabetes/_apis/${path}`);
      assert.equal((await job(`build/builds/${runs.b.id}/timeline`)).status, 200);
      assert.equal((await job(`pipelines/approvals/${approval}?api-version=7.2-preview.2`)).status, 200);
      assert.equal((await job(`pipelines/environments/${environments.b}`)).status, 404);
    });

    it('evaluate to the same in one batch, where only administrators may be let through', async () => {
      const ask = async (who: Name, always: boolean): Promise<unknown[]> => {
        const tokens = ['team-a', 'team-b', 'team-b/99'].map((path) => `${devops.project.id}/mlops/${path}`);
        const reply = await as(who, 'POST', '_apis/security/permissionevaluationbatch?api-version=7.1-preview.1', {
          alwaysAllowAdministrators: always,
          evaluations: tokens.map((token) => ({ securityNamespaceId: build, token, permissions: viewBoth })),
        });
        const single = await as(
          who,
          'GET',
          `_apis/permissions/${build}/${viewBoth}?tokens=${tokens.join(',')}&alwaysAllowAdministrators=${String(always)}`,
        );
        const found = (reply.body['evaluations'] as { value: boolean }[]).map((one) => one.value);
        assert.deepEqual(single.body['value'], found);
        return found;
      };
      assert.deepEqual(await ask('ana', true), [true, false, false]);
      assert.deepEqual(await ask('dora', false), [false, true, true]);
      const everybody = await group('Project Administrators');
      const token = `${devops.project.id}/mlops/team-a`;
      const entries = `_apis/accesscontrolentries/${build}?api-version=7.1`;
      const barred = { descriptor: everybody.descriptor, allow: 0, deny: 1 };
      await as('cleo', 'POST', entries, { token, merge: true, accessControlEntries: [barred] });
      assert.deepEqual(await ask('cleo', false), [false, true, true]);
      assert.deepEqual(await ask('cleo', true), [true, true, true]);
      await as('cleo', 'DELETE', `${entries}&token=${token}&descriptors=${encodeURIComponent(everybody.descriptor)}`);
      assert.deepEqual(await ask('cleo', false), [true, true, true]);
    });

    it('are read back as the lists of the folders below', async () => {
      const lists = values(
        await as('cleo', 'GET', `_apis/accesscontrollists/${build}?token=${devops.project.id}/mlops&recurse=true`),
      );
      assert.deepEqual(
        lists.map((one) => one['token']),
        [`${devops.project.id}/mlops/team-a`, `${devops.project.id}/mlops/team-b`],
      );
    });
  });

  it('refuse permissions and folders to whoever does not administer them', async () => {
    const token = `${devops.project.id}/mlops/${randomUUID()}`;
    const body = { token, accessControlEntries: [{ descriptor: (await group('Team A')).descriptor, allow: 1 }] };
    const lists = `_apis/accesscontrollists/${build}?api-version=7.1`;
    const role = `_apis/securityroles/scopes/distributedtask.environmentreferencerole/roleassignments/resources/${devops.project.id}_${environments.a}?api-version=7.1-preview.1`;
    for (const who of ['ana', 'emil'] as const) {
      assert.equal((await as(who, 'POST', `_apis/accesscontrolentries/${build}?api-version=7.1`, body)).status, 403);
      assert.equal((await as(who, 'POST', lists, { value: [{ token, acesDictionary: {} }] })).status, 403);
      assert.equal((await as(who, 'DELETE', `${lists}&tokens=${token}`)).status, 403);
      assert.equal(
        (await as(who, 'PUT', role, [{ userId: user(devops, who).id, roleName: 'Administrator' }])).status,
        403,
      );
    }
    const job = await call(
      devops,
      runs.a.accessToken,
      'POST',
      `_apis/accesscontrolentries/${build}?api-version=7.1`,
      body,
    );
    assert.equal(job.status, 403);
  });
});
