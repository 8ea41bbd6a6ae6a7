import type { BlobStorage } from '../blobs';
import { plainResources } from '../plain-resources';
import type { Directory } from '../seed';
import type { Core, Service } from '../service';
import { templateDeployments } from '../template-deployments';
import { artifactRoutes } from './artifacts';
import { codeRoutes } from './codes';
import { computeRoutes, seedComputes } from './computes';
import { connectionRoutes } from './connections';
import { dataRoutes } from './data';
import { datastoreRoutes, seedOwnDatastores } from './datastores';
import { environmentRoutes } from './environments';
import { modelRoutes } from './models';
import { registryRoutes } from './registries';
import { seedWorkspace, workspaceRoutes } from './workspaces';

/**
 * Workspaces and everything in them that does not run: computes, datastores, connections, codes, environments, models, data,
 * artifacts; registries; and the resources beside a workspace, with the deployment of templates that make both.
 */
export function createWorkspace(
  core: Core,
  directory: Directory,
  blobs: Pick<BlobStorage, 'accountSas' | 'accountKey'>,
): Service {
  const plain = plainResources(core);
  const workspaces = workspaceRoutes(core);
  const templates = templateDeployments(core, [...plain.makers, workspaces.maker]);
  return {
    routes: [
      ...workspaces.routes,
      ...plain.routes,
      ...templates.routes,
      ...computeRoutes(core),
      ...connectionRoutes(core),
      ...registryRoutes(core),
      ...datastoreRoutes(core, blobs),
      ...codeRoutes(core),
      ...environmentRoutes(core),
      ...modelRoutes(core),
      ...dataRoutes(core),
      ...artifactRoutes(core),
    ],
    start: async () => {
      templates.settleLeftovers();
      seedWorkspace(core, directory);
      seedComputes(core);
      await seedOwnDatastores(core);
    },
  };
}
