import type { BlobStorage } from '../blobs';
import type { Directory } from '../seed';
import type { Core, Service } from '../service';
import { artifactRoutes } from './artifacts';
import { codeRoutes } from './codes';
import { dataRoutes } from './data';
import { datastoreRoutes, seedDatastores } from './datastores';
import { environmentRoutes } from './environments';
import { modelRoutes } from './models';
import { workspaceRoutes } from './workspaces';

/** The workspace and everything in it that does not run: datastores, codes, environments, models, data, artifacts. */
export function createWorkspace(
  core: Core,
  directory: Directory,
  blobs: Pick<BlobStorage, 'accountSas' | 'accountKey'>,
): Service {
  return {
    routes: [
      ...workspaceRoutes(core, directory),
      ...datastoreRoutes(core, blobs),
      ...codeRoutes(core),
      ...environmentRoutes(core),
      ...modelRoutes(core),
      ...dataRoutes(core),
      ...artifactRoutes(core),
    ],
    start: () => seedDatastores(core),
  };
}
