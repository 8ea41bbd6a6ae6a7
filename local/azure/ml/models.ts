import { asBoolean, asObject, asString, asStrings, type JsonObject } from '../json';
import type { Core, Route } from '../service';
import { Assets } from './assets';
import { userError, versionedAssets, type AssetKind } from './versioned';

/** Registered models. Swagger: mfe.json, `ModelContainers_*`, `ModelVersions_*`; shapes as recorded in 2026. */
export function modelRoutes(core: Core): Route[] {
  const kind: AssetKind = {
    segment: 'models',
    label: 'Model',
    create: (sent, _name, _version, workspace) => create(core, workspace, sent),
    checkUpdate: (sent, existing, workspace) => checkUpdate(core, workspace, sent, existing),
    fits: (properties, query) => {
      const stage = query.get('stage');
      return stage === null || stage === '' || properties['stage'] === stage;
    },
  };
  return versionedAssets(core, kind);
}

async function create(core: Core, workspace: string, sent: JsonObject): Promise<JsonObject> {
  const uri = asString(sent['modelUri']);
  if (uri === undefined || uri === '') throw userError(400, 'InvalidModelUri', 'A model version needs a modelUri.');
  const job =
    /^azureml:\/\/(?:subscriptions\/.*?\/)?jobs\/([^/]+)\//i.exec(uri)?.[1] ?? /^runs:\/{1,3}([^/]+)\//.exec(uri)?.[1];
  if (job !== undefined) await requireArtifacts(core, workspace, uri, job);
  return {
    description: asString(sent['description']) ?? null,
    tags: asStrings(sent['tags']),
    properties: asStrings(sent['properties']),
    isArchived: asBoolean(sent['isArchived']) ?? false,
    isAnonymous: asBoolean(sent['isAnonymous']) ?? false,
    autoDeleteSetting: null,
    // Clients fail on a model without this field.
    flavors: sent['flavors'] === undefined || sent['flavors'] === null ? {} : asObject(sent['flavors']),
    modelType: asString(sent['modelType']) ?? 'custom_model',
    modelUri: longUri(core, workspace, uri),
    jobName: asString(sent['jobName']) ?? job ?? null,
    provisioningState: 'Succeeded',
    stage: asString(sent['stage']) ?? null,
    intellectualProperty: null,
  };
}

/** A model of a job is registered only when the job left something at that path. */
async function requireArtifacts(core: Core, workspace: string, uri: string, job: string): Promise<void> {
  if (core.store.get(`${workspace}/jobs/${job}`) === undefined) {
    throw userError(404, 'JobNotFound', `Job with name: ${job} not found.`);
  }
  const assets = new Assets(core, workspace);
  const kind = await assets.kind(assets.place(uri));
  if (kind !== undefined) return;
  const path = uri.replace(/^.*?\/outputs\//, 'outputs/');
  throw userError(400, 'NoMatchingArtifactsFoundFromJob', `No artifacts matching ${path} found from Job.`);
}

function checkUpdate(core: Core, workspace: string, sent: JsonObject, existing: JsonObject): void {
  const uri = asString(sent['modelUri']);
  if (uri !== undefined && longUri(core, workspace, uri) !== existing['modelUri']) {
    throw userError(400, 'AssetPathImmutable', 'Asset paths cannot be updated.');
  }
  const type = asString(sent['modelType']);
  if (type !== undefined && type !== existing['modelType']) {
    throw userError(400, 'ModelTypeImmutable', 'The type of a model version cannot be changed.');
  }
}

/** The service answers with the long form of a datastore path, whatever form was sent. */
function longUri(core: Core, workspace: string, uri: string): string {
  if (!/^azureml:\/\/|^runs:\//i.test(uri)) return uri;
  const stored = core.store.keys(`${workspace}/datastores/`).map((key) => asObject(core.store.get(key)));
  const place = new Assets(core, workspace).place(uri);
  const datastore = stored.find((one) => asObject(one['properties'])['containerName'] === place.container);
  const [, , subscription = '', , group = '', , , , name = ''] = workspace.split('/');
  const datastores = `azureml://subscriptions/${subscription}/resourceGroups/${group}/workspaces/${name}/datastores`;
  return datastore === undefined ? uri : `${datastores}/${asString(datastore['name']) ?? ''}/paths/${place.blob}`;
}
