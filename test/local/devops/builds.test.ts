import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';

import type { LocalDevOps } from '../../../local/devops';
import { isObject } from '../../../local/devops/shape';
import { call, newRun, start, temporaryFolder, user, values, type Reply } from './support';

describe('builds of the local Azure DevOps', () => {
  let devops: LocalDevOps;
  const as = (who: 'ana' | 'cleo', method: string, path: string, body?: unknown): Promise<Reply> =>
    call(devops, user(devops, who).token, method, `diabetes/_apis/build/${path}`, body);
  const ids = async (query: string): Promise<unknown[]> =>
    values(await as('ana', 'GET', `builds?${query}`)).map((one) => one['id']);

  before(async () => {
    devops = await start();
  });
  after(() => devops.stop());

  async function ended(tags: string[] = [], pipelineName = 'train'): Promise<number> {
    const { id } = await newRun(devops, { pipelineName });
    for (const tag of tags) await devops.server.addTag(id, tag);
    await devops.server.updateRun(id, { state: 'completed', result: 'succeeded' });
    return id;
  }

  describe('deleted', () => {
    it('are in no list but the one that asks for them, and nothing is left of their parts', async () => {
      const id = await ended(['gone']);
      assert.equal((await as('cleo', 'DELETE', `builds/${id}?api-version=7.1`)).status, 204);
      assert.deepEqual(await ids('tagFilters=gone'), []);
      assert.deepEqual(await ids('tagFilters=gone&deletedFilter=onlyDeleted'), [id]);
      const [kept] = values(await as('ana', 'GET', `builds?buildIds=${id}&deletedFilter=includeDeleted`));
      assert.equal(kept?.['deleted'], true);
      for (const part of [
        '',
        '/timeline',
        '/attachments/x',
        '/tags',
        '/properties',
        '/logs',
        '/leases',
        '/artifacts',
      ]) {
        const reply = await as('ana', 'GET', `builds/${id}${part}`);
        assert.deepEqual([reply.status, reply.body['typeKey']], [404, 'BuildNotFoundException'], part);
      }
    });

    it('need the permission, a run that has ended, and no lease', async () => {
      const id = await ended();
      assert.equal((await as('ana', 'DELETE', `builds/${id}?api-version=7.1`)).status, 403);
      const { id: running } = await newRun(devops);
      const early = await as('cleo', 'DELETE', `builds/${running}?api-version=7.1`);
      assert.deepEqual([early.status, early.body['typeKey']], [400, 'BuildStatusInvalidChangeException']);
      const lease = [{ daysValid: 1, definitionId: 1, ownerId: 'mlops:churn:1', protectPipeline: false, runId: id }];
      const [made] = values(await as('ana', 'POST', 'retention/leases?api-version=7.1', lease));
      const refused = await as('cleo', 'DELETE', `builds/${id}?api-version=7.1`);
      assert.deepEqual([refused.status, refused.body['typeKey']], [400, 'CannotDeleteRetainedBuildException']);
      await as('ana', 'DELETE', `retention/leases?ids=${String(made?.['leaseId'])}&api-version=7.1`);
      assert.equal((await as('cleo', 'DELETE', `builds/${id}?api-version=7.1`)).status, 204);
    });
  });

  it('give properties in the list only when asked, and when the service does at all', async () => {
    const id = await ended();
    const path = `builds/${id}/properties?api-version=7.1`;
    await as('ana', 'PATCH', path, [{ op: 'add', path: '/mlops.v1.smoke', value: '[]' }]);
    const listed = async (): Promise<unknown> =>
      values(await as('ana', 'GET', `builds?buildIds=${id}&properties=mlops.v1.smoke`))[0]?.['properties'];
    assert.deepEqual(await listed(), { 'mlops.v1.smoke': { $type: 'System.String', $value: '[]' } });
    devops.behave({ propertiesInList: false });
    assert.deepEqual(await listed(), {});
    assert.ok('mlops.v1.smoke' in properties(await as('ana', 'GET', `builds/${id}`)));
    devops.calm();
    assert.deepEqual(properties(await as('ana', 'GET', `builds/${id}?propertyFilters=other`)), {});
  });

  it('page to every build once, whatever changes meanwhile', async () => {
    for (let index = 0; index < 6; index += 1) await ended(['paged']);
    const all = await ids('tagFilters=paged&queryOrder=queueTimeDescending');
    const first = await as('ana', 'GET', 'builds?tagFilters=paged&queryOrder=queueTimeDescending&$top=2');
    const token = first.headers.get('x-ms-continuationtoken') ?? '';
    const { id: later } = await newRun(devops);
    await devops.server.addTag(later, 'paged');
    const rest = await ids(
      `tagFilters=paged&queryOrder=queueTimeDescending&continuationToken=${encodeURIComponent(token)}`,
    );
    assert.deepEqual([...values(first).map((one) => one['id']), ...rest], all);
  });

  it('agree with a plain search over all of them', async () => {
    const runs: { id: number; tags: string[]; pipeline: string }[] = [];
    for (let index = 0; index < 14; index += 1) {
      const divisors = { 's.even': 2, 's.third': 3, 's.fifth': 5 };
      const tags = Object.entries(divisors).flatMap(([tag, divisor]) => (index % divisor === 0 ? [tag] : []));
      const pipeline = `search-${index % 3}`;
      runs.push({ id: await ended(['s', ...tags], pipeline), tags, pipeline });
    }
    const documents = values(await as('ana', 'GET', 'builds?tagFilters=s&queryOrder=queueTimeAscending'));
    const queued = new Map(documents.map((one) => [Number(one['id']), String(one['queueTime'])]));
    const definitions = new Map(
      documents.map((one) => [Number(one['id']), isObject(one['definition']) ? Number(one['definition']['id']) : 0]),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(['s.even', 's.third', 's.fifth']),
        fc.option(fc.integer({ min: 0, max: 13 }), { nil: undefined }),
        fc.option(fc.integer({ min: 0, max: 13 }), { nil: undefined }),
        fc.integer({ min: 1, max: 6 }),
        fc.boolean(),
        fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
        async (tags, from, until, top, descending, perDefinition) => {
          const [low, high] = [from, until].map((at) => (at === undefined ? undefined : queued.get(runs[at]?.id ?? 0)));
          let expected = runs.filter(
            ({ id, tags: own }) =>
              tags.every((tag) => own.includes(tag)) &&
              (low === undefined || (queued.get(id) ?? '') >= low) &&
              (high === undefined || (queued.get(id) ?? '') <= high),
          );
          if (descending) expected = expected.reverse();
          if (perDefinition !== undefined) {
            const seen = new Map<number | undefined, number>();
            expected = expected.filter(({ id }) => {
              const definition = definitions.get(id);
              seen.set(definition, (seen.get(definition) ?? 0) + 1);
              return (seen.get(definition) ?? 0) <= perDefinition;
            });
          }
          const query =
            `tagFilters=${['s', ...tags].join(',')}&$top=${top}&queryOrder=queueTime${descending ? 'Descending' : 'Ascending'}` +
            (low === undefined ? '' : `&minTime=${low}`) +
            (high === undefined ? '' : `&maxTime=${high}`) +
            (perDefinition === undefined ? '' : `&maxBuildsPerDefinition=${perDefinition}`);
          const found: unknown[] = [];
          let next = '';
          do {
            const reply = await as('ana', 'GET', `builds?${query}${next}`);
            found.push(...values(reply).map((one) => one['id']));
            const token = reply.headers.get('x-ms-continuationtoken');
            next = token === null ? '' : `&continuationToken=${encodeURIComponent(token)}`;
          } while (next !== '');
          assert.deepEqual(
            found,
            expected.map(({ id }) => id),
            query,
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('follow a tag that comes and goes', async () => {
    const id = await ended(['Before']);
    assert.deepEqual(await ids('tagFilters=before'), [id]);
    await as('ana', 'PATCH', `builds/${id}/tags?api-version=7.1`, { tagsToAdd: ['after'], tagsToRemove: ['before'] });
    assert.deepEqual([await ids('tagFilters=before'), await ids('tagFilters=after')], [[], [id]]);
  });

  it('come back after a restart as they were, from the digest or from their files', async () => {
    const stateDir = temporaryFolder();
    const first = await start({ stateDir });
    const { id } = await newRun(first);
    const record = randomUUID();
    await first.server.updateTimeline(id, [{ id: record, type: 'Task', name: 't', state: 'completed' }]);
    await first.server.updateRun(id, { state: 'completed', result: 'succeeded' });
    await first.stop();
    const file = join(stateDir, 'devops', 'runs', String(id), 'run.json');
    const read = async (): Promise<unknown> => {
      // Another port: the client keeps connections to the old one.
      const again = await start({ stateDir, port: 0 });
      const token = user(again, 'ana').token;
      const [build] = values(await call(again, token, 'GET', 'diabetes/_apis/build/builds'));
      const timeline = await call(again, token, 'GET', `diabetes/_apis/build/builds/${id}/timeline`);
      await call(again, token, 'POST', `diabetes/_apis/build/builds/${id}/tags?api-version=7.1`, ['kept']);
      await again.stop();
      return [build?.['tags'], JSON.stringify(timeline.body).includes(record)];
    };
    assert.deepEqual(await read(), [[], true]);
    assert.deepEqual(await read(), [['kept'], true]);
    // Written by somebody else in between: the file counts, not the digest.
    writeFileSync(file, readFileSync(file, 'utf8').replace('"kept"', '"edited"'));
    assert.deepEqual(await read(), [['edited'], true]);
    rmSync(join(stateDir, 'devops', 'runs-digest.json'));
    assert.deepEqual(await read(), [['edited', 'kept'], true]);
  });
});

function properties(reply: Reply): Record<string, unknown> {
  const found = reply.body['properties'];
  assert.ok(isObject(found));
  return found;
}
