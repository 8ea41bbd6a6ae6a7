import { createHash } from 'node:crypto';
import { textAt } from '../../agent/json';
import { objectHash, type LocalAsset } from '../folder';
import type { Remote } from '../remote';
import { defaultDatastore, uploadData } from './data';
import { nextVersion } from './versions';

/** A model that a file defines, in the service's members. */
export interface ModelDefinition {
  /** Local files, or the address of what is in the cloud already (`azureml://…`, `runs:/…`). */
  source: LocalAsset | string;
  /** Datastore that local files are uploaded to. */
  datastore?: string;
  modelType: string;
  description?: string;
  tags: Record<string, string>;
  properties: Record<string, string>;
  stage?: string;
  flavors?: Record<string, { data: unknown }>;
  defaultDeploymentTemplate?: { assetId?: string };
  allowedDeploymentTemplates?: { assetId?: string }[];
}

export interface AssetName {
  name: string;
  version?: string;
}

/** Registers a model and returns its ARM id. Operations: those of `modelResource`, ModelVersions_CreateOrUpdate. */
export async function registerModel(remote: Remote, definition: ModelDefinition, named?: AssetName): Promise<string> {
  const { path, body } = await modelResource(remote, definition, named);
  return remote.once(`model ${path}`, async () => {
    return textAt(await remote.put(path, body, { what: `model ${path.split('/').at(-3) ?? ''}` }), 'id') ?? path;
  });
}

/**
 * The resource of a model, its local files uploaded. One without a name is the anonymous model named by its content; one
 * without a version is the next.
 *
 * Operations: ModelContainers_Get (for the next version), Datastores_Get, Get Blob Properties, Put Blob.
 */
export async function modelResource(
  remote: Remote,
  definition: ModelDefinition,
  named?: AssetName,
): Promise<{ path: string; body: unknown }> {
  const { source, datastore = defaultDatastore, ...members } = definition;
  const name = named?.name ?? anonymousName(typeof source === 'string' ? source : await objectHash(source));
  const container = `${remote.workspaceId}/models/${name}`;
  const version = named
    ? (named.version ?? (await remote.once(`next ${container}`, () => nextVersion(remote, container))))
    : '1';
  const modelUri =
    typeof source === 'string'
      ? longAddress(remote.workspaceId, source)
      : longUri(
          remote.workspaceId,
          datastore,
          (await uploadData(remote, source, 'model', () => ({ name, version }), datastore)).path,
        );
  return {
    path: `${container}/versions/${version}`,
    body: { properties: { ...members, modelUri, isAnonymous: named === undefined, isArchived: false } },
  };
}

/** Name of a model that has none, as the Python SDK makes it, so that both register the same content once. */
export function anonymousName(hash: string): string {
  return createHash('sha256').update(hash).digest('hex');
}

/** An address in a datastore of the workspace by its long form; others as they are. */
function longAddress(workspaceId: string, address: string): string {
  const [, datastore, path] = /^azureml:\/\/datastores\/([^/]+)\/paths\/(.+)$/.exec(address) ?? [];
  return datastore === undefined || path === undefined ? address : longUri(workspaceId, datastore, path);
}

/** `azureml://subscriptions/…/datastores/{name}/paths/{path}`: models are registered by the long form of an address. */
function longUri(workspaceId: string, datastore: string, path: string): string {
  const [, subscription = '', group = '', workspace = ''] =
    /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/.*\/workspaces\/([^/]+)$/i.exec(workspaceId) ?? [];
  return `azureml://subscriptions/${subscription}/resourcegroups/${group}/workspaces/${workspace}/datastores/${datastore}/paths/${path}`;
}
