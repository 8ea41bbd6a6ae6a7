import type { Remote } from './remote';

/** A value that is known once something is registered or looked up: an id with a version, the address of an upload. */
export class Later<T = unknown> {
  /** Read twice, as a job's key does, a value is one piece of work: folders are hashed once. */
  private readonly known = new WeakMap<Remote, Promise<T>>();

  /**
   * @param written what the file says, where that means the same whenever it is sent (`azureml:name@latest`); absent where
   * only the outcome says what is meant, as with the content of an upload
   */
  constructor(
    private readonly work: (remote: Remote) => Promise<T>,
    readonly written?: unknown,
  ) {}

  settle(remote: Remote): Promise<T> {
    const known = this.known.get(remote) ?? this.work(remote);
    this.known.set(remote, known);
    return known;
  }

  map<U>(change: (value: T) => U): Later<U> {
    return new Later(async (remote) => change(await this.settle(remote)), this.written);
  }
}

/** A value, now or later. */
export type Soon<T> = T | Later<T>;

export function mapSoon<T, U>(value: Soon<T>, change: (value: T) => U): Soon<U> {
  return value instanceof Later ? value.map(change) : change(value);
}

/**
 * A tree of plain data with everything in it known: each `Later` is carried out, one after the other in the order of the
 * file, so that a failure leaves the least behind and the log reads like the file.
 *
 * @param asWritten references stay as the file has them, so that a newer version behind `@latest` is no other content
 */
export async function settle(value: unknown, remote: Remote, asWritten = false): Promise<unknown> {
  if (value instanceof Later) {
    if (asWritten && value.written !== undefined) return value.written;
    return settle(await value.settle(remote), remote, asWritten);
  }
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value as unknown[]) items.push(await settle(item, remote, asWritten));
    return items;
  }
  if (!isPlainObject(value)) return value;
  const members: [string, unknown][] = [];
  for (const [key, member] of Object.entries(value)) members.push([key, await settle(member, remote, asWritten)]);
  return Object.fromEntries(members);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
