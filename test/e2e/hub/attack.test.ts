import assert from 'node:assert/strict';

import { HubStage, smallHistory, type Tab, type Visit } from '../../support/hub-stage';
import { approvalPanel, at, runTab, valuesOf, waiting } from './pages';

/** Every text that a run can leave tries to do harm: names, tags, metrics, markdown, comments, descriptions; some evidence is spoiled. */
describe('the hub with attacks in everything that comes from a run', () => {
  let stage: HubStage;
  const visits: [name: string, visit: Visit][] = [];
  before(async () => {
    stage = await HubStage.start({ ...smallHistory, attack: true });
    visits.push(...(await attackedPages()));
  });
  after(() => stage.stop());

  async function attackedPages(): Promise<[string, Visit][]> {
    const user = 'ben';
    const tabs = ['overview', 'metrics', 'evaluation', 'lineage', 'deployments', 'activity'];
    const [first] = await waiting(stage, user);
    const [version, other] = await versions();
    assert.ok(first && version && other);
    const page = (query: Record<string, string>): Visit => ({ user, query });
    return [
      ['models', page({ view: 'models', open: JSON.stringify([version.model]) })],
      ...tabs.map((tab): [string, Visit] => [`version, ${tab}`, page({ view: 'version', ...version, tab })]),
      ['compare', page({ view: 'compare', model: version.model, versions: `${version.version},${other.version}` })],
      ['deployments', page({ view: 'deployments' })],
      ['approvals', page({ view: 'approvals', list: 'history' })],
      ['approval', approvalPanel(user, first)],
      ['delivery', page({ view: 'delivery', days: '364' })],
      ['run', runTab(user, first.run)],
      ['settings', { user: 'cleo', hub: 'settings-hub' }],
    ];
  }

  /** Two versions of one model, as the index tells them. */
  async function versions(): Promise<{ model: string; version: string }[]> {
    const path =
      'diabetes/_apis/build/builds?tagFilters=mlops.register&$top=100&properties=mlops.v1.model-version&api-version=7.1';
    const found = valuesOf((await stage.rest('ben', 'GET', path)).body).flatMap((one) => {
      try {
        const entries: unknown = JSON.parse(String(at(one, 'properties', 'mlops.v1.model-version', '$value')));
        const entry: unknown = Array.isArray(entries) ? entries[0] : undefined;
        const [model, version] = [at(entry, 'model'), at(entry, 'version')];
        return typeof model === 'string' && typeof version === 'string' ? [{ model, version }] : [];
      } catch {
        return []; // one of the spoiled ones
      }
    });
    const model = found.find((one) => found.filter((other) => other.model === one.model).length > 3)?.model;
    return found.filter((one) => one.model === model);
  }

  it('runs nothing of it, on any page, and leads nowhere unannounced', async () => {
    const wrong: Record<string, string[]> = {};
    for (const [name, visit] of visits) {
      const tab = await stage.open(visit);
      const found = await harm(tab);
      if (found.length > 0) wrong[name] = found;
    }
    assert.deepEqual(wrong, {});
  });

  it('shows the attacks as the text they are', async () => {
    const tab = await stage.open(visits[0]?.[1]);
    assert.match(await tab.text(), /<script>window\.__attacked = true<\/script>|<img src=x onerror=|<svg\/onload=/);
    const card = await stage.open(visits[1]?.[1]);
    assert.match(await card.text(), /evil\.example/);
    assert.equal(
      await card.frame.locator('.hub-markdown :is(img, form, input, iframe, style, math, script, svg)').count(),
      0,
    );
  });

  async function harm(tab: Tab): Promise<string[]> {
    // Hovering and focusing everything wakes handlers that wait for it.
    await tab.frame.evaluate(`for (const it of document.querySelectorAll('body *')) {
      for (const name of ['mouseover', 'mouseenter', 'focus', 'toggle', 'error', 'load']) it.dispatchEvent(new Event(name, { bubbles: name === 'mouseover' }));
    }`);
    await tab.settled();
    const inside: unknown = await tab.frame.evaluate(`(() => {
      const wrong = [];
      if (window.__attacked !== undefined) wrong.push('a script ran');
      const own = new URL(${JSON.stringify(stage.devops.url)}).host;
      for (const it of document.querySelectorAll('a[href], a[*|href]')) {
        const url = new URL(it.getAttribute('href') ?? it.getAttribute('xlink:href'), location.href);
        if (!/^https?:$/.test(url.protocol)) wrong.push('a link with ' + url.protocol + ' ' + it.outerHTML.slice(0, 200));
        else if (url.host !== own && !(it.target === '_blank' && /\\bnoopener\\b/.test(it.rel) && it.innerText.includes(url.host)))
          wrong.push('a link that is not announced: ' + it.outerHTML.slice(0, 300));
      }
      for (const it of document.querySelectorAll('*')) for (const { name } of it.attributes)
        if (/^on/i.test(name)) wrong.push('a handler in the markup: ' + it.outerHTML.slice(0, 200));
      for (const it of document.querySelectorAll('body :is(script, iframe, object, embed, form, base, meta, style), img[src^=http]'))
        wrong.push('an element that has no place here: ' + it.outerHTML.slice(0, 200));
      return wrong;
    })()`);
    assert.ok(Array.isArray(inside));
    const outside: unknown = await tab.page.evaluate('String(window.__attacked)');
    const { console, dialogs, foreign } = tab.noise;
    return [
      ...inside.map(String),
      ...(outside === 'undefined' ? [] : ['a script ran in the page around the hub']),
      ...console.filter((line) => !/status of 4\d\d/.test(line)),
      ...dialogs.map((line) => `a dialog: ${line}`),
      ...foreign.map((line) => `a request to ${line}`),
    ];
  }
});
