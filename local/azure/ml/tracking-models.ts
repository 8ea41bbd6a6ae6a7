import type { Core, Route } from '../service';
import { artifactContainer, Assets } from './assets';
import {
  badParameter,
  missing,
  MlflowFault,
  mlflowRoutes,
  paged,
  pairs,
  plainClient,
  type MlflowCall,
} from './mlflow-wire';
import { errorMessage, isObject, optionalObject, optionalText, provider, textMap, type Json } from './wire';

/**
 * MLflow's model registry on top of the workspace's models: a registered model is a model container, its versions are
 * model versions, so that what MLflow registers is what ARM shows, and the other way round. MLflow's stage is the version's.
 */
export function modelRoutes(core: Core): Route[] {
  const registry = new Registry(core);
  const route = (
    method: Route['method'],
    path: string,
    kind: 'read' | 'write',
    handle: (call: MlflowCall) => Json,
  ): Route[] => mlflowRoutes(core, method, `mlflow/${path}`, kind, handle, 'models/versions');
  return [
    ...route('POST', 'registered-models/create', 'write', (call) => registry.createModel(call)),
    ...route('GET', 'registered-models/get', 'read', (call) => ({
      registered_model: registry.model(call, registry.name(call)),
    })),
    ...route('GET', 'registered-models/search', 'read', (call) => registry.searchModels(call)),
    ...route('POST', 'registered-models/get-latest-versions', 'read', (call) => registry.latest(call)),
    ...route('GET', 'registered-models/get-latest-versions', 'read', (call) => registry.latest(call)),
    ...route('POST', 'registered-models/set-tag', 'write', (call) => registry.tagModel(call)),
    ...route('POST', 'registered-models/alias', 'write', (call) => registry.setAlias(call)),
    ...route('GET', 'registered-models/alias', 'read', (call) => registry.byAlias(call)),
    ...route('DELETE', 'registered-models/alias', 'write', (call) => registry.deleteAlias(call)),
    ...route('POST', 'model-versions/create', 'write', (call) => registry.createVersion(call)),
    ...route('GET', 'model-versions/get', 'read', (call) => registry.version(call)),
    ...route('GET', 'model-versions/search', 'read', (call) => registry.searchVersions(call)),
    ...route('GET', 'model-versions/get-download-uri', 'read', (call) => ({
      artifact_uri: registry.downloadUri(call),
    })),
    ...route('PATCH', 'model-versions/update', 'write', (call) =>
      registry.change(
        call,
        (properties) => (properties['description'] = call.input.optionalText('description') ?? null),
      ),
    ),
    ...route('POST', 'model-versions/set-tag', 'write', (call) =>
      registry.change(
        call,
        (properties) =>
          (properties['tags'] = {
            ...textMap(properties['tags'], 'tags'),
            [call.input.text('key')]: call.input.optionalText('value') ?? '',
          }),
      ),
    ),
    ...route('POST', 'model-versions/transition-stage', 'write', (call) =>
      registry.change(call, (properties) => (properties['stage'] = call.input.text('stage'))),
    ),
  ];
}

class Registry {
  constructor(private readonly core: Core) {}

  name({ input }: MlflowCall): string {
    return input.text('name');
  }

  createModel(call: MlflowCall): Json {
    const { input, store } = call;
    const name = this.name(call);
    if (!/^[A-Za-z0-9][\w.-]{0,254}$/.test(name)) throw badParameter(`'${name}' is not a valid name of a model.`);
    if (this.exists(call, name))
      throw new MlflowFault(400, 'RESOURCE_ALREADY_EXISTS', `Registered Model (name=${name}) already exists.`);
    const id = `${store.workspace}/models/${name}`;
    this.core.store.set(id, {
      id,
      name,
      type: `${provider}/workspaces/models`,
      properties: {
        description: input.optionalText('description') ?? null,
        tags: input.pairs('tags'),
        properties: {},
        isArchived: false,
      },
      systemData: systemData(call),
    });
    return { registered_model: this.model(call, name) };
  }

  model(call: MlflowCall, name: string): Json {
    if (!this.exists(call, name)) throw missing(`Registered Model with name=${name} not found`);
    const container = this.core.store.get(`${call.store.workspace}/models/${name}`);
    const properties = isObject(container) ? optionalObject(container['properties'], 'properties') : {};
    const created = isObject(container)
      ? optionalObject(container['systemData'], 'systemData')['createdAt']
      : undefined;
    const aliases = textMap(call.store.document('aliases', name) ?? {}, 'aliases');
    return {
      name,
      creation_timestamp: time(created),
      last_updated_timestamp: time(created),
      description: typeof properties['description'] === 'string' ? properties['description'] : '',
      tags: pairs(textMap(properties['tags'], 'tags')),
      aliases: Object.entries(aliases).map(([alias, version]) => ({ alias, version })),
      latest_versions: this.newestPerStage(call, name),
    };
  }

  searchModels(call: MlflowCall): Json {
    const wanted = nameFilter(call);
    const prefix = `${call.store.workspace}/models/`;
    const names = new Set(this.core.store.keys(prefix).map((key) => key.slice(prefix.length).split('/')[0] ?? ''));
    const page = paged(
      [...names].filter((name) => wanted === undefined || name === wanted),
      call.input,
    );
    return { registered_models: page.items.map((name) => this.model(call, name)), ...page.next };
  }

  latest(call: MlflowCall): Json {
    const stages = call.input.texts('stages').map((stage) => stage.toLowerCase());
    const found = this.newestPerStage(call, this.name(call));
    return {
      model_versions: found.filter(
        (one) => stages.length === 0 || stages.includes(String(one['current_stage']).toLowerCase()),
      ),
    };
  }

  tagModel(call: MlflowCall): Json {
    const id = `${call.store.workspace}/models/${this.name(call)}`;
    const container = this.core.store.get(id);
    if (!isObject(container)) throw missing(`Registered Model with name=${this.name(call)} not found`);
    const properties = optionalObject(container['properties'], 'properties');
    const tags = {
      ...textMap(properties['tags'], 'tags'),
      [call.input.text('key')]: call.input.optionalText('value') ?? '',
    };
    this.core.store.set(id, { ...container, properties: { ...properties, tags } });
    return {};
  }

  setAlias(call: MlflowCall): Json {
    const version = call.input.text('version');
    this.find(call, this.name(call), version);
    const aliases = call.store.document('aliases', this.name(call)) ?? {};
    call.store.saveDocument('aliases', this.name(call), { ...aliases, [call.input.text('alias')]: version });
    return {};
  }

  byAlias(call: MlflowCall): Json {
    const version = call.store.document('aliases', this.name(call))?.[call.input.text('alias')];
    if (typeof version !== 'string') throw missing(`Registered model alias ${call.input.text('alias')} not found.`);
    return { model_version: this.shown(call, this.name(call), version) };
  }

  deleteAlias(call: MlflowCall): Json {
    const aliases = Object.entries(call.store.document('aliases', this.name(call)) ?? {}).filter(
      ([alias]) => alias !== call.input.text('alias'),
    );
    call.store.saveDocument('aliases', this.name(call), Object.fromEntries(aliases));
    return {};
  }

  createVersion(call: MlflowCall): Json {
    const { input, store } = call;
    const name = this.name(call);
    if (!this.exists(call, name)) throw missing(`Registered Model with name=${name} not found`);
    const source = input.text('source');
    const modelId = input.optionalText('model_id');
    const logged = modelId === undefined || modelId === '' ? undefined : store.document('logged-models', modelId);
    const version = String(Math.max(0, ...this.versions(call, name).map(Number).filter(Number.isInteger)) + 1);
    const id = `${store.workspace}/models/${name}/versions/${version}`;
    const runId = input.optionalText('run_id') ?? logged?.['source_run_id'];
    this.core.store.set(id, {
      id,
      name: version,
      type: `${provider}/workspaces/models/versions`,
      properties: {
        description: input.optionalText('description') ?? null,
        tags: input.pairs('tags'),
        properties: {},
        isArchived: false,
        isAnonymous: false,
        autoDeleteSetting: null,
        flavors: {},
        modelType: 'mlflow_model',
        modelUri: this.storedUri(call, logged, source),
        jobName: typeof runId === 'string' && runId !== '' ? runId : null,
        provisioningState: 'Succeeded',
        stage: 'None',
        intellectualProperty: null,
      },
      systemData: systemData(call),
    });
    this.noteNewest(call, name, version);
    return { model_version: this.shown(call, name, version) };
  }

  /** ARM tells a container's latest version: the one that was made last. */
  private noteNewest(call: MlflowCall, name: string, version: string): void {
    const id = `${call.store.workspace}/models/${name}`;
    const container = this.core.store.get(id);
    if (!isObject(container)) return;
    const properties = optionalObject(container['properties'], 'properties');
    this.core.store.set(id, { ...container, properties: { ...properties, newest: version } });
  }

  version(call: MlflowCall): Json {
    return { model_version: this.shown(call, this.name(call), call.input.text('version')) };
  }

  found(call: MlflowCall): Json {
    return this.properties(call, this.name(call), call.input.text('version'));
  }

  /**
   * The model's place in a form that MLflow's artifact readers know: of the plugin `azureml://artifacts/{origin}/{container}/{path}`,
   * of plain MLflow the proxy's. A model outside the artifact store is shown as ARM shows it; no reader of MLflow's gets there.
   */
  downloadUri(call: MlflowCall): string {
    const uri = optionalText(this.found(call), 'modelUri', 'model') ?? '';
    const place = new Assets(this.core, call.store.workspace).place(uri);
    if (place.container !== artifactContainer) return uri;
    const [, runId, path = ''] = /^ExperimentRun\/dcid\.([^/]+)\/?(.*)$/.exec(place.blob) ?? [];
    const run = runId === undefined ? undefined : call.store.run(runId);
    if (!plainClient(call.call) || run === undefined) return `azureml://artifacts/${place.blob}`;
    return `mlflow-artifacts:/${run.experimentId}/${run.runId}/artifacts/${path}`;
  }

  searchVersions(call: MlflowCall): Json {
    const wanted = nameFilter(call);
    const prefix = `${call.store.workspace}/models/`;
    const names = new Set(this.core.store.keys(prefix).map((key) => key.slice(prefix.length).split('/')[0] ?? ''));
    const found = [...names]
      .filter((name) => wanted === undefined || name === wanted)
      .flatMap((name) => this.versions(call, name).map((version) => this.shown(call, name, version)));
    const page = paged(
      found.sort((a, b) => Number(b['version']) - Number(a['version'])),
      call.input,
    );
    return { model_versions: page.items, ...page.next };
  }

  change(call: MlflowCall, apply: (properties: Json) => unknown): Json {
    const [name, version] = [this.name(call), call.input.text('version')];
    const document = this.find(call, name, version);
    const properties = optionalObject(document['properties'], 'properties');
    apply(properties);
    this.core.store.set(`${call.store.workspace}/models/${name}/versions/${version}`, { ...document, properties });
    return { model_version: this.shown(call, name, version) };
  }

  /** The model's place in the form in which ARM shows it. */
  private storedUri(call: MlflowCall, logged: Json | undefined, source: string): string {
    const uri =
      typeof logged?.['artifact_place'] === 'string' ? `mlflow-artifacts:/${logged['artifact_place']}` : source;
    const { workspace } = call.store;
    try {
      const place = new Assets(this.core, workspace).place(uri);
      const parts = workspace.split('/');
      const datastore = place.container === 'azureml' ? 'workspaceartifactstore' : 'workspaceblobstore';
      return `azureml://subscriptions/${parts[2] ?? ''}/resourceGroups/${parts[4] ?? ''}/workspaces/${parts[8] ?? ''}/datastores/${datastore}/paths/${place.blob}`;
    } catch (error) {
      throw badParameter(errorMessage(error));
    }
  }

  private exists(call: MlflowCall, name: string): boolean {
    const id = `${call.store.workspace}/models/${name}`;
    return this.core.store.get(id) !== undefined || this.core.store.keys(`${id}/versions/`).length > 0;
  }

  private versions(call: MlflowCall, name: string): string[] {
    const prefix = `${call.store.workspace}/models/${name}/versions/`;
    return this.core.store.keys(prefix).map((key) => key.slice(prefix.length));
  }

  private newestPerStage(call: MlflowCall, name: string): Json[] {
    const newest = new Map<unknown, Json>();
    for (const version of this.versions(call, name).sort((a, b) => Number(a) - Number(b))) {
      const shown = this.shown(call, name, version);
      newest.set(shown['current_stage'], shown);
    }
    return [...newest.values()];
  }

  private find(call: MlflowCall, name: string, version: string): Json {
    const found = this.core.store.get(`${call.store.workspace}/models/${name}/versions/${version}`);
    if (!isObject(found)) throw missing(`Model Version (name=${name}, version=${version}) not found`);
    return found;
  }

  private properties(call: MlflowCall, name: string, version: string): Json {
    return optionalObject(this.find(call, name, version)['properties'], 'properties');
  }

  private shown(call: MlflowCall, name: string, version: string): Json {
    const document = this.find(call, name, version);
    const properties = optionalObject(document['properties'], 'properties');
    const data = optionalObject(document['systemData'], 'systemData');
    return {
      name,
      version,
      creation_timestamp: time(data['createdAt']),
      last_updated_timestamp: time(data['lastModifiedAt'] ?? data['createdAt']),
      current_stage: typeof properties['stage'] === 'string' ? properties['stage'] : 'None',
      description: typeof properties['description'] === 'string' ? properties['description'] : '',
      source: properties['modelUri'],
      run_id: typeof properties['jobName'] === 'string' ? properties['jobName'] : '',
      status: 'READY',
      tags: pairs(textMap(properties['tags'], 'tags')),
    };
  }
}

/** `name='x'` is the one filter that MLflow's own clients need here. */
function nameFilter({ input }: MlflowCall): string | undefined {
  const filter = input.optionalText('filter') ?? '';
  if (filter.trim() === '') return undefined;
  const name = /^\s*name\s*=\s*['"]([^'"]+)['"]\s*$/.exec(filter)?.[1];
  if (name === undefined) throw badParameter(`Models can be searched by "name = '…'" only.`);
  return name;
}

function systemData({ call }: MlflowCall): Json {
  const now = new Date().toISOString();
  const who = call.caller.objectId;
  return {
    createdAt: now,
    createdBy: who,
    createdByType: 'Application',
    lastModifiedAt: now,
    lastModifiedBy: who,
    lastModifiedByType: 'Application',
  };
}

function time(value: unknown): number {
  return typeof value === 'string' ? Date.parse(value) : 0;
}
