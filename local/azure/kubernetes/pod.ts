import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { releasePlace, takePlace, type Place } from '../containers/addresses';
import { Container, type ContainerTools, type Mount } from '../containers/container';
import { pullImage } from '../containers/images';
import { asList, asNumber, asObject, asString, asStrings, type JsonObject } from '../json';
import type { RegistryStorage } from '../registry/storage';
import type { Events } from './events';
import { nameOf, namespaceOf, now, typeOf, uidOf, type ApiObject, type Objects } from './objects';
import { ConfigError, dataOf, environmentOf, expandVariables } from './pod-env';
import { podStatus, type ContainerView } from './pod-status';
import { ProbeLoop } from './probes';

export interface PodTools extends ContainerTools {
  objects: Objects;
  events: Events;
  storage: RegistryStorage;
  loginServer: string;
  folder: string;
}

interface Running extends ContainerView {
  container: Container | undefined;
  probes: ProbeLoop[];
}

/** One pod as processes: an address of its own, its containers, their probes; keeps the pod's status up to date. */
export class RunningPod {
  place: Place | undefined;
  private readonly containers = new Map<string, Running>();
  private readonly retries = new Set<NodeJS.Timeout>();
  private readonly startTime = now();
  private ending: Promise<void> | undefined;

  constructor(
    private readonly pod: ApiObject,
    private readonly tools: PodTools,
  ) {
    for (const spec of this.specs()) {
      this.containers.set(asString(spec['name']) ?? '', {
        spec,
        state: { state: 'Waiting', reason: 'ContainerCreating', message: '' },
        ready: false,
        started: false,
        imageId: '',
        container: undefined,
        probes: [],
      });
    }
  }

  async start(): Promise<void> {
    this.event(
      'Normal',
      'Scheduled',
      `Successfully assigned ${namespaceOf(this.pod)}/${nameOf(this.pod)} to aks-local-0`,
      'default-scheduler',
    );
    const ports = this.specs().flatMap((spec) =>
      asList(spec['ports']).map((port) => asNumber(asObject(port)['containerPort']) ?? 0),
    );
    this.place = await takePlace(ports);
    this.publish();
    await Promise.all([...this.containers.values()].map((one) => this.startContainer(one, 0)));
  }

  logs(name: string | undefined, tail: number | undefined): string | undefined {
    const one = name === undefined ? [...this.containers.values()][0] : this.containers.get(name);
    return one === undefined ? undefined : (one.container?.logs(tail) ?? '');
  }

  get isEnding(): boolean {
    return this.ending !== undefined;
  }

  /** Ends everything; afterwards nothing of the pod is left on the machine. */
  end(graceSeconds: number): Promise<void> {
    this.ending ??= (async (): Promise<void> => {
      for (const retry of this.retries) clearTimeout(retry);
      for (const one of this.containers.values()) for (const probe of one.probes) probe.stop();
      await Promise.all(
        [...this.containers.values()].map(async ({ container }) => {
          await container?.stop(graceSeconds * 1000);
          await container?.remove();
        }),
      );
      if (this.place !== undefined) releasePlace(this.place);
    })();
    return this.ending;
  }

  private async startContainer(one: Running, attempt: number): Promise<void> {
    if (this.isEnding || this.place === undefined) return;
    const name = asString(one.spec['name']) ?? '';
    const image = asString(one.spec['image']) ?? '';
    try {
      if (attempt === 0) this.event('Normal', 'Pulling', `Pulling image "${image}"`);
      const pulled = pullImage(this.tools.storage, this.tools.loginServer, image);
      one.imageId = `${image.split('@')[0]?.replace(/:[^/:]+$/, '') ?? image}@${pulled.digest}`;
      this.event('Normal', 'Pulled', `Successfully pulled image "${image}"`);
      const env = environmentOf(this.pod, one.spec, this.tools.objects, this.place.ip);
      const variables = new Map(env);
      const list = (key: string): string[] | undefined =>
        Array.isArray(one.spec[key])
          ? asList(one.spec[key]).map((part) => expandVariables(String(part), variables))
          : undefined;
      const command = list('command');
      const workingDir = asString(one.spec['workingDir']);
      const container: Container = new Container(
        join(this.tools.folder, uidOf(this.pod), name),
        {
          image: pulled,
          entrypoint: command,
          command: list('args'),
          env: [['HOSTNAME', nameOf(this.pod)], ...env],
          ...(workingDir === undefined ? {} : { workingDir }),
          place: this.place,
          restartPolicy: this.restartPolicy(),
          mounts: this.mounts(one.spec),
        },
        this.tools,
        () => this.containerChanged(one, container),
      );
      one.container = container;
      await container.start();
    } catch (error) {
      this.notStarted(one, attempt, error);
    }
  }

  /** What keeps a container from being made is tried again: an image may be pushed, a config map created, later. */
  private notStarted(one: Running, attempt: number, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const isConfig = error instanceof ConfigError;
    const image = asString(one.spec['image']) ?? '';
    const reason = isConfig ? 'CreateContainerConfigError' : 'ErrImagePull';
    if (!isConfig) this.event('Warning', 'Failed', `Failed to pull image "${image}": ${message}`);
    this.event('Warning', 'Failed', `Error: ${isConfig ? message : 'ErrImagePull'}`);
    one.state = { state: 'Waiting', reason, message };
    this.publish();
    const later = (seconds: number, act: () => void): void => {
      const timer = setTimeout(() => {
        this.retries.delete(timer);
        act();
      }, seconds * 1000);
      this.retries.add(timer);
    };
    if (!isConfig) {
      later(2, () => {
        one.state = {
          state: 'Waiting',
          reason: 'ImagePullBackOff',
          message: `Back-off pulling image "${image}": ErrImagePull: ${message}`,
        };
        this.event('Normal', 'BackOff', `Back-off pulling image "${image}"`);
        this.publish();
      });
    }
    later(Math.min(10 * 2 ** attempt, 300), () => void this.startContainer(one, attempt + 1));
  }

  private containerChanged(one: Running, container: Container): void {
    for (const probe of one.probes) probe.stop();
    one.probes = [];
    const name = asString(one.spec['name']) ?? '';
    one.state = container.state;
    one.previous = container.previous;
    one.restartCount = container.restartCount;
    one.started = false;
    one.ready = false;
    if (container.state.state === 'Running') {
      this.event('Normal', 'Started', `Started container ${name}`);
      this.beginProbes(one, container);
    } else if (container.state.state === 'Waiting' && container.state.reason === 'CrashLoopBackOff') {
      this.event('Warning', 'BackOff', `Back-off restarting failed container ${name} in pod ${nameOf(this.pod)}`);
    }
    this.publish();
  }

  private beginProbes(one: Running, container: Container): void {
    const startup = asObject(one.spec['startupProbe']);
    if (Object.keys(startup).length === 0) {
      this.started(one, container);
      return;
    }
    this.probe(one, startup, 'Startup', (healthy) => {
      if (healthy) this.started(one, container);
      else void container.kill();
    });
  }

  private started(one: Running, container: Container): void {
    for (const probe of one.probes) probe.stop();
    one.started = true;
    const readiness = asObject(one.spec['readinessProbe']);
    const liveness = asObject(one.spec['livenessProbe']);
    if (Object.keys(readiness).length === 0) one.ready = true;
    else {
      this.probe(one, readiness, 'Readiness', (healthy) => {
        one.ready = healthy;
        this.publish();
      });
    }
    if (Object.keys(liveness).length > 0) {
      this.probe(one, liveness, 'Liveness', (healthy) => {
        if (healthy) return;
        this.event(
          'Normal',
          'Killing',
          `Container ${asString(one.spec['name']) ?? ''} failed liveness probe, will be restarted`,
        );
        void container.kill();
      });
    }
    this.publish();
  }

  private probe(one: Running, probe: JsonObject, kind: string, decided: (healthy: boolean) => void): void {
    if (this.place === undefined) return;
    const failed = (problem: string): void => this.event('Warning', 'Unhealthy', `${kind} probe failed: ${problem}`);
    one.probes.push(new ProbeLoop({ probe, container: one.spec, place: this.place, decided, failed }));
  }

  private mounts(spec: JsonObject): Mount[] {
    const volumes = asList(asObject(this.pod['spec'])['volumes']).map(asObject);
    return asList(spec['volumeMounts']).map((entry) => {
      const mount = asObject(entry);
      const at = asString(mount['mountPath']) ?? '/';
      const subPath = asString(mount['subPath']);
      const volume = volumes.find((one) => one['name'] === mount['name']);
      if (volume === undefined) throw new ConfigError(`volume "${asString(mount['name']) ?? ''}" not found`);
      const files = this.volumeFiles(volume);
      if (files === undefined) return { at, folder: this.emptyDir(asString(volume['name']) ?? '') };
      return subPath === undefined ? { at, files } : { at, file: files[subPath] ?? '' };
    });
  }

  private volumeFiles(volume: JsonObject): Record<string, string> | undefined {
    for (const [kind, resource] of [
      ['configMap', 'configmaps'],
      ['secret', 'secrets'],
    ] as const) {
      const source = asObject(volume[kind]);
      if (Object.keys(source).length === 0) continue;
      const data = dataOf(this.pod, resource, source, this.tools.objects);
      const items = asList(source['items']).map((item) => asStrings(item));
      if (items.length === 0) return data;
      return Object.fromEntries(items.map(({ key = '', path = key }) => [path, data[key] ?? '']));
    }
    return undefined;
  }

  private emptyDir(name: string): string {
    const folder = join(this.tools.folder, uidOf(this.pod), `volume-${name}`);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  private publish(): void {
    const pods = typeOf('pods');
    const current = this.tools.objects.get(pods, namespaceOf(this.pod), nameOf(this.pod));
    if (current === undefined || uidOf(current) !== uidOf(this.pod)) return;
    const status = podStatus(
      current,
      [...this.containers.values()],
      this.restartPolicy(),
      this.place?.ip,
      this.startTime,
    );
    Reflect.deleteProperty(current.metadata, 'resourceVersion');
    this.tools.objects.update(pods, {
      ...current,
      spec: { ...asObject(current['spec']), nodeName: 'aks-local-0' },
      status,
    });
  }

  private event(kind: 'Normal' | 'Warning', reason: string, message: string, component = 'kubelet'): void {
    this.tools.events.record(this.pod, typeOf('pods'), kind, reason, message, component);
  }

  private restartPolicy(): 'Always' | 'OnFailure' | 'Never' {
    const policy = asObject(this.pod['spec'])['restartPolicy'];
    return policy === 'Never' || policy === 'OnFailure' ? policy : 'Always';
  }

  private specs(): JsonObject[] {
    return asList(asObject(this.pod['spec'])['containers']).map(asObject);
  }
}
