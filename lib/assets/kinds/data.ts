import { Later } from '../later';
import { dataFile } from '../parts/data';
import { dataResource } from '../register/data-version';
import { kind } from './kind';

/** Members that only a preview version of the service has. */
const previewVersion = '2023-04-01-preview';

/** `az ml data create`. Body: DataVersions_CreateOrUpdate. Without a name the asset is anonymous. */
export const data = kind({
  name: 'data',
  schemas: ['data.schema.json'],
  signs: { type: ['uri_file', 'uri_folder', 'mltable'], keys: ['path'] },
  shape: dataFile,
  resource: ({ name, version, definition }, _scope, unnamed) =>
    new Later(async (remote) => ({
      ...(await dataResource(
        remote,
        definition,
        name === undefined ? { name: unnamed, version: '1', isAnonymous: true } : { name, version },
      )),
      apiVersion: definition.autoDeleteSetting && previewVersion,
    })),
});
