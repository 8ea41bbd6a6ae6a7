import assert from 'node:assert/strict';

import { HubStage, type Tab } from '../../support/hub-stage';
import { everyPage } from './pages';
import { byKeyboard, forcedColours, zoomed } from './probes';

describe('the pages of the hub in a browser', () => {
  let stage: HubStage;
  before(async () => {
    stage = await HubStage.start();
  });
  after(() => stage.stop());

  async function inTheme(tab: Tab, theme: string): Promise<string[]> {
    await tab.page.selectOption('select[name=theme]', theme);
    await tab.until(`document.documentElement.style.colorScheme === '${theme === 'light' ? 'light' : 'dark'}'`);
    return tab.axe();
  }

  for (const { name, visit } of everyPage) {
    it(`${name}: accessible in every theme, at 200 % and by keyboard, and quiet`, async () => {
      const tab = await stage.open(await visit(stage));
      const found = {
        problems: await tab.frame.locator('[role=alert]').allInnerTexts(),
        light: await tab.axe(),
        forced: await forcedColours(tab),
        dark: await inTheme(tab, 'dark'),
        contrast: await inTheme(tab, 'contrast'),
        zoom: await zoomed(tab),
        keyboard: await byKeyboard(tab),
        ...tab.noise,
      };
      const wrong = Object.entries(found).filter(([, list]) => list.length > 0);
      assert.deepEqual(Object.fromEntries(wrong), {});
    });
  }

  it('filter, open, choose and compare by keyboard alone, and come back', async () => {
    const tab = await stage.open({ user: 'ben', query: { view: 'models' } });
    const { keyboard } = tab.page;
    const focus = (expression: string): Promise<void> => tab.until(`document.activeElement?.matches('${expression}')`);
    await tab.frame.focus('[type=search]');
    await keyboard.type('churn');
    await tab.until(`document.querySelectorAll('.models-table tbody tr').length === 1`);
    await tab.frame.focus('.models-toggle');
    await keyboard.press('Enter');
    await tab.until(`document.querySelectorAll('.models-choose input').length > 2`);
    for (const nth of [0, 2]) {
      await tab.frame.locator('.models-choose input').nth(nth).focus();
      await keyboard.press('Space');
    }
    await tab.frame.getByRole('button', { name: 'Compare 2' }).focus();
    await keyboard.press('Enter');
    await tab.until(`document.querySelectorAll('.compare-table thead th').length >= 3`);
    await focus('h1');
    await tab.frame.getByRole('tab', { name: 'Compare' }).focus();
    await keyboard.press('ArrowRight');
    await focus('#__bolt-tab-deployments');
    await keyboard.press('Enter');
    await tab.until(`document.querySelector('h1').textContent === 'Deployments'`);
    await tab.page.goBack();
    await tab.until(`document.querySelectorAll('.compare-table thead th').length >= 3`);
  });
});
