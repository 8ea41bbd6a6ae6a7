import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';

import type { LocalDevOps } from '../../../local/devops';
import { call, newRun, start, temporaryFolder, user, values, type Reply } from './support';

describe('the REST API of the local Azure DevOps', () => {
  let devops: LocalDevOps;
  let ana: string;
  const get = (path: string): Promise<Reply> => call(devops, ana, 'GET', path);

  before(async () => {
    devops = await start();
    ana = user(devops, 'ana').token;
  });
  after(() => devops.stop());

  async function ended(more: Parameters<typeof newRun>[1] = {}): Promise<number> {
    const run = await newRun(devops, more);
    await devops.server.updateRun(run.id, { state: 'completed', result: 'succeeded' });
    return run.id;
  }

  describe('who may call', () => {
    it('answers 401 with the service error without a valid token', async () => {
      const reply = await call(devops, 'wrong', 'GET', '_apis/projects');
      assert.equal(reply.status, 401);
      assert.match(String(reply.body['message']), /^TF400813/);
      assert.equal(reply.body['typeKey'], 'UnauthorizedRequestException');
    });

    it('accepts a token as Bearer as well', async () => {
      const response = await fetch(`${devops.url}/_apis/projects`, { headers: { authorization: `Bearer ${ana}` } });
      assert.equal(response.status, 200);
    });

    it('refuses a host name that is not its own', async () => {
      const status = await new Promise((resolve, reject) => {
        httpRequest(`${devops.url}/_apis/projects`, { headers: { host: 'evil.example' } }, (response) =>
          resolve(response.statusCode),
        )
          .on('error', reject)
          .end();
      });
      assert.equal(status, 400);
    });

    it('lets a job change its own run only, and only while it runs', async () => {
      const [mine, other] = [await newRun(devops), await newRun(devops)];
      const tag = (run: number): Promise<Reply> =>
        call(devops, mine.accessToken, 'PUT', `diabetes/_apis/build/builds/${run}/tags/x?api-version=7.1`);
      assert.equal((await tag(mine.id)).status, 200);
      assert.equal((await tag(other.id)).status, 403);
      await devops.server.updateRun(mine.id, { state: 'completed', result: 'succeeded' });
      assert.equal((await tag(mine.id)).status, 401);
    });
  });

  describe('routes and versions', () => {
    it('words an unknown path as the service does', async () => {
      const { status, body } = await get('diabetes/_apis/nothing/here');
      assert.equal(status, 404);
      assert.deepEqual(Object.keys(body), [
        '$id',
        'innerException',
        'message',
        'typeName',
        'typeKey',
        'errorCode',
        'eventId',
      ]);
    });

    it('names a project that does not exist', async () => {
      const { status, body } = await get('other/_apis/build/builds');
      assert.equal(status, 404);
      assert.match(String(body['message']), /^TF200016: .*other/);
    });

    it('refuses a method that the path does not have', async () => {
      const reply = await call(devops, ana, 'DELETE', '_apis/connectionData?api-version=7.1-preview');
      assert.equal(reply.status, 405);
    });

    for (const [version, typeKey] of [
      ['9.0', 'VssVersionOutOfRangeException'],
      ['7.2', 'VssInvalidPreviewVersionException'],
      ['7.2-preview.99', 'VssVersionOutOfRangeException'],
      ['latest', 'VssInvalidApiResourceVersionException'],
    ] as const) {
      it(`refuses api-version ${version}`, async () => {
        const { status, body } = await get(`diabetes/_apis/build/builds?api-version=${version}`);
        assert.deepEqual([status, body['typeKey']], [400, typeKey]);
      });
    }

    it('needs a version for what changes something, and takes it from the Accept header', async () => {
      const run = await newRun(devops);
      const path = `diabetes/_apis/build/builds/${run.id}/tags`;
      assert.equal((await call(devops, ana, 'POST', path, ['a'])).body['typeKey'], 'VssVersionNotSpecifiedException');
      const response = await fetch(`${devops.url}/${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${ana}`,
          accept: 'application/json;api-version=5.0',
          'content-type': 'application/json',
        },
        body: '["a"]',
      });
      assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8; api-version=5.0');
    });

    it('answers a broken body and a wrong shape with 400 and the place', async () => {
      const run = await newRun(devops);
      const wrong = await call(devops, ana, 'POST', `diabetes/_apis/build/builds/${run.id}/tags?api-version=7.1`, {
        a: 1,
      });
      assert.deepEqual([wrong.status, wrong.body['message']], [400, '$: expected a list, found an object.']);
    });
  });

  describe('builds', () => {
    it('pages by a token that leads to every build once, in order', async () => {
      const folder = await start();
      const token = user(folder, 'ana').token;
      const expected: number[] = [];
      for (let index = 0; index < 7; index += 1) expected.unshift((await newRun(folder)).id);
      const seen: unknown[] = [];
      let next = '';
      do {
        const reply = await call(
          folder,
          token,
          'GET',
          `diabetes/_apis/build/builds?queryOrder=queueTimeDescending&$top=3${next}`,
        );
        seen.push(...values(reply).map((one) => one['id']));
        const header = reply.headers.get('x-ms-continuationtoken');
        next = header === null ? '' : `&continuationToken=${encodeURIComponent(header)}`;
      } while (next !== '');
      assert.deepEqual(seen, expected);
      await folder.stop();
    });

    it('filters by definition, tag, status, result, number, branch, person and ids, and brings wanted properties', async () => {
      const id = await ended({
        pipelineName: 'churn',
        yamlFile: 'churn.yml',
        requestedFor: 'ben',
        repository: { name: 'churn', url: '', branch: 'refs/heads/dev', commit: 'b'.repeat(40) },
      });
      await call(devops, ana, 'POST', `diabetes/_apis/build/builds/${id}/tags?api-version=7.1`, ['mlops', 'special']);
      await call(devops, ana, 'PATCH', `diabetes/_apis/build/builds/${id}/properties?api-version=7.1`, [
        { op: 'add', path: '/mlops.model', value: 'churn' },
        { op: 'add', path: '/other', value: 3 },
      ]);
      const build = (await get(`diabetes/_apis/build/builds/${id}`)).body;
      const definition = (build['definition'] as { id: number }).id;
      const ids = async (query: string): Promise<unknown[]> =>
        values(await get(`diabetes/_apis/build/builds?${query}`)).map((one) => one['id']);
      assert.deepEqual(await ids(`definitions=${definition}`), [id]);
      assert.deepEqual(await ids('tagFilters=mlops,special'), [id]);
      assert.deepEqual(await ids('tagFilters=mlops,absent'), []);
      assert.deepEqual(await ids('branchName=refs/heads/dev&statusFilter=completed&resultFilter=succeeded'), [id]);
      assert.deepEqual(await ids(`buildIds=${id}&resultFilter=failed`), []);
      assert.deepEqual(await ids(`buildNumber=${String(build['buildNumber']).slice(0, 6)}*&requestedFor=ben`), [id]);
      assert.deepEqual(await ids('minTime=2100-01-01T00:00:00Z&statusFilter=completed'), []);
      const [listed] = values(await get(`diabetes/_apis/build/builds?buildIds=${id}&properties=mlops.model`));
      assert.deepEqual(listed?.['properties'], { 'mlops.model': { $type: 'System.String', $value: 'churn' } });
    });

    it('refuses a filter that is no number and a token that leads nowhere', async () => {
      assert.equal((await get('diabetes/_apis/build/builds?definitions=x')).status, 400);
      assert.equal((await get('diabetes/_apis/build/builds?continuationToken=2017_999999')).status, 400);
    });

    it('tells the agent that a run is to be cancelled', async () => {
      const run = await newRun(devops);
      await devops.server.updateRun(run.id, { state: 'inProgress' });
      const asked = new Promise<void>((resolve) => devops.server.onCancelRequested(run.id, resolve));
      const reply = await call(devops, ana, 'PATCH', `diabetes/_apis/build/Builds/${run.id}?api-version=5.0`, {
        status: 'Cancelling',
      });
      assert.equal(reply.body['status'], 'cancelling');
      await asked;
      await devops.server.updateRun(run.id, { state: 'completed', result: 'canceled' });
      assert.equal((await get(`_apis/build/builds/${run.id}`)).body['result'], 'canceled');
    });

    it('queues through the agent that is connected, and says so when none is', async () => {
      const definition = (await get(`diabetes/_apis/build/builds/${(await newRun(devops)).id}`)).body['definition'] as {
        id: number;
      };
      const path = `diabetes/_apis/pipelines/${definition.id}/runs?api-version=7.1`;
      const none = await call(devops, ana, 'POST', path, {});
      assert.equal(none.body['typeKey'], 'NoAgentFoundException');
      devops.onQueue(
        async (wanted) =>
          (await newRun(devops, { requestedFor: wanted.requestedFor, templateParameters: wanted.templateParameters }))
            .id,
      );
      const reply = await call(devops, user(devops, 'ben').token, 'POST', path, {
        templateParameters: { alpha: '2.0' },
      });
      assert.deepEqual(
        [reply.status, reply.body['templateParameters'], reply.body['state']],
        [200, { alpha: '2.0' }, 'inProgress'],
      );
      const build = (await get(`diabetes/_apis/build/builds/${String(reply.body['id'])}`)).body;
      assert.equal((build['requestedFor'] as { displayName: string }).displayName, 'Ben Okafor');
    });

    it('refuses by name what it does not do', async () => {
      const id = await ended();
      const retry = await call(devops, ana, 'PATCH', `diabetes/_apis/build/builds/${id}/stages/Train?api-version=7.1`, {
        state: 'retry',
      });
      assert.match(String(retry.body['message']), /^Stage 'Train' of build \d+ cannot be run again here/);
    });
  });

  describe('properties, leases, secrets', () => {
    for (const [what, operation] of [
      ['a name with blanks around it', { op: 'add', path: '/ a', value: 'x' }],
      ['a name of 401 characters', { op: 'add', path: `/${'a'.repeat(401)}`, value: 'x' }],
      ['an object as value', { op: 'add', path: '/a', value: { deep: true } }],
      ['a failing test', { op: 'test', path: '/absent', value: 'x' }],
    ] as const) {
      it(`refuses ${what} and changes nothing`, async () => {
        const run = await newRun(devops);
        const path = `diabetes/_apis/build/builds/${run.id}/properties?api-version=7.1`;
        const reply = await call(devops, ana, 'PATCH', path, [{ op: 'add', path: '/first', value: 'y' }, operation]);
        assert.equal(reply.status, 400);
        assert.deepEqual((await get(path)).body, { count: 0, value: {} });
      });
    }

    it('keeps a run by a lease that can only become longer', async () => {
      const id = await ended();
      const [lease] = values(
        await call(devops, ana, 'POST', 'diabetes/_apis/build/retention/leases?api-version=7.1', [
          { daysValid: 10, definitionId: 1, ownerId: 'mlops:diabetes:7', protectPipeline: true, runId: id },
        ]),
      );
      const until = String(lease?.['validUntil']);
      const path = `diabetes/_apis/build/retention/leases/${String(lease?.['leaseId'])}?api-version=7.1`;
      assert.equal((await call(devops, ana, 'PATCH', path, { daysValid: 1 })).body['validUntil'], until);
      assert.ok(String((await call(devops, ana, 'PATCH', path, { daysValid: 365 })).body['validUntil']) > until);
      assert.equal(values(await get(`diabetes/_apis/build/retention/leases?ownerId=mlops:diabetes:7`)).length, 1);
      assert.equal((await get(`diabetes/_apis/build/builds/${id}`)).body['retainedByRelease'], true);
    });

    it('never answers a secret of a variable group, and keeps it when it is sent without a value', async () => {
      const path = 'diabetes/_apis/distributedtask/variablegroups';
      const body = { name: 'secrets', variables: { key: { value: 'hush', isSecret: true }, open: { value: '1' } } };
      const created = await call(devops, ana, 'POST', `${path}?api-version=7.1`, body);
      assert.deepEqual(created.body['variables'], { key: { value: null, isSecret: true }, open: { value: '1' } });
      const again = { name: 'secrets', variables: { key: { isSecret: true }, open: { value: '2' } } };
      await call(devops, ana, 'PUT', `${path}/${String(created.body['id'])}?api-version=7.1`, again);
      const group = await devops.server.variableGroup('SECRETS');
      assert.deepEqual(group?.variables, {
        key: { value: 'hush', isSecret: true },
        open: { value: '2', isSecret: false },
      });
      assert.equal((await call(devops, ana, 'POST', `${path}?api-version=7.1`, body)).status, 409);
    });

    it('evaluates the permissions of the caller', async () => {
      const environment = await devops.server.environment('production');
      const ask = async (who: 'ana' | 'cleo'): Promise<unknown[]> => {
        const body = {
          evaluations: [
            { securityNamespaceId: '33344d9c-fc72-4d6f-aba5-fa317101a7e9', token: devops.project.id, permissions: 128 },
            {
              securityNamespaceId: '83d4c2e6-e57d-4d6e-892b-b87222b7ad20',
              token: `Environments/${devops.project.id}/${environment.id}`,
              permissions: 8,
            },
          ],
        };
        const reply = await call(
          devops,
          user(devops, who).token,
          'POST',
          '_apis/security/permissionevaluationbatch?api-version=7.1-preview.1',
          body,
        );
        return (reply.body['evaluations'] as { value: boolean }[]).map((one) => one.value);
      };
      assert.deepEqual(await ask('ana'), [true, false]);
      assert.deepEqual(await ask('cleo'), [true, true]);
    });
  });

  it('says in one sentence that the port is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    assert.ok(typeof address === 'object' && address !== null);
    await assert.rejects(
      start({ port: address.port }),
      new RegExp(`^Error: Port ${address.port} is in use by another program`),
    );
    other.close();
  });

  it('keeps its port, users, tokens and runs over a restart', async () => {
    const stateDir = temporaryFolder();
    const first = await start({ stateDir });
    const run = await newRun(first);
    await first.server.appendLog(run.id, 'a', ['kept']);
    await first.server.updateRun(run.id, { state: 'completed', result: 'succeeded' });
    await first.stop();
    const second = await start({ stateDir });
    assert.equal(second.url, first.url);
    assert.deepEqual(second.users, first.users);
    const log = await call(second, user(first, 'ana').token, 'GET', `diabetes/_apis/build/builds/${run.id}/logs/1`);
    assert.deepEqual(log.body['value'], ['kept']);
    assert.ok((await newRun(second)).id > run.id);
    await second.stop();
    await assert.rejects(start({ stateDir, project: 'churn' }), /belongs to project 'diabetes', not 'churn'/);
  });
});
