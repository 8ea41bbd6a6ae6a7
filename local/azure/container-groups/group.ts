import { join } from 'node:path';
import { Container, type ContainerState, type ContainerTools } from '../containers/container';
import { pullImage } from '../containers/images';
import { releasePlace, takePlace, type Place } from '../containers/addresses';
import type { RegistryStorage } from '../registry/storage';
import type { GroupDefinition } from './definition';

export interface GroupEvent {
  name: string;
  message: string;
  type: 'Normal' | 'Warning';
  count: number;
  firstTimestamp: string;
  lastTimestamp: string;
}

export interface GroupTools extends ContainerTools {
  storage: RegistryStorage;
  loginServer: string;
  /** Folder of all groups' containers. */
  folder: string;
}

/** The running side of a container group: its address, its containers and what happened to them. */
export class RunningGroup {
  place: Place | undefined;
  stopped = false;
  private removed = false;
  private readonly containers = new Map<string, Container>();
  private readonly seen = new Map<string, GroupEvent[]>();

  constructor(
    readonly name: string,
    readonly definition: GroupDefinition,
    private readonly tools: GroupTools,
  ) {}

  /** Takes an address, so that it is known before anything runs. */
  async takePlace(preferred: string | undefined): Promise<Place> {
    this.place = await takePlace(this.definition.ports, preferred);
    return this.place;
  }

  /** Starts every container. Settles when each runs or has failed to. */
  async start(): Promise<void> {
    this.stopped = false;
    await Promise.all(this.definition.containers.map((one) => this.startOne(one)));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(
      [...this.containers].map(([name, container]) => {
        if (container.state.state === 'Running') this.event(name, 'Killing', `Killing container with id ${name}.`);
        return container.stop();
      }),
    );
  }

  async remove(): Promise<void> {
    this.stopped = true;
    this.removed = true;
    await Promise.all([...this.containers.values()].map((container) => container.remove()));
    if (this.place !== undefined) releasePlace(this.place);
  }

  logs(container: string, tail: number | undefined): string | undefined {
    if (!this.definition.containers.some(({ name }) => name === container)) return undefined;
    return this.containers.get(container)?.logs(tail) ?? '';
  }

  /** `Pending`, `Running`, `Succeeded`, `Failed` or `Stopped`, from the containers' states. */
  get state(): string {
    const states = [...this.containers.values()].map(({ state }) => state);
    if (this.stopped) return 'Stopped';
    if (states.length === 0 || states.some((one) => one.state === 'Waiting' && one.reason === 'ContainerCreating'))
      return 'Pending';
    if (states.some((one) => one.state === 'Running' || one.state === 'Waiting')) return 'Running';
    return states.every((one) => one.state === 'Terminated' && one.exitCode === 0) ? 'Succeeded' : 'Failed';
  }

  instanceView(name: string): unknown {
    const container = this.containers.get(name);
    const events = this.seen.get(name) ?? [];
    if (container === undefined)
      return { restartCount: 0, currentState: { state: 'Waiting', detailStatus: 'Pending' }, events };
    return {
      restartCount: container.restartCount,
      currentState: shown(container.state),
      ...(container.previous === undefined ? {} : { previousState: shown(container.previous) }),
      events,
    };
  }

  private async startOne(one: GroupDefinition['containers'][number]): Promise<void> {
    const place = this.place ?? (await this.takePlace(undefined));
    this.event(one.name, 'Pulling', `pulling image "${one.image}"`);
    const image = pullImage(this.tools.storage, this.tools.loginServer, one.image);
    this.event(one.name, 'Pulled', `Successfully pulled image "${one.image}"`);
    const [program, ...rest] = one.command;
    const container: Container = new Container(
      join(this.tools.folder, this.name, one.name),
      {
        image,
        entrypoint: program === undefined ? undefined : [program, ...rest],
        command: undefined,
        env: one.env,
        place,
        restartPolicy: this.definition.restartPolicy,
      },
      this.tools,
      () => this.changed(one.name, container.state),
    );
    await this.containers.get(one.name)?.stop();
    if (this.removed) return;
    this.containers.set(one.name, container);
    await container.start();
  }

  private changed(name: string, state: ContainerState): void {
    if (state.state === 'Running') this.event(name, 'Started', `Started container`);
    else if (state.state === 'Terminated' && !this.stopped) {
      if (state.message !== '') this.event(name, 'Failed', `Error: ${state.message}`, 'Warning');
    } else if (state.state === 'Waiting' && state.reason === 'CrashLoopBackOff') {
      this.event(name, 'BackOff', 'Back-off restarting failed container', 'Warning');
    }
  }

  private event(container: string, name: string, message: string, type: GroupEvent['type'] = 'Normal'): void {
    const events = this.seen.get(container) ?? [];
    const now = new Date().toISOString();
    const same = events.find((event) => event.name === name && event.message === message);
    if (same !== undefined) {
      same.count += 1;
      same.lastTimestamp = now;
    } else events.push({ name, message, type, count: 1, firstTimestamp: now, lastTimestamp: now });
    this.seen.set(container, events);
  }
}

function shown(state: ContainerState): unknown {
  if (state.state === 'Waiting')
    return {
      state: 'Waiting',
      detailStatus: state.message === '' ? state.reason : `${state.reason}: ${state.message}`,
    };
  if (state.state === 'Running') return { state: 'Running', startTime: state.startedAt, detailStatus: '' };
  return {
    state: 'Terminated',
    startTime: state.startedAt,
    exitCode: state.exitCode,
    finishTime: state.finishedAt,
    detailStatus: state.message === '' ? state.reason : state.message,
  };
}
