import type { AccessList } from './model';

/** The rules by which the service reads access control lists. No input or output here. */

/** What a set of identities may do at a token, and where each bit was decided. */
export interface Effective {
  allow: number;
  deny: number;
}

/**
 * Tokens from the one asked for up to the root of its namespace: `p/a/b` → `p/a/b`, `p/a`, `p`. A project's own token
 * (`$PROJECT:vstfs:///…`) has no parents although it is full of slashes.
 */
export function pathOf(token: string): string[] {
  if (token.startsWith('$')) return [token];
  const parts = token.split('/').filter((part) => part !== '');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
}

/** Tokens are compared ignoring case and a slash at either end. */
export function sameToken(a: string, b: string): boolean {
  return plain(a) === plain(b);
}

/** Whether `token` is `ancestor` or lies below it. */
export function isWithin(token: string, ancestor: string): boolean {
  return plain(token) === plain(ancestor) || plain(token).startsWith(`${plain(ancestor)}/`);
}

/**
 * Each bit is decided at the nearest token that has an entry for it, by any of the subjects; there a deny counts before an
 * allow. A list that does not inherit ends the search. A bit that nothing decides is in neither mask: not allowed.
 */
export function effective(lists: AccessList[], token: string, subjects: ReadonlySet<string>): Effective {
  const result: Effective = { allow: 0, deny: 0 };
  for (const step of pathOf(token)) {
    const list = lists.find((one) => sameToken(one.token, step));
    if (!list) continue;
    const entries = list.entries.filter((entry) => subjects.has(entry.identity));
    const open = ~(result.allow | result.deny);
    const deny = entries.reduce((mask, entry) => mask | entry.deny, 0);
    const allow = entries.reduce((mask, entry) => mask | entry.allow, 0) & ~deny;
    result.allow |= allow & open;
    result.deny |= deny & open;
    if (!list.inherits) break;
  }
  return result;
}

/** An entry written over a known one: the bits it names move to where it says, the others stay. */
export function merged(known: Effective, change: Effective): Effective {
  return {
    allow: change.allow | (known.allow & ~change.deny),
    deny: change.deny | (known.deny & ~change.allow),
  };
}

function plain(token: string): string {
  return token.replace(/^\/+|\/+$/g, '').toLowerCase();
}
