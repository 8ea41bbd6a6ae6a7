import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { HubStage, type Tab } from '../../support/hub-stage';
import { approvalPanel, at, valuesOf, waiting } from './pages';

const registered = 'diabetes/_apis/build/builds?tagFilters=mlops.register&queryOrder=queueTimeDescending&$top=100';

describe('the hub when something fails', () => {
  let stage: HubStage;
  let model: string;
  before(async () => {
    stage = await HubStage.start({ models: 3, versions: 120, runs: 260, teams: 1, pending: 4, seed: 11 });
    model = stage.generated?.models[0] ?? '';
  });
  afterEach(() => stage.devops.calm());
  after(() => stage.stop());

  const models = (): Promise<Tab> => stage.open({ user: 'ben', query: { view: 'models' } });

  const sentences: [status: 401 | 403 | 429 | 500 | 'scope' | 'cors' | 'offline', said: RegExp][] = [
    // The service refuses a token without letting the page read why: the browser says no more than that the request failed.
    [401, /either Azure DevOps cannot be reached, or the extension lacks a permission scope/],
    ['scope', /either Azure DevOps cannot be reached, or the extension lacks a permission scope/],
    ['cors', /either Azure DevOps cannot be reached, or the extension lacks a permission scope/],
    ['offline', /either Azure DevOps cannot be reached, or the extension lacks a permission scope/],
    [403, /You lack a permission for this\. Azure DevOps says: Access denied/],
    [500, /Azure DevOps failed with status 500: .* Try again in a minute/],
  ];
  for (const [status, said] of sentences) {
    it(`says so when lists of runs end in ${status}; other pages work, and so does another try`, async () => {
      stage.devops.behave({ fail: [{ match: 'GET .*/build/builds\\?.*tagFilters=mlops%2Cmlops\\.register', status }] });
      const tab = await models();
      const text = await tab.problems();
      assert.match(text, /^The models could not be shown\./);
      assert.match(text, said);
      await tab.frame.getByRole('tab', { name: /^Approvals/ }).click();
      await tab.until(`document.querySelector('.approvals-open')`);
      await tab.frame.getByRole('tab', { name: 'Models' }).click();
      await tab.until(`/^The models could not/.test(document.querySelector('[role=alert]')?.innerText)`);
      stage.devops.calm();
      await tab.frame.getByRole('button', { name: 'Try again' }).click();
      await tab.until(`document.querySelectorAll('.models-table tbody tr').length === 3`);
      assert.equal(await tab.problems(), '');
    });
  }

  it('shows the models when only approvals lack their scope', async () => {
    stage.devops.behave({ fail: [{ operation: 'approvals', status: 'scope' }] });
    const tab = await models();
    // The table does not wait for what stands above it.
    await tab.until(`document.querySelector('[role=alert]')`);
    assert.match(await tab.problems(), /^Approvals that wait for you could not be shown\.\s.*permission scope/);
    assert.equal(await tab.frame.locator('.models-table tbody tr').count(), 3);
  });

  it('shows the models when only deployments cannot be read', async () => {
    stage.devops.behave({ fail: [{ match: 'tagFilters=mlops%2Cmlops\\.deploy', status: 500 }] });
    const tab = await models();
    await tab.until(`document.querySelector('[role=alert]')`);
    assert.match(await tab.problems(), /^What serves in production could not be shown\./);
    assert.equal(await tab.frame.locator('.models-table tbody tr').count(), 3);
  });

  it('waits as long as the service asks, says until when, and goes on by itself', async () => {
    stage.devops.behave({
      exposeHeaders: true,
      fail: [{ match: 'GET .*/build/builds\\?', status: 429, retryAfter: 2, times: 2 }],
    });
    const tab = await stage.newTab();
    const opened = tab.goto({ user: 'ben', query: { view: 'models' } });
    const hub = tab.page.frameLocator('main iframe');
    await hub.getByText(/asks for fewer requests; the page goes on by itself at/).waitFor();
    await opened;
    await tab.until(`document.querySelectorAll('.models-table tbody tr').length === 3`);
    assert.doesNotMatch(await tab.text(), /asks for fewer requests/);
    await tab.close();
  });

  it('says that it is offline, and shows everything again when it is not', async () => {
    const tab = await models();
    try {
      await tab.page.context().setOffline(true);
      await tab.frame.getByRole('button', { name: 'Refresh' }).click();
      await tab.until(`document.querySelector('[role=alert]')`);
      assert.match(await tab.problems(), /You are offline\. Connect to the network and refresh\./);
      assert.equal(await tab.frame.locator('.models-table tbody tr').count(), 3, 'what was read stays');
      await tab.frame.getByRole('tab', { name: 'Delivery' }).click();
      await tab.until(`document.querySelector('[role=alert]')`);
    } finally {
      await tab.page.context().setOffline(false);
    }
    const reloaded = tab.page.waitForEvent('load');
    await tab.frame.getByRole('button', { name: 'Try again' }).click();
    await reloaded;
    await tab.ready();
    await tab.until(`document.querySelector('.hub-figures')`);
    await tab.frame.getByRole('tab', { name: 'Models' }).click();
    await tab.settled();
    assert.equal(await tab.problems(), '');
  });

  it('shows where rows will be while a slow network brings them', async () => {
    stage.devops.behave({ latencyMs: 400 });
    const tab = await stage.newTab();
    const opened = tab.goto({ user: 'ben', query: { view: 'models' } });
    await tab.page.frameLocator('main iframe').getByRole('status', { name: 'Loading models' }).waitFor();
    await opened;
    assert.equal(await tab.frame.locator('.models-table tbody tr').count(), 3);
    await tab.close();
  });

  it('turns pages to the end although the service hides where the next one begins, each run once', async () => {
    const tab = await stage.open({ user: 'ben', query: { view: 'models', open: model } });
    const more = tab.frame.getByRole('button', { name: 'Load more' });
    let turned = 0;
    for (; await more.isVisible(); turned += 1) {
      await more.click();
      await tab.settled();
    }
    assert.ok(turned >= 2, `turned ${turned} pages`);
    assert.match(await tab.text(), /All 120 registrations are shown\./);
    const labels = await tab.frame.locator('.models-choose').allInnerTexts();
    assert.equal(new Set(labels).size, labels.length);
    assert.equal(
      stage.devops.requests().some(({ path }) => /continuationToken/i.test(path)),
      false,
    );
  });

  it('leaves a decision open that somebody else was faster with', async () => {
    const [approval] = await waiting(stage, 'ben');
    assert.ok(approval);
    stage.devops.behave({ fail: [{ match: 'PATCH .*approvals', status: 409 }] });
    const tab = await stage.open(approvalPanel('ben', approval));
    await tab.frame.getByRole('button', { name: 'Approve', exact: true }).click();
    await tab.until(`document.querySelector('.approvals-decision [role=alert]')`);
    assert.match(await tab.problems(), /Somebody changed this at the same time\. .* Refresh and look again\./);
    assert.equal(
      (await waiting(stage, 'ben')).some(({ id }) => id === approval.id),
      true,
    );
  });

  it('tells of a decision whose answer was lost that it may have arrived', async () => {
    const [approval] = await waiting(stage, 'ben');
    assert.ok(approval);
    stage.devops.behave({ fail: [{ match: 'PATCH .*approvals', status: 'cors' }] });
    const tab = await stage.open(approvalPanel('ben', approval));
    await tab.frame.getByRole('button', { name: 'Approve', exact: true }).click();
    await tab.until(`/may have arrived all the same/.test(document.body.innerText)`);
    // What the service knows stands above: it was carried out.
    await tab.until(`/This was approved\\./.test(document.body.innerText)`);
  });

  describe('with evidence that is not in order', () => {
    const spoiled: [what: string, change: (text: string) => string, said: RegExp][] = [
      [
        'other bytes than the index says',
        (text) => text.replace(/:(\d+)([,}])/, (_, number: string, end: string) => `:${Number(number) + 1}${end}`),
        /Index and evidence differ for evaluation/,
      ],
      [
        'another shape',
        (text) => text.replace(/^\{/, '{"extra":true,'),
        /is not a record of its kind|was not written by a task/,
      ],

      ['nothing in it', () => '', /is not a record of its kind/],
    ];
    for (const [index, [what, change, said]] of spoiled.entries()) {
      it(`says what is wrong with ${what}, and shows the rest`, async () => {
        const { run, version } = await nthVersion(index + 5);
        const folder = join(stage.stateDir, 'devops', 'runs', String(run), 'attachments');
        const file = readdirSync(folder)
          .map((name) => join(folder, name))
          .find((name) => /"kind":"mlops\.evaluation\.v1"/.test(readFileSync(name, 'utf8')));
        assert.ok(file);
        const before = readFileSync(file, 'utf8');
        const after = change(before);
        assert.notEqual(after, before);
        writeFileSync(file, after);
        const tab = await stage.open({ user: 'ben', query: { view: 'version', ...version } });
        assert.match(await tab.problems(), /The evidence of run .* is not in order\./);
        assert.match(await tab.problems(), said);
        await tab.frame.getByRole('tab', { name: 'Lineage' }).click();
        await tab.until(`document.querySelectorAll('.chart .node').length > 3`);
      });
    }

    it('says that a later version of the tasks left something, and shows what it knows', async () => {
      const { run, version } = await nthVersion(14);
      const path = `diabetes/_apis/build/builds/${run}/properties?api-version=7.1-preview.1`;
      const later = [{ op: 'add', path: '/mlops.v2.evaluation', value: '[]' }];
      assert.equal((await stage.rest('cleo', 'PATCH', path, later)).status, 200);
      const tab = await stage.open({ user: 'ben', query: { view: 'version', ...version } });
      assert.match(
        await tab.problems(),
        /mlops\.v2\.evaluation has a version that this page does not know: .* Update the extension/,
      );
      await tab.frame.getByRole('heading', { name: 'Facts' }).waitFor();
    });

    it('says of a version whose run was deleted that its run is gone, and lists the others', async () => {
      const { run, version } = await nthVersion(12);
      const leases = valuesOf(
        (await stage.rest('cleo', 'GET', `diabetes/_apis/build/builds/${run}/leases?api-version=7.1`)).body,
      );
      const ids = leases.map((one) => String(one['leaseId'])).join(',');
      assert.equal(
        (await stage.rest('cleo', 'DELETE', `diabetes/_apis/build/retention/leases?ids=${ids}&api-version=7.1`)).status,
        204,
      );
      assert.equal(
        (await stage.rest('cleo', 'DELETE', `diabetes/_apis/build/builds/${run}?api-version=7.1`)).status,
        204,
      );
      const tab = await stage.open({ user: 'ben', query: { view: 'version', ...version } });
      assert.match(await tab.text(), /This version was not found[\s\S]*its run was deleted/);
      await tab.frame.getByRole('tab', { name: 'Models' }).click();
      await tab.until(`document.querySelectorAll('.models-table tbody tr').length === 3`);
    });
  });

  /** A version by the age of its run. */
  async function nthVersion(nth: number): Promise<{ run: number; version: { model: string; version: string } }> {
    const query = `${registered}&properties=mlops.v1.model-version&api-version=7.1`;
    const build = valuesOf((await stage.rest('cleo', 'GET', query)).body)[nth];
    const entries: unknown = JSON.parse(String(at(build, 'properties', 'mlops.v1.model-version', '$value')));
    const entry: unknown = Array.isArray(entries) ? entries[0] : undefined;
    return {
      run: Number(at(build, 'id')),
      version: { model: String(at(entry, 'model')), version: String(at(entry, 'version')) },
    };
  }
});
