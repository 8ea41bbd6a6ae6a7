import type { LocalAsset } from './folder';

/**
 * Where a translated file goes: a workspace, or a list of the calls that would be made. Paths start with
 * `/subscriptions/…` and are without api-version.
 */
export interface Remote {
  /** ARM id of the workspace. */
  readonly workspaceId: string;
  /** Region of the workspace. */
  readonly location: string;
  /** What was registered and uploaded so far, in words; absent where nothing ever is. */
  readonly made?: readonly string[];
  /** The resource; `undefined` for 404. */
  get(path: string): Promise<unknown>;
  /** Creates or updates a resource and waits for its end; returns it. */
  put(path: string, body: unknown, options?: PutOptions): Promise<unknown>;
  /** Waits until nobody is at work on a resource; returns it as it is then, also failed, `undefined` when it is gone. */
  rest?(path: string, options?: PutOptions): Promise<unknown>;
  /** An address that may be asked for twice. */
  post(path: string, body: unknown): Promise<unknown>;
  /** Puts an asset's files where they are not yet. */
  upload(upload: Upload): Promise<void>;
  /** The result of the first call with this key: what two places of a file need is made once. */
  once<T>(key: string, work: () => Promise<T>): Promise<T>;
}

export interface PutOptions {
  apiVersion?: string;
  /** What is being made, in words: for progress. */
  what?: string;
}

export interface Upload {
  /** What is uploaded, in words: `code`, `input data`. */
  what: string;
  /** `https://account.blob…/container`, with the SAS as its query where there is one. */
  container: string;
  /** The datastore that the container belongs to; absent where the service lends one. */
  datastore?: string;
  /** Folder in the container, '' for its root. */
  folder: string;
  asset: LocalAsset;
  /** Left on the first file once all are there; found there, nothing is uploaded. */
  mark: { name: string; version: string };
}
