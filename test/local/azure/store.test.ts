import fc from 'fast-check';
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JournalStore } from '../../../local/azure/store';

describe('store of the local Azure', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'store-'));
    file = join(folder, 'store.jsonl');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('compares keys ignoring case and keeps the first spelling', () => {
    const store = new JournalStore(file);
    store.set('/subscriptions/S/Jobs/One', { a: 1 });
    store.set('/SUBSCRIPTIONS/s/jobs/one', { a: 2 });
    assert.deepEqual(store.get('/subscriptions/s/jobs/ONE'), { a: 2 });
    assert.deepEqual(store.keys('/subscriptions/s/'), ['/subscriptions/S/Jobs/One']);
  });

  it('gives copies: changing what was read changes nothing', () => {
    const store = new JournalStore(file);
    store.set('k', { list: [1] });
    Object.assign(store.get('k') as object, { list: [] });
    assert.deepEqual(store.get('k'), { list: [1] });
  });

  it('reads back exactly what any sequence of writes and deletions left', () => {
    const key = fc.constantFrom('a', 'A', 'b', 'c/d', 'c/D', 'é "q"');
    const step = fc.oneof(fc.record({ key, value: fc.jsonValue() }), fc.record({ key }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        rmSync(file, { force: true });
        const store = new JournalStore(file);
        for (const one of steps) {
          if ('value' in one) store.set(one.key, one.value);
          else store.delete(one.key);
        }
        const again = new JournalStore(file);
        assert.deepEqual(again.keys(''), store.keys(''));
        for (const one of store.keys('')) assert.deepEqual(again.get(one), store.get(one));
      }),
      { numRuns: 60 },
    );
  });

  it('drops a half-written last line and refuses a damaged one before it', () => {
    new JournalStore(file).set('k', 1);
    appendFileSync(file, '["half", {"a"');
    assert.equal(new JournalStore(file).get('k'), 1);
    appendFileSync(file, '["half", {"a"\n["k",2]\n');
    assert.throws(() => new JournalStore(file), /is damaged; remove its folder/);
  });
});
