import type { LocalAsset } from '../folder';
import type { Remote } from '../remote';
import { defaultDatastore, uploadData } from './data';
import { nextVersion } from './versions';

/** A data asset that a file defines, in the service's members. */
export interface DataDefinition {
  /** Local files, or the address of what is in the cloud already. */
  source: LocalAsset | string;
  /** Datastore that local files are uploaded to. */
  datastore?: string;
  dataType: string;
  description?: string;
  tags: Record<string, string>;
  /** The paths that an MLTable names. */
  referencedUris?: string[];
  autoDeleteSetting?: { condition?: string; value?: string };
}

/**
 * The resource of a data asset, its local files uploaded. One without a version is the next.
 *
 * Operations: DataContainers_Get (for the next version), Datastores_Get, Get Blob Properties, Put Blob.
 *
 * @returns path and body of DataVersions_CreateOrUpdate
 */
export async function dataResource(
  remote: Remote,
  { source, datastore = defaultDatastore, ...members }: DataDefinition,
  named: { name: string; version?: string; isAnonymous?: boolean },
): Promise<{ path: string; body: unknown }> {
  const { name, isAnonymous = false } = named;
  const container = `${remote.workspaceId}/data/${name}`;
  const version = named.version ?? (await remote.once(`next ${container}`, () => nextVersion(remote, container)));
  const dataUri = typeof source === 'string' ? source : await uploadedUri(remote, source, datastore, named);
  return {
    path: `${container}/versions/${version}`,
    body: { properties: { ...members, dataUri, properties: {}, isAnonymous, isArchived: false } },
  };
}

/** The Python SDK uploads before it asks for the next version, and marks the upload with its word for nothing. */
async function uploadedUri(
  remote: Remote,
  source: LocalAsset,
  datastore: string,
  { name, version = 'None' }: { name: string; version?: string },
): Promise<string> {
  const { path } = await uploadData(remote, source, 'data', () => ({ name, version }), datastore);
  return `azureml://datastores/${datastore}/paths/${path}`;
}
