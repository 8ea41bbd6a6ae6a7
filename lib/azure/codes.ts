import type { Agent } from '../agent/agent';
import { TaskError } from '../agent/errors';
import { contentHash, listAsset } from '../assets/folder';
import type { Azure } from './azure';
import { protectSas, uploadFiles } from './blob';
import { at, isRecord, textAt } from '../agent/json';
import { mlApiVersion } from './workspace';

const hashVersion = '202208';

/**
 * Uploads a folder (or a single file) as an anonymous code asset and returns its ARM id. The asset's name comes from the
 * content hash, so the same code is uploaded once in a workspace, whoever uploaded it.
 *
 * Operations: CodeVersions_List with `hash`, CodeVersions_CreateOrGetStartPendingUpload, Put Blob, CodeVersions_CreateOrUpdate.
 *
 * @throws TaskError for a folder that is missing, empty, or holds a symbolic link
 */
export async function uploadCode(azure: Azure, agent: Agent, folder: string): Promise<string> {
  const asset = listAsset(folder, 'code');
  const hash = await contentHash(asset);
  const name = guidOf(hash);
  const container = `${azure.workspace.id}/codes/${name}`;
  const known = await findByHash(azure, container, hash);
  if (known !== undefined) {
    agent.print(`Code ${asset.name}: unchanged, code asset ${name} is used again.`);
    return known;
  }
  const total = asset.files.reduce((sum, file) => sum + file.size, 0);
  agent.print(`Uploading code ${asset.name}: ${asset.files.length} files, ${kilobytes(total)} …`);
  const version = `${container}/versions/1`;
  const upload = await startUpload(azure, agent, version);
  await uploadFiles(azure, { url: upload.sasUri }, asset.isFolder ? `${asset.name}/` : '', asset.files, {
    name,
    version: '1',
  });
  const codeUri = `${upload.blobUri}/${asset.isFolder ? asset.name : ''}`;
  const answer = await azure.arm.put(version, mlApiVersion, codeBody(codeUri, hash));
  return textAt(answer.body, 'id') ?? version;
}

/** First 32 hexadecimal digits of the hash, written as a GUID. */
function guidOf(hash: string): string {
  return hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

async function findByHash(azure: Azure, container: string, hash: string): Promise<string | undefined> {
  const found = await azure.arm.getIfExists(
    `${container}/versions?hash=${hash}&hashVersion=${hashVersion}`,
    mlApiVersion,
  );
  const versions = at(found, 'value');
  if (!Array.isArray(versions)) return undefined;
  const match = versions
    .filter(isRecord)
    .find((version) => textAt(version, 'properties', 'properties', 'hash_sha256') === hash);
  return textAt(match, 'id');
}

async function startUpload(azure: Azure, agent: Agent, version: string): Promise<{ blobUri: string; sasUri: string }> {
  const body = { pendingUploadType: 'TemporaryBlobReference' };
  // An address that is given out twice is used once.
  const answer = await azure.arm.post(`${version}/startPendingUpload`, mlApiVersion, body, { idempotent: true });
  const reference = at(answer.body, 'blobReferenceForConsumption');
  const blobUri = textAt(reference, 'blobUri');
  const sasUri = textAt(reference, 'credential', 'sasUri');
  if (blobUri === undefined || sasUri === undefined) {
    throw new TaskError(
      'The workspace gave no address to upload code to (startPendingUpload without blobUri or sasUri).',
      "Check that the workspace's storage account exists and is reachable.",
    );
  }
  protectSas(agent, sasUri);
  return { blobUri: blobUri.replace(/\/+$/, ''), sasUri };
}

function codeBody(codeUri: string, hash: string): unknown {
  return { properties: { codeUri, isAnonymous: true, properties: { hash_sha256: hash, hash_version: hashVersion } } };
}

function kilobytes(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
