import type { StoredRun } from './model';

/** The times by which builds can be ordered. */
export const orderFields = ['queueTime', 'startTime', 'finishTime'] as const;
export type OrderField = (typeof orderFields)[number];

export interface Entry {
  readonly run: StoredRun;
  /** Milliseconds since 1970; what has no such time yet counts as the newest. */
  readonly time: Readonly<Record<OrderField, number>>;
  readonly groups: readonly string[];
}

const everything = '*';

/**
 * Runs by tag and by pipeline, each kept in the order of a time once somebody has asked for that order: a page of a list then
 * costs what it holds, however many runs there are.
 */
export class RunIndex {
  private readonly entries = new Map<number, Entry>();
  private readonly groups = new Map<string, Set<Entry>>();
  private readonly sorted = new Map<string, Entry[]>();

  /** Takes in a run, or what has changed about it. */
  update(run: StoredRun): void {
    const old = this.entries.get(run.id);
    const entry = entryOf(run);
    if (old && same(old, entry)) return;
    if (old) this.remove(old);
    this.entries.set(run.id, entry);
    for (const group of entry.groups) {
      const members = this.groups.get(group);
      if (members) members.add(entry);
      else this.groups.set(group, new Set([entry]));
      for (const field of orderFields) {
        const list = this.sorted.get(`${field} ${group}`);
        list?.splice(position(list, field, entry.time[field], run.id), 0, entry);
      }
    }
  }

  /**
   * Runs in ascending order of the time, then of the id: those of the smallest of the groups, or all. The caller filters by
   * the rest.
   */
  inOrder(field: OrderField, groups: string[]): readonly Entry[] {
    const size = (group: string): number => this.groups.get(group)?.size ?? 0;
    const group = groups.reduce((best, one) => (size(one) < size(best) ? one : best), everything);
    const key = `${field} ${group}`;
    const known = this.sorted.get(key);
    if (known) return known;
    const list = [...(this.groups.get(group) ?? [])].sort(ascending(field));
    this.sorted.set(key, list);
    return list;
  }

  /** These runs, in the order of the time. */
  pick(ids: number[], field: OrderField): readonly Entry[] {
    const found = [...new Set(ids)].flatMap((id) => this.entries.get(id) ?? []);
    return found.sort(ascending(field));
  }

  private remove(entry: Entry): void {
    for (const group of entry.groups) {
      this.groups.get(group)?.delete(entry);
      for (const field of orderFields) {
        const list = this.sorted.get(`${field} ${group}`);
        list?.splice(position(list, field, entry.time[field], entry.run.id), 1);
      }
    }
  }
}

export function tagGroup(tag: string): string {
  return `tag ${tag.trim().toLowerCase()}`;
}

export function definitionGroup(id: number): string {
  return `definition ${id}`;
}

/** Index of the first entry that is not before (time, id). */
export function position(list: readonly Entry[], field: OrderField, time: number, id: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const one = list[middle];
    if (one && (one.time[field] < time || (one.time[field] === time && one.run.id < id))) low = middle + 1;
    else high = middle;
  }
  return low;
}

function ascending(field: OrderField): (a: Entry, b: Entry) => number {
  return (a, b) => a.time[field] - b.time[field] || a.run.id - b.run.id;
}

function entryOf(run: StoredRun): Entry {
  const at = (text: string | undefined): number => (text === undefined ? Number.MAX_VALUE : Date.parse(text));
  return {
    run,
    time: { queueTime: at(run.queueTime), startTime: at(run.startTime), finishTime: at(run.finishTime) },
    groups: [...new Set([everything, definitionGroup(run.definitionId), ...run.tags.map(tagGroup)])],
  };
}

function same(a: Entry, b: Entry): boolean {
  return (
    a.run === b.run &&
    orderFields.every((field) => a.time[field] === b.time[field]) &&
    a.groups.length === b.groups.length &&
    a.groups.every((group, index) => group === b.groups[index])
  );
}
