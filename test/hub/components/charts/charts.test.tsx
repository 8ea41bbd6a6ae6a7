import '../../support';
import assert from 'node:assert/strict';
import { render } from '@testing-library/react';
import { Columns } from '../../../../hub/components/charts/Columns';
import { IntervalPlot } from '../../../../hub/components/charts/IntervalPlot';
import { TimelineStrip } from '../../../../hub/components/charts/TimelineStrip';
import { Sparkline, TrendLine } from '../../../../hub/components/charts/TrendLine';
import { trendText } from '../../../../hub/components/charts/trend';

/** No attribute may hold a number that is none: the browser would drop the shape without a word. */
function assertDrawable(container: HTMLElement): void {
  assert.doesNotMatch(container.innerHTML, /NaN|Infinity|undefined/);
}

const points = (...values: number[]) =>
  values.map((value, index) => ({ label: String(index + 1), value, isProduction: index === 1 }));

describe('TrendLine', () => {
  it('says every value of a short series, and marks production by shape and word', () => {
    const { getByRole, container, getByText } = render(<TrendLine title="auc" points={points(0.8, 0.82, 0.81)} />);
    getByRole('img', { name: 'auc over 3 versions: version 1 0.8, version 2 0.82 (production), version 3 0.81.' });
    getByText('2 production');
    const [circle, diamond] = [...container.querySelectorAll('.point')];
    assert.ok(diamond!.classList.contains('production'));
    assert.notEqual(circle!.getAttribute('d'), diamond!.getAttribute('d'));
  });

  it('says what matters of a long series', () => {
    const many = Array.from({ length: 40 }, (_, index) => ({
      label: String(index + 1),
      value: Math.abs(index - 20),
      isProduction: index === 30,
    }));
    assert.equal(
      trendText('mae', many),
      'mae over 40 versions: first is version 1 with 20, lowest is version 21 with 0, highest is version 1 with 20, production is version 31 with 10, latest is version 40 with 19.',
    );
  });

  it('marks the version that the page is about by a ring and words, its name before all others', () => {
    const many = Array.from({ length: 90 }, (_, index) => ({
      label: String(index + 1),
      value: index,
      isProduction: index === 40,
      ...(index === 41 ? { isCurrent: true } : {}),
    }));
    const { container, getByText, queryByText, getByRole, rerender } = render(<TrendLine title="auc" points={many} />);
    getByText('42 this version');
    assert.equal(queryByText('41 production'), null);
    const ring = container.querySelector('.ring');
    assert.equal(ring?.parentElement?.querySelector('.point')?.getAttribute('data-version'), '42');
    assert.match(getByRole('img').getAttribute('aria-label') ?? '', /the one of this page is version 42 with 41,/);
    rerender(<TrendLine title="auc" points={[{ label: '1', value: 3, isProduction: true, isCurrent: true }]} />);
    getByText('1 production, this version');
    getByRole('img', { name: 'auc over 1 version: version 1 3 (production, this version).' });
  });

  it('leaves a gap where a version has no value', () => {
    const { container, getByRole } = render(<TrendLine title="auc" points={points(0.8, NaN, 0.9, Infinity)} />);
    assert.equal(container.querySelectorAll('.point').length, 2);
    assert.match(getByRole('img').getAttribute('aria-label') ?? '', /2 without a value/);
    assertDrawable(container);
  });

  for (const [name, values] of Object.entries({
    none: [],
    'only gaps': [NaN],
    one: [3],
    equal: [2, 2, 2],
    zeros: [0, 0],
    huge: [1e308, -1e308],
  })) {
    it(`can be drawn with ${name}`, () => {
      const { container } = render(
        <>
          <TrendLine title="t" points={points(...values)} />
          <Sparkline title="t" points={points(...values)} />
        </>,
      );
      assert.equal(container.querySelectorAll('svg[role=img]').length, 2);
      assertDrawable(container);
    });
  }

  it('shows names from outside without characters that hide or turn text', () => {
    const { getByRole } = render(<Sparkline title={'\u202Eauc'} points={[{ label: '<b>7\u0007', value: 1 }]} />);
    assert.equal(getByRole('img').getAttribute('aria-label'), '\uFFFDauc over 1 version: version <b>7␇ 1.');
  });
});

describe('IntervalPlot', () => {
  const interval = { metric: 'mae', improvement: 0.4, lower: 0.1, upper: 0.7, margin: 0, confidence: 0.95 };

  it('says the difference, its interval, the margin and on which side it lies', () => {
    const { getByRole, rerender, getByText } = render(<IntervalPlot {...interval} />);
    getByRole('img', {
      name: 'mae: improvement +0.4, 95 % interval from +0.1 to +0.7; margin 0. The whole interval lies in “better than production”.',
    });
    getByText('better than production');
    getByText('not better');
    rerender(<IntervalPlot {...interval} margin={0.2} />);
    assert.match(getByRole('img').getAttribute('aria-label') ?? '', /reaches over the margin/);
    rerender(<IntervalPlot {...interval} margin={1} regions={{ beyond: 'kept', below: 'too much lost' }} />);
    assert.match(getByRole('img').getAttribute('aria-label') ?? '', /whole interval lies in “too much lost”/);
  });

  it('draws lines for zero and for the margin', () => {
    const { container } = render(<IntervalPlot {...interval} margin={0.2} />);
    const at = (name: string): number => Number(container.querySelector(`[data-line=${name}]`)!.getAttribute('x1'));
    assert.ok(at('zero') < at('margin'));
  });

  for (const [name, changes] of Object.entries({
    'an open bound': { upper: Infinity },
    'two open bounds': { lower: -Infinity, upper: Infinity },
    'no interval': { lower: NaN, upper: NaN },
    'no difference': { improvement: NaN },
    'an infinite margin': { margin: -Infinity },
    'nothing but zeros': { improvement: 0, lower: 0, upper: 0 },
    'numbers at the end of all numbers': { lower: -1.7e308, upper: 1.7e308 },
    'bounds in the wrong order': { lower: 2, upper: 1 },
  })) {
    it(`can be drawn with ${name}`, () => {
      const { container, getByRole } = render(<IntervalPlot {...interval} {...changes} />);
      assertDrawable(container.querySelector('svg')!.parentElement!.cloneNode(true) as HTMLElement);
      assert.doesNotMatch(getByRole('img').getAttribute('aria-label') ?? '', /NaN|Infinity/);
    });
  }
});

describe('Columns', () => {
  it('says the numbers and leaves empty weeks empty', () => {
    const columns = [1, 0, 12].map((value, index) => ({ label: `11-0${index}`, value }));
    const { getByRole, container } = render(<Columns title="Changes a week" columns={columns} />);
    getByRole('img', { name: 'Changes a week: 11-00 1, 11-02 12; 1 without any.' });
    assert.equal(container.querySelectorAll('.bar').length, 2);
  });

  it('can be drawn without columns', () => {
    const { container } = render(<Columns title="Changes a week" columns={[]} />);
    assertDrawable(container);
  });
});

describe('TimelineStrip', () => {
  const rows = [
    {
      label: 'churn-prod',
      periods: [
        { from: '2026-11-01T00:00:00Z', to: '2026-11-10T00:00:00Z', label: 'churn 6' },
        { from: '2026-11-10T00:00:00Z', label: 'churn 7', note: 'rolled back' },
      ],
    },
  ];
  const span = { title: 'Served', from: '2026-11-01T00:00:00Z', to: '2026-11-21T00:00:00Z' };

  it('says what served from when to when, and marks a moment', () => {
    const { getByRole, container } = render(<TimelineStrip {...span} rows={rows} at="2026-11-05T00:00:00Z" />);
    getByRole('img', {
      name: 'Served. churn-prod: churn 6 from 2026-11-01 00:00 UTC to 2026-11-10 00:00 UTC, churn 7 from 2026-11-10 00:00 UTC on, rolled back.',
    });
    assert.equal(container.querySelectorAll('.bar').length, 2);
    assert.equal(container.querySelectorAll('[data-line=at]').length, 1);
  });

  it('keeps the date that it begins with beside a moment before it', () => {
    const { container } = render(<TimelineStrip {...span} rows={rows} at="1999-01-01T00:00:00Z" />);
    assert.equal(container.querySelectorAll('[data-line=at]').length, 0);
    assert.match(container.textContent, new RegExp(span.from.slice(0, 10)));
    assert.doesNotMatch(container.textContent, /1999/);
  });

  it('can be drawn with nothing, without a span, and with times that are none', () => {
    const odd = [
      {
        label: 'x',
        periods: [
          { from: 'then', label: 'a' },
          { from: span.to, to: span.from, label: 'b' },
        ],
      },
    ];
    for (const [shown, to] of [
      [[], span.to],
      [rows, span.from],
      [odd, span.to],
      [rows, 'never'],
    ] as const) {
      const { container, unmount } = render(<TimelineStrip {...span} to={to} rows={shown} at="?" />);
      assertDrawable(container);
      unmount();
    }
  });
});
