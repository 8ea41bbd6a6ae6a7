import type { Answer, Core, Route } from '../service';
import { artifactPlace, type Place } from './assets';
import { artifactUri, badParameter, missing, mlflowRoutes, runOf, type MlflowCall } from './mlflow-wire';
import { param, type Json } from './wire';

interface Entry {
  path: string;
  is_dir: boolean;
  file_size?: number;
}

/**
 * Artifacts as MLflow's REST API shows them: the list of a run's files, and the proxy through which a client without the
 * Azure plugin reads and writes them. Both see the run's place in the workspace's artifact store.
 */
export function artifactRoutes(core: Core): Route[] {
  const proxy = 'mlflow-artifacts/artifacts';
  return [
    ...mlflowRoutes(core, 'GET', 'mlflow/artifacts/list', 'read', (call) => listRun(core, call)),
    ...mlflowRoutes(core, 'GET', proxy, 'read', (call) => listProxy(core, call)),
    ...mlflowRoutes(core, 'GET', `${proxy}/{path+}`, 'read', (call) => download(core, call)),
    ...mlflowRoutes(core, 'PUT', `${proxy}/{path+}`, 'write', (call) => upload(core, call)),
    ...mlflowRoutes(core, 'GET', 'mlflow/logged-models/{model}/artifacts/directories', 'read', (call) =>
      listModel(core, call),
    ),
  ];
}

async function listRun(core: Core, { call, store, input }: MlflowCall): Promise<Json> {
  const run = runOf(store, input);
  const files = await entries(core, artifactPlace(run.runId), input.optionalText('path') ?? '');
  return { root_uri: artifactUri(core, call, store, run), files };
}

async function listModel(core: Core, { call, store, input }: MlflowCall): Promise<Json> {
  const model = store.document('logged-models', param(call, 'model'));
  const location = model?.['artifact_place'];
  if (model === undefined || typeof location !== 'string')
    throw missing(`Logged model '${param(call, 'model')}' not found.`);
  const place = proxyPlace(location);
  return {
    root_uri: model['artifact_uri'],
    files: await entries(core, place, input.optionalText('artifact_directory_path') ?? ''),
  };
}

/** Paths in the answer are relative to the asked folder, unlike those of `artifacts/list`. */
async function listProxy(core: Core, { input }: MlflowCall): Promise<Json> {
  const path = input.optionalText('path') ?? '';
  const place = proxyPlace(path);
  const files = await entries(core, place, '');
  return { files };
}

async function download(core: Core, { call }: MlflowCall): Promise<Answer> {
  const place = proxyPlace(param(call, 'path'));
  if (!(await core.blobs.exists(place.container, place.blob)))
    throw missing(`No such artifact: '${param(call, 'path')}'.`);
  const headers = { 'content-type': 'application/octet-stream', 'x-content-type-options': 'nosniff' };
  return { status: 200, headers, body: await core.blobs.read(place.container, place.blob) };
}

async function upload(core: Core, { call }: MlflowCall): Promise<Answer> {
  const place = proxyPlace(param(call, 'path'));
  await core.blobs.write(place.container, place.blob, call.body);
  return { status: 200, body: {} };
}

/** `{experiment}/{run}/artifacts/{path}`, as the artifact URIs given to plain clients read. */
function proxyPlace(path: string): Place {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.includes('..') || parts.includes('.')) throw badParameter(`Invalid path: ${path}`);
  const [, run, artifacts, ...rest] = parts;
  if (run === undefined || artifacts !== 'artifacts')
    throw badParameter(`'${path}' is not below the artifacts of a run.`);
  return artifactPlace(run, rest.join('/'));
}

/** Files and folders directly in a folder of artifacts; none when `path` is a file. */
async function entries(core: Core, root: Place, path: string): Promise<Entry[]> {
  const inside = path.replace(/^\/+|\/+$/g, '');
  const prefix = inside === '' ? `${root.blob}/` : `${root.blob}/${inside}/`;
  const shown = inside === '' ? '' : `${inside}/`;
  const found = new Map<string, Entry>();
  for (const { name, size } of await core.blobs.list(root.container, prefix)) {
    const rest = name.slice(prefix.length);
    const slash = rest.indexOf('/');
    const entry: Entry =
      slash < 0
        ? { path: `${shown}${rest}`, is_dir: false, file_size: size }
        : { path: `${shown}${rest.slice(0, slash)}`, is_dir: true };
    found.set(entry.path, entry);
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
