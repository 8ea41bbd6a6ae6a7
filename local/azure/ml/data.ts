import { asBoolean, asList, asString, asStrings, type JsonObject } from '../json';
import type { Core, Route } from '../service';
import { userError, versionedAssets } from './versioned';

const types = ['uri_file', 'uri_folder', 'mltable'];

/** Data assets. Swagger: mfe.json, `DataContainers_*`, `DataVersions_*`. */
export function dataRoutes(core: Core): Route[] {
  return versionedAssets(core, {
    segment: 'data',
    label: 'Data',
    create,
    checkUpdate: (sent, existing) => {
      const uri = asString(sent['dataUri']);
      if (uri === undefined || uri === existing['dataUri']) return;
      throw userError(
        409,
        'DataVersionPropertyImmutable',
        'A data version with this name and version already exists. If you are trying to create a new data version, use a different name or ' +
          "version. If you are trying to update an existing data version, the existing asset's data uri cannot be changed. Only tags, " +
          'description, and isArchived can be updated.',
      );
    },
    container: (sent) => ({ dataType: asString(sent['dataType']) ?? 'uri_folder' }),
  });
}

function create(sent: JsonObject): JsonObject {
  const uri = asString(sent['dataUri']);
  const type = asString(sent['dataType']) ?? 'uri_folder';
  if (uri === undefined || uri === '') throw userError(400, 'InvalidDataUri', 'A data version needs a dataUri.');
  if (!types.includes(type))
    throw userError(400, 'InvalidDataType', `The dataType '${type}' is none of ${types.join(', ')}.`);
  return {
    description: asString(sent['description']) ?? null,
    tags: asStrings(sent['tags']),
    properties: asStrings(sent['properties']),
    isArchived: asBoolean(sent['isArchived']) ?? false,
    isAnonymous: asBoolean(sent['isAnonymous']) ?? false,
    dataUri: uri,
    dataType: type,
    ...(type === 'mltable' ? { referencedUris: asList(sent['referencedUris']) } : {}),
  };
}
