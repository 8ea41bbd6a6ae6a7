import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../ports';
import { ArmFault, type Core } from '../service';
import { Assets } from './assets';
import type { PythonNeeds } from './conda';
import type { DeploymentSpec } from './deployment-document';
import { cloudEnvironment } from './job-environment';
import { modelNeeds, noCodeScript, writeNoCodeScript } from './no-code';
import { cleanEnvironment, processMark, startGroup, type ProcessGroup } from './process-group';
import type { PythonEnvironment, PythonEnvironments } from './python';
import { errorMessage } from './wire';

/** The server listens on every address of the machine unless its own default is changed before it starts. */
const startServer =
  "import azureml_inference_server_http.constants as c; c.DEFAULT_HOST='127.0.0.1'; from azureml_inference_server_http.amlserver import run; run()";

interface Event {
  name: string;
  type: 'Normal' | 'Warning';
  time: string;
  message: string;
}

/** Steps of a container's start, as `getLogs` lists them under "Instance status". */
const steps = ['SystemSetup', 'UserContainerImagePull', 'ModelDownload', 'UserContainerStart'] as const;

/** One deployment's scoring server: environment, model and code on this machine, and the process that serves them. */
export class ScoringServer {
  /** Loopback port, once it answers. */
  port = 0;
  /** Requests under way. */
  active = 0;
  private readonly folder: string;
  private readonly logFile: string;
  private readonly events: Event[] = [];
  private readonly done = new Set<string>();
  private failed: string | undefined;
  private group: ProcessGroup | undefined;
  private stopped = false;
  private quickCrashes = 0;
  private readonly abort = new AbortController();
  private prepared: { python: PythonEnvironment; args: string[]; cwd: string; env: Record<string, string> } | undefined;
  private answering: Promise<void> = Promise.resolve();

  constructor(
    private readonly core: Core,
    private readonly environments: PythonEnvironments,
    readonly spec: DeploymentSpec,
  ) {
    this.folder = join(core.folder('serving'), `${spec.endpoint}.${spec.name}.${randomBytes(4).toString('hex')}`);
    this.logFile = join(this.folder, 'container.log');
  }

  /** Settles when the server answers; rejects with the fault the deployment fails with. */
  start(): Promise<void> {
    this.answering = this.bringUp();
    // Requests may wait for the same promise, or nobody may: a failure is reported by whoever started the server.
    this.answering.catch(() => undefined);
    return this.answering;
  }

  ready(): Promise<void> {
    return this.answering;
  }

  /** Ends the process group and removes the files. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.abort.abort(new Error('The deployment is being removed.'));
    await this.group?.end(3_000);
    this.core.store.delete(`serving-process/${this.spec.id}`);
    await this.answering.catch(() => undefined);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Text of `getLogs`: of the scoring container, or of the one that brings the model. */
  async logs(container: 'InferenceServer' | 'StorageInitializer', tail: number | undefined): Promise<string> {
    const state = (step: string): string =>
      this.done.has(step) ? 'Succeeded' : this.failed === step ? 'Failed' : 'Unknown';
    const status = steps.map((step) => `${step}: ${state(step)}`);
    const events = this.events.map(
      (event) => `Kind: Pod, Name: ${event.name}, Type: ${event.type}, Time: ${event.time}, Message: ${event.message}`,
    );
    const log =
      container === 'InferenceServer' ? await readFile(this.logFile, 'utf8').catch(() => '') : `${this.modelLine()}\n`;
    const lines = log.split('\n');
    const last = tail === undefined ? lines : lines.slice(-tail - 1);
    return `Instance status:\n${status.join('\n')}\n\nContainer events:\n${events.join('\n')}\n\nContainer logs:\n${last.join('\n')}`;
  }

  private modelLine(): string {
    return this.spec.model === undefined
      ? 'There is no model to download.'
      : `Downloaded ${this.spec.model} to ${join(this.folder, 'azureml-models')}`;
  }

  private async bringUp(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    this.done.add('SystemSetup');
    await this.prepare();
    await this.launch();
  }

  private async prepare(): Promise<void> {
    const { spec } = this;
    const assets = new Assets(this.core, spec.workspace);
    const code = join(this.folder, 'code');
    let modelFolder: string | undefined;
    try {
      this.event('Downloading', 'Start downloading models');
      if (spec.model !== undefined) {
        const { name, version, place } = assets.model(spec.model);
        modelFolder = join(this.folder, 'azureml-models', name, version);
        // A model folder lies below the version under its own name, a single file directly in it.
        const isFolder = (await assets.kind(place)) === 'folder';
        const target = isFolder ? join(modelFolder, basename(place.blob)) : modelFolder;
        await assets.fetch(place, target, `The model ${name}:${version}`);
      }
      if (spec.codeId === undefined) await writeNoCodeScript(code);
      else await assets.fetch(assets.code(spec.codeId), code, `The code ${spec.codeId}`);
      this.done.add('ModelDownload');
      this.event('Downloaded', 'Models are downloaded successfully');
    } catch (error) {
      throw this.fault('ModelDownload', 'ModelDownloadFailed', errorMessage(error));
    }
    const needs =
      spec.environmentId === undefined
        ? await this.step('UserContainerImagePull', () => modelNeeds(modelFolder ?? ''))
        : assets.python(spec.environmentId);
    this.event('Pulling', 'Start pulling container image');
    const python = await this.step('UserContainerImagePull', () =>
      this.environments.ensure(withServer(needs), (line) => this.log(`${line}\n`), this.abort.signal),
    );
    this.done.add('UserContainerImagePull');
    this.event('Pulled', 'Container image is pulled successfully');
    const script = spec.scoringScript ?? noCodeScript;
    const base = cleanEnvironment();
    this.prepared = {
      python,
      cwd: join(code, dirname(script)),
      args: ['--entry_script', join(code, script), ...(modelFolder === undefined ? [] : ['--model_dir', modelFolder])],
      env: {
        ...base,
        PATH: `${python.bin}:${base['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'}`,
        VIRTUAL_ENV: python.folder,
        PYTHONUNBUFFERED: '1',
        ...cloudEnvironment(this.core),
        ...(modelFolder === undefined ? {} : { AZUREML_MODEL_DIR: modelFolder }),
        AML_APP_ROOT: code,
        AZUREML_ENTRY_SCRIPT: script,
        GUNICORN_CMD_ARGS: '--no-control-socket',
        ...spec.environmentVariables,
      },
    };
  }

  private async step<T>(step: (typeof steps)[number], work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.fault(step, 'ImageBuildFailure', errorMessage(error));
    }
  }

  /** Starts the process and waits until its health route answers. */
  private async launch(): Promise<void> {
    if (this.prepared === undefined || this.stopped)
      throw this.fault('UserContainerStart', 'OperationCanceled', 'The deployment was removed.');
    const { python, args, cwd, env } = this.prepared;
    const port = await freePort();
    const group = await startGroup(python.python, ['-c', startServer, ...args, '--port', String(port)], {
      cwd,
      env,
      onOutput: (chunk) => this.log(chunk),
    });
    this.group = group;
    this.core.store.set(`serving-process/${this.spec.id}`, {
      pid: group.pid,
      mark: processMark(group.pid),
      folder: this.folder,
    });
    this.event('Created', 'Created container inference-server');
    this.event('Started', 'Started container inference-server');
    const ended = new AbortController();
    void group.exited.then(() => ended.abort());
    const deadline = Date.now() + this.spec.readyWithinMs;
    while (!(await healthy(port))) {
      if (ended.signal.aborted || Date.now() > deadline) {
        await group.end(1_000);
        const why = ended.signal.aborted
          ? 'User container has crashed or terminated'
          : 'User container is not ready: its readiness probe failed';
        throw this.fault(
          'UserContainerStart',
          'ResourceNotReady',
          `${why}. Please see troubleshooting guide, available here: https://aka.ms/oe-tsg#error-resourcenotready`,
        );
      }
      await sleep(100);
    }
    this.port = port;
    this.done.add('UserContainerStart');
    this.event('ContainerReady', 'Container is ready');
    void this.watch(group, Date.now());
  }

  /** A server that ends by itself is started again, as a container is; one that keeps ending at once is left alone. */
  private async watch(group: ProcessGroup, since: number): Promise<void> {
    const exit = await group.exited;
    if (this.stopped) return;
    await group.end(500);
    this.event(
      'BackOff',
      `Container exited with ${exit.signal ?? `code ${exit.code ?? 0}`}; it is started again`,
      'Warning',
    );
    this.quickCrashes = Date.now() - since < 10_000 ? this.quickCrashes + 1 : 0;
    if (this.quickCrashes > 5) return;
    this.answering = sleep(this.quickCrashes * 500).then(() => this.launch());
    this.answering.catch((error: unknown) => this.core.log(`Deployment ${this.spec.id}: ${errorMessage(error)}`));
  }

  private fault(step: string, code: string, message: string): ArmFault {
    this.failed = step;
    this.event('Failed', message.split('\n')[0] ?? '', 'Warning');
    return new ArmFault(400, code, message);
  }

  private event(name: string, message: string, type: Event['type'] = 'Normal'): void {
    this.events.push({ name, type, time: new Date().toISOString(), message });
  }

  private writing: Promise<void> = Promise.resolve();

  /** Appends in order; a log that cannot be written must not end the service. */
  private log(chunk: Buffer | string): void {
    this.writing = this.writing
      .then(() => appendFile(this.logFile, chunk))
      .catch((error: unknown) => this.core.log(errorMessage(error)));
  }
}

/** The inference server beside the user's own packages. Without a lower bound resolvers pick an older one. */
export function withServer(needs: PythonNeeds): PythonNeeds {
  const server = 'azureml-inference-server-http';
  const bare = (line: string): boolean => new RegExp(`^${server}$`, 'i').test(line.trim());
  const pinned = needs.requirements.some((line) =>
    new RegExp(`^(${server}\\s*[=<>~!\\[]|azureml-defaults)`, 'i').test(line),
  );
  if (pinned) return needs;
  return { ...needs, requirements: [...needs.requirements.filter((line) => !bare(line)), `${server}>=1.5.1`] };
}

async function healthy(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2_000) })
    .then((answer) => answer.ok)
    .catch(() => false);
}
