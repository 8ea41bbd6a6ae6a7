import assert from 'node:assert/strict';
import fc from 'fast-check';

import { effective, isWithin, merged, pathOf, sameToken } from '../../../local/devops/access-control';
import type { AccessList } from '../../../local/devops/model';

const subjects = ['me', 'team', 'everybody'];
const tokens = ['p', 'p/a', 'p/a/b', 'p/a/b/7', 'p/c'];
const mask = fc.integer({ min: 0, max: 15 });
const entry = fc.record({ identity: fc.constantFrom(...subjects, 'stranger'), allow: mask, deny: mask });
const lists: fc.Arbitrary<AccessList[]> = fc.uniqueArray(
  fc.record({
    namespace: fc.constant('build' as const),
    token: fc.constantFrom(...tokens),
    inherits: fc.boolean(),
    entries: fc.array(entry, { maxLength: 4 }),
  }),
  { selector: (list) => list.token },
);
const token = fc.constantFrom(...tokens, 'p/a/b/7/none', 'q');
const mine = new Set(subjects);

/** One bit, from the root down: what a level says replaces what came from above; a level that does not inherit starts anew. */
function decided(all: AccessList[], at: string, bit: number): 'allow' | 'deny' | undefined {
  let state: 'allow' | 'deny' | undefined;
  for (const step of pathOf(at).reverse()) {
    const list = all.find((one) => one.token === step);
    if (!list) continue;
    if (!list.inherits) state = undefined;
    const own = list.entries.filter((one) => mine.has(one.identity));
    if (own.some((one) => one.deny & bit)) state = 'deny';
    else if (own.some((one) => one.allow & bit)) state = 'allow';
  }
  return state;
}

describe('access control lists', () => {
  it('decide every bit at the nearest level that says something, a deny before an allow', () => {
    fc.assert(
      fc.property(lists, token, (all, at) => {
        const found = effective(all, at, mine);
        for (const bit of [1, 2, 4, 8]) {
          const wanted = decided(all, at, bit);
          assert.equal((found.allow & bit) !== 0, wanted === 'allow');
          assert.equal((found.deny & bit) !== 0, wanted === 'deny');
        }
      }),
    );
  });

  it('are not changed by entries of strangers', () => {
    fc.assert(
      fc.property(lists, token, (all, at) => {
        const without = all.map((list) => ({
          ...list,
          entries: list.entries.filter((one) => one.identity !== 'stranger'),
        }));
        assert.deepEqual(effective(all, at, mine), effective(without, at, mine));
      }),
    );
  });

  it('let a deny at the token itself win over every group and every level above', () => {
    fc.assert(
      fc.property(lists, fc.constantFrom(...tokens), mask, fc.constantFrom(...subjects), (all, at, deny, identity) => {
        const own = all.find((one) => one.token === at) ?? {
          namespace: 'build' as const,
          token: at,
          inherits: true,
          entries: [],
        };
        const changed = { ...own, entries: [...own.entries, { identity, allow: 0, deny }] };
        const found = effective([...all.filter((one) => one.token !== at), changed], at, mine);
        assert.equal(found.allow & deny, 0);
        assert.equal(found.deny & deny, deny);
      }),
    );
  });

  it('merge an entry so that it holds afterwards and leaves the other bits alone', () => {
    fc.assert(
      fc.property(mask, mask, mask, mask, (allow, rawDeny, newAllow, rawNewDeny) => {
        const known = { allow, deny: rawDeny & ~allow };
        const change = { allow: newAllow, deny: rawNewDeny & ~newAllow };
        const next = merged(known, change);
        const named = change.allow | change.deny;
        assert.deepEqual([next.allow & named, next.deny & named], [change.allow, change.deny]);
        assert.deepEqual([next.allow & ~named, next.deny & ~named], [known.allow & ~named, known.deny & ~named]);
        assert.equal(next.allow & next.deny, 0);
        assert.deepEqual(merged(next, change), next);
      }),
    );
  });

  it('compare tokens ignoring case and outer slashes, and keep a project token whole', () => {
    assert.ok(sameToken('P/A/', 'p/a'));
    assert.ok(isWithin('p/team-a/7', 'P/Team-A'));
    assert.ok(!isWithin('p/team-ab', 'p/team-a'));
    assert.deepEqual(pathOf('p/a/7'), ['p/a/7', 'p/a', 'p']);
    assert.deepEqual(pathOf('$PROJECT:vstfs:///Classification/TeamProject/x'), [
      '$PROJECT:vstfs:///Classification/TeamProject/x',
    ]);
  });
});
