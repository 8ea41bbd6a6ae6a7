import type { Answer, Call, Core, Route } from '../service';
import { TrackingStore, type Experiment, type Metric, type Run, type RunStatus } from './tracking-store';
import { isObject, workspaceId, workspacePath, type Json } from './wire';

/** An error of the MLflow routes. `errorCode` is MLflow's own word for it, which its clients act upon. */
export class MlflowFault extends Error {
  override readonly name = 'MlflowFault';
  constructor(
    readonly status: number,
    readonly errorCode: string,
    message: string,
  ) {
    super(message);
  }
}

/** What a handler of an MLflow route gets. */
export interface MlflowCall {
  call: Call;
  store: TrackingStore;
  /** Body of a POST or PATCH; query of a GET. */
  input: Input;
}

/** Typed reading of a request; a wrong type is 400 INVALID_PARAMETER_VALUE naming the field. */
export class Input {
  constructor(private readonly values: Json) {}

  get raw(): Json {
    return this.values;
  }

  text(key: string, otherKey?: string): string {
    const found = this.optionalText(key) ?? (otherKey === undefined ? undefined : this.optionalText(otherKey));
    if (found !== undefined && found !== '') return found;
    throw badParameter(`Missing value for required parameter '${key}'.`);
  }

  optionalText(key: string): string | undefined {
    const value = this.values[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw badParameter(`Parameter '${key}' must be a text.`);
  }

  /** A number; 64-bit integers may arrive as texts, as protobuf's JSON writes them. */
  number(key: string): number | undefined {
    const value = this.values[key];
    if (value === undefined || value === null || value === '') return undefined;
    const number = typeof value === 'string' ? Number(value) : value;
    if (typeof number === 'number' && Number.isFinite(number)) return number;
    throw badParameter(`Parameter '${key}' must be a number.`);
  }

  list(key: string): Input[] {
    const value = this.values[key];
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw badParameter(`Parameter '${key}' must be a list.`);
    return value.map((item: unknown) => {
      if (isObject(item)) return new Input(item);
      throw badParameter(`Parameter '${key}' must be a list of objects.`);
    });
  }

  texts(key: string): string[] {
    const value = this.values[key];
    if (value === undefined || value === null) return [];
    if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) return value;
    if (typeof value === 'string') return [value];
    throw badParameter(`Parameter '${key}' must be a list of texts.`);
  }

  /** A list of `{key, value}` as a map. */
  pairs(key: string): Record<string, string> {
    return Object.fromEntries(this.list(key).map((item) => [item.text('key'), item.optionalText('value') ?? '']));
  }
}

export function badParameter(message: string): MlflowFault {
  return new MlflowFault(400, 'INVALID_PARAMETER_VALUE', message);
}

export function missing(message: string): MlflowFault {
  return new MlflowFault(404, 'RESOURCE_DOES_NOT_EXIST', message);
}

/** Data-plane roots under which MLflow's REST API answers: both versions name the same service. */
const roots = ['/mlflow/v1.0', '/mlflow/v2.0'];

type Kind = 'read' | 'write';

/** One MLflow operation as routes; what it needs to be allowed is a right on experiment runs unless another is named. */
export function mlflowRoutes(
  core: Core,
  method: Route['method'],
  path: string,
  kind: Kind,
  handle: (call: MlflowCall) => Json | Promise<Json> | Answer | Promise<Answer>,
  resource = 'experiments/runs',
): Route[] {
  return roots.map((root) => ({
    method,
    path: `${root}${workspacePath}/api/2.0/${path}`,
    token: 'ml',
    action: `Microsoft.MachineLearningServices/workspaces/${resource}/${kind}`,
    handle: (call) => answer(core, call, handle),
  }));
}

async function answer(core: Core, call: Call, handle: (call: MlflowCall) => unknown): Promise<Answer> {
  try {
    const workspace = workspaceId(call);
    const input = new Input(readInput(call));
    const result = await handle({ call, store: new TrackingStore(core, workspace), input });
    return isAnswer(result) ? result : { status: 200, body: result };
  } catch (error) {
    if (!(error instanceof MlflowFault)) throw error;
    return { status: error.status, body: envelope(core, error) };
  }
}

function readInput(call: Call): Json {
  if (call.method !== 'GET' && call.method !== 'PUT' && call.body.length > 0) {
    let body: unknown;
    try {
      body = JSON.parse(call.body.toString('utf8'));
    } catch {
      throw new MlflowFault(400, 'BAD_REQUEST', 'The body of the request is not JSON.');
    }
    if (!isObject(body)) throw new MlflowFault(400, 'BAD_REQUEST', 'The body of the request is not an object.');
    return body;
  }
  const values: Json = {};
  for (const key of new Set(call.query.keys())) {
    const all = call.query.getAll(key);
    values[key] = all.length > 1 ? all : all[0];
  }
  return values;
}

function isAnswer(value: unknown): value is Answer {
  return (
    isObject(value) &&
    typeof value['status'] === 'number' &&
    ('body' in value || 'headers' in value || 'stream' in value)
  );
}

/** Azure's own envelope around MLflow errors: capital letters, and MLflow's code beside it. */
function envelope(core: Core, fault: MlflowFault): Json {
  return {
    Error: {
      Code: fault.status >= 500 ? 'ServiceError' : 'UserError',
      Severity: null,
      Message: fault.message,
      MessageFormat: null,
      MessageParameters: null,
      ReferenceCode: null,
      DetailsUri: null,
      Target: null,
      Details: [],
      InnerError: null,
      DebugInfo: null,
      AdditionalInfo: null,
    },
    Correlation: {},
    Environment: core.location,
    Location: core.location,
    Time: new Date().toISOString(),
    ComponentName: 'mlflow',
    statusCode: fault.status,
    error_code: fault.errorCode,
  };
}

const toMlflow: Record<RunStatus, string> = {
  NotStarted: 'SCHEDULED',
  Starting: 'SCHEDULED',
  Preparing: 'SCHEDULED',
  Queued: 'SCHEDULED',
  Running: 'RUNNING',
  Finalizing: 'RUNNING',
  CancelRequested: 'RUNNING',
  Completed: 'FINISHED',
  Failed: 'FAILED',
  Canceled: 'KILLED',
};

const fromMlflow: Record<string, RunStatus> = {
  SCHEDULED: 'NotStarted',
  RUNNING: 'Running',
  FINISHED: 'Completed',
  FAILED: 'Failed',
  KILLED: 'Canceled',
};

export function mlflowStatus(status: RunStatus): string {
  return toMlflow[status];
}

export function runStatus(word: string): RunStatus {
  const status = fromMlflow[word];
  if (status === undefined) throw badParameter(`'${word}' is not a status of a run.`);
  return status;
}

export function experimentBody(core: Core, store: TrackingStore, experiment: Experiment): Json {
  return {
    experiment_id: experiment.id,
    name: experiment.name,
    artifact_location: `azureml://${new URL(core.url).host}/mlflow/v2.0${store.workspace}/experiments/${experiment.name}`,
    lifecycle_stage: experiment.lifecycle,
    creation_time: experiment.created,
    last_update_time: experiment.updated,
    tags: pairs(experiment.tags),
  };
}

/**
 * Where a client finds the run's artifacts. The Azure plugin understands only its own form; MLflow without it understands
 * only the proxy of the tracking server it talks to.
 */
export function artifactUri(core: Core, call: Call, store: TrackingStore, run: Run): string {
  if (plainClient(call)) return `mlflow-artifacts:/${run.experimentId}/${run.runId}/artifacts`;
  const experiment = store.experiment(run.experimentId)?.name ?? run.experimentId;
  return `azureml://${new URL(core.url).host}/mlflow/v2.0${store.workspace}/experiments/${experiment}/runs/${run.runId}/artifacts`;
}

export function plainClient(call: Call): boolean {
  const agent = call.headers['user-agent'] ?? '';
  return agent.includes('mlflow-python-client') && !agent.includes('azureml-mlflow');
}

export function runBody(core: Core, call: Call, store: TrackingStore, run: Run): Json {
  const { status, started, ended } = run;
  return {
    info: {
      run_id: run.runId,
      run_uuid: run.runId,
      run_name: run.name,
      experiment_id: run.experimentId,
      user_id: run.userId,
      status: mlflowStatus(status),
      start_time: started ?? run.created,
      ...(ended === undefined ? {} : { end_time: ended }),
      artifact_uri: artifactUri(core, call, store, run),
      lifecycle_stage: run.lifecycle,
    },
    data: { metrics: Object.values(run.metrics), params: pairs(run.params), tags: pairs(run.tags) },
    inputs: { dataset_inputs: run.datasets, model_inputs: run.modelInputs },
    outputs: { model_outputs: run.modelOutputs },
  };
}

export function pairs(map: Record<string, string>): { key: string; value: string }[] {
  return Object.entries(map).map(([key, value]) => ({ key, value }));
}

export function readMetric(input: Input): Metric {
  const value = input.raw['value'];
  const special = typeof value === 'string' && ['NaN', 'Infinity', '-Infinity'].includes(value);
  return {
    key: input.text('key'),
    value: special ? value : required(input.number('value'), 'value'),
    timestamp: input.number('timestamp') ?? Date.now(),
    step: input.number('step') ?? 0,
  };
}

function required(value: number | undefined, name: string): number {
  if (value === undefined) throw badParameter(`Missing value for required parameter '${name}'.`);
  return value;
}

export function runOf(store: TrackingStore, input: Input): Run {
  const id = input.text('run_id', 'run_uuid');
  const run = store.run(id);
  if (run === undefined) throw missing(`Run '${id}' not found.`);
  return run;
}

export function inView(view: string, lifecycle: 'active' | 'deleted'): boolean {
  return view === 'ALL' || (view === 'DELETED_ONLY' ? lifecycle === 'deleted' : lifecycle === 'active');
}

/** One page of a list. The token is the index of the next item; without `max_results` everything is given. */
export function paged<T>(all: readonly T[], input: Input): { items: T[]; next: { next_page_token?: string } } {
  const start = Number(input.optionalText('page_token') ?? '0') || 0;
  const end = start + (input.number('max_results') ?? Math.max(1, all.length));
  return { items: all.slice(start, end), next: end < all.length ? { next_page_token: String(end) } : {} };
}
