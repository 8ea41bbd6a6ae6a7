import type { Core, Service } from '../service';
import { artifactRoutes } from './tracking-artifacts';
import { modelRoutes } from './tracking-models';
import { loggedModelRoutes } from './tracking-logged-models';
import { readFilter, readOrder } from './tracking-filter';
import { terminal, type Experiment, type Run, type TrackingStore } from './tracking-store';
import {
  badParameter,
  experimentBody,
  inView,
  missing,
  MlflowFault,
  mlflowRoutes,
  paged,
  readMetric,
  runBody,
  runOf,
  runStatus,
  type Input,
  type MlflowCall,
} from './mlflow-wire';
import type { Json } from './wire';

/**
 * MLflow's tracking REST API as a workspace answers it: `/mlflow/v1.0{workspace}` and `/mlflow/v2.0{workspace}`, followed by
 * MLflow's own paths. Serves the plugin azureml-mlflow (mlflow 2 and 3) and plain MLflow clients.
 */
export function createTracking(core: Core): Service {
  const routes = new Tracking(core);
  return { routes: [...routes.all(), ...artifactRoutes(core), ...modelRoutes(core), ...loggedModelRoutes(core)] };
}

class Tracking {
  constructor(private readonly core: Core) {}

  all(): Service['routes'] {
    const get = (path: string, handle: (call: MlflowCall) => Json) =>
      mlflowRoutes(this.core, 'GET', `mlflow/${path}`, 'read', handle);
    const search = (path: string, handle: (call: MlflowCall) => Json) =>
      mlflowRoutes(this.core, 'POST', `mlflow/${path}`, 'read', handle);
    const post = (path: string, handle: (call: MlflowCall) => Json) =>
      mlflowRoutes(this.core, 'POST', `mlflow/${path}`, 'write', handle);
    return [
      ...post('experiments/create', (call) => this.createExperiment(call)),
      ...get('experiments/get', ({ store, input }) =>
        this.experiment(store, experimentOf(store, input.text('experiment_id'))),
      ),
      ...get('experiments/get-by-name', ({ store, input }) =>
        this.experimentByName(store, input.text('experiment_name')),
      ),
      ...get('experiments/search', (call) => this.searchExperiments(call)),
      ...search('experiments/search', (call) => this.searchExperiments(call)),
      ...post('experiments/update', (call) =>
        this.changeExperiment(call, (one) => void (one.name = call.input.text('new_name'))),
      ),
      ...post('experiments/delete', (call) => this.changeExperiment(call, (one) => void (one.lifecycle = 'deleted'))),
      ...post('experiments/restore', (call) => this.changeExperiment(call, (one) => void (one.lifecycle = 'active'))),
      ...post('experiments/set-experiment-tag', (call) =>
        this.changeExperiment(
          call,
          (one) => void (one.tags[call.input.text('key')] = call.input.optionalText('value') ?? ''),
        ),
      ),
      ...post('runs/create', (call) => this.createRun(call)),
      ...get('runs/get', ({ call, store, input }) => ({ run: runBody(this.core, call, store, runOf(store, input)) })),
      ...post('runs/update', (call) => this.updateRun(call)),
      ...post('runs/delete', (call) => change(call, (run) => void (run.lifecycle = 'deleted'))),
      ...post('runs/restore', (call) => change(call, (run) => void (run.lifecycle = 'active'))),
      ...search('runs/search', (call) => this.searchRuns(call)),
      ...post('runs/log-metric', (call) => change(call, (run) => call.store.logMetrics(run, [readMetric(call.input)]))),
      ...post('runs/log-parameter', (call) => change(call, (run) => logParam(run, call.input))),
      ...post('runs/set-tag', (call) => change(call, (run) => setTag(run, call.input))),
      ...post('runs/delete-tag', (call) => change(call, (run) => deleteTag(run, call.input.text('key')))),
      ...post('runs/log-batch', (call) => logBatch(call)),
      ...post('runs/log-inputs', (call) => change(call, (run) => logInputs(run, call.input))),
      ...post('runs/outputs', (call) =>
        change(call, (run) => void run.modelOutputs.push(...rawList(call.input, 'models'))),
      ),
      ...post('runs/log-model', (call) => change(call, (run) => logModel(run, call.input))),
      ...get('metrics/get-history', (call) => metricHistory(call)),
      // The plugin's own asynchronous logging: what it sends is stored at once, so that its poll always finds it done.
      ...mlflowRoutes(this.core, 'POST', 'preview/mlflow/runs/log-batch-async', 'write', (call) => ({
        ...logBatch(call),
        batch_tracking_id: '',
      })),
      ...mlflowRoutes(this.core, 'GET', 'preview/mlflow/runs/get-run-data-status', 'read', () => ({
        is_complete: true,
      })),
    ];
  }

  private createExperiment({ store, input }: MlflowCall): Json {
    const name = input.text('name');
    if (store.experimentByName(name) !== undefined)
      throw new MlflowFault(400, 'RESOURCE_ALREADY_EXISTS', `Experiment '${name}' already exists.`);
    return { experiment_id: store.ensureExperiment(name, input.pairs('tags')).id };
  }

  private experiment(store: TrackingStore, experiment: Experiment): Json {
    return { experiment: experimentBody(this.core, store, experiment) };
  }

  private experimentByName(store: TrackingStore, name: string): Json {
    const found = store.experimentByName(name);
    if (found === undefined) throw missing(`Could not find experiment with name '${name}'.`);
    return this.experiment(store, found);
  }

  private searchExperiments({ store, input }: MlflowCall): Json {
    const view = input.optionalText('view_type') ?? 'ACTIVE_ONLY';
    const name = /^\s*(?:attributes?\.)?name\s*=\s*'([^']*)'\s*$/.exec(input.optionalText('filter') ?? '')?.[1];
    if (name === undefined && (input.optionalText('filter') ?? '') !== '')
      throw badParameter(`Experiments can be searched by "name = '…'" only.`);
    const found = store
      .experiments()
      .filter((one) => inView(view, one.lifecycle) && (name === undefined || one.name === name));
    const page = paged(found, input);
    return { experiments: page.items.map((one) => experimentBody(this.core, store, one)), ...page.next };
  }

  private changeExperiment({ store, input }: MlflowCall, apply: (experiment: Experiment) => void): Json {
    const experiment = experimentOf(store, input.text('experiment_id'));
    apply(experiment);
    store.saveExperiment(experiment);
    return {};
  }

  private createRun({ call, store, input }: MlflowCall): Json {
    const experiment = experimentOf(store, input.optionalText('experiment_id') ?? '0');
    const tags = input.pairs('tags');
    const started = input.number('start_time') ?? Date.now();
    const name = input.optionalText('run_name') ?? tags['mlflow.runName'];
    const run = store.createRun({
      experimentId: experiment.id,
      status: 'Running',
      userId: call.caller.objectId,
      started,
      tags,
      ...(name === undefined || name === '' ? {} : { name }),
    });
    run.tags['mlflow.runName'] = run.name;
    run.tags['mlflow.rootRunId'] ??= run.runId;
    store.saveRun(run);
    return { run: runBody(this.core, call, store, run) };
  }

  private updateRun({ call, store, input }: MlflowCall): Json {
    const run = runOf(store, input);
    const status = input.optionalText('status');
    // The job service owns the status of a job's run; clients may only say what they think of it.
    if (status !== undefined && !run.isJob) run.status = runStatus(status);
    const ended = input.number('end_time');
    if (ended !== undefined && ended > 0 && !run.isJob) run.ended = ended;
    const name = input.optionalText('run_name');
    if (name !== undefined && name !== '') {
      run.name = name;
      run.tags['mlflow.runName'] = name;
    }
    store.saveRun(run);
    const body = runBody(this.core, call, store, run);
    return { run_info: body['info'] };
  }

  private searchRuns({ call, store, input }: MlflowCall): Json {
    const limit = input.number('max_results') ?? 1000;
    if (limit > 50_000) throw tooMany(limit, 50_000);
    const ids = new Set(input.texts('experiment_ids').map((id) => store.experiment(id)?.id ?? id));
    const view = input.optionalText('run_view_type') ?? 'ACTIVE_ONLY';
    const matches = readFilter(input.optionalText('filter') ?? '');
    const found = store
      .runs()
      .filter((run) => ids.has(run.experimentId) && inView(view, run.lifecycle) && matches(run));
    const order = input.texts('order_by');
    const page = paged(order.length === 0 ? found : found.sort(readOrder(order)), input);
    return { runs: page.items.map((run) => runBody(this.core, call, store, run)), ...page.next };
  }
}

function experimentOf(store: TrackingStore, id: string): Experiment {
  const found = store.experiment(id);
  if (found === undefined) throw missing(`No Experiment with id=${id} exists.`);
  return found;
}

function change({ store, input }: MlflowCall, apply: (run: Run) => void): Json {
  const run = runOf(store, input);
  if (run.lifecycle === 'deleted' && terminal.includes(run.status) && input.raw['key'] !== undefined)
    throw badParameter(`The run ${run.runId} must be in the 'active' state.`);
  apply(run);
  store.saveRun(run);
  return {};
}

function logParam(run: Run, input: Input): void {
  const key = input.text('key');
  const value = input.optionalText('value') ?? '';
  const existing = run.params[key];
  // A sweep has written the trial's hyperparameters already; the trial may write the same number in other digits.
  const isSame = run.tags['hyperparameters'] !== undefined && Number(existing) === Number(value);
  if (existing !== undefined && !isSame && existing !== value)
    throw badParameter(
      `Changing param values is not allowed. Param with key='${key}' was already logged with value='${existing}' for run ID='${run.runId}'.`,
    );
  run.params[key] = value;
}

function setTag(run: Run, input: Input): void {
  const key = input.text('key');
  run.tags[key] = input.optionalText('value') ?? '';
  if (key === 'mlflow.runName') run.name = run.tags[key];
}

function deleteTag(run: Run, key: string): void {
  if (run.tags[key] === undefined) throw missing(`No tag with name: ${key} in run with id ${run.runId}`);
  Reflect.deleteProperty(run.tags, key);
}

function logBatch(call: MlflowCall): Json {
  return change(call, (run) => {
    const metrics = call.input.list('metrics').map(readMetric);
    if (metrics.length > 1000) throw badParameter('A batch logging request can contain at most 1000 metrics.');
    for (const param of call.input.list('params')) logParam(run, param);
    for (const tag of call.input.list('tags')) setTag(run, tag);
    call.store.logMetrics(run, metrics);
  });
}

function logInputs(run: Run, input: Input): void {
  run.datasets.push(...rawList(input, 'datasets'));
  run.modelInputs.push(...rawList(input, 'models'));
}

/** MLflow 2 tells where it put a model; the run keeps that in the tag that MLflow's own server uses. */
function logModel(run: Run, input: Input): void {
  const model: unknown = JSON.parse(input.text('model_json'));
  const stored: unknown = JSON.parse(run.tags['mlflow.log-model.history'] ?? '[]');
  run.tags['mlflow.log-model.history'] = JSON.stringify([
    ...(Array.isArray(stored) ? (stored as unknown[]) : []),
    model,
  ]);
}

function rawList(input: Input, key: string): Json[] {
  return input.list(key).map((item) => item.raw);
}

/**
 * The service refuses pages of 1000 and more here, where MLflow's own server takes 25000. MLflow's clients always ask for
 * 25000 (version 3 does so whenever it logs a model): they are served, so that they can be used at all; anyone else is held
 * to the service's rule.
 */
function metricHistory({ call, store, input }: MlflowCall): Json {
  const limit = input.number('max_results');
  const ownClient = (call.headers['user-agent'] ?? '').includes('mlflow-python-client');
  if (limit !== undefined && limit >= 1000 && !ownClient) throw tooMany(limit, 1000);
  const run = runOf(store, input);
  const page = paged(store.history(run.runId, input.text('metric_key')), input);
  return { metrics: page.items, ...page.next };
}

function tooMany(limit: number, below: number): MlflowFault {
  return new MlflowFault(
    400,
    'BAD_REQUEST',
    `MaxResults = ${limit} is invalid: MaxResults must be less than ${below}.`,
  );
}
