import type { Answer, Call, Core, Route } from '../service';
import { artifactContainer, artifactPlace, Assets } from './assets';
import { jobOutputs } from './job-parts';
import { runStatus } from './mlflow-wire';
import { terminal, TrackingStore, type Run } from './tracking-store';
import {
  isObject,
  notFound,
  object,
  optionalObject,
  optionalText,
  param,
  text,
  textMap,
  workspaceId,
  workspacePath,
  type Json,
} from './wire';

const right = 'Microsoft.MachineLearningServices/workspaces/experiments/runs';

/**
 * Run history, as job streaming and studio-like clients read it: runs and their details (status, error, log files with SAS)
 * by run id, by experiment name and by experiment id; and the places of a run's outputs.
 */
export function historyRoutes(core: Core, cancel: (id: string) => void): Route[] {
  const history = new History(core, cancel);
  const root = `/history/v1.0${workspacePath}`;
  const scopes = [`${root}/runs`, `${root}/experiments/{experiment}/runs`, `${root}/experimentids/{experiment}/runs`];
  const route = (method: Route['method'], path: string, kind: 'read' | 'write', handle: Route['handle']): Route => ({
    method,
    path,
    token: 'ml',
    action: `${right}/${kind}`,
    handle,
  });
  return [
    ...scopes.flatMap((scope) => [
      route('GET', `${scope}/{run}`, 'read', (call) => ok(history.shown(history.run(call), workspaceId(call)))),
      route('PATCH', `${scope}/{run}`, 'write', (call) => ok(history.change(call))),
      route('GET', `${scope}/{run}/details`, 'read', async (call) => ok(await history.details(call))),
      route('GET', `${scope}/{run}/children`, 'read', (call) => ok(history.children(call))),
      route('POST', `${scope}/{run}/events`, 'write', (call) => ok(history.event(call))),
      route('POST', `${scope}/{run}/cancel`, 'write', (call) => ok(history.cancel(call))),
    ]),
    route('POST', `${root}/rundata`, 'read', (call) => ok(history.data(call))),
    route('POST', `/data/v1.0${workspacePath}/dataversion/batchGetResolvedUris`, 'read', (call) =>
      ok(history.resolve(call, (uri) => ({ uri, type: 'UriFolder' }))),
    ),
    route('POST', `/modelregistry/v1.0${workspacePath}/models/batchGetResolvedUris`, 'read', (call) =>
      ok(history.resolve(call, (path) => ({ path }))),
    ),
  ];
}

function ok(body: unknown): Answer {
  return { status: 200, body };
}

class History {
  constructor(
    private readonly core: Core,
    private readonly cancelJob: (id: string) => void,
  ) {}

  run(call: Call): Run {
    return this.find(workspaceId(call), param(call, 'run'));
  }

  private find(workspace: string, id: string): Run {
    const run = new TrackingStore(this.core, workspace).run(id);
    if (run === undefined) throw notFound('RunNotFound', `Run with id ${id} could not be found.`);
    return run;
  }

  shown(run: Run, workspace: string): Json {
    const job = this.jobOf(workspace, run);
    const type = run.isJob ? runType(job, run) : 'azureml.mlflow';
    return {
      runNumber: run.number,
      rootRunId: run.tags['mlflow.rootRunId'] ?? run.runId,
      runId: run.runId,
      runUuid: run.runId,
      experimentId: run.experimentId,
      parentRunId: run.tags['mlflow.parentRunId'] ?? null,
      createdUtc: iso(run.created),
      startTimeUtc: iso(run.started),
      endTimeUtc: iso(run.ended),
      userId: run.userId,
      status: run.status,
      name: null,
      displayName: run.name,
      dataContainerId: `dcid.${run.runId}`,
      hidden: run.lifecycle === 'deleted',
      runType: type,
      runTypeV2: {
        orchestrator: null,
        traits: [],
        attribution: null,
        computeType: run.isJob && job?.['jobType'] === 'Command' ? 'amlctrain' : null,
      },
      tags: run.tags,
      properties: job === undefined ? {} : textMap(job['properties'], 'properties'),
      parameters: run.params,
      error: runError(this.core, run),
      warnings: [],
    };
  }

  async details(call: Call): Promise<Json> {
    const run = this.run(call);
    const shown = this.shown(run, workspaceId(call));
    const job = this.jobOf(workspaceId(call), run);
    return {
      runId: run.runId,
      runUuid: run.runId,
      parentRunUuid: null,
      rootRunUuid: shown['rootRunId'],
      target: job?.['computeId'] ?? null,
      status: run.status,
      parentRunId: shown['parentRunId'],
      createdTimeUtc: iso(run.created),
      startTimeUtc: iso(run.started),
      endTimeUtc: iso(run.ended),
      error: shown['error'],
      warnings: [],
      tags: run.tags,
      properties: job === undefined ? {} : textMap(job['properties'], 'properties'),
      parameters: run.params,
      inputDatasets: [],
      outputDatasets: [],
      runDefinition: null,
      logFiles: await this.logFiles(run),
      revision: 1,
    };
  }

  /** Readable URLs of every log the run has by now. */
  private async logFiles(run: Run): Promise<Record<string, string>> {
    const root = `${artifactPlace(run.runId).blob}/`;
    const folders = ['user_logs/', 'azureml-logs/', 'system_logs/', 'logs/'];
    const found = (await this.core.blobs.list(artifactContainer, root)).filter(({ name }) =>
      folders.some((folder) => name.startsWith(root + folder)),
    );
    const urls = found.map(
      async ({ name }) =>
        [name.slice(root.length), await this.core.blobs.sasUrl(artifactContainer, name, 'r')] as const,
    );
    return Object.fromEntries(await Promise.all(urls));
  }

  /** In the order in which they were made; `$top` gives the first of them. */
  children(call: Call): Json {
    const parent = this.run(call);
    const workspace = workspaceId(call);
    const top = Number(call.query.get('$top') ?? Infinity);
    const found = new TrackingStore(this.core, workspace)
      .runs()
      .filter((run) => run.tags['mlflow.parentRunId'] === parent.runId && run.lifecycle === 'active')
      .reverse();
    return { value: found.slice(0, top).map((run) => this.shown(run, workspace)) };
  }

  change(call: Call): Json {
    const body = object(call.json(), 'body');
    const store = new TrackingStore(this.core, workspaceId(call));
    const run = this.run(call);
    Object.assign(run.tags, textMap(body['tags'], 'tags'));
    const name = optionalText(body, 'displayName', 'body');
    if (name !== undefined) run.name = name;
    if (typeof body['hidden'] === 'boolean') run.lifecycle = body['hidden'] ? 'deleted' : 'active';
    store.saveRun(run);
    this.changeJob(`${workspaceId(call)}/jobs/${run.runId}`, body);
    return this.shown(run, workspaceId(call));
  }

  /** A job and its run describe themselves by the same words; a hidden run is an archived job. */
  private changeJob(id: string, body: Json): void {
    const job = this.core.store.get(id);
    if (!isObject(job)) return;
    const properties = optionalObject(job['properties'], 'properties');
    const description = optionalText(body, 'description', 'body');
    const displayName = optionalText(body, 'displayName', 'body');
    const changed = {
      ...properties,
      tags: { ...textMap(properties['tags'], 'tags'), ...textMap(body['tags'], 'tags') },
      properties: {
        ...optionalObject(properties['properties'], 'properties'),
        ...textMap(body['properties'], 'properties'),
      },
      ...(description === undefined ? {} : { description }),
      ...(displayName === undefined ? {} : { displayName }),
      ...(typeof body['hidden'] === 'boolean' ? { isArchived: body['hidden'] } : {}),
    };
    this.core.store.set(id, { ...job, properties: changed });
  }

  /** Clients of the older SDK report their own start and end by events. A job's status is its service's own. */
  event(call: Call): Json {
    const body = object(call.json(), 'body');
    const word = text(body, 'name', 'body').split('.').pop() ?? '';
    const run = this.run(call);
    const status = (
      { start: 'RUNNING', completed: 'FINISHED', failed: 'FAILED', canceled: 'KILLED' } as Record<string, string>
    )[word.toLowerCase()];
    if (status !== undefined && !run.isJob) {
      run.status = runStatus(status);
      if (terminal.includes(run.status)) run.ended = Date.now();
      new TrackingStore(this.core, workspaceId(call)).saveRun(run);
    }
    return {};
  }

  cancel(call: Call): Json {
    const run = this.run(call);
    this.cancelJob(`${workspaceId(call)}/jobs/${run.runId}`);
    return this.shown(run, workspaceId(call));
  }

  /** A run with its outputs; their types are written here in PascalCase, unlike in ARM. */
  data(call: Call): Json {
    const body = object(call.json(), 'body');
    const workspace = workspaceId(call);
    const run = this.find(workspace, text(body, 'runId', 'body'));
    const job = this.core.store.get(`${workspace}/jobs/${run.runId}`);
    const outputs: Json = {};
    if (isObject(job)) {
      for (const [name, output] of Object.entries(jobOutputs(job))) {
        const type = output.kind
          .split('_')
          .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
          .join('');
        outputs[name] = { assetId: outputId(run.runId, name), type: type === 'MlflowModel' ? 'MLFlowModel' : type };
      }
    }
    return { runMetadata: { ...this.shown(run, workspace), outputs }, runDefinition: null, jobSpecification: null };
  }

  /** Long-form URIs of outputs, by the ids that `rundata` gave. */
  resolve(call: Call, entry: (uri: string) => Json): Json {
    const body = object(call.json(), 'body');
    const ids: unknown[] = Array.isArray(body['values']) ? body['values'] : [];
    const workspace = workspaceId(call);
    const values: Json = {};
    for (const id of ids) {
      const found = typeof id === 'string' ? /^azureml:\/\/jobs\/([^/]+)\/outputs\/([^/]+)$/.exec(id) : null;
      if (typeof id !== 'string' || found === null) throw notFound('AssetNotFound', `There is no asset ${String(id)}.`);
      const output = jobOutputs(this.core.store.get(`${workspace}/jobs/${found[1] ?? ''}`))[found[2] ?? ''];
      if (output === undefined) throw notFound('AssetNotFound', `There is no asset ${id}.`);
      new Assets(this.core, workspace).place(output.uri);
      values[id] = entry(longForm(workspace, output.uri));
    }
    return { values };
  }

  private jobOf(workspace: string, run: Run): Json | undefined {
    const document = run.isJob ? this.core.store.get(`${workspace}/jobs/${run.runId}`) : undefined;
    return isObject(document) ? optionalObject(document['properties'], 'properties') : undefined;
  }
}

/** As the service calls the runs of its kinds of jobs. */
function runType(job: Json | undefined, run: Run): string {
  const isStep = job?.['parentJobName'] !== null && run.tags['mlflow.parentRunId'] !== undefined;
  if (job?.['jobType'] === 'Sweep') return 'hyperdrive';
  if (job?.['jobType'] === 'Pipeline') return isStep ? 'azureml.StepRun' : 'azureml.PipelineRun';
  return isStep && run.tags['hyperparameters'] === undefined ? 'azureml.StepRun' : 'azureml.scriptrun';
}

function outputId(job: string, output: string): string {
  return `azureml://jobs/${job}/outputs/${output}`;
}

function longForm(workspace: string, uri: string): string {
  const parts = workspace.split('/');
  const base = `azureml://subscriptions/${parts[2] ?? ''}/resourcegroups/${parts[4] ?? ''}/workspaces/${parts[8] ?? ''}`;
  return uri.replace(/^azureml:\/\/(?=datastores\/)/, `${base}/`);
}

function runError(core: Core, run: Run): Json | null {
  if (run.error === undefined) return null;
  const { code, message } = run.error;
  return {
    error: {
      code,
      severity: null,
      message,
      messageFormat: null,
      messageParameters: {},
      referenceCode: null,
      detailsUri: null,
      target: null,
      details: [],
      innerError: null,
    },
    correlation: { operation: null, request: null },
    environment: core.location,
    location: core.location,
    time: iso(run.ended) ?? new Date().toISOString(),
    componentName: 'execution-worker',
  };
}

function iso(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}
