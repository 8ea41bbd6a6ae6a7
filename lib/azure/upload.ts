import { eachOf } from '../agent/each-of';
import { markedFile } from '../assets/folder';
import { checkUnchanged, type LocalFile } from '../assets/read-files';
import type { Azure } from './azure';
import { blobUrl, isBlobError, splitQuery, type BlobTarget } from './blob';
import { AzureError } from './errors';
import { listBlobs, type ListedBlob } from './list-blobs';
import { blockSize, putFile, type PutFileOptions } from './put-file';

const parallelFiles = 8;

/** Metadata that the Azure ML clients leave on the first file once an upload is complete. */
export interface UploadMark {
  name: string;
  version: string;
}

/** What an upload has done so far. */
export interface UploadProgress {
  files: number;
  bytes: number;
}

/**
 * Uploads files below `prefix` of a container. The marked file goes last: it is there only when the whole upload is. Where the storage account
 * allows no shared keys, and so no SAS, the identity's own token is used. What an upload that was cut off has left at a place of the token is
 * not sent again; a SAS is for a place that nobody has written to.
 *
 * @param progress counts what is there
 * @throws TaskError when a file is not as it was listed; AzureError as the blob service answered
 */
export async function uploadFiles(
  azure: Azure,
  container: BlobTarget,
  prefix: string,
  files: readonly LocalFile[],
  mark: UploadMark,
  progress: UploadProgress = { files: 0, bytes: 0 },
): Promise<void> {
  const marked = markedFile(files);
  if (!marked) return;
  const to = async (target: BlobTarget, left?: ReadonlyMap<string, string>): Promise<void> => {
    Object.assign(progress, { files: 0, bytes: 0 });
    const send = async (file: LocalFile, options: PutFileOptions): Promise<void> => {
      const arrived = (bytes: number): void => void (progress.bytes += bytes);
      await putFile(azure.http, { ...target, url: blobUrl(target.url, prefix + file.path) }, file, {
        ...options,
        arrived,
      });
      progress.files += 1;
    };
    await sendAll(
      files.filter((file) => file !== marked),
      (file) => send(file, { resumes: left && { md5: left.get(prefix + file.path) } }),
    );
    // The mark says that all is there as it was hashed, and is metadata of a blob that is written anew.
    files.forEach(checkUnchanged);
    await send(marked, {
      resumes: left && {},
      metadata: { name: mark.name, version: mark.version, upload_status: 'completed' },
    });
  };
  try {
    const there = container.resource === undefined ? undefined : await whatIsLeft(azure, container, prefix);
    await to(container, there && new Map(there.map(({ name, md5 }) => [name, md5])));
  } catch (error) {
    if (container.resource !== undefined || !isBlobError(error, 'KeyBasedAuthenticationNotPermitted')) throw error;
    await to({ url: splitQuery(container.url)[0], resource: azure.cloud.resources.storage });
  }
}

/** Who may write need not be allowed to list (a folder's access list of an account with a hierarchical namespace): then all is sent. */
async function whatIsLeft(azure: Azure, container: BlobTarget, prefix: string): Promise<ListedBlob[]> {
  try {
    return await listBlobs(azure.http, container, prefix);
  } catch (error) {
    if (error instanceof AzureError && error.status === 403) return [];
    throw error;
  }
}

/** Small files side by side, large ones in turn: their blocks go side by side. */
async function sendAll(files: readonly LocalFile[], send: (file: LocalFile) => Promise<void>): Promise<void> {
  await eachOf(
    files.filter(({ size }) => size <= blockSize),
    parallelFiles,
    send,
  );
  await eachOf(
    files.filter(({ size }) => size > blockSize),
    1,
    send,
  );
}
