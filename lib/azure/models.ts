import { TaskError } from '../agent/errors';
import type { Azure } from './azure';
import { AzureError } from './errors';
import { at, stringMap, textAt } from '../agent/json';
import { nextVersion } from '../assets/register/versions';
import { mlApiVersion } from './workspace';

/** A model version as its GET describes it (ModelVersions_Get 2024-10-01). */
export interface ModelVersion {
  name: string;
  version: string;
  /** ARM id. */
  id: string;
  modelUri?: string;
  modelType?: string;
  jobName?: string;
  description?: string;
  isArchived: boolean;
  tags: Record<string, string>;
  properties: Record<string, string>;
}

/** What a new version is made of, in the words of the REST API. */
export interface NewModelVersion {
  modelUri: string;
  modelType: string;
  jobName?: string;
  description?: string;
  tags: Record<string, string>;
  properties: Record<string, string>;
  flavors?: Record<string, { data: Record<string, string> }>;
}

export function modelId(azure: Azure, name: string): string {
  return `${azure.workspace.id}/models/${name}`;
}

/** ModelVersions_Get; `undefined` when the model or the version does not exist. */
export async function getModelVersion(azure: Azure, name: string, version: string): Promise<ModelVersion | undefined> {
  const id = `${modelId(azure, name)}/versions/${version}`;
  const found = await azure.arm.getIfExists(id, mlApiVersion);
  return found === undefined ? undefined : readVersion(found, name, id);
}

/**
 * All versions of a model, archived ones too, by falling version number. Operation: ModelVersions_List.
 *
 * @returns an empty list for a model that does not exist
 */
export async function listModelVersions(azure: Azure, name: string): Promise<ModelVersion[]> {
  const container = modelId(azure, name);
  const versions: ModelVersion[] = [];
  try {
    for await (const item of azure.arm.list(`${container}/versions?listViewType=All`, mlApiVersion)) {
      versions.push(readVersion(item, name, `${container}/versions/`));
    }
  } catch (error) {
    if (error instanceof AzureError && error.status === 404 && !error.is('ParentResourceNotFound')) return [];
    throw error;
  }
  return versions.sort((a, b) => versionNumber(b.version) - versionNumber(a.version));
}

/** The number to register next: above every number that was used, whatever order the service lists them in. */
export async function nextModelVersion(azure: Azure, name: string, known: readonly ModelVersion[]): Promise<number> {
  const offered = versionNumber(
    await nextVersion({ get: (path) => azure.arm.getIfExists(path, mlApiVersion) }, modelId(azure, name)),
  );
  return Math.max(1, offered, ...known.map(({ version }) => versionNumber(version) + 1));
}

/** ModelVersions_CreateOrUpdate: creates, or replaces what has this number. */
export async function putModelVersion(
  azure: Azure,
  name: string,
  version: string,
  model: NewModelVersion,
): Promise<ModelVersion> {
  const id = `${modelId(azure, name)}/versions/${version}`;
  const answer = await azure.arm.put(id, mlApiVersion, {
    properties: { ...model, isAnonymous: false, isArchived: false },
  });
  const state = textAt(answer.body, 'properties', 'provisioningState');
  if (state === 'Failed' || state === 'Canceled') {
    throw new TaskError(
      `Model ${name}, version ${version}: the service could not register it (${state}).`,
      `Look at ${model.modelUri}.`,
    );
  }
  return readVersion(answer.body, name, id);
}

/** Versions that are no whole number (a name that somebody chose) count as 0. */
export function versionNumber(version: string): number {
  return /^\d{1,15}$/.test(version) ? Number(version) : 0;
}

function readVersion(resource: unknown, name: string, id: string): ModelVersion {
  const properties = at(resource, 'properties');
  const known = textAt(resource, 'id') ?? id;
  return {
    name,
    version: textAt(resource, 'name') ?? known.slice(known.lastIndexOf('/') + 1),
    id: known,
    modelUri: textAt(properties, 'modelUri'),
    modelType: textAt(properties, 'modelType'),
    jobName: textAt(properties, 'jobName'),
    description: textAt(properties, 'description'),
    isArchived: at(properties, 'isArchived') === true,
    tags: stringMap(at(properties, 'tags')),
    properties: stringMap(at(properties, 'properties')),
  };
}
