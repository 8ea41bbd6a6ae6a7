import { randomUUID } from 'node:crypto';
import { fileHashes, markedFile } from './folder';
import type { PutOptions, Remote, Upload } from './remote';

/** A call that would be made, as `mlops translate` prints it. */
export type PlannedCall =
  { method: 'PUT' | 'POST'; path: string; apiVersion: string; body: unknown } | { upload: PlannedUpload };

export interface PlannedUpload {
  to: string;
  files: { path: string; size: number; sha256: string }[];
  confirm: { on: string; metadata: Record<string, string> };
}

/**
 * A workspace that is not there: it writes down what would be sent. Look-ups are answered as if whatever a file refers to
 * existed in version 1 and nothing had been uploaded before.
 */
export class DryRun implements Remote {
  readonly calls: PlannedCall[] = [];
  private readonly planned = new Map<string, unknown>();
  private readonly results = new Map<string, Promise<unknown>>();

  constructor(
    readonly workspaceId: string,
    readonly location: string,
    private readonly apiVersion: string,
  ) {}

  get(path: string): Promise<unknown> {
    const [resource = ''] = path.split('?');
    return Promise.resolve(this.planned.get(resource.toLowerCase()) ?? answer(resource, this.location));
  }

  put(path: string, body: unknown, options: PutOptions = {}): Promise<unknown> {
    const plain: unknown = JSON.parse(JSON.stringify(body));
    this.calls.push({ method: 'PUT', path, apiVersion: options.apiVersion ?? this.apiVersion, body: plain });
    const [resource = ''] = path.split('?');
    const made = { id: resource, name: resource.split('/').at(-1), ...(plain as Record<string, unknown>) };
    this.planned.set(resource.toLowerCase(), made);
    return Promise.resolve(made);
  }

  post(path: string, body: unknown): Promise<unknown> {
    this.calls.push({ method: 'POST', path, apiVersion: this.apiVersion, body });
    const blobUri = `https://account.blob.core.windows.net/${randomUUID()}`;
    return Promise.resolve({ blobReferenceForConsumption: { blobUri, credential: { sasUri: blobUri } } });
  }

  async upload({ container, folder, asset, mark }: Upload): Promise<void> {
    const prefix = asset.isFolder ? `${asset.name}/` : '';
    const hashes = await fileHashes(asset);
    const files = asset.files.map(({ path, size }, index) => ({
      path: prefix + path,
      size,
      sha256: hashes[index] ?? '',
    }));
    const metadata = { ...mark, upload_status: 'completed' };
    const on = prefix + (markedFile(asset.files)?.path ?? asset.name);
    this.calls.push({
      upload: { to: folder === '' ? container : `${container}/${folder}`, files, confirm: { on, metadata } },
    });
  }

  once<T>(key: string, work: () => Promise<T>): Promise<T> {
    const known = this.results.get(key) ?? work();
    this.results.set(key, known);
    return known as Promise<T>;
  }
}

/** What the workspace would answer to a look-up. */
function answer(resource: string, location: string): unknown {
  if (/\/codes\/[^/]+\/versions$/.test(resource)) return { value: [] };
  if (/\/datastores\/[^/]+$/.test(resource))
    return { properties: { accountName: 'account', containerName: 'container' } };
  if (/\/computes\/[^/]+$/.test(resource)) return { properties: { computeType: 'AmlCompute' } };
  if (/\/(?:onlineEndpoints|batchEndpoints)\/[^/]+$/.test(resource)) return { location, properties: {} };
  const deployment = /^(.+)\/onlineEndpoints\/([^/]+)\/deployments\/([^/]+)$/.exec(resource);
  if (deployment) return { location, properties: { dataCollector: { collections: collections(deployment.slice(1)) } } };
  // A new asset gets version 1, and 1 is the latest of whatever is there.
  return { properties: { latestVersion: '1', nextVersion: '1' } };
}

/** Every deployment collects what goes in and what comes out. */
function collections([workspace = '', endpoint = '', deployment = '']: string[]): Record<string, unknown> {
  return Object.fromEntries(
    ['model_inputs', 'model_outputs'].map((name) => {
      const dataId = `${workspace}/data/${endpoint}-${deployment}-${name}/versions/1`;
      return [name, { dataCollectionMode: 'Enabled', dataId }];
    }),
  );
}
