import assert from 'node:assert/strict';

import type { Tab } from '../../support/hub-stage';

/** Each finds out in the page what is wrong with it; an empty list is what should be. Text that runs in the browser. */

export async function forcedColours(tab: Tab): Promise<string[]> {
  await tab.page.emulateMedia({ forcedColors: 'active' });
  const found = [...(await tab.axe()), ...(await lines(tab, hiddenShapes))];
  await tab.page.emulateMedia({ forcedColors: 'none' });
  return found;
}

/** At 200 % a window of 1280 pixels has 640 of CSS. */
export async function zoomed(tab: Tab): Promise<string[]> {
  const size = tab.page.viewportSize();
  await tab.page.setViewportSize({ width: 640, height: 480 });
  await tab.until('innerWidth <= 640');
  let found = await lines(tab, wide);
  // Charts measure themselves anew after the window has changed.
  for (let tries = 0; found.length > 0 && tries < 20; tries += 1) found = await lines(tab, wide);
  if (size) await tab.page.setViewportSize(size);
  return found;
}

/** Walks through the page with the Tab key from its first control until it leaves the page. */
export async function byKeyboard(tab: Tab): Promise<string[]> {
  const wanted = await lines(tab, markControls);
  await tab.frame.focus('[data-probe="0"]');
  // From here on the focus is shown: it was the keyboard that moved it.
  await tab.page.keyboard.press('Tab');
  await tab.page.keyboard.press('Shift+Tab');
  const reached = new Set<string>();
  const wrong: string[] = [];
  // A field for a date and time is left after up to eight steps.
  for (let step = 0; step < wanted.length + 30; step += 1) {
    const [name, shows] = await lines(tab, focused);
    if (name === undefined) break;
    if (!reached.has(name) && shows !== 'true') wrong.push(`the focus does not show: ${wanted[Number(name)] ?? name}`);
    reached.add(name);
    await tab.page.keyboard.press('Tab');
  }
  wanted.forEach((one, index) => {
    if (!reached.has(String(index))) wrong.push(`not reached: ${one}`);
  });
  return wrong;
}

async function lines(tab: Tab, script: string): Promise<string[]> {
  const found: unknown = await tab.frame.evaluate(script);
  assert.ok(Array.isArray(found));
  return found.map(String);
}

/** Shapes and texts of charts that have no colour but that of the page. */
const hiddenShapes = `(() => {
  const page = getComputedStyle(document.querySelector('.hub-page')).backgroundColor;
  const shows = (colour) => colour !== 'none' && colour !== page && !/^rgba\\(.*, 0\\)$/.test(colour);
  return [...document.querySelectorAll('.chart svg :is(path, rect, circle, line, polyline, text)')]
    .filter((it) => it.getBoundingClientRect().width + it.getBoundingClientRect().height > 0 && it.textContent + it.tagName !== 'text')
    .filter((it) => { const style = getComputedStyle(it); return !shows(style.fill) && !shows(style.stroke); })
    .map((it) => 'cannot be seen: ' + it.outerHTML.slice(0, 120));
})()`;

/** What makes the page wider than its window; tables and code that scroll by themselves may be. */
const wide = `(() => {
  const { clientWidth, scrollWidth } = document.documentElement;
  const own = '.hub-scroll, .hub-tabs, .hub-code, .scroll, pre, textarea';
  const scrolls = [...document.querySelectorAll('*')].filter((it) => it.scrollWidth > it.clientWidth + 1 &&
    /auto|scroll/.test(getComputedStyle(it).overflowX) && it.closest(own) === null);
  if (scrollWidth <= clientWidth && scrolls.length === 0) return [];
  return ['wider than ' + clientWidth, ...[...document.querySelectorAll('body *')]
    .filter((it) => it.getBoundingClientRect().right > clientWidth + 1 && it.closest(own) === null)
    .slice(-3).map((it) => it.outerHTML.slice(0, 160))];
})()`;

const look = `(it) => [it, ...it.querySelectorAll('*')].map((one) => ['', '::before', '::after'].map((part) => {
  const { outlineStyle, outlineWidth, boxShadow, borderColor, backgroundColor, clipPath, stroke } = getComputedStyle(one, part);
  return [outlineStyle, outlineWidth, boxShadow, borderColor, backgroundColor, clipPath, stroke].join();
}).join()).join()`;

/** Numbers the controls that the Tab key must reach. Of tabs one is, the others by arrows. */
const markControls = `(() => {
  const all = 'a[href], button:not([disabled]), input:not([disabled]), select, textarea:not([disabled]), summary, [tabindex="0"]';
  window.plain = [];
  return [...document.querySelectorAll(all)]
    .filter((it) => it.checkVisibility() && it.tabIndex >= 0 && it.getAttribute('aria-disabled') !== 'true')
    .map((it, index) => {
      it.setAttribute('data-probe', String(index));
      window.plain.push((${look})(it));
      return it.outerHTML.slice(0, 160);
    });
})()`;

/** Which of them has the focus, and whether it looks different for it. */
const focused = `(() => {
  const it = document.activeElement;
  if (!document.hasFocus() || !it || it === document.body) return [];
  const name = it.getAttribute('data-probe');
  return name === null ? [it.outerHTML.slice(0, 160), 'true'] : [name, String(window.plain[Number(name)] !== (${look})(it))];
})()`;
