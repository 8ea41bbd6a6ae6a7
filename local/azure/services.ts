import { writeFileSync } from 'node:fs';
import { createContainerInstances } from './container-instances';
import { createKubernetes } from './kubernetes';
import { Access } from './kubernetes/access';
import { kubeconfig } from './kubernetes/arm';
import { createBatch } from './ml/batch';
import { createEndpoints } from './ml/endpoints';
import { createJobs } from './ml/jobs';
import { createSchedules } from './ml/schedules';
import { createTracking } from './ml/tracking';
import { createRegistry } from './registry';
import type { Caller, Core, Service } from './service';

/**
 * The services that run things: jobs, tracking, online and batch endpoints, schedules, registry, container instances, Kubernetes. `owner` is who the
 * kubeconfig written to `kubeconfigFile` acts as.
 */
export function createServices(core: Core, owner: Caller, kubeconfigFile: string): Service[] {
  const batch = createBatch(core);
  return [
    createJobs(core),
    createTracking(core),
    createEndpoints(core),
    batch,
    createSchedules(core, batch.invoke),
    createRegistry(core),
    createContainerInstances(core),
    createKubernetes(core),
    {
      routes: [],
      start: () => {
        writeFileSync(kubeconfigFile, kubeconfig(core, new Access(core), owner), { mode: 0o600 });
        return Promise.resolve();
      },
    },
  ];
}
