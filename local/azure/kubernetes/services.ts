import { connect, createServer, type Server, type Socket } from 'node:net';
import { releasePlace, reservePlace, takePlace, type Place } from '../containers/addresses';
import { asList, asNumber, asObject, asString, asStrings, type JsonObject } from '../json';
import type { Events } from './events';
import type { Kubelet } from './kubelet';
import { labelsOf, nameOf, namespaceOf, same, typeOf, uidOf, type ApiObject, type Objects } from './objects';
import { boundPort } from './probes';
import { isReady } from './replicasets';
import type { ResourceType } from './types';

const services = typeOf('services');
const endpoints = typeOf('endpoints');
const pods = typeOf('pods');

interface Balancer {
  place: Place;
  servers: Server[];
  sockets: Set<Socket>;
  /** What it was opened for: it is opened anew when that changes. */
  ports: unknown;
}

/**
 * Services: their endpoints, and for type LoadBalancer a loopback address whose ports lead to the ready pods in turn. Cluster
 * addresses are given but lead nowhere: the machine has no cluster network.
 */
export class Services {
  private readonly balancers = new Map<string, Balancer>();
  private readonly opening = new Set<string>();
  private turn = 0;

  constructor(
    private readonly objects: Objects,
    private readonly events: Events,
    private readonly kubelet: Kubelet,
    private readonly log: (text: string) => void,
  ) {
    for (const service of objects.list(services)) reservePlace(ingressIp(service) ?? '');
  }

  /** Gives a service its cluster address and node ports before it is stored. */
  readonly admit = (object: ApiObject, type: ResourceType, before: ApiObject | undefined): void => {
    if (type !== services) return;
    const spec = asObject(object['spec']);
    const former = asObject(before?.['spec']);
    if (spec['type'] !== 'ExternalName' && spec['clusterIP'] === undefined) {
      const ip = asString(former['clusterIP']) ?? this.clusterIp();
      Object.assign(spec, { clusterIP: ip, clusterIPs: [ip] });
    }
    if (spec['type'] === 'LoadBalancer' || spec['type'] === 'NodePort') {
      for (const port of asList(spec['ports']).map(asObject)) {
        const same = asList(former['ports'])
          .map(asObject)
          .find((one) => one['port'] === port['port']);
        port['nodePort'] ??= same?.['nodePort'] ?? 30_000 + Math.floor(Math.random() * 2768);
      }
    }
  };

  sync(): void {
    const all = this.objects.list(services);
    for (const service of all) {
      this.syncEndpoints(service);
      if (asObject(service['spec'])['type'] === 'LoadBalancer') this.syncBalancer(service);
      else this.withdraw(service);
    }
    const known = new Set(all.map(uidOf));
    for (const uid of this.balancers.keys()) if (!known.has(uid)) this.close(uid);
  }

  stop(): void {
    for (const uid of [...this.balancers.keys()]) this.close(uid);
  }

  private syncEndpoints(service: ApiObject): void {
    const spec = asObject(service['spec']);
    if (Object.keys(asObject(spec['selector'])).length === 0) return;
    const address = (pod: ApiObject): JsonObject => ({
      ip: asObject(pod['status'])['podIP'],
      nodeName: 'aks-local-0',
      targetRef: { kind: 'Pod', namespace: namespaceOf(pod), name: nameOf(pod), uid: uidOf(pod) },
    });
    const ready = this.podsOf(service).filter(isReady);
    const unready = this.podsOf(service).filter(
      (pod) => !isReady(pod) && asObject(pod['status'])['podIP'] !== undefined,
    );
    const ports = asList(spec['ports']).map((entry) => {
      const port = asObject(entry);
      return {
        ...(port['name'] === undefined ? {} : { name: port['name'] }),
        port: Number(port['targetPort']) || port['port'],
        protocol: port['protocol'],
      };
    });
    const subset = {
      ...(ready.length === 0 ? {} : { addresses: ready.map(address) }),
      ...(unready.length === 0 ? {} : { notReadyAddresses: unready.map(address) }),
      ports,
    };
    const subsets = ready.length + unready.length === 0 ? [] : [subset];
    const existing = this.objects.get(endpoints, namespaceOf(service), nameOf(service));
    if (existing === undefined) {
      const metadata = { name: nameOf(service), namespace: namespaceOf(service), labels: labelsOf(service) };
      this.objects.create(endpoints, { metadata, subsets });
    } else this.objects.update(endpoints, { ...existing, subsets });
  }

  private syncBalancer(service: ApiObject): void {
    const uid = uidOf(service);
    const { ports } = asObject(service['spec']);
    const existing = this.balancers.get(uid);
    if (existing !== undefined && same(existing.ports, ports)) return;
    if (this.opening.has(uid)) return;
    this.opening.add(uid);
    if (existing !== undefined) this.close(uid);
    void this.open(service, ports)
      .catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        this.log(`service ${nameOf(service)}: ${message}`);
        this.events.record(
          service,
          services,
          'Warning',
          'SyncLoadBalancerFailed',
          `Error syncing load balancer: ${message}`,
          'service-controller',
        );
      })
      .finally(() => this.opening.delete(uid));
  }

  private async open(service: ApiObject, ports: unknown): Promise<void> {
    const declared = asList(ports).map((port) => asNumber(asObject(port)['port']) ?? 0);
    const place = await takePlace(declared, ingressIp(service));
    const balancer: Balancer = { place, servers: [], sockets: new Set(), ports };
    this.balancers.set(uidOf(service), balancer);
    for (const port of asList(ports).map(asObject)) {
      const number = asNumber(port['port']) ?? 0;
      await this.listen(balancer, service, port, place.ports.get(number) ?? number);
    }
    const moved = [...place.ports].filter(([wanted, bound]) => wanted !== bound);
    const status = {
      loadBalancer: {
        ingress: [
          {
            ip: place.ip,
            ipMode: 'VIP',
            ...(moved.length === 0 ? {} : { ports: moved.map(([, port]) => ({ port, protocol: 'TCP' })) }),
          },
        ],
      },
    };
    const current = this.objects.get(services, namespaceOf(service), nameOf(service));
    if (current === undefined || uidOf(current) !== uidOf(service)) {
      this.close(uidOf(service));
      return;
    }
    this.objects.update(services, { ...current, status });
    this.events.record(
      service,
      services,
      'Normal',
      'EnsuredLoadBalancer',
      'Ensured load balancer',
      'service-controller',
    );
  }

  private listen(balancer: Balancer, service: ApiObject, port: JsonObject, bound: number): Promise<void> {
    const server = createServer((client) => this.forward(balancer, service, port, client));
    balancer.servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(bound, balancer.place.ip, () => resolve());
    });
  }

  /** Connects a client to the next ready pod; without one the connection is refused, as far as a listener can. */
  private forward(balancer: Balancer, service: ApiObject, port: JsonObject, client: Socket): void {
    const current = this.objects.get(services, namespaceOf(service), nameOf(service)) ?? service;
    const ready = this.podsOf(current).filter(isReady);
    const pod = ready[this.turn++ % Math.max(ready.length, 1)];
    const place = pod === undefined ? undefined : this.kubelet.placeOf(uidOf(pod));
    if (pod === undefined || place === undefined) {
      client.resetAndDestroy();
      return;
    }
    const container = asList(asObject(pod['spec'])['containers']).map(asObject);
    const holder =
      container.find((one) => asList(one['ports']).some((entry) => asObject(entry)['name'] === port['targetPort'])) ??
      container[0] ??
      {};
    const server = connect(boundPort(port['targetPort'] ?? port['port'], holder, place), place.ip);
    for (const socket of [client, server]) {
      balancer.sockets.add(socket);
      socket.once('close', () => balancer.sockets.delete(socket));
      socket.on('error', () => {
        client.destroy();
        server.destroy();
      });
    }
    client.pipe(server).pipe(client);
  }

  /** Pods a service selects, wherever they are in their life but not ending. */
  private podsOf(service: ApiObject): ApiObject[] {
    const selector = Object.entries(asStrings(asObject(service['spec'])['selector']));
    if (selector.length === 0) return [];
    return this.objects
      .list(pods, namespaceOf(service))
      .filter(
        (pod) =>
          pod.metadata['deletionTimestamp'] === undefined &&
          selector.every(([key, value]) => labelsOf(pod)[key] === value),
      );
  }

  private withdraw(service: ApiObject): void {
    if (!this.balancers.has(uidOf(service))) return;
    this.close(uidOf(service));
    this.objects.update(services, { ...service, status: { loadBalancer: {} } });
  }

  private close(uid: string): void {
    const balancer = this.balancers.get(uid);
    this.balancers.delete(uid);
    if (balancer === undefined) return;
    for (const server of balancer.servers) server.close();
    for (const socket of balancer.sockets) socket.destroy();
    releasePlace(balancer.place);
  }

  private clusterIp(): string {
    const used = new Set(this.objects.list(services).map((service) => asObject(service['spec'])['clusterIP']));
    for (let last = 2; last < 65_000; last++) {
      const ip = `10.0.${Math.floor(last / 250)}.${(last % 250) + 2}`;
      if (!used.has(ip)) return ip;
    }
    throw new Error('No cluster address is free.');
  }
}

function ingressIp(service: ApiObject): string | undefined {
  const ingress = asList(asObject(asObject(service['status'])['loadBalancer'])['ingress']);
  return asString(asObject(ingress[0])['ip']);
}
