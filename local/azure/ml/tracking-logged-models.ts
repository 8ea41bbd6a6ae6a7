import { randomBytes } from 'node:crypto';
import type { Core, Route } from '../service';
import {
  artifactUri,
  badParameter,
  missing,
  mlflowRoutes,
  paged,
  pairs,
  plainClient,
  type MlflowCall,
} from './mlflow-wire';
import { isObject, param, textMap, type Json } from './wire';

/**
 * The logged models of MLflow 3. Azure's own service has none yet; these routes let MLflow 3 clients work on this stand-in.
 * A model's files lie among the artifacts of the run that made it, under the model's name, where MLflow 2 puts them too.
 */
export function loggedModelRoutes(core: Core): Route[] {
  const one = 'mlflow/logged-models/{model}';
  return [
    ...mlflowRoutes(core, 'POST', 'mlflow/logged-models', 'write', (call) => create(core, call)),
    ...mlflowRoutes(core, 'POST', 'mlflow/logged-models/search', 'read', search),
    ...mlflowRoutes(core, 'GET', one, 'read', (call) => shown(call, find(call))),
    ...mlflowRoutes(core, 'PATCH', one, 'write', (call) =>
      change(call, (model) => (model['status'] = readStatus(call))),
    ),
    ...mlflowRoutes(core, 'DELETE', one, 'write', (call) => remove(call)),
    ...mlflowRoutes(core, 'PATCH', `${one}/tags`, 'write', (call) =>
      change(call, (model) => (model['tags'] = { ...textMap(model['tags'], 'tags'), ...call.input.pairs('tags') })),
    ),
    ...mlflowRoutes(core, 'DELETE', `${one}/tags/{tag}`, 'write', (call) =>
      change(call, (model) => (model['tags'] = without(model['tags'], param(call.call, 'tag')))),
    ),
    ...mlflowRoutes(core, 'POST', `${one}/params`, 'write', (call) =>
      change(
        call,
        (model) => (model['params'] = { ...textMap(model['params'], 'params'), ...call.input.pairs('params') }),
      ),
    ),
  ];
}

function create(core: Core, request: MlflowCall): Json {
  const { call, store, input } = request;
  const experiment = store.experiment(input.text('experiment_id'));
  if (experiment === undefined) throw missing(`No Experiment with id=${input.text('experiment_id')} exists.`);
  const id = `m-${randomBytes(16).toString('hex')}`;
  const name = input.optionalText('name') ?? id;
  const runId = input.optionalText('source_run_id') ?? '';
  const run = runId === '' ? undefined : store.run(runId);
  if (runId !== '' && run === undefined) throw missing(`Run '${runId}' not found.`);
  const now = Date.now();
  const owner =
    run ??
    store.createRun({
      runId: id,
      name,
      experimentId: experiment.id,
      status: 'Completed',
      userId: call.caller.objectId,
      lifecycle: 'deleted',
    });
  const model: Json = {
    model_id: id,
    experiment_id: experiment.id,
    name,
    created: now,
    updated: now,
    artifact_uri: `${artifactUri(core, call, store, owner)}/${name}`,
    artifact_place: `${experiment.id}/${owner.runId}/artifacts/${name}`,
    status: 'LOGGED_MODEL_PENDING',
    model_type: input.optionalText('model_type') ?? '',
    source_run_id: runId,
    tags: input.pairs('tags'),
    params: input.pairs('params'),
  };
  store.saveDocument('logged-models', id, model);
  return shown(request, model);
}

function find({ call, store }: MlflowCall): Json {
  const id = param(call, 'model');
  const model = store.document('logged-models', id);
  if (model === undefined || model['deleted'] === true) throw missing(`Logged model with ID '${id}' not found.`);
  return model;
}

function change(request: MlflowCall, apply: (model: Json) => unknown): Json {
  const model = find(request);
  apply(model);
  model['updated'] = Date.now();
  request.store.saveDocument('logged-models', param(request.call, 'model'), model);
  return shown(request, model);
}

function remove(request: MlflowCall): Json {
  change(request, (model) => (model['deleted'] = true));
  return {};
}

function search(request: MlflowCall): Json {
  const ids = new Set(request.input.texts('experiment_ids'));
  const matches = readModelFilter(request.input.optionalText('filter') ?? '');
  const found = request.store
    .documents('logged-models')
    .filter((model) => model['deleted'] !== true && typeof model['experiment_id'] === 'string')
    .filter((model) => ids.has(String(model['experiment_id'])) && matches(model));
  const page = paged(
    found.sort((a, b) => Number(b['created']) - Number(a['created'])),
    request.input,
  );
  return { models: page.items.map((model) => shown(request, model)['model']), ...page.next };
}

/** Comparisons for equality of a model's name, id, run and status, joined by AND: what MLflow's own clients ask. */
function readModelFilter(filter: string): (model: Json) => boolean {
  if (filter.trim() === '') return () => true;
  const conditions = filter.split(/\s+AND\s+/i).map((part) => {
    const found = /^\s*(?:attributes?\.)?(name|model_id|source_run_id|status|model_type)\s*=\s*'([^']*)'\s*$/.exec(
      part,
    );
    if (found === null) throw badParameter(`Invalid clause in the filter of logged models: '${part}'.`);
    return { key: found[1] ?? '', wanted: found[2] ?? '' };
  });
  return (model) => conditions.every(({ key, wanted }) => model[key] === wanted);
}

function shown({ call, store }: MlflowCall, model: Json): Json {
  const run = typeof model['source_run_id'] === 'string' ? store.run(model['source_run_id']) : undefined;
  const plain = plainClient(call);
  const place = typeof model['artifact_place'] === 'string' ? model['artifact_place'] : '';
  return {
    model: {
      info: {
        model_id: model['model_id'],
        experiment_id: model['experiment_id'],
        name: model['name'],
        creation_timestamp_ms: model['created'],
        last_updated_timestamp_ms: model['updated'],
        artifact_uri: plain ? `mlflow-artifacts:/${place}` : model['artifact_uri'],
        status: model['status'],
        model_type: model['model_type'],
        source_run_id: model['source_run_id'],
        tags: pairs(textMap(model['tags'], 'tags')),
        registrations: [],
      },
      data: {
        params: pairs(textMap(model['params'], 'params')),
        metrics:
          run === undefined
            ? []
            : Object.values(run.metrics).map((metric) => ({
                ...metric,
                model_id: model['model_id'],
                run_id: run.runId,
              })),
      },
    },
  };
}

const statuses: Record<string, string> = {
  '1': 'LOGGED_MODEL_PENDING',
  '2': 'LOGGED_MODEL_READY',
  '3': 'LOGGED_MODEL_UPLOAD_FAILED',
};

function readStatus({ input }: MlflowCall): string {
  const word = input.text('status');
  const status = statuses[word] ?? word;
  if (!Object.values(statuses).includes(status)) throw badParameter(`'${word}' is not a status of a logged model.`);
  return status;
}

function without(tags: unknown, key: string): Json {
  return Object.fromEntries(Object.entries(isObject(tags) ? tags : {}).filter(([name]) => name !== key));
}
