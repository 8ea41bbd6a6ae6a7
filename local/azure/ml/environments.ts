import { asBoolean, asObject, asString, asStrings, isObject, type JsonObject } from '../json';
import type { Core, Route } from '../service';
import { userError, versionedAssets, type AssetKind } from './versioned';

/** Environments. Swagger: mfe.json, `EnvironmentContainers_*`, `EnvironmentVersions_*`; shapes as recorded in 2025. */
export function environmentRoutes(core: Core): Route[] {
  const kind: AssetKind = {
    segment: 'environments',
    label: 'Environment',
    create,
    checkUpdate,
    // Recorded: a PUT of a version that exists answers 201 with the first one's creation time.
    alwaysCreated: true,
    present: (properties, isLatest) =>
      isLatest
        ? { ...properties, properties: { ...asStrings(properties['properties']), 'azureml.labels': 'latest' } }
        : properties,
  };
  return versionedAssets(core, kind);
}

function create(sent: JsonObject): JsonObject {
  const definition = readDefinition(sent);
  if (definition.image === undefined && definition.build === undefined) {
    throw userError(400, 'InvalidEnvironment', 'An environment needs an image or a build context.');
  }
  return {
    description: asString(sent['description']) ?? null,
    tags: asStrings(sent['tags']),
    properties: asStrings(sent['properties']),
    isArchived: asBoolean(sent['isArchived']) ?? false,
    isAnonymous: asBoolean(sent['isAnonymous']) ?? false,
    environmentType: 'UserCreated',
    ...definition,
    condaFile: definition.condaFile ?? '',
    osType: asString(sent['osType']) ?? 'Linux',
    autoRebuild: asString(sent['autoRebuild']) ?? 'Disabled',
    provisioningState: 'Succeeded',
    stage: asString(sent['stage']) ?? 'Development',
  };
}

interface Definition {
  image?: string;
  condaFile?: string;
  build?: JsonObject;
  inferenceConfig?: JsonObject;
}

function readDefinition(sent: JsonObject): Definition {
  const { build, inferenceConfig } = sent;
  return {
    image: asString(sent['image']),
    condaFile: asString(sent['condaFile']),
    build: isObject(build)
      ? { contextUri: build['contextUri'], dockerfilePath: asString(build['dockerfilePath']) ?? 'Dockerfile' }
      : undefined,
    inferenceConfig: isObject(inferenceConfig) ? inferenceConfig : undefined,
  };
}

/** A version's definition is what jobs ran with: it does not change any more. */
function checkUpdate(sent: JsonObject, existing: JsonObject): void {
  const wanted = readDefinition(sent);
  const changed =
    (wanted.image !== undefined && wanted.image !== existing['image']) ||
    (wanted.condaFile !== undefined && wanted.condaFile !== existing['condaFile']) ||
    (wanted.build !== undefined && wanted.build['contextUri'] !== asObject(existing['build'])['contextUri']);
  if (changed) {
    throw userError(
      409,
      'EnvironmentImmutable',
      'The version of the environment exists with another definition; a new definition needs a new version.',
    );
  }
}
