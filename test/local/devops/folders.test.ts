import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { LocalDevOps } from '../../../local/devops';
import { plainObject } from '../../../local/devops/shape';
import { call, newRun, start, temporaryFolder, user, values, type Reply } from './support';

const preview = 'api-version=7.1-preview.2';
const build = '33344d9c-fc72-4d6f-aba5-fa317101a7e9';

describe('folders of pipelines', () => {
  let devops: LocalDevOps;
  const as = (who: 'ana' | 'cleo' | 'dora', method: string, path: string, body?: unknown): Promise<Reply> =>
    call(devops, user(devops, who).token, method, path, body);
  const paths = async (under = ''): Promise<unknown[]> =>
    values(await as('ana', 'GET', `diabetes/_apis/build/folders/${encodeURIComponent(under)}?${preview}`)).map(
      (one) => one['path'],
    );

  beforeEach(async () => {
    devops = await start();
  });
  afterEach(() => devops.stop());

  it('are made with those above them, read below a path, described, and deleted when empty', async () => {
    const at = `diabetes/_apis/build/folders/${encodeURIComponent('\\mlops\\team-a')}?${preview}`;
    const made = await as('ana', 'PUT', at, { description: 'A' });
    assert.deepEqual([made.body['path'], made.body['description']], ['\\mlops\\team-a', 'A']);
    assert.equal((await as('ana', 'PUT', at, {})).status, 409);
    assert.deepEqual(await paths(), ['\\', '\\mlops', '\\mlops\\team-a']);
    assert.deepEqual(await paths('\\mlops\\team-a'), ['\\mlops\\team-a']);
    await newRun(devops, { pipelineName: '\\mlops\\team-a\\train' });
    const refused = await as('ana', 'DELETE', at);
    assert.match(String(refused.body['message']), /holds pipelines/);
    const bad = await as(
      'ana',
      'PUT',
      `diabetes/_apis/build/folders?path=${encodeURIComponent('\\a|b')}&${preview}`,
      {},
    );
    assert.equal(bad.status, 400);
  });

  it('keep pipelines of the same name apart, and a run finds a pipeline where it was moved to', async () => {
    const [a, b] = [
      await newRun(devops, { pipelineName: '\\mlops\\team-a\\train' }),
      await newRun(devops, { pipelineName: '\\mlops\\team-b\\train' }),
    ];
    assert.notEqual(a.definition.id, b.definition.id);
    assert.deepEqual([a.definition.name, b.definition.name], ['train', 'train']);
    const alone = await newRun(devops, { pipelineName: 'alone' });
    const at = `diabetes/_apis/build/definitions/${alone.definition.id}?api-version=7.1`;
    const definition = (await as('ana', 'GET', at)).body;
    const moved = await as('ana', 'PUT', at, { ...definition, path: '/mlops/team-a' });
    assert.deepEqual([moved.body['path'], moved.body['revision']], ['\\mlops\\team-a', 2]);
    assert.equal((await as('ana', 'PUT', at, definition)).status, 409);
    assert.equal((await newRun(devops, { pipelineName: 'alone' })).definition.id, alone.definition.id);
    const [listed] = values(await as('ana', 'GET', `diabetes/_apis/build/builds?definitions=${alone.definition.id}`));
    assert.equal((listed?.['definition'] as { path: string }).path, '\\mlops\\team-a');
  });

  it('take their permissions along when they are renamed, and a moved pipeline gets those of its new place', async () => {
    const { id, definition } = await newRun(devops, { pipelineName: '\\old\\train' });
    const status = async (): Promise<number> => (await as('dora', 'GET', `diabetes/_apis/build/builds/${id}`)).status;
    const group = values(await as('cleo', 'GET', '_apis/identities?searchFilter=General&filterValue=Team%20B'))[0];
    const entry = { descriptor: group?.['descriptor'], allow: 0, deny: 1 };
    await as('cleo', 'POST', `_apis/accesscontrolentries/${build}?api-version=7.1`, {
      token: `${devops.project.id}/old`,
      merge: true,
      accessControlEntries: [entry],
    });
    assert.equal(await status(), 404);
    const old = `diabetes/_apis/build/folders/${encodeURIComponent('\\old')}?${preview}`;
    assert.equal((await as('ana', 'POST', old, { path: '\\new\\place' })).body['path'], '\\new\\place');
    assert.deepEqual(await paths(), ['\\', '\\new', '\\new\\place']);
    assert.equal(await status(), 404);
    const at = `diabetes/_apis/build/definitions/${definition.id}?api-version=7.1`;
    const moved = await as('cleo', 'PUT', at, { revision: 1, path: '\\open' });
    assert.equal(moved.status, 200, JSON.stringify(moved.body));
    assert.equal(await status(), 200);
  });
});

describe('a state of before there were teams', () => {
  it('loads with its people and pipelines, and gets teams, folders, permissions and a second project', async () => {
    const stateDir = temporaryFolder();
    const first = await start({
      stateDir,
      seed: { environments: [{ name: 'prod', approval: { approvers: ['ben'] } }] },
    });
    const run = await newRun(first);
    await first.server.updateRun(run.id, { state: 'completed', result: 'succeeded' });
    await first.stop();
    const file = join(stateDir, 'devops', 'collection.json');
    const state = plainObject(JSON.parse(readFileSync(file, 'utf8')), '$');
    for (const key of ['teams', 'folders', 'accessLists', 'projects']) Reflect.deleteProperty(state, key);
    const known = ['ana', 'ben', 'cleo', 'Contributors', 'Project Administrators', 'Model approvers', 'Readers'];
    const identities = state['identities'] as { displayName: string; id: string; kind: string; members?: string[] }[];
    const ofFirst = identities.filter((one) => !/^(\[vision\]|vision )/.test(one.displayName));
    const before = ofFirst.filter(
      (one) =>
        one.kind === 'service' ||
        known.some((name) => one.displayName.toLowerCase().startsWith(name.toLowerCase())) ||
        known.some((name) => one.displayName.endsWith(`\\${name}`)) ||
        / (Valid Users|Collection Administrators)$/.test(one.displayName),
    );
    const ids = before.map((one) => one.id);
    state['identities'] = before.map((one) => ({ ...one, members: one.members?.filter((id) => ids.includes(id)) }));
    for (const definition of state['definitions'] as object[]) Reflect.deleteProperty(definition, 'revision');
    writeFileSync(file, JSON.stringify(state));
    const second = await start({ stateDir });
    assert.deepEqual(
      second.users.map((one) => one.shortName),
      ['ana', 'ben', 'cleo', 'dora', 'emil'],
    );
    assert.equal(user(second, 'ana').token, user(first, 'ana').token);
    const token = user(second, 'dora').token;
    assert.equal((await call(second, token, 'GET', `diabetes/_apis/build/builds/${run.id}`)).status, 200);
    assert.deepEqual(
      values(await call(second, token, 'GET', '_apis/projects/diabetes/teams?$mine=true')).map((one) => one['name']),
      ['Team B'],
    );
    assert.deepEqual(
      second.projects.map(({ name, isSeenBy }) => [name, isSeenBy(user(second, 'ana').id)]),
      [
        ['diabetes', true],
        ['vision', true],
      ],
    );
    const { users } = second;
    await second.stop();
    const third = await start({ stateDir });
    assert.deepEqual(third.users, users);
    await third.stop();
  });
});
