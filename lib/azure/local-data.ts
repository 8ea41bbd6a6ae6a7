import { randomUUID } from 'node:crypto';
import type { Agent } from '../agent/agent';
import { TaskError } from '../agent/errors';
import { listAsset, markedFile, objectHash } from '../assets/folder';
import type { Azure } from './azure';
import { blobHead, blobUrl, uploadFiles, type UploadMark } from './blob';
import { AzureError } from './errors';
import { at, textAt } from '../agent/json';
import { mlApiVersion } from './workspace';

/** The datastore that the clients put local data into. */
const datastore = 'workspaceblobstore';

export interface UploadedData {
  /** Object hash of the content. */
  hash: string;
  isFolder: boolean;
  /** `azureml://datastores/workspaceblobstore/paths/LocalUpload/{hash}/{name}` */
  uri: string;
  /** `https://account.blob…/container/LocalUpload/{hash}/{name}` */
  blobUrl: string;
}

/**
 * Puts a local file or folder into the workspace's blob datastore at `LocalUpload/{hash}/{name}`, once for the same
 * content. With the identity's own token: the account's keys are never asked for, so the identity needs the role Storage
 * Blob Data Contributor on that container.
 *
 * Operations: Datastores_Get, Get Blob Properties, Put Blob.
 */
export async function uploadData(
  azure: Azure,
  agent: Agent,
  root: string,
  what: string,
  markOf: (hash: string) => UploadMark = () => ({ name: randomUUID(), version: randomUUID() }),
): Promise<UploadedData> {
  const asset = listAsset(root, what);
  const hash = await objectHash(asset);
  const target = {
    url: blobUrl(await containerUrl(azure), `LocalUpload/${hash}`),
    resource: azure.cloud.resources.storage,
  };
  const prefix = asset.isFolder ? `${asset.name}/` : '';
  const first = markedFile(asset.files)?.path ?? asset.name;
  const uploaded: UploadedData = {
    hash,
    isFolder: asset.isFolder,
    uri: `azureml://datastores/${datastore}/paths/LocalUpload/${hash}/${asset.name}`,
    blobUrl: blobUrl(target.url, asset.name),
  };
  try {
    const metadata = await blobHead(azure.http, blobUrl(target.url, prefix + first), target.resource);
    if (metadata?.['x-ms-meta-upload_status'] === 'completed') {
      agent.print(`${what}: ${asset.name} is unchanged and not uploaded again.`);
      return uploaded;
    }
    agent.print(`${what}: uploading ${asset.name}, ${asset.files.length} file(s) …`);
    await uploadFiles(azure, target, prefix, asset.files, markOf(hash));
  } catch (error) {
    throw withRole(error, target.url);
  }
  return uploaded;
}

/** `https://account.blob.core.windows.net/container`, as the datastore says. */
async function containerUrl(azure: Azure): Promise<string> {
  const found = at(await azure.arm.get(`${azure.workspace.id}/datastores/${datastore}`, mlApiVersion), 'properties');
  const [account, container] = [textAt(found, 'accountName'), textAt(found, 'containerName')];
  if (account === undefined || container === undefined) {
    throw new TaskError(`Datastore ${datastore} of workspace ${azure.workspace.name} is no blob container.`);
  }
  const protocol = textAt(found, 'protocol') ?? 'https';
  return `${protocol}://${account}.blob.${textAt(found, 'endpoint') ?? 'core.windows.net'}/${container}`;
}

function withRole(error: unknown, url: string): unknown {
  if (!(error instanceof AzureError) || error.status !== 403) return error;
  return new TaskError(
    error.message,
    `Give the identity of the service connection the role Storage Blob Data Contributor on the container of ${url}, or refer to data that is in the cloud already.`,
    { cause: error },
  );
}
