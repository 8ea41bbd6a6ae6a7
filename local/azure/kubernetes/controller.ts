import { asList, asObject } from '../json';
import { syncDeployment } from './deployments';
import type { Events } from './events';
import type { Kubelet } from './kubelet';
import { nameOf, namespaceOf, typeOf, uidOf, type Objects } from './objects';
import { syncReplicaSet } from './replicasets';
import type { Services } from './services';

interface Parts {
  objects: Objects;
  events: Events;
  kubelet: Kubelet;
  services: Services;
  log: (text: string) => void;
}

const watched = new Set(['deployments', 'replicasets', 'pods', 'services', 'namespaces']);

/**
 * The controllers of the cluster in one loop: after every change, and each second for what only time brings (deadlines,
 * `minReadySeconds`), everything is brought nearer to what was asked for.
 */
export class Controller {
  private planned = false;
  private stopped = true;
  private timer: NodeJS.Timeout | undefined;
  private unlisten: (() => void) | undefined;

  constructor(private readonly parts: Parts) {}

  start(): void {
    this.stopped = false;
    const namespaces = typeOf('namespaces');
    for (const name of ['default', 'kube-system']) {
      if (this.parts.objects.get(namespaces, '', name) !== undefined) continue;
      const labels = { 'kubernetes.io/metadata.name': name };
      this.parts.objects.create(namespaces, {
        metadata: { name, labels },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      });
    }
    this.unlisten = this.parts.objects.listen(({ resource }) => {
      if (watched.has(resource.resource)) this.plan();
    });
    this.timer = setInterval(() => this.plan(), 1000);
    this.plan();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    this.unlisten?.();
    this.parts.services.stop();
    await this.parts.kubelet.stop();
  }

  private plan(): void {
    if (this.planned || this.stopped) return;
    this.planned = true;
    setImmediate(() => {
      this.planned = false;
      if (!this.stopped) this.sync();
    });
  }

  private sync(): void {
    const { objects, events, kubelet, services, log } = this.parts;
    const guarded = (what: string, act: () => void): void => {
      try {
        act();
      } catch (error) {
        log(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      }
    };
    guarded('orphans', () => this.collectOrphans());
    for (const deployment of objects.list(typeOf('deployments'))) {
      guarded(`deployment ${nameOf(deployment)}`, () => syncDeployment(objects, events, deployment));
    }
    for (const set of objects.list(typeOf('replicasets'))) {
      guarded(`replica set ${nameOf(set)}`, () => syncReplicaSet(objects, events, set));
    }
    guarded('pods', () => kubelet.sync());
    guarded('services', () => services.sync());
  }

  /** What belongs to something that is gone goes too. */
  private collectOrphans(): void {
    const { objects } = this.parts;
    const owners = new Set([...objects.list(typeOf('deployments')), ...objects.list(typeOf('replicasets'))].map(uidOf));
    for (const type of [typeOf('replicasets'), typeOf('pods')]) {
      for (const object of objects.list(type)) {
        const references = asList(object.metadata['ownerReferences']).map(asObject);
        if (references.length === 0 || references.some(({ uid }) => typeof uid === 'string' && owners.has(uid)))
          continue;
        if (type.resource === 'replicasets') objects.delete(type, namespaceOf(object), nameOf(object));
        else if (object.metadata['deletionTimestamp'] === undefined) {
          const deletionTimestamp = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
          objects.update(type, {
            ...object,
            metadata: { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: 5 },
          });
        }
      }
    }
    for (const endpoint of objects.list(typeOf('endpoints'))) {
      const service = objects.get(typeOf('services'), namespaceOf(endpoint), nameOf(endpoint));
      if (service === undefined) objects.delete(typeOf('endpoints'), namespaceOf(endpoint), nameOf(endpoint));
    }
  }
}
