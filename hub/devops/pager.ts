import type { Answer } from './client';

/** Where the next page starts. */
export interface Cursor {
  continuationToken?: string;
  /** Used where the browser may not read the service's token: everything queued up to here. */
  maxTime?: string;
  top: number;
  /** How many cursors in a row brought nothing new. */
  stalled: number;
}

export interface Page<T> {
  /** In the order of the answer; none that an earlier page had. */
  items: T[];
  /** Absent when there is no more. */
  next?: Cursor;
}

export interface PageRules<T> {
  top: number;
  id(item: T): number;
  /** ISO 8601; what the answer is ordered by, newest first. */
  time(item: T): string;
}

/** The largest page that is asked for when many runs were queued in the same instant. */
const largestTop = 5000;

/**
 * Makes a page out of an answer and decides how to go on.
 *
 * The service names the next page in a header that a browser often may not read. Without it, a full page means that there may
 * be more: ask again for everything queued up to the last time, and drop what is known. One millisecond is added because
 * times are finer than what `Date` keeps and because it is not documented whether the limit includes itself. When nothing
 * new comes (more runs in that instant than fit on a page, or a token that leads back), the page grows.
 */
export function pageOf<T>(
  answer: Answer<T[]>,
  cursor: Cursor,
  seen: ReadonlySet<number>,
  rules: PageRules<T>,
): Page<T> {
  const known = new Set(seen);
  const items = answer.value.filter((item) => {
    const isNew = !known.has(rules.id(item));
    known.add(rules.id(item));
    return isNew;
  });
  const stalled = items.length > 0 ? 0 : cursor.stalled + 1;
  const { continuationToken } = answer;
  if (continuationToken !== undefined && continuationToken !== cursor.continuationToken && stalled === 0) {
    return { items, next: { continuationToken, top: rules.top, stalled } };
  }
  // Whoever could read one token can read that there is no further one.
  if (cursor.continuationToken !== undefined && continuationToken === undefined) return { items };
  const isFull = answer.value.length >= cursor.top;
  const last = answer.value.at(-1);
  if (last === undefined || (!isFull && continuationToken === undefined)) return { items };
  const top = stalled === 0 ? rules.top : Math.min(cursor.top * 2, largestTop);
  if (stalled > 0 && cursor.top >= largestTop) return { items };
  return { items, next: { maxTime: oneMillisecondLater(rules.time(last)), top, stalled } };
}

export function firstCursor(top: number): Cursor {
  return { top, stalled: 0 };
}

function oneMillisecondLater(isoTime: string): string {
  return new Date(Date.parse(isoTime) + 1).toISOString();
}
