import { createContainerInstances } from './container-instances';
import { createEndpoints } from './ml/endpoints';
import { createJobs } from './ml/jobs';
import { createTracking } from './ml/tracking';
import { createRegistry } from './registry';
import type { Core, Service } from './service';

/** The services that run things: jobs, tracking, endpoints, registry, container instances. */
export function createServices(core: Core): Service[] {
  return [createJobs(core), createTracking(core), createEndpoints(core), createRegistry(core), createContainerInstances(core)];
}
