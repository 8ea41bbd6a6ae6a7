import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Run } from '../../../local/agent/server';
import type { LocalDevOps, LocalProject } from '../../../local/devops';
import { generate } from '../../../local/devops/generate';
import { call, request, stage, start, temporaryFolder, user, values, type Reply } from './support';

type Name = Parameters<typeof user>[1];
const version = 'api-version=7.2-preview.1';

/** A project with one of everything, under the same names in both. */
interface Furnished {
  project: LocalProject;
  run: Run;
  environment: number;
  check: number;
  approval: string;
  variableGroup: number;
  lease: number;
}

describe('two projects', () => {
  let devops: LocalDevOps;
  let all: [Furnished, Furnished];
  const gate = new AbortController();
  const folder = temporaryFolder();

  const as = (who: Name, method: string, path: string, body?: unknown): Promise<Reply> =>
    call(devops, user(devops, who).token, method, `${path}${path.includes('?') ? '&' : '?'}${version}`, body);
  const number = (reply: Reply, member = 'id'): number => {
    const value = reply.body[member];
    assert.ok(typeof value === 'number', JSON.stringify(reply.body));
    return value;
  };

  async function furnish(project: LocalProject): Promise<Furnished> {
    const { server, name } = project;
    const run = await server.createRun({ ...request, pipelineName: '\\mlops\\train' });
    const record = stage('Train');
    await server.updateTimeline(run.id, [record]);
    await server.appendLog(run.id, record.id, [`in ${name}`]);
    await server.addTag(run.id, 'mlops.register');
    await server.addTag(run.id, `only ${name}`);
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify({ project: name }));
    await server.addAttachment(run.id, record.id, 'mlops.model-version.v1', 'churn.7', file);
    await server.publishTestRun(run.id, { title: name, recordId: record.id, tests: [] });
    const at = (path: string, body: unknown, method = 'POST'): Promise<Reply> =>
      as('cleo', method, `${name}/_apis/${path}`, body);
    const properties = [{ op: 'add', path: '/mlops.v1.model-version', value: name }];
    assert.equal((await at(`build/builds/${run.id}/properties`, properties, 'PATCH')).status, 200);
    const environment = number(await at('pipelines/environments', { name: 'production' }));
    const check = number(
      await at('pipelines/checks/configurations', {
        type: { name: 'Approval' },
        settings: { approvers: [{ id: user(devops, 'ben').id }] },
        resource: { type: 'environment', id: String(environment) },
      }),
    );
    const now = new Date().toISOString();
    const times = { queueTime: now, startTime: now, finishTime: now, result: 'succeeded' } as const;
    const place = { stageName: 'Deploy', jobName: 'd', stageAttempt: 1, jobAttempt: 1 };
    await server.addDeploymentRecord(environment, { runId: run.id, ...place, ...times });
    const deploy = stage('Deploy');
    await server.updateTimeline(run.id, [deploy]);
    let approval = '';
    void server.waitForChecks(
      {
        runId: run.id,
        stage: { name: 'Deploy', recordId: deploy.id, attempt: 1 },
        environments: [await server.environment('production')],
      },
      gate.signal,
      ([one]) => {
        approval = one?.id ?? '';
      },
    );
    assert.notEqual(approval, '');
    const variableGroup = number(
      await at('distributedtask/variablegroups', { name: 'g', variables: { where: { value: name } } }),
    );
    const lease = { daysValid: 10, ownerId: 'mlops:churn:7', protectPipeline: true };
    const leases = await at('build/retention/leases', [{ ...lease, definitionId: run.definition.id, runId: run.id }]);
    const [kept] = values(leases);
    return { project, run, environment, check, approval, variableGroup, lease: Number(kept?.['leaseId']) };
  }

  before(async () => {
    devops = await start();
    const [first, second] = devops.projects;
    assert.ok(first && second);
    assert.equal((await as('ana', 'GET', `${second.name}/_apis/build/builds`)).body['count'], 0, 'it begins empty');
    all = [await furnish(first), await furnish(second)];
  });
  after(async () => {
    gate.abort();
    await devops.stop();
  });

  /** Each project with the other one, under both names that an address may have for it. */
  const eachWay = (): { own: Furnished; other: Furnished; name: string }[] =>
    all.flatMap((own) => {
      const [other] = all.filter((one) => one !== own);
      assert.ok(other);
      return [own.project.name.toUpperCase(), own.project.id].map((name) => ({ own, other, name }));
    });

  it('have names, ids and numbers of their own', () => {
    const [a, b] = all;
    assert.deepEqual([a.project.name, b.project.name], ['diabetes', 'vision']);
    assert.equal(devops.project.id, a.project.id);
    for (const pick of [
      (one: Furnished) => one.project.id,
      (one: Furnished) => one.project.team.id,
      (one: Furnished) => one.run.id,
      (one: Furnished) => one.run.definition.id,
      (one: Furnished) => one.environment,
      (one: Furnished) => one.check,
      (one: Furnished) => one.approval,
    ])
      assert.notEqual(pick(a), pick(b));
    assert.deepEqual(
      all.map(({ run }) => new URL(run.webUrl).pathname.split('/')[2]),
      [a.project.id, b.project.id],
    );
  });

  it('are listed for whoever may see them, and are not there for the others', async () => {
    const seen = async (who: Name): Promise<unknown[]> =>
      values(await as(who, 'GET', '_apis/projects')).map((one) => one['name']);
    const [, { project }] = all;
    assert.deepEqual(
      [await seen('ana'), await seen('cleo')],
      [
        ['diabetes', 'vision'],
        ['diabetes', 'vision'],
      ],
    );
    assert.deepEqual(await seen('dora'), ['diabetes']);
    const teams = async (who: Name): Promise<unknown[]> =>
      values(await as(who, 'GET', '_apis/teams?$mine=true')).map((one) => [one['projectName'], one['name']].join(': '));
    assert.deepEqual(await teams('cleo'), ['diabetes: diabetes Team', 'vision: vision Team']);
    assert.deepEqual(await teams('dora'), ['diabetes: Team B']);
    for (const path of [
      '_apis/projects/NAME',
      '_apis/projects/NAME/teams',
      'NAME/_apis/build/builds',
      'NAME/_apis/pipelines/environments',
    ]) {
      assert.equal((await as('ana', 'GET', path.replace('NAME', project.id))).status, 200, path);
      const hidden = await as('dora', 'GET', path.replace('NAME', 'vision'));
      const none = await as('dora', 'GET', path.replace('NAME', 'nowhere'));
      assert.deepEqual([hidden.status, none.status], [404, 404], path);
      assert.deepEqual(hidden.body, JSON.parse(JSON.stringify(none.body).replaceAll('nowhere', 'vision')));
      assert.equal(hidden.body['typeKey'], 'ProjectDoesNotExistWithNameException');
    }
    const single = await as('ana', 'GET', '_apis/projects/Vision');
    assert.deepEqual(
      [single.body['id'], single.body['defaultTeam']],
      [project.id, { ...project.team, url: `${devops.url}/_apis/projects/${project.id}/teams/${project.team.id}` }],
    );
  });

  it('never answer with what is the other one’s, by number', async () => {
    const paths = ({ run, environment, check, approval, variableGroup, lease }: Furnished): string[] => [
      ...['', '/timeline', '/tags', '/properties', '/leases', '/logs', '/artifacts', '/changes'].map(
        (part) => `build/builds/${run.id}${part}`,
      ),
      `build/builds/${run.id}/attachments/mlops.model-version.v1`,
      `build/builds/${run.id}/logs/1`,
      `build/definitions/${run.definition.id}`,
      `build/retention/leases/${lease}`,
      `build/changes?fromBuildId=${run.id}&toBuildId=${run.id}`,
      `pipelines/${run.definition.id}`,
      `pipelines/${run.definition.id}/runs/${run.id}`,
      `pipelines/environments/${environment}`,
      `pipelines/environments/${environment}/environmentdeploymentrecords`,
      `distributedtask/environments/${environment}`,
      `distributedtask/variablegroups/${variableGroup}`,
      `pipelines/approvals/${approval}`,
      `pipelines/checks/configurations/${check}`,
    ];
    for (const { own, other, name } of eachWay()) {
      for (const path of paths(own)) assert.equal((await as('cleo', 'GET', `${name}/_apis/${path}`)).status, 200, path);
      for (const path of paths(other))
        assert.equal((await as('cleo', 'GET', `${name}/_apis/${path}`)).status, 404, path);
    }
  });

  it('list only what is their own', async () => {
    for (const { own, other, name } of eachWay()) {
      const ids = async (path: string, member = 'id'): Promise<unknown[]> =>
        values(await as('cleo', 'GET', `${name}/_apis/${path}`)).map((one) => one[member]);
      const both = `${own.run.id},${other.run.id}`;
      assert.deepEqual(await ids('build/builds'), [own.run.id]);
      assert.deepEqual(await ids(`build/builds?buildIds=${both}`), [own.run.id]);
      assert.deepEqual(await ids('build/builds?tagFilters=mlops.register&queryOrder=queueTimeDescending'), [
        own.run.id,
      ]);
      assert.deepEqual(await ids(`build/builds?definitions=${other.run.definition.id}`), []);
      assert.deepEqual(await ids('build/definitions'), [own.run.definition.id]);
      assert.deepEqual(await ids('pipelines'), [own.run.definition.id]);
      assert.deepEqual(await ids('pipelines/environments'), [own.environment]);
      assert.deepEqual(await ids('pipelines/environments?name=production'), [own.environment]);
      assert.deepEqual(await ids(`pipelines/environments/${own.environment}/environmentdeploymentrecords`), [
        own === all[0] ? 1 : 2,
      ]);
      assert.deepEqual(await ids('pipelines/approvals?state=pending'), [own.approval]);
      assert.deepEqual(await ids(`pipelines/approvals?approvalIds=${own.approval},${other.approval}`), [own.approval]);
      assert.deepEqual(await ids('distributedtask/variablegroups'), [own.variableGroup]);
      assert.deepEqual(await ids('build/retention/leases?ownerId=mlops:churn:7', 'leaseId'), [own.lease]);
      assert.deepEqual(await ids('test/runs', 'name'), [own.project.name]);
      assert.deepEqual(await ids('build/folders', 'path'), ['\\', '\\mlops']);
      const tags = await as('cleo', 'GET', `${name}/_apis/build/tags`);
      assert.deepEqual(tags.body['value'], ['mlops.register', `only ${own.project.name}`]);
      const evidence = await as(
        'cleo',
        'GET',
        `${name}/_apis/build/builds/${own.run.id}/properties?filter=mlops.v1.model-version`,
      );
      assert.match(JSON.stringify(evidence.body), new RegExp(`"\\$value":"${own.project.name}"`));
      const [build] = values(await as('cleo', 'GET', `${name}/_apis/build/builds`));
      assert.deepEqual((build?.['project'] as { id: unknown }).id, own.project.id);
    }
  });

  it('change nothing of the other one', async () => {
    for (const { own, other, name } of eachWay()) {
      const { run } = other;
      for (const [method, path, body] of [
        ['POST', `build/builds/${run.id}/tags`, ['x']],
        ['PATCH', `build/builds/${run.id}/properties`, [{ op: 'add', path: '/x', value: 1 }]],
        ['PATCH', `build/builds/${run.id}`, { status: 'cancelling' }],
        ['DELETE', `build/builds/${run.id}`, undefined],
        ['POST', 'build/builds', { definition: { id: run.definition.id } }],
        [
          'POST',
          'build/retention/leases',
          [{ daysValid: 1, ownerId: 'x', protectPipeline: false, runId: run.id, definitionId: run.definition.id }],
        ],
        ['PATCH', `pipelines/environments/${other.environment}`, { name: 'x' }],
        ['DELETE', `pipelines/checks/configurations/${other.check}`, undefined],
        ['PATCH', 'pipelines/approvals', [{ approvalId: other.approval, status: 'approved', comment: 'x' }]],
        ['DELETE', `distributedtask/variablegroups/${other.variableGroup}`, undefined],
      ] as const) {
        const who = path === 'pipelines/approvals' ? 'ben' : 'cleo';
        const refused = await as(who, method, `${name}/_apis/${path}`, body);
        assert.equal(refused.status, 404, `${method} ${path} in ${own.project.name}`);
      }
    }
    for (const { project, run, approval } of all) {
      const tags = await as('cleo', 'GET', `${project.name}/_apis/build/builds/${run.id}/tags`);
      assert.deepEqual(tags.body['value'], ['mlops.register', `only ${project.name}`]);
      const { body } = await as('cleo', 'GET', `${project.name}/_apis/pipelines/approvals/${approval}`);
      assert.equal(body['status'], 'pending');
    }
  });

  it('let a job into its own one only, and find a build without a project by its number', async () => {
    for (const { own, other } of eachWay()) {
      const get = (path: string): Promise<Reply> => call(devops, own.run.accessToken, 'GET', path);
      assert.equal((await get(`${own.project.name}/_apis/build/builds/${own.run.id}`)).status, 200);
      const refused = await get(`${other.project.name}/_apis/build/builds/${other.run.id}`);
      assert.deepEqual([refused.status, refused.body['typeKey']], [404, 'ProjectDoesNotExistWithNameException']);
      const found = await as('ana', 'GET', `_apis/build/builds/${own.run.id}`);
      assert.deepEqual((found.body['project'] as { name: unknown }).name, own.project.name);
    }
    const [, { run }] = all;
    assert.equal((await as('dora', 'GET', `_apis/build/builds/${run.id}`)).status, 404);
  });

  it('take permissions one by one', async () => {
    const [first, second] = all;
    const scope = '_apis/securityroles/scopes/distributedtask.environmentreferencerole/roleassignments/resources';
    const role = `${scope}/${second.project.id}_${second.environment}`;
    const identities = values(await as('cleo', 'GET', '_apis/identities?searchFilter=General&filterValue=Team%20A'));
    const [inFirst, inSecond] = identities;
    assert.deepEqual(
      identities.map((one) => one['providerDisplayName']),
      ['[diabetes]\\Team A', '[vision]\\Team A'],
    );
    assert.equal((await as('cleo', 'PUT', role, [{ userId: inSecond?.['id'], roleName: 'User' }])).status, 200);
    const names = values(await as('cleo', 'GET', role)).map(
      (one) => (one['identity'] as { displayName: unknown }).displayName,
    );
    assert.ok(names.includes('[vision]\\Team A') && names.every((one) => !String(one).startsWith('[diabetes]')));
    const namespace = '_apis/accesscontrolentries/33344d9c-fc72-4d6f-aba5-fa317101a7e9';
    const deny = { descriptor: inSecond?.['descriptor'], allow: 0, deny: 1 };
    const denied = { token: second.project.id, merge: true, accessControlEntries: [deny] };
    assert.equal((await as('cleo', 'POST', namespace, denied)).status, 200);
    const counts = async (): Promise<unknown[]> =>
      Promise.all(
        all.map(async ({ project }) => (await as('ana', 'GET', `${project.name}/_apis/build/builds`)).body['count']),
      );
    assert.deepEqual(await counts(), [1, 0]);
    const projectSpace = '_apis/accesscontrolentries/52d39943-cb85-4d7f-8fa8-c6baac873819';
    for (const [{ project }, group] of [
      [first, inFirst],
      [second, inSecond],
    ] as const) {
      const token = `$PROJECT:vstfs:///Classification/TeamProject/${project.id}`;
      const none = { descriptor: group?.['descriptor'], allow: 0, deny: 1 };
      assert.equal(
        (await as('cleo', 'POST', projectSpace, { token, merge: true, accessControlEntries: [none] })).status,
        200,
      );
    }
    assert.deepEqual(values(await as('ben', 'GET', '_apis/projects')), []);
    assert.equal((await as('ben', 'GET', 'diabetes/_apis/build/builds')).status, 404);
    assert.deepEqual(
      [first.project.isSeenBy(user(devops, 'ben').id), first.project.isSeenBy(user(devops, 'dora').id)],
      [false, true],
    );
  });
});

describe('the state of several projects', () => {
  it('is filled one by one, and is the same after a restart', async () => {
    const stateDir = temporaryFolder();
    const small = { stateDir, versions: 4, runs: 10, pending: 1 };
    const first = generate({ ...small, models: 2 });
    const second = generate({ ...small, models: 2, project: 'vision' });
    generate({ ...small, models: 1, versions: 1, project: 'Speech lab' });
    assert.throws(() => generate({ ...small, project: 'VISION' }), {
      message: `Project 'vision' of the state folder ${stateDir} holds 10 runs already; fill another one, which --state DIR names.`,
    });
    for (const project of ['a/b', '_a', 'a.', ' a', '', 'x'.repeat(65)])
      assert.throws(() => generate({ ...small, project }), /cannot be the name of a project/);
    assert.deepEqual(
      first.models.filter((model) => second.models.includes(model)),
      [],
    );
    const look = async (): Promise<unknown[]> => {
      const devops = await start({ stateDir });
      try {
        const found = [];
        for (const { id, name } of devops.projects) {
          const path = `${encodeURIComponent(name)}/_apis/build/builds`;
          const builds = values(await call(devops, user(devops, 'cleo').token, 'GET', path));
          found.push({ id, name, builds: builds.map((one) => one['id']) });
        }
        return found;
      } finally {
        await devops.stop();
      }
    };
    const before = await look();
    assert.deepEqual(
      before.map((one) => (one as { name: unknown }).name),
      ['diabetes', 'vision', 'Speech lab'],
    );
    const numbers = before.flatMap((one) => (one as { builds: unknown[] }).builds);
    assert.deepEqual([numbers.length, new Set(numbers).size], [30, 30]);
    assert.deepEqual(await look(), before);
  });
});
