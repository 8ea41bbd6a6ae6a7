import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asNumber, asObject, asString } from '../json';
import type { PythonEnvironments } from '../ml/python';
import { endLeftover, processMark, startGroup, type ProcessGroup } from '../ml/process-group';
import type { PulledImage } from '../registry/image';
import type { Place } from './addresses';
import { resolveCommand, StartError } from './command';
import type { LayerCache } from './layer-cache';
import { preparePython } from './python';
import { Rootfs } from './rootfs';

/** Something put into a root from outside: a folder that lives on, or files. */
export type Mount =
  { at: string; folder: string } | { at: string; files: Record<string, string> } | { at: string; file: string };

export interface ContainerSpec {
  image: PulledImage;
  /** Replaces the image's entry point. */
  entrypoint: string[] | undefined;
  /** Replaces the image's command. */
  command: string[] | undefined;
  env: [string, string][];
  workingDir?: string;
  place: Place;
  restartPolicy: 'Always' | 'OnFailure' | 'Never';
  mounts?: Mount[];
}

/** The state of one container, in the words that ACI and Kubernetes share. */
export type ContainerState =
  | { state: 'Waiting'; reason: string; message: string }
  | { state: 'Running'; startedAt: string }
  | { state: 'Terminated'; startedAt: string; finishedAt: string; exitCode: number; reason: string; message: string };

export interface ContainerTools {
  layers: LayerCache;
  pythons: PythonEnvironments;
  log: (text: string) => void;
}

const mostLogBytes = 8 * 1024 * 1024;

/** One container: its root put together from the image, its command run as a process group on this machine. */
export class Container {
  state: ContainerState = { state: 'Waiting', reason: 'ContainerCreating', message: '' };
  previous: ContainerState | undefined;
  restartCount = 0;
  private group: ProcessGroup | undefined;
  private stopped = false;
  private timer: NodeJS.Timeout | undefined;
  private starting: Promise<void> = Promise.resolve();
  private running: Promise<void> = Promise.resolve();

  constructor(
    /** Private folder: root, log, note of the process. */
    private readonly folder: string,
    private readonly spec: ContainerSpec,
    private readonly tools: ContainerTools,
    private readonly changed: () => void,
  ) {}

  /** Builds the root and starts the command. Settles when the process runs or has failed to start. */
  async start(): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    this.stopped = false;
    this.starting = this.run();
    await this.starting;
  }

  /** Ends the process with everything it started; it is not started again. */
  async stop(graceMs = 5000): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.starting;
    await this.group?.end(graceMs);
    await this.running;
  }

  /** Ends the process; the restart policy decides what follows. */
  async kill(): Promise<void> {
    await this.group?.end(5000);
  }

  /** Stops and removes everything of this container. */
  async remove(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** What the container has written so far; the last `tail` lines. */
  logs(tail?: number): string {
    const file = join(this.folder, 'log');
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (tail === undefined) return text;
    const lines = text.split('\n');
    const last = lines.at(-1) === '' ? tail + 1 : tail;
    return lines.slice(-last).join('\n');
  }

  private async run(): Promise<void> {
    const startedAt = new Date().toISOString();
    try {
      const rootfs = await this.buildRoot();
      if (this.isStopped()) return;
      const home = rootfs.path('/root');
      mkdirSync(home, { recursive: true });
      mkdirSync(rootfs.path('/tmp'), { recursive: true });
      const report = (line: string): void => this.tools.log(line);
      const python = await preparePython(rootfs, this.folder, this.tools.pythons, this.spec.place, report);
      const { image } = this.spec;
      const workingDir = this.spec.workingDir ?? image.run.workingDir;
      mkdirSync(rootfs.path(workingDir === '' ? '/' : workingDir), { recursive: true });
      const executable = resolveCommand(
        { argv: this.argv(), env: merged(image.run.env, this.spec.env), workingDir },
        rootfs,
        python,
        home,
      );
      if (this.isStopped()) return;
      const { file, args, cwd } = executable;
      const env = { TMPDIR: rootfs.path('/tmp'), ...executable.env };
      const group = await startGroup(file, args, { cwd, env, onOutput: (chunk) => this.write(chunk) });
      this.group = group;
      writeFileSync(
        join(this.folder, 'process.json'),
        JSON.stringify({ pid: group.pid, mark: processMark(group.pid) }),
      );
      this.become({ state: 'Running', startedAt });
      this.running = this.follow(group, startedAt);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!(error instanceof StartError)) this.tools.log(`container in ${this.folder}: ${message}`);
      this.write(Buffer.from(`${message}\n`));
      this.end(startedAt, 127, error instanceof StartError ? 'StartError' : 'ContainerCannotRun', message);
    }
  }

  /** A stop may come while the root is being built. */
  private isStopped(): boolean {
    return this.stopped;
  }

  private async follow(group: ProcessGroup, startedAt: string): Promise<void> {
    const { code, signal } = await group.exited;
    // A server whose master is gone may have left workers that hold the port.
    await group.end(2000);
    this.group = undefined;
    // 128 plus the signal's number, as a shell says it.
    const exitCode = code ?? (signal === 'SIGKILL' ? 137 : signal === 'SIGTERM' ? 143 : 1);
    this.end(startedAt, exitCode, exitCode === 0 ? 'Completed' : 'Error', '');
  }

  private end(startedAt: string, exitCode: number, reason: string, message: string): void {
    this.become({ state: 'Terminated', startedAt, finishedAt: new Date().toISOString(), exitCode, reason, message });
    const again = this.spec.restartPolicy === 'Always' || (this.spec.restartPolicy === 'OnFailure' && exitCode !== 0);
    if (this.stopped || !again) return;
    // The back-off of a kubelet: at once, then 10, 20, 40 … up to 300 seconds.
    const seconds = this.restartCount === 0 ? 0 : Math.min(10 * 2 ** (this.restartCount - 1), 300);
    this.timer = setTimeout(() => this.restart(), seconds * 1000);
    if (seconds > 0) {
      const text = `back-off ${seconds}s restarting failed container`;
      this.become({ state: 'Waiting', reason: 'CrashLoopBackOff', message: text });
    }
  }

  private restart(): void {
    this.restartCount += 1;
    this.starting = this.run();
  }

  private become(state: ContainerState): void {
    if (this.state.state === 'Terminated') this.previous = this.state;
    this.state = state;
    this.changed();
  }

  private argv(): string[] {
    const { entrypoint, command, image } = this.spec;
    if (entrypoint !== undefined) return [...entrypoint, ...(command ?? [])];
    return [...(image.run.entrypoint ?? []), ...(command ?? image.run.command ?? [])];
  }

  /** A restart begins with the image's own files again, as a container's does. */
  private async buildRoot(): Promise<Rootfs> {
    const rootfs = new Rootfs(join(this.folder, 'root'));
    await rm(rootfs.folder, { recursive: true, force: true });
    mkdirSync(rootfs.folder, { recursive: true });
    for (const layer of this.spec.image.layers) {
      if (this.stopped) break;
      await rootfs.apply(await this.tools.layers.get(layer));
    }
    for (const mount of this.spec.mounts ?? []) await putMount(mount, rootfs);
    return rootfs;
  }

  private write(chunk: Buffer): void {
    const file = join(this.folder, 'log');
    if (!existsSync(this.folder)) return;
    appendFileSync(file, chunk);
    this.trim(file, chunk.length);
  }

  private written = 0;

  private trim(file: string, added: number): void {
    this.written += added;
    if (this.written < mostLogBytes) return;
    const rest = readFileSync(file).subarray(-mostLogBytes / 2);
    writeFileSync(file, rest);
    this.written = rest.length;
  }
}

async function putMount(mount: Mount, rootfs: Rootfs): Promise<void> {
  const target = rootfs.path(mount.at);
  await rm(target, { recursive: true, force: true });
  mkdirSync(dirname(target), { recursive: true });
  if ('folder' in mount) symlinkSync(mount.folder, target);
  else if ('file' in mount) writeFileSync(target, mount.file);
  else {
    mkdirSync(target);
    for (const [name, content] of Object.entries(mount.files)) {
      const file = join(target, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
  }
}

function merged(first: [string, string][], second: [string, string][]): [string, string][] {
  return [...new Map([...first, ...second])];
}

/** Ends processes that containers below this folder left behind when the stand-in was killed, and removes their files. */
export async function endLeftovers(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.name !== 'process.json' || !entry.isFile()) continue;
    const note = asObject(JSON.parse(readFileSync(join(entry.parentPath, entry.name), 'utf8')));
    const pid = asNumber(note['pid']);
    if (pid !== undefined) await endLeftover({ pid, mark: asString(note['mark']) });
  }
  await rm(folder, { recursive: true, force: true });
}
