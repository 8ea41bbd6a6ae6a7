import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LayerCache } from '../containers/layer-cache';
import { asObject } from '../json';
import { PythonEnvironments } from '../ml/python';
import { ArmFault, type Answer, type Call, type Core, type Route } from '../service';
import { applyDockerignore, unpackContext } from './context';
import { BuildError } from './dockerfile';
import { buildImage, type BuildResult } from './build';
import { imageName, readBuildRequest, type BuildRequest } from './build-request';
import { parseReference } from './image';
import { document, isRun, type Run } from './run';
import { RunLog, type LogEnd } from './run-log';
import type { RegistryStorage } from './storage';

interface Active {
  abort: AbortController;
  done: Promise<void>;
}

const container = 'acr-tasks';
const ended = new Set(['Succeeded', 'Failed', 'Canceled', 'Error', 'Timeout']);

/** ACR Tasks quick builds: upload URL, run, log, cancel (Container Registry build API 2019-06-01-preview). */
export class Builds {
  private readonly active = new Map<string, Active>();
  private readonly loginServer: string;
  private readonly folder: string;
  private readonly layers: LayerCache;
  private readonly pythons = new PythonEnvironments();

  constructor(
    private readonly core: Core,
    private readonly storage: RegistryStorage,
    private readonly registryPath: string,
  ) {
    this.loginServer = new URL(core.url).host;
    this.folder = join(core.folder('registry'), 'builds');
    mkdirSync(this.folder, { recursive: true });
    this.layers = LayerCache.of(join(core.folder('registry'), 'layers'), storage);
  }

  routes(): Route[] {
    const path = this.registryPath;
    const arm = { token: 'arm' } as const;
    return [
      { ...arm, method: 'POST', path: `${path}/listBuildSourceUploadUrl`, handle: () => this.uploadUrl() },
      { ...arm, method: 'POST', path: `${path}/scheduleRun`, handle: (call) => this.schedule(call) },
      {
        ...arm,
        method: 'GET',
        path: `${path}/runs`,
        handle: () => ({ status: 200, body: { value: this.all().map(document) } }),
      },
      {
        ...arm,
        method: 'GET',
        path: `${path}/runs/{run}`,
        handle: (call) => ({ status: 200, body: document(this.find(call)) }),
      },
      { ...arm, method: 'PATCH', path: `${path}/runs/{run}`, handle: (call) => this.update(call) },
      { ...arm, method: 'POST', path: `${path}/runs/{run}/listLogSasUrl`, handle: (call) => this.logUrl(call) },
      { ...arm, method: 'POST', path: `${path}/runs/{run}/cancel`, handle: (call) => this.cancel(call) },
    ];
  }

  /** Runs that were under way when the stand-in ended will not go on. */
  async start(): Promise<void> {
    await rm(join(this.folder, 'work'), { recursive: true, force: true });
    await rm(join(this.folder, 'contexts'), { recursive: true, force: true });
    for (const run of this.all().filter(({ status }) => !ended.has(status))) {
      this.save({
        ...run,
        status: 'Error',
        finishTime: now(),
        runErrorMessage: 'the builder was stopped while the run was under way',
      });
      const blob = logBlob(run);
      if (await this.core.blobs.exists(container, blob))
        await this.core.blobs.setMetadata(container, blob, { Complete: 'internalerror' });
    }
  }

  async stop(): Promise<void> {
    for (const { abort } of this.active.values()) abort.abort(new Error('the builder was stopped'));
    await Promise.all([...this.active.values()].map(({ done }) => done));
  }

  private async uploadUrl(): Promise<Answer> {
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    const relativePath = `tasks-source/${day}0000/${randomBytes(16).toString('hex')}.tar.gz`;
    return {
      status: 200,
      body: { relativePath, uploadUrl: await this.core.blobs.sasUrl(container, relativePath, 'cw') },
    };
  }

  private schedule(call: Call): Answer {
    const request = readBuildRequest(call.json());
    const id = this.nextId();
    for (const name of request.imageNames) imageName(name, this.loginServer, id);
    const base = call.url.pathname.replace(/\/scheduleRun\/?$/i, '');
    const created = now();
    const run: Run = {
      id,
      resource: `${base}/runs/${id}`,
      status: 'Queued',
      createTime: created,
      lastUpdatedTime: created,
      isArchiveEnabled: request.isArchiveEnabled,
      platform: request.platform,
      cpu: request.cpu,
      outputImages: [],
      by: call.caller.objectId,
    };
    this.save(run);
    const abort = new AbortController();
    const done = this.work(run, request, abort).finally(() => this.active.delete(id));
    this.active.set(id, { abort, done });
    const { properties, ...rest } = document(run);
    const { runId, status, lastUpdatedTime, provisioningState, isArchiveEnabled } = properties;
    return {
      status: 200,
      body: { ...rest, properties: { runId, status, lastUpdatedTime, provisioningState, isArchiveEnabled } },
    };
  }

  private update(call: Call): Answer {
    const run = this.find(call);
    const wanted = asObject(call.json())['isArchiveEnabled'];
    const changed = { ...run, isArchiveEnabled: typeof wanted === 'boolean' ? wanted : run.isArchiveEnabled };
    this.save(changed);
    return { status: 200, body: document(changed) };
  }

  private async logUrl(call: Call): Promise<Answer> {
    return { status: 200, body: { logLink: await this.core.blobs.sasUrl(container, logBlob(this.find(call)), 'r') } };
  }

  private async cancel(call: Call): Promise<Answer> {
    const active = this.active.get(this.find(call).id);
    active?.abort.abort(new Error('canceled'));
    await active?.done;
    return { status: 200 };
  }

  private async work(queued: Run, request: BuildRequest, abort: AbortController): Promise<void> {
    const run: Run = { ...queued, status: 'Running', startTime: now() };
    this.save(run);
    const secrets = request.arguments.filter(({ isSecret }) => isSecret).map(({ value }) => value);
    const log = new RunLog(this.core.blobs, container, logBlob(run), secrets, (error) =>
      this.core.log(`log of run ${run.id}: ${String(error)}`),
    );
    const timer = setTimeout(() => abort.abort(new TimeoutError()), request.timeout * 1000);
    try {
      run.outputImages = await this.build(run, request, abort.signal, log);
      run.status = 'Succeeded';
    } catch (error) {
      this.fail(run, error, abort.signal, log);
    } finally {
      clearTimeout(timer);
    }
    run.finishTime = now();
    const seconds = elapsed(run.startTime ?? run.createTime);
    const words = { Succeeded: 'was successful', Canceled: 'was canceled', Timeout: 'timed out' };
    const outcome = run.status in words ? words[run.status as keyof typeof words] : 'failed';
    log.line(
      `\nRun ID: ${run.id} ${outcome} after ${duration(seconds)}${run.runErrorMessage === undefined ? '' : `. Error: ${run.runErrorMessage}`}`,
    );
    // The document says the end before the log does: a client that saw the log's end must find the run ended.
    this.save(run);
    await log
      .end(ends[run.status] ?? 'internalerror')
      .catch((error: unknown) => this.core.log(`log of run ${run.id}: ${String(error)}`));
  }

  private fail(run: Run, error: unknown, signal: AbortSignal, log: RunLog): void {
    if (signal.aborted) run.status = signal.reason instanceof TimeoutError ? 'Timeout' : 'Canceled';
    else if (error instanceof BuildError) {
      log.line(error.message);
      log.note('Container failed during run: build. No retries remaining.');
      log.line('failed to run step ID: build: exit status 1');
      run.status = 'Failed';
      run.runErrorMessage = 'failed during run, err: exit status 1';
    } else {
      const text = error instanceof Error ? error.message : String(error);
      this.core.log(`run ${run.id}: ${text}`);
      log.line(`internal error: ${text}`);
      run.status = 'Error';
      run.runErrorMessage = text;
    }
  }

  private async build(run: Run, request: BuildRequest, signal: AbortSignal, log: RunLog): Promise<Run['outputImages']> {
    const started = now();
    const context = join(this.folder, 'contexts', randomUUID());
    try {
      log.note('Downloading source code...');
      await this.fetchContext(request, context);
      log.note('Finished downloading source code');
      log.note(`Using acb_vol_${randomUUID()} as the home volume`);
      log.note(`Executing step ID: build. Timeout(sec): 28800, Working directory: '', Network: ''`);
      log.note('Launching container with name: build');
      const result = await buildImage(
        {
          context,
          dockerfile: request.dockerFilePath,
          arguments: new Map(request.arguments.map(({ name, value }) => [name, value])),
          architecture: request.platform.architecture,
          noCache: request.noCache,
          signal,
          log: log.line,
        },
        {
          storage: this.storage,
          layers: this.layers,
          pythons: this.pythons,
          loginServer: this.loginServer,
          folder: this.folder,
        },
      );
      const names = request.imageNames.map((name) => imageName(name, this.loginServer, run.id));
      for (const { repository, tag } of names) log.line(`Successfully tagged ${this.loginServer}/${repository}:${tag}`);
      log.note('Successfully executed container: build');
      signal.throwIfAborted();
      const images = request.isPushEnabled ? names.map((name) => this.push(name, result, log)) : [];
      log.note(`Step ID: build marked as successful (elapsed time in seconds: ${elapsed(started).toFixed(6)})`);
      dependencies(images, result, log);
      return images;
    } finally {
      await rm(context, { recursive: true, force: true });
    }
  }

  private async fetchContext(request: BuildRequest, folder: string): Promise<void> {
    const place = /^https?:/.test(request.sourceLocation)
      ? this.core.blobs.parse(request.sourceLocation)
      : { container, blob: request.sourceLocation };
    if (place === undefined || place.blob === '' || !(await this.core.blobs.exists(place.container, place.blob))) {
      throw new BuildError(
        `failed to download source code: ${request.sourceLocation === '' ? 'no source location' : request.sourceLocation} was not found`,
      );
    }
    const archive = this.storage.temporaryFile();
    try {
      writeFileSync(archive, await this.core.blobs.read(place.container, place.blob));
      await unpackContext(archive, folder).catch((error: unknown) => {
        throw error instanceof BuildError
          ? error
          : new BuildError(`failed to unpack source code: ${error instanceof Error ? error.message : String(error)}`);
      });
    } finally {
      await rm(archive, { force: true });
    }
    await applyDockerignore(folder, request.dockerFilePath);
  }

  private push(
    { repository, tag }: { repository: string; tag: string },
    result: BuildResult,
    log: RunLog,
  ): Run['outputImages'][number] {
    const name = `${this.loginServer}/${repository}`;
    log.note(`Pushing image: ${name}:${tag}, attempt 1`);
    log.line(`The push refers to repository [${name}]`);
    for (const layer of [...result.layers].reverse()) {
      this.storage.link(repository, layer.digest);
      log.line(`${layer.diffId.slice(7, 19)}: Pushed`);
    }
    this.storage.link(repository, result.config);
    const digest = this.storage.putManifest(repository, result.manifest, result.mediaType, tag);
    log.line(`${tag}: digest: ${digest} size: ${result.manifest.length}`);
    log.note(`Successfully pushed image: ${name}:${tag}`);
    return { registry: this.loginServer, repository, tag, digest };
  }

  private nextId(): string {
    const key = 'registry/run-counter';
    const counter = this.core.store.get(key);
    const next = (typeof counter === 'number' ? counter : 0) + 1;
    this.core.store.set(key, next);
    return `ch${next.toString(36)}`;
  }

  private all(): Run[] {
    return this.core.store
      .keys('registry/runs/')
      .map((key) => this.read(key))
      .filter((run) => run !== undefined)
      .reverse();
  }

  private find(call: Call): Run {
    const id = call.params['run'] ?? '';
    const run = this.read(`registry/runs/${id}`);
    if (run === undefined) throw new ArmFault(404, 'RunNotFound', `The run '${id}' was not found.`);
    return run;
  }

  private save(run: Run): void {
    this.core.store.set(`registry/runs/${run.id}`, { ...run, lastUpdatedTime: now() });
  }

  /** What this class wrote itself. */
  private read(key: string): Run | undefined {
    const value = this.core.store.get(key);
    return isRun(value) ? value : undefined;
  }
}

class TimeoutError extends Error {}

const ends: Partial<Record<Run['status'], LogEnd>> = {
  Succeeded: 'successful',
  Failed: 'failed',
  Canceled: 'canceled',
  Timeout: 'timedout',
  Error: 'internalerror',
};

function logBlob(run: Run): string {
  return `logs/${run.id}/rawtext.log`;
}

function dependencies(images: Run['outputImages'], result: BuildResult, log: RunLog): void {
  log.note('The following dependencies were found:');
  log.note('');
  const base = parseReference(result.base.reference);
  for (const image of images) {
    log.line(
      `- image:\n    registry: ${image.registry}\n    repository: ${image.repository}\n    tag: ${image.tag}\n    digest: ${image.digest}`,
    );
    log.line(
      `  runtime-dependency:\n    registry: ${base.server === '' ? 'registry.hub.docker.com' : base.server}\n    repository: ${base.repository}`,
    );
    log.line(`    tag: ${base.tag ?? ''}\n    digest: ${result.base.digest}\n  git: {}`);
  }
}

function now(): string {
  return new Date().toISOString();
}

function elapsed(since: string): number {
  return (Date.now() - Date.parse(since)) / 1000;
}

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m${whole % 60}s`;
}
