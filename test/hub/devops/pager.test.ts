import assert from 'node:assert/strict';
import fc from 'fast-check';
import { firstCursor, pageOf, type Cursor } from '../../../hub/devops/pager';

interface Item {
  id: number;
  time: string;
}

/** How a service may behave, as far as it is documented. */
interface Behaviour {
  header: 'readable' | 'unreadable' | 'loops';
  /** Whether `maxTime` includes itself. */
  inclusive: boolean;
}

const base = Date.parse('2026-11-20T09:00:00Z');

function serviceOf(items: readonly Item[], { header, inclusive }: Behaviour) {
  const sorted = [...items].sort((a, b) => Date.parse(b.time) - Date.parse(a.time) || b.id - a.id);
  return ({ top, maxTime, continuationToken }: Cursor): { value: Item[]; continuationToken?: string } => {
    const limit = maxTime === undefined ? Infinity : Date.parse(maxTime);
    const matching = sorted.filter(({ time }) => (inclusive ? Date.parse(time) <= limit : Date.parse(time) < limit));
    const start = header === 'readable' ? Number(continuationToken ?? 0) : 0;
    const value = matching.slice(start, start + top);
    const isMore = start + top < matching.length;
    if (header === 'unreadable' || !isMore) return { value };
    return { value, continuationToken: header === 'readable' ? String(start + top) : 'again' };
  };
}

function readAll(items: readonly Item[], behaviour: Behaviour, top: number): { ids: number[]; requests: number } {
  const ask = serviceOf(items, behaviour);
  const ids: number[] = [];
  let requests = 0;
  for (let cursor: Cursor | undefined = firstCursor(top); cursor !== undefined; requests += 1) {
    assert.ok(requests < 2000, 'it never ends');
    const page: { items: Item[]; next?: Cursor } = pageOf(ask(cursor), cursor, new Set(ids), {
      top,
      id: ({ id }) => id,
      time: ({ time }) => time,
    });
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.next;
  }
  return { ids, requests };
}

const behaviours = fc.record<Behaviour>({
  header: fc.constantFrom('readable', 'unreadable', 'loops'),
  inclusive: fc.boolean(),
});

/** Few different instants, so that many runs share one. */
const lists = fc
  .array(fc.nat({ max: 12 }), { maxLength: 60 })
  .map((offsets) => offsets.map((offset, id): Item => ({ id, time: new Date(base + offset).toISOString() })));

describe('the pager', () => {
  it('gives every run once, with and without the header, also when many were queued in the same instant', () => {
    fc.assert(
      fc.property(lists, behaviours, fc.integer({ min: 1, max: 9 }), (items, behaviour, top) => {
        const { ids } = readAll(items, behaviour, top);
        assert.equal(new Set(ids).size, ids.length, 'a run came twice');
        assert.equal(ids.length, items.length, 'a run was lost');
      }),
      { seed: 4, numRuns: 400 },
    );
  });

  it('keeps the order of the service', () => {
    const items = Array.from({ length: 30 }, (_, id) => ({ id, time: new Date(base + id * 1000).toISOString() }));
    for (const header of ['readable', 'unreadable', 'loops'] as const) {
      const { ids } = readAll(items, { header, inclusive: true }, 7);
      assert.deepEqual(ids, items.map(({ id }) => id).reverse());
    }
  });

  it('asks no more than it must', () => {
    const items = Array.from({ length: 20 }, (_, id) => ({ id, time: new Date(base + id * 1000).toISOString() }));
    assert.equal(readAll(items, { header: 'readable', inclusive: true }, 10).requests, 2);
    assert.equal(readAll(items.slice(0, 9), { header: 'unreadable', inclusive: true }, 10).requests, 1);
  });

  it('asks for times of the service’s precision without losing what its own clock rounds away', () => {
    const value = [{ id: 1, time: '2026-11-20T09:00:00.1275996Z' }];
    const { next } = pageOf({ value }, firstCursor(1), new Set(), {
      top: 1,
      id: ({ id }) => id,
      time: ({ time }) => time,
    });
    assert.equal(next?.maxTime, '2026-11-20T09:00:00.128Z');
  });
});
