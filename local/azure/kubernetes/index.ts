import { join } from 'node:path';
import { endLeftovers } from '../containers/container';
import { LayerCache } from '../containers/layer-cache';
import { PythonEnvironments } from '../ml/python';
import { RegistryStorage } from '../registry/storage';
import type { Call, Core, Route, Service } from '../service';
import { Access } from './access';
import { ApiServer } from './api';
import { checked, clusterId, clusterName, clusterRoutes, clusterUrl } from './arm';
import { Controller } from './controller';
import { Events } from './events';
import { Kubelet } from './kubelet';
import { Objects } from './objects';
import { PodLogs } from './pod-logs';
import { Services } from './services';

/**
 * Azure Kubernetes Service: one cluster, its kubeconfig, and below `/kubernetes/aks-mlops` a Kubernetes API whose pods run as
 * processes on loopback addresses.
 */
export function createKubernetes(core: Core): Service {
  const storage = new RegistryStorage(core.folder('registry'));
  const folder = join(core.folder('kubernetes'), 'pods');
  const objects = new Objects(core.store);
  const events = new Events(objects);
  const log = (text: string): void => core.log(`kubernetes: ${text}`);
  const kubelet = new Kubelet({
    objects,
    events,
    storage,
    loginServer: new URL(core.url).host,
    folder,
    layers: LayerCache.of(join(core.folder('registry'), 'layers'), storage),
    pythons: new PythonEnvironments(),
    log,
  });
  const services = new Services(objects, events, kubelet, log);
  const controller = new Controller({ objects, events, kubelet, services, log });
  const access = new Access(core);
  const cluster = { id: clusterId(core), url: clusterUrl(core) };
  const api = new ApiServer(cluster, objects, access, new PodLogs(kubelet.running), services.admit);
  return {
    routes: [...clusterRoutes(core, access), ...apiRoutes(api)],
    start: async () => {
      // The cluster is found in lists of resources as any other that was made.
      core.store.set(clusterId(core), { name: clusterName });
      await endLeftovers(folder);
      controller.start();
    },
    stop: () => controller.stop(),
  };
}

function apiRoutes(api: ApiServer): Route[] {
  const methods = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'] as const;
  return methods.map((method) => ({
    method,
    path: '/kubernetes/{cluster}/{rest+}',
    token: 'none',
    handle: (call: Call) => {
      checked(call);
      return api.handle(call, call.params['rest'] ?? '');
    },
  }));
}
