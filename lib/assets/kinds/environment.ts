import { Later } from '../later';
import { environmentFile } from '../parts/environment';
import { environmentResource } from '../register/environment';
import { kind } from './kind';

/** `az ml environment create`. Body: EnvironmentVersions_CreateOrUpdate. */
export const environment = kind({
  name: 'environment',
  schemas: ['environment.schema.json'],
  signs: { keys: ['image', 'build', 'conda_file'] },
  shape: environmentFile,
  resource: ({ name, version, ...definition }) =>
    new Later((remote) => environmentResource(remote, definition, { name, version })),
});
