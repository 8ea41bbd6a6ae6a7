import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { HubStage, smallHistory } from '../../support/hub-stage';
import { at, runTab, valuesOf, waiting, type Waiting } from './pages';

const buildSpace = '33344d9c-fc72-4d6f-aba5-fa317101a7e9';
const viewBoth = 1 | 1024;

interface Side {
  name: string;
  folder: string;
  people: [scientist: string, approver: string];
  models: string[];
  waiting: Waiting[];
  /** A run of the team that registered a version. */
  run: number;
}

/** As an administrator sets it up and as the people see it, through the hub; compare the same over REST in the stand-in's own tests. */
describe('two teams in one project, in the hub', () => {
  let stage: HubStage;
  let sides: [Side, Side];
  before(async () => {
    stage = await HubStage.start({ ...smallHistory, isolated: false });
    sides = [await side('Team A', 'team-a', ['ana', 'ben']), await side('Team B', 'team-b', ['dora', 'emil'])];
  });
  after(() => stage.stop());

  async function side(name: string, folder: string, people: [string, string]): Promise<Side> {
    const builds = valuesOf(
      (await stage.rest('cleo', 'GET', 'diabetes/_apis/build/builds?tagFilters=mlops.register&$top=100')).body,
    );
    const own = builds.filter((one) => at(one, 'definition', 'path') === `\\mlops\\${folder}`);
    const models = [...new Set(own.map((one) => String(at(one, 'definition', 'name')).replace(/-train$/, '')))];
    return { name, folder, people, models, waiting: await waiting(stage, people[1]), run: Number(own[0]?.['id']) };
  }

  /** Everything of one side that the other must not come across. */
  function secrets({ folder, models, people }: Side): RegExp {
    const names = people.map((one) => stage.user(one).displayName);
    const tags = models.map((one) => `mlops.m.${createHash('sha256').update(one).digest('hex').slice(0, 8)}`);
    const words = [...models, folder, ...names, ...tags].map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    // Machines are called mlops-agents-1.
    return new RegExp([...words, `mlops-${folder.slice(-1)}(?![\\w-])`].join('|'), 'i');
  }

  /** Opens every page as the person and gives all text shown and all that was read from the service. */
  async function everythingOf(user: string, own: Side, other: Side): Promise<{ shown: string; read: string }> {
    const tab = await stage.newTab();
    const bodies: Promise<string>[] = [];
    tab.page.on('response', (response) => {
      if (response.url().startsWith(stage.devops.url) && response.request().method() !== 'OPTIONS')
        bodies.push(
          response.text().then(
            (text) => text,
            () => '', // the page did not wait for it
          ),
        );
    });
    const [foreign, mine] = [other.models[0] ?? '', own.models[0] ?? ''];
    const queries: Record<string, string>[] = [
      { view: 'models' },
      { view: 'version', model: mine, version: '2', tab: 'activity' },
      { view: 'deployments' },
      { view: 'approvals', list: 'mine' },
      { view: 'approvals', list: 'pending' },
      { view: 'approvals', list: 'history' },
      { view: 'delivery', days: '364' },
    ];
    let shown = '';
    const see = async (visit: Parameters<typeof tab.goto>[0]): Promise<void> => {
      await tab.goto(visit);
      shown += `\n${JSON.stringify(visit)}\n${await tab.text()}`.replaceAll(JSON.stringify(visit), '');
    };
    for (const query of queries) await see({ user, query });
    await see({ user, hub: 'settings-hub' });
    // Addresses that a colleague of the other team may have sent: the model's name in them is the viewer's own knowledge.
    const sent: Record<string, string>[] = [
      { view: 'version', model: foreign, version: '2' },
      { view: 'compare', model: foreign, versions: '1,2' },
      { view: 'approvals', approval: other.waiting[0]?.id ?? '' },
    ];
    for (const query of sent) {
      await tab.goto({ user, query });
      shown += (await tab.text()).replaceAll(foreign, '(the name in the address)');
    }
    // An example in the instructions, whatever folders there are.
    shown = shown.replaceAll('such as \\mlops\\team-a', '');
    const read = (await Promise.all(bodies)).join('\n');
    await tab.close();
    return { shown, read };
  }

  it('see each other while nobody says otherwise', async () => {
    const [a, b] = sides;
    assert.equal(a.models.length + b.models.length, smallHistory.models);
    const { shown, read } = await everythingOf('ana', a, b);
    assert.match(shown, secrets(b));
    assert.match(read, secrets(b));
  });

  describe('once an administrator has closed folders and environments to the other', () => {
    before(async () => {
      const [a, b] = sides;
      for (const [own, other] of [
        [a, b],
        [b, a],
      ] as const)
        await close(own, other);
    });

    for (const index of [0, 1] as const) {
      for (const who of [0, 1] as const) {
        it(`show the ${['scientist', 'approver'][who] ?? ''} of ${['Team A', 'Team B'][index] ?? ''} everything of their own and nothing of the other`, async () => {
          const [own, other] = index === 0 ? sides : [sides[1], sides[0]];
          const { shown, read } = await everythingOf(own.people[who], own, other);
          for (const model of own.models) assert.match(shown, new RegExp(`\\b${model}\\b`));
          const secret = new RegExp(`.{0,200}(?:${secrets(other).source}).{0,80}`, 'i');
          assert.equal(secret.exec(shown)?.[0], undefined, 'shown');
          assert.equal(secret.exec(read)?.[0], undefined, 'read');
        });
      }
    }

    it('find no run of the other by its address, and no tab of ours on it', async () => {
      const [a, b] = sides;
      const tab = await stage.newTab();
      await tab.page.goto(stage.address(runTab('ana', b.run)));
      await tab.page.waitForSelector('[role=alert]');
      assert.doesNotMatch(await tab.page.innerText('main'), secrets(b));
      assert.equal(await tab.page.locator('main iframe').count(), 0);
      await tab.goto(runTab('ana', a.run));
      await tab.close();
    });
  });

  async function close(own: Side, other: Side): Promise<void> {
    const group = async (name: string): Promise<Record<string, unknown>> => {
      const path = `_apis/identities?searchFilter=General&filterValue=${encodeURIComponent(name)}`;
      return valuesOf((await stage.rest('cleo', 'GET', path)).body)[0] ?? {};
    };
    const project = stage.devops.project.id;
    const denied = await stage.rest('cleo', 'POST', `_apis/accesscontrolentries/${buildSpace}?api-version=7.1`, {
      token: `${project}/mlops/${own.folder}`,
      merge: true,
      accessControlEntries: [{ descriptor: (await group(other.name))['descriptor'], allow: 0, deny: viewBoth }],
    });
    assert.equal(denied.status, 200);
    const environments = valuesOf(
      (await stage.rest('cleo', 'GET', 'diabetes/_apis/pipelines/environments?api-version=7.2-preview.1')).body,
    );
    for (const { id, name } of environments) {
      if (!own.models.some((model) => String(name).startsWith(`${model}-`))) continue;
      const role = `_apis/securityroles/scopes/distributedtask.environmentreferencerole/roleassignments/resources/${project}_${String(id)}`;
      const given = await stage.rest('cleo', 'PUT', `${role}?api-version=7.1-preview.1`, [
        { userId: (await group(own.name))['id'], roleName: 'User' },
      ]);
      assert.equal(given.status, 200);
      const closed = await stage.rest('cleo', 'PATCH', `${role}?inheritPermissions=false&api-version=7.1-preview.1`);
      assert.equal(closed.status, 204);
    }
  }
});
