import { randomUUID } from 'node:crypto';
import { TaskError } from '../../agent/errors';
import { atItsPlace, objectHash, type LocalAsset } from '../folder';
import { containerUrl } from '../container';
import type { Remote } from '../remote';

/** The datastore that the clients put local data into. */
export const defaultDatastore = 'workspaceblobstore';

export interface UploadedData {
  /** Object hash of the content. */
  hash: string;
  /** `LocalUpload/{hash}/{name}`: the path in the datastore. */
  path: string;
  /** `https://account.blob…/container/LocalUpload/{hash}/{name}` */
  blobUrl: string;
}

/**
 * Puts a local file or folder into a blob datastore of the workspace at `LocalUpload/{hash}/{name}`, once for the same content.
 *
 * Operations: Datastores_Get, Get Blob Properties, Put Blob.
 *
 * @param markOf name and version that the upload is marked with
 */
export async function uploadData(
  remote: Remote,
  asset: LocalAsset,
  what: string,
  markOf: (hash: string) => { name: string; version: string } = randomMark,
  datastore = defaultDatastore,
): Promise<UploadedData> {
  const hash = await objectHash(asset);
  const container = await atItsPlace(asset, () =>
    remote.once(`container of ${datastore}`, () => containerOf(remote, datastore)),
  );
  const folder = `LocalUpload/${hash}`;
  const path = `${folder}/${asset.name}`;
  await remote.once(`upload ${datastore} ${path}`, () =>
    remote.upload({ what, datastore, container, folder, asset, mark: markOf(hash) }),
  );
  return { hash, path, blobUrl: `${container}/${path.split('/').map(encodeURIComponent).join('/')}` };
}

function randomMark(): { name: string; version: string } {
  return { name: randomUUID(), version: randomUUID() };
}

async function containerOf(remote: Remote, datastore: string): Promise<string> {
  const found = await remote.get(`${remote.workspaceId}/datastores/${datastore}`);
  if (found === undefined) {
    throw new TaskError(`The workspace has no datastore ${datastore}.`, 'Check the name, or make the datastore first.');
  }
  const url = containerUrl(found);
  if (url !== undefined) return url;
  throw new TaskError(
    `Datastore ${datastore} of the workspace is no blob container.`,
    'Local data goes into a datastore of type azure_blob.',
  );
}
