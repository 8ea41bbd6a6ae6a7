import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { themeNames, themes, type ThemeData } from '../../../../local/devops/host/page/themes';

type Colour = [number, number, number, number];

/** A colour, or a bare triple, as numbers. */
function colour(theme: ThemeData, name: string): Colour {
  const numbers = (theme[name] ?? '').match(/[\d.]+/g)?.map(Number) ?? [];
  const [red = NaN, green = NaN, blue = NaN, alpha = 1] = numbers;
  assert.ok(![red, green, blue, alpha].some(Number.isNaN), `${name} is no colour: ${String(theme[name])}`);
  return [red, green, blue, alpha];
}

function over([r, g, b, a]: Colour, [r2, g2, b2]: Colour): Colour {
  const mix = (top: number, below: number): number => top * a + below * (1 - a);
  return [mix(r, r2), mix(g, g2), mix(b, b2), 1];
}

/** WCAG 2.2: relative luminance. */
function luminance([r, g, b]: Colour): number {
  const [red = 0, green = 0, blue = 0] = [r, g, b].map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(theme: ThemeData, front: string, behind: string): number {
  const base = colour(theme, 'background-color');
  const back = over(colour(theme, behind), base);
  const [a, b] = [luminance(over(colour(theme, front), back)), luminance(back)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

const texts: [string, string[]][] = [
  [
    'text-primary-color',
    [
      'background-color',
      'callout-background-color',
      'component-grid-row-hover-color',
      'component-grid-selected-row-color',
      'component-label-default-color',
      'component-label-default-color-hover',
      'palette-neutral-4',
      'palette-neutral-8',
      'palette-neutral-10',
      'palette-black-alpha-10',
      'palette-primary-tint-20',
      'palette-primary-tint-40',
      'status-error-background',
      'status-warning-background',
      'status-success-background',
    ],
  ],
  ['text-secondary-color', ['background-color', 'callout-background-color', 'palette-neutral-4']],
  ['communication-foreground', ['background-color', 'callout-background-color', 'component-grid-selected-row-color']],
  [
    'text-on-communication-background',
    ['communication-background', 'palette-primary-darkened-6', 'palette-primary-darkened-10'],
  ],
  ['status-error-text', ['background-color', 'status-error-background']],
  ['status-warning-text', ['status-warning-background']],
  ['status-success-foreground', ['background-color', 'status-success-background']],
];
const graphics = ['error', 'info', 'neutral', 'success', 'warning'].map((name) => `component-status-${name}`);

/** Every variable that the controls of Azure DevOps read, with the value they take without a theme. */
function librarys(): Map<string, string> {
  const root = join(__dirname, '../../../../node_modules/azure-devops-ui');
  const found = new Map<string, string>();
  for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.css') || entry.includes('node_modules')) continue;
    const css = readFileSync(join(root, entry), 'utf8');
    for (const [, name = '', value = ''] of css.matchAll(/var\(--([a-z0-9-]+)\s*,\s*(rgba?\([^)]*\)|[^)]*)/g))
      found.set(name, value);
  }
  return found;
}

describe('the themes of the host', () => {
  it('have the same variables, of the same kinds', () => {
    const names = Object.keys(themes.light).sort();
    const isTriple = (value: string | undefined): boolean => /^\d+, \d+, \d+$/.test(value ?? '');
    for (const theme of themeNames) {
      assert.deepEqual(Object.keys(themes[theme]).sort(), names, theme);
      for (const name of names)
        assert.equal(isTriple(themes[theme][name]), isTriple(themes.light[name]), `${theme} ${name}`);
    }
  });

  it('have all that the controls read; light is what they would take by themselves', () => {
    const read = librarys();
    assert.ok(read.size > 60, `only ${read.size} variables found`);
    const numbers = (value: string | undefined): number[] => (value ?? '').match(/[\d.]+/g)?.map(Number) ?? [];
    for (const [name, value] of read) assert.deepEqual(numbers(themes.light[name]), numbers(value), name);
  });

  for (const theme of ['dark', 'contrast'] as const) {
    it(`can be read: ${theme}`, () => {
      const wanted = theme === 'contrast' ? 7 : 4.5;
      const bad = [];
      for (const [front, behinds] of texts) {
        for (const behind of behinds) {
          const found = contrast(themes[theme], front, behind);
          if (found < wanted) bad.push(`${front} on ${behind}: ${found.toFixed(2)}`);
        }
      }
      for (const front of [...graphics, 'focus-border-color', 'splitter-border-color']) {
        const found = contrast(themes[theme], front, 'background-color');
        if (found < 3) bad.push(`${front} on background-color: ${found.toFixed(2)}`);
      }
      assert.deepEqual(bad, []);
    });
  }
});
