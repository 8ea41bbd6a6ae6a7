import { TaskError } from '../../agent/errors';
import { atItsPlace, contentHash, type LocalAsset } from '../folder';
import { at, isRecord, textAt } from '../../agent/json';
import type { Remote } from '../remote';
import { guidOf } from './guid';

const hashVersion = '202208';

/**
 * Registers a folder (or a single file) as an anonymous code asset and returns its ARM id. Its name comes from the content
 * hash, so the same code is uploaded once in a workspace, whoever uploaded it.
 *
 * Operations: CodeVersions_List with `hash`, CodeVersions_CreateOrGetStartPendingUpload, Put Blob, CodeVersions_CreateOrUpdate.
 */
export async function registerCode(remote: Remote, asset: LocalAsset): Promise<string> {
  const hash = await contentHash(asset);
  return remote.once(`code ${hash}`, () => atItsPlace(asset, () => register(remote, asset, hash)));
}

async function register(remote: Remote, asset: LocalAsset, hash: string): Promise<string> {
  const name = guidOf(hash);
  const versions = `${remote.workspaceId}/codes/${name}/versions`;
  const known = await findByHash(remote, versions, hash);
  if (known !== undefined) return known;
  const { blobUri, sasUri } = await startUpload(remote, `${versions}/1`);
  await remote.upload({ what: 'code', container: sasUri, folder: '', asset, mark: { name, version: '1' } });
  const codeUri = `${blobUri}/${asset.isFolder ? asset.name : ''}`;
  const properties = { hash_sha256: hash, hash_version: hashVersion };
  const made = await remote.put(`${versions}/1`, { properties: { codeUri, isAnonymous: true, properties } });
  return textAt(made, 'id') ?? `${versions}/1`;
}

async function findByHash(remote: Remote, versions: string, hash: string): Promise<string | undefined> {
  const found = at(await remote.get(`${versions}?hash=${hash}&hashVersion=${hashVersion}`), 'value');
  if (!Array.isArray(found)) return undefined;
  const match = found
    .filter(isRecord)
    .find((version) => textAt(version, 'properties', 'properties', 'hash_sha256') === hash);
  return textAt(match, 'id');
}

async function startUpload(remote: Remote, version: string): Promise<{ blobUri: string; sasUri: string }> {
  const answer = await remote.post(`${version}/startPendingUpload`, { pendingUploadType: 'TemporaryBlobReference' });
  const reference = at(answer, 'blobReferenceForConsumption');
  const blobUri = textAt(reference, 'blobUri');
  const sasUri = textAt(reference, 'credential', 'sasUri');
  if (blobUri !== undefined && sasUri !== undefined) return { blobUri: blobUri.replace(/\/+$/, ''), sasUri };
  throw new TaskError(
    'The workspace gave no address to upload code to (startPendingUpload without blobUri or sasUri).',
    "Check that the workspace's storage account exists and is reachable.",
  );
}
