import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Browser, Frame, Page } from 'playwright-core';

import { launchBrowser } from '../../../support/browser';
import { user } from '../support';
import { manifest, runWithTask, setStage, taskId, type Stage } from './support';

describe('the host page in a browser', function () {
  let stage: Stage;
  let browser: Browser;
  before(async () => {
    [stage, browser] = await Promise.all([setStage(true), launchBrowser()]);
  });
  after(async () => {
    await browser.close();
    await stage.stop();
  });

  async function open(path: string, query: Record<string, string> = {}): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    const url = new URL(path, stage.host.url);
    url.hash = new URL(stage.host.url).hash;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    await page.goto(url.href);
    return page;
  }

  async function extension(page: Page, within = 'main'): Promise<Frame> {
    const element = await page.waitForSelector(`${within} iframe.shown`, { state: 'attached' });
    const frame = await element.contentFrame();
    assert.ok(frame);
    await frame.waitForFunction('globalThis.ready === true');
    return frame;
  }

  for (const handshake of ['current', 'legacy']) {
    it(`shakes hands with Microsoft's SDK in the ${handshake} form`, async () => {
      const page = await open('/', { user: 'ben', hub: 'models-hub', handshake, view: 'version', model: 'a b' });
      const frame = await extension(page);
      const ben = user(stage.devops, 'ben');
      assert.deepEqual(
        await frame.evaluate(
          '[SDK.getContributionId(), SDK.getExtensionContext().id, SDK.getUser().id, SDK.getUser().name]',
        ),
        ['tests.probe.models-hub', 'tests.probe', ben.id, ben.mail],
      );
      assert.deepEqual(await frame.evaluate('SDK.getWebContext()'), {
        project: { ...stage.devops.project },
        team: stage.devops.projects[0]?.team,
      });
      assert.match(String(await frame.evaluate('SDK.getHost().id')), /^[0-9a-f-]{36}$/);
      assert.equal(new URL(frame.url()).origin, stage.host.assetsUrl);
      assert.equal(await page.evaluate('location.pathname'), '/local/diabetes/_apps/hub/tests.probe.models-hub');
      assert.equal(await page.evaluate('location.search + location.hash'), '?view=version&model=a+b');
      await page.context().close();
    });
  }

  it('gives a token that opens what the scopes of the manifest open, to its user only', async () => {
    await runWithTask(stage, taskId);
    const page = await open('/');
    const frame = await extension(page);
    const builds = await frame.evaluate(`rest('diabetes/_apis/build/builds')`);
    assert.match(JSON.stringify(builds), /"status":200.*"requestedFor"/);
    const refused = await frame.evaluate(
      `rest('_apis/teams').then(String, (error) => error.name + ': ' + error.message)`,
    );
    assert.equal(refused, 'TypeError: Failed to fetch', 'a missing scope shows as a failure of the network');
    const app = String(await frame.evaluate('SDK.getAppToken()'));
    const headers = { authorization: `Bearer ${app}` };
    assert.equal((await fetch(`${stage.devops.url}/diabetes/_apis/build/builds`, { headers })).status, 403);
    await page.context().close();
  });

  it('offers the services of the platform', async () => {
    const page = await open('/', { view: 'models' });
    const frame = await extension(page);
    const service = (id: string, then: string): Promise<unknown> =>
      frame.evaluate(`SDK.getService('${id}').then(async (it) => { ${then} }).catch(rethrow)`);
    const navigation = 'ms.vss-features.host-navigation-service';
    assert.deepEqual(await service('ms.vss-tfs-web.tfs-page-data-service', 'return it.getProject()'), {
      ...stage.devops.project,
    });
    assert.deepEqual(await service(navigation, 'return it.getQueryParams()'), { view: 'models' });
    await service(
      navigation,
      `await it.setQueryParams({ view: '', model: 'x&y' }); await it.setDocumentTitle('Titled');
      await it.onHashChanged((hash) => { seen.hashes.push(hash) }); await it.setHash('place');`,
    );
    assert.deepEqual([await page.title(), new URL(page.url()).search], ['Titled', '?model=x%26y']);
    await frame.waitForFunction('seen.hashes.length === 1');
    assert.deepEqual(await frame.evaluate('seen.hashes'), ['place']);
    await assert.rejects(service(navigation, `return it.navigate('javascript:alert(1)')`), /not an address of the web/);
    await assert.rejects(service('ms.none', 'return 1'), /could not be found/);
    await service(
      'ms.vss-tfs-web.tfs-global-messages-service',
      `return it.addToast({ message: '<i>Saved</i>', duration: 60000 })`,
    );
    assert.equal(await page.textContent('.toast'), '<i>Saved</i>');
    await page.context().close();
  });

  it('keeps documents of the extension per user or for everybody, by version', async () => {
    const page = await open('/');
    const frame = await extension(page);
    const data = (then: string): Promise<unknown> =>
      frame.evaluate(`SDK.getService('ms.vss-features.extension-data-service').then(async (it) => {
        const manager = await it.getExtensionDataManager('tests.probe', await SDK.getAccessToken()); ${then} }).catch(rethrow)`);
    assert.equal(await data(`return manager.getValue('columns', { defaultValue: 'all', scopeType: 'User' })`), 'all');
    await data(`await manager.setValue('columns', 'few', { scopeType: 'User' })`);
    assert.equal(await data(`return manager.getValue('columns', { scopeType: 'User' })`), 'few');
    assert.equal(await data(`return manager.getValue('columns', { defaultValue: 'nobody' })`), 'nobody');
    assert.deepEqual(await data(`return manager.createDocument('views', { id: 'a', text: '1' })`), {
      id: 'a',
      text: '1',
      __etag: 1,
    });
    await data(`await manager.updateDocument('views', { id: 'a', text: '2', __etag: 1 })`);
    await assert.rejects(
      data(`await manager.updateDocument('views', { id: 'a', __etag: 1 })`),
      /changed by somebody else/,
    );
    await page.context().close();
    const other = await open('/', { user: 'ben' });
    const theirs = await extension(other);
    const value = await theirs.evaluate(`SDK.getService('ms.vss-features.extension-data-service')
      .then((it) => it.getExtensionDataManager('tests.probe', '')).then((it) => it.getValue('columns', { scopeType: 'User' }))`);
    assert.equal(value ?? null, null);
    await other.context().close();
  });

  it('changes the theme while the extension runs', async () => {
    const page = await open('/', { theme: 'dark' });
    const frame = await extension(page);
    const colour = (where: Frame | Page): Promise<unknown> =>
      where.evaluate(`getComputedStyle(document.documentElement).getPropertyValue('--background-color').trim()`);
    assert.equal(await colour(frame), 'rgba(37, 37, 37, 1)');
    await page.selectOption('select[name=theme]', 'contrast');
    await frame.waitForFunction('seen.themes === 2');
    assert.deepEqual([await colour(frame), await colour(page)], ['rgba(0, 0, 0, 1)', 'rgba(0, 0, 0, 1)']);
    await page.context().close();
  });

  it('shows an extension in a dialog, and tells the opener what it was closed with', async () => {
    const page = await open('/');
    const frame = await extension(page);
    await frame.evaluate(`SDK.getService('ms.vss-features.host-page-layout-service').then((it) =>
      it.openCustomDialog('tests.probe.models-hub', { title: 'Pick', configuration: { n: 1 }, onClose: (r) => { seen.closed.push(r) } }))`);
    const inner = await extension(page, 'dialog');
    assert.equal(await inner.evaluate('SDK.getConfiguration().n'), 1);
    await inner.evaluate(`void layer.close({ chosen: 'seven' })`);
    await frame.waitForFunction('seen.closed.length === 1');
    assert.deepEqual(await frame.evaluate('seen.closed'), [{ chosen: 'seven' }]);
    assert.equal(await page.locator('dialog').count(), 0);
    await page.context().close();
  });

  it('shows the tab of a run only where one of its tasks ran, with the data of the run', async () => {
    const [with_, without] = [await runWithTask(stage, taskId), await runWithTask(stage, taskId.replace('1', '9'))];
    const page = await open(`/local/${stage.devops.project.id}/_build/results`, {
      buildId: String(without),
      view: 'results',
    });
    await page.waitForSelector('.timeline');
    assert.equal(await page.locator('.tabs a').count(), 1);
    await page.goto(new URL(`/local/diabetes/_build/results?buildId=${with_}`, page.url()).href);
    await page.getByRole('button', { name: 'Log of Some' }).click();
    await page.waitForFunction(`document.querySelector('pre.log').textContent === 'first line\\n<b>not markup</b>'`);
    await page.getByRole('link', { name: 'aaaaaaaa' }).click();
    await page.getByRole('heading', { name: 'Commit aaaaaaaa' }).waitFor();
    await page.getByRole('table', { name: 'Runs' }).getByRole('link', { name: '#' }).nth(0).waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'Model', exact: true }).last().click();
    const frame = await extension(page);
    assert.equal(await frame.evaluate('SDK.getContributionId()'), 'tests.probe.model-tab');
    const id = await frame.evaluate(
      `SDK.getService('ms.vss-build-web.build-page-data-service').then((it) => it.getBuildPageData()).then((it) => it.build.id)`,
    );
    assert.equal(id, with_);
    await page.context().close();
  });

  it('switches faults of the service, and remembers them for the tab', async () => {
    const page = await open('/', { fault: '500', match: 'builds', latency: '1' });
    let frame = await extension(page);
    assert.match(JSON.stringify(await frame.evaluate(`rest('diabetes/_apis/build/builds')`)), /"status":500/);
    await page.selectOption('select[name=fault]', '');
    await page.waitForLoadState();
    frame = await extension(page);
    assert.match(JSON.stringify(await frame.evaluate(`rest('diabetes/_apis/build/builds')`)), /"status":200/);
    stage.devops.calm();
    await page.context().close();
  });

  it('keeps the controls when a pattern is wrong, and says so beside them', async () => {
    const page = await open('/', { fault: '500', match: '(' });
    await extension(page);
    assert.match((await page.textContent('.controls [role=alert]')) ?? '', /expected a regular expression, found '\('/);
    await page.getByLabel('of requests matching').fill('builds');
    await page.keyboard.press('Enter');
    await page.waitForFunction(
      `document.readyState === 'complete' && !document.querySelector('.controls [role=alert]')`,
    );
    const frame = await extension(page);
    assert.match(JSON.stringify(await frame.evaluate(`rest('diabetes/_apis/build/builds')`)), /"status":500/);
    stage.devops.calm();
    await page.context().close();
  });

  it('leads from the name of the project to where it begins', async () => {
    const page = await open('/local/diabetes/_build');
    await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link', { name: 'diabetes' }).click();
    await extension(page);
    assert.equal(new URL(page.url()).pathname, '/local/diabetes/_apps/hub/tests.probe.models-hub');
    await page.context().close();
  });

  it('switches the project, which the address names and the extension hears of', async () => {
    const page = await open('/', { view: 'models', theme: 'dark' });
    await extension(page);
    await page.selectOption('select[name=project]', 'vision');
    await page.waitForURL('**/local/vision/**');
    const [, vision] = stage.devops.projects;
    assert.ok(vision);
    for (const path of [undefined, `/local/${vision.id}/_apps/hub/tests.probe.models-hub`, '/?project=vision']) {
      if (path !== undefined) await page.goto(new URL(path, page.url()).href);
      const frame = await extension(page);
      assert.deepEqual(await frame.evaluate('SDK.getWebContext()'), {
        project: { id: vision.id, name: vision.name },
        team: vision.team,
      });
      assert.deepEqual(
        await frame.evaluate(`SDK.getService('ms.vss-tfs-web.tfs-page-data-service').then((it) => it.getProject())`),
        { id: vision.id, name: vision.name },
      );
      assert.match(page.url(), /\/_apps\/hub\/tests\.probe\.models-hub$/);
      assert.equal(await page.inputValue('select[name=project]'), 'vision');
    }
    assert.equal(await page.inputValue('select[name=theme]'), 'dark');
    await page.selectOption('select[name=user]', 'dora');
    await page.getByRole('heading', { name: 'This project is not there' }).waitFor();
    assert.deepEqual(await page.locator('select[name=project] option').allInnerTexts(), ['diabetes']);
    await page.getByRole('main').getByRole('link', { name: 'diabetes' }).click();
    await extension(page);
    assert.equal(new URL(page.url()).pathname, '/local/diabetes/_apps/hub/tests.probe.models-hub');
    await page.context().close();
  });

  it('shows nothing without the key of this start', async () => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(new URL('/', stage.host.url).href);
    assert.match((await page.textContent('[role=alert]')) ?? '', /mlops status/);
    await page.goto(stage.host.openingUrl());
    await extension(page);
    assert.equal(new URL(page.url()).hash, '');
    await page.context().close();
  });

  for (const theme of ['light', 'dark', 'contrast']) {
    it(`has no fault of accessibility that axe knows: ${theme}`, async () => {
      const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
      const id = await runWithTask(stage, taskId);
      const page = await open(`/local/diabetes/_build/results`, {
        buildId: String(id),
        theme,
        fault: '',
        latency: '0',
      });
      for (const path of [
        undefined,
        '/local/diabetes/_build',
        '/local/diabetes/_environments',
        '/local/diabetes/none',
      ]) {
        if (path !== undefined) await page.goto(new URL(path, page.url()).href);
        await page.waitForSelector('main h1');
        await page.getByRole('button', { name: 'Service…' }).click();
        await page.evaluate(axe);
        const found = await page.evaluate(
          `axe.run().then((it) => it.violations.map((one) => one.id + ': ' + one.nodes.map((node) => node.html).join(' ')))`,
        );
        assert.deepEqual(found, [], path);
      }
      await page.context().close();
    });
  }

  it('is reached by keyboard, with names for every control', async () => {
    const page = await open('/');
    await extension(page);
    for (let press = 0; press < 20; press += 1) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate('document.activeElement.name')) === 'theme') break;
    }
    assert.equal(await page.evaluate('document.activeElement.name'), 'theme');
    assert.equal(await page.getByLabel('Signed in as').count(), 1);
    assert.equal(manifest.contributions.length, 4);
    await page.context().close();
  });
});
