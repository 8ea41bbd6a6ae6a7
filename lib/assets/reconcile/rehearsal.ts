import { isRecord, textAt } from '../../agent/json';
import type { Remote } from '../remote';

/** Reads a resource; `undefined` when there is none. */
export type Look = (path: string, apiVersion?: string) => Promise<unknown>;

/**
 * A workspace in which nothing is changed: what would be made is remembered, and found by those who look for it afterwards.
 * Nothing is uploaded; where an upload would lie follows from its content.
 */
export class Rehearsal implements Remote {
  private readonly planned = new Map<string, unknown>();
  private readonly created: string[] = [];
  private readonly results = new Map<string, Promise<unknown>>();
  /** Containers whose next version the file asked for: it names none. */
  private readonly unnumbered = new Set<string>();

  /** @param isMissing the workspace does not exist: whatever is looked for in it does not either */
  constructor(
    readonly workspaceId: string,
    readonly location: string,
    private readonly look: Look,
    private readonly isMissing = false,
  ) {}

  async get(path: string): Promise<unknown> {
    const [resource = ''] = path.split('?');
    const made = this.planned.get(resource.toLowerCase());
    if (made !== undefined) return made;
    return this.existing(path);
  }

  /** The resource as it is now, whatever is planned for it. */
  async existing(path: string, apiVersion?: string): Promise<unknown> {
    if (this.isBelowNew(path)) return undefined;
    if (!this.isMissing) return this.look(path, apiVersion);
    // The service gives every new workspace this datastore.
    return path.endsWith('/datastores/workspaceblobstore')
      ? { properties: { accountName: 'account', containerName: 'container' } }
      : undefined;
  }

  put(path: string, body: unknown): Promise<unknown> {
    const [resource = ''] = path.split('?');
    const plain: unknown = JSON.parse(JSON.stringify(body));
    const made = { ...(isRecord(plain) ? plain : {}), id: resource, name: resource.split('/').at(-1) };
    this.planned.set(resource.toLowerCase(), made);
    const [, container, version] = /^(.+)\/versions\/([^/]+)$/.exec(resource) ?? [];
    if (container !== undefined && version !== undefined) {
      this.planned.set(container.toLowerCase(), { properties: { latestVersion: version } });
    }
    return Promise.resolve(made);
  }

  post(path: string): Promise<unknown> {
    const blobUri = `https://account.blob.core.windows.net/${path.split('/').at(-4) ?? ''}`;
    return Promise.resolve({ blobReferenceForConsumption: { blobUri, credential: { sasUri: blobUri } } });
  }

  upload(): Promise<void> {
    return Promise.resolve();
  }

  once<T>(key: string, work: () => Promise<T>): Promise<T> {
    if (key.startsWith(nextKey(''))) this.unnumbered.add(key);
    const known = this.results.get(key) ?? work();
    this.results.set(key, known);
    return known as Promise<T>;
  }

  /** What is to be made anew: nothing can be below it yet. */
  create(path: string): void {
    this.created.push(`${path.split('?')[0]?.toLowerCase() ?? ''}/`);
  }

  private isBelowNew(path: string): boolean {
    return this.created.some((one) => path.toLowerCase().startsWith(one));
  }

  /** Another file is read from here on. */
  begin(): void {
    this.unnumbered.clear();
  }

  /** Did the file leave the version of this asset to the workspace? */
  isUnnumbered(container: string): boolean {
    return this.unnumbered.has(nextKey(container));
  }
}

/** Under this key the next version of an asset is asked for, once. */
const nextKey = (container: string): string => `next ${container}`;

/** Makes the version of an asset that a file leaves open the one that was planned. */
export async function pinVersion(remote: Remote, versionPath: string): Promise<void> {
  const [, container, version] = /^(.+)\/versions\/([^/]+)$/.exec(versionPath) ?? [];
  if (container === undefined || version === undefined) return;
  await remote.once(nextKey(container), () => Promise.resolve(version));
}

/** The newest version of an asset, `undefined` when there is none. */
export async function newestVersion(rehearsal: Rehearsal, container: string): Promise<string | undefined> {
  const found = await rehearsal.existing(container);
  if (found === undefined) return undefined;
  const latest = textAt(found, 'properties', 'latestVersion');
  if (latest !== undefined) return latest;
  const list = await rehearsal.existing(`${container}/versions?$orderBy=createdtime%20desc&$top=1`);
  const versions = isRecord(list) ? list['value'] : undefined;
  return Array.isArray(versions) ? textAt(versions[0], 'name') : undefined;
}
